"""`aicost kb`: the knowledge base, which every answer stands on."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from adapters.terminal import documents
from adapters.terminal.amounts import rate_usd
from adapters.terminal.options import json_option
from adapters.terminal.output import Line, Table, show, write_json
from adapters.terminal.price import comparison_json, per_words, price_label
from adapters.terminal.session import build_progress, clean, opened_knowledge
from bot.price_lists import find_model
from bot.settings import Settings

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase
    from knowledge.changes import PriceDifference
    from knowledge.opinions import Comparison

_SHOWN_CHANGES = 40


@click.group()
def kb() -> None:
    """Manage the knowledge base. Prices, model names, facts, your documents."""


kb.add_command(documents.add)
kb.add_command(documents.list_)
kb.add_command(documents.remove)


@kb.command()
@json_option
def build(as_json: bool) -> None:
    """Compile it anew from its sources."""
    settings = Settings.load()
    from knowledge.base import KnowledgeBase

    with build_progress() as progress:
        knowledge = KnowledgeBase.rebuild(settings.data_dir, progress)
    with knowledge:
        _show_info(knowledge, as_json)


@kb.command()
@json_option
def info(as_json: bool) -> None:
    """Show what it holds, from which sources and dates."""
    with opened_knowledge() as knowledge:
        _show_info(knowledge, as_json)


@kb.command()
@click.option("--url", help="Fetch from here instead of the address that genai-prices names.")
@json_option
def refresh(url: str | None, as_json: bool) -> None:
    """Fetch newer prices, and show what changed. They are those that genai-prices publishes between its releases."""
    settings = Settings.load()
    from knowledge.refresh import refresh as fetch

    with build_progress() as progress:
        refreshed = fetch(settings.data_dir, progress, url=url)
    changes = refreshed.changes
    if as_json:
        found = {
            "title": refreshed.title,
            "as_of": refreshed.as_of,
            "changes": [change._asdict() for change in changes],
        }
        write_json(found, indent=2)
        return
    headers = ("", "provider", "model", "price of", "old", "new")
    rest = len(changes) - _SHOWN_CHANGES
    show(
        [
            Line(f"{refreshed.title}, as of {refreshed.as_of}: {len(changes):,} changes", "bold"),
            *(
                [Table([_change_row(change) for change in changes[:_SHOWN_CHANGES]], headers)]
                if changes
                else []
            ),
            *([Line(f"and {rest:,} more; --json lists them all", "dim")] if rest > 0 else []),
        ]
    )


@kb.command()
@click.argument("models", nargs=-1)
@click.option(
    "--litellm",
    metavar="FILE|URL",
    help="First take litellm's price list from here (https); it stays in use.",
)
@click.option("--forget-litellm", is_flag=True, help="First take litellm's price list out of use again.")
@json_option
def check(models: tuple[str, ...], litellm: str | None, forget_litellm: bool, as_json: bool) -> None:
    """Compare the prices with those of other lists.

    All prices, or those of MODELS; the disagreements are shown. Other lists are litellm's, where you name it, and that of
    openai-cost-calculator, where it is installed.
    """
    settings = Settings.load()
    if forget_litellm or litellm:
        from knowledge.sources import litellm as second_list

        if forget_litellm:
            second_list.forget(settings.data_dir)
        if litellm:
            second_list.take(settings.data_dir, litellm)
    with opened_knowledge() as knowledge:
        asked = [find_model(knowledge, clean(mention))[0] for mention in models] or None
        sources = knowledge.opinions.sources()
        compared = list(knowledge.opinions.comparisons(asked))
    found = [comparison for comparison in compared if not comparison.agree]
    if as_json:
        write_json(
            {
                "sources": [
                    {"id": source.id, "title": source.title, "as_of": source.as_of} for source in sources
                ],
                "compared": len(compared),
                "disagreements": [comparison_json(comparison) for comparison in found],
            },
            indent=2,
        )
    elif not sources:
        show(
            [
                Line(
                    "There is no other price list to compare with: name one (--litellm), or install aicost-bot[verify].",
                    "yellow",
                )
            ]
        )
    else:
        titles = ", ".join(
            f"{source.title} ({source.as_of})" if source.as_of else source.title for source in sources
        )
        headers = ("provider", "model", "price of", "ours", "theirs", "majority")
        show(
            [
                Line(f"{len(compared):,} prices compared with {titles}: {len(found):,} differ", "bold"),
                *(
                    [Table([_comparison_row(one) for one in found], headers, right=frozenset({3, 4}))]
                    if found
                    else []
                ),
            ]
        )


def _comparison_row(comparison: Comparison) -> list[str]:
    theirs = ", ".join(rate_usd(other.price) for other in comparison.others)
    model = comparison.model
    return [
        model.provider,
        model.id,
        price_label(comparison),
        rate_usd(comparison.ours.price),
        theirs,
        comparison.verdict,
    ]


def _change_row(change: PriceDifference) -> list[str]:
    tier = f" above {change.above_input_tokens:,}" if change.above_input_tokens else ""
    terms = "" if change.terms == "{}" else f" {change.terms}"
    return [
        change.kind + (f" from {change.valid_from}" if change.valid_from else ""),
        change.provider,
        change.model,
        f"{change.unit.replace('_', ' ')}, per {per_words(change.per)}{tier}{terms}",
        *("–" if amount is None else rate_usd(Decimal(amount)) for amount in (change.old, change.new)),
    ]


def _show_info(knowledge: KnowledgeBase, as_json: bool) -> None:
    found: dict[str, Any] = knowledge.info()
    if as_json:
        write_json(found, indent=2)
        return
    counts = [(name.replace("_", " "), f"{count:,}") for name, count in found["counts"].items()]
    sources = [
        (source["title"], source["version"] or "", source["as_of"] or "") for source in found["sources"]
    ]
    show(
        [
            Line(
                f"{found['path']} ({found['bytes'] / 1_000_000:.1f} MB), compiled {found['built_at']}", "bold"
            ),
            Line(),
            Table(counts, ("table", "rows"), right=frozenset({1}), indent=2),
            Line(),
            Table(sources, ("source", "version", "as of"), indent=2),
        ]
    )
