"""What a workload costs: per request, day, month or year, line by line, with the ways to pay less computed."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.bills import Bill, bill, offers, steps
from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.exact import settled
from bot.answering.load import describes_load, load_of, with_cache
from bot.answering.money import from_usd, in_currency, shown_currency
from bot.answering.rates import card_citation, is_announced, moment, rate_summary
from bot.answers import Answer, Citation, Figure, Lever, Step
from bot.presentation import format_amount, per_words
from bot.questions import EstimateQuestion, Period, Stage, Workload
from knowledge.lazy_dataclass import replace
from knowledge.prices import PriceTerms

_LEVER_CACHE_SHARE = Decimal("0.8")
_SAME = "The same"
"""How the labels of the total in other periods begin."""
_ASK_BOTH = "Which model, how many requests, and how many tokens (or words) go in and come out per request?"
_ASK_MODEL = "Which model shall I price that on (for example gpt-5-mini or claude sonnet)?"


def answer_estimate(question: EstimateQuestion, context: Context) -> Answer:
    """The cost of the workload, in the period asked for first."""
    _refuse_day(question, context)
    bills = [_stage(stage, question, context) for stage in question.stages]
    first = bills[0]
    target = _target(question, first)
    total = sum((_in(made, target) for made in bills), Decimal(0))
    figures = _figures(bills, target, question)
    users = first.load.workload.users
    if question.per_user and users and len(bills) == 1:
        figures.insert(0, replace(figures[0], label="Per user", amount=figures[0].amount / users))
    details = _range_details(bills, target, total)
    levers = _levers(question, bills[0], target, context) if len(bills) == 1 else []
    said = figures
    currency = shown_currency(question, context)
    if currency is not None:
        said = [in_currency(figure, currency, context) for figure in figures]
        details = _range_details(bills, target, from_usd(total, currency, context), currency)
        levers = [_lever_in(lever, currency, context) for lever in levers]
        figures = [said[0], *figures, *said[1:]] if question.currency else [*figures, *said]
    notes = list(context.notes)
    for made in bills:
        notes.extend(note for note in made.load.notes if note not in notes)
    notes.extend(_standing_assumptions(bills, question))
    return answered(
        "estimate",
        _headline(bills, said, context),
        figures=tuple(figures),
        steps=(*_steps(bills), *_last_step(bills, target, total)),
        levers=tuple(levers),
        assumptions=tuple(dict.fromkeys(notes)),
        citations=unique_citations(_citations(bills)),
        details=details,
    )


def _refuse_day(question: EstimateQuestion, context: Context) -> None:
    """Days before all prices are refused; for a day to come, the price that is announced for it holds, else today's."""
    if question.on is None or question.on <= context.today:
        context.refuse_day(question.on)
        return
    models = [context.model(stage.model) for stage in question.stages if stage.model and stage.model.model]
    if any(is_announced(model, question.on, context) for model in models):
        context.note("An announced price; it can still change.")
    else:
        context.note(f"No price is announced for {question.on.isoformat()}; today's is used.")


def _lever_in(lever: Lever, currency: str, context: Context) -> Lever:
    amount, saving = (
        settled(from_usd(dollars, currency, context)) for dollars in (lever.amount, lever.saving)
    )
    return replace(lever, amount=amount, saving=saving, unit=currency)


def _stage(stage: Stage, question: EstimateQuestion, context: Context) -> Bill:
    workload = stage.workload
    if stage.model is None:
        if not describes_load(workload):
            raise NoAnswer("clarify", _ASK_BOTH)
        load_of(workload)  # a missing size is asked for before the model
        raise NoAnswer("clarify", _ASK_MODEL)
    model = context.model(stage.model, _ASK_MODEL)
    _require_output(workload, model.modality)
    return bill(model, workload, context, moment(question.on))


def _require_output(workload: Workload, modality: str) -> None:
    """Requests with no stated output cost something else entirely; embeddings have none."""
    if (
        workload.audio_seconds is None
        and (workload.web_searches is None or workload.input is not None)
        and workload.input is not None
        and workload.output is None
        and modality == "text"
        and workload.volume is None
    ):
        raise NoAnswer("clarify", "How many tokens (or words) come out per request?")


def _target(question: EstimateQuestion, made: Bill) -> Period | None:
    """The period of the first figure: the one asked for, the whole of a stated span, or the workload's own."""
    if made.load.workload.span is not None and made.load.per is not None and question.want_per is None:
        return None
    if question.want_per is None and made.load.per in ("second", "minute"):
        return "day"  # nobody is billed by the minute
    return question.want_per or made.load.per


def _in(made: Bill, target: Period | None) -> Decimal:
    """A bill in the period of the headline; a span is its days times the bill of a day."""
    span = made.load.workload.span
    if target is None and span is not None and made.load.per is not None:
        return made.over(span)
    return made.per(target)


def _figures(bills: list[Bill], target: Period | None, question: EstimateQuestion) -> list[Figure]:
    first = bills[0]
    one = len(bills) == 1
    same = _of_one_model(bills)
    figures: list[Figure] = []

    def add(label: str, amount: Decimal, per: str | None, made: Bill | None = None) -> None:
        source = made or (first if same else None)
        figures.append(
            Figure(
                label=label,
                amount=amount,
                unit="USD",
                per=per,
                model=source.model.id if source else None,
                provider=source.model.provider if source else None,
                source=source.card.source.id if source else None,
            )
        )

    def total(period: Period | None) -> Decimal:
        return sum((_in(made, period) for made in bills), Decimal(0))

    per = target if first.load.per is not None else None
    span = first.load.workload.span
    add(_label(target, first, span is not None and target is None), total(target), per)
    for made in bills:
        if made.as_output is not None:
            factor = made.per(target) / made.total if made.total else Decimal(1)
            add("All of it as output tokens", made.as_output.total * factor, per, made)
        if made.high is not None:
            factor = _in(made, target) / made.total if made.total else Decimal(1)
            add("Upper end of the range", made.high.total * factor, per, made)
    if not one:
        for index, made in enumerate(bills, start=1):
            add(
                f"Request {index}" if same else f"Step {index}: {made.model.display_name}",
                _in(made, target),
                per,
                made,
            )
    if first.load.per is not None:
        for other in _other_periods(target, first):
            add(f"{_SAME} {per_words(other)}", total(other), other)
        if first.load.count > 1 and one:
            add(
                "Each" if first.load.noun == "requests" else "Each conversation",
                first.total / first.load.count,
                "request",
            )
    elif first.load.count > 1 and one:
        add("Each", first.total / first.load.count, "request")
    return figures


def _of_one_model(bills: list[Bill]) -> bool:
    """Whether the parts are requests of several sizes to one model, and no steps of a pipeline."""
    return len({(made.model.provider, made.model.id) for made in bills}) == 1


def _label(target: Period | None, made: Bill, is_span: bool) -> str:
    if is_span:
        span = made.load.workload.span
        assert span is not None
        return f"For {format_amount(span.amount, span.unit + 's')}"
    return "Total"


def _other_periods(target: Period | None, made: Bill) -> list[Period]:
    """The periods that people want to see beside the one they asked for."""
    usual: dict[Period | None, list[Period]] = {
        "second": ["day", "month"], "minute": ["day", "month"], "hour": ["day", "month"], "day": ["month", "year"],
        "week": ["month"],
        "month": ["year"], "year": ["month"], None: [],
    }  # fmt: skip
    return [period for period in usual[target] if period != target]


def _headline(bills: list[Bill], figures: list[Figure], context: Context) -> str:
    main = f"{format_amount(figures[0].amount, figures[0].unit)} {per_words(figures[0].per)}".strip()
    if figures[0].label.startswith("For "):
        main = f"{main} {figures[0].label.lower()}"
    elif figures[0].per is None:
        main = f"{main} in all"
    month = next((f for f in figures[1:] if f.per in ("month", "year") and f.label.startswith(_SAME)), None)
    second = f" · {format_amount(month.amount, month.unit)} {per_words(month.per)}" if month else ""
    if len(bills) > 1 and not _of_one_model(bills):
        return f"{main}{second} — {', then '.join(made.model.display_name for made in bills)}"
    made = bills[0]
    terms = f", {made.card.terms}" if made.card.terms.special() else ""
    name = f"{made.model.display_name} ({context.provider_name(made.model.provider)}{terms}: {_rates_used(made)})"
    as_output = next((f for f in figures if f.label.startswith("All of it")), None)
    if as_output is not None:
        other = format_amount(as_output.amount, as_output.unit)
        return f"{main} if all of it is input, {other} if all of it is output{second} — {name}"
    return f"{main}{second} — {name}"


def _rates_used(made: Bill) -> str:
    """The card's main rates, or those of the context tier that the whole bill was made at."""
    above = {
        charge.tier_above for charge in made.cost.charges if charge.unit in ("input_tokens", "output_tokens")
    }
    if len(above) != 1 or None in above:
        return rate_summary(made.card)
    [limit] = above
    parts = [
        f"{format_amount(charge.rate, 'USD')} {word}"
        for unit, word in (("input_tokens", "in"), ("cache_read_tokens", "cached"), ("output_tokens", "out"))
        for charge in made.cost.charges
        if charge.unit == unit
    ]
    return (
        f"{', '.join(parts)} per 1M tokens in requests above {format_amount(Decimal(limit or 0), 'tokens')}"
    )


def _range_details(
    bills: list[Bill], target: Period | None, total: Decimal, currency: str = "USD"
) -> tuple[str, ...]:
    high = [made for made in bills if made.high is not None]
    if not high or len(bills) > 1 or high[0].high is None or not high[0].total:
        return ()
    upper = high[0].high.total * total / high[0].total
    return (
        f"Between {format_amount(total, currency)} and {format_amount(upper, currency)} {per_words(target)}".strip()
        + ".",
    )


def _last_step(bills: list[Bill], target: Period | None, total: Decimal) -> tuple[Step, ...]:
    """From the bill of the workload's own period to the period of the headline, and the sum of several steps."""
    first = bills[0]
    own = sum((made.total for made in bills), Decimal(0))
    span = first.load.workload.span
    if total == own and len(bills) == 1:
        return ()
    if total == own:
        return (Step(label="In all", amount=total),)
    label = f"For {format_amount(span.amount, span.unit + 's')}" if target is None and span else f"A {target}"
    factor = total / own if own else Decimal(0)
    if first.load.workload.growth_share is not None or factor != factor.to_integral_value():
        return (Step(label=label, amount=total),)
    return (
        Step(
            label=label,
            count=factor,
            count_unit=f"{first.load.per}s",
            rate=own,
            rate_per=first.load.per or "",
            amount=total,
        ),
    )


def _steps(bills: list[Bill]) -> tuple[Step, ...]:
    if len(bills) == 1:
        return steps(bills[0])
    return tuple(
        replace(step, label=f"{made.model.display_name}: {step.label}")
        for made in bills
        for step in steps(made)
    )


def _standing_assumptions(bills: list[Bill], question: EstimateQuestion) -> list[str]:
    notes = []
    workload = bills[0].load.workload
    if workload.batch:
        notes.append("All requests go through the batch API.")
    elif workload.batch_share is not None:
        share = format_amount(workload.batch_share * 100, "percent")
        notes.append(f"{share} of the requests go through the batch API, the others do not.")
    if not workload.cached_share and not workload.cached:
        partly = workload.batch or workload.batch_share is not None
        tier = workload.service_tier or "standard"
        if workload.audio_seconds is None:
            notes.append("Input is uncached" + ("." if partly else f" and not batched, {tier} tier."))
    elif "cache_write_tokens" in bills[0].card.rates:
        notes.append(
            "Writing the cache is not counted; each write costs more than a plain read of the prompt."
        )
    if bills[0].as_output is not None:
        notes.append(
            "The question does not say how many of the tokens are output; the first figure takes them all as input."
        )
    if question.on is not None:
        notes.append(f"Prices of {question.on.isoformat()}.")
    return notes


def _citations(bills: list[Bill]) -> list[Citation]:
    return [card_citation(made.card) for made in bills]


# ---- levers -----------------------------------------------------------------------------------------------------


def _levers(question: EstimateQuestion, made: Bill, target: Period | None, context: Context) -> list[Lever]:
    """Batch, caching and a cheaper sibling, each with what it saves in the period of the headline."""
    workload = question.stages[0].workload
    quiet = Context(knowledge=context.knowledge, settings=context.settings, now=context.now)
    total = _in(made, target)
    if not total or question.on is not None:
        return []
    per = target if made.load.per is not None else None
    levers: list[Lever] = []

    def add(name: str, label: str, other: Bill) -> None:
        amount = _in(other, target)
        if amount < total:
            levers.append(Lever(name=name, label=label, amount=amount, saving=total - amount, per=per))

    prices = context.knowledge.prices
    if (
        not workload.batch
        and workload.service_tier is None
        and prices.has_terms(made.model, PriceTerms(processing="batch"))
    ):
        add(
            "batch",
            "Batch API (answers within a day)",
            _again(made, replace(workload, batch=True, batch_share=None), quiet),
        )
    if (
        made.load.input_tokens
        and not workload.cached_share
        and not workload.cached
        and "cache_read_tokens" in made.card.rates
    ):
        label = f"{format_amount(_LEVER_CACHE_SHARE * 100, 'percent')} of the input read from the cache"
        add("cached", label, _again(made, with_cache(workload, _LEVER_CACHE_SHARE), quiet))
    sibling = _cheaper_sibling(made, workload, quiet)
    if sibling is not None:
        add("cheaper", f"{sibling.model.display_name} instead", sibling)
    return levers


def _again(made: Bill, workload: Workload, context: Context) -> Bill:
    return bill(made.model, workload, context)


def _cheaper_sibling(made: Bill, workload: Workload, context: Context) -> Bill | None:
    """The cheapest current model of the same maker for this workload."""
    siblings = context.knowledge.catalogue.siblings(made.model)
    cheaper = [offer for offer in offers(siblings, workload, context) if 0 < offer.total < made.total]
    best = min(cheaper, key=lambda offer: offer.total, default=None)
    return None if best is None else bill(best.card.model, workload, context)
