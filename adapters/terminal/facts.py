"""`aicost facts`: what companies have said, spent, earned and lost, each with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from adapters.terminal.options import json_option
from adapters.terminal.output import Line, show, write_json
from adapters.terminal.session import clean, opened_knowledge
from bot.answers import plain

if TYPE_CHECKING:
    from knowledge.facts import FactHit


@click.command()
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="At most this many.")
@json_option
def facts(words: tuple[str, ...], limit: int, as_json: bool) -> int:
    """Find cited facts about WORDS, the best match first.

    Passages of your own documents (aicost kb add) are among them.

    \b
    aicost facts openai loss 2024

    The exit status is 1 where nothing is found, or nothing that is sure to answer.
    """
    with opened_knowledge() as knowledge:
        hits = knowledge.facts.search(clean(" ".join(words)), limit=limit)
    sure = [hit for hit in hits if hit.confident]
    if as_json:
        write_json([_hit_json(hit) for hit in hits], indent=2)
    elif sure:
        show([line for hit in sure for line in _lines(hit)])
    elif hits:
        show(
            [
                Line("Nothing on record answers that; the nearest:", "yellow"),
                Line(),
                *(line for hit in hits for line in _lines(hit)),
            ]
        )
    else:
        show([Line("Nothing on record speaks of that.", "yellow")])
    return 0 if sure else 1


def _lines(hit: FactHit) -> list[Line]:
    if hit.fact is not None:
        statement, source = hit.fact.statement, hit.fact.source
        where = source.title + (f" ({source.as_of})" if source.as_of else "")
    else:
        passage = hit.passage
        assert passage is not None, "a hit is a fact or a passage"
        statement, source = f"“{passage.quote}”", passage.source
        page = f"page {passage.page}" if passage.page else None
        where = " · ".join(
            filter(None, (f"Your document {passage.document}: {source.title}", passage.heading, page))
        )
    return [
        Line(statement),
        Line(where, "dim", indent=2),
        *([Line(source.url, "dim", indent=2)] if source.url else []),
        Line(),
    ]


def _hit_json(hit: FactHit) -> dict[str, Any]:
    fact, passage = hit.fact, hit.passage
    found: dict[str, Any]
    if fact is not None:
        source = fact.source
        found = {
            "id": fact.id,
            "subject": fact.subject,
            "metric": fact.metric,
            "value": None if fact.value is None else plain(fact.value),
            "unit": fact.unit,
            "period": fact.period,
            "qualifier": fact.qualifier,
            "statement": fact.statement,
        }
    else:
        assert passage is not None, "a hit is a fact or a passage"
        source = passage.source
        found = {
            "id": source.id,
            "document": passage.document,
            "heading": passage.heading,
            "page": passage.page,
            "statement": passage.quote,
            "passage": passage.text,
        }
    return {
        **found,
        "confident": hit.confident,
        "source": {"id": source.id, "title": source.title, "url": source.url, "as_of": source.as_of},
    }
