"""What pricing costs in the program itself: one call, and the cheapest of all models, beside the packages that do the same.

litellm is measured when it is installed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import least_seconds, say

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase


def main(data_dir: Path) -> None:
    """Print the figures of prices."""
    from knowledge.base import KnowledgeBase

    with KnowledgeBase.open(data_dir) as knowledge:
        _one_call(knowledge)
        _cheapest(knowledge)


def _one_call(knowledge: KnowledgeBase) -> None:
    from genai_prices import Usage, calc_price

    model = knowledge.catalogue.get("openai", "gpt-4o")
    usage = {"input_tokens": 2000, "output_tokens": 300, "cache_read_tokens": 500}
    prices = knowledge.prices
    ours = least_seconds(lambda: prices.card(model).cost(usage))
    only_total = least_seconds(lambda: prices.card(model).total(usage))
    theirs = {
        "genai-prices": least_seconds(lambda: calc_price(Usage(**usage), "gpt-4o", provider_id="openai"))
    }
    try:
        from litellm import cost_per_token
    except ImportError:
        pass
    else:
        theirs["litellm"] = least_seconds(
            lambda: cost_per_token(
                model="gpt-4o",
                custom_llm_provider="openai",
                prompt_tokens=2000,
                completion_tokens=300,
                cache_read_input_tokens=500,
            )
        )
    say(f"\none call: {ours * 1e6:.1f} µs with all its lines, {only_total * 1e6:.1f} µs for the total")
    for name, seconds in theirs.items():
        say(
            f"  {name}: {seconds * 1e6:.0f} µs, {seconds / ours:.0f} and {seconds / only_total:.0f} times as long"
        )


def _cheapest(knowledge: KnowledgeBase) -> None:
    from genai_prices import Usage, calc_price
    from genai_prices.data import providers

    usage = {"input_tokens": 2000, "output_tokens": 300}
    least = 200_000

    def ours() -> object:
        wanted = knowledge.catalogue.models(min_context=least)
        return knowledge.prices.shortlist(wanted).cheapest(usage)

    def theirs() -> object:
        counted, found = Usage(**usage), []
        for provider in providers:
            for model in provider.models:
                if (model.context_window or 0) >= least and not model.deprecated:
                    with suppress(LookupError):  # where the id names another model
                        found.append(calc_price(counted, model.id, provider_id=provider.id).total_price)
        return min(found)

    started = time.perf_counter()
    ours()
    cold = time.perf_counter() - started
    mine, other = least_seconds(ours), least_seconds(theirs)
    count = len(knowledge.catalogue.models(min_context=least))
    say(f"\nthe cheapest of {count} models with {least:,} tokens of context: {mine * 1e3:.2f} ms")
    say(f"  {cold * 1e3:.0f} ms the first time, in which their prices are read")
    say(f"  a loop over genai-prices: {other * 1e3:.0f} ms, {other / mine:.0f} times as long")
