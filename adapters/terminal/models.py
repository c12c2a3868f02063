"""`aicost models`: which models there are, what they take in, and what they cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

import click

from adapters.terminal.amounts import rate_usd
from adapters.terminal.options import json_option, names, positive
from adapters.terminal.output import Line, Table, show, write_json
from adapters.terminal.session import opened_knowledge
from bot.answers import plain
from bot.errors import UnknownNameError
from knowledge.records import Modality

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase
    from knowledge.ratecard import RateCard

_UNITS = {"input": "input_tokens", "cached": "cache_read_tokens", "output": "output_tokens"}


@click.command()
@click.argument("words", nargs=-1)
@click.option("--provider", type=names, default="", help="Only these sellers: anthropic,openai")
@click.option("--maker", type=names, default="", help="Only models by these makers, whoever sells them.")
@click.option(
    "--context", type=positive, metavar="NUMBER", help="A context window of at least this many tokens: 200k"
)
@click.option(
    "--modality",
    type=click.Choice(get_args(Modality)),
    default="text",
    show_default=True,
    metavar="KIND",
    help=f"What it makes: {', '.join(get_args(Modality))}.",
)
@click.option("--open-weights", is_flag=True, help="Only models whose weights are open.")
@click.option("--deprecated", is_flag=True, help="Deprecated ones too.")
@click.option("--no-preview", is_flag=True, help="No previews.")
@click.option(
    "--sort",
    type=click.Choice(["maker", "name", "context", *_UNITS]),
    default="maker",
    show_default=True,
    help="The makers' own APIs first, the largest context, or the cheapest.",
)
@click.option("--limit", type=click.IntRange(1), help="At most this many.")
@json_option
def models(
    words: tuple[str, ...],
    provider: tuple[str, ...],
    maker: tuple[str, ...],
    context: Decimal | None,
    modality: Modality,
    open_weights: bool,
    deprecated: bool,
    no_preview: bool,
    sort: str,
    limit: int | None,
    as_json: bool,
) -> int:
    """List models with their prices in USD per 1M tokens.

    With WORDS, only those whose name has all of them.

    \b
    aicost models --context 200k --provider anthropic,openai --sort output
    """
    with opened_knowledge() as knowledge:
        found = knowledge.catalogue.models(
            provider=[knowledge.catalogue.provider_id(name) for name in provider],
            maker=[_maker_id(knowledge, name) for name in maker],
            min_context=None if context is None else int(context),
            modality=modality,
            include_deprecated=deprecated,
            include_preview=not no_preview,
        )
        wanted = [
            model
            for model in found
            if (model.open_weights or not open_weights)
            and all(word.lower() in f"{model.id} {model.name}".lower() for word in words)
        ]
        cards = list(knowledge.prices.cards(wanted))
        if sort != "maker":
            cards.sort(key=lambda card: _sort_key(card, sort))
        cards = cards[:limit]
    if as_json:
        write_json([_row_json(card) for card in cards], indent=2)
    elif cards:
        headers = ("model", "provider", "context", "input", "cached", "output")
        show([Table([_row(card) for card in cards], headers, right=frozenset({2, 3, 4, 5}))])
    else:
        show([Line("No model on record is like that.", "yellow")])
    return 0 if cards else 1


def _maker_id(knowledge: KnowledgeBase, spelled: str) -> str:
    """The maker that a spelling means ("Mistral AI", "qwen"). Raises `UnknownNameError`."""
    from knowledge.makers import MAKERS

    word = _letters(spelled)
    for identity, maker in MAKERS.items():
        if word in (_letters(identity), _letters(maker.name), *maker.spellings):
            return identity
    every = knowledge.catalogue.models(modality=None, include_deprecated=True)
    known = sorted({model.maker for model in every} | MAKERS.keys())
    if word in known:
        return word
    from difflib import get_close_matches

    raise UnknownNameError("maker", spelled, get_close_matches(word, known, 3))


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _per_million(card: RateCard, column: str) -> Decimal | None:
    rate = card.rates.get(_UNITS[column])
    return None if rate is None else rate.price * 1_000_000 / rate.per


def _sort_key(card: RateCard, sort: str) -> tuple[bool, Decimal, str, str]:
    """Cheapest first, the largest context window first, what is not known last; equal ones by name."""
    amount: Decimal | None = Decimal(0)
    if sort == "context":
        amount = None if card.model.context_window is None else Decimal(-card.model.context_window)
    elif sort != "name":
        amount = _per_million(card, sort)
    return amount is None, amount or Decimal(0), card.model.id.casefold(), card.model.provider


def _row(card: RateCard) -> list[str]:
    amounts = (_per_million(card, column) for column in _UNITS)
    return [
        card.model.id,
        card.model.provider,
        f"{card.model.context_window:,}" if card.model.context_window else "–",
        *("–" if amount is None else rate_usd(amount) for amount in amounts),
    ]


def _row_json(card: RateCard) -> dict[str, Any]:
    model = card.model
    amounts = {f"{column}_usd_per_1m": _per_million(card, column) for column in _UNITS}
    return {
        "model": model.id,
        "provider": model.provider,
        "name": model.name,
        "maker": model.maker,
        "context_window": model.context_window,
        "open_weights": model.open_weights,
        "deprecated": model.deprecated,
        "preview": model.preview,
        **{key: None if amount is None else plain(amount) for key, amount in amounts.items()},
        "as_of": card.source.as_of,
    }
