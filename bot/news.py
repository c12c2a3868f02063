"""What the operator should know (a budget that fills up, a damaged ledger), for the administrators among those who ask.

The operator's log has it already: the ledger writes each piece there, once. In a terminal the log is what the person sees, so only
users of a platform who are administrators are told here, each of them once, with the answer to a question of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from bot.messages import Message
from bot.people import Person, is_administrator
from knowledge.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.spend.budgets import BudgetWarning

_KEPT = 20
"""Pieces of news that are kept for administrators who have not asked anything yet."""


@dataclass(frozen=True)
class _Piece:
    number: int
    text: str
    until: datetime | None


class News:
    """The news of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pieces: list[_Piece] = []
        self._count = 0
        self._told: dict[Person, int] = {}
        """The number of the last piece that each administrator was told of."""

    def add(self, text: str, until: datetime | None = None) -> None:
        """A piece of news; after `until` it is none any more."""
        self._count += 1
        self._pieces = [*self._pieces, _Piece(self._count, text, until)][-_KEPT:]

    def add_warnings(self, warnings: Iterable[BudgetWarning]) -> None:
        """Budgets that have just reached one of their marks."""
        for warning in warnings:
            self.add(str(warning), warning.resets_at)

    def for_asker(self, message: Message, now: datetime) -> tuple[str, ...]:
        """What the person who asks has not been told yet; nothing for those who are no administrators."""
        if message.operator or not is_administrator(message, self._settings):
            return ()
        last = self._told.get(message.person, 0)
        self._told[message.person] = self._count
        return tuple(p.text for p in self._pieces if p.number > last and (p.until is None or now < p.until))
