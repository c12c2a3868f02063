"""What the bot's own language model costs: tokens and dollars per question, beside the usual bot with price tables in its prompt.

Run with `python -m benchmarks.llm_cost`. Nothing is sent anywhere: prompts are built as they would be sent and counted with
tiktoken; the model's form is taken to be the right one, made from what the rules see in the question, and the usual bot's reply to
be as long as aicost's headline, without the sums that it would have to write down. Counted on tests/questions. The last part
measures what the ledger and the metering of a call add to a question, on this machine.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.answering.dispatch import answer_questions
from bot.answers import Answer
from bot.messages import Message
from bot.parsing.annotate import Annotation
from bot.parsing.cascade import SURE
from bot.parsing.llm import FORM, question_data
from bot.parsing.llm_reader import as_form
from bot.parsing.llm_schema import PROMPT, SCHEMA
from bot.parsing.local import LocalParse, LocalParser
from bot.parsing.quantity import Quantity
from bot.settings import Settings
from bot.spend.calls import CallOutcome, CallRequest, CallUsage
from bot.spend.ledger import Ledger
from bot.spend.own_price import OPENAI_BASE_URL, OwnPrice
from bot.spend.token_bounds import input_bound
from knowledge.base import KnowledgeBase
from knowledge.makers import MAKERS
from knowledge.ratecard import RateCard
from knowledge.records import Model

QUESTIONS = Path(__file__).parents[1] / "tests" / "questions"
CALLS = 400
"""Questions of the measurement of the ledger."""
CACHED_FROM = 1024
"""Tokens from which on OpenAI's prompt cache takes a common beginning; a shorter one is never cached there."""

TABLE_PROMPT = """\
You answer questions about the cost of AI models. Use only the prices below (USD per 1M tokens; context in tokens), \
show the calculation, and say which model and provider the price is for.
"""
"""The prompt of the usual bot, on top of its table."""

_ROLE_OF_SIZE = {
    "input": "input", "output": "output", "system": "system_prompt", "cached": "cached", "reasoning": "reasoning",
    "training": "training_tokens",
}  # fmt: skip
_ROLE_OF_UNIT = {
    "requests": "requests", "items": "requests", "messages": "requests", "images": "requests", "users": "users",
    "conversations": "conversations", "turns": "turns", "money": "money", "parameters": "parameters", "examples": "examples",
    "epochs": "epochs", "gpus": "gpus", "gpu_hours": "gpu_hours", "tokens": "tokens", "words": "tokens", "pages": "tokens",
    "characters": "tokens",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One conversation of the set as it would be sent: tokens in and out of the parse, and of the usual bot's answer."""

    conversation: int
    data: int
    form: int
    answer: int
    needs_llm: bool


@dataclass(frozen=True)
class Bill:
    """USD for 1,000 questions: nothing cached, and with whatever the provider's cache can take."""

    plain: Decimal
    cached: Decimal


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with KnowledgeBase.open(Path(folder)) as knowledge:
            _print_costs(knowledge, settings)
        asyncio.run(_print_overhead(Path(folder), settings))


# ---- tokens and dollars ----------------------------------------------------------------------------------------------


def _print_costs(knowledge: KnowledgeBase, settings: Settings) -> None:
    model = knowledge.catalogue.get("openai", settings.llm_model)
    card = knowledge.prices.card(model)

    def tokens(text: str) -> int:
        return knowledge.tokens.count(text, model).count

    asked = [_asked(turns, knowledge, settings, tokens) for turns in _conversations()]
    prompt, schema = tokens(PROMPT), tokens(_compact(FORM.response_format))
    fixed = prompt + schema
    data, form = _mean(a.data for a in asked), _mean(a.form for a in asked)
    _say(f"{len(asked):,} conversations of tests/questions; {model.id} at {_rates(card)} per 1M tokens\n")
    _say("tokens of one parse by the LLM:")
    _say(
        f"  the same every time   {fixed:6,} ({prompt} prompt, {schema} schema; the schema alone {tokens(_compact(SCHEMA))})"
    )
    _say(f"  the question as data  {data:6,.0f} on average, {max(a.data for a in asked):,} at most")
    _say(
        f"  the form that it fills{form:6,.0f} on average, {max(a.form for a in asked):,} at most (taken as the right one)"
    )
    share = fixed / (fixed + data)
    can = "too short for OpenAI's cache" if fixed < CACHED_FROM else "cached by OpenAI"
    _say(
        f"  share of the input that a prompt cache can take: {share:.0%} ({can}, which begins at {CACHED_FROM:,})"
    )

    sure = sum(not a.needs_llm for a in asked)
    read = f"{sure:,} of {len(asked):,}, {sure / len(asked):.1%}"
    _say(f"\nread without the LLM (AICOST_PARSER=auto, confidence of at least {SURE}): {read}")

    ours = _bill(card, asked, fixed, lambda a: (a.data, a.form))
    auto = _bill(card, [a for a in asked if a.needs_llm], fixed, lambda a: (a.data, a.form), of=len(asked))
    _say("\nUSD for 1,000 questions, without and with the provider's cache:")
    _say(f"  aicost, the LLM for each (llm)                  {_usd(ours)}")
    _say(f"  aicost, the LLM where it is needed (auto)       {_usd(auto)}")
    for name, models in _tables(knowledge):
        rows = _rows(knowledge, models)
        for form_name, table in (("CSV", _as_csv(rows)), ("JSON", _compact(rows))):
            size = tokens(TABLE_PROMPT + table)
            usual = _bill(card, asked, size, lambda a: (a.conversation, a.answer))
            _say(
                f"  the usual bot: {name + ' as ' + form_name:<32} {_usd(usual)}   {len(rows):,} models, {size:,} tokens"
            )
            for ours_name, bill in (("llm", ours), ("auto", auto)):
                plain, cached = usual.plain / bill.plain, usual.cached / bill.cached
                _say(f"    times as dear as {ours_name:<4} {plain:8.1f} uncached, {cached:6.1f} cached")


def _conversations() -> Iterator[list[str]]:
    for path in sorted(QUESTIONS.rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["turns"]


def _asked(
    turns: list[str], knowledge: KnowledgeBase, settings: Settings, tokens: Callable[[str], int]
) -> Asked:
    parser = LocalParser(knowledge)
    previous = None
    for turn in turns[:-1]:
        previous = parser.parse(turn, previous).questions[0]
    text = turns[-1]
    parse = parser.parse(text, previous)
    answer = answer_questions(parse.questions, knowledge, settings, datetime.now(UTC), None, parse.notes)
    form = as_form(right_form(parser.annotate(text), parse))  # as the reader takes it
    return Asked(
        conversation=sum(map(tokens, turns)),
        data=tokens(question_data(text, previous, knowledge)),
        form=tokens(_compact(form)),
        answer=tokens(answer.headline),
        needs_llm=not parse.final and parse.confidence < SURE,
    )


def right_form(annotation: Annotation, parse: LocalParse) -> dict[str, Any]:
    """The form that a model fills in for a text when it understands it as the rules do."""
    return {
        "models": [annotation.text[named.start : named.end] for named in annotation.models],
        "kind": parse.questions[0].kind,
        "want": None,
        "want_per": annotation.want_per,
        "follow_up": parse.is_follow_up,
        "quantities": [
            {
                "text": annotation.text[quantity.start : quantity.end],
                "role": _role(quantity),
                "per": quantity.per
                or (quantity.per_thing if quantity.per_thing in ("user", "conversation") else None),
            }
            for quantity in annotation.quantities
        ],
    }


def _role(quantity: Quantity) -> str:
    return _ROLE_OF_SIZE.get(quantity.role) or _ROLE_OF_UNIT.get(quantity.unit, "other")


def _bill(
    card: RateCard, asked: Sequence[Asked], fixed: int, sizes: Callable[[Asked], tuple[int, int]], of: int = 0
) -> Bill:
    """What 1,000 questions cost when each sends a constant beginning of `fixed` tokens, and (tokens in, tokens out) besides."""
    plain = cached = Decimal(0)
    takes = fixed if fixed >= CACHED_FROM else 0
    for one in asked:
        into, out = sizes(one)
        usage = {"input_tokens": fixed + into, "output_tokens": out}
        plain += card.cost(usage).total
        cached += card.cost({**usage, "cache_read_tokens": takes}).total
    count = of or len(asked)
    return Bill(plain * 1000 / count, cached * 1000 / count)


def _tables(knowledge: KnowledgeBase) -> Iterator[tuple[str, list[Model]]]:
    """The models that the usual bot's table may list: each maker's text models at its own API, and everything on record."""
    text = knowledge.catalogue.models(modality="text")
    yield (
        "first-party text models",
        [m for m in text if m.maker in MAKERS and m.provider in MAKERS[m.maker].apis],
    )
    yield "all models on record", knowledge.catalogue.models(modality=None, include_deprecated=True)


def _rows(knowledge: KnowledgeBase, models: Iterable[Model]) -> list[dict[str, Any]]:
    """What the table says of each model; what is not known is left out."""
    units = {"input": "input_tokens", "cached_input": "cache_read_tokens", "output": "output_tokens"}
    rows = []
    for card in knowledge.prices.cards(models):
        rates = {name: card.rates[unit] for name, unit in units.items() if unit in card.rates}
        prices = {name: float(rate.price * 10**6 / rate.per) for name, rate in rates.items()}
        window = {"context": card.model.context_window} if card.model.context_window else {}
        rows.append({"provider": card.model.provider, "model": card.model.id, **prices, **window})
    return rows


def _as_csv(rows: list[dict[str, Any]]) -> str:
    """The tightest form of the table."""
    columns = ("provider", "model", "input", "cached_input", "output", "context")
    lines = [",".join(columns)]
    lines += [",".join(str(row.get(column, "")) for column in columns) for row in rows]
    return "\n".join(lines)


# ---- the ledger ------------------------------------------------------------------------------------------------------


async def _print_overhead(folder: Path, settings: Settings) -> None:
    """Milliseconds that recording a question, and metering an LLM call, add to a question."""
    ledger = await Ledger.open(folder, settings.retention_days)
    questions: list[float] = []
    calls: list[float] = []
    with KnowledgeBase.open(folder) as knowledge:
        price = OwnPrice(OPENAI_BASE_URL, settings.llm_model, knowledge)
        for number in range(CALLS):
            taken, query_id = await _timed(_recorded(ledger, number))
            questions.append(taken)
            taken, _ = await _timed(_metered(ledger, price, settings, query_id))
            calls.append(taken)
    await ledger.close()
    _say(f"\nwhat the books add to a question ({CALLS} of each, one after the other, as in use):")
    for name, times in (
        ("admit + finish", questions),
        ("reserve + settle (an LLM call; waits for disk)", calls),
    ):
        least, middle, slow = min(times), statistics.median(times), statistics.quantiles(times, n=20)[-1]
        figures = " / ".join(f"{seconds * 1e3:.2f}" for seconds in (least, middle, slow))
        _say(f"  {name:<47} {figures} ms: least, median, slowest 5 %")


async def _timed(work: Awaitable[Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = await work
    return time.perf_counter() - started, result


async def _recorded(ledger: Ledger, number: int) -> int:
    message = Message(platform="terminal", text="price of gpt-4o", user="u", dedup_keys=(f"event-{number}",))
    admission = await ledger.admit(message)
    answer = Answer(status="answered", kind="price", headline="gpt-4o: $2.50 in", receipt=f"r-{number}")
    await ledger.finish_query(admission.query_id, answer, latency_ms=1, delivered=True)
    return admission.query_id


async def _metered(ledger: Ledger, price: OwnPrice, settings: Settings, query_id: int) -> None:
    messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": "{}"}]
    reserved = CallUsage(
        input_tokens=input_bound(messages, {"response_format": FORM.response_format}), output_tokens=600
    )
    request = CallRequest(
        query_id=query_id,
        model=settings.llm_model,
        provider=price.provider or "",
        base_url=OPENAI_BASE_URL,
        input_tokens=reserved.input_tokens,
        output_tokens=reserved.output_tokens,
        cost=price.price(reserved).cost,
    )
    call_id = await ledger.reserve_call(request)
    usage = CallUsage(input_tokens=650, output_tokens=80)
    priced = price.price(usage)
    outcome = CallOutcome(usage=usage, cost=priced.cost, price_source=priced.source, price_as_of=priced.as_of)
    await ledger.settle_call(call_id, outcome)


# ---- words -----------------------------------------------------------------------------------------------------------


def _rates(card: RateCard) -> str:
    named = (("in", "input_tokens"), ("cached", "cache_read_tokens"), ("out", "output_tokens"))
    return ", ".join(f"${card.rates[unit].price:f} {name}" for name, unit in named if unit in card.rates)


def _usd(bill: Bill) -> str:
    return f"${bill.plain:8.4f}  ${bill.cached:8.4f}"


def _mean(values: Iterable[int]) -> float:
    return statistics.fmean(values)


def _compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
