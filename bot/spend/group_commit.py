"""Writes that wait at the same moment go to the ledger's thread together and are committed in one transaction.

A commit and the way to another thread and back cost more than most writes do, most of all a durable one, for which the disk must
report. Nothing is delayed for company: a write is sent at
the end of the event loop's present turn or, while others are under way, as soon as they are done. Each caller goes on when its
write is committed, not before, and has its own result or its own error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from sqlite3 import Connection
from typing import Any, TypeVar

from bot.errors import StorageError

T = TypeVar("T")

Work = Callable[[Connection], Any]
Outcome = Any
"""What a work returned, or the exception that it raised."""

_Waiting = list[tuple[Work, bool, asyncio.Future[Any]]]
"""The works, whether each must be durable, and who waits for it."""

MOST_AT_ONCE = 64
"""Writes of one transaction, so that other processes come to their turn."""


class GroupCommit:
    """The writes of one ledger; `commit` does several works in one transaction, durable or not, and is called in `thread`."""

    def __init__(self, thread: Executor, commit: Callable[[Sequence[Work], bool], Sequence[Outcome]]) -> None:
        self._thread = thread
        self._commit = commit
        self._waiting: _Waiting = []
        self._under_way = 0
        """Transactions that the thread has not done yet."""

    async def write(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        """Do `work` in a transaction, and return once that is committed; the work is done even if the caller is cancelled.

        With `durable` it is on the disk then, and so is all that goes with it.

        Raises what the work raises, or the `StorageError` for which nothing could be committed.
        """
        loop = asyncio.get_running_loop()
        written: asyncio.Future[T] = loop.create_future()
        self._waiting.append((work, durable, written))
        if len(self._waiting) == 1 and not self._under_way:
            loop.call_soon(self._send_next)
        return await written

    def send_all(self) -> None:
        """Hand over what still waits, so that nothing else that the thread is given overtakes it."""
        while self._waiting:
            self._send()

    def _send_next(self) -> None:
        if self._waiting and not self._under_way:
            self._send()

    def _send(self) -> None:
        batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        loop = asyncio.get_running_loop()

        def commit() -> None:
            outcomes: Sequence[Outcome]
            try:
                outcomes = self._commit(
                    [work for work, _, _ in batch], any(durable for _, durable, _ in batch)
                )
            except BaseException as error:
                outcomes = [error] * len(batch)
            with suppress(RuntimeError):  # the loop was closed; nobody waits any more
                loop.call_soon_threadsafe(self._tell, batch, outcomes)

        self._under_way += 1
        try:
            self._thread.submit(commit)
        except RuntimeError:
            self._tell(batch, [StorageError("The ledger is closed.", "Open it again.")] * len(batch))

    def _tell(self, batch: _Waiting, outcomes: Sequence[Outcome]) -> None:
        self._under_way -= 1
        for (_, _, written), outcome in zip(batch, outcomes, strict=True):
            if written.done():  # its caller was cancelled
                continue
            if isinstance(outcome, BaseException):
                written.set_exception(outcome)
            else:
                written.set_result(outcome)
        self._send_next()
