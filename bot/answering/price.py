"""What a model costs per unit: all its rates, or the ones asked for, today or on a past day."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.rates import (
    card_citation,
    card_notes,
    is_announced,
    moment,
    ordered_units,
    rate_figure,
    rate_summary,
    terms_for,
    tier_figure,
    tier_figures,
    unit_words,
)
from bot.answers import Answer, Citation, Figure
from bot.presentation import format_amount
from bot.questions import PriceQuestion
from knowledge.prices import PriceTerms, RateCard
from knowledge.records import Model

_UNIT_SETS: dict[str, tuple[str, ...]] = {
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "cached": ("cache_read_tokens",),
    "cache_write": ("cache_write_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
    "cache_write_1h": ("cache_write_1h_tokens",),
    "search": ("web_searches", "storage_searches"),
}
_KINDS = frozenset(["audio", "image"])
"""Units that say which kind of tokens is meant; "audio input" is nothing that text's rate could stand for."""
_EXTRA_RATES = 8
"""Rates beyond the usual ones that one answer lists."""


def answer_price(question: PriceQuestion, context: Context) -> Answer:
    """The rates of every model asked for, input first."""
    if not question.models:
        raise NoAnswer("clarify", "Which model's price do you want?")
    if question.on is None or question.on <= context.today or not _announced(question, context):
        context.refuse_day(question.on)
    figures: list[Figure] = []
    citations: list[Citation] = []
    headlines: list[str] = []
    details: list[str] = []
    for ref in question.models:
        model = context.model(ref)
        if question.units == ("context",):
            figures.append(_context_figure(model))
            headlines.append(
                f"{model.display_name} has a context window of {format_amount(figures[-1].amount, 'tokens')}"
            )
            citations.append(card_citation(context.knowledge.prices.card(model)))
            continue
        card = _card(question, model, context)
        figures.extend(_figures(question, card, context))
        citations.append(card_citation(card))
        headlines.append(_headline(question, card, context, figures))
        if card.comment and not card.via:
            details.append(f"Note of the price list on {model.display_name}: {card.comment}")
        if model.deprecated:
            details.append(f"{model.display_name} is deprecated by {context.provider_name(model.provider)}.")
    if question.on is None:
        context.note(
            "Today's list price, on demand, standard tier."
            if not question.batch
            else "Today's list price of the batch API."
        )
    return answered(
        "price",
        "; ".join(headlines) + ".",
        figures=tuple(figures),
        assumptions=tuple(context.notes),
        citations=unique_citations(citations),
        details=tuple(detail[:600] for detail in details),
    )


def _announced(question: PriceQuestion, context: Context) -> bool:
    """Whether the price list already names a price that begins between today and the day asked for."""
    assert question.on is not None
    if not all(is_announced(context.model(ref), question.on, context) for ref in question.models):
        return False
    context.note("An announced price; it can still change.")
    return bool(question.models)


def _card(question: PriceQuestion, model: Model, context: Context) -> RateCard:
    on = moment(question.on)
    terms = terms_for(model, context, question.batch, question.service_tier, on)
    card = context.knowledge.prices.card(model, on, terms)
    card_notes(card, context)
    if question.on is not None and card.valid_from is None:
        context.note(
            f"The price list knows one price of {model.display_name} without a starting date; it is taken to hold on {question.on}."
        )
    return card


def _figures(question: PriceQuestion, card: RateCard, context: Context) -> list[Figure]:
    wanted = [unit for name in question.units if name != "context" for unit in _units_named(name, card)]
    missing = [name for name in question.units if name != "context" and not _units_named(name, card)]
    if missing and (not wanted or not _KINDS.isdisjoint(missing)):
        words = {"cached": "cached input", "cache_write": "cache write"}.get(missing[0], missing[0])
        raise NoAnswer(
            "not_found",
            f"No {words} price is on record for {card.model.display_name} at {context.provider_name(card.model.provider)}."
            f" On record: {', '.join(unit_words(unit) for unit in card.rates)}.",
        )
    for name in missing:
        context.note(f"No {name.replace('_', ' ')} price is on record for {card.model.display_name}.")
    units = wanted or _usual(ordered_units(card))
    suffix = f" ({card.terms})" if card.terms.special() else ""
    if question.request_tokens is not None:
        return [
            tier_figure(card, unit, question.request_tokens) for unit in units if unit.endswith("_tokens")
        ]
    figures = [
        rate_figure(
            card, unit, context, per_tokens=question.per_tokens, per_time=question.per_time, suffix=suffix
        )
        for unit in units
    ]
    for unit in units:
        figures.extend(tier_figures(card, unit))
    if not question.units and not question.batch and question.service_tier is None:
        figures.extend(_batch_figures(card, context, question))
    if "context" in question.units or (not question.units and card.model.context_window):
        figures.append(_context_figure(card.model))
    return figures


def _units_named(name: str, card: RateCard) -> list[str]:
    if name in _UNIT_SETS:
        return [unit for unit in _UNIT_SETS[name] if unit in card.rates]
    return [unit for unit in card.rates if name in unit]


def _usual(units: list[str]) -> list[str]:
    parts = [unit for unit in units if not (unit == "input_audio_seconds" and "audio_seconds" in units)]
    return parts[:_EXTRA_RATES]


def _batch_figures(card: RateCard, context: Context, question: PriceQuestion) -> list[Figure]:
    """The batch rates beside the standard ones, where they are on record."""
    on = moment(question.on)
    batch = PriceTerms(processing="batch")
    if not context.knowledge.prices.has_terms(card.model, batch, on):
        return []
    half = context.knowledge.prices.card(card.model, on, batch)
    units = [unit for unit in ("input_tokens", "output_tokens") if unit in half.rates]
    return [
        rate_figure(half, unit, context, per_tokens=question.per_tokens, suffix=" (batch)") for unit in units
    ]


def _context_figure(model: Model) -> Figure:
    if model.context_window is None:
        raise NoAnswer("not_found", f"The context window of {model.display_name} is not on record.")
    return Figure(
        label=f"{model.display_name}, context window",
        amount=Decimal(model.context_window),
        unit="tokens",
        model=model.id,
        provider=model.provider,
        source=f"price-{model.provider}",
    )


def _headline(question: PriceQuestion, card: RateCard, context: Context, figures: list[Figure]) -> str:
    seller = context.provider_name(card.model.provider)
    undated = card.valid_from is None
    day = (
        f" on {question.on.isoformat()}{' (as far as is on record: no starting date)' if undated else ''}"
        if question.on
        else ""
    )
    terms = f", {card.terms}" if card.terms.special() else ""
    name = f"{card.model.display_name} ({seller}{terms})"
    own = [
        f
        for f in figures
        if f.model == card.model.id and f.provider == card.model.provider and f.unit == "USD"
    ]
    if (
        question.units
        or question.per_tokens is not None
        or question.per_time is not None
        or question.request_tokens is not None
    ):
        several = question.request_tokens is not None or not _KINDS.isdisjoint(question.units)
        asked = own if several else own[: max(1, len(question.units))]
        return (
            f"{name} costs " + ", ".join(f"{format_amount(f.amount, 'USD')} per {f.per}" for f in asked) + day
        )
    return f"{name}: {rate_summary(card)}{day}"
