"""One end for everything that a language model is asked for one question."""

from __future__ import annotations

import asyncio


class Deadline:
    """`seconds` (of the running loop's clock) for all calls of a question together: waiting for room in a budget, for another who
    asks the same, every try, other forms of the request, and putting the answer into sentences.

    It begins when the first of them could be sent. Importing the SDK, a second of this machine's own once in a process, is over by
    then; what is found in the store needs no deadline at all.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at: float | None = None

    def begin(self) -> float:
        """The loop's time at which all must be over; the first caller sets it."""
        if self._at is None:
            self._at = asyncio.get_running_loop().time() + self._seconds
        return self._at
