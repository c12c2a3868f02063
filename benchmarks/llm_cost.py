"""What the bot's own language model costs: tokens and dollars per question, beside the usual bot with price tables in its prompt.

Run with `python -m benchmarks.llm_cost`. Nothing is sent anywhere: prompts are built as they would be sent and counted with
tiktoken; the model's form is taken to be the right one, made from what the rules see in the question, and the usual bot's reply to
say what aicost's answer says (`benchmarks.usual_bot.reply`). Counted on tests/questions, where no question comes twice: that a
repeated question costs aicost nothing is left out. Both use the default model.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks import books
from benchmarks.measuring import say
from benchmarks.usual_bot import (
    CACHE_MINUTES,
    QUESTIONS_A_DAY,
    WORKING_HOURS,
    hit_rate,
    reply,
    tables,
)
from bot.answering.dispatch import answer_questions
from bot.parsing.cascade import SURE
from bot.parsing.llm.parser import FORM, question_data
from bot.parsing.llm.reader import as_form
from bot.parsing.llm.schema import PROMPT
from bot.parsing.local import LocalParser
from bot.settings import Settings
from knowledge.base import KnowledgeBase
from knowledge.ratecard import RateCard

sys.path.append("tests")
from servers.llm_forms import right_form

QUESTIONS = Path(__file__).parents[1] / "tests" / "questions"
CACHED_FROM = 1024
"""Tokens from which on OpenAI's prompt cache takes a common beginning; a shorter one is never cached there."""


@dataclass(frozen=True)
class Asked:
    """One conversation of the set as it would be sent: tokens in and out of the parse, and of the usual bot's answer."""

    set: str
    conversation: int
    data: int
    form: int
    headline: int
    reply: int
    needs_llm: bool


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with KnowledgeBase.open(Path(folder)) as knowledge:
            _print_costs(knowledge, settings)
    say()
    books.main()


def _print_costs(knowledge: KnowledgeBase, settings: Settings) -> None:
    model = knowledge.catalogue.get("openai", settings.llm_model)
    card = knowledge.prices.card(model)

    def tokens(text: str) -> int:
        return knowledge.tokens.count(text, model).count

    asked = [_asked(name, turns, knowledge, settings, tokens) for name, turns in _conversations()]
    prompt, schema = tokens(PROMPT), tokens(_compact(FORM.response_format))
    fixed = prompt + schema
    say(f"{len(asked):,} conversations of tests/questions; {model.id} at {_rates(card)} per 1M tokens")
    _print_parse(asked, prompt, schema)
    _print_share(asked)
    llm = _usd_per_thousand(card, asked, fixed, lambda a: (a.data, a.form))
    needed = [a for a in asked if a.needs_llm]
    auto = _usd_per_thousand(card, needed, fixed, lambda a: (a.data, a.form)) * len(needed) / len(asked)
    _print_comparison(knowledge, card, asked, tokens, llm, auto)


def _print_parse(asked: Sequence[Asked], prompt: int, schema: int) -> None:
    fixed = prompt + schema
    data, form = _mean(a.data for a in asked), _mean(a.form for a in asked)
    say("\ntokens of one parse by the LLM:")
    say(f"  the same every time    {fixed:6,} ({prompt} prompt, {schema} schema)")
    say(f"  the question as data   {data:6,.0f} on average, {max(a.data for a in asked):,} at most")
    say(f"  the form it fills      {form:6,.0f} on average, {max(a.form for a in asked):,} at most")
    can = "0 %: shorter than" if fixed < CACHED_FROM else f"{fixed / (fixed + data):.0%}: at least"
    say(f"  cached share of input  {can} the {CACHED_FROM:,} tokens from which on OpenAI caches a beginning")


def _print_share(asked: Sequence[Asked]) -> None:
    say(
        f"\nread without the LLM (AICOST_PARSER=auto: the rules' confidence is at least {SURE}, or nothing of the field is said):"
    )
    for name in ("all", *sorted({a.set for a in asked})):
        part = [a for a in asked if name in ("all", a.set)]
        sure = sum(not a.needs_llm for a in part)
        say(f"  {name:<10} {sure:5,} of {len(part):5,}  {sure / len(part):6.1%}")


def _print_comparison(
    knowledge: KnowledgeBase,
    card: RateCard,
    asked: Sequence[Asked],
    tokens: Callable[[str], int],
    llm: Decimal,
    auto: Decimal,
) -> None:
    rates = [0.0, *(hit_rate(number) for number in QUESTIONS_A_DAY), 1.0]
    words = _mean(a.reply for a in asked)
    say(
        "\nUSD for 1,000 questions. The usual bot sends its table with each and answers in"
        f" {words:.0f} tokens on average\n(the headline alone: {_mean(a.headline for a in asked):.0f})."
        " Its table is still cached for a share of the questions that follows from how many\n"
        f"come in a day of {WORKING_HOURS} hours, at random, and a cache that lasts {CACHE_MINUTES} minutes:"
    )
    loads = ["never cached", *(f"{number:,} a day" for number in QUESTIONS_A_DAY), "always"]
    say(" " * 47 + "".join(f"{load:>14}" for load in loads))
    say(f"  {'share of questions that find it cached':<45}" + "".join(f"{rate:14.0%}" for rate in rates))
    usual = []
    for table in tables(knowledge):
        size = tokens(table.prompt)
        costs = [
            _usd_per_thousand(card, asked, size, lambda a: (a.conversation, a.reply), cached=rate)
            for rate in rates
        ]
        usual.append((f"{table.name}, {size:,} tokens", costs))
        say(f"  {usual[-1][0]:<45}" + "".join(f"{cost:14.4f}" for cost in costs))
    for name, ours in (("aicost, the LLM for each (llm)", llm), ("aicost, by default (auto)", auto)):
        say(f"  {name:<45}" + f"{ours:14.4f}" * len(rates))
    for policy, ours in (("auto, the default", auto), ("llm, every question by the LLM", llm)):
        say(f"\ntimes as dear as aicost with AICOST_PARSER={policy}:")
        for name, costs in usual:
            say(f"  {name:<45}" + "".join(f"{cost / ours:14.1f}" for cost in costs))


def _conversations() -> Iterator[tuple[str, list[str]]]:
    """The set that each belongs to, and its turns."""
    for path in sorted(QUESTIONS.glob("*.jsonl")):
        start = path.stem.partition("_")[0]
        name = start if start in ("second", "third", "fourth", "holdout", "languages") else "first"
        for line in path.read_text(encoding="utf-8").splitlines():
            yield name, json.loads(line)["turns"]


def _asked(
    name: str, turns: list[str], knowledge: KnowledgeBase, settings: Settings, tokens: Callable[[str], int]
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
        set=name,
        conversation=sum(map(tokens, turns)),
        data=tokens(question_data(text, previous, knowledge)),
        form=tokens(_compact(form)),
        headline=tokens(answer.headline),
        reply=tokens(reply(answer)),
        needs_llm=not (parse.final or parse.chatter) and parse.confidence < SURE,
    )


def _usd_per_thousand(
    card: RateCard,
    asked: Sequence[Asked],
    fixed: int,
    sizes: Callable[[Asked], tuple[int, int]],
    cached: float = 0.0,
) -> Decimal:
    """What 1,000 questions cost when each sends a constant beginning of `fixed` tokens, a share of them `cached`, and (tokens in,
    tokens out) besides."""
    total = Decimal(0)
    share = Decimal(repr(cached)) if fixed >= CACHED_FROM else Decimal(0)
    for one in asked:
        into, out = sizes(one)
        usage = {"input_tokens": fixed + into, "output_tokens": out}
        missed = card.cost(usage).total
        total += missed + share * (card.cost({**usage, "cache_read_tokens": fixed}).total - missed)
    return total * 1000 / len(asked)


def _rates(card: RateCard) -> str:
    named = (("in", "input_tokens"), ("cached", "cache_read_tokens"), ("out", "output_tokens"))
    return ", ".join(f"${card.rates[unit].price:f} {name}" for name, unit in named if unit in card.rates)


def _mean(values: Iterable[int]) -> float:
    return statistics.fmean(values)


def _compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
