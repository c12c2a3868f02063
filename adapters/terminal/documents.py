"""`aicost kb add`, `list` and `remove`: the operator's own documents, which are quoted where they answer a question."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from adapters.terminal.options import json_option
from adapters.terminal.output import Line, Table, printable, say, show, write_json
from adapters.terminal.session import clean, opened_knowledge, working
from bot.errors import AicostError

if TYPE_CHECKING:
    from knowledge.documents import Document


@click.command()
@click.argument("locations", nargs=-1, required=True, metavar="FILE|URL…")
@json_option
def add(locations: tuple[str, ...], as_json: bool) -> int:
    """Add documents to search. Markdown, text, HTML or PDF; from the web over https only.

    \b
    aicost kb add budget-2027.md https://example.org/report.html

    Adding a document again replaces it. One that cannot be read leaves the others, and all that was there before, as they are.
    """
    status = 0
    added: list[Document] = []
    with opened_knowledge() as knowledge:
        for location in locations:
            try:
                with working(f"reading {printable(clean(location))}"):
                    added.append(knowledge.facts.add_document(location))
            except AicostError as error:
                say(str(error))
                status = max(status, error.exit_status)
    if as_json:
        write_json([asdict(document) for document in added], indent=2)
    elif added:
        show(
            [
                Line(f"Added {document.id}: {document.title} ({_count(document.passages, 'passage')})")
                for document in added
            ]
        )
    return status


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show the documents that were added."""
    with opened_knowledge() as knowledge:
        documents = knowledge.facts.documents()
    if as_json:
        write_json([asdict(document) for document in documents], indent=2)
    elif documents:
        headers = ("id", "title", "passages", "added", "from")
        show([Table([_row(document) for document in documents], headers, right=frozenset({2}))])
    else:
        show([Line("There is none; add one with: aicost kb add FILE|URL", "yellow")])


@click.command()
@click.argument("identity", metavar="ID")
@json_option
def remove(identity: str, as_json: bool) -> None:
    """Remove a document, by its ID, file name or address."""
    with opened_knowledge() as knowledge:
        removed = knowledge.facts.remove_document(identity)
    if as_json:
        write_json(asdict(removed), indent=2)
    else:
        show([Line(f"Removed {removed.id}: {removed.title}")])


def _row(document: Document) -> list[str]:
    return [document.id, document.title, f"{document.passages:,}", document.added[:10], document.location]


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
