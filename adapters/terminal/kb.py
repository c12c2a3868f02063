"""`aicost kb`: the knowledge base, which every answer stands on."""

from __future__ import annotations

from typing import Any

import click

from adapters.terminal.options import json_option
from adapters.terminal.output import Line, Table, show, write_json
from adapters.terminal.session import build_progress, opened_knowledge
from bot.errors import KnowledgeError
from bot.settings import Settings


@click.group()
def kb() -> None:
    """Compile and inspect the knowledge base: prices, model names, facts."""


@kb.command()
@json_option
def build(as_json: bool) -> None:
    """Compile it anew from its sources."""
    from knowledge.base import FILE_NAME
    from knowledge.build import build as compile_

    settings = Settings.load()
    try:
        with build_progress() as progress:
            compile_(settings.data_dir / FILE_NAME, settings.data_dir, progress)
    except OSError as error:
        raise KnowledgeError(
            f"The knowledge base cannot be written to {settings.data_dir} ({error.strerror or error}).",
            "Set AICOST_DATA_DIR to a folder that can be written.",
        ) from error
    _show_info(as_json)


@kb.command()
@json_option
def info(as_json: bool) -> None:
    """Show what it holds, from which sources and dates."""
    _show_info(as_json)


def _show_info(as_json: bool) -> None:
    with opened_knowledge() as knowledge:
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
