"""What training a model from scratch takes: FLOPs, GPU-hours, days on a cluster, money."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.compute import (
    DEFAULT_MFU,
    TOKENS_PER_PARAMETER,
    find_gpu,
    gpu_hours,
    gpu_price,
    hours,
    peak_citation,
    stated_price,
    training_flops,
)
from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answers import Answer, Citation, Figure, Step
from bot.presentation import format_amount
from bot.questions import TrainingQuestion

_MOST_PARAMETERS = Decimal(10) ** 15


def answer_training(question: TrainingQuestion, context: Context) -> Answer:
    """The wanted quantity first, then the others that follow from it."""
    gpu = find_gpu(question.gpu, context)
    price = gpu_price(gpu, stated_price(question, context), question.provider, context)
    citations: list[Citation] = [*price.citations]
    steps: list[Step] = []
    flops: Decimal | None = None
    if question.gpu_hours is not None:
        needed = question.gpu_hours
    else:
        flops = _flops(question, context, steps)
        mfu = question.mfu if question.mfu is not None else DEFAULT_MFU
        if question.mfu is None:
            context.note(f"{format_amount(mfu * 100, 'percent')} of the GPU's dense bf16 peak is used (MFU).")
        needed = gpu_hours(flops, gpu, mfu)
        peak = gpu.dense_bf16_tflops or Decimal(0)
        steps.append(
            Step(
                label=f"At {format_amount(peak, 'TFLOP/s')} × {format_amount(mfu * 100, 'percent')}",
                count=flops,
                count_unit="FLOPs",
                amount=needed,
                unit="GPU-hours",
            )
        )
        citations.extend(peak_citation(gpu))
    if question.want != "gpu_hours" and question.want != "flops":
        steps.append(
            Step(
                label="Rental",
                count=needed,
                count_unit="GPU-hours",
                rate=price.usd_per_hour,
                rate_per="GPU-hour",
                amount=needed * price.usd_per_hour,
            )
        )
    context.note("The final training run alone: no experiments, failed runs, data or staff.")
    figures = _figures(question, needed, flops, price.usd_per_hour, citations)
    return answered(
        "training",
        _headline(question, figures, gpu.name),
        figures=tuple(figures),
        steps=tuple(steps),
        assumptions=tuple(context.notes),
        citations=unique_citations(citations),
    )


def _flops(question: TrainingQuestion, context: Context, steps: list[Step]) -> Decimal:
    if question.flops is not None:
        return question.flops
    parameters, tokens = question.parameters, question.tokens
    if parameters is None:
        raise NoAnswer(
            "clarify",
            "How many parameters shall the model have (for example 7B), and how many tokens is it trained on?",
        )
    if not 0 < parameters <= _MOST_PARAMETERS:
        raise NoAnswer(
            "error",
            f"A model of {format_amount(parameters, 'parameters')} is not possible; please check the number.",
        )
    if tokens is None:
        tokens = parameters * TOKENS_PER_PARAMETER
        context.note(
            f"{TOKENS_PER_PARAMETER} training tokens per parameter (compute-optimal): {format_amount(tokens, 'tokens')}."
        )
    flops = training_flops(parameters, tokens)
    steps.append(
        Step(
            label=f"6 × {format_amount(parameters, 'parameters')} × {format_amount(tokens, 'tokens')}",
            amount=flops,
            unit="FLOPs",
        )
    )
    return flops


def _figures(
    question: TrainingQuestion,
    needed: Decimal,
    flops: Decimal | None,
    usd_per_hour: Decimal,
    citations: list[Citation],
) -> list[Figure]:
    source = citations[0].id if citations else None
    figures = {
        "cost": Figure(
            label="Cost of the training run", amount=needed * usd_per_hour, unit="USD", source=source
        ),
        "gpu_hours": Figure(label="GPU time", amount=needed, unit="GPU-hours"),
    }
    if flops is not None:
        figures["flops"] = Figure(label="Compute", amount=flops, unit="FLOPs")
    if question.gpus:
        figures["days"] = Figure(
            label=f"On {format_amount(question.gpus, 'GPUs')}",
            amount=needed / question.gpus / 24,
            unit="days",
        )
    if question.within is not None:
        available = hours(question.within)
        if available:
            label = f"For {format_amount(question.within.amount, question.within.unit + 's')}"
            figures["gpus"] = Figure(label=label, amount=needed / available, unit="GPUs")
    wanted = question.want
    if wanted == "days" and "days" not in figures:
        raise NoAnswer("clarify", f"On how many GPUs? It takes {format_amount(needed, 'GPU-hours')} in all.")
    if wanted == "gpus" and "gpus" not in figures:
        raise NoAnswer("clarify", f"In how many days? It takes {format_amount(needed, 'GPU-hours')} in all.")
    first = [figures[wanted]] if wanted in figures else []
    return first + [figure for name, figure in figures.items() if name != wanted]


def _headline(question: TrainingQuestion, figures: list[Figure], gpu: str) -> str:
    cost = next(f for f in figures if f.unit == "USD")
    time = next(f for f in figures if f.unit == "GPU-hours")
    days = next((f for f in figures if f.unit == "days"), None)
    what = format_amount(question.parameters, "parameters") if question.parameters else "That run"
    on = f" on {gpu} GPUs"
    duration = (
        f", {format_amount(days.amount, 'days')} {days.label[0].lower()}{days.label[1:]}" if days else ""
    )
    gpus = next((f for f in figures if f.unit == "GPUs"), None)
    count = f", {format_amount(gpus.amount, 'GPUs')} {gpus.label[0].lower()}{gpus.label[1:]}" if gpus else ""
    return f"{what}: {format_amount(cost.amount, 'USD')} for {format_amount(time.amount, 'GPU-hours')}{on}{duration}{count}."
