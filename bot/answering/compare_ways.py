"""Ways of using one model against each other: batch, caching, service tiers, and what each saves."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.bills import Bill, bill
from bot.answering.comparing import bill_figure, period_of_bills, total
from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.load import load_of
from bot.answering.rates import card_citation, rate_figure, terms_for
from bot.answers import Answer, Figure
from bot.presentation import format_amount, per_words
from bot.questions import CompareQuestion, Workload
from knowledge.lazy_dataclass import replace
from knowledge.records import Model

_LEVER_CACHE_SHARE = Decimal("0.8")


def ways_of_one_model(question: CompareQuestion, context: Context) -> Answer:
    """The standard way against batch, caching or a service tier: the saving first."""
    model = context.model(question.models[0])
    workload = question.workload
    if workload is None or (
        workload.input is None
        and workload.volume is None
        and workload.volume_input is None
        and workload.volume_output is None
    ):
        if workload is not None and (workload.requests is not None or workload.users is not None):
            load_of(workload)  # how often is said, how much is asked for
        return _rates_of_ways(question, model, context)
    if question.objective == "cheapest" and len(question.variants) > 2:
        return _cheapest_way(question, model, workload, context)
    base = replace(workload, batch=False, batch_share=None, cached_share=None, cached=None, service_tier=None)
    standard = bill(model, base, context)
    per = period_of_bills(question, standard.load)
    rows: list[tuple[str, Bill]] = [("Standard", standard)]
    changed = base
    for variant in question.variants[1:]:
        # Batch, flex and the like exclude each other; caching comes on top of any.
        start = (
            replace(base, cached_share=changed.cached_share, cached=changed.cached)
            if variant != "cached"
            else changed
        )
        changed = _as_variant(start, workload, variant, context)
        rows.append((variant.capitalize(), bill(model, changed, context)))
    _, best = rows[-1]
    saving = total(standard, per) - total(best, per)
    share = saving / total(standard, per) * 100 if standard.total else Decimal(0)
    figures = [
        Figure(
            label="Saving" if saving >= 0 else "Extra cost",
            amount=abs(saving),
            unit="USD",
            per=per,
            model=model.id,
            provider=model.provider,
            source=best.card.source.id,
        ),
        Figure(
            label=f"{'Saving' if share >= 0 else 'More'} in percent",
            amount=abs(share),
            unit="percent",
            model=model.id,
            provider=model.provider,
        ),
        *(
            replace(bill_figure(made, per), label=f"{model.display_name}, {name.lower()}")
            for name, made in rows
        ),
    ]
    if question.objective == "percent":
        figures = [figures[1], figures[0], *figures[2:]]
    verb = "saves" if saving >= 0 else "costs"
    ways = " and ".join(name.lower() for name, _ in rows[1:])
    amount = f"{format_amount(abs(saving), 'USD')} {per_words(per)}".strip()
    more = "" if saving >= 0 else " more"
    return answered(
        "compare",
        f"{ways.capitalize()} {verb} {amount}{more} ({format_amount(abs(share), 'percent')}) on {model.display_name}: "
        f"{format_amount(total(best, per), 'USD')} instead of {format_amount(total(standard, per), 'USD')}.",
        figures=tuple(figures),
        assumptions=tuple(dict.fromkeys([*context.notes, *standard.load.notes, *best.load.notes])),
        citations=unique_citations([card_citation(made.card) for _, made in rows]),
    )


def _cheapest_way(question: CompareQuestion, model: Model, workload: Workload, context: Context) -> Answer:
    """ "Is batch cheaper than caching?": each way alone, the cheapest first."""
    base = replace(workload, batch=False, batch_share=None, cached_share=None, cached=None, service_tier=None)
    standard = bill(model, base, context)
    per = period_of_bills(question, standard.load)
    rows = [
        (variant.capitalize(), bill(model, _as_variant(base, workload, variant, context), context))
        for variant in question.variants[1:]
    ]
    rows.sort(key=lambda row: row[1].total)
    listed = ", ".join(f"{name.lower()} {format_amount(total(made, per), 'USD')}" for name, made in rows)
    figures = tuple(
        replace(bill_figure(made, per), label=f"{model.display_name}, {name.lower()}")
        for name, made in [*rows, ("Standard", standard)]
    )
    return answered(
        "compare",
        f"{rows[0][0]} is the cheaper way on {model.display_name}: {listed} {per_words(per)}".rstrip()
        + f"; neither, {format_amount(total(standard, per), 'USD')}.",
        figures=figures,
        assumptions=tuple(dict.fromkeys([*context.notes, *standard.load.notes])),
        citations=unique_citations([card_citation(made.card) for _, made in rows]),
    )


def _as_variant(base: Workload, asked: Workload, variant: str, context: Context) -> Workload:
    if variant == "batch":
        return replace(base, batch=asked.batch_share is None, batch_share=asked.batch_share)
    if variant == "cached":
        if asked.cached_share is None and asked.cached is None:
            context.note("80 % of the input is taken to be read from the cache.")
            return replace(base, cached_share=_LEVER_CACHE_SHARE)
        return replace(base, cached_share=asked.cached_share, cached=asked.cached)
    return replace(base, service_tier=variant)  # type: ignore[arg-type]


def _rates_of_ways(question: CompareQuestion, model: Model, context: Context) -> Answer:
    """Without a workload: the rates of each way, and what the way saves on input in percent."""

    prices = context.knowledge.prices
    standard = prices.card(model)
    figures: list[Figure] = []
    cards = [standard]
    shares: list[str] = []
    for variant in question.variants[1:]:
        if variant == "cached":
            rate = standard.rates.get("cache_read_tokens")
            if rate is None:
                raise NoAnswer("not_found", f"No cached price is on record for {model.display_name}.")
            changed, unit = rate.price, "cache_read_tokens"
            figures.append(rate_figure(standard, unit, context))
        else:
            tier = variant if variant in ("flex", "priority", "fast") else None
            card = prices.card(model, None, terms_for(model, context, variant == "batch", tier))
            cards.append(card)
            changed = card.rates["input_tokens"].price
            figures.extend(
                rate_figure(card, unit, context, suffix=f" ({variant})")
                for unit in ("input_tokens", "output_tokens")
                if unit in card.rates
            )
        share = (1 - changed / standard.rates["input_tokens"].price) * 100
        figures.insert(
            0,
            Figure(
                label=f"{'Saving on' if share >= 0 else 'More for'} input, {variant}",
                amount=abs(share),
                unit="percent",
                model=model.id,
                provider=model.provider,
            ),
        )
        shares.append(
            f"{variant} input costs {format_amount(abs(share), 'percent')} {'less' if share >= 0 else 'more'}"
        )
    figures.extend(
        rate_figure(standard, unit, context)
        for unit in ("input_tokens", "output_tokens")
        if unit in standard.rates
    )
    return answered(
        "compare",
        f"{model.display_name}: {'; '.join(shares)}.",
        figures=tuple(figures),
        assumptions=tuple(context.notes),
        citations=unique_citations([card_citation(card) for card in cards]),
    )
