"""What a load costs on a model: one exact bill, which estimates, comparisons, capacities and break-evens all build on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from bot.answering.context import Context
from bot.answering.load import CHARGED_BY, Call, Load, convert, load_in, load_of
from bot.answering.rates import card_notes, per_words, terms_for, unit_words
from bot.answers import Step
from bot.errors import NoPriceError
from bot.presentation import format_amount
from bot.questions import Period, Span, Workload
from knowledge.lazy_dataclass import dataclass, replace
from knowledge.prices import STANDARD, Charge, Cost, PriceTerms, RateCard
from knowledge.records import Model


@dataclass(frozen=True)
class Bill:
    """The cost of a load on one model, for `load.count` units per `load.per`."""

    model: Model
    card: RateCard
    load: Load
    cost: Cost
    high: Cost | None = None
    """The upper end, where a size was a range."""
    as_output: Cost | None = None
    """The same tokens all as output, where their direction was not stated."""

    @property
    def total(self) -> Decimal:
        """US dollars per `load.per`, or in all."""
        return self.cost.total

    def per(self, target: Period | None) -> Decimal:
        """The total in another period; None or a one-off load leaves it as it is."""
        if target is None or self.load.per is None:
            return self.total
        workload = self.load.workload
        if (
            workload.growth_share is not None
            and workload.growth_steps is None
            and workload.growth_per is not None
        ):
            steps = _whole_steps(workload.growth_per, target)
            if steps > 1:
                return self._grown(steps)
        return self._plain(target)

    def over(self, span: Span) -> Decimal:
        """The total of a length of time, growth included; a one-off load stays what it is."""
        if self.load.per is None:
            return self.total
        workload = self.load.workload
        if (
            workload.growth_share is not None
            and workload.growth_steps is None
            and workload.growth_per is not None
        ):
            return self._grown(span.amount * _whole_steps(workload.growth_per, span.unit))
        return self._plain(span.unit) * span.amount

    def _grown(self, steps: Decimal) -> Decimal:
        """The sum of so many periods, each with so much more than the one before it."""
        share, period = self.load.workload.growth_share, self.load.workload.growth_per
        assert share is not None
        assert period is not None
        first = self._plain(period)
        return first * ((1 + share) ** steps - 1) / share if share else first * steps

    def _plain(self, target: Period) -> Decimal:
        """The total in another period if nothing grows."""
        assert self.load.per is not None
        return convert(self.total, self.load.per, target, self.load.workload, self.load.notes)


def bill(
    model: Model, workload: Workload, context: Context, on: datetime | None = None, load: Load | None = None
) -> Bill:
    """Price a workload on a model. Raises `NoPriceError` where the price (or the batch price …) is not on record."""
    card = context.knowledge.prices.card(
        model, on, terms_for(model, context, workload.batch, workload.service_tier, on)
    )
    load = load or _load(card, workload)
    card_notes(card, context)
    _note_window(model, load, context)
    if load.cached_tokens and "cache_read_tokens" not in card.rates:
        context.note(
            f"No cached price is on record for {model.display_name}; cached tokens are counted at the input price."
        )
    if load.bare_volume and any(rate.tiers for rate in card.rates.values()):
        context.note(
            f"{model.display_name} costs more for long requests; a bare volume has no request size and takes the base price."
        )

    def priced(calls: list[Call]) -> Cost:
        share = workload.batch_share
        if share is None or workload.batch:
            return _price(card, calls, load)
        batched = context.knowledge.prices.card(model, on, terms_for(model, context, True, None, on))
        card_notes(batched, context)
        return _sum([_part(card, calls, load, 1 - share), _part(batched, calls, load, share)])

    cost = priced(load.calls)
    high = priced(load.high_calls or load.calls) if load.high_calls or workload.upper_factor else None
    if high is not None and workload.upper_factor is not None:
        high = _times(high, workload.upper_factor)
    as_output = None
    if load.undirected and "output_tokens" in card.rates:
        as_output = priced([Call(Decimal(0), call.input) for call in load.calls])
    _note_unpriced(cost, card, context)
    return Bill(model, card, load, cost, high, as_output)


def _load(card: RateCard, workload: Workload) -> Load:
    """The workload in the units that this card prices."""
    if "input_tokens" not in card.rates:
        for unit in CHARGED_BY:
            if unit in card.rates:
                return load_in(unit, workload)
    return load_of(workload)


def _note_unpriced(cost: Cost, card: RateCard, context: Context) -> None:
    """Say what the total leaves out. Raises `NoPriceError` where nothing of it has a price: unknown is never $0."""
    if not cost.unpriced:
        return
    name = card.model.display_name
    missing = " and ".join(unit_words(unit) for unit in cost.unpriced)
    if not cost.total:
        charged = ", ".join(dict.fromkeys(per_words(unit, rate.per) for unit, rate in card.rates.items()))
        raise NoPriceError(
            f"No price for {missing} is on record for {name}.", f"It is charged per {charged}."
        )
    context.note(f"No price for {missing} is on record for {name}; it is not in the total.")


def _note_window(model: Model, load: Load, context: Context) -> None:
    """Say that a request is longer than the model reads: it has a price, but it would be refused."""
    window = model.context_window
    if window is None or load.bare_volume:
        return
    longest = max((call.input + call.output for call in load.calls), default=Decimal(0))
    if longest > window:
        context.note(
            f"One request of {format_amount(longest, 'tokens')} does not fit into the context window of"
            f" {model.display_name}, {format_amount(Decimal(window), 'tokens')}; it would have to be split."
        )


_PER_YEAR: dict[Period, int] = {"day": 365, "week": 52, "month": 12, "year": 1}


def _whole_steps(step: Period, target: Period) -> Decimal:
    """How many `step`s a `target` has: 12 months a year, 4 weeks a month; 0 where it is shorter."""
    if step not in _PER_YEAR or target not in _PER_YEAR:
        return Decimal(0)
    if step == "day" and target == "month":
        return Decimal(30)
    if step == "day" and target == "week":
        return Decimal(7)
    return Decimal(_PER_YEAR[step] // _PER_YEAR[target])


class Offer(NamedTuple):
    """The rates of a model, and what a load costs at them: the total of its bill."""

    card: RateCard
    total: Decimal


def offers(models: Sequence[Model], workload: Workload, context: Context) -> list[Offer]:
    """What a workload costs today on each of many models, in their order, for choosing those that are worth a bill.

    Left out are models that have no price for such requests, or none for a part of them.
    """
    load = load_of(workload)
    usages = [_in_whole_numbers(call.usage()) for call in load.calls]
    found = []
    for card in _cards(models, workload, context):
        try:
            if load.bare_volume or any(call.audio_seconds for call in load.calls):
                total = _price(card, load.calls, load).total
            else:
                total = sum((card.total(usage, requests=load.count) for usage in usages), Decimal(0))
        except NoPriceError:
            continue
        found.append(Offer(card, total))
    return found


def _cards(models: Sequence[Model], workload: Workload, context: Context) -> Iterable[RateCard]:
    prices = context.knowledge.prices
    if workload.service_tier is None:
        terms = PriceTerms(processing="batch") if workload.batch else STANDARD
        return prices.shortlist(models, terms=terms).cards
    return (
        card
        for model in models
        for card in prices.cards(
            [model], terms=terms_for(model, context, workload.batch, workload.service_tier)
        )
    )


def _in_whole_numbers(usage: dict[str, Decimal]) -> dict[str, int | Decimal]:
    """Counts as integers where they are whole: the price book adds those up much faster."""
    return {unit: int(count) if count == int(count) else count for unit, count in usage.items()}


def _price(card: RateCard, calls: list[Call], load: Load) -> Cost:
    if load.bare_volume:
        return _base_tier(card, calls[0])
    costs = [card.cost(_usage(card, call), requests=load.count) for call in calls]
    return costs[0] if len(costs) == 1 else _sum(costs)


def _times(cost: Cost, factor: Decimal) -> Cost:
    """The cost of so many times as many requests."""
    charges = tuple(
        replace(charge, count=charge.count * factor, amount=charge.amount * factor) for charge in cost.charges
    )
    return Cost(cost.total * factor, cost.input * factor, cost.output * factor, charges, cost.unpriced)


def _part(card: RateCard, calls: list[Call], load: Load, share: Decimal) -> Cost:
    """The cost of a share of the load."""
    if load.bare_volume:
        calls = [Call(c.input * share, c.output * share, c.cached * share) for c in calls]
    return _price(card, calls, replace(load, count=load.count * share))


def _usage(card: RateCard, call: Call) -> dict[str, Decimal]:
    """A call's usage in the units of this card; sound is counted by its length where the card prices that."""
    usage = call.usage()
    if not call.audio_seconds:
        return usage
    units = [unit for unit in card.rates if unit in ("audio_seconds", "input_audio_seconds")]
    if not units:
        raise NoPriceError(
            f"No price for a length of audio is on record for {card.model.display_name}.",
            "It may be charged by audio tokens; ask for its price.",
        )
    return {
        **{key: count for key, count in usage.items() if count},
        **dict.fromkeys(units, call.audio_seconds),
    }


def _sum(costs: list[Cost]) -> Cost:
    """Several bills as one; lines of the same unit, rate and tier are added up."""
    lines: dict[tuple[str, Decimal, int | None], Charge] = {}
    for cost in costs:
        for charge in cost.charges:
            key = (charge.unit, charge.rate, charge.tier_above)
            known = lines.get(key)
            if known is not None:
                charge = replace(known, count=known.count + charge.count, amount=known.amount + charge.amount)
            lines[key] = charge
    zero = Decimal(0)
    return Cost(
        sum((cost.total for cost in costs), zero),
        sum((cost.input for cost in costs), zero),
        sum((cost.output for cost in costs), zero),
        tuple(lines.values()),
        tuple(dict.fromkeys(unit for cost in costs for unit in cost.unpriced)),
    )


def _base_tier(card: RateCard, call: Call) -> Cost:
    """A bare volume: single tokens, so many times, which no context tier can apply to."""
    if not any(rate.tiers for rate in card.rates.values()):
        return card.cost(call.usage())
    fresh = call.input - call.cached
    parts = [
        card.cost({"input_tokens": 1}, requests=fresh) if fresh else None,
        card.cost({"input_tokens": 1, "cache_read_tokens": 1}, requests=call.cached) if call.cached else None,
        card.cost({"input_tokens": 0, "output_tokens": 1}, requests=call.output) if call.output else None,
    ]
    costs = [cost for cost in parts if cost is not None]
    return _sum(costs) if costs else card.cost(call.usage())


def steps(made: Bill) -> tuple[Step, ...]:
    """The bill line by line: tokens, rate, amount."""
    return tuple(
        Step(
            label=unit_words(charge.unit).capitalize() + _tier_words(charge.tier_above),
            count=charge.count,
            count_unit="tokens" if charge.unit.endswith("_tokens") else charge.unit.replace("_", " "),
            rate=charge.rate,
            rate_per=per_words(charge.unit, charge.per),
            amount=charge.amount,
        )
        for charge in made.cost.charges
    )


def _tier_words(above: int | None) -> str:
    return "" if above is None else f" (requests above {above:,} input tokens)"
