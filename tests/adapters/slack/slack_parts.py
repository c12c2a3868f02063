"""Parts of the Slack tests: a router whose answers are foreseeable, and settings that lead to the fake Slack."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from servers.fake_slack import FakeSlack

from bot.answers import Answer, Citation, Figure
from bot.messages import Message, Reply
from bot.settings import Settings

Conversation = tuple[str, str, str, str]


@dataclass(frozen=True)
class ScriptedTicket:
    message: Message
    stored: Answer | None = None


@dataclass
class ScriptedRouter:
    """Admits like the real router, remembers each thread's last text, and answers with both."""

    threads: dict[Conversation, str] = field(default_factory=dict)
    admitted: list[Message] = field(default_factory=list)
    answered: list[Message] = field(default_factory=list)
    delivered_texts: list[str] = field(default_factory=list)
    """Texts of the questions whose answers Slack took."""
    problems: list[str] = field(default_factory=list)
    """Why answers were given up."""
    left: list[ScriptedTicket] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    gate: asyncio.Event | None = None
    """While set up and closed, answers wait for it."""
    admission_error: Exception | None = None
    before_admission: Any = None

    async def admit(self, message: Message) -> ScriptedTicket | None:
        if self.before_admission is not None:
            await self.before_admission()
        if self.admission_error is not None:
            raise self.admission_error
        if self.seen.intersection(message.dedup_keys):
            return None
        self.seen.update(message.dedup_keys)
        self.admitted.append(message)
        return ScriptedTicket(message)

    async def delivered(self, ticket: ScriptedTicket, problem: str | None = None) -> None:
        if problem is None:
            self.delivered_texts.append(ticket.message.text)
        else:
            self.problems.append(problem)

    async def answer(self, ticket: ScriptedTicket) -> Reply:
        message = ticket.message
        if ticket.stored is not None:
            return Reply(message=message, answer=ticket.stored)
        if self.gate is not None:
            await self.gate.wait()
        threads = [message.in_thread(thread) for thread in (message.thread, *message.also_threads)]
        before = next((self.threads[thread] for thread in threads if thread in self.threads), None)
        self.threads.update(dict.fromkeys(threads, message.text))
        self.answered.append(message)
        headline = f"You asked: {message.text}" + (f" (after: {before})" if before else "")
        return Reply(message=message, answer=simple_answer(headline))

    async def unfinished(self, platform: str) -> list[ScriptedTicket]:
        assert platform == "slack"
        left, self.left = self.left, []
        return left


def simple_answer(headline: str) -> Answer:
    """A small answer with one of everything that is usual."""
    return Answer(
        status="answered",
        kind="price",
        headline=headline,
        figures=(
            Figure(label="Input", amount=Decimal("2.5"), unit="USD", per="1M input tokens", source="s1"),
            Figure(label="Output", amount=Decimal(10), unit="USD", per="1M output tokens", source="s1"),
        ),
        assumptions=("standard tier",),
        citations=(
            Citation(
                id="s1", title="OpenAI list prices", url="https://openai.com/api/pricing", as_of="2026-08-21"
            ),
        ),
        receipt="r-0123456789",
    )


def slack_settings(slack: FakeSlack, data_dir: Path, *, http: bool = False, **changes: Any) -> Settings:
    """Settings for the fake Slack: Socket Mode, or signed HTTP."""
    values: dict[str, Any] = {
        "data_dir": data_dir,
        "slack_api_url": slack.api_url,
        "slack_bot_token": slack.bot_token,
        "slack_app_token": None if http else slack.app_token,
        "slack_signing_secret": slack.signing_secret if http else None,
    }
    return Settings(**{**values, **changes})
