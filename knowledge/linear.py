"""The total of a request as one sum of integers: the same digits as adding up its bill, in a tenth of the time.

What a set of rates charges is linear in the reported counts: each count has one weight, the price of its unit less that of the
whole it is a part of. Weights are integers on a decimal grid as fine as the prices, so nothing is rounded; where a price does
not fit one, or the sum would have more digits than the bill keeps, there is no such sum and the bill is added up instead.
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

FINEST = 20
"""No grid has more decimals of a US dollar."""
_DIGITS = 10**28  # as many as the bill keeps
_DECIMALS = {10**exponent: exponent for exponent in range(13)}


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
    decimals: int
    """The grid: weights and totals are in units of 10**-decimals US dollars."""

    def total(self, counts: tuple[Count, ...]) -> int | None:
        """The price of one request on the grid; None where it must be computed the long way, or refused."""
        tier = bisect_left(self.thresholds, counts[self.size]) if self.thresholds else 0
        total = self.constants[tier]
        for count, weight in zip(counts, self.weights[tier]):  # noqa: B905 - `strict` costs a tenth here
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
    if form is None or any(rate.minimum for rate in rates.values()):
        return None
    charged = [
        (rate, share, unit == "requests")
        for rate, share, unit in zip(rates.values(), form.shares, plan.units, strict=True)
        if any(share) or unit == "requests"
    ]
    thresholds = sorted({above for rate in rates.values() for above, _ in rate.tiers})
    if thresholds and "input_tokens" not in keys:
        return None
    tiers = [0, *(threshold + 1 for threshold in thresholds)]
    singles = [[_single(rate.at(size)[0], rate.per) for rate, _, _ in charged] for size in tiers]
    prices = [[single for single in row if single is not None] for row in singles]
    decimals = max((-int(price.as_tuple().exponent) for row in prices for price in row), default=0)
    if prices != singles or not 0 <= decimals <= FINEST:
        return None
    weights, constants = [], []
    for row in prices:
        exact = [int(price.scaleb(decimals)) for price in row]
        sums = [(price, share, once) for price, (_, share, once) in zip(exact, charged, strict=True)]
        weights.append(tuple(sum(price * share[at] for price, share, _ in sums) for at in range(len(keys))))
        constants.append(sum(price for price, _, once in sums if once))
    return Linear(
        weights=tuple(weights),
        constants=tuple(constants),
        thresholds=tuple(thresholds),
        size=keys.index("input_tokens") if thresholds else -1,
        pairs=form.pairs,
        limits=form.limits,
        decimals=decimals,
    )


def _single(price: Decimal, per: int) -> Decimal | None:
    """The price of one, with no digit more than it needs; None if it has no end."""
    if per not in _DECIMALS:
        return None
    single = price.scaleb(-_DECIMALS[per]).normalize()
    return single if single.as_tuple().exponent <= 0 else single.quantize(Decimal(1))  # type: ignore[operator]
