"""What pricing costs in the program itself: one call, and the cheapest of all models, beside the packages that do the same.

litellm is measured when it is installed: `make bench` does that, from the extra `bench`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import least_of_each, say

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase

TOTAL, BILL, LINES = "aicost, the total", "aicost, the bill", "aicost, the bill, its lines read"
OURS = (TOTAL, BILL, LINES)


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

    def litellm() -> object:
        return cost_per_token(
            model="gpt-4o",
            custom_llm_provider="openai",
            prompt_tokens=2000,
            completion_tokens=300,
            cache_read_input_tokens=500,
        )

    def genai() -> Decimal:
        return calc_price(Usage(**usage), "gpt-4o", provider_id="openai").total_price

    works: dict[str, Callable[[], object]] = {
        TOTAL: lambda: prices.card(model).total(usage),
        BILL: lambda: prices.card(model).cost(usage),
        LINES: lambda: prices.card(model).cost(usage).charges,
        "genai_prices.calc_price": genai,
    }
    try:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = (
            "True"  # else importing it asks the network for its price list
        )
        from litellm import cost_per_token
    except ImportError:
        say("\nlitellm is not installed here; `make bench` installs and measures it")
    else:
        works["litellm.cost_per_token"] = litellm
    assert prices.card(model).total(usage) == prices.card(model).cost(usage).total == genai()
    seconds = least_of_each(works, 6, {**dict.fromkeys(works, 20), TOTAL: 1000, BILL: 1000, LINES: 100})
    fastest = min(found for name, found in seconds.items() if name not in OURS)
    say(
        "\none call (2,000 tokens in, of which 500 cached, 300 out, gpt-4o), the least of many taken in turns:"
    )
    for name, found in seconds.items():
        ratio = f"  {fastest / found:.0f} times as fast as the faster package" if name in OURS else ""
        say(f"  {name:34}  {found * 1e6:6.2f} µs{ratio}")


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
    least_times = least_of_each({"ours": ours, "theirs": theirs}, 4, {"ours": 20, "theirs": 1})
    mine, other = least_times["ours"], least_times["theirs"]
    count = len(knowledge.catalogue.models(min_context=least))
    say(f"\nthe cheapest of {count} models with {least:,} tokens of context: {mine * 1e3:.2f} ms")
    say(f"  {cold * 1e3:.0f} ms the first time, in which their prices are read")
    say(f"  a loop over genai-prices: {other * 1e3:.0f} ms, {other / mine:.0f} times as long")
