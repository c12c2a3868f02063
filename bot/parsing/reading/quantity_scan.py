"""Where the reading of the words behind one number stands; rules look at it and take words into the quantity."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.parsing.reading.quantity import Quantity
from knowledge.lazy_dataclass import replace

if TYPE_CHECKING:
    from bot.parsing.reading.quantity_reader import Reader


class Scan:
    """Where the reading of one number stands: at which word, and which follows it ("" where there is none)."""

    __slots__ = ("at", "done", "following", "quantity", "reader", "word")

    def __init__(self, reader: Reader, quantity: Quantity) -> None:
        self.reader = reader
        self.quantity = quantity
        self.done = False
        self._go_to(0)

    def _go_to(self, at: int) -> None:
        words = self.reader.after
        self.at = at
        self.word = words[at].text if at < len(words) else ""
        self.following = words[at + 1].text if at + 1 < len(words) else ""

    def skip(self, count: int = 1) -> None:
        """Pass over words that change nothing."""
        self._go_to(self.at + count)

    def swallow(self, count: int = 1) -> None:
        """Make words part of the quantity that say nothing by themselves."""
        for _ in range(count):
            self._go_to(self.reader.take(self.at))

    def take(self, *, done: bool = False, **changes: object) -> None:
        """Make the word part of the quantity, with what it says."""
        self.quantity = replace(self.quantity, **changes)  # type: ignore[arg-type]
        self._go_to(self.reader.take(self.at))
        self.done = done


Rule = Callable[[Scan], bool]
