"""Reads fact cards: YAML, one entry a fact, checked field by field, each mistake reported with its entry and line.

A card is a statement in our own words with the figure in it, its unit, its period, its hedge and where it was read:

    - id: openai-2024-net-loss          lower case, words joined by hyphens, unique
      subject: OpenAI                   who or what it is about
      metric: net loss                  what is measured, or the kind of statement
      value: 5000000000                 a number, or null where the card only states something
      unit: USD                         needed with a value
      period: '2024'                    see knowledge/periods.py; null where it holds at any time
      qualifier: projected              the hedge, one of QUALIFIERS
      statement: OpenAI was projected … a whole sentence
      topics: [losses]                  at least one
      aliases: [burn]                   other words under which people look for it
      source: {title: …, publisher: …, author: …, url: …, published: …, document: …}     only the title is needed
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.errors import KnowledgeError
from knowledge.facts import QUALIFIERS, Fact
from knowledge.periods import parse_period
from knowledge.records import Source
from knowledge.sources.yaml_lines import LocatedList, LocatedMapping, mistake, read_yaml

if TYPE_CHECKING:
    from sqlite_utils import Database

_FIELDS = (
    "id", "subject", "metric", "value", "unit", "period", "qualifier", "statement", "topics", "aliases", "source",
)  # fmt: skip
_SOURCE_FIELDS = ("title", "publisher", "author", "url", "published", "document")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PUBLISHED = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")


def write_facts(db: Database, path: Path) -> int:
    """Writes the cards of a file, and all that is derived from them, into a new knowledge base; returns their number.

    The tables are facts and facts_fts, fact_words and fact_subjects (how questions are read), gpus, rentals, fine_tuning_prices,
    throughputs and rules. Raises KnowledgeError, naming file, line and entry, for the first mistake.
    """
    from knowledge.sources.fact_tables import write_tables

    facts = read_facts(path)
    write_tables(db, facts)
    return len(facts)


def read_facts(path: Path) -> list[Fact]:
    """The cards of a YAML file in its order. Raises KnowledgeError, naming file, line and entry, for the first mistake."""
    entries = read_yaml(path)
    if not isinstance(entries, LocatedList):
        raise mistake(path, 1, "the file is no list of facts")
    facts: dict[str, Fact] = {}
    lines: dict[str, int] = {}
    for entry, line in zip(entries, entries.item_lines, strict=True):
        fact = _Card(path, entry, line).fact()
        if fact.id in facts:
            raise mistake(path, line, f"the id {fact.id!r} is taken by the entry in line {lines[fact.id]}")
        facts[fact.id] = fact
        lines[fact.id] = line
    return list(facts.values())


class _Card:
    """One entry of the file while it is checked."""

    def __init__(self, path: Path, entry: Any, line: int) -> None:
        self._path = path
        if not isinstance(entry, LocatedMapping):
            raise mistake(path, line, "this entry is no mapping of fields")
        self._entry = entry
        self._name = f"fact {entry['id']!r}" if isinstance(entry.get("id"), str) else "a fact without an id"

    def fact(self) -> Fact:
        entry = self._entry
        self._check_fields(entry, _FIELDS, _FIELDS)
        identity = self._text("id")
        if not _ID.fullmatch(identity):
            raise self._wrong("id", f"{identity!r} is not lower-case words joined by hyphens")
        value, unit = self._number("value"), self._optional_text("unit")
        if value is not None and unit is None:
            raise self._wrong("unit", "the value has no unit")
        qualifier = self._text("qualifier")
        if qualifier not in QUALIFIERS:
            raise self._wrong("qualifier", f"{qualifier!r} is none of: {', '.join(QUALIFIERS)}")
        period = self._period()
        return Fact(
            id=identity,
            subject=self._text("subject"),
            metric=self._text("metric"),
            value=value,
            unit=unit,
            period=period,
            qualifier=qualifier,
            statement=self._text("statement"),
            topics=self._texts("topics", at_least=1),
            aliases=self._texts("aliases", at_least=0),
            source=self._source(identity, period),
        )

    def _source(self, identity: str, period: str | None) -> Source:
        source = self._entry["source"]
        if not isinstance(source, LocatedMapping):
            raise self._wrong("source", "the source is no mapping")
        self._check_fields(source, _SOURCE_FIELDS, ("title",))
        for name in source:
            self._optional_text(name, source)
        url, published = source.get("url"), source.get("published")
        if url is not None and not url.startswith(("https://", "http://")):
            raise self._wrong("url", f"{url!r} is no web address", source)
        if published is not None and not _is_date(published):
            raise self._wrong(
                "published", f"{published!r} is no date such as 2026-11-09, 2026-11 or 2026", source
            )
        # A price list is true on the day it was read, which is the card's period where the page has no date of its own.
        read_on = period if period and re.fullmatch(r"\d{4}-\d\d(-\d\d)?", period) else None
        return Source(
            id=identity,
            title=self._text("title", source),
            url=url,
            as_of=published or read_on,
            publisher=source.get("publisher") or source.get("author"),
        )

    def _period(self) -> str | None:
        period = self._optional_text("period")
        if period is not None:
            try:
                parse_period(period)
            except ValueError:
                raise self._wrong(
                    "period", f"{period!r} is no period such as 2024, 2025-H1 or 2025 to 2029"
                ) from None
        return period

    def _check_fields(self, entry: LocatedMapping, known: tuple[str, ...], needed: tuple[str, ...]) -> None:
        for key in entry:
            if key not in known:
                raise self._wrong(key, f"there is no field {key!r}; there are {', '.join(known)}", entry)
        for key in needed:
            if key not in entry:
                raise mistake(self._path, entry.line, f"{self._name} lacks the field {key!r}")

    def _text(self, key: str, entry: LocatedMapping | None = None) -> str:
        text = self._optional_text(key, entry)
        if text is None:
            raise self._wrong(key, f"{key!r} must not be empty", entry)
        return text

    def _optional_text(self, key: str, entry: LocatedMapping | None = None) -> str | None:
        text = (self._entry if entry is None else entry)[key]
        if text is None:
            return None
        if not isinstance(text, str):
            raise self._wrong(key, f"{key!r} is no text; put quotes around it", entry)
        if not text.strip():
            raise self._wrong(key, f"{key!r} must not be blank", entry)
        return text

    def _texts(self, key: str, at_least: int) -> tuple[str, ...]:
        texts = self._entry[key]
        if not isinstance(texts, LocatedList) or not all(
            isinstance(text, str) and text.strip() for text in texts
        ):
            raise self._wrong(key, f"{key!r} is no list of texts; put quotes around numbers")
        if len(texts) < at_least:
            raise self._wrong(key, f"{key!r} needs at least one item")
        return tuple(texts)

    def _number(self, key: str) -> Decimal | None:
        number = self._entry[key]
        if number is None:
            return None
        if isinstance(number, bool) or not isinstance(number, int | Decimal):
            raise self._wrong(key, f"{key!r} is no number")
        return Decimal(number)

    def _wrong(self, key: str, what: str, entry: Mapping[str, Any] | None = None) -> KnowledgeError:
        place = self._entry if entry is None else entry
        line = place.key_lines[key] if isinstance(place, LocatedMapping) else self._entry.line
        return mistake(self._path, line, f"{self._name}: {what}")


def _is_date(text: str) -> bool:
    if not _PUBLISHED.fullmatch(text):
        return False
    try:
        parse_period(text)
    except ValueError:
        return False
    return True
