"""What all comparisons share: figures of bills and differences, and words for winners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from bot.answering.bills import Bill
from bot.answering.candidates import constraint_words
from bot.answering.context import Context
from bot.answering.load import Load
from bot.answers import Figure
from bot.questions import CompareQuestion, Period
from knowledge.lazy_dataclass import replace
from knowledge.records import Model

SHOWN = 5


def period_of_bills(question: CompareQuestion, load: Load) -> Period | None:
    """The period that totals are compared for; None for a one-off load and for the whole of a stated length of time."""
    if load.per is None or (load.workload.span is not None and question.want_per is None):
        return None
    return question.want_per or load.per


def total(made: Bill, per: Period | None) -> Decimal:
    """A bill in the period of the comparison."""
    span = made.load.workload.span
    return made.over(span) if per is None and span is not None else made.per(per)


def bill_figure(made: Bill, per: Period | None) -> Figure:
    """One model's total in a comparison."""
    return Figure(
        label=made.model.display_name,
        amount=total(made, per),
        unit="USD",
        per=per,
        model=made.model.id,
        provider=made.model.provider,
        source=made.card.source.id,
    )


def relation(question: CompareQuestion, first: Decimal, second: Decimal) -> list[Figure]:
    """How many times, or how many percent, where that is what was asked for."""
    low, high = sorted((first, second))
    if question.objective == "ratio" and low:
        return [Figure(label="Ratio", amount=high / low, unit="ratio")]
    if question.objective == "percent" and high:
        return [Figure(label="Saving in percent", amount=(high - low) / high * 100, unit="percent")]
    return []


def difference(first: Decimal, second: Decimal, per: str | None) -> Figure:
    """How much two totals differ."""
    return Figure(label="Difference", amount=abs(first - second), unit="USD", per=per)


def distinct_names(models: Sequence[Model], context: Context) -> dict[tuple[str, str], str]:
    """What to call each model, by provider and id; those of the same name get their provider's beside it."""
    called = Counter(model.display_name.casefold() for model in models)
    return {
        (model.provider, model.id): f"{model.display_name} ({context.provider_name(model.provider)})"
        if called[model.display_name.casefold()] > 1
        else model.display_name
        for model in models
    }


def with_distinct_labels(
    figures: Sequence[Figure], models: Sequence[Model], context: Context
) -> tuple[Figure, ...]:
    """The figures with labels that say whose each is, where models share their name."""
    names = distinct_names(models, context)
    plain = {(model.provider, model.id): model.display_name for model in models}
    labelled = []
    for figure in figures:
        key = (figure.provider or "", figure.model or "")
        if key in names and names[key] != plain[key]:
            figure = replace(figure, label=figure.label.replace(plain[key], names[key], 1))
        labelled.append(figure)
    return tuple(labelled)


def superlative(question: CompareQuestion, count: int) -> str:
    """ "cheaper" of two named models, "cheapest" of more."""
    words = ("dearer", "dearest") if question.objective == "dearest" else ("cheaper", "cheapest")
    return words[0] if question.models and count == 2 else words[1]


def considered(question: CompareQuestion, count: int, context: Context) -> tuple[str, ...]:
    """How many models a search over all of them looked at, and under which constraints."""
    if question.models:
        return ()
    return (f"{count} models compared: {constraint_words(question.constraints, context)}.",)
