"""`aicost price`: list prices of models, with terms, tiers, source and date."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from adapters.terminal.amounts import rate_usd
from adapters.terminal.options import day, json_option
from adapters.terminal.output import Line, Table, say, show, write_json
from adapters.terminal.session import clean, opened_knowledge
from bot.answers import plain
from bot.errors import AicostError
from bot.price_lists import PriceList, price_list

if TYPE_CHECKING:
    from knowledge.opinions import Comparison
    from knowledge.ratecard import Rate, RateCard


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL…")
@click.option("--provider", help="Who sells it, when not its maker: bedrock, azure, groq, …")
@click.option("--on", type=day, help="The prices of that day (2024-06-01), where they are known.")
@json_option
def price(models: tuple[str, ...], provider: str | None, on: datetime | None, as_json: bool) -> int:
    """Show what each MODEL costs.

    \b
    aicost price "sonnet 4.5" "gpt4o mini"
    aicost price gpt-4o --on 2024-06-01
    """
    status = 0
    found: list[PriceList] = []
    with opened_knowledge() as knowledge:
        for mention in models:
            try:
                found.append(price_list(knowledge, clean(mention), provider, on))
            except AicostError as error:
                say(str(error))
                status = max(status, error.exit_status)
    if as_json:
        write_json([_to_json(prices) for prices in found], indent=2)
    else:
        for prices in found:
            show(_document(prices))
    return status


def _to_json(prices: PriceList) -> dict[str, Any]:
    model, card, source = prices.model, prices.card, prices.card.source
    return {
        "mention": prices.mention,
        "note": " ".join(filter(None, (prices.note, prices.undated))) or None,
        "model": model.id,
        "provider": model.provider,
        "name": model.name,
        "maker": model.maker,
        "context_window": model.context_window,
        "deprecated": model.deprecated,
        "preview": model.preview,
        "valid_from": None if card.valid_from is None else card.valid_from.isoformat(),
        "terms": {name: _rates_json(card) for name, card in prices.cards.items()},
        "comment": card.comment,
        "disagreements": [comparison_json(comparison) for comparison in prices.disagreements],
        "contract": card.contract,
        "source": {"id": source.id, "title": source.title, "url": source.url, "as_of": source.as_of},
    }


def _document(prices: PriceList) -> list[Line | Table]:
    model, card, source = prices.model, prices.card, prices.card.source
    marks = [word for word, said in (("preview", model.preview), ("deprecated", model.deprecated)) if said]
    name = model.display_name
    title = f"{name} — {prices.seller}" + (f", {model.id}" if model.id != name else "")
    title += f" ({', '.join(marks)})" if marks else ""
    facts = [
        prices.note,
        prices.undated,
        f"Context window: {model.context_window:,} tokens" if model.context_window else None,
        f"Valid from {card.valid_from}" if card.valid_from else None,
        f"In force daily from {card.hours[0]} to {card.hours[1]} UTC" if card.hours else None,
        "From your contract" if card.contract else None,
        card.comment,
    ]
    return [
        Line(title, "bold"),
        _table(prices),
        *(Line(_dissent(comparison), "yellow", indent=2) for comparison in prices.disagreements),
        *(Line(fact, indent=2) for fact in facts if fact),
        Line(f"Source: {source.title}" + (f" ({source.as_of})" if source.as_of else ""), "dim", indent=2),
        *([Line(source.url, "dim", indent=2)] if source.url else []),
        Line(),
    ]


def _table(prices: PriceList) -> Table:
    """One row a unit and context tier, one column for each of the terms."""
    keys = dict.fromkeys(
        (rate.unit, above)
        for card in prices.cards.values()
        for rate in card.rates.values()
        for above in (None, *(threshold for threshold, _ in rate.tiers))
    )
    rows = []
    for unit, above in keys:
        per = next(card.rates[unit].per for card in prices.cards.values() if unit in card.rates)
        label = f"{unit.replace('_', ' ')}, per {per_words(per)}" + (f", above {above:,} in" if above else "")
        cells = (_at(card.rates.get(unit), above) for card in prices.cards.values())
        rows.append([label, *("–" if amount is None else rate_usd(amount) for amount in cells)])
    headers = ["", *prices.cards] if len(prices.cards) > 1 else []
    return Table(rows, headers, right=frozenset(range(1, len(prices.cards) + 1)), indent=2)


def price_label(comparison: Comparison) -> str:
    """Which price is compared: "output tokens, per 1M, batch"."""
    tier = f", above {comparison.above_input_tokens:,} in" if comparison.above_input_tokens else ""
    terms = f", {comparison.terms}" if comparison.terms.context() else ""
    return f"{comparison.unit.replace('_', ' ')}, per {per_words(comparison.per)}{tier}{terms}"


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A price under several sources, ours first; amounts are US dollars for `per` of the unit."""
    return {
        "provider": comparison.model.provider,
        "model": comparison.model.id,
        "terms": comparison.terms.context(),
        "unit": comparison.unit,
        "above_input_tokens": comparison.above_input_tokens,
        "per": comparison.per,
        "prices": [
            {
                "source": opinion.source.id,
                "usd": plain(opinion.price),
                "as_of": opinion.source.as_of,
                "note": opinion.note,
            }
            for opinion in (comparison.ours, *comparison.others)
        ],
        "verdict": comparison.verdict,
    }


def _dissent(comparison: Comparison) -> str:
    others = " and ".join(f"{other.source.title} says {rate_usd(other.price)}" for other in comparison.others)
    return f"{price_label(comparison)}: {others}."


def per_words(per: int) -> str:
    """The number that a rate is for, as price lists write it: "1M", "1K", "1"."""
    for size, letter in ((1_000_000, "M"), (1_000, "K")):
        if per % size == 0:
            return f"{per // size}{letter}"
    return str(per)


def _at(rate: Rate | None, above: int | None) -> Decimal | None:
    if rate is None:
        return None
    return rate.price if above is None else dict(rate.tiers).get(above)


def _rates_json(card: RateCard) -> dict[str, Any]:
    return {
        unit: {
            "usd": plain(rate.price),
            "per": rate.per,
            "tiers": [{"above_input_tokens": above, "usd": plain(tier)} for above, tier in rate.tiers],
        }
        for unit, rate in card.rates.items()
    }
