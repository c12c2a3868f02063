"""What the ledger and the metering of a call add to a question: `python -m benchmarks.books`."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from benchmarks.measuring import say
from bot.answers import Answer
from bot.messages import Message
from bot.parsing.llm.parser import FORM
from bot.parsing.llm.schema import PROMPT
from bot.settings import Settings
from bot.spend.calls import CallOutcome, CallRequest, CallUsage
from bot.spend.ledger import Ledger
from bot.spend.own_price import OPENAI_BASE_URL, OwnPrice
from bot.spend.token_bounds import input_bound
from knowledge.base import KnowledgeBase

TIMES = 400
AT_ONCE = 50


def main() -> None:
    """Print milliseconds for a question, and for an LLM call."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_print_overhead(Path(folder)))


async def _print_overhead(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    ledger = await Ledger.open(folder, settings.retention_days)
    questions: list[float] = []
    calls: list[float] = []
    with KnowledgeBase.open(folder) as knowledge:
        price = OwnPrice(OPENAI_BASE_URL, settings.llm_model, knowledge)
        processor = time.process_time()
        for number in range(TIMES):
            taken, query_id = await _timed(_recorded(ledger, number))
            questions.append(taken)
            taken, _ = await _timed(_metered(ledger, price, settings, query_id))
            calls.append(taken)
        processor = (time.process_time() - processor) / TIMES
        started = time.perf_counter()
        for group in range(TIMES // AT_ONCE):
            numbers = range(TIMES + group * AT_ONCE, TIMES + (group + 1) * AT_ONCE)
            await asyncio.gather(*(_both(ledger, price, settings, number) for number in numbers))
        together = (time.perf_counter() - started) / TIMES
    await ledger.close()
    say(f"what the books add to a question, in ms ({TIMES} of each, one after the other, as in use):")
    for name, times in (
        ("admit + finish (every question)", questions),
        ("price + reserve + settle, on the disk", calls),
    ):
        least, middle, slow = min(times), statistics.median(times), statistics.quantiles(times, n=20)[-1]
        figures = " / ".join(f"{seconds * 1e3:.2f}" for seconds in (least, middle, slow))
        say(f"  {name:<40} {figures}: least, median, slowest 5 %")
    say(f"  both, processor time                     {processor * 1e3:.2f}")
    say(f"  both, {AT_ONCE} questions at once                {together * 1e3:.2f} for each")


async def _timed(work: Awaitable[Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = await work
    return time.perf_counter() - started, result


async def _both(ledger: Ledger, price: OwnPrice, settings: Settings, number: int) -> None:
    await _metered(ledger, price, settings, await _recorded(ledger, number))


async def _recorded(ledger: Ledger, number: int) -> int:
    message = Message(platform="terminal", text="price of gpt-4o", user="u", dedup_keys=(f"event-{number}",))
    admission = await ledger.admit(message)
    answer = Answer(status="answered", kind="price", headline="gpt-4o: $2.50 in", receipt=f"r-{number}")
    await ledger.finish_query(admission.query_id, answer, latency_ms=1, delivered=True)
    return admission.query_id


async def _metered(ledger: Ledger, price: OwnPrice, settings: Settings, query_id: int) -> None:
    messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": "{}"}]
    bound = CallUsage(
        input_tokens=input_bound(messages, {"response_format": FORM.response_format}), output_tokens=600
    )
    request = CallRequest(
        query_id=query_id,
        model=settings.llm_model,
        provider=price.provider or "",
        base_url=OPENAI_BASE_URL,
        input_tokens=bound.input_tokens,
        output_tokens=bound.output_tokens,
        cost=price.price(bound).cost,
    )
    call_id = await ledger.reserve_call(request)
    usage = CallUsage(input_tokens=650, output_tokens=53)
    priced = price.price(usage)
    outcome = CallOutcome(usage=usage, cost=priced.cost, price_source=priced.source, price_as_of=priced.as_of)
    await ledger.settle_call(call_id, outcome)


if __name__ == "__main__":
    main()
