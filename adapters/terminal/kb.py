"""`aicost kb`: the knowledge base, which every answer stands on."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from adapters.terminal.options import json_option
from adapters.terminal.output import Line, Table, show, write_json
from adapters.terminal.price import per_words
from adapters.terminal.session import build_progress, opened_knowledge
from bot.presentation import format_amount
from bot.settings import Settings

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase
    from knowledge.changes import PriceDifference

_SHOWN_CHANGES = 40


@click.group()
def kb() -> None:
    """Compile, refresh and inspect the knowledge base: prices, model names, facts."""


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
    """Fetch the prices that genai-prices publishes between its releases, and show what changed."""
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


def _change_row(change: PriceDifference) -> list[str]:
    tier = f" above {change.above_input_tokens:,}" if change.above_input_tokens else ""
    terms = "" if change.terms == "{}" else f" {change.terms}"
    return [
        change.kind + (f" from {change.valid_from}" if change.valid_from else ""),
        change.provider,
        change.model,
        f"{change.unit.replace('_', ' ')}, per {per_words(change.per)}{tier}{terms}",
        *(
            "–" if amount is None else format_amount(Decimal(amount), "USD")
            for amount in (change.old, change.new)
        ),
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
