"""A mix of models, each with a share of the requests, against all requests on one of them."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.bills import bill
from bot.answering.comparing import bill_figure, period_of_bills, total
from bot.answering.context import Context, answered, unique_citations
from bot.answering.rates import card_citation
from bot.answers import Answer, Figure
from bot.presentation import format_amount, per_words
from bot.questions import CompareQuestion


def mix_of_models(question: CompareQuestion, context: Context) -> Answer:
    """What the mix saves first; all requests are set against the named model, else against the dearest of the mix."""
    workload = question.workload
    assert workload is not None
    models = [context.model(ref) for ref in question.models]
    bills = [bill(model, workload, context) for model in models]
    alone = bill(context.model(question.against), workload, context) if question.against else None
    alone = alone or max(bills, key=lambda made: made.total)
    per = period_of_bills(question, alone.load)
    parts = [total(made, per) * share for made, share in zip(bills, question.shares, strict=True)]
    mixed, whole = sum(parts, Decimal(0)), total(alone, per)
    saving = whole - mixed
    cheaper = saving >= 0
    share_words = " and ".join(
        f"{format_amount(share * 100, 'percent')} {made.model.display_name}"
        for made, share in zip(bills, question.shares, strict=True)
    )
    figures = [
        Figure(label="Saving" if cheaper else "Extra cost", amount=abs(saving), unit="USD", per=per),
        Figure(label="Mix", amount=mixed, unit="USD", per=per),
        bill_figure(alone, per),
    ]
    if question.objective == "side_by_side":
        figures = [*figures[1:], figures[0]]
    if whole:
        figures.append(Figure(label="Saving in percent", amount=saving / whole * 100, unit="percent"))

    def money(amount: Decimal) -> str:
        return f"{format_amount(amount, 'USD')} {per_words(per)}".strip()

    return answered(
        "compare",
        f"{share_words} {'saves' if cheaper else 'costs'} {money(abs(saving))}{'' if cheaper else ' more'}:"
        f" {money(mixed)} instead of {money(whole)} with everything on {alone.model.display_name}.",
        figures=tuple(figures),
        assumptions=tuple(dict.fromkeys([*context.notes, *alone.load.notes])),
        citations=unique_citations([card_citation(made.card) for made in [*bills, alone]]),
    )
