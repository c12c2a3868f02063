"""What answerers work with: the knowledge base, the settings and the time; and the ways out when a question cannot be answered.

An answerer is a pure function of a question and a `Context`. Where a model is unknown or a slot is missing it raises `NoAnswer`,
which carries the answer to give instead; `dispatch` turns it into that answer.
"""

from __future__ import annotations

from dataclasses import field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from bot.answers import Answer, Citation, Status
from bot.questions import ModelRef
from bot.settings import Settings
from knowledge.lazy_dataclass import dataclass
from knowledge.records import FIRST_PRICES, Model, Source

if TYPE_CHECKING:
    from bot.answering.dispatch import Books
    from knowledge.base import KnowledgeBase


class NoAnswer(Exception):
    """The question has no answer; say this instead."""

    def __init__(self, status: Status, sentence: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.details = details


@dataclass
class Context:
    """Everything that an answerer may look at."""

    knowledge: KnowledgeBase
    settings: Settings
    now: datetime
    books: Books | None = None
    notes: list[str] = field(default_factory=list)
    """Assumptions about names, collected while models are looked up."""

    @property
    def today(self) -> date:
        """The day that an undated price is for."""
        return self.now.date()

    def provider_name(self, provider: str) -> str:
        """A provider's name as people write it."""
        known = self.knowledge.catalogue.providers.get(provider)
        return known.name if known else provider

    def model(self, ref: ModelRef | None, ask: str = "Which model do you mean?") -> Model:
        """The one model that a question names; how the name was read is added to `notes`.

        Raises `NoAnswer` (clarify) when no model is named or several fit, and (not_found) when it is unknown.
        """
        if ref is None:
            raise NoAnswer("clarify", ask)
        if ref.model is None or ref.provider is None:
            raise NoAnswer(*_unresolved(ref))
        model = self.knowledge.catalogue.get(ref.provider, ref.model)
        if ref.note:
            self.note(ref.note)
        return model

    def refuse_day(self, day: date | None) -> None:
        """Raises `NoAnswer` for a day that no price on record can be of."""
        if day is not None and day > self.today:
            raise NoAnswer(
                "error", f"{day.isoformat()} lies in the future; I know only prices of today and of the past."
            )
        if day is not None and day < FIRST_PRICES:
            raise NoAnswer(
                "error",
                f"{day.isoformat()} lies before the first price of any language model API ({FIRST_PRICES.isoformat()}).",
            )

    def note(self, sentence: str) -> None:
        """Add an assumption once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


def _unresolved(ref: ModelRef) -> tuple[Status, str]:
    near = ", ".join(candidate.split("/", 1)[-1] for candidate in dict.fromkeys(ref.candidates))
    if ref.how == "ambiguous" and near:
        return "clarify", f"Which “{ref.mention}” do you mean: {near}?"
    if ref.how == "provider_missing":
        if ref.note is not None:
            return "not_found", ref.note
        where = ", ".join(ref.candidates)
        return "not_found", f"My price list has no “{ref.mention}” at that provider." + (
            f" It has: {where}." if where else ""
        )
    suggestion = (
        f" Did you mean {near}?" if near else " Check the spelling, or ask for the models of its maker."
    )
    return "not_found", f"I know no model called “{ref.mention}”.{suggestion}"


def citation(source: Source, quote: str | None = None) -> Citation:
    """A source of the knowledge base as an answer cites it."""
    return Citation(id=source.id, title=source.title, url=source.url, as_of=source.as_of, quote=quote)


def unique_citations(citations: list[Citation]) -> tuple[Citation, ...]:
    """The citations, each id once, quotes of the same source joined."""
    merged: dict[str, Citation] = {}
    for item in citations:
        known = merged.get(item.id)
        if known is None:
            merged[item.id] = item
        elif item.quote and item.quote not in (known.quote or ""):
            joined = f"{known.quote}; {item.quote}" if known.quote else item.quote
            merged[item.id] = Citation(
                id=known.id, title=known.title, url=known.url, as_of=known.as_of, quote=joined
            )
    return tuple(merged.values())


def answered(kind: str, headline: str, **parts: Any) -> Answer:
    """An answer that answers."""
    return Answer(status="answered", kind=kind, headline=headline, **parts)
