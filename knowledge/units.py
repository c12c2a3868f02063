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
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from knowledge.errors import QuantityError

Count = int | Decimal
Usage = Mapping[str, Count]

MAX_COUNT = 10**18
"""More than this of anything in one request is taken for a slip: all providers together serve about 10**16 tokens a year."""

_EXACT = Context(prec=200, Emax=MAX_EMAX, Emin=MIN_EMIN)  # differences of counts are never rounded


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that is charged for, e.g. `cache_read_tokens`; a price is for `per` of it."""

    key: str
    per: int
    dimensions: frozenset[tuple[str, str]]

    @property
    def direction(self) -> str | None:
        """`input`, `output`, or None for what is neither (a web search, a request)."""
        return dict(self.dimensions).get("direction")


class Plan:
    """How usage is shared out among one set of rates. `units` keeps the order of the rates."""

    __slots__ = ("_missing", "_order", "_parts", "directions", "units")

    def __init__(self, tree: UnitTree, units: tuple[str, ...]) -> None:
        self.units = units
        self.directions = tuple(tree.units[key].direction for key in units)
        countable = [tree.units[key] for key in units if key != "requests"]
        # Parts come before their wholes, so that a whole knows what is already charged for.
        countable.sort(key=lambda unit: (-len(unit.dimensions), unit.key))
        self._order = tuple(unit.key for unit in countable)
        self._parts = {
            unit.key: tuple(part.key for part in countable if part.dimensions > unit.dimensions)
            for unit in countable
        }
        self._missing = tree.check_reported

    def counts(self, usage: Usage) -> tuple[Count, ...]:
        """How much is charged at each rate, in the order of `units`. `usage` must have passed `UnitTree.check`."""
        charged: dict[str, Count] = {"requests": 1}
        for key in self._order:
            whole = usage.get(key)
            if whole is None:
                self._missing(key, usage)
                whole = 0
            parts = [charged[part] for part in self._parts[key]]
            rest = _difference(whole, parts) if any(parts) else whole
            if rest < 0:
                raise QuantityError(
                    f"The parts of {key} add up to {_total(parts)}, which is more than the {whole} given.",
                    "Cached, cache-written and audio or image tokens are part of the input tokens: give the whole.",
                )
            charged[key] = rest
        return tuple(charged[key] for key in self.units)


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

    def check(self, usage: Usage) -> None:
        """Refuse counts that are no counts: unknown units, negative, not finite, absurd, or a part larger than its whole."""
        for key, count in usage.items():
            if key not in self.units or key == "requests":
                raise QuantityError(
                    f"{key!r} is not something that can be counted in a request.",
                    f"Known are {', '.join(name for name in self.units if name != 'requests')}.",
                )
            check_count(key, count)
        reported = [self.units[key] for key in usage]
        for whole in reported:
            for part in reported:
                if part.dimensions > whole.dimensions and usage[part.key] > usage[whole.key]:
                    raise QuantityError(
                        f"{part.key} ({usage[part.key]}) cannot be more than {whole.key} ({usage[whole.key]}).",
                        f"{whole.key} counts all of them, {part.key} included.",
                    )

    def check_reported(self, key: str, usage: Usage) -> None:
        """Refuse usage that leaves `key` out although it cannot be nothing: its parts, or two things it is both of, are there."""
        own = self.units[key].dimensions
        reported = sorted(
            (self.units[name] for name, count in usage.items() if count > 0), key=lambda u: u.key
        )
        parts = [unit.key for unit in reported if unit.dimensions > own]
        if not parts:
            parts = next(
                (
                    [left.key, right.key]
                    for index, left in enumerate(reported)
                    for right in reported[index + 1 :]
                    if left.dimensions | right.dimensions == own
                ),
                [],
            )
        if parts:
            raise QuantityError(
                f"{' and '.join(parts)} cannot be priced without {key}.",
                f"Say how many {key.replace('_', ' ')} there are in all (0 if none).",
            )


def check_count(name: str, count: Count) -> None:
    """Refuse a count that is no finite number from 0 to `MAX_COUNT`."""
    if isinstance(count, bool) or not isinstance(count, int | Decimal):
        raise QuantityError(f"{name} must be a whole or exact decimal number, not {count!r}.")
    if isinstance(count, Decimal) and not count.is_finite():
        raise QuantityError(f"{name} must be a finite number, not {count}.")
    if count < 0:
        raise QuantityError(f"{name} cannot be negative ({count}).")
    if count > MAX_COUNT:
        raise QuantityError(f"{name} is absurdly large ({count:.3e}).", "Check the number and its unit.")


def _difference(whole: Count, parts: Iterable[Count]) -> Count:
    if isinstance(whole, int) and all(isinstance(part, int) for part in parts):
        return whole - sum(parts)
    rest = Decimal(whole)
    for part in parts:
        rest = _EXACT.subtract(rest, Decimal(part))
    return rest


def _total(parts: Iterable[Count]) -> Count:
    return -_difference(0, parts)
