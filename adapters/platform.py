"""What `aicost serve` expects of a platform, and what all platforms share: answering the messages of one conversation in turn.

An adapter translates and nothing else: its platform's event into a `Message`, the router's `Reply` into its platform's markup.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Protocol

from bot.errors import AicostError


class PlatformAdapter(Protocol):
    """A platform that `serve` starts and stops; its constructor takes the settings and the router."""

    name: str

    failure: AicostError | None
    """Why the platform will not be connected until the next start (a revoked token); the operator reads it in `/readyz`."""

    @property
    def connected(self) -> bool:
        """Whether the platform's events reach this process now; decides about `/readyz`."""
        ...

    async def start(self) -> None:
        """Connect, and take up what an earlier process left unanswered.

        Raises `AicostError` when the platform refuses for good (a wrong token). When it merely cannot be reached, the adapter
        keeps trying on its own, and `connected` says when it has succeeded.
        """
        ...

    async def stop(self) -> None:
        """Finish what is being answered, within `STOP_GRACE` seconds, and disconnect. What is not finished stays in the ledger."""
        ...


STOP_GRACE = 2.0
"""Seconds that a stopping adapter gives to the answers that are being made; the whole process must end within six."""


class Turns:
    """Lets the messages of one conversation through one after the other, in the order in which they came.

    "And with batch?" must not overtake the question that it refers to. Conversations do not wait for each other.
    """

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, conversation: Hashable) -> AsyncIterator[None]:
        """Wait until the conversation's earlier messages are done."""
        lock, waiting = self._locks.get(conversation, (None, 0))
        lock = lock or asyncio.Lock()
        self._locks[conversation] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[conversation]
            if waiting == 1:
                del self._locks[conversation]
            else:
                self._locks[conversation] = (lock, waiting - 1)

    def __len__(self) -> int:
        """Conversations that have a message in work."""
        return len(self._locks)
