"""GPU time in money: which GPU, at which rental price, and the arithmetic of training, each with its source.

Training a dense transformer takes 6 FLOPs per parameter and token (Kaplan et al. 2020, in the knowledge base as a rule). What a GPU
delivers of its dense bf16 peak is the model FLOPs utilisation (MFU); 40 % is assumed unless said, see the README's conventions.
"""

from __future__ import annotations

from decimal import Decimal

from bot.answering.context import Context, NoAnswer, citation
from bot.answering.load import SECONDS
from bot.answering.money import in_usd
from bot.answers import Citation
from bot.presentation import format_amount
from bot.questions import FineTuningQuestion, Money, SelfHostingQuestion, Span, TrainingQuestion
from knowledge.hardware import Gpu
from knowledge.lazy_dataclass import dataclass

DEFAULT_GPU = "H100"
DEFAULT_MFU = Decimal("0.40")
FLOPS_PER_PARAMETER_AND_TOKEN = Decimal(6)
TOKENS_PER_PARAMETER = Decimal(20)
"""Compute-optimal training tokens per parameter (Hoffmann et al. 2022, "Chinchilla"), used when no token count is given."""


@dataclass(frozen=True)
class GpuPrice:
    """What an hour of one GPU costs, and where that is from; `gpu` is None for a price without a GPU's name."""

    gpu: Gpu | None
    usd_per_hour: Decimal
    citations: tuple[Citation, ...]


def hours(span: Span) -> Decimal:
    """A length of time in hours (month 30 days, year 365 days)."""
    return span.amount * SECONDS[span.unit] / SECONDS["hour"]


def find_gpu(name: str | None, context: Context) -> Gpu:
    """The GPU that is named, or the one that is assumed, which is then said."""
    if name is None:
        gpu = context.knowledge.hardware.find(DEFAULT_GPU)
        context.note(f"{gpu.name} GPUs are assumed.")
        return gpu
    return context.knowledge.hardware.find(name)


def gpu_price(
    gpu: Gpu, stated: Decimal | None, provider: str | None, context: Context, terms: str | None = None
) -> GpuPrice:
    """The rental price per GPU-hour: the stated one, or one on record (at the named provider), which is then said."""
    if stated is not None:
        if stated <= 0:
            raise NoAnswer("error", "A price per GPU-hour must be more than zero.")
        return GpuPrice(gpu, stated, ())
    rental = context.knowledge.hardware.rental(gpu.name, provider, terms)
    when = f", {rental.as_of}" if rental.as_of else ""
    form = f" {rental.variant}" if rental.variant else ""
    context.note(
        f"{gpu.name}{form} at {format_amount(rental.usd_per_hour, 'USD')} per GPU-hour ({rental.provider}, {rental.terms}{when});"
        " prices differ between providers."
    )
    return GpuPrice(gpu, rental.usd_per_hour, (citation(rental.source, rental.statement),))


def stated_price(
    question: TrainingQuestion | FineTuningQuestion | SelfHostingQuestion, context: Context
) -> Decimal | None:
    """The price of a GPU-hour that a question states, in US dollars."""
    if question.usd_per_gpu_hour is None or question.gpu_hour_currency in (None, "USD"):
        return question.usd_per_gpu_hour
    return in_usd(Money(amount=question.usd_per_gpu_hour, currency=question.gpu_hour_currency), context)


def peak_citation(gpu: Gpu) -> tuple[Citation, ...]:
    """The source of a GPU's bf16 throughput."""
    source = dict(gpu.sources).get("dense_bf16_tflops")
    return (
        ()
        if source is None
        else (citation(source, f"{gpu.name}: {gpu.dense_bf16_tflops} TFLOP/s dense bf16"),)
    )


def training_flops(parameters: Decimal, tokens: Decimal) -> Decimal:
    """Floating-point operations to train a dense model: 6 x parameters x tokens."""
    return FLOPS_PER_PARAMETER_AND_TOKEN * parameters * tokens


def gpu_hours(flops: Decimal, gpu: Gpu, mfu: Decimal) -> Decimal:
    """Hours that one GPU takes for so many FLOPs at a utilisation `mfu` (0 to 1)."""
    if gpu.dense_bf16_tflops is None:
        raise NoAnswer("not_found", f"The bf16 throughput of the {gpu.name} is not on record.")
    if not 0 < mfu <= 1:
        raise NoAnswer("error", "The model FLOPs utilisation must lie above 0 % and be at most 100 %.")
    per_second = gpu.dense_bf16_tflops * Decimal(10) ** 12 * mfu
    return flops / per_second / 3600
