"""The rates of one model under given terms, and the exact arithmetic over them.

Amounts are Decimal US dollars. One request costs the sum over its parts of rate x count / per, computed with 28 significant
digits in the order of the rates, which makes it equal to `genai_prices.calc_price` to the last digit. Many requests cost
that times their number, with no further rounding that could be seen. A context tier holds for *all* tokens of a request and
is chosen by that request's total input tokens, so usage is always that of ONE request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from types import MappingProxyType

from knowledge.errors import QuantityError
from knowledge.records import Model, Source
from knowledge.units import Count, Plan, UnitTree, Usage, check_count

_REQUEST = Context(prec=28, rounding=ROUND_HALF_EVEN)  # Python's default, which genai-prices computes in
_VOLUME = Context(prec=60, rounding=ROUND_HALF_EVEN)
_ZERO = Decimal(0)
_STANDARD_WORDS = frozenset({"standard", "default"})


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Rate:
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


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a bill: `amount` = `rate` x `count` / `per`, over all requests."""

    unit: str
    count: Decimal
    rate: Decimal
    per: int
    tier_above: int | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Cost:
    """A bill in US dollars. `total` also holds what is neither input nor output (searches, requests)."""

    total: Decimal
    input: Decimal
    output: Decimal
    charges: tuple[Charge, ...]
    unpriced: tuple[str, ...] = ()
    """Usage that no rate covers. It is NOT in the total: whoever shows the total must say so."""


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A rate and from when it held. `valid_from` None: since ever, as far as the source knows; `hours` (UTC): only then."""

    valid_from: date | None
    unit: str
    rate: Rate
    hours: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCard:
    """What one model costs under given terms, and where that was read."""

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
    units: UnitTree = field(repr=False, compare=False)
    _plan: Plan = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_plan", self.units.plan(tuple(self.rates)))

    def rate_for(self, unit: str) -> Rate | None:
        """The rate at which a unit is charged: its own, or that of the most specific whole it is part of; None if there is none."""
        if unit in self.rates:
            return self.rates[unit]
        return next((self.rates[whole] for whole in self.units.wholes(unit) if whole in self.rates), None)

    def cost(self, usage: Usage, *, requests: Count = 1) -> Cost:
        """The bill for `requests` requests of which each has this `usage` (unit to count; input_tokens includes cached ones).

        Raises QuantityError for counts that are negative, not finite, absurd, or contradict each other.
        """
        self.units.check(usage)
        check_count("requests", requests)
        usage = self._billed(usage)
        counts = self._plan.counts(usage)
        size = self._size(usage)
        charges = []
        sums = {"input": _ZERO, "output": _ZERO}
        total = _ZERO
        for rate, count, direction in zip(self.rates.values(), counts, self._plan.directions, strict=True):
            if not count:
                continue
            price, threshold = rate.at(size)
            amount = _REQUEST.divide(_REQUEST.multiply(price, count), rate.per)
            total = _REQUEST.add(total, amount)
            if direction in sums:
                sums[direction] = _REQUEST.add(sums[direction], amount)
            charges.append(
                Charge(
                    rate.unit, _times(count, requests), price, rate.per, threshold, _times(amount, requests)
                )
            )
        return Cost(
            _times(total, requests),
            _times(sums["input"], requests),
            _times(sums["output"], requests),
            tuple(charges),
            tuple(key for key, count in usage.items() if count and self.rate_for(key) is None),
        )

    def _total(self, usage: Usage, counts: tuple[Count, ...]) -> Decimal:
        size = self._size(usage)
        total = _ZERO
        for rate, count in zip(self.rates.values(), counts, strict=True):
            if count:
                price = rate.at(size)[0] if rate.tiers else rate.price
                total = _REQUEST.add(total, _REQUEST.divide(_REQUEST.multiply(price, count), rate.per))
        return total

    def _size(self, usage: Usage) -> Count:
        size = usage.get("input_tokens")
        if size is None and any(rate.tiers for rate in self.rates.values()):
            self.units.check_reported("input_tokens", usage)
        return size or 0

    def _billed(self, usage: Usage) -> Usage:
        """The usage that is billed where a least length of audio is; the sound and the input are then the same seconds."""
        least = max((rate.minimum or 0 for rate in self.rates.values()), default=0)
        seconds = usage.get("audio_seconds") or usage.get("input_audio_seconds")
        if not least or not seconds:
            return usage
        billed = max(seconds, least)
        return {**usage, "audio_seconds": billed, "input_audio_seconds": billed}


def totals(
    cards: Iterable[RateCard], usage: Usage, *, requests: Count = 1
) -> Iterator[tuple[RateCard, Decimal]]:
    """Each card's total, as `RateCard.cost` gives it, at a fraction of its price: for "the cheapest of all".

    Cards that have no rate for some of the usage are left out, since their total would not be the whole cost; so are those
    whose rates need the usage in more detail than it is given.
    """
    shared: dict[int, tuple[Count, ...] | None] = {}
    checked: UnitTree | None = None
    for card in cards:
        if card.units is not checked:
            card.units.check(usage)
            check_count("requests", requests)
            checked = card.units
        billed = card._billed(usage)
        plan = card._plan
        if billed is usage and id(plan) in shared:
            counts = shared[id(plan)]
        else:
            counts = _countable(card, billed)
            if billed is usage:
                shared[id(plan)] = counts
        if counts is not None:
            yield card, _times(card._total(billed, counts), requests)


def _countable(card: RateCard, usage: Usage) -> tuple[Count, ...] | None:
    if any(count and card.rate_for(key) is None for key, count in usage.items()):
        return None
    try:
        return card._plan.counts(usage)
    except QuantityError:
        return None


def _times(amount: Count, requests: Count) -> Decimal:
    return Decimal(amount) if requests == 1 else _VOLUME.multiply(amount, requests)
