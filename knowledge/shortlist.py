"""Many rate cards side by side: what one usage costs on each of them, and which are the cheapest, in a tenth of a millisecond for a
thousand cards.

What a card charges for one set of reported units is a sum of weights (see `knowledge.linear`). Here the weights of many cards stand
in columns, one for each unit, on one decimal grid, so that a usage is priced on all of them by a few passes over lists of
integers. Nothing is rounded. Cards whose total is no such sum, or too long for one, are priced one by one, with the same result.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from heapq import nsmallest
from operator import itemgetter, le, lt, mul
from typing import NamedTuple

from knowledge.errors import NoPriceError, QuantityError
from knowledge.linear import Linear
from knowledge.ratecard import RateCard
from knowledge.units import MAX_COUNT, Count, Usage, check_count

_SAFE = 10**28
"""An amount on any grid below which no total has more digits than a bill keeps."""


class Shortlist:
    """Cards in the order given, which stays."""

    def __init__(self, cards: Iterable[RateCard]) -> None:
        self.cards: Sequence[RateCard] = tuple(cards)
        self._tables: dict[tuple[str, ...], _Table] = {}

    def totals(self, usage: Usage, *, requests: Count = 1) -> Iterator[tuple[RateCard, Decimal]]:
        """Each card's total, as `RateCard.cost` gives it.

        Cards that have no rate for some of the usage are left out, since their total would not be the whole cost; so are those
        whose rates need the usage in more detail than it is given. Raises QuantityError for impossible counts.
        """
        _check(usage, requests)
        for card in self.cards:
            try:
                yield card, card.total(usage, requests=requests)
            except (NoPriceError, QuantityError):
                continue

    def cheapest(
        self, usage: Usage, *, requests: Count = 1, limit: int = 1
    ) -> list[tuple[RateCard, Decimal]]:
        """The cards with the least totals, cheapest first, equal ones in their order; those that `totals` leaves out are out."""
        _check(usage, requests)
        found = nsmallest(limit, self._amounts(usage, limit))
        return [
            (card, card.total(usage, requests=requests)) for card in (self.cards[place] for _, place in found)
        ]

    def _amounts(self, usage: Usage, limit: int) -> list[tuple[int | Decimal, int]]:
        """What one request costs on the grid of its table, and the place of the card, for all that can be among the cheapest."""
        keys = tuple(usage)
        table = self._tables.get(keys)
        if table is None:
            table = self._tables[keys] = _table(self.cards, keys)
        found: list[tuple[int | Decimal, int]] = []
        counts = [count for count in usage.values() if type(count) is int and count <= MAX_COUNT]
        singly = list(table.others) if all(usage.values()) else [*table.others, *table.incomplete]
        leading = limit == 1 and any(usage.values())
        for group in table.groups:
            of = group.leaders if leading else group
            amounts = of.amounts(counts) if len(counts) == len(usage) else None
            if amounts is None:
                singly += group.places
            else:
                found.extend(zip(amounts, of.places, strict=True))
        for place in singly:
            try:
                found.append((self.cards[place].total(usage).scaleb(table.decimals), place))
            except (NoPriceError, QuantityError):
                continue
        return found


_Member = tuple[int, Linear]
"""The place of a card, and its sum."""


class _Tier(NamedTuple):
    constants: list[int]
    """What a request costs by itself; empty where it never costs anything."""
    columns: tuple[list[int], ...]
    """For each unit the weight of each card."""
    greatest: tuple[int, ...]
    """The greatest of each column, and last of the constants."""


class _Group:
    """Cards that go by the same rules, and their places in the list."""

    def __init__(self, members: Sequence[_Member], decimals: int) -> None:
        self.like = members[0][1]
        self.places = [place for place, _ in members]
        self.tiers = _tiers([linear for _, linear in members], decimals)
        self._members = members
        self._decimals = decimals

    @cached_property
    def leaders(self) -> _Group:
        """Those of them that are the first of the cheapest for some usage, if only one is wanted: a dozen of a thousand."""
        return _Group(_leaders(self._members, self._decimals), self._decimals)

    def amounts(self, counts: Sequence[int]) -> list[int] | None:
        """What the counts cost on each card; None where the cards must be asked one by one."""
        like = self.like
        if any(counts[part] > counts[whole] for part, whole in like.pairs):
            return None
        if any(sum(map(mul, counts, limit)) < 0 for limit in like.limits):
            return None
        tier = self.tiers[bisect_left(like.thresholds, counts[like.size]) if like.thresholds else 0]
        if sum(map(mul, (*counts, 1), tier.greatest)) >= _SAFE:
            return None
        used = [(count, column) for count, column in zip(counts, tier.columns, strict=True) if count]
        if tier.constants:
            used.append((1, tier.constants))
        return _sums(used) if used else [0] * len(self.places)


def _sums(columns: Sequence[tuple[int, list[int]]]) -> list[int]:
    """For each row the sum of its cells, each times the number of its column; two columns a pass, which takes half the time."""
    (first, left), *others = columns
    if not others:
        return [first * x for x in left]
    (second, right), *others = others
    sums = [first * x + second * y for x, y in zip(left, right, strict=True)]
    for count, column in others:
        sums = [so_far + count * x for so_far, x in zip(sums, column, strict=True)]
    return sums


class _Table(NamedTuple):
    """All cards as they price usage of the same units, on a grid of 10**-decimals US dollars."""

    decimals: int
    groups: list[_Group]
    others: list[int]
    """Places of cards whose total is no sum of weights."""
    incomplete: list[int]
    """Places of cards that have no rate for some of the units, which matters where none of the counts is zero."""


def _table(cards: Sequence[RateCard], keys: tuple[str, ...]) -> _Table:
    alike: dict[tuple[object, ...], list[_Member]] = {}
    others, incomplete = [], []
    for place, card in enumerate(cards):
        linear = card.linear(keys)
        if linear is not None:
            rules = (linear.thresholds, linear.size, linear.pairs, linear.limits)
            alike.setdefault(rules, []).append((place, linear))
        elif card.covers(keys):
            others.append(place)
        else:
            incomplete.append(place)
    decimals = max((linear.decimals for members in alike.values() for _, linear in members), default=0)
    return _Table(decimals, [_Group(members, decimals) for members in alike.values()], others, incomplete)


def _tiers(linears: Sequence[Linear], decimals: int) -> tuple[_Tier, ...]:
    tiers = []
    for tier in range(len(linears[0].weights)):
        *columns, constants = map(
            list, zip(*(_row(linear, tier, decimals) for linear in linears), strict=True)
        )
        greatest = tuple(max(0, *column) for column in (*columns, constants))
        tiers.append(_Tier(constants if any(constants) else [], tuple(columns), greatest))
    return tuple(tiers)


def _row(linear: Linear, tier: int, decimals: int) -> list[int]:
    """The weights of a card on a grid, and last its constant."""
    scale = 10 ** (decimals - linear.decimals)
    return [weight * scale for weight in (*linear.weights[tier], linear.constants[tier])]


def _leaders(members: Sequence[_Member], decimals: int) -> list[_Member]:
    """The members that no other undercuts, or equals and precedes, whatever is counted (as long as anything is)."""
    rows = []
    for place, linear in members:
        tiers = [_row(linear, tier, decimals) for tier in range(len(linear.weights))]
        weights = [weight for row in tiers for weight in row[:-1]]
        rows.append((sum(weights), place, weights, [row[-1] for row in tiers], linear))
    leaders: list[tuple[int, int, list[int], list[int], Linear]] = []
    for row in sorted(rows, key=itemgetter(0, 1)):
        _, place, weights, constants, _ = row
        if not any(
            all(map(le, other[2], weights))
            and all(map(le, other[3], constants))
            and (other[1] < place or all(map(lt, other[2], weights)))
            for other in leaders
        ):
            leaders.append(row)
    return sorted(((row[1], row[4]) for row in leaders), key=itemgetter(0))


def _check(usage: Usage, requests: Count) -> None:
    check_count("requests", requests)
    for key, count in usage.items():
        check_count(key, count)
