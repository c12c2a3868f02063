"""What pricing costs in the program itself: one call, and the cheapest of all models, beside the packages that do the same.

Run with `python -m benchmarks.prices`. All figures of one line come from one run, so their ratio holds on a busy machine too.
litellm is measured when it is installed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 2.0
"""How long each is measured."""


def main() -> None:
    """Print all figures."""
    from knowledge.base import KnowledgeBase

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        knowledge = KnowledgeBase.open(Path(folder))
        _say(
            f"knowledge base built in {time.perf_counter() - started:.2f} s, {knowledge.path.stat().st_size / 1e6:.1f} MB"
        )
        knowledge.close()
        opening = _seconds(lambda: KnowledgeBase.open(Path(folder)).close())
        _say(f"opening it: {opening * 1e3:.2f} ms")
        with KnowledgeBase.open(Path(folder)) as knowledge:
            _one_call(knowledge)
            _cheapest(knowledge)


def _one_call(knowledge) -> None:  # type: ignore[no-untyped-def]
    from genai_prices import Usage, calc_price

    model = knowledge.catalogue.get("openai", "gpt-4o")
    usage = {"input_tokens": 2000, "output_tokens": 300, "cache_read_tokens": 500}
    prices = knowledge.prices
    ours = _seconds(lambda: prices.card(model).cost(usage))
    only_total = _seconds(lambda: prices.card(model).total(usage))
    theirs = {"genai-prices": _seconds(lambda: calc_price(Usage(**usage), "gpt-4o", provider_id="openai"))}
    try:
        from litellm import cost_per_token
    except ImportError:
        pass
    else:
        theirs["litellm"] = _seconds(
            lambda: cost_per_token(
                model="gpt-4o",
                custom_llm_provider="openai",
                prompt_tokens=2000,
                completion_tokens=300,
                cache_read_input_tokens=500,
            )
        )
    _say(f"\none call: {ours * 1e6:.1f} µs with all its lines, {only_total * 1e6:.1f} µs for the total")
    for name, seconds in theirs.items():
        _say(
            f"  {name}: {seconds * 1e6:.0f} µs, {seconds / ours:.0f} and {seconds / only_total:.0f} times as long"
        )


def _cheapest(knowledge) -> None:  # type: ignore[no-untyped-def]
    from genai_prices import Usage
    from genai_prices.data import providers

    from knowledge.prices import cheapest

    usage = {"input_tokens": 2000, "output_tokens": 300}
    least = 200_000

    def ours() -> object:
        wanted = knowledge.catalogue.models(min_context=least)
        return cheapest(knowledge.prices.cards(wanted), usage)

    def theirs() -> object:
        counted, found = Usage(**usage), []
        for provider in providers:
            for model in provider.models:
                if (model.context_window or 0) >= least and not model.deprecated:
                    found.append(model.calc_price(counted, provider).total_price)
        return min(found)

    prices = knowledge.prices
    chosen = knowledge.catalogue.models(min_context=least)

    def ours_chosen() -> object:
        return cheapest(prices.cards(chosen), usage)

    started = time.perf_counter()
    ours_chosen()
    cold = time.perf_counter() - started
    mine, known, other = _seconds(ours), _seconds(ours_chosen), _seconds(theirs)
    _say(f"\nthe cheapest of {len(chosen)} models with {least:,} tokens of context: {mine * 1e3:.2f} ms")
    _say(f"  once they are chosen: {known * 1e3:.2f} ms ({cold * 1e3:.0f} ms the first time)")
    _say(
        f"  a loop over genai-prices: {other * 1e3:.0f} ms, {other / mine:.0f} and {other / known:.0f} times as long"
    )


def _seconds(work: Callable[[], object]) -> float:
    """The least time of one call, over as many as fit."""
    best, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
