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
from bot.price_lists import LISTED_UNITS, ORDERS, Order, Wanted, listed, per_million
from knowledge.records import Modality

if TYPE_CHECKING:
    from knowledge.ratecard import RateCard


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
    type=click.Choice(ORDERS),
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
    sort: Order,
    limit: int | None,
    as_json: bool,
) -> int:
    """List models with their prices in USD per 1M tokens.

    With WORDS, only those whose name has all of them.

    \b
    aicost models --context 200k --provider anthropic,openai --sort output
    """
    wanted = Wanted(
        words=words,
        providers=provider,
        makers=maker,
        context=None if context is None else int(context),
        modality=modality,
        open_weights=open_weights,
        deprecated=deprecated,
        preview=not no_preview,
    )
    with opened_knowledge() as knowledge:
        cards = listed(knowledge, wanted, sort, limit)
    if as_json:
        write_json([_row_json(card) for card in cards], indent=2)
    elif cards:
        headers = ("model", "provider", "context", "input", "cached", "output")
        show([Table([_row(card) for card in cards], headers, right=frozenset({2, 3, 4, 5}))])
    else:
        show([Line("No model on record is like that.", "yellow")])
    return 0 if cards else 1


def _row(card: RateCard) -> list[str]:
    amounts = (per_million(card, column) for column in LISTED_UNITS)
    return [
        card.model.id,
        card.model.provider,
        f"{card.model.context_window:,}" if card.model.context_window else "–",
        *("–" if amount is None else rate_usd(amount) for amount in amounts),
    ]


def _row_json(card: RateCard) -> dict[str, Any]:
    model = card.model
    amounts = {f"{column}_usd_per_1m": per_million(card, column) for column in LISTED_UNITS}
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
