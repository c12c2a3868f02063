"""A router that answers as a test tells it to, with the interface of `bot.router.Router` that adapters use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.answers import Answer, Citation, Figure, Lever
from bot.messages import Message, Reply

ESTIMATE = Answer(
    status="answered",
    kind="estimate",
    headline="10,000 requests a day to gpt-4o (OpenAI) cost $32.50 a day, $975 a month.",
    figures=(
        Figure(label="Cost", amount=Decimal("32.5"), unit="USD", per="day", model="gpt-4o", source="p1"),
        Figure(label="Cost", amount=Decimal("975"), unit="USD", per="month", model="gpt-4o", source="p1"),
    ),
    assumptions=("A month is 30 days.", "No input is cached."),
    citations=(
        Citation(id="p1", title="OpenAI prices", url="https://openai.com/api/pricing", as_of="2026-11-20"),
    ),
    levers=(Lever(name="batch", label="Batch", amount=Decimal("16.25"), saving=Decimal("16.25"), per="day"),),
    receipt="r-7f3a",
)


@dataclass(frozen=True)
class Ticket:
    message: Message
    query_id: int
    stored: Answer | None = None


class ScriptedRouter:
    """Answers with `answer`; remembers each conversation as the list of what was asked in it, which shows what a follow-up saw."""

    def __init__(self) -> None:
        self.answer_to: dict[str, Answer] = {}
        self.asked: list[Message] = []
        self.admitted: list[Message] = []
        self.seen: set[str] = set()
        self.left_over: list[Ticket] = []
        self.threads: dict[tuple[str, str, str, str], str] = {}
        self.gate: asyncio.Event | None = None
        self.notices: tuple[str, ...] = ()
        self.delivered_texts: list[str] = []
        self.problems: list[str] = []

    async def admit(self, message: Message) -> Ticket | None:
        if self.seen.intersection(message.dedup_keys):
            return None
        self.seen.update(message.dedup_keys)
        self.admitted.append(message)
        return Ticket(message, len(self.admitted))

    async def delivered(self, ticket: Ticket, problem: str | None = None) -> None:
        if problem is None:
            self.delivered_texts.append(ticket.message.text)
        else:
            self.problems.append(problem)

    async def also_remember(self, ticket: Ticket, thread: str) -> None:
        self.threads[ticket.message.in_thread(thread)] = self.threads[ticket.message.conversation]

    async def answer(self, ticket: Ticket) -> Reply:
        message = ticket.message
        if ticket.stored is not None:
            return Reply(message=message, answer=ticket.stored)
        self.asked.append(message)
        if self.gate is not None:
            await self.gate.wait()
        threads = [message.in_thread(thread) for thread in (message.thread, *message.also_threads)]
        before = next((self.threads[thread] for thread in threads if thread in self.threads), "")
        now = f"{before} > {message.text}" if before else message.text
        self.threads.update(dict.fromkeys(threads, now))
        answer = self.answer_to.get(message.text, ESTIMATE)
        return Reply(
            message=message,
            answer=replace(answer, details=(*answer.details, f"so far: {now}")),
            notices=self.notices,
        )

    async def unfinished(self, platform: str) -> list[Ticket]:
        assert platform == "discord"
        left, self.left_over = self.left_over, []
        return left
