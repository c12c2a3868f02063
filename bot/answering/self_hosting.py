"""What running a model on rented GPUs costs: a GPU-hour, a fleet over time, a million tokens at a throughput."""

from __future__ import annotations

import re
from decimal import Decimal

from bot.answering.compute import GpuPrice, find_gpu, gpu_price, hours, stated_price
from bot.answering.context import Context, NoAnswer, answered, citation, unique_citations
from bot.answering.fits import fit_sentence, gpus_for
from bot.answers import Answer, Citation, Figure, Step
from bot.errors import UnknownNameError
from bot.presentation import format_amount, per_words
from bot.questions import Period, SelfHostingQuestion
from knowledge.hardware import Gpu
from knowledge.lazy_dataclass import replace
from knowledge.rules import Throughput

HOURS_PER_DAY = Decimal(24)
_DAYS: dict[Period, Decimal] = {
    "day": Decimal(1),
    "week": Decimal(7),
    "month": Decimal(30),
    "year": Decimal(365),
}


def answer_self_hosting(question: SelfHostingQuestion, context: Context) -> Answer:
    """The price of a GPU-hour, the cost of a fleet, or the cost of a million tokens, as asked."""
    if question.hours_per_day is not None and not 0 < question.hours_per_day <= HOURS_PER_DAY:
        raise NoAnswer("error", "The hours a day must be more than zero and at most 24.")
    if question.beside:
        return _side_by_side(question, context)
    if question.want == "gpu_price" and question.gpu is not None and question.usd_per_gpu_hour is None:
        return _rental_prices(question, context)
    if question.want == "gpus":
        return _gpus_needed(question, context)
    if (
        question.gpu is None
        and question.gpus is None
        and question.tokens_per_second is None
        and question.usd_per_gpu_hour is None
    ):
        raise NoAnswer("clarify", "On which GPU, and how many of them (for example 2 H100s)?")
    gpu = _gpu(question, context)
    if question.cheapest and question.provider is None and question.usd_per_gpu_hour is None:
        best = min(
            context.knowledge.hardware.rentals(gpu.name), key=lambda rental: rental.usd_per_hour, default=None
        )
        if best is not None:
            question = replace(question, provider=best.provider, terms=best.terms.lower())
    price = gpu_price(gpu, stated_price(question, context), question.provider, context, question.terms)
    if question.want == "cost_per_1m_tokens":
        return _per_million(question, gpu, price, context)
    return _fleet(question, gpu, price, context)


def _gpu(question: SelfHostingQuestion, context: Context) -> Gpu:
    """The GPU; one that nothing is known of is known well enough where its price an hour is stated."""
    try:
        return find_gpu(question.gpu, context)
    except UnknownNameError:
        if question.gpu is None or question.usd_per_gpu_hour is None:
            raise
        return Gpu(name=question.gpu)


def _side_by_side(question: SelfHostingQuestion, context: Context) -> Answer:
    """The same at several providers: the first figure of each, the cheapest first where it is asked for."""
    names = (question.provider, *question.beside)
    answers = [
        answer_self_hosting(replace(question, provider=name, beside=(), cheapest=False), context)
        for name in names
    ]
    firsts = [
        replace(answer.figures[0], label=f"{answer.figures[0].label}, {name}")
        for name, answer in zip(names, answers, strict=True)
    ]
    if question.cheapest:
        firsts.sort(key=lambda figure: figure.amount)
    return answered(
        "self_hosting",
        " ".join(f"{name}: {answer.headline}" for name, answer in zip(names, answers, strict=True)),
        figures=(*firsts, *(figure for answer in answers for figure in answer.figures[1:])),
        steps=tuple(step for answer in answers for step in answer.steps),
        assumptions=tuple(context.notes),
        citations=unique_citations([item for answer in answers for item in answer.citations]),
    )


_USUAL_BITS = 16


def _gpus_needed(question: SelfHostingQuestion, context: Context) -> Answer:
    """How many GPUs the weights of a model fill."""
    gpu = find_gpu(question.gpu, context)
    bits = question.bits or _USUAL_BITS
    needed = gpus_for(question.model_name, gpu, bits)
    if needed is None or gpu.memory_gb is None:
        raise NoAnswer("clarify", "Which model (with its size, for example 70B), and on which GPU?")
    count, weights = needed
    if question.bits is None:
        context.note("16 bits (2 bytes) for each weight.")
    context.note(
        "The weights alone; requests need room of their own (some 20 % more, and more for long contexts)."
    )
    source = dict(gpu.sources).get("memory_gb")
    said = f"{gpu.name}: {format_amount(gpu.memory_gb, 'GB')}"
    return answered(
        "self_hosting",
        f"{question.model_name} takes {format_amount(weights, 'GB')} for its weights in {bits} bits:"
        f" {format_amount(count, 'GPUs')} ({gpu.name}, {format_amount(gpu.memory_gb, 'GB')} each).",
        figures=(
            Figure(
                label="Needed for the weights",
                amount=count,
                unit="GPUs",
                source=source.id if source else None,
            ),
            Figure(label="Weights", amount=weights, unit="GB"),
        ),
        assumptions=tuple(context.notes),
        citations=(citation(source, said),) if source else (),
    )


def _rental_prices(question: SelfHostingQuestion, context: Context) -> Answer:
    """All rental prices of a GPU on record, the one that other answers assume first."""
    gpu = find_gpu(question.gpu, context)
    chosen = context.knowledge.hardware.rental(gpu.name, question.provider, question.terms)
    rentals = context.knowledge.hardware.rentals(gpu.name, question.provider)
    if question.cheapest:
        chosen = min(rentals, key=lambda rental: rental.usd_per_hour)
    ordered = [chosen, *(rental for rental in rentals if rental != chosen)]
    figures = [
        Figure(
            label=f"{gpu.name}, {rental.provider} ({rental.terms}{', spot' if rental.spot else ''})",
            amount=rental.usd_per_hour,
            unit="USD",
            per="GPU-hour",
            source=rental.source.id,
        )
        for rental in ordered
    ]
    low, high = min(r.usd_per_hour for r in ordered), max(r.usd_per_hour for r in ordered)
    spread = (
        f"; on record from {format_amount(low, 'USD')} to {format_amount(high, 'USD')}" if low != high else ""
    )
    return answered(
        "self_hosting",
        f"{gpu.name}: {format_amount(chosen.usd_per_hour, 'USD')} per GPU-hour at {chosen.provider}"
        f"{f' ({chosen.as_of})' if chosen.as_of else ''}{spread}.",
        figures=tuple(figures),
        assumptions=tuple(context.notes),
        citations=unique_citations([citation(r.source, r.statement) for r in ordered]),
    )


def hours_in(period: Period, question: SelfHostingQuestion) -> Decimal:
    """Running hours in a period: round the clock unless hours a day are given."""
    if period == "hour":
        return Decimal(1)
    return _DAYS.get(period, Decimal(1)) * (question.hours_per_day or HOURS_PER_DAY)


def _fleet(question: SelfHostingQuestion, gpu: Gpu, price: GpuPrice, context: Context) -> Answer:
    count = question.gpus or Decimal(1)
    if question.gpus is None:
        context.note("One GPU.")
    hourly = count * price.usd_per_hour
    source = price.citations[0].id if price.citations else None

    def figure(label: str, amount: Decimal, per: str | None) -> Figure:
        return Figure(label=label, amount=amount, unit="USD", per=per, source=source)

    figures: list[Figure] = []
    if question.span is not None:
        running = hours(question.span)
        if question.hours_per_day is not None and question.span.unit in _DAYS:
            running = running / HOURS_PER_DAY * question.hours_per_day
        label = f"For {format_amount(question.span.amount, question.span.unit + 's')}"
        figures.append(figure(label, hourly * running, None))
        steps = (
            Step(
                label=f"{format_amount(count, 'GPUs')}",
                count=count * running,
                count_unit="GPU-hours",
                rate=price.usd_per_hour,
                rate_per="GPU-hour",
                amount=hourly * running,
            ),
        )
    else:
        wanted: Period = question.want_per or "month"
        running = hours_in(wanted, question)
        figures.append(figure("Total", hourly * running, wanted))
        steps = (
            Step(
                label=f"{format_amount(count, 'GPUs')}, a {wanted}",
                count=count * running,
                count_unit="GPU-hours",
                rate=price.usd_per_hour,
                rate_per="GPU-hour",
                amount=hourly * running,
            ),
        )
        for other in ("hour", "day", "month", "year"):
            if other != wanted:
                figures.append(
                    figure(f"The same {per_words(other)}", hourly * hours_in(other, question), other)
                )
    if question.hours_per_day is None and (
        question.span is None or question.span.unit not in ("hour", "minute")
    ):
        context.note("The GPUs run 24 hours a day; 1 month = 30 days.")
    context.note("GPU rental alone: no storage, traffic or staff.")
    name = f"{format_amount(count, '')} × {gpu.name}"
    main = f"{format_amount(figures[0].amount, 'USD')} {per_words(figures[0].per)}".strip()
    when = f" {figures[0].label.lower()}" if figures[0].per is None else ""
    return answered(
        "self_hosting",
        f"{name}: {main}{when} at {format_amount(price.usd_per_hour, 'USD')} per GPU-hour."
        f"{fit_sentence(question.model_name, gpu, count)}",
        figures=tuple(figures),
        steps=steps,
        assumptions=tuple(context.notes),
        citations=unique_citations(list(price.citations)),
    )


def cost_per_million(usd_per_hour: Decimal, tokens_per_second: Decimal, utilisation: Decimal) -> Decimal:
    """US dollars for a million tokens on hardware of this hourly price, throughput and utilisation (0 to 1)."""
    return usd_per_hour / (tokens_per_second * 3600 * utilisation) * 10**6


def throughput(question: SelfHostingQuestion, context: Context, citations: list[Citation]) -> Decimal:
    """Tokens per second of the fleet: as stated, or as measured on record for the model and GPU."""
    if question.tokens_per_second is not None:
        if question.tokens_per_second <= 0:
            raise NoAnswer("error", "A throughput must be more than zero tokens per second.")
        return question.tokens_per_second
    measured = _measured(question, context)
    if measured is None:
        raise NoAnswer("clarify", "How many tokens a second does your server produce?")
    citations.append(citation(measured.source, measured.statement))
    context.note(f"Throughput as measured: {measured.statement}")
    return measured.tokens_per_second


def _measured(question: SelfHostingQuestion, context: Context) -> Throughput | None:
    """A measurement of output tokens for the named model on the named GPU and number of GPUs."""
    if question.model_name is None:
        return None
    wanted = set(re.findall(r"[a-z]+|[\d.]+", question.model_name.lower())) - {"instruct", "model", "b"}
    for row in context.knowledge.rules.throughputs:
        known = set(re.findall(r"[a-z]+|[\d.]+", row.model.lower()))
        same_gpu = question.gpu is None or question.gpu.lower() in row.gpu.lower()
        if (
            wanted
            and wanted <= known
            and same_gpu
            and row.direction == "output"
            and (question.gpus is None or row.gpus == question.gpus)
        ):
            return row
    return None


def utilisation(question: SelfHostingQuestion, context: Context) -> Decimal:
    """The share of time that the hardware is busy (0 to 1); 1 unless said, which is then said."""
    if question.utilisation is None:
        context.note("The GPUs are busy all the time (100 % utilisation).")
        return Decimal(1)
    if not 0 < question.utilisation <= 1:
        raise NoAnswer("error", "A utilisation must lie above 0 % and be at most 100 %.")
    return question.utilisation


def _per_million(question: SelfHostingQuestion, gpu: Gpu, price: GpuPrice, context: Context) -> Answer:
    citations = [*price.citations]
    rate = throughput(question, context, citations)
    busy = utilisation(question, context)
    count = question.gpus or Decimal(1)
    hourly = count * price.usd_per_hour
    cost = cost_per_million(hourly, rate, busy)
    figures = (
        Figure(
            label="Tokens",
            amount=cost,
            unit="USD",
            per="1M tokens",
            source=citations[0].id if citations else None,
        ),
        Figure(
            label="Hardware",
            amount=hourly,
            unit="USD",
            per="hour",
            source=citations[0].id if citations else None,
        ),
        Figure(label="Tokens an hour", amount=rate * 3600 * busy, unit="tokens", per="hour"),
    )
    return answered(
        "self_hosting",
        f"{format_amount(count, '')} × {gpu.name} at {format_amount(rate, 'tokens/s')}:"
        f" {format_amount(cost, 'USD')} per 1M tokens.",
        figures=figures,
        assumptions=tuple(context.notes),
        citations=unique_citations(citations),
    )
