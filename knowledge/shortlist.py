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
from heapq import nsmallest
from operator import mul
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
        found = nsmallest(limit, self._amounts(usage))
        return [
            (card, card.total(usage, requests=requests)) for card in (self.cards[place] for _, place in found)
        ]

    def _amounts(self, usage: Usage) -> list[tuple[int | Decimal, int]]:
        """What one request costs on the grid of its table, and the place of the card."""
        keys = tuple(usage)
        table = self._tables.get(keys)
        if table is None:
            table = self._tables[keys] = _table(self.cards, keys)
        found: list[tuple[int | Decimal, int]] = []
        counts = [count for count in usage.values() if type(count) is int and count <= MAX_COUNT]
        singly = list(table.others) if all(usage.values()) else [*table.others, *table.incomplete]
        for group in table.groups:
            amounts = group.amounts(counts) if len(counts) == len(usage) else None
            if amounts is None:
                singly += group.places
            else:
                found.extend(zip(amounts, group.places, strict=True))
        for place in singly:
            try:
                found.append((self.cards[place].total(usage).scaleb(table.decimals), place))
            except (NoPriceError, QuantityError):
                continue
        return found


class _Tier(NamedTuple):
    constants: list[int]
    """What a request costs by itself; empty where it never costs anything."""
    columns: tuple[list[int], ...]
    """For each unit the weight of each card."""


class _Group(NamedTuple):
    """Cards that go by the same rules; `like` is the sum of one of them."""

    like: Linear
    places: list[int]
    tiers: tuple[_Tier, ...]

    def amounts(self, counts: Sequence[int]) -> list[int] | None:
        """What the counts cost on each card; None where the cards must be asked one by one."""
        like = self.like
        if any(counts[part] > counts[whole] for part, whole in like.pairs):
            return None
        if any(sum(map(mul, counts, limit)) < 0 for limit in like.limits):
            return None
        tier = self.tiers[bisect_left(like.thresholds, counts[like.size]) if like.thresholds else 0]
        amounts = tier.constants
        for count, column in zip(counts, tier.columns, strict=True):
            if count and amounts:
                amounts = [so_far + count * weight for so_far, weight in zip(amounts, column, strict=True)]
            elif count:
                amounts = [count * weight for weight in column]
        amounts = amounts or [0] * len(self.places)
        return amounts if max(amounts) < _SAFE else None


class _Table(NamedTuple):
    """All cards as they price usage of the same units, on a grid of 10**-decimals US dollars."""

    decimals: int
    groups: list[_Group]
    others: list[int]
    """Places of cards whose total is no sum of weights."""
    incomplete: list[int]
    """Places of cards that have no rate for some of the units, which matters where none of the counts is zero."""


def _table(cards: Sequence[RateCard], keys: tuple[str, ...]) -> _Table:
    alike: dict[tuple[object, ...], list[tuple[int, Linear]]] = {}
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
    return _Table(decimals, [_group(members, decimals) for members in alike.values()], others, incomplete)


def _group(members: Sequence[tuple[int, Linear]], decimals: int) -> _Group:
    sums = [(linear, 10 ** (decimals - linear.decimals)) for _, linear in members]
    like = members[0][1]
    tiers = tuple(
        _Tier(
            [linear.constants[tier] * scale for linear, scale in sums]
            if any(any(linear.constants) for linear, _ in sums)
            else [],
            tuple(
                [linear.weights[tier][unit] * scale for linear, scale in sums]
                for unit in range(len(like.weights[tier]))
            ),
        )
        for tier in range(len(like.weights))
    )
    return _Group(like, [place for place, _ in members], tiers)


def _check(usage: Usage, requests: Count) -> None:
    check_count("requests", requests)
    for key, count in usage.items():
        check_count(key, count)
