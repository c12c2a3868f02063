"""Work that several askers want at the same moment and that is to be paid for once.

While the work for a key is under way, everybody else who asks for the same key waits for its outcome instead of starting it again:
the result, or the error. One asker who gives up takes nothing from the others; when all have given up, the work is cancelled.
Nothing is kept afterwards: that is the parse store's duty. For one event loop.

What a budget refuses is refused to whoever asked first: those who wait have budgets of their own, and ask again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from bot.parsing.llm.deadline import Deadline
from bot.spend.budgets import Refusal
from bot.spend.call_failures import LlmCallError

T = TypeVar("T")

_SHARED_TRIES = 2
"""How often to wait for another's call that a budget of theirs may refuse, before asking alone."""


class UnderWay(Generic[T]):
    """The work under way, by key."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}
        self._waiting: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    async def ask(self, key: str, work: Callable[[], Coroutine[Any, Any, T]], deadline: Deadline) -> T:
        """The outcome of `work`, which keeps to the deadline by itself, or of the same work of another, waited for until then.

        Raises what the work raises, and `LlmCallError` when another's takes too long.
        """
        for _ in range(_SHARED_TRIES):
            if key not in self._tasks:
                return await self.run(key, work)
            try:
                async with asyncio.timeout_at(deadline.begin()):
                    return await self.run(key, work)
            except TimeoutError:
                raise LlmCallError("timeout", "The language model took too long to answer.") from None
            except Refusal:
                continue
        return await work()

    async def run(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The outcome of the work for `key`: of `work`, or of the same work if it is under way already."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.ensure_future(work())
            self._tasks[key] = task
            self._waiting[key] = 0
            task.add_done_callback(lambda done: self._forget(key, done))
        self._waiting[key] += 1
        try:
            return await asyncio.shield(task)
        finally:
            self._leave(key, task)

    def _leave(self, key: str, task: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is not task:
            return  # done, or cancelled and started anew by somebody else
        self._waiting[key] -= 1
        if not self._waiting[key]:
            self._drop(key)
            task.cancel()

    def _forget(self, key: str, task: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is task:
            self._drop(key)
        if not task.cancelled():
            task.exception()  # seen by those who wait; without any of them it is no error of the loop's

    def _drop(self, key: str) -> None:
        del self._tasks[key], self._waiting[key]
