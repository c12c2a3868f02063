"""Workloads that a text puts together from parts: lists, shares, steps, labelled lengths, requests before and after a change."""

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


def test_what_is_listed_is_added_up(parser: LocalParser) -> None:
    read = workload(parser, "1200 emails, 300 letters and 450 tickets a day, each 1k in 200 out, gpt-5-mini")
    assert (read.requests, read.requests_per) == (1950, "day")


def test_fresh_input_stands_beside_what_is_cached(parser: LocalParser) -> None:
    read = workload(
        parser, "gpt-5.4, 1,500 cached + 500 fresh input tokens and 300 output, 25k requests a day"
    )
    assert read.input is not None
    assert read.cached is not None
    assert (read.input.amount, read.cached.amount) == (2000, 1500)


def test_a_length_given_as_a_part_of_another(parser: LocalParser) -> None:
    read = workload(parser, "grok 4.3, 33k requests weekly, 600 tokens in and a third of that out")
    assert read.output is not None
    assert round(read.output.amount) == 200


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        (
            "half the traffic on gpt-6-luna and half on gpt-6-astra vs everything on gpt-6-sol. 10k a day, 1k in 200 out",
            ["0.5", "0.5"],
        ),
        (
            "moving 25% of our 80k requests from gpt-5.5 to gpt-5.4-mini, 900 in 120 out: how much saved",
            ["0.75", "0.25"],
        ),
        (
            "80% goes to gpt-5.4-mini and the rest to gpt-5.4 instead of all on gpt-5.4, 80k requests, 900 in 120 out",
            ["0.8", "0.2"],
        ),
    ],
)
def test_shares_of_the_traffic(parser: LocalParser, text: str, shares: list[str]) -> None:
    [question] = parser.parse(text).questions
    assert isinstance(question, CompareQuestion)
    assert question.shares == tuple(map(Decimal, shares))


def test_requests_in_parts_of_a_hundred(parser: LocalParser) -> None:
    text = "gpt-5.4: 60k requests a day. 30% have 4k input, 70% have 800 input. all 200 output. daily cost?"
    stages = estimate(parser, text).stages
    read = [
        (
            s.workload.requests,
            s.workload.input and s.workload.input.amount,
            s.workload.output and s.workload.output.amount,
        )
        for s in stages
    ]
    assert read == [(18000, 4000, 200), (42000, 800, 200)]


def test_an_output_for_all_sizes(parser: LocalParser) -> None:
    stages = estimate(
        parser, "first 500 calls with 10k in, then 2000 calls with 1k in, always 300 out. sonnet 5.5"
    ).stages
    assert [stage.workload.requests for stage in stages] == [500, 2000]
    assert all(stage.workload.output and stage.workload.output.amount == 300 for stage in stages)


def test_only_a_part_of_the_users(parser: LocalParser) -> None:
    read = workload(
        parser, "1 million users, 3% use the AI feature daily, 2 requests each, 1k/300 tokens, gpt-6-luna"
    )
    assert (read.users, read.requests_per_user, read.requests_per_user_per) == (30000, 2, "day")


def test_a_timestamp_counts_nothing(parser: LocalParser) -> None:
    text = "2026-11-02 09:13:44 INFO model=gpt-5.4-mini prompt_tokens=1834 completion_tokens=212\nhow much for 30k of these a day"
    assert not estimate(parser, text).unread


def test_each_way(parser: LocalParser) -> None:
    read = workload(parser, "gpt-5.4-mini, 2 requests every minute for 8 hours, 700 tokens each way")
    assert read.input == read.output
    assert read.input is not None


@pytest.mark.parametrize(
    "text",
    [
        "does caching pay off on opus 5.5? 3,000 requests a day, 12k prompt of which 10k always the same, 500 out",
        "Lohnt sich Caching bei Opus 5.5? 3.000 Anfragen am Tag, 12k Prompt, davon 10k immer gleich, 500 raus",
    ],
)
def test_whether_a_way_pays_off_is_a_comparison(parser: LocalParser, text: str) -> None:
    [question] = parser.parse(text).questions
    assert isinstance(question, CompareQuestion)
    assert "cached" in question.variants


def test_totals_of_a_report_are_no_sizes_of_one_request(parser: LocalParser) -> None:
    text = "October: requests 1,204,551; input tokens 843,185,700; output tokens 120,455,100. gpt-5.4-mini"
    question = estimate(parser, text)
    assert not question.unread
    read = question.stages[0].workload
    assert read.volume_input is not None
    assert read.volume_input.amount == 843185700


def test_a_number_of_steps_is_no_number_of_requests(parser: LocalParser) -> None:
    text = "three agents: opus 5.5 (2k in, 500 out), sonnet 5.5 (8k in, 2k out), haiku 5.5 (10k in, 300 out). 50 tasks a day"
    assert [stage.workload.requests for stage in estimate(parser, text).stages] == [50, 50, 50]


def test_a_budget_has_its_own_period(parser: LocalParser) -> None:
    [question] = parser.parse(
        "Our monthly budget is 750 dollars. sonnet 5.5, 3.5k in, 600 out, how many requests can we serve per day?"
    ).questions
    assert isinstance(question, CapacityQuestion)
    assert question.budget is not None
    assert (question.budget.per, question.want_per) == ("month", "day")


def test_pages_and_tokens_of_one_request(parser: LocalParser) -> None:
    text = "30-page docs, 12 questions per doc, each sends the whole doc + 50 tokens, answers 150 tokens, 80 docs/month, gpt-5-mini"
    read = workload(parser, text)
    assert read.requests == 960
    assert {(s.amount, s.unit) for s in (read.input, read.system_prompt) if s} == {
        (30, "pages"),
        (50, "tokens"),
    }


def test_two_questions_are_no_requests(parser: LocalParser) -> None:
    parsed = parser.parse(
        "Two questions. what do 11k calls with 900 in, 100 out cost on gpt-4.1-nano? And the price of haiku 4.5?"
    )
    assert [question.kind for question in parsed.questions] == ["estimate", "price"]
    assert not parsed.questions[0].unread  # type: ignore[union-attr]


def test_a_range_of_counts_keeps_its_upper_end(parser: LocalParser) -> None:
    read = workload(parser, "roughly 7-8k calls per day on gpt-5.4-mini, 1k in, 200 out")
    assert read.requests == 7000
    assert read.upper_factor == Decimal(8) / 7


def test_models_in_brackets_with_their_sizes(parser: LocalParser) -> None:
    steps = "sort (400 in/5 out, gpt-5-nano), draft (1,200 in/300 out, sonnet 5.5), polish (500 in/300 out, haiku 5.5)"
    text = f"3 calls: {steps}. 2,000 a day"
    stages = estimate(parser, text).stages
    assert [stage.workload.requests for stage in stages] == [2000, 2000, 2000]
    assert [stage.workload.input.amount for stage in stages if stage.workload.input] == [400, 1200, 500]


def test_departments_send_and_are_not_sent(parser: LocalParser) -> None:
    read = workload(parser, "we have 12 departments, gpt-5.4-mini, 1k in, 300 out. monthly?")
    assert (read.users, read.requests) == (12, None)


def test_how_many_million_is_no_number(parser: LocalParser) -> None:
    [question] = parser.parse("$60/month on sonnet 5.5 = how many million input tokens").questions
    assert isinstance(question, CapacityQuestion)
    assert question.want == "input_tokens"


def test_a_price_and_a_cost_in_one_sentence(parser: LocalParser) -> None:
    parsed = parser.parse(
        "What's the output price of opus 5.5, and what would 1000 calls of 3k in 1k out cost?"
    )
    assert [question.kind for question in parsed.questions] == ["price", "estimate"]


def test_labelled_parts_of_one_request(parser: LocalParser) -> None:
    text = "per request: system prompt 1,200 tok (cached), history 800 tok, user msg 60 tok, answer 180 tok. 1M a month, haiku 5.5"
    read = workload(parser, text)
    sizes = (read.system_prompt, read.cached, read.input, read.output)
    assert [size.amount for size in sizes if size] == [1200, 1200, 860, 180]


def test_a_total_of_parts_is_not_added_to_them(parser: LocalParser) -> None:
    read = workload(
        parser,
        "6 chunks of 400 tokens, question 60 tokens, so 2,460 in, answer 240 out, gpt-5-mini, 3.7k a day",
    )
    assert read.input is not None
    assert read.input.amount == 2460


def test_a_step_for_a_part_of_the_requests(parser: LocalParser) -> None:
    text = "3,000 tickets a month: sorted (300 in, 10 out) on gpt-5-nano, 40% of tickets drafted (1,500 in, 350 out) on sonnet 5.5"
    assert [stage.workload.requests for stage in estimate(parser, text).stages] == [3000, 1200]


def test_counts_of_the_same_thing_together(parser: LocalParser) -> None:
    read = workload(parser, "dev 2k req/day, prod 40k req/day, both 1.1k in 300 out on gpt-5.4-mini")
    assert (read.requests, read.requests_per) == (42000, "day")


@pytest.mark.parametrize(
    "text",
    [
        "a dozen chatgpt-like queries an hour, 200 in 500 out, gpt-5.4-mini",
        "our ChatGPT clone: 12 queries an hour, 200 in 500 out, gpt-5.4-mini",
    ],
)
def test_a_likeness_is_no_model(parser: LocalParser, text: str) -> None:
    [stage] = estimate(parser, text).stages
    assert stage.model is not None
    assert stage.model.model == "gpt-5.4-mini"
    assert stage.workload.requests == 12


def test_everything_in_one_prompt(parser: LocalParser) -> None:
    text = "6,300 claims a month, each claim has 4 documents with 3 pages, all in one prompt, answer 400 tokens, gpt-5.4-mini"
    read = workload(parser, text)
    assert (read.requests, read.input and read.input.amount) == (6300, 12)


def test_two_prompts_for_each_order(parser: LocalParser) -> None:
    text = "two prompts per order: check (600 in/20 out) and confirmation (300 in/120 out). 8k orders a day on gpt-5-nano"
    assert [stage.workload.requests for stage in estimate(parser, text).stages] == [8000, 8000]


def test_sessions_of_agents_are_sessions(parser: LocalParser) -> None:
    text = "what's my monthly if i run 300 agents sessions a day, 20 llm calls each, 4k in & 250 out per call on haiku 5.5"
    question = estimate(parser, text)
    assert question.want_per == "month"
    assert (question.stages[0].workload.requests, question.stages[0].workload.requests_per) == (6000, "day")


def test_a_length_of_each_of_an_unknown_number_is_asked_about(parser: LocalParser) -> None:
    assert estimate(
        parser, "what would it cost to process our tickets with gpt-5-mini, about 300 tokens each?"
    ).unread


def test_the_period_of_a_wanted_count(parser: LocalParser) -> None:
    [question] = parser.parse("with 2500$ a year on sonnet 5.5 how many 4k/1k calls per month").questions
    assert isinstance(question, CapacityQuestion)
    assert question.budget is not None
    assert (question.budget.per, question.want_per) == ("year", "month")


@pytest.mark.parametrize(
    "text",
    [
        "what would we save by cutting our output from 800 to 300 tokens on opus 5.5? 2k in, 5000 calls a day",
        "opus 5.5, 5000 calls a day, 2k in 800 out. if we shorten the answers to 300, how much do we save?",
    ],
)
def test_shorter_requests_are_set_against_the_present_ones(parser: LocalParser, text: str) -> None:
    [question] = parser.parse(text).questions
    assert isinstance(question, CompareQuestion)
    assert question.workload is not None
    assert question.changed is not None
    outputs = [load.output and load.output.amount for load in (question.workload, question.changed)]
    assert outputs == [800, 300]


def test_volumes_of_each_user(parser: LocalParser) -> None:
    read = workload(parser, "10 devs at 3M input + 200k output tokens each per day on sonnet 5.5")
    assert read.volume_input is not None
    assert read.volume_output is not None
    assert (read.volume_input.amount, read.volume_output.amount, read.volume_per) == (
        30000000,
        2000000,
        "day",
    )


def test_pages_read_and_written_about(parser: LocalParser) -> None:
    [question] = parser.parse(
        "how many pages can I summarize with haiku 4.5 for $10 if summaries are 10% of the length"
    ).questions
    assert isinstance(question, CapacityQuestion)
    assert question.workload.output is not None
    assert (question.want, question.workload.output.amount) == ("pages", Decimal("0.1"))


def test_a_number_before_gigabytes_ends_no_name(parser: LocalParser) -> None:
    [stage] = estimate(parser, "embed 3 GB of plain text with text-embedding-3-small").stages
    assert stage.model is not None
    assert stage.model.model == "text-embedding-3-small"


def test_the_same_thing_counted_for_each_month(parser: LocalParser) -> None:
    read = workload(parser, "haiku 5.5, 14k requests in Jan, 17k in Feb, 21k in March, all 1.2k/250")
    assert read.requests == 52000
    assert read.input is not None
    assert read.input.amount == 1200


def test_a_few_minutes_of_every_hour(parser: LocalParser) -> None:
    read = workload(
        parser, "gpt-5.4 for 5 minutes every hour at 30 requests per minute, 1k in 200 out, daily cost?"
    )
    assert (read.hours_per_day, read.requests_per) == (2, "minute")


def test_a_number_before_a_length_of_items_counts_them(parser: LocalParser) -> None:
    read = workload(parser, "one million 100-token completions with a 20-token prompt on gpt-5.4-nano")
    assert read.requests == 1000000
    assert (read.input and read.input.amount, read.output and read.output.amount) == (20, 100)


def test_several_runs_over_the_same_rows(parser: LocalParser) -> None:
    assert workload(parser, "3 runs over a dataset of 20k rows, 600 in 80 out, haiku 5.5").requests == 60000


def test_a_doubled_number_is_four_each(parser: LocalParser) -> None:
    read = workload(
        parser,
        "ek chatbot jisme roz 3000 log 4-4 sawaal puchenge, 200 token sawaal 300 token jawab, gpt-5-nano",
    )
    assert (read.users, read.requests_per_user, read.requests_per_user_per) == (3000, 4, "day")
