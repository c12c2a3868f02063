"""From typed questions to one answer: the answerer of each kind, several questions in one message, and what to say without one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bot.answering.context import Context, NoAnswer, unique_citations
from bot.answering.exact import exactly, settle
from bot.answering.money import converted
from bot.answers import Answer, Figure, Status
from bot.errors import AicostError, NoPriceError, StorageError, UnknownNameError
from bot.people import is_operator
from bot.questions import Question, UsageQuestion
from bot.settings import Settings
from knowledge.lazy_dataclass import dataclass, replace

if TYPE_CHECKING:
    from bot.messages import Message
    from bot.spend.ledger import Ledger
    from bot.spend.null import NullLedger
    from bot.spend.report import UsageReport
    from knowledge.base import KnowledgeBase

_Answerer = Callable[[Any, Context], Answer]


@dataclass(frozen=True)
class Books:
    """A report of the ledger for one usage question."""

    report: UsageReport
    only_own: bool

    @classmethod
    async def read(
        cls, ledger: Ledger | NullLedger, question: UsageQuestion, message: Message, settings: Settings
    ) -> Books | None:
        """Read the report that `question` asks for; others' usage is for those who run the bot only."""
        from zoneinfo import ZoneInfo

        only_own = question.mine or not is_operator(message, settings)
        zone = ZoneInfo(settings.timezone)
        since = datetime.combine(question.since, time(), zone).astimezone(UTC) if question.since else None
        until = (
            datetime.combine(question.until + timedelta(days=1), time(), zone).astimezone(UTC)
            if question.until
            else None
        )
        try:
            report = await ledger.report(
                since,
                until,
                question.by,
                user=str(message.person) if only_own else None,
                time_zone=settings.timezone,
            )
        except StorageError:
            return None
        return cls(report, only_own)


def answer_questions(
    questions: Sequence[Question],
    knowledge: KnowledgeBase,
    settings: Settings,
    now: datetime,
    books: Books | None = None,
    notes: Sequence[str] = (),
) -> Answer:
    """One answer to all questions of a message, the first question's figures first."""
    answers = [answer_question(question, knowledge, settings, now, books) for question in questions]
    merged = answers[0] if len(answers) == 1 else _merge(answers)
    return replace(merged, assumptions=(*merged.assumptions, *notes)) if notes else merged


def answer_question(
    question: Question,
    knowledge: KnowledgeBase,
    settings: Settings,
    now: datetime,
    books: Books | None = None,
) -> Answer:
    """The answer to one typed question; a pure function of its arguments."""
    context = Context(knowledge=knowledge, settings=settings, now=now, books=books)
    try:
        with exactly():
            answer = settle(converted(_answerer(question.kind)(question, context), question, context))
        unread: tuple[str, ...] = getattr(question, "unread", ())
        if unread and answer.status == "answered":
            raise NoAnswer("clarify", _what_is(unread))
        return answer
    except NoAnswer as instead:
        return Answer(
            status=instead.status, kind=question.kind, headline=instead.sentence, details=instead.details
        )
    except AicostError as error:
        return replace(refusal(error), kind=question.kind)


def _what_is(numbers: tuple[str, ...]) -> str:
    """What is asked about numbers that no part of the calculation holds: leaving them out would make the figure wrong."""
    named = " and ".join(f"“{number}”" for number in numbers[:3])
    return (
        f"{'What does' if len(numbers) == 1 else 'What do'} {named} stand for? Without that any total would be wrong; "
        "please say it as requests a day (or month) and tokens in and out per request."
    )


def refusal(error: AicostError) -> Answer:
    """The answer that an error amounts to: its own sentence, without any figure."""
    status: Status = "not_found" if isinstance(error, UnknownNameError | NoPriceError) else "error"
    return Answer(status=status, kind="error", headline=str(error))


def _merge(answers: list[Answer]) -> Answer:
    """Several answers as one; answered if any of them is, sources and assumptions once each."""
    status = next((a.status for a in answers if a.status == "answered"), answers[0].status)
    labels = Counter(figure.label for answer in answers for figure in answer.figures)

    def labelled(figure: Figure) -> Figure:
        """With its model, where several answers have a figure of this name."""
        if labels[figure.label] < 2 or figure.model is None:
            return figure
        return replace(figure, label=f"{figure.label}, {figure.model}")

    return Answer(
        status=status,
        kind=answers[0].kind,
        headline="  ".join(answer.headline for answer in answers),
        figures=tuple(labelled(figure) for answer in answers for figure in answer.figures),
        assumptions=tuple(dict.fromkeys(note for answer in answers for note in answer.assumptions)),
        citations=unique_citations([citation for answer in answers for citation in answer.citations]),
        steps=tuple(step for answer in answers for step in answer.steps),
        levers=answers[0].levers,
        details=tuple(dict.fromkeys(detail for answer in answers for detail in answer.details)),
    )


def _answerer(kind: str) -> _Answerer:
    """The answerer of a kind; its module is imported when it is first needed, since one question needs one."""
    module = import_module(f"bot.answering.{'help' if kind == 'out_of_scope' else kind}")
    found: _Answerer = getattr(module, f"answer_{kind}")
    return found
