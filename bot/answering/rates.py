"""Rates of models as answers speak of them: which terms, which words, which figures."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Literal

from bot.answering.context import Context, citation
from bot.answers import Citation, Figure, plain
from bot.presentation import format_amount
from knowledge.prices import STANDARD, PriceTerms, RateCard
from knowledge.records import Model

Tier = Literal["flex", "priority", "fast"]

UNIT_WORDS: dict[str, str] = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_tokens": "cached input",
    "cache_write_tokens": "cache write",
    "cache_write_5m_tokens": "cache write (5 minutes)",
    "cache_write_1h_tokens": "cache write (1 hour)",
    "web_searches": "web search",
    "storage_searches": "storage search",
    "requests": "request",
}
_PER_WORDS: dict[str, str] = {
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "cache_read_tokens": "cached input tokens",
    "cache_write_tokens": "cache write tokens",
    "cache_write_5m_tokens": "cache write tokens",
    "cache_write_1h_tokens": "cache write tokens",
    "web_searches": "web searches",
    "storage_searches": "storage searches",
    "requests": "requests",
}
_COUNT_WORDS = {1: "", 1000: "1K ", 10**6: "1M ", 10**9: "1G "}
ORDER = (
    "input_tokens",
    "cache_read_tokens",
    "output_tokens",
    "cache_write_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
)
"""Rates that every price shows first, in this order."""


def terms_for(
    model: Model, context: Context, batch: bool, tier: Tier | None, on: datetime | None = None
) -> PriceTerms:
    """The price terms for the words "batch", "flex", "priority" and "fast" as this model's maker calls them."""
    if batch:
        return PriceTerms(processing="batch")
    if tier is None:
        return STANDARD
    by_tier, by_speed = PriceTerms(service_tier=tier), PriceTerms(speed=tier)
    if tier == "fast" and not context.knowledge.prices.has_terms(model, by_tier, on):
        return by_speed
    return by_tier


def moment(on: date | None) -> datetime | None:
    """Noon (UTC) of a day, or None for now: prices change at midnight, and noon lies inside the day in most time zones."""
    return None if on is None else datetime.combine(on, time(12), UTC)


def unit_words(unit: str) -> str:
    """A unit's name in a label ("cached input", "audio input")."""
    return UNIT_WORDS.get(unit) or unit.removesuffix("_tokens").replace("_", " ")


def per_words(unit: str, per: int) -> str:
    """What a rate is for: "1M input tokens", "1K web searches", "audio hour"."""
    if unit == "audio_seconds" or unit.endswith("audio_seconds"):
        return {60: "audio minute", 3600: "audio hour"}.get(per, f"{per} audio seconds")
    words = _PER_WORDS.get(unit) or unit.replace("_", " ")
    return f"{_COUNT_WORDS.get(per, f'{per} ')}{words}"


def is_announced(model: Model, on: date, context: Context) -> bool:
    """Whether the price list already names a price that begins between today and that day."""
    changes = context.knowledge.prices.history(model)
    return any(c.valid_from is not None and context.today < c.valid_from <= on for c in changes)


def ordered_units(card: RateCard) -> list[str]:
    """The card's units, the common ones first."""
    known = [unit for unit in ORDER if unit in card.rates]
    return known + [unit for unit in card.rates if unit not in known]


AUDIO_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def rate_figure(
    card: RateCard,
    unit: str,
    context: Context,
    *,
    per_tokens: Decimal | None = None,
    per_time: str | None = None,
    suffix: str = "",
) -> Figure:
    """One rate of a card as a figure, quoted for its list basis or for `per_tokens` tokens."""
    rate = card.rates[unit]
    amount, per = rate.price, per_words(unit, rate.per)
    if per_tokens is not None and unit.endswith("_tokens"):
        amount = rate.price * per_tokens / rate.per
        per = f"{_COUNT_WORDS.get(int(per_tokens), plain(per_tokens) + ' ')}{_PER_WORDS.get(unit, 'tokens')}"
        per = per.removesuffix("s") if per_tokens == 1 else per
    if per_time is not None and unit.endswith("_seconds"):
        amount = rate.price * AUDIO_SECONDS[per_time] / rate.per
        per = f"audio {per_time}"
    label = f"{card.model.display_name}, {unit_words(unit)}{suffix}"
    return Figure(
        label=label,
        amount=amount,
        unit="USD",
        per=per,
        model=card.model.id,
        provider=card.model.provider,
        source=card.source.id,
    )


def tier_figure(card: RateCard, unit: str, request_tokens: Decimal) -> Figure:
    """The rate for a request with more than so many input tokens."""
    rate = card.rates[unit]
    price, above = rate.at(request_tokens + 1)
    words = (
        f"requests above {format_amount(Decimal(above), 'input tokens')}"
        if above is not None
        else "any request"
    )
    return Figure(
        label=f"{card.model.display_name}, {unit_words(unit)}, {words}",
        amount=price,
        unit="USD",
        per=per_words(unit, rate.per),
        model=card.model.id,
        provider=card.model.provider,
        source=card.source.id,
    )


def tier_figures(card: RateCard, unit: str) -> list[Figure]:
    """The rates of long requests, where the price depends on the tokens of one request."""
    rate = card.rates[unit]
    return [
        Figure(
            label=f"{card.model.display_name}, {unit_words(unit)}, requests above {format_amount(Decimal(above), 'input tokens')}",
            amount=price,
            unit="USD",
            per=per_words(unit, rate.per),
            model=card.model.id,
            provider=card.model.provider,
            source=card.source.id,
        )
        for above, price in rate.tiers
    ]


def rate_summary(card: RateCard) -> str:
    """The main rates in words: "$2.50 in, $10 out per 1M tokens"."""
    parts = []
    for unit, word in (("input_tokens", "in"), ("cache_read_tokens", "cached"), ("output_tokens", "out")):
        rate = card.rates.get(unit)
        if rate is not None and rate.per == 10**6:
            parts.append(f"{format_amount(rate.price, 'USD')} {word}")
    if parts:
        return f"{', '.join(parts)} per 1M tokens"
    listed = (f"{format_amount(r.price, 'USD')} per {per_words(u, r.per)}" for u, r in card.rates.items())
    return ", ".join(dict.fromkeys(listed))


def card_citation(card: RateCard) -> Citation:
    """Where a card's rates were read, with the rates as the quotation."""
    terms = f" ({card.terms})" if card.terms.special() else ""
    return citation(card.source, f"{card.model.display_name}{terms}: {rate_summary(card)}")


def card_notes(card: RateCard, context: Context) -> None:
    """Add what a reader must know of a card: a contract, a stand-in price list, units left at the standard rate."""
    if card.contract:
        context.note(f"The price of {card.model.display_name} is from your contract.")
    if card.via is not None:
        seller, lister = context.provider_name(card.model.provider), context.provider_name(card.via)
        context.note(
            f"{seller} lists no price of its own for {card.model.display_name}; {lister}'s list price is used."
        )
    kept = [unit_words(unit) for unit in sorted(card.at_standard) if unit in ORDER]
    if kept:
        context.note(
            f"No {card.terms} rate is on record for {', '.join(kept)} of {card.model.display_name};"
            " the standard rate is used there."
        )
    if card.hours is not None:
        context.note(
            f"This price of {card.model.display_name} holds from {card.hours[0]} to {card.hours[1]} UTC."
        )
