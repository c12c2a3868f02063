"""Whether a model's weights fit into the memory of the GPUs that shall serve it; the weights alone, without room for requests."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

from bot.presentation import format_amount
from knowledge.hardware import Gpu

_BYTES = ((Decimal(2), "16"), (Decimal(1), "8"), (Decimal("0.5"), "4"))
"""Bytes of one parameter at so many bits, the usual precision first."""
_BILLION = Decimal(10) ** 9
_SIZE = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d+)?)\s?b\b", re.IGNORECASE)


def gpus_for(model_name: str | None, gpu: Gpu, bits: int) -> tuple[Decimal, Decimal] | None:
    """How many GPUs hold the weights at so many bits each, and their gigabytes; None where a size is not known."""
    size = _SIZE.search(model_name or "")
    if size is None or gpu.memory_gb is None:
        return None
    weights = Decimal(size.group(1)) * bits / 8
    return (weights / gpu.memory_gb).to_integral_value(ROUND_CEILING), weights


def fit_sentence(model_name: str | None, gpu: Gpu, count: Decimal) -> str:
    """A warning where 16-bit weights of the named model do not fit; empty where they do, or where a size is not known."""
    size = _SIZE.search(model_name or "")
    if size is None or gpu.memory_gb is None:
        return ""
    billions = Decimal(size.group(1))
    has = gpu.memory_gb * count
    if billions * _BYTES[0][0] <= has:
        return ""
    needs = format_amount(billions * _BYTES[0][0], "GB")
    memory = f"{format_amount(count, '')} × {gpu.name} has {format_amount(has, 'GB')}"
    bits = next((name for each, name in _BYTES if billions * each <= has), None)
    smaller = f"it fits only in {bits} bits" if bits else "it does not fit, even in 4 bits"
    return f" The weights of {model_name} take about {needs} in 16 bits, and {memory}: {smaller}."
