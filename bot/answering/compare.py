"""Which model, or which way of using one, costs less, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.answering.bills import Bill, bill
from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.load import load_of
from bot.answering.rates import card_citation, card_notes, rate_figure, terms_for
from bot.answers import Answer, Figure
from bot.errors import NoPriceError
from bot.presentation import format_amount, per_words
from bot.questions import CompareQuestion, Constraints, Period, Workload
from knowledge.makers import own_apis
from knowledge.prices import RateCard
from knowledge.records import Model

_BLEND = (Decimal(3), Decimal(1))
"""Input to output tokens in a blended price, where no workload is given: the usual 3:1 of price comparisons."""
_SHOWN = 5
_LEVER_CACHE_SHARE = Decimal("0.8")
_MILLION = Decimal(10) ** 6


def answer_compare(question: CompareQuestion, context: Context) -> Answer:
    """One figure a model, the winner first where one is asked for; the difference first where that is asked for."""
    if question.variants and len(question.models) == 1:
        return _ways_of_one_model(question, context)
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
    models = [context.model(ref) for ref in question.models] or _candidates(question.constraints, context)
    if not models:
        raise NoAnswer(
            "not_found",
            f"No model in my price list fits: {_constraint_words(question.constraints, context)}.",
        )
    if question.workload is not None:
        return _by_workload(question, models, context)
    return _by_rates(question, models, context)


# ---- candidates -------------------------------------------------------------------------------------------------


def _candidates(constraints: Constraints, context: Context) -> list[Model]:
    """All current text models that fit; at their makers' own APIs unless a provider is named or open weights are asked for."""
    catalogue = context.knowledge.catalogue
    own_only = not constraints.providers and not constraints.open_weights
    if own_only:
        context.note("Only makers' own APIs are compared; name a provider to look there.")
    found = catalogue.models(
        provider=list(constraints.providers),
        maker=list(constraints.makers),
        min_context=int(constraints.min_context) if constraints.min_context is not None else None,
        include_preview=False,
    )
    newest = _newest_generations(found)
    kept = [
        model
        for model in found
        if model.maker not in constraints.excluded_makers
        and (not constraints.open_weights or model.open_weights)
        and (not own_only or model.provider in own_apis(model.maker))
        and not model.id.startswith("ft:")
    ]
    current = [model for model in kept if not _superseded(model, newest)]
    if len(current) < len(kept):
        context.note("Models two or more generations behind their own family are left out.")
    return current


def _newest_generations(models: Sequence[Model]) -> dict[tuple[str, str], int]:
    """The first number of the newest version of each family."""
    newest: dict[tuple[str, str], int] = {}
    for model in models:
        if model.version:
            key = (model.maker, model.family)
            newest[key] = max(newest.get(key, 0), model.version[0])
    return newest


def _superseded(model: Model, newest: dict[tuple[str, str], int]) -> bool:
    """Price lists go on listing models that their maker has shut down; nobody wants to be pointed to one."""
    return bool(model.version) and newest[(model.maker, model.family)] - model.version[0] >= 2


def _constraint_words(constraints: Constraints, context: Context) -> str:
    parts = []
    if constraints.min_context is not None:
        parts.append(f"a context window of at least {format_amount(constraints.min_context, 'tokens')}")
    if constraints.makers:
        parts.append(f"made by {' or '.join(constraints.makers)}")
    if constraints.excluded_makers:
        parts.append(f"not made by {' or '.join(constraints.excluded_makers)}")
    if constraints.providers:
        parts.append(f"sold by {' or '.join(context.provider_name(p) for p in constraints.providers)}")
    if constraints.open_weights:
        parts.append("open weights")
    if constraints.max_input_price is not None:
        parts.append(f"at most {format_amount(constraints.max_input_price, 'USD')} per 1M input tokens")
    if constraints.max_output_price is not None:
        parts.append(f"at most {format_amount(constraints.max_output_price, 'USD')} per 1M output tokens")
    return ", ".join(parts) or "current text models"


def _within_caps(card: RateCard, constraints: Constraints) -> bool:
    for unit, cap in (
        ("input_tokens", constraints.max_input_price),
        ("output_tokens", constraints.max_output_price),
    ):
        if cap is not None and (unit not in card.rates or card.rates[unit].price > cap):
            return False
    return True


# ---- with a workload --------------------------------------------------------------------------------------------


def _by_workload(question: CompareQuestion, models: Sequence[Model], context: Context) -> Answer:
    workload = question.workload
    assert workload is not None
    load = load_of(workload)
    if load.undirected:
        context.note("The question does not say how many of the tokens are output; all are taken as input.")
    elif workload.input is not None and workload.output is None and question.models:
        raise NoAnswer("clarify", "How many tokens (or words) come out per request?")
    bills = _bills(models, workload, question, context)
    per = question.want_per or load.per if load.per is not None else None
    if not bills:
        raise NoAnswer("not_found", "None of these models has such a price on record.")
    ranked = _ranked(question, bills)
    figures = [_bill_figure(made, per) for made in ranked]
    shown = ranked[: question.limit or (len(ranked) if question.models else _SHOWN)]
    figures = figures[: len(shown)]
    headline = _workload_headline(question, shown, per, context)
    if question.objective == "difference" and len(shown) >= 2:
        figures = [_difference(shown[0].per(per), shown[1].per(per), per), *figures]
    elif len(shown) == 2:
        figures = [*_relation(question, shown[0].total, shown[1].total), *figures]
    notes = [*context.notes, *(note for made in shown for note in made.load.notes)]
    return answered(
        "compare",
        headline,
        figures=tuple(figures),
        assumptions=tuple(dict.fromkeys(notes)),
        citations=unique_citations([card_citation(made.card) for made in shown]),
        details=_considered(question, len(bills), context),
    )


def _bills(
    models: Sequence[Model], workload: Workload, question: CompareQuestion, context: Context
) -> list[Bill]:
    named = bool(question.models)
    notes = (
        context if named else Context(knowledge=context.knowledge, settings=context.settings, now=context.now)
    )
    bills: list[Bill] = []
    for model in models:
        try:
            made = bill(model, workload, notes)
        except NoPriceError:
            if named:
                raise
            continue
        if not named and (
            not made.total or not _within_caps(made.card, question.constraints) or not _complete(made)
        ):
            continue
        bills.append(made)
    return bills


def _complete(made: Bill) -> bool:
    """Whether the model has a price for both directions; a model without one is no candidate for text."""
    return "input_tokens" in made.card.rates and "output_tokens" in made.card.rates


def _ranked(question: CompareQuestion, bills: list[Bill]) -> list[Bill]:
    if question.models and question.objective in ("side_by_side", "ratio", "percent"):
        return bills
    if question.models and question.objective == "difference":
        return bills if len(bills) == 2 else sorted(bills, key=lambda made: made.total)
    return sorted(bills, key=lambda made: made.total, reverse=question.objective == "dearest")


def _bill_figure(made: Bill, per: Period | None) -> Figure:
    return Figure(
        label=made.model.display_name,
        amount=made.per(per),
        unit="USD",
        per=per,
        model=made.model.id,
        provider=made.model.provider,
        source=made.card.source.id,
    )


def _relation(question: CompareQuestion, first: Decimal, second: Decimal) -> list[Figure]:
    """How many times, or how many percent, where that is what was asked for."""
    low, high = sorted((first, second))
    if question.objective == "ratio" and low:
        return [Figure(label="Ratio", amount=high / low, unit="ratio")]
    if question.objective == "percent" and high:
        return [Figure(label="Saving in percent", amount=(high - low) / high * 100, unit="percent")]
    return []


def _difference(first: Decimal, second: Decimal, per: str | None) -> Figure:
    return Figure(label="Difference", amount=abs(first - second), unit="USD", per=per)


def _workload_headline(
    question: CompareQuestion, shown: list[Bill], per: Period | None, context: Context
) -> str:
    def amount(made: Bill) -> str:
        return f"{format_amount(made.per(per), 'USD')} {per_words(per)}".strip()

    first = shown[0]
    seller = context.provider_name(first.model.provider)
    if question.objective in ("cheapest", "dearest") or not question.models:
        word = _superlative(question, len(shown))
        rest = f"; next {shown[1].model.display_name} at {amount(shown[1])}" if len(shown) > 1 else ""
        return f"{first.model.display_name} ({seller}) is the {word}: {amount(first)}{rest}."
    low, high = min(shown, key=lambda made: made.total), max(shown, key=lambda made: made.total)
    times = (
        f", {format_amount(high.total / low.total, 'ratio')} the cost"
        if low.total and high.total != low.total
        else ""
    )
    listed = ", ".join(f"{made.model.display_name} {amount(made)}" for made in shown)
    saving = format_amount(high.per(per) - low.per(per), "USD")
    return (
        f"{listed}: {low.model.display_name} is {saving} {per_words(per)} cheaper".replace("  ", " ")
        + f" ({high.model.display_name} has{times.lstrip(',')})."
        if times
        else f"{listed}."
    )


def _superlative(question: CompareQuestion, count: int) -> str:
    """ "cheaper" of two named models, "cheapest" of more."""
    words = ("dearer", "dearest") if question.objective == "dearest" else ("cheaper", "cheapest")
    return words[0] if question.models and count == 2 else words[1]


def _considered(question: CompareQuestion, count: int, context: Context) -> tuple[str, ...]:
    if question.models:
        return ()
    return (f"{count} models compared: {_constraint_words(question.constraints, context)}.",)


# ---- without a workload -----------------------------------------------------------------------------------------


def _by_rates(question: CompareQuestion, models: Sequence[Model], context: Context) -> Answer:
    cards = _cards(question, models, context)
    if not cards:
        raise NoAnswer(
            "not_found",
            f"No model in my price list fits: {_constraint_words(question.constraints, context)}.",
        )
    named = bool(question.models)
    if not (named and question.objective in ("side_by_side", "difference", "ratio", "percent")):
        cards.sort(key=lambda card: _rate_of(card, question.metric), reverse=question.objective == "dearest")
    shown = cards if named else cards[: question.limit or _SHOWN]
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
        figures = [_difference(first, second, basis), *figures]
    elif len(shown) == 2:
        first, second = _rate_of(shown[0], question.metric), _rate_of(shown[1], question.metric)
        figures = [*_relation(question, first, second), *figures]
    return answered(
        "compare",
        _rates_headline(question, shown, context),
        figures=tuple(figures),
        assumptions=tuple(context.notes),
        citations=unique_citations([card_citation(card) for card in shown]),
        details=_considered(question, len(cards), context),
    )


def _cards(question: CompareQuestion, models: Sequence[Model], context: Context) -> list[RateCard]:
    prices = context.knowledge.prices
    if question.models:
        cards = [prices.card(model) for model in models]
        for card in cards:
            card_notes(card, context)
        return cards
    wanted = ("input_tokens", "output_tokens")
    return [
        card
        for card in prices.cards(models)
        if all(unit in card.rates for unit in wanted)
        and _rate_of(card, question.metric) > 0
        and _within_caps(card, question.constraints)
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
        word = _superlative(question, len(shown))
        seller = context.provider_name(first.model.provider)
        return f"{first.model.display_name} ({seller}) is the {word}: {rates(first)}."
    listed = "; ".join(f"{card.model.display_name}: {rates(card)}" for card in shown)
    low = min(shown, key=lambda card: _rate_of(card, question.metric))
    high = max(shown, key=lambda card: _rate_of(card, question.metric))
    if low is high or not _rate_of(low, question.metric):
        return f"{listed}."
    times = format_amount(_rate_of(high, question.metric) / _rate_of(low, question.metric), "ratio")
    return f"{listed}. {low.model.display_name} is the cheaper one ({high.model.display_name} costs {times} as much)."


# ---- one model --------------------------------------------------------------------------------------------------


def _ways_of_one_model(question: CompareQuestion, context: Context) -> Answer:
    """The standard way against batch, caching or a service tier: the saving first."""
    model = context.model(question.models[0])
    workload = question.workload
    if workload is None or (
        workload.input is None
        and workload.volume is None
        and workload.volume_input is None
        and workload.volume_output is None
    ):
        return _rates_of_ways(question, model, context)
    base = replace(workload, batch=False, cached_share=None, cached=None, service_tier=None)
    standard = bill(model, base, context)
    per = question.want_per or standard.load.per if standard.load.per is not None else None
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
    saving = standard.per(per) - best.per(per)
    share = saving / standard.per(per) * 100 if standard.total else Decimal(0)
    figures = [
        Figure(
            label="Saving",
            amount=saving,
            unit="USD",
            per=per,
            model=model.id,
            provider=model.provider,
            source=best.card.source.id,
        ),
        Figure(
            label="Saving in percent", amount=share, unit="percent", model=model.id, provider=model.provider
        ),
        *(
            replace(_bill_figure(made, per), label=f"{model.display_name}, {name.lower()}")
            for name, made in rows
        ),
    ]
    verb = "saves" if saving >= 0 else "costs"
    ways = " and ".join(name.lower() for name, _ in rows[1:])
    amount = f"{format_amount(abs(saving), 'USD')} {per_words(per)}".strip()
    more = "" if saving >= 0 else " more"
    return answered(
        "compare",
        f"{ways.capitalize()} {verb} {amount}{more} ({format_amount(abs(share), 'percent')}) on {model.display_name}: "
        f"{format_amount(best.per(per), 'USD')} instead of {format_amount(standard.per(per), 'USD')}.",
        figures=tuple(figures),
        assumptions=tuple(dict.fromkeys([*context.notes, *standard.load.notes, *best.load.notes])),
        citations=unique_citations([card_citation(made.card) for _, made in rows]),
    )


def _as_variant(base: Workload, asked: Workload, variant: str, context: Context) -> Workload:
    if variant == "batch":
        return replace(base, batch=True)
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
                label=f"Saving on input, {variant}",
                amount=share,
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


def _cheaper_than_one(question: CompareQuestion, context: Context) -> Answer:
    """ "Is there anything cheaper?": the model against the current ones of all makers with at least its context window."""
    model = context.model(question.models[0])
    constraints = replace(
        question.constraints,
        min_context=question.constraints.min_context
        or (Decimal(model.context_window) if model.context_window else None),
    )
    others = [
        m for m in _candidates(constraints, context) if (m.provider, m.id) != (model.provider, model.id)
    ]
    assert question.workload is not None
    mine = bill(model, question.workload, context)
    bills = [
        made
        for made in _bills(
            others, question.workload, replace(question, models=(), constraints=constraints), context
        )
        if made.total < mine.total
    ]
    per = question.want_per or mine.load.per if mine.load.per is not None else None
    shown = [*sorted(bills, key=lambda made: made.total)[: question.limit or _SHOWN], mine]
    return answered(
        "compare",
        _workload_headline(replace(question, models=()), shown, per, context),
        figures=tuple(_bill_figure(made, per) for made in shown),
        assumptions=tuple(dict.fromkeys([*context.notes, *mine.load.notes])),
        citations=unique_citations([card_citation(made.card) for made in shown]),
    )


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
    return _by_rates(rebuilt, models, context)
