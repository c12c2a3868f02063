"""Which parser reads a message: the rules first, an LLM where the rules are not sure and one is configured.

Whatever the LLM does, the result is a typed question whose every value stands in the text; where the rules are sure, the LLM may
complete their reading, but not turn it into another kind, nor lose a number or a model of it; where they have something to answer,
it cannot make the bot ask back; when the LLM fails, the rules' reading is used, however unsure it was.
"""

from __future__ import annotations

import logging
from dataclasses import field
from typing import TYPE_CHECKING, Literal, Protocol

from bot.answers import ParserName, Spend
from bot.parsing.building.leftover import numbers_in
from bot.parsing.local import LocalParse, LocalParser, is_complete
from bot.questions import Question
from knowledge.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from bot.parsing.llm.deadline import Deadline

log = logging.getLogger(__name__)

SURE = 0.6
"""A local parse of at least this confidence is taken without asking an LLM."""


@dataclass(frozen=True, kw_only=True)
class LlmReading:
    """What the LLM made of a message, after grounding; `question` is None when nothing usable came back."""

    question: Question | None
    dropped: tuple[str, ...] = ()
    """What the model said that the text does not hold, and numbers of the text that it left without a meaning, in words for the user."""
    spend: Spend = field(default_factory=Spend)
    error: str | None = None


class LlmReader(Protocol):
    """The LLM parser as the cascade sees it."""

    async def parse(
        self, text: str, previous: Question | None, query_id: int, deadline: Deadline | None = None
    ) -> LlmReading: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """One or more typed questions, in the order in which they were asked."""

    questions: tuple[Question, ...]
    parser: ParserName
    notes: tuple[str, ...] = ()
    spend: Spend = field(default_factory=Spend)
    notices: tuple[str, ...] = ()


class Cascade:
    """Reads a message by `policy`: `local` never asks an LLM, `llm` always does, `auto` only where the rules are unsure of something."""

    def __init__(
        self, local: LocalParser, llm: LlmReader | None, policy: Literal["auto", "local", "llm"]
    ) -> None:
        self._local = local
        self._llm = llm
        self._policy = policy

    async def parse(
        self, text: str, previous: Question | None, query_id: int, deadline: Deadline | None = None
    ) -> Parsed:
        """The typed questions in `text`, those of an LLM only if it answers by the `deadline`; never raises for any text."""
        local = self._local.parse(text, previous)
        if self._llm is None or not self._wants_llm(local):
            return Parsed(questions=local.questions, parser="local", notes=local.notes)
        reading = await self._llm.parse(text, previous, query_id, deadline)
        if reading.question is None:
            notices = (reading.error,) if reading.error else ()
            return Parsed(
                questions=local.questions,
                parser="local",
                notes=local.notes,
                spend=reading.spend,
                notices=notices,
            )
        loses = local.confidence >= SURE and not _completes(reading.question, local)
        if loses or (_asks_back(reading.question) and all(map(_is_answerable, local.questions))):
            return Parsed(questions=local.questions, parser="local", notes=local.notes, spend=reading.spend)
        return Parsed(questions=(reading.question,), parser="llm", notes=reading.dropped, spend=reading.spend)

    async def close(self) -> None:
        """Close the connection to the LLM, where there is one."""
        if self._llm is not None:
            await self._llm.close()

    def _wants_llm(self, local: LocalParse) -> bool:
        if self._policy == "local" or local.final:
            return False
        return self._policy == "llm" or (local.confidence < SURE and not local.chatter)


def _is_answerable(question: Question) -> bool:
    return is_complete(question) and not getattr(question, "unread", ())


def _asks_back(question: Question) -> bool:
    """Whether a question of the bot's field cannot be answered as it stands: a misreading, if the rules have one that can."""
    return question.kind not in ("out_of_scope", "help") and not _is_answerable(question)


def _completes(question: Question, local: LocalParse) -> bool:
    """Whether the LLM's reading is of the kind that the rules, where they are sure, have found too, and loses nothing of theirs."""
    [own, *further] = local.questions
    return not further and question.kind == own.kind and numbers_in(own) <= numbers_in(question)
