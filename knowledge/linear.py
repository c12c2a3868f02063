"""The total of a request as one sum of integers: the same digits as adding up its bill, in a tenth of the time.

What a set of rates charges is linear in the reported counts: each count has one weight, the price of its unit less that of the
whole it is a part of. Weights are integers in units of 10**-20 US dollars, so nothing is rounded; where a price does not fit
that grid, or the sum would have more digits than the bill keeps, there is no such sum and the bill is added up instead.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from decimal import Decimal
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from knowledge.units import MAX_COUNT, Count, Plan

if TYPE_CHECKING:
    from knowledge.ratecard import Rate

SCALE = 20
_DIGITS = 10**28  # as many as the bill keeps


class Linear(NamedTuple):
    """Weights for one set of reported keys, one tuple for each context tier."""

    weights: tuple[tuple[int, ...], ...]
    constants: tuple[int, ...]
    """What a request costs by itself."""
    thresholds: tuple[int, ...]
    size: int
    """Where in the counts the input tokens stand that choose the tier; -1 where there is one tier only."""
    pairs: tuple[tuple[int, int], ...]
    """Places of a part and its whole, which it must not exceed."""
    limits: tuple[tuple[int, ...], ...]
    """Sums of counts that must not be negative: what is left of a whole after all its parts."""

    def total(self, counts: tuple[Count, ...]) -> int | None:
        """The price of one request in units of 10**-20 US dollars; None where it must be computed the long way, or refused."""
        tier = bisect_left(self.thresholds, counts[self.size]) if self.thresholds else 0
        total = self.constants[tier]
        for count, weight in zip(counts, self.weights[tier], strict=True):
            if type(count) is not int or not 0 <= count <= MAX_COUNT:
                return None
            total += count * weight
        for part, whole in self.pairs:
            if counts[part] > counts[whole]:
                return None
        for limit in self.limits:
            if sum(map(mul, counts, limit)) < 0:
                return None
        return total if total < _DIGITS else None


def linear_of(rates: Mapping[str, Rate], plan: Plan, keys: tuple[str, ...]) -> Linear | None:
    """The weights of these reported keys under some rates; None where the total is not such a sum, or not the whole cost."""
    form = plan.form(keys)
    thresholds = sorted({above for rate in rates.values() for above, _ in rate.tiers})
    if (
        form is None
        or any(rate.minimum for rate in rates.values())
        or (thresholds and "input_tokens" not in keys)
    ):
        return None
    weights: list[tuple[int, ...]] = []
    constants: list[int] = []
    for size in (0, *(threshold + 1 for threshold in thresholds)):
        prices = [_grid(rate.at(size)[0], rate.per) for rate in rates.values()]
        exact = [price for price in prices if price is not None]
        if len(exact) < len(prices):
            return None
        charged = list(zip(exact, form.shares, plan.units, strict=True))
        weights.append(
            tuple(sum(price * share[at] for price, share, _ in charged) for at in range(len(keys)))
        )
        constants.append(sum(price for price, _, unit in charged if unit == "requests"))
    size_at = keys.index("input_tokens") if thresholds else -1
    return Linear(tuple(weights), tuple(constants), tuple(thresholds), size_at, form.pairs, form.limits)


def _grid(price: Decimal, per: int) -> int | None:
    """A price of one as an integer on the grid; None if it lies between."""
    numerator, denominator = price.as_integer_ratio()
    whole, rest = divmod(numerator * 10**SCALE, denominator * per)
    return None if rest else whole
