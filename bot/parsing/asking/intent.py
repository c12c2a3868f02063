"""What kinds of questions there are, and how sure the rules are of one."""

from __future__ import annotations

from typing import Literal

from knowledge.lazy_dataclass import dataclass

Kind = Literal[
    "price", "estimate", "compare", "capacity", "tokens", "history", "training", "fine_tuning", "self_hosting",
    "break_even", "fact", "usage", "help", "out_of_scope",
]  # fmt: skip


@dataclass(frozen=True)
class Intent:
    """A kind and how sure the rules are of it, from 0 to 1."""

    kind: Kind
    confidence: float
