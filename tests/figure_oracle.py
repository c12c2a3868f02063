"""Whether a figure can be worked out from the numbers of a text and published prices, without any code of aicost.

The oracle does not know which calculation a text means; it tries them all: every assignment of the text's numbers to input, output
and requests, at genai-prices' list prices. A figure that none of them gives was made up by somebody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import combinations
from typing import Any

from questions.formulas import facts, value_of

_TIMES = (1, 7, 22, 24, 30, 365)
"""Lengths of time in each other; two of them may be multiplied or divided."""
_RATES = {
    "1M input tokens": "input",
    "1M output tokens": "output",
    "1M cached input tokens": "cached",
    "1M cache write tokens": "cache_write",
}
_EXACT = Decimal("1e-12")


def invented(figures: Iterable[Mapping[str, Any]], numbers: Collection[int]) -> list[Mapping[str, Any]]:
    """The figures (as JSON) that cannot come from these numbers, a list price or a fact card."""
    stated = frozenset(Decimal(number) for number in numbers)
    return [figure for figure in figures if not _is_computable(figure, stated)]


def _is_computable(figure: Mapping[str, Any], numbers: frozenset[Decimal]) -> bool:
    amount = Decimal(figure["amount"])
    candidates: Iterator[Decimal]
    if figure["unit"] != "USD":
        candidates = _counts(figure["provider"], figure["model"], numbers)
    elif figure["model"] is None:
        candidates = (
            Decimal(str(card["value"])) for card in facts().values() if card.get("value") is not None
        )
    elif figure["per"] in _RATES or str(figure["per"]).startswith("1K "):
        candidates = _list_prices(figure)
    else:
        candidates = _costs(figure["provider"], figure["model"], numbers)
    return any(abs(amount - candidate) <= _EXACT * max(abs(candidate), 1) for candidate in candidates)


def _list_prices(figure: Mapping[str, Any]) -> Iterator[Decimal]:
    named = {"provider": figure["provider"], "model": figure["model"]}
    if figure["per"] in _RATES:
        for batch in (False, True):
            try:
                yield value_of({"calc": "rate", **named, "rate": _RATES[figure["per"]], "batch": batch})
            except ValueError:  # no such rate
                continue
    for unit in ("web_searches", "storage_searches"):
        try:
            yield value_of({"calc": "usage", **named, "usage": {unit: 1000}})
        except (ValueError, TypeError):
            continue


def _costs(provider: str, model: str, numbers: frozenset[Decimal]) -> Iterator[Decimal]:
    """Every workload of the numbers: one request of any two sizes, any product of numbers of them, over any time."""
    sizes = (Decimal(0), *numbers)
    for into in sizes:
        for out in sizes:
            one = _one(provider, model, into, out)
            for count in _products(numbers):
                for length in _TIMES:
                    yield one * count * length


def _counts(provider: str | None, model: str | None, numbers: frozenset[Decimal]) -> Iterator[Decimal]:
    for product in _products(numbers):
        for length in _TIMES:
            yield product * length
    if provider is None or model is None:
        return
    yield value_of({"calc": "context", "provider": provider, "model": model})
    for money in numbers:
        for into in (Decimal(0), *numbers):
            for out in (Decimal(0), *numbers):
                one = _one(provider, model, into, out)
                if one:
                    yield Decimal(int(money / one))


@cache
def _one(provider: str, model: str, into: Decimal, out: Decimal) -> Decimal:
    return value_of(
        {"calc": "llm", "provider": provider, "model": model, "input": str(into), "output": str(out)}
    )


@cache
def _products(numbers: frozenset[Decimal]) -> tuple[Decimal, ...]:
    found = {Decimal(1)}
    for size in (1, 2, 3):
        for chosen in combinations(sorted(numbers), size):
            product = Decimal(1)
            for number in chosen:
                product *= number
            found.add(product)
    return tuple(found)
