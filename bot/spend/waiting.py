"""Calls that wait for room in a budget: first come, first served, woken one at a time, lest each settled call wakes hundreds."""

from __future__ import annotations

import asyncio
from collections import deque

LOOK_AGAIN_SECONDS = 0.25
"""After this a waiting call looks by itself, because calls of other processes settle without telling us."""


class WaitingRoom:
    """The waiting calls of one ledger, in one event loop."""

    def __init__(self) -> None:
        self._turns: deque[asyncio.Future[None]] = deque()

    async def wait(self, seconds: float) -> None:
        """Return when it is this call's turn to look again, at the latest after `seconds` or `LOOK_AGAIN_SECONDS`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            await asyncio.wait([turn], timeout=min(seconds, LOOK_AGAIN_SECONDS))
        finally:
            if not turn.done():
                self._turns.remove(turn)

    def wake_next(self) -> None:
        """Tell the call that waits longest that there may be room."""
        if self._turns:
            self._turns.popleft().set_result(None)
