"""First come, first answered within a conversation, while different conversations run side by side.

A place is taken at once when an event arrives, before anything is awaited, so that the order of arrival is the order of answers
even though each event is then handled by a task of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from types import TracebackType


class Turns:
    """The queues of all conversations; a conversation without anybody waiting takes no memory."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Turn] = {}

    def take(self, conversation: Hashable) -> Turn:
        """Take the next place of a conversation. Its holder must `leave` it, or use it as a context manager."""
        turn = Turn(self, conversation, self._last.get(conversation))
        self._last[conversation] = turn
        return turn

    def _over(self, turn: Turn) -> None:
        if self._last.get(turn.conversation) is turn:
            del self._last[turn.conversation]

    def __len__(self) -> int:
        return len(self._last)


class Turn:
    """One place in a conversation's queue; entering waits for everybody before it, leaving lets the next one in."""

    def __init__(self, turns: Turns, conversation: Hashable, before: Turn | None) -> None:
        self.conversation = conversation
        self._turns = turns
        self._before = None if before is None else before._done
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Turn:
        if self._before is not None:
            await asyncio.shield(self._before)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the place up, also before its turn came; those behind still wait for those before. May be called twice."""
        if self._before is not None and not self._before.done():
            self._before.add_done_callback(lambda _: self._finish())
        else:
            self._finish()

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
        self._turns._over(self)
