"""The running sum of what the calls for one question have cost."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal

from bot.answers import Spend
from bot.spend.calls import CallUsage
from knowledge.lazy_dataclass import dataclass


@dataclass
class Tally:
    """What the calls for one question have cost so far, whether they succeeded or not."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = field(default_factory=Decimal)

    def add(self, usage: CallUsage, cost: Decimal | None) -> None:
        """Count one call with what it is charged at."""
        self.calls += 1
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cost = None if self.cost is None or cost is None else self.cost + cost

    @property
    def spend(self) -> Spend:
        """The sum as an answer shows it."""
        return Spend(self.calls, self.input_tokens, self.output_tokens, self.cost)
