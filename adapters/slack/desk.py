"""Where Slack's questions are taken up, answered in order and sent off; every task that does so is owned here.

`take_up` returns when the question is in the ledger, so that Slack may be told; a task then answers. What a stop or a crash
cuts off stays unfinished in the ledger, and `resume` takes it up at the next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from adapters.platform import Turns
from adapters.slack.events import wider_conversation
from adapters.slack.posting import Address, Poster
from adapters.slack.render import render
from bot.errors import StorageError
from bot.messages import Message, Reply

if TYPE_CHECKING:
    from bot.conversation import Conversation, ThreadStore

log = logging.getLogger(__name__)

_AT_ONCE = 64
"""Questions that are answered at the same time; further ones wait (they are in the ledger by then)."""

_RECENT = 5_000
"""Event keys kept in memory."""


class AdmittedMessage(Protocol):
    """A message in the ledger (`bot.router.Ticket`)."""

    @property
    def message(self) -> Message: ...


T = TypeVar("T", bound=AdmittedMessage)


class QuestionRouter(Protocol, Generic[T]):
    """What the adapter needs of `bot.router.Router`."""

    @property
    def ledger(self) -> ThreadStore: ...

    async def admit(self, message: Message) -> T | None: ...

    async def answer(self, ticket: T) -> Reply: ...

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
        wider = wider_conversation(message)
        async with self._turns.turn(wider or message.conversation), self._room:
            if wider is not None:
                await self._copy_thread(wider, message.conversation, only_into_empty=True)
            reply = await self._router.answer(ticket)
            if wider is not None:
                await self._copy_thread(message.conversation, wider)
            if not reply.duplicate:
                await self._poster.post(address, render(reply))

    async def _copy_thread(
        self, source: Conversation, target: Conversation, *, only_into_empty: bool = False
    ) -> None:
        """Let one conversation refer to another's last question: a direct message continues its channel, and the reverse."""
        threads = self._router.ledger
        try:
            if only_into_empty and await threads.load_thread(target) is not None:
                return
            question = await threads.load_thread(source)
            if question is not None:
                await threads.save_thread(target, question)
        except StorageError as error:
            log.warning("%s", error)

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
