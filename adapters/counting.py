"""The router with the service's counters around it, so that all platforms are counted alike and know nothing of it."""

from __future__ import annotations

import time

from adapters.metrics import Metrics
from bot.messages import Message, Reply
from bot.router import Router, Ticket


class CountingRouter(Router):
    """The router, counting what passes through it; open it with `CountingRouter.open` and give it the service's `metrics`."""

    metrics: Metrics

    async def admit(self, message: Message) -> Ticket | None:
        ticket = await super().admit(message)
        name = "aicost_repeated_events_total" if ticket is None else "aicost_questions_total"
        self.metrics.count(name, platform=message.platform)
        return ticket

    async def answer(self, ticket: Ticket, *, delivered: bool = False) -> Reply:
        started = time.perf_counter()
        reply = await super().answer(ticket, delivered=delivered)
        if ticket.stored is not None:
            return reply  # made, and paid for, by an earlier process
        self.metrics.answered(time.perf_counter() - started)
        if reply.answer is not None:
            self.metrics.count(
                "aicost_answers_total",
                platform=ticket.message.platform,
                status=reply.answer.status,
                parser=reply.answer.parser,
            )
            self.metrics.spent(reply.answer.spend)
        return reply
