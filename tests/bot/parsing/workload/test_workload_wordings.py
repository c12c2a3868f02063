"""Workloads as people word them: requests of several sizes, parts of the traffic, growth, counts for each of another count."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.parsing.local import LocalParser
from bot.questions import CapacityQuestion, CompareQuestion, EstimateQuestion, Workload


def estimate(parser: LocalParser, text: str) -> EstimateQuestion:
    question = parser.parse(text).questions[0]
    assert isinstance(question, EstimateQuestion)
    return question


def workload(parser: LocalParser, text: str) -> Workload:
    [stage] = estimate(parser, text).stages
    return stage.workload


@pytest.mark.parametrize(
    ("text", "requests"),
    [
        ("5k in/400 out, 6k in/300 out on sonnet 5.5", [1, 1]),
        ("2 calls: 5k in/400 out, 6k in/300 out on sonnet 5.5", [1, 1]),
        ("sonnet 5.5: 200 requests 5k in, 400 out and 300 requests with 6k in, 300 out", [200, 300]),
        ("gpt-5.4\nreq1 prompt=5000 completion=400\nreq2 prompt=6000 completion=300", [1, 1]),
    ],
)
def test_requests_of_several_sizes(parser: LocalParser, text: str, requests: list[int]) -> None:
    stages = estimate(parser, text).stages
    assert [stage.workload.requests for stage in stages] == requests
    assert [stage.workload.input.amount for stage in stages if stage.workload.input] == [5000, 6000]
    assert [stage.workload.output.amount for stage in stages if stage.workload.output] == [400, 300]


def test_a_count_of_only_some_sizes_is_asked_about(parser: LocalParser) -> None:
    assert estimate(parser, "500 requests on sonnet 5.5: 5k in/400 out and 6k in/300 out").unread


@pytest.mark.parametrize(
    ("text", "share", "batch"),
    [
        ("1M requests a month, 1k in 200 out, gpt-5.4, half of them batched", "0.5", False),
        ("1M requests a month, 1k in 200 out, gpt-5.4, 60% of the traffic through batch", "0.6", False),
        ("1M requests a month, 1k in 200 out, gpt-5.4 with batch", None, True),
        ("1M requests a month, 1k in 200 out, gpt-5.4, batch gives 50% off", None, True),
    ],
)
def test_a_part_of_the_requests_is_batched(
    parser: LocalParser, text: str, share: str | None, batch: bool
) -> None:
    read = workload(parser, text)
    assert read.batch_share == (Decimal(share) if share else None)
    assert read.batch is batch


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("100k requests a month, 500 in 100 out, gpt-5-mini, growing 10% a month, total for a year", None),
        ("100k requests a month, 500 in 100 out, gpt-5-mini, growing 10% a month. cost in 6 months?", 6),
        (
            "100k requests a month, 500 in 100 out, gpt-5-mini, 10% more every month. what is it in month 12?",
            11,
        ),
    ],
)
def test_growth(parser: LocalParser, text: str, steps: int | None) -> None:
    read = workload(parser, text)
    assert (read.growth_share, read.growth_per, read.growth_steps) == (Decimal("0.1"), "month", steps)


@pytest.mark.parametrize(
    "text",
    [
        "each agent run makes 14 calls of 6k in, 350 out to opus 5.5, we do 90 runs a day",
        "opus 5.5, 90 runs a day, 14 calls per run, 6k in 350 out",
    ],
)
def test_a_count_for_each_of_another(parser: LocalParser, text: str) -> None:
    read = workload(parser, text)
    assert (read.requests, read.requests_per) == (1260, "day")


def test_people_of_any_trade_are_users(parser: LocalParser) -> None:
    read = workload(parser, "1200 nurses, 900 tokens in, 250 out, gpt-5.4-mini, cost per month?")
    assert (read.users, read.requests) == (1200, None)


def test_a_cached_system_prompt_is_a_part_of_the_input(parser: LocalParser) -> None:
    read = workload(
        parser,
        "system prompt is 3,000 tokens and cached, user message 150 tokens, answer 250 tokens, sonnet 5.5",
    )
    assert read.system_prompt == read.cached
    assert read.cached is not None
    assert read.cached.amount == 3000
    assert read.input is not None
    assert read.input.amount == 150


def test_what_stays_the_same_is_what_is_cached(parser: LocalParser) -> None:
    question = parser.parse(
        "what does caching save on opus 5.5: 8k prompt of which 7k is always the same, 400 out"
    )
    [compare] = question.questions
    assert isinstance(compare, CompareQuestion)
    assert compare.workload is not None
    assert compare.workload.cached is not None
    assert compare.workload.cached.amount == 7000


def test_who_writes_tells_the_direction(parser: LocalParser) -> None:
    read = workload(parser, "chat of 12 turns, 200 tokens from me and 350 from the bot each turn, gpt-5.5")
    assert read.input is not None
    assert read.output is not None
    assert (read.input.amount, read.output.amount, read.turns) == (200, 350, 12)


def test_a_mix_of_models_against_one(parser: LocalParser) -> None:
    [question] = parser.parse(
        "70% of traffic to gpt-5-mini and 30% to gpt-5.4 instead of everything on gpt-5.4, 200k requests 900/300. savings?"
    ).questions
    assert isinstance(question, CompareQuestion)
    assert question.shares == (Decimal("0.7"), Decimal("0.3"))
    assert question.against is not None
    assert question.against.model == "gpt-5.4"


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("spent $37.50 of a $120 credit, how many more calls on sonnet 5.5 at 2k in 500 out", "82.5"),
        ("$45 left of our $200 budget, how many calls on sonnet 5.5 at 2k in 500 out", "45"),
        ("we have $200 and spent $50 so far, how many more calls on sonnet 5.5 at 2k in 500 out", "150"),
    ],
)
def test_what_is_left_of_a_budget(parser: LocalParser, text: str, budget: str) -> None:
    [question] = parser.parse(text).questions
    assert isinstance(question, CapacityQuestion)
    assert question.budget is not None
    assert question.budget.amount == Decimal(budget)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("3 prompts a second between 9 and 17, 500 in 100 out, gpt-4o-mini", 8),
        ("3 prompts a second 9am-6pm, 500 in 100 out, gpt-4o-mini", 9),
        ("3 Anfragen pro Sekunde von 8 bis 18 Uhr, 500 rein 100 raus, gpt-4o-mini", 10),
        ("between 500 and 800 tokens in, 100 out, 3 prompts a second, gpt-4o-mini", None),
    ],
)
def test_opening_hours(parser: LocalParser, text: str, hours: int | None) -> None:
    assert workload(parser, text).hours_per_day == hours


@pytest.mark.parametrize(
    ("text", "requests", "turns"),
    [
        (
            "1500 calls a day, each has 9 back and forth turns, history is not resent, 150 in 60 out, gpt-4o-mini",
            13500,
            None,
        ),
        ("1500 chats a day with 9 turns each, 150 in 60 out per turn, gpt-4o-mini", 1500, 9),
        ("6 messages of 80 tokens, answers 200 tokens each, the whole history is re-sent, gpt-4o-mini", 1, 6),
        ("4k sessions a day, 3 LLM calls per session, 1200 in 180 out, gpt-4o-mini", 12000, None),
    ],
)
def test_turns_and_calls_of_a_conversation(
    parser: LocalParser, text: str, requests: int, turns: int | None
) -> None:
    read = workload(parser, text)
    assert (read.requests, read.turns) == (requests, turns)


def test_a_peak_is_not_what_is_paid_for(parser: LocalParser) -> None:
    read = workload(parser, "40 req/s at peak but on average 6 req/s all day, 400 in/90 out, gpt-6-luna")
    assert (read.requests, read.requests_per) == (6, "second")


@pytest.mark.parametrize(
    ("table", "requests", "sizes"),
    [
        (
            "| model | calls/day | in | out |\n|---|---|---|---|\n| gpt-5.4-mini | 12000 | 900 | 120 |\nmonthly?",
            12000,
            (900, 120),
        ),
        (
            "model\trequests per day\tinput tokens\toutput tokens\ngpt-5.4-mini\t12000\t900\t120",
            12000,
            (900, 120),
        ),
        (
            "| requests/day | 12000 |\n| input tokens | 900 |\n| output tokens | 120 |\ngpt-5.4-mini",
            12000,
            (900, 120),
        ),
    ],
)
def test_pasted_tables(parser: LocalParser, table: str, requests: int, sizes: tuple[int, int]) -> None:
    read = workload(parser, table)
    assert read.requests == requests
    assert (read.input and read.input.amount, read.output and read.output.amount) == sizes


def test_numbers_of_another_sentence_are_none_of_the_workload(parser: LocalParser) -> None:
    text = "We have 3 offices and raised 2 million last year. Now 9,000 prompts a day, 1,100 in, 280 out, gpt-5-mini?"
    question = estimate(parser, text)
    assert not question.unread
    assert question.on is None
    assert estimate(parser, "gpt-4o: 4000 requests, 500 in, 100 out, 12 each").unread


@pytest.mark.parametrize(
    ("text", "cached"),
    [
        ("10,000 gpt-4o calls with 3k input where 2k hit the cache, 400 out", 2000),
        ("10,000 gpt-4o calls with 3k input, 2k of it cached, 400 out", 2000),
        ("10,000 gpt-4o calls with 3k input, 2k come from the cache, 400 out", 2000),
    ],
)
def test_what_hits_the_cache(parser: LocalParser, text: str, cached: int) -> None:
    read = workload(parser, text)
    assert read.cached is not None
    assert read.cached.amount == cached
    assert (read.input and read.input.amount, read.output and read.output.amount) == (3000, 400)


def test_calls_of_each_order(parser: LocalParser) -> None:
    question = estimate(
        parser, "we call gpt-5.4 four times per order, 1k in / 150 out each time, 12,000 orders a month"
    )
    assert question.stages[0].workload.requests == 48000
    assert not question.unread


def test_a_part_of_the_tokens_is_input(parser: LocalParser) -> None:
    read = workload(parser, "25M tokens per day on gemini 3.8 flash if 80% are input")
    assert read.volume_input is not None
    assert read.volume_input.amount == 20000000


def test_what_is_per_answer_comes_out(parser: LocalParser) -> None:
    read = workload(
        parser,
        "3,500 students, each asks 8 questions a day, 220 tokens per question and 400 per answer, sonnet 5.5",
    )
    assert (read.input and read.input.amount, read.output and read.output.amount) == (220, 400)


@pytest.mark.parametrize("share", ["20%", "1 in 5"])
def test_a_part_of_those_who_come(parser: LocalParser, share: str) -> None:
    read = workload(
        parser, f"suppose {share} of our 200k monthly users send 4 messages each, 130/170 tokens, haiku 5.5"
    )
    assert (read.users, read.requests_per_user) == (40000, 4)


def test_two_parts_of_what_is_read(parser: LocalParser) -> None:
    read = workload(
        parser,
        "120 requests a week, 8,000 tokens of diff + 1,000 tokens instructions, 1,200 tokens review, opus 5.5",
    )
    assert (read.input and read.input.amount, read.output and read.output.amount) == (9000, 1200)
