"""What can be charged for, and how reported usage falls apart into amounts that are each charged once.

A unit is a point in a few dimensions: `input_tokens` is (family tokens, direction input), `cache_read_tokens` is the same and
token type cache_read. A unit whose dimensions include another's is a part of it, and reported usage of the whole includes the
part: 500 input tokens of which 300 were read from the cache are reported as input_tokens=500, cache_read_tokens=300. A price
list names rates for some of the units; each reported amount is charged at the most specific rate that fits it. That is the
rule of genai-prices (its specs/data-driven-unit-registry), and what is impossible there is a QuantityError here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import NamedTuple

from knowledge.errors import QuantityError

Count = int | Decimal
Usage = Mapping[str, Count]

MAX_COUNT = 10**18
"""More than this of anything in one request is taken for a slip: all providers together serve about 10**16 tokens a year."""

_EXACT = Context(prec=200, Emax=MAX_EMAX, Emin=MIN_EMIN)  # differences of counts are never rounded


class Unit(NamedTuple):
    """One thing that is charged for, e.g. `cache_read_tokens`; a price is for `per` of it."""

    key: str
    per: int
    dimensions: frozenset[tuple[str, str]]

    @property
    def direction(self) -> str | None:
        """`input`, `output`, or None for what is neither (a web search, a request)."""
        return dict(self.dimensions).get("direction")


class _Shape(NamedTuple):
    """What one set of reported keys means for one plan; found once, since the same few sets come again and again."""

    pairs: tuple[tuple[str, str], ...]  # (part, whole), both reported
    unpriced: tuple[str, ...]
    steps: tuple[tuple[str, bool, tuple[tuple[str, ...], ...], tuple[int, ...]], ...]
    slots: tuple[int, ...]  # for each unit of the plan its step
    size: tuple[tuple[str, ...], ...]  # what forbids to leave out input_tokens where they choose the tier


class Form(NamedTuple):
    """How the counts of some reported keys are shared out, as sums of them with fixed factors."""

    shares: tuple[tuple[int, ...], ...]
    """For each unit of the plan the factors of the counts in what is charged at its rate."""
    pairs: tuple[tuple[int, int], ...]
    limits: tuple[tuple[int, ...], ...]
    """See `knowledge.linear.Linear`."""


class Plan:
    """How usage is shared out among one set of rates. `units` keeps the order of the rates."""

    __slots__ = ("_forms", "_shapes", "_tree", "directions", "units")

    def __init__(self, tree: UnitTree, units: tuple[str, ...]) -> None:
        self.units = units
        self.directions = tuple(tree.units[key].direction for key in units)
        self._tree = tree
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._forms: dict[tuple[str, ...], Form | None] = {}

    def counts(self, usage: Usage) -> list[Count]:
        """How much is charged at each rate, in the order of `units`.

        Refuses counts that are no counts (unknown units, negative, not finite, absurd) or contradict each other.
        """
        shape = self._shape(usage)
        for key, count in usage.items():
            if type(count) is not int or not 0 <= count <= MAX_COUNT:
                check_count(key, count)
        for part, whole in shape.pairs:
            if usage[part] > usage[whole]:
                raise QuantityError(
                    f"{part} ({usage[part]}) cannot be more than {whole} ({usage[whole]}).",
                    f"{whole} counts all of them, {part} included.",
                )
        charged: list[Count] = []
        for unit, reported, hazards, parts in shape.steps:
            rest: Count = 0
            if reported:
                rest = usage[unit]
            elif hazards:
                _refuse_gap(unit, hazards, usage)
            if parts:
                rest = _difference(rest, [charged[part] for part in parts])
                if rest < 0:
                    raise QuantityError(
                        f"The parts of {unit} add up to more than the {usage.get(unit, 0)} given.",
                        "Cached, cache-written and audio or image tokens are part of the input tokens: give the whole.",
                    )
            charged.append(rest)
        charged.append(1)  # the request itself
        return [charged[slot] for slot in shape.slots]

    def size(self, usage: Usage) -> Count:
        """The input tokens that choose the context tier of a request."""
        size = usage.get("input_tokens")
        if size is None:
            _refuse_gap("input_tokens", self._shape(usage).size, usage)
        return size or 0

    def form(self, keys: tuple[str, ...]) -> Form | None:
        """The sharing out as fixed factors; None where usage of these keys must be looked at, or has no rate."""
        if keys not in self._forms:
            self._forms[keys] = self._make_form(keys)
        return self._forms[keys]

    def _make_form(self, keys: tuple[str, ...]) -> Form | None:
        shape = self._shape(dict.fromkeys(keys, 0))
        if shape.unpriced or any(hazards and not reported for _, reported, hazards, _ in shape.steps):
            return None
        steps: list[tuple[int, ...]] = []
        limits = []
        for unit, reported, _, parts in shape.steps:
            own = [int(reported and key == unit) for key in keys]
            share = tuple(one - sum(steps[part][at] for part in parts) for at, one in enumerate(own))
            if sum(factor < 0 for factor in share) > 1:
                limits.append(share)
            steps.append(share)
        steps.append((0,) * len(keys))  # the request itself depends on no count
        return Form(
            shares=tuple(steps[slot] for slot in shape.slots),
            pairs=tuple((keys.index(part), keys.index(whole)) for part, whole in shape.pairs),
            limits=tuple(limits),
        )

    def unpriced(self, usage: Usage) -> tuple[str, ...]:
        """What is used and not covered by any rate."""
        found = self._shape(usage).unpriced
        return tuple(key for key in found if usage[key]) if found else found

    def _shape(self, usage: Usage) -> _Shape:
        keys = tuple(usage)
        shape = self._shapes.get(keys)
        if shape is None:
            shape = self._shapes[keys] = self._make_shape(keys)
        return shape

    def _make_shape(self, keys: tuple[str, ...]) -> _Shape:
        units = self._tree.units
        for key in keys:
            if key not in units or key == "requests":
                raise QuantityError(
                    f"{key!r} is not something that can be counted in a request.",
                    f"Known are {', '.join(name for name in units if name != 'requests')}.",
                )
        # Parts come before their wholes, so that a whole knows what is already charged for.
        order = sorted(
            (units[key] for key in self.units if key != "requests"),
            key=lambda unit: (-len(unit.dimensions), unit.key),
        )
        index = {unit.key: step for step, unit in enumerate(order)}
        return _Shape(
            pairs=tuple((p, w) for p in keys for w in keys if units[w].dimensions < units[p].dimensions),
            unpriced=tuple(
                key
                for key in keys
                if not any(units[rate].dimensions <= units[key].dimensions for rate in index)
            ),
            steps=tuple(
                (
                    unit.key,
                    unit.key in keys,
                    self._hazards(unit.key, keys),
                    tuple(index[part.key] for part in order if part.dimensions > unit.dimensions),
                )
                for unit in order
            ),
            slots=tuple(index.get(key, len(order)) for key in self.units),
            size=self._hazards("input_tokens", keys),
        )

    def _hazards(self, missing: str, keys: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """Sets of reported keys that, if all are above zero, forbid to take the missing one for zero."""
        own = self._tree.units[missing].dimensions
        reported = [self._tree.units[key] for key in sorted(keys)]
        parts = [(unit.key,) for unit in reported if unit.dimensions > own]
        joined = [
            (left.key, right.key)
            for position, left in enumerate(reported)
            for right in reported[position + 1 :]
            if left.dimensions | right.dimensions == own
        ]
        return (*parts, *joined)


def _refuse_gap(missing: str, hazards: tuple[tuple[str, ...], ...], usage: Usage) -> None:
    for keys in hazards:
        if all(usage[key] for key in keys):
            raise QuantityError(
                f"{' and '.join(keys)} cannot be priced without {missing}.",
                f"Say how many {missing.replace('_', ' ')} there are in all (0 if none).",
            )


class UnitTree:
    """All units, and the plans for the sets of rates that price lists have (a few dozen)."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units: dict[str, Unit] = {unit.key: unit for unit in units}
        self._plans: dict[tuple[str, ...], Plan] = {}

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> UnitTree:
        """Read the table `units`."""
        rows = connection.execute("select usage_key, per, dimensions from units order by position")
        return cls(Unit(key, per, frozenset(json.loads(dimensions).items())) for key, per, dimensions in rows)

    def plan(self, units: Sequence[str]) -> Plan:
        """The plan for rates of these units, in this order."""
        key = tuple(units)
        if key not in self._plans:
            self._plans[key] = Plan(self, key)
        return self._plans[key]

    def wholes(self, key: str) -> list[str]:
        """The units that `key` is a part of, the most specific first."""
        own = self.units[key].dimensions
        found = [unit for unit in self.units.values() if unit.dimensions < own]
        return [unit.key for unit in sorted(found, key=lambda unit: (-len(unit.dimensions), unit.key))]


def check_count(name: str, count: Count) -> None:
    """Refuse a count that is no finite number from 0 to `MAX_COUNT`."""
    if type(count) is int and 0 <= count <= MAX_COUNT:
        return
    if isinstance(count, bool) or not isinstance(count, int | Decimal):
        raise QuantityError(f"{name} must be a whole or exact decimal number, not {count!r}.")
    if isinstance(count, Decimal) and not count.is_finite():
        raise QuantityError(f"{name} must be a finite number, not {count}.")
    if count < 0:
        raise QuantityError(f"{name} cannot be negative ({count}).")
    if count > MAX_COUNT:
        raise QuantityError(f"{name} is absurdly large ({count:.3e}).", "Check the number and its unit.")


def _difference(whole: Count, parts: list[Count]) -> Count:
    if type(whole) is int and all(type(part) is int for part in parts):
        return whole - sum(parts)
    rest = Decimal(whole)
    for part in parts:
        rest = _EXACT.subtract(rest, Decimal(part))
    return rest
