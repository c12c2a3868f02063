"""The rates of one model under given terms, and the exact arithmetic over them.

Amounts are Decimal US dollars. One request costs the sum over its parts of rate x count / per, computed with 28 significant
digits in the order of the rates, which makes it equal to `genai_prices.calc_price` to the last digit. Many requests cost
that times their number, with no further rounding that could be seen. A context tier holds for *all* tokens of a request and
is chosen by that request's total input tokens, so usage is always that of ONE request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from knowledge.errors import NoPriceError
from knowledge.lazy_dataclass import dataclass
from knowledge.linear import Linear, Total, linear_of
from knowledge.records import Model, Source
from knowledge.units import Count, Plan, UnitTree, Usage, check_count

_REQUEST = Context(prec=28, rounding=ROUND_HALF_EVEN)  # Python's default, which genai-prices computes in
_VOLUME = Context(prec=60, rounding=ROUND_HALF_EVEN)
_multiply, _divide, _add = _REQUEST.multiply, _REQUEST.divide, _REQUEST.add
_ZERO = Decimal(0)
_new_cost = object.__new__
_ONE = 1
"""Compared by identity, which costs nothing; another 1 is only multiplied by."""
_STANDARD_WORDS = frozenset({"standard", "default"})


@dataclass(frozen=True)
class PriceTerms:
    """How a request is processed, where that changes its price; all None is the standard, on-demand price.

    `processing` is "batch", `service_tier` "flex", "priority" or "fast", `speed` "fast"; `extra` holds further keys of
    genai-prices' price context, e.g. {"route": "mistral/eu"}. A value "standard" or "default" names the standard price.
    """

    processing: str | None = None
    service_tier: str | None = None
    speed: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.context().items())))

    @classmethod
    def of(cls, context: Mapping[str, str]) -> PriceTerms:
        """The terms that a price context of genai-prices stands for."""
        named = {key: context[key] for key in ("processing", "service_tier", "speed") if key in context}
        return cls(**named, extra={key: value for key, value in context.items() if key not in named})

    def context(self) -> dict[str, str]:
        """The same as genai-prices' price context; empty for the standard price."""
        named = {"processing": self.processing, "service_tier": self.service_tier, "speed": self.speed}
        return {**{key: value for key, value in named.items() if value is not None}, **self.extra}

    def special(self) -> dict[str, str]:
        """The context without what merely says "standard"."""
        return {key: value for key, value in self.context().items() if value not in _STANDARD_WORDS}

    def __str__(self) -> str:
        return " ".join(
            value if key == "processing" else f"{value} {key.replace('_', ' ')}"
            for key, value in self.context().items()
        )


STANDARD = PriceTerms()


class Rate(NamedTuple):
    """US dollars for `per` of a unit. `tiers` are (more input tokens than, price), ascending; they replace `price`."""

    unit: str
    price: Decimal
    per: int
    tiers: tuple[tuple[int, Decimal], ...] = ()
    minimum: int | None = None
    """The least count that one request is billed for, when it is billed for any."""

    def at(self, input_tokens: Count) -> tuple[Decimal, int | None]:
        """The price for a request with this many input tokens in all, and the tier's threshold (None: the base price)."""
        price, threshold = self.price, None
        for above, tier_price in self.tiers:
            if input_tokens > above:
                price, threshold = tier_price, above
        return price, threshold


@dataclass(frozen=True)
class Charge:
    """One line of a bill: `amount` = `rate` x `count` / `per`, over all requests."""

    unit: str
    count: Decimal
    rate: Decimal
    per: int
    tier_above: int | None
    amount: Decimal


class Cost:
    """A bill in US dollars. `total` also holds what is neither input nor output (searches, requests).

    All but the total is worked out when it is first read: who only wants the total need not wait for the lines.
    """

    __slots__ = ("_of", "charges", "input", "output", "total", "unpriced")

    total: Decimal
    input: Decimal
    output: Decimal
    charges: tuple[Charge, ...]
    unpriced: tuple[str, ...]
    """Usage that no rate covers. It is NOT in the total: whoever shows the total must say so."""
    _of: tuple[RateCard, tuple[str, ...], tuple[Count, ...], Count]
    """What a bill without its lines is for: the card, the units, their counts, and the number of requests."""

    def __init__(
        self,
        total: Decimal,
        into: Decimal,
        out: Decimal,
        charges: tuple[Charge, ...],
        unpriced: tuple[str, ...] = (),
    ) -> None:
        self.total, self.input, self.output = total, into, out
        self.charges, self.unpriced = charges, unpriced

    def __getattr__(self, name: str) -> Any:
        """What is not worked out yet; no other attribute is ever missing."""
        if name not in Cost.__slots__ or name == "_of":
            raise AttributeError(name)
        card, keys, counts, requests = self._of
        full = card.bill(dict(zip(keys, counts, strict=True)), requests)
        self.input, self.output = full.input, full.output
        self.charges, self.unpriced = full.charges, full.unpriced
        return getattr(self, name)


class PriceChange(NamedTuple):
    """A rate and from when it held. `valid_from` None: since ever, as far as the source knows; `hours` (UTC): only then."""

    valid_from: date | None
    unit: str
    rate: Rate
    hours: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class RateCard:
    """What one model costs under given terms, and where that was read. Two cards are equal only if they are the same."""

    model: Model
    rates: Mapping[str, Rate]
    source: Source
    terms: PriceTerms = STANDARD
    valid_from: date | None = None
    """The first day of these rates, where known."""
    hours: tuple[str, str] | None = None
    """The daily interval (UTC) in which they hold, for prices that depend on the time of day."""
    comment: str | None = None
    contract: bool = False
    """Whether a contract of the operator's, not the list, is the source of a rate."""
    via: str | None = None
    """The provider whose price list stands in because the model's own provider has no price of its own for it."""
    at_standard: frozenset[str] = frozenset()
    """Units that are charged at the standard rate although special terms were asked for: the terms have no rate for them."""
    units: UnitTree = field(repr=False)
    _plan: Plan = field(init=False, repr=False)
    _linears: dict[tuple[str, ...], Linear | None] = field(init=False, repr=False)
    _totals: dict[tuple[str, ...], Total] = field(init=False, repr=False)
    _tiered: bool = field(init=False, repr=False)
    _least: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rates = self.rates.values()
        for name, value in (
            ("_plan", self.units.plan(tuple(self.rates))),
            ("_linears", {}),
            ("_totals", {}),
            ("_tiered", any(rate.tiers for rate in rates)),
            ("_least", max((rate.minimum or 0 for rate in rates), default=0)),
        ):
            object.__setattr__(self, name, value)

    def rate_for(self, unit: str) -> Rate | None:
        """The rate at which a unit is charged: its own, or that of the most specific whole it is part of; None if there is none."""
        if unit in self.rates:
            return self.rates[unit]
        return next((self.rates[whole] for whole in self.units.wholes(unit) if whole in self.rates), None)

    def cost(self, usage: Usage, *, requests: Count = _ONE) -> Cost:
        """The bill for `requests` requests of which each has this `usage` (unit to count; input_tokens includes cached ones).

        Raises QuantityError for counts that are negative, not finite, absurd, or contradict each other.
        """
        keys = tuple(usage)
        try:
            total = self._totals[keys]
        except KeyError:
            self._totals[keys] = _asked_once
            return self.bill(usage, requests)
        counts = tuple(usage.values())
        amount = total(*counts)
        if amount is None:
            if total is _asked_once:
                self._compile(keys)
            return self.bill(usage, requests)
        bill = _new_cost(Cost)
        if requests is not _ONE:
            check_count("requests", requests)
            amount = _times(amount, requests)
        bill.total = amount
        bill._of = (self, keys, counts, requests)
        return bill

    def bill(self, usage: Usage, requests: Count) -> Cost:
        """The same, line by line at once."""
        check_count("requests", requests)
        if self._least:
            usage = self._billed(usage)
        plan = self._plan
        counts = plan.counts(usage)
        size = plan.size(usage) if self._tiered else 0
        charges = []
        single = type(requests) is int and requests == 1
        total = into = out = _ZERO
        for rate, direction, count in zip(self.rates.values(), plan.directions, counts, strict=True):
            if not count:
                continue
            unit, price, per, tiers, _ = rate
            threshold = None
            if tiers:
                price, threshold = rate.at(size)
            amount = _divide(_multiply(price, count), per)
            total = _add(total, amount)
            if direction == "input":
                into = _add(into, amount)
            elif direction == "output":
                out = _add(out, amount)
            if single:
                charges.append(Charge(unit, Decimal(count), price, per, threshold, amount))
            else:
                units, dollars = _times(count, requests), _times(amount, requests)
                charges.append(Charge(unit, units, price, per, threshold, dollars))
        if not single:
            total, into, out = _times(total, requests), _times(into, requests), _times(out, requests)
        return Cost(total, into, out, tuple(charges), plan.unpriced(usage))

    def total(self, usage: Usage, *, requests: Count = _ONE) -> Decimal:
        """Only the total of `cost`. NoPriceError where that would not be the whole cost."""
        keys = tuple(usage)
        try:
            total = self._totals[keys]
        except KeyError:
            total = _asked_once
        if total is _asked_once:
            total = self._compile(keys)
        amount = total(*usage.values())
        if amount is not None:
            if requests is _ONE:
                return amount
            check_count("requests", requests)
            return _times(amount, requests)
        bill = self.bill(usage, requests)
        if bill.unpriced:
            raise NoPriceError(
                f"No price for {' or '.join(bill.unpriced)} is on record for {self.model.display_name} at {self.model.provider}."
            )
        return bill.total

    def _compile(self, keys: tuple[str, ...]) -> Total:
        """The total of usage in these units as a function of the counts."""
        linear = self.linear(keys)
        total = self._totals[keys] = _no_sum if linear is None else linear.compiled()
        return total

    def linear(self, keys: tuple[str, ...]) -> Linear | None:
        """The total of usage in these units as a sum of weights; None where it is none, or not the whole cost."""
        try:
            return self._linears[keys]
        except KeyError:
            linear = self._linears[keys] = linear_of(self.rates, self._plan, keys)
            return linear

    def covers(self, keys: Sequence[str]) -> bool:
        """Whether there is a rate for each of these units, or for a whole that it is a part of."""
        return not self._plan.unpriced(dict.fromkeys(keys, 1))

    def _billed(self, usage: Usage) -> Usage:
        """The usage that is billed where a least length of audio is; the sound and the input are then the same seconds."""
        seconds = usage.get("audio_seconds") or usage.get("input_audio_seconds")
        if not seconds:
            return usage
        check_count("audio_seconds", seconds)
        billed = max(seconds, self._least)
        return {**usage, "audio_seconds": billed, "input_audio_seconds": billed}


def _asked_once(*_counts: Count) -> None:
    """Stands for a total that has been asked for once: making it a function only pays from the second time on."""


def _no_sum(*_counts: Count) -> None:
    """Stands for a total that is no sum of weights."""


def _times(amount: Count, requests: Count) -> Decimal:
    return Decimal(amount) if requests == 1 else _VOLUME.multiply(amount, requests)
