"""Exact figures from decimals: calculated with more digits than are given, so that no division leaves a trace.

100 words are 133.333… tokens; what they cost is $0.001, not $0.000999…9. A figure whose exact value has no end is given with 28
significant digits.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from decimal import ROUND_FLOOR, Context, Decimal, localcontext

from bot.answers import Answer
from knowledge.lazy_dataclass import replace

_CALCULATED = 60
_GIVEN = Context(prec=28)


def exactly() -> AbstractContextManager[Context]:
    """A block whose divisions keep 60 digits."""
    return localcontext(prec=_CALCULATED)


def settled(amount: Decimal) -> Decimal:
    """An amount as it is given: what lies beyond 28 significant digits is the trace of a division."""
    if len(amount.as_tuple().digits) <= _GIVEN.prec:
        return amount
    rounded = amount.normalize(_GIVEN)
    return rounded.quantize(Decimal(1)) if int(rounded.as_tuple().exponent) > 0 else rounded


def whole(amount: Decimal) -> Decimal:
    """The whole things in an amount: 10 in 9.999…9, which a division left of 10."""
    return settled(amount).to_integral_value(ROUND_FLOOR)


def settle(answer: Answer) -> Answer:
    """An answer whose figures and steps are all settled."""
    return replace(
        answer,
        figures=tuple(replace(figure, amount=settled(figure.amount)) for figure in answer.figures),
        steps=tuple(
            replace(
                step,
                count=None if step.count is None else settled(step.count),
                amount=settled(step.amount),
            )
            for step in answer.steps
        ),
    )
