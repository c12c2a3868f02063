"""The formulas of expectations: what the right figure is, worked out without any code of aicost.

Prices come from `genai_prices.calc_price`, facts and rental prices from the fact cards as YAML, tokens from tiktoken, exchange
rates from the European Central Bank's table. A formula is a number, an arithmetic text ("1500/0.75"), or an object with `calc`;
`value_of` gives its `Decimal`. An unknown key in a formula is an error, so that a typing mistake cannot pass unseen.
"""

from __future__ import annotations

import ast
import operator
import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Formula = Any
FACTS = Path(__file__).parents[2] / "knowledge" / "data" / "facts.yaml"
_OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_RATES = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cached": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
}
_NO_CANDIDATES = (
    "preview", "free", "audio", "realtime", "image", "tts", "transcribe", "embed", "moderation", "search", "live", "ft:", "ocr",
    "voice", "robotics", "guard", "safeguard", "omni",
)  # fmt: skip


def value_of(formula: Formula) -> Decimal:
    """The number that a formula stands for. Raises ValueError for what is no formula."""
    if isinstance(formula, int):
        return Decimal(formula)
    if isinstance(formula, str):
        return _arithmetic(ast.parse(formula, mode="eval").body)
    if isinstance(formula, Mapping) and formula.get("calc") in _CALCULATIONS:
        arguments = {name: value for name, value in formula.items() if name != "calc"}
        return _CALCULATIONS[formula["calc"]](**arguments)
    raise ValueError(f"not a formula: {formula!r}")


def _arithmetic(node: ast.expr) -> Decimal:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Decimal(str(node.value))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_arithmetic(node.left), _arithmetic(node.right))
    raise ValueError(f"not arithmetic: {ast.dump(node)}")


# ---- prices -----------------------------------------------------------------------------------------------------


@cache
def _model(provider: str, model: str) -> tuple[Any, Any]:
    """genai-prices' own records of a provider and of one of its models, by their ids."""
    from genai_prices import data_snapshot

    for seller in data_snapshot.get_snapshot().providers:
        for found in seller.models:
            if (seller.id, found.id) == (provider, model):
                return seller, found
    raise ValueError(f"genai-prices has no {provider}/{model}")


def _calculated(
    usage: Mapping[str, Decimal], model: str, provider: str, on: str | None, terms: Mapping[str, str]
) -> Decimal:
    from genai_prices import Usage

    seller, found = _model(provider, model)
    if terms and dict(terms) not in [dict(variant.when) for variant in found.price_variants or ()]:
        raise ValueError(
            f"{provider}/{model} has no price for {terms}; genai-prices would give the standard one"
        )
    moment = None if on is None else datetime.fromisoformat(f"{on}T12:00").replace(tzinfo=UTC)
    counts = {unit: count for unit, count in usage.items() if count}
    price: Decimal = found.calc_price(
        Usage(**counts), seller, genai_request_timestamp=moment, price_context=dict(terms) or None
    ).total_price
    return price


def _terms(batch: bool, tier: str | None, speed: str | None = None) -> dict[str, str]:
    named = {"processing": "batch" if batch else None, "service_tier": tier, "speed": speed}
    return {name: value for name, value in named.items() if value is not None}


def _llm(
    provider: str,
    model: str,
    input: Formula = 0,
    output: Formula = 0,
    cached: Formula = 0,
    requests: Formula = 1,
    times: Formula = 1,
    batch: bool = False,
    tier: str | None = None,
    speed: str | None = None,
    on: str | None = None,
) -> Decimal:
    """`requests` calls of `input` (with `cached` inside it) and `output` tokens each, `times` over (days of a month, say)."""
    usage = {
        "input_tokens": value_of(input),
        "output_tokens": value_of(output),
        "cache_read_tokens": value_of(cached),
    }
    one = _calculated(usage, model, provider, on, _terms(batch, tier, speed))
    return one * value_of(requests) * value_of(times)


def _volume(provider: str, model: str, input: Formula = 0, output: Formula = 0, **terms: Any) -> Decimal:
    """Tokens of no request size, which take the base tier: priced a thousand at a time."""
    into, out = value_of(input), value_of(output)
    return (
        _llm(provider, model, input=1000, **terms) * into + _llm(provider, model, output=1000, **terms) * out
    ) / 1000


def _rate(
    provider: str,
    model: str,
    rate: str,
    tokens: Formula = 10**6,
    on: str | None = None,
    batch: bool = False,
    tier: str | None = None,
    speed: str | None = None,
) -> Decimal:
    """One list rate for `tokens` tokens, in the base tier."""
    unit = _RATES[rate]
    usage = {unit: Decimal(1000)}
    if unit.startswith("cache_"):
        usage["input_tokens"] = Decimal(1000)
    return _calculated(usage, model, provider, on, _terms(batch, tier, speed)) * value_of(tokens) / 1000


def _usage(
    provider: str, model: str, usage: Mapping[str, Formula], times: Formula = 1, **terms: Any
) -> Decimal:
    """Any usage in genai-prices' own units (audio seconds, searches, images)."""
    counts = {unit: value_of(count) for unit, count in usage.items()}
    on = terms.pop("on", None)
    return _calculated(counts, model, provider, on, terms) * value_of(times)


def _turns(
    provider: str,
    model: str,
    turns: int,
    input: Formula,
    output: Formula,
    system: Formula = 0,
    requests: Formula = 1,
    times: Formula = 1,
    **terms: Any,
) -> Decimal:
    """Conversations whose whole history is sent again with each turn."""
    into, out, head = value_of(input), value_of(output), value_of(system)
    calls = (
        _llm(provider, model, input=str(head + into * n + out * (n - 1)), output=str(out), **terms)
        for n in range(1, turns + 1)
    )
    return sum(calls, Decimal(0)) * value_of(requests) * value_of(times)


def _cheapest(
    providers: list[str], min_context: int = 0, blend: bool = False, without: str = "", **workload: Any
) -> Decimal:
    """The least that a workload (or, with `blend`, 3:1 tokens) costs on any text model that the providers make themselves."""
    return min(_costs(providers, min_context, blend, without, workload))


def _costs(
    providers: list[str], min_context: int, blend: bool, without: str, workload: Mapping[str, Any]
) -> list[Decimal]:
    from genai_prices import data_snapshot

    costs = []
    for provider in data_snapshot.get_snapshot().providers:
        if provider.id not in providers:
            continue
        for model in provider.models:
            name = f"{model.id} {model.name or ''}".lower()
            foreign = provider.id == "google" and "claude" in name
            foreign = foreign or (provider.id == "mistral" and ("deepseek" in name or "glm" in name))
            if foreign or model.deprecated or any(word in name for word in _NO_CANDIDATES):
                continue
            if (model.context_window or 0) < min_context or (without and without in name):
                continue
            ask = {"input": 750, "output": 250} if blend else dict(workload)
            try:
                both = _llm(provider.id, model.id, input=1000), _llm(provider.id, model.id, output=1000)
                cost = _llm(provider.id, model.id, **ask)
            except ValueError:
                continue
            if all(both):
                costs.append(cost * 1000 if blend else cost)
    return costs


def _context(provider: str, model: str) -> Decimal:
    window = _model(provider, model)[1].context_window
    if window is None:
        raise ValueError(f"no context window of {provider}/{model}")
    return Decimal(window)


# ---- facts, hardware, text ---------------------------------------------------------------------------------------


@cache
def facts() -> dict[str, dict[str, Any]]:
    """All fact cards by id, as they stand in the file."""
    return {card["id"]: card for card in yaml.safe_load(FACTS.read_text(encoding="utf-8"))}


def _fact(id: str) -> Decimal:
    return Decimal(str(facts()[id]["value"]))


def _training(
    parameters: Formula,
    tokens: Formula,
    want: str = "cost",
    tflops: Formula = None,
    hourly: Formula = None,
    mfu: Formula = "0.4",
    gpus: Formula = 1,
    days: Formula = 1,
) -> Decimal:
    """Training from scratch: 6·N·D FLOPs at `mfu` of `tflops` dense bf16 TFLOP/s a GPU (H100 unless given)."""
    tflops = {"calc": "fact", "id": "h100-bf16-tflops"} if tflops is None else tflops
    hourly = {"calc": "fact", "id": "runpod-secure-h100-sxm-2026-11"} if hourly is None else hourly
    flops = 6 * value_of(parameters) * value_of(tokens)
    hours = flops / (value_of(tflops) * 10**12 * value_of(mfu)) / 3600
    return {
        "flops": flops,
        "gpu_hours": hours,
        "cost": hours * value_of(hourly),
        "days": hours / value_of(gpus) / 24,
        "gpus": hours / value_of(days) / 24,
    }[want]


def _count(text: str, encoding: Literal["o200k_base", "cl100k_base"] = "o200k_base") -> Decimal:
    return Decimal(len(_encoding(encoding).encode(text, disallowed_special=())))


@cache
def _encoding(name: Literal["o200k_base", "cl100k_base"]) -> Any:
    import tiktoken

    from knowledge.tokens import seed  # puts tiktoken's own rank files where it finds them with no network

    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = str(seed(name, Path(folder)))
        try:
            return tiktoken.get_encoding(name)
        finally:
            os.environ.pop("TIKTOKEN_CACHE_DIR")
            if before is not None:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def _usd(amount: Formula, currency: str) -> Decimal:
    from currency_converter import CurrencyConverter

    converter = CurrencyConverter(decimal=True)
    return Decimal(converter.convert(value_of(amount), currency, "USD"))


# ---- putting together --------------------------------------------------------------------------------------------


def _many(of: list[Formula]) -> list[Decimal]:
    return [value_of(part) for part in of]


def _product(of: list[Formula]) -> Decimal:
    result = Decimal(1)
    for part in _many(of):
        result *= part
    return result


def _difference(of: list[Formula]) -> Decimal:
    first, second = _many(of)
    return abs(first - second)


def _quotient(of: list[Formula], whole: bool = False) -> Decimal:
    """The first by the second; `whole` counts only complete ones."""
    first, second = _many(of)
    return (first / second).to_integral_value(ROUND_FLOOR) if whole else first / second


def _saving_percent(of: list[Formula]) -> Decimal:
    """What the second saves of the first, in percent."""
    first, second = _many(of)
    return (first - second) / first * 100


_CALCULATIONS: dict[str, Callable[..., Decimal]] = {
    "llm": _llm, "volume": _volume, "rate": _rate, "usage": _usage, "turns": _turns, "cheapest": _cheapest, "context": _context,
    "fact": _fact, "training": _training, "count": _count, "usd": _usd,
    "sum": lambda of: sum(_many(of), Decimal(0)), "product": _product, "difference": _difference, "quotient": _quotient,
    "saving_percent": _saving_percent, "min": lambda of: min(_many(of)), "max": lambda of: max(_many(of)),
}  # fmt: skip
