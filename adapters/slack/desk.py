"""Where Slack's questions are taken up, answered in order and sent off; every task that does so is owned here.

`take_up` returns when the question is in the ledger, so that Slack may be told; a task then answers, and posts until Slack has the
answer or refuses it for good. What a stop or a crash cuts off stays open in the ledger, and `resume` takes it up at the next start;
an answer that may have been posted already is looked for first.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from adapters.platform import Turns
from adapters.slack.posting import Address, Poster, Refused, Unavailable
from adapters.slack.render import render
from bot.messages import Message, Reply

if TYPE_CHECKING:
    from bot.answers import Answer

log = logging.getLogger(__name__)

_AT_ONCE = 64
"""Questions that are answered at the same time; further ones wait (they are in the ledger by then)."""

_RECENT = 5_000
"""Event keys kept in memory."""

_WAIT_FIRST, _WAIT_MOST = 0.5, 60.0
"""Seconds between attempts to post one answer while Slack is in trouble: the first wait, doubled each time up to the longest."""

_NOBODY_WAITS = timedelta(hours=1)
"""Age of a question after which its answer is not posted any more; a later start leaves it alone too."""


class AdmittedMessage(Protocol):
    """A message in the ledger (`bot.router.Ticket`)."""

    @property
    def message(self) -> Message: ...

    @property
    def stored(self) -> Answer | None: ...


T = TypeVar("T", bound=AdmittedMessage)


class QuestionRouter(Protocol, Generic[T]):
    """What the adapter needs of `bot.router.Router`."""

    async def admit(self, message: Message) -> T | None: ...

    async def answer(self, ticket: T) -> Reply: ...

    async def delivered(self, ticket: T, problem: str | None = None) -> None: ...

    async def unfinished(self, platform: str) -> Sequence[T]: ...


class Desk(Generic[T]):
    """Takes questions up and sees each through to its posted answer."""

    def __init__(self, router: QuestionRouter[T], poster: Poster) -> None:
        self._router = router
        self._poster = poster
        self._turns = Turns()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._work: set[asyncio.Task[None]] = set()
        self._recent: OrderedDict[tuple[str, str], asyncio.Future[None]] = OrderedDict()
        self._closing = False

    async def take_up(self, message: Message, response_url: str | None = None) -> None:
        """Put a message into the ledger, and have it answered unless it repeats one.

        The ledger knows repetitions, also those of before a restart. Here they are noticed once more, in memory: a ledger that is
        locked by another program is slow, Slack delivers again after three seconds, and both deliveries would be under way.
        """
        keys = [(message.workspace, key) for key in message.dedup_keys]
        first = next((self._recent[key] for key in keys if key in self._recent), None)
        if first is not None:
            await asyncio.shield(first)  # a repetition is acknowledged when the first delivery is
            return
        admission = asyncio.get_running_loop().create_future()
        self._recent.update(dict.fromkeys(keys, admission))
        try:
            ticket = await self._router.admit(message)
        except BaseException as error:
            for key in keys:
                self._recent.pop(key, None)
            admission.set_exception(error if isinstance(error, Exception) else ConnectionAbortedError())
            admission.exception()  # nobody needs to be waiting for it
            raise
        admission.set_result(None)
        while len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
        if ticket is not None and not self._closing:
            self._own(self._answer(ticket, Address.of(message, response_url)))

    def resume(self, tickets: Sequence[T]) -> None:
        """Have questions answered that an earlier process took up."""
        for ticket in tickets:
            self._own(self._answer(ticket, Address.of(ticket.message)))

    async def close(self, grace: float) -> None:
        """Give the answers in work `grace` seconds, then leave the rest to the next start; what comes in now is left to it too."""
        self._closing = True
        if self._work:
            await asyncio.wait(self._work, timeout=grace)
        if self._work:
            log.warning("%d Slack questions are left to the next start", len(self._work))
        await cancelled(list(self._work))

    async def _answer(self, ticket: T, address: Address) -> None:
        message = ticket.message
        widest = (message.thread, *message.also_threads)[
            -1
        ]  # direct messages are answered in turn across threads
        async with self._turns.turn(message.in_thread(widest)):
            async with self._room:
                reply = await self._router.answer(ticket)
            await self._deliver(ticket, reply, address)

    async def _deliver(self, ticket: T, reply: Reply, address: Address) -> None:
        """Post an answer, once if that can be known, until Slack takes it or refuses it for good, or nobody waits any more."""
        assert reply.answer is not None
        receipt, message = reply.answer.receipt, render(reply)
        nobody_waits = ticket.message.received_at + _NOBODY_WAITS
        perhaps_posted = ticket.stored is not None
        wait = _WAIT_FIRST
        while True:
            try:
                if not (perhaps_posted and await self._poster.posted(address, receipt)):
                    await self._poster.post(address, message)
            except Refused as refusal:
                log.error("an answer could not be posted to %s: %s", address.channel, refusal)
                await self._router.delivered(ticket, f"Slack refused the answer: {refusal}")
                return
            except Unavailable as trouble:
                perhaps_posted = True
                wait = max(wait, trouble.wait)
                if datetime.now(UTC) + timedelta(seconds=wait) > nobody_waits:
                    log.error("an answer could not be posted to %s in time: %s", address.channel, trouble)
                    return
                log.warning(
                    "an answer could not be posted to %s (%s); next attempt in %.1f s",
                    address.channel,
                    trouble,
                    wait,
                )
                await asyncio.sleep(wait)
                wait = min(2 * wait, _WAIT_MOST)
            else:
                await self._router.delivered(ticket)
                return

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a Slack question could not be answered", exc_info=error)


async def cancelled(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
