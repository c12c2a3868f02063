"""Exact figures from decimals: calculated with more digits than are given, so that no division leaves a trace.

100 words are 133.333… tokens; what they cost is $0.001, not $0.000999…9. A figure whose exact value has no end is given with 28
significant digits.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from decimal import ROUND_FLOOR, Context, Decimal, localcontext

from bot.answers import Answer, Figure, Step
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
        figures=tuple(map(_settled_figure, answer.figures)),
        steps=tuple(map(_settled_step, answer.steps)),
    )


def _settled_figure(figure: Figure) -> Figure:
    amount = settled(figure.amount)
    return figure if amount is figure.amount else replace(figure, amount=amount)


def _settled_step(step: Step) -> Step:
    count, amount = None if step.count is None else settled(step.count), settled(step.amount)
    return (
        step if count is step.count and amount is step.amount else replace(step, count=count, amount=amount)
    )
