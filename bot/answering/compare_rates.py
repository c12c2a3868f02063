"""Models side by side by their rates, where no workload is given."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.answering.candidates import constraint_words, within_caps
from bot.answering.comparing import (
    SHOWN,
    considered,
    difference,
    distinct_names,
    relation,
    superlative,
    with_distinct_labels,
)
from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.rates import card_citation, card_notes, rate_figure
from bot.answers import Answer
from bot.presentation import format_amount
from bot.questions import CompareQuestion
from knowledge.lazy_dataclass import replace
from knowledge.prices import RateCard
from knowledge.records import Model

_BLEND = (Decimal(3), Decimal(1))
"""Input to output tokens in a blended price, where no workload is given: the usual 3:1 of price comparisons."""


_MILLION = Decimal(10) ** 6


def by_rates(question: CompareQuestion, models: Sequence[Model], context: Context) -> Answer:
    """Models by their rates; ranked by one rate, or by a blend where none is named."""
    if question.constraints.modality == "embedding":
        question = replace(question, metric="input")  # the only rate that they have
    cards = _cards(question, models, context)
    if not cards:
        raise NoAnswer(
            "not_found",
            f"No model in my price list fits: {constraint_words(question.constraints, context)}.",
        )
    named = bool(question.models)
    if not (named and question.objective in ("side_by_side", "difference", "ratio", "percent")):
        cards.sort(key=lambda card: _rate_of(card, question.metric), reverse=question.objective == "dearest")
    shown = cards if named else cards[: question.limit or SHOWN]
    if question.metric is None:
        context.note(
            "No workload is given: models are ranked by a blend of 3 input tokens to 1 output token."
        )
    units = {"input": ["input_tokens"], "output": ["output_tokens"]}.get(
        question.metric or "", ["input_tokens", "output_tokens"]
    )
    figures = [rate_figure(card, unit, context) for unit in units for card in shown if unit in card.rates]
    if question.objective == "difference" and len(shown) >= 2:
        first, second = _rate_of(shown[0], question.metric), _rate_of(shown[1], question.metric)
        basis = {"input": "1M input tokens", "output": "1M output tokens"}.get(
            question.metric or "", "1M tokens"
        )
        figures = [difference(first, second, basis), *figures]
    elif len(shown) == 2:
        first, second = _rate_of(shown[0], question.metric), _rate_of(shown[1], question.metric)
        figures = [*relation(question, first, second), *figures]
    return answered(
        "compare",
        _rates_headline(question, shown, context),
        figures=with_distinct_labels(figures, [card.model for card in shown], context),
        assumptions=tuple(context.notes),
        citations=unique_citations([card_citation(card) for card in shown]),
        details=considered(question, len(cards), context),
    )


def _cards(question: CompareQuestion, models: Sequence[Model], context: Context) -> list[RateCard]:
    prices = context.knowledge.prices
    if question.models:
        cards = [prices.card(model) for model in models]
        for card in cards:
            card_notes(card, context)
        return cards
    embeds = question.constraints.modality == "embedding"
    wanted = ("input_tokens",) if embeds else ("input_tokens", "output_tokens")
    return [
        card
        for card in prices.cards(models)
        if all(unit in card.rates for unit in wanted)
        and _rate_of(card, question.metric) > 0
        and within_caps(card, question.constraints)
    ]


def _rate_of(card: RateCard, metric: str | None) -> Decimal:
    """The rate that decides, in USD per 1M tokens."""

    def rate(unit: str) -> Decimal:
        found = card.rates.get(unit)
        return found.price * _MILLION / found.per if found else Decimal(0)

    if metric == "input":
        return rate("input_tokens")
    if metric == "output":
        return rate("output_tokens")
    into, out = _BLEND
    return (into * rate("input_tokens") + out * rate("output_tokens")) / (into + out)


def _rates_headline(question: CompareQuestion, shown: Sequence[RateCard], context: Context) -> str:
    def rates(card: RateCard) -> str:
        parts = [
            f"{format_amount(card.rates[unit].price, 'USD')} {word}"
            for unit, word in (("input_tokens", "in"), ("output_tokens", "out"))
            if unit in card.rates
        ]
        return f"{', '.join(parts)} per 1M tokens"

    first = shown[0]
    if question.objective in ("cheapest", "dearest") or not question.models:
        word = superlative(question, len(shown))
        seller = context.provider_name(first.model.provider)
        return f"{first.model.display_name} ({seller}) is the {word}: {rates(first)}."
    names = distinct_names([card.model for card in shown], context)

    def name(card: RateCard) -> str:
        return names[card.model.provider, card.model.id]

    listed = "; ".join(f"{name(card)}: {rates(card)}" for card in shown)
    low = min(shown, key=lambda card: _rate_of(card, question.metric))
    high = max(shown, key=lambda card: _rate_of(card, question.metric))
    if low is high or not _rate_of(low, question.metric):
        return f"{listed}."
    times = format_amount(_rate_of(high, question.metric) / _rate_of(low, question.metric), "ratio")
    return f"{listed}. {name(low)} is the cheaper one ({name(high)} costs {times} as much)."
