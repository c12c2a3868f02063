"""Which model, or which way of using one, costs less, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.answering.bills import Bill, Offer, bill, offers
from bot.answering.candidates import candidates, constraint_words, within_caps
from bot.answering.compare_mix import mix_of_models
from bot.answering.compare_rates import by_rates
from bot.answering.compare_ways import ways_of_one_model
from bot.answering.comparing import (
    SHOWN,
    bill_figure,
    considered,
    difference,
    distinct_names,
    period_of_bills,
    relation,
    superlative,
    total,
    with_distinct_labels,
)
from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.load import Load, load_of
from bot.answering.rates import card_citation
from bot.answers import Answer
from bot.presentation import format_amount, per_words
from bot.questions import CompareQuestion, Constraints, Period
from knowledge.lazy_dataclass import replace
from knowledge.prices import RateCard
from knowledge.records import Model


def answer_compare(question: CompareQuestion, context: Context) -> Answer:
    """One figure a model, the winner first where one is asked for; the difference first where that is asked for."""
    if question.variants and len(question.models) == 1:
        return ways_of_one_model(question, context)
    if question.changed is not None and question.workload is not None and len(question.models) == 1:
        return _changed_length(question, context)
    if question.shares and question.workload is not None:
        return mix_of_models(question, context)
    if question.everywhere and len(question.models) == 1:
        return _at_all_sellers(question, context)
    if len(question.models) == 1 and question.objective == "cheapest" and question.workload is not None:
        return _cheaper_than_one(question, context)
    if len(question.models) == 1 and question.constraints.providers:
        return _one_model_at_providers(question, context)
    if (
        not question.models
        and question.objective == "side_by_side"
        and question.workload is None
        and question.constraints == Constraints()
    ):
        raise NoAnswer("clarify", "Which models shall I compare?")
    models = [context.model(ref) for ref in question.models] or candidates(question.constraints, context)
    if not models:
        raise NoAnswer(
            "not_found",
            f"No model in my price list fits: {constraint_words(question.constraints, context)}.",
        )
    if question.workload is not None:
        return _by_workload(question, models, context)
    return by_rates(question, models, context)


def _changed_length(question: CompareQuestion, context: Context) -> Answer:
    """The same requests before and after a change of their length, the difference first."""
    assert question.workload is not None
    assert question.changed is not None
    model = context.model(question.models[0])
    for workload in (question.workload, question.changed):
        if workload.input is None or workload.output is None:
            raise NoAnswer("clarify", "How many tokens go in and come out per request, before and after?")
    before, after = (bill(model, workload, context) for workload in (question.workload, question.changed))
    per = period_of_bills(question, before.load)
    saving = total(before, per) - total(after, per)
    figures = [
        difference(total(before, per), total(after, per), per),
        replace(bill_figure(before, per), label=f"{model.display_name}, before"),
        replace(bill_figure(after, per), label=f"{model.display_name}, after"),
    ]
    amounts = [f"{format_amount(figure.amount, 'USD')} {per_words(per)}".strip() for figure in figures]
    return answered(
        "compare",
        f"{amounts[0]} {'less' if saving >= 0 else 'more'} on {model.display_name}: {amounts[2]} instead of {amounts[1]}.",
        figures=tuple(figures),
        assumptions=tuple(dict.fromkeys([*context.notes, *before.load.notes])),
        citations=unique_citations([card_citation(before.card)]),
    )


def _by_workload(question: CompareQuestion, models: Sequence[Model], context: Context) -> Answer:
    workload = question.workload
    assert workload is not None
    load = load_of(workload)
    if load.undirected:
        context.note("The question does not say how many of the tokens are output; all are taken as input.")
    elif workload.input is not None and workload.output is None and question.models:
        raise NoAnswer("clarify", "How many tokens (or words) come out per request?")
    per = period_of_bills(question, load)
    if question.models:
        compared = len(models)
        shown = _ranked(question, [bill(model, workload, context) for model in models])[: question.limit]
    else:
        found = _ranked_offers(question, models, context)
        compared = len(found)
        shown = [bill(offer.card.model, workload, context) for offer in found[: question.limit or SHOWN]]
    if not shown:
        raise NoAnswer("not_found", "None of these models has such a price on record.")
    figures = [bill_figure(made, per) for made in shown]
    headline = _workload_headline(question, shown, per, context)
    if question.objective == "difference" and len(shown) >= 2:
        figures = [difference(total(shown[0], per), total(shown[1], per), per), *figures]
    elif len(shown) == 2:
        figures = [*relation(question, shown[0].total, shown[1].total), *figures]
    notes = [*context.notes, *(note for made in shown for note in made.load.notes), *_as_read(load)]
    return answered(
        "compare",
        headline,
        figures=with_distinct_labels(figures, [made.model for made in shown], context),
        assumptions=tuple(dict.fromkeys(notes)),
        citations=unique_citations([card_citation(made.card) for made in shown]),
        details=considered(question, compared, context),
    )


def _as_read(load: Load) -> list[str]:
    """The workload that was priced, in words, so that a misreading can be seen."""
    if any(call.audio_seconds or call.other for call in load.calls):
        return []
    into, out = load.input_tokens, load.output_tokens
    sizes = f"{format_amount(into, 'tokens')} in, {format_amount(out, 'tokens')} out"
    if load.bare_volume:
        said = [f"Compared for {sizes} {per_words(load.per)}".rstrip() + "."]
    else:
        count = f"{format_amount(load.count, load.noun)} {per_words(load.per)}".rstrip()
        said = [f"Compared for {count} of {sizes}."]
    workload = load.workload
    plain = not (workload.batch or workload.batch_share or workload.cached_share or workload.cached)
    return (
        [*said, "Input is uncached and not batched, standard tier."]
        if plain and not workload.service_tier
        else said
    )


def _ranked_offers(question: CompareQuestion, models: Sequence[Model], context: Context) -> list[Offer]:
    """What the workload costs on those of many models that fit, the cheapest (or dearest) first."""
    assert question.workload is not None
    found = [
        offer
        for offer in offers(models, question.workload, context)
        if offer.total
        and within_caps(offer.card, question.constraints)
        and _is_complete(offer.card, question)
    ]
    return sorted(found, key=lambda offer: offer.total, reverse=question.objective == "dearest")


def _is_complete(card: RateCard, question: CompareQuestion) -> bool:
    """Whether the model has a price for both directions; a model without one is no candidate for text."""
    embeds = question.constraints.modality == "embedding"
    return "input_tokens" in card.rates and (embeds or "output_tokens" in card.rates)


def _ranked(question: CompareQuestion, bills: list[Bill]) -> list[Bill]:
    if question.models and question.objective in ("side_by_side", "ratio", "percent"):
        return bills
    if question.models and question.objective == "difference":
        return bills if len(bills) == 2 else sorted(bills, key=lambda made: made.total)
    return sorted(bills, key=lambda made: made.total, reverse=question.objective == "dearest")


def _workload_headline(
    question: CompareQuestion, shown: list[Bill], per: Period | None, context: Context
) -> str:
    def amount(made: Bill) -> str:
        return f"{format_amount(total(made, per), 'USD')} {per_words(per)}".strip()

    names = distinct_names([made.model for made in shown], context)

    def name(made: Bill) -> str:
        return names[made.model.provider, made.model.id]

    first = shown[0]
    seller = context.provider_name(first.model.provider)
    if question.objective in ("cheapest", "dearest") or not question.models:
        word = superlative(question, len(shown))
        rest = f"; next {name(shown[1])} at {amount(shown[1])}" if len(shown) > 1 else ""
        return f"{first.model.display_name} ({seller}) is the {word}: {amount(first)}{rest}."
    low, high = min(shown, key=lambda made: made.total), max(shown, key=lambda made: made.total)
    times = (
        f", {format_amount(high.total / low.total, 'ratio')} the cost"
        if low.total and high.total != low.total
        else ""
    )
    listed = ", ".join(f"{name(made)} {amount(made)}" for made in shown)
    saving = format_amount(total(high, per) - total(low, per), "USD")
    return (
        f"{listed}: {name(low)} is {saving} {per_words(per)} cheaper".replace("  ", " ")
        + f" ({name(high)} has{times.lstrip(',')})."
        if times
        else f"{listed}."
    )


def _cheaper_than_one(question: CompareQuestion, context: Context) -> Answer:
    """ "Is there anything cheaper?": the model against the current ones of all makers with at least its context window."""
    model = context.model(question.models[0])
    constraints = replace(
        question.constraints,
        min_context=question.constraints.min_context
        or (Decimal(model.context_window) if model.context_window else None),
    )
    others = [m for m in candidates(constraints, context) if (m.provider, m.id) != (model.provider, model.id)]
    assert question.workload is not None
    mine = bill(model, question.workload, context)
    found = _ranked_offers(replace(question, models=(), constraints=constraints), others, context)
    cheaper = [offer.card.model for offer in found if offer.total < mine.total][: question.limit or SHOWN]
    per = period_of_bills(question, mine.load)
    shown = [*(bill(other, question.workload, context) for other in cheaper), mine]
    return answered(
        "compare",
        _workload_headline(replace(question, models=()), shown, per, context),
        figures=tuple(bill_figure(made, per) for made in shown),
        assumptions=tuple(dict.fromkeys([*context.notes, *mine.load.notes])),
        citations=unique_citations([card_citation(made.card) for made in shown]),
    )


def _at_all_sellers(question: CompareQuestion, context: Context) -> Answer:
    """One model at all that sell it, the cheapest (or dearest) first."""
    [ref] = question.models
    if ref.how == "exact":
        ref = replace(ref, note=None)  # which host would be taken if one had to be
    model = context.model(ref)
    sellers = [seller for seller in context.knowledge.catalogue.sellers(model) if not _is_free(seller)]
    found = replace(question, models=())
    answer = (
        _by_workload(found, sellers, context)
        if question.workload is not None
        else by_rates(found, sellers, context)
    )
    names = {(s.provider, s.id): f"{s.display_name} ({context.provider_name(s.provider)})" for s in sellers}
    figures = tuple(
        replace(f, label=", ".join([names[f.provider, f.model], *f.label.split(", ")[1:]]))
        if f.provider is not None and f.model is not None and (f.provider, f.model) in names
        else f
        for f in answer.figures
    )
    return replace(answer, figures=figures, details=(f"{len(sellers)} sellers of this model compared.",))


def _is_free(model: Model) -> bool:
    return model.id.endswith(":free")


def _one_model_at_providers(question: CompareQuestion, context: Context) -> Answer:
    """One model at several providers."""
    ref = question.models[0]
    models = []
    for provider in question.constraints.providers:
        resolution = context.knowledge.catalogue.resolve(ref.mention, provider)
        if resolution.model is None:
            raise NoAnswer(
                "not_found", f"My price list has no “{ref.mention}” at {context.provider_name(provider)}."
            )
        models.append(resolution.model)
    if ref.model is not None and ref.provider not in question.constraints.providers and len(models) == 1:
        models.insert(0, context.model(ref))
    rebuilt = replace(question, constraints=Constraints())
    if question.workload is not None:
        return _by_workload(rebuilt, models, context)
    return by_rates(rebuilt, models, context)
