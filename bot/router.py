"""The way of a question: admission, parsing, answering, the books. Every adapter relays its messages to one `Router`.

`admit` puts the event into the ledger (after it an adapter may acknowledge), `answer` makes the answer and stores it, and
`delivered` closes the question once the platform has the answer; `ask` is all three. A question that is still open when its process
ends is handed out by `unfinished` to the next one, with its answer if that was stored: it is posted as it is, not made and paid for
again.
The router never raises for anything that a user sent, and goes on answering when the ledger or the LLM does not work, saying so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from bot.answering.dispatch import Books, answer_questions, refusal
from bot.answers import Answer
from bot.conversation import Conversations
from bot.errors import AicostError, StorageError, UsageError
from bot.messages import Message, Reply
from bot.news import News
from bot.parsing.cascade import Cascade, Parsed
from bot.parsing.llm.deadline import Deadline
from bot.parsing.local import LocalParser
from bot.people import is_operator
from bot.questions import OutOfScope, Question, UsageQuestion, question_to_json
from bot.rate_limit import RateLimited
from bot.settings import Settings
from knowledge.base import KnowledgeBase
from knowledge.lazy_dataclass import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.composing import Composer
    from bot.rate_limit import RateLimiter
    from bot.spend.ledger import Ledger
    from bot.spend.null import NullLedger

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ticket:
    """A message that is in the ledger and whose answer is not delivered yet."""

    message: Message
    query_id: int
    stored: Answer | None = None
    """The answer that an earlier process made and did not report as delivered; it may have been posted all the same."""
    not_before: datetime | None = None
    """Set when the user has asked too much within a minute: when the next question may be asked."""
    unrecorded: str | None = None
    """Why the message could not be put into the ledger; its answer is not put there either."""


class Router:
    """One shared core for all platforms; open it once per process with `Router.open`, close it at the end."""

    def __init__(
        self,
        settings: Settings,
        knowledge: KnowledgeBase,
        ledger: Ledger | NullLedger,
        cascade: Cascade,
        *,
        composer: Composer | None = None,
        limiter: RateLimiter | None = None,
        storage_problem: str | None = None,
    ) -> None:
        self.settings = settings
        self.knowledge = knowledge
        self.ledger = ledger
        self._cascade = cascade
        self._composer = composer
        self._conversations = Conversations(ledger)
        self._limiter = limiter
        self._news = News(settings)
        self._storage_problem = storage_problem
        self._to_close: dict[int, str | None] = {}

    @classmethod
    async def open(
        cls,
        settings: Settings,
        progress: Callable[[str, int, int], None] | None = None,
        limiter: RateLimiter | None = None,
    ) -> Router:
        """Open the knowledge base (compiling it when needed) and the ledger; a ledger that cannot be opened is done without.

        With a `limiter`, each user may ask so many questions a minute. Raises `KnowledgeError` when there is no knowledge base and
        none can be compiled, `UsageError` when an LLM shall read every question and none is configured.
        """
        if settings.parser == "llm" and not settings.llm_configured:
            raise UsageError(
                "AICOST_PARSER is llm, but no LLM is configured.",
                "Set AICOST_LLM_API_KEY or AICOST_LLM_BASE_URL, or AICOST_PARSER=auto.",
            )
        from bot.spend.budgets import total_budgets
        from bot.spend.ledger import Ledger
        from bot.spend.null import NullLedger

        knowledge = await asyncio.to_thread(KnowledgeBase.open, settings.data_dir, progress)
        problem = None
        budgets = total_budgets(settings.budget_day_usd, settings.budget_month_usd, settings.timezone)
        ledger: Ledger | NullLedger
        try:
            ledger = await Ledger.open(settings.data_dir, settings.retention_days, budgets=budgets)
        except StorageError as error:
            log.warning("%s Questions are answered, but nothing is recorded.", error)
            problem = str(error)
            ledger = NullLedger(problem, budgets)
        llm = None
        if settings.llm_configured and settings.parser != "local":
            from bot.parsing.llm.parser import LlmParser

            llm = LlmParser.connect(settings, knowledge, ledger)
        composer = None
        if settings.llm_configured and settings.compose:
            from bot.composing import Composer

            composer = Composer.connect(settings, knowledge, ledger)
        cascade = Cascade(LocalParser(knowledge), llm, settings.parser)
        router = cls(
            settings,
            knowledge,
            ledger,
            cascade,
            composer=composer,
            limiter=limiter,
            storage_problem=problem,
        )
        if problem is None:
            for notice in ledger.notices:
                router._news.add(notice)
        return router

    async def close(self) -> None:
        """Close the ledger; what was admitted and not delivered is taken up at the next start."""
        await self._cascade.close()
        if self._composer is not None:
            await self._composer.close()
        await self._close_queries()
        await self.ledger.close()
        self.knowledge.close()

    async def admit(self, message: Message) -> Ticket | None:
        """Put a message into the ledger; None when any of its dedup keys was seen before. After this it may be acknowledged."""
        try:
            admission = await self.ledger.admit(message)
        except StorageError as error:
            self._warn(error)
            return Ticket(message, 0, not_before=self._not_before(message), unrecorded=str(error))
        if not admission.new:
            return None
        return Ticket(message, admission.query_id, not_before=self._not_before(message))

    def _not_before(self, message: Message) -> datetime | None:
        """Count the question for its user's limit; when the user may ask again, if it is one too many."""
        wait = 0.0 if self._limiter is None else self._limiter.wait(message)
        return datetime.now(UTC) + timedelta(seconds=wait) if wait else None

    async def unfinished(self, platform: str) -> list[Ticket]:
        """Messages that were admitted before a stop or a crash and whose answer was not delivered; each is handed out once."""
        try:
            left = await self.ledger.unfinished(platform)
        except StorageError as error:
            self._warn(error)
            return []
        return [Ticket(open_.message, open_.query_id, open_.answer) for open_ in left]

    async def ask(self, message: Message) -> Reply:
        """Admit and answer in one, for a caller that shows the answer at once; the reply of a repeated message has no answer."""
        ticket = await self.admit(message)
        if ticket is None:
            return Reply(message=message, answer=None)
        return await self.answer(ticket, delivered=True)

    async def answer(self, ticket: Ticket, *, delivered: bool = False) -> Reply:
        """Answer an admitted message and store the answer; the question stays open until `delivered` is called (or said here)."""
        if ticket.stored is not None:
            return Reply(message=ticket.message, answer=ticket.stored)
        started = time.perf_counter()
        message = ticket.message
        notices: list[str] = []
        problem = self._storage_problem or ticket.unrecorded
        recorded = problem is None
        if problem is not None:
            notices.append(self._unrecorded(message, problem))
        error_name = None
        try:
            self._check_rate(ticket)
            answer, parsed = await self._answer(ticket)
            notices.extend(parsed.notices)
        except AicostError as error:
            answer = refusal(error)
            error_name = "rate limit" if isinstance(error, RateLimited) else None
        except Exception as error:
            log.exception("a question could not be answered")
            error_name = type(error).__name__
            answer = Answer(
                status="error",
                kind="error",
                headline="Something went wrong inside aicost; the question is on record. Please rephrase it or try again.",
            )
        answer = replace(answer, receipt=f"r-{os.urandom(5).hex()}")
        latency_ms = max(0, round((time.perf_counter() - started) * 1000))
        try:
            if ticket.unrecorded is None:
                await self.ledger.finish_query(
                    ticket.query_id, answer, latency_ms=latency_ms, error=error_name, delivered=delivered
                )
        except StorageError as error:
            self._warn(error)
            notices.append(self._unrecorded(message, str(error)))
            recorded = False
        self._news.add_warnings(self.ledger.take_warnings())
        notices.extend(self._news.for_asker(message, datetime.now(UTC)))
        return Reply(message=message, answer=answer, notices=tuple(dict.fromkeys(notices)), recorded=recorded)

    async def delivered(self, ticket: Ticket, problem: str | None = None) -> None:
        """The platform has the answer, or refused it for good, which `problem` explains; no later start will post it."""
        self._to_close[ticket.query_id] = problem
        await self._close_queries()

    async def also_remember(self, ticket: Ticket, thread: str) -> None:
        """Let `thread`, known only now that the answer is posted, go on from the answer's question too."""
        message = ticket.message
        question = await self._last_question(message)
        if question is not None:
            await self._remember(replace(message, thread=thread, also_threads=()), question)

    async def _close_queries(self) -> None:
        """Close what is delivered, also what the ledger could not take down before."""
        for query_id, problem in list(self._to_close.items()):
            try:
                await self.ledger.close_query(query_id, problem=problem)
            except StorageError as error:
                self._warn(error)
                return
            self._to_close.pop(query_id, None)

    def _check_rate(self, ticket: Ticket) -> None:
        if ticket.not_before is not None and self._limiter is not None:
            seconds = ceil((ticket.not_before - datetime.now(UTC)).total_seconds())
            raise RateLimited(self._limiter.per_minute, max(1, seconds))

    async def _answer(self, ticket: Ticket) -> tuple[Answer, Parsed]:
        message = ticket.message
        deadline = Deadline(self.settings.llm_timeout)
        previous = await self._last_question(message)
        parsed = await self._cascade.parse(message.text, previous, ticket.query_id, deadline)
        books = await self._books(message, parsed.questions)
        answering = partial(
            answer_questions,
            parsed.questions,
            self.knowledge,
            self.settings,
            datetime.now(UTC),
            books,
            parsed.notes,
        )
        # Counting a text loads a vocabulary of megabytes, for which the loop must not wait; all else takes milliseconds.
        counts = any(question.kind == "tokens" for question in parsed.questions)
        answer = await asyncio.to_thread(answering) if counts else answering()
        main = parsed.questions[0]
        if not isinstance(main, OutOfScope):
            await self._remember(message, main)
        stamped = replace(
            answer, parser=parsed.parser, spend=parsed.spend, parsed=_parsed_json(parsed.questions)
        )
        if self._composer is not None and len(parsed.questions) == 1:
            stamped = await self._composer.compose(stamped, main, message.text, ticket.query_id, deadline)
        return stamped, parsed

    async def _last_question(self, message: Message) -> Question | None:
        try:
            return await self._conversations.last_question(message)
        except StorageError as error:
            self._warn(error)
            return None

    async def _remember(self, message: Message, question: Question) -> None:
        try:
            await self._conversations.remember(message, question)
        except StorageError as error:
            self._warn(error)

    async def _books(self, message: Message, questions: tuple[Question, ...]) -> Books | None:
        """What the ledger says, for a question about the bot's own usage; one's own rows only, unless one is an administrator."""
        usage = next((q for q in questions if isinstance(q, UsageQuestion)), None)
        if usage is None:
            return None
        return await Books.read(self.ledger, usage, message, self.settings)

    def _unrecorded(self, message: Message, problem: str) -> str:
        """What to say to a person whose answer is not stored; what is wrong with the machine is its operator's business."""
        return f"This answer is not on record{f': {problem}' if is_operator(message, self.settings) else '.'}"

    def _warn(self, error: StorageError) -> None:
        log.warning("%s", error)


def _parsed_json(questions: tuple[Question, ...]) -> dict[str, object]:
    data: dict[str, object] = question_to_json(questions[0])
    if len(questions) > 1:
        data["further"] = [question_to_json(question) for question in questions[1:]]
    return data
