"""The total of a request as one sum of integers: the same digits as adding up its bill, in a tenth of the time.

What a set of rates charges is linear in the reported counts: each count has one weight, the price of its unit less that of the
whole it is a part of. Weights are integers on a decimal grid as fine as the prices, so nothing is rounded; where a price does
not fit one, or the sum would have more digits than the bill keeps, there is no such sum and the bill is added up instead.

For a card that is used again and again the sum is compiled: Python source made of nothing but counts and weights by number, one
for each form that sums have, so that a call takes half a microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from knowledge.units import MAX_COUNT, Plan

if TYPE_CHECKING:
    from knowledge.ratecard import Rate

FINEST = 20
"""No grid has more decimals of a US dollar."""
_DIGITS = 10**28  # as many as the bill keeps
_BILL = Context(prec=28, rounding=ROUND_HALF_EVEN)
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

    def compiled(self) -> Total:
        """The same as a function of the counts."""
        make = _maker(
            len(self.weights[0]),
            len(self.thresholds),
            self.size,
            self.pairs,
            self.limits,
            any(self.constants),
            self._fits(),
        )
        tiers = [(*weights, constant) for weights, constant in zip(self.weights, self.constants, strict=True)]
        return make(tiers, self.thresholds, Decimal(1).scaleb(-self.decimals), _BILL.multiply)

    def _fits(self) -> bool:
        """Whether no counts make a total of more digits than a bill keeps."""
        most = (
            sum(weight for weight in weights if weight > 0) * MAX_COUNT + constant
            for weights, constant in zip(self.weights, self.constants, strict=True)
        )
        return max(most) < _DIGITS


Total = Callable[..., Decimal | None]
"""Takes the counts of one request, in the order of the keys, and gives its price in US dollars; None where the price must be
computed the long way, or the counts be refused."""


@lru_cache
def _maker(
    counts: int,
    thresholds: int,
    size: int,
    pairs: tuple[tuple[int, int], ...],
    limits: tuple[tuple[int, ...], ...],
    constant: bool,
    fits: bool,
) -> Callable[..., Total]:
    """The function that makes totals of one form of the weights of its tiers, the thresholds, the grid, and a product."""
    if not counts:
        return lambda tiers, _thresholds, grid, multiply: lambda: multiply(tiers[0][-1], grid)
    names = [f"c{place}" for place in range(counts)]
    whole = " is ".join(f"type({name})" for name in names) + " is int"
    inside = " and ".join(_bounds(counts, pairs))
    rests = "".join(
        " and " + " + ".join(f"{factor} * c{place}" for place, factor in enumerate(limit) if factor) + " >= 0"
        for limit in limits
    )
    lines = ["def make(tiers, thresholds, grid, multiply):"]
    for tier in range(thresholds + 1):
        weights = ", ".join(f"t{tier}w{place}" for place in range(counts))
        lines.append(f"    {weights}, t{tier} = tiers[{tier}]")
    lines += [f"    above{tier} = thresholds[{tier}]" for tier in range(thresholds)]
    lines.append(f"    def total({', '.join(names)}):")
    lines.append(f"        if {whole} and {inside}{rests}:")
    for tier in range(thresholds, -1, -1):
        total = " + ".join(f"{name} * t{tier}w{place}" for place, name in enumerate(names))
        total += f" + t{tier}" if constant else ""
        deeper = ""
        if thresholds:
            deeper = "    "
            above = f"if c{size} > above{tier - 1}" if tier else ""
            word = "el" if tier and tier < thresholds else ""
            lines.append(f"            {word}{above}:" if tier else "            else:")
        lines.append(f"            {deeper}total = {total}")
    lines.append(
        f"            return multiply(total, grid){'' if fits else f' if total < {_DIGITS} else None'}"
    )
    lines.append("    return total")
    defined: dict[str, Any] = {}
    exec("\n".join(lines), defined)  # nothing of it was read from anywhere: numbers and the names above
    made: Callable[..., Total] = defined["make"]
    return made


def _bounds(counts: int, pairs: tuple[tuple[int, int], ...]) -> list[str]:
    """Comparisons that hold every count between 0 and `MAX_COUNT`, and parts below their wholes: each bound once."""
    found, above, below = [], set[int](), set[int]()
    for part, whole in pairs:
        least = "" if part in above else "0 <= "
        most = "" if whole in below else f" <= {MAX_COUNT}"
        found.append(f"{least}c{part} <= c{whole}{most}")
        above |= {part, whole}
        below |= {part, whole}
    for place in range(counts):
        if place not in above:
            found.append(f"0 <= c{place} <= {MAX_COUNT}")
    return found


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
