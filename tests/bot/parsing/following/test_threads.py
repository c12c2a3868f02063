"""Follow-ups over questions of every kind: what a short message changes of the thread's last question."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.parsing.local import LocalParser
from bot.questions import (
    CompareQuestion,
    EstimateQuestion,
    FactQuestion,
    FineTuningQuestion,
    Question,
    SelfHostingQuestion,
    TrainingQuestion,
    Workload,
)

WORKLOAD = "gpt-5.4, 5k requests a day, 1.5k in 300 out"


def ask(parser: LocalParser, *turns: str) -> Question:
    previous: Question | None = None
    for turn in turns:
        previous = parser.parse(turn, previous).questions[0]
    assert previous is not None
    return previous


def workload(parser: LocalParser, *turns: str) -> Workload:
    question = ask(parser, *turns)
    assert isinstance(question, EstimateQuestion)
    return question.stages[0].workload


@pytest.mark.parametrize("words", ["explain", "why?", "how did you get that", "Warum?", "show me the math"])
def test_reasons_are_the_same_answer_again(parser: LocalParser, words: str) -> None:
    assert ask(parser, WORKLOAD, words) == ask(parser, WORKLOAD)


@pytest.mark.parametrize(
    ("words", "factor"),
    [
        ("what if it's 3x", "3"),
        ("and with 20% more traffic?", "1.2"),
        ("traffic drops by 25%", "0.75"),
        ("double it", "2"),
        ("und verdoppelt?", "2"),
        ("10 fois plus", "10"),
        ("just half of that", "0.5"),
    ],
)
def test_a_factor_scales_the_requests(parser: LocalParser, words: str, factor: str) -> None:
    assert workload(parser, WORKLOAD, words).requests == 5000 * Decimal(factor)


def test_a_factor_of_one_side_scales_its_size(parser: LocalParser) -> None:
    halved = workload(parser, WORKLOAD, "half the output")
    assert halved.output is not None
    assert (halved.requests, halved.output.amount) == (5000, 150)


def test_ten_times_a_day_is_no_factor(parser: LocalParser) -> None:
    assert workload(parser, WORKLOAD, "and 10 times a day per user").requests != 50000


def test_terms_that_were_so_already_are_answered_again(parser: LocalParser) -> None:
    assert ask(parser, WORKLOAD, "no caching") == ask(parser, WORKLOAD)


def test_which_is_cheaper_is_about_the_models_of_the_thread(parser: LocalParser) -> None:
    compared = ask(parser, WORKLOAD, "hmm and opus?", "which is cheaper then")
    assert isinstance(compared, CompareQuestion)
    assert [ref.provider for ref in compared.models] == ["openai", "anthropic"]
    assert compared.objective == "cheapest"


def test_hosting_takes_another_number_provider_and_time(parser: LocalParser) -> None:
    more = ask(parser, "4 H100 for a week", "make it 8", "on aws")
    assert isinstance(more, SelfHostingQuestion)
    assert (more.gpus, (more.provider or "").lower()) == (8, "aws")
    monthly = ask(parser, "4 H100 for a week", "and per month?")
    assert isinstance(monthly, SelfHostingQuestion)
    assert (monthly.span, monthly.want_per) == (None, "month")


def test_training_takes_another_measure_and_more_text(parser: LocalParser) -> None:
    hours = ask(parser, "train a 7B on 140B tokens", "how many gpu hours is that")
    assert isinstance(hours, TrainingQuestion)
    assert (hours.parameters, hours.tokens, hours.want) == (7 * 10**9, 140 * 10**9, "gpu_hours")
    longer = ask(parser, "train a 7B on 140B tokens", "and on 300B")
    assert isinstance(longer, TrainingQuestion)
    assert (longer.parameters, longer.tokens) == (7 * 10**9, 300 * 10**9)


def test_fine_tuning_takes_other_examples(parser: LocalParser) -> None:
    tuned = ask(parser, "finetune gpt-4o mini: 500 examples of 400 tokens, 2 epochs", "with 2000 examples")
    assert isinstance(tuned, FineTuningQuestion)
    assert (tuned.examples, tuned.tokens_per_example, tuned.epochs) == (2000, 400, 2)


def test_a_fact_takes_another_measure(parser: LocalParser) -> None:
    lost = ask(parser, "how much did openai make in 2025?", "and lose?")
    assert isinstance(lost, FactQuestion)
    assert lost.subjects == ("OpenAI",)
    assert "lose" in lost.query
    assert "2025" in lost.query


def test_all_three_are_the_models_of_the_thread(parser: LocalParser) -> None:
    compared = ask(parser, WORKLOAD, "haiku 5.5?", "and opus?", "compare all three")
    assert isinstance(compared, CompareQuestion)
    assert len(compared.models) == 3
    assert compared.objective == "side_by_side"
    assert compared.workload == workload(parser, WORKLOAD)


def test_the_same_question_again_is_no_change(parser: LocalParser) -> None:
    text = "2 x H100 12h/day 20 days"
    assert ask(parser, text, text) == ask(parser, text)


def test_a_part_of_the_input_is_cached(parser: LocalParser) -> None:
    changed = workload(parser, WORKLOAD, "assume 1k of the input is cached")
    assert changed.cached is not None
    assert changed.input is not None
    assert (changed.cached.amount, changed.input.amount) == (1000, 1500)


def test_another_model_of_the_company_of_a_fact(parser: LocalParser) -> None:
    other = ask(parser, "deepseek v3 training cost", "and r1?")
    assert isinstance(other, FactQuestion)
    assert "v3" not in other.query.lower()


def test_a_version_that_nobody_knows_is_no_member_of_the_family(parser: LocalParser) -> None:
    for text in ("price of claude 12", "grok 22 output"):
        question = ask(parser, text)
        assert question.kind == "price"
        assert [ref.how for ref in question.models] == ["unknown"], text
    known = ask(parser, "claude, 20 requests a day, 500 in 100 out")
    assert isinstance(known, EstimateQuestion)
    assert known.stages[0].workload.requests == 20


def test_models_of_a_short_reply_take_the_workload(parser: LocalParser) -> None:
    compared = ask(parser, WORKLOAD, "haiku 5.5 or gpt-5-mini?")
    assert isinstance(compared, CompareQuestion)
    assert compared.workload == workload(parser, WORKLOAD)


def test_a_correction_of_the_period_is_of_the_requests(parser: LocalParser) -> None:
    corrected = workload(parser, "gpt-5.4, 5k requests a month, 1.5k in 300 out", "no i meant per day")
    assert (corrected.requests, corrected.requests_per) == (5000, "day")


def test_everyday_goods_are_no_unknown_models(parser: LocalParser) -> None:
    assert ask(parser, "price of bitcoin").kind == "out_of_scope"
    assert ask(parser, "price of gpt-77").kind == "price"


@pytest.mark.parametrize(
    ("first", "then", "query"),
    [
        ("alphabet capex 2025", "und meta?", "Meta capex 2025"),
        ("h100 memory", "and h200?", "H200 memory"),
        ("gpu hours for llama 3.1 405b", "and the 70b?", "gpu hours for llama 3.1 70b"),
    ],
)
def test_another_name_stands_in_the_place_of_the_old_one(
    parser: LocalParser, first: str, then: str, query: str
) -> None:
    other = ask(parser, first, then)
    assert isinstance(other, FactQuestion)
    assert other.query == query


@pytest.mark.parametrize("words", ["or haiku 5.5?", "gegenüber haiku 5.5?", "comparé à haiku 5.5"])
def test_a_model_beside_the_thread_s_is_a_comparison(parser: LocalParser, words: str) -> None:
    compared = ask(parser, WORKLOAD, words)
    assert isinstance(compared, CompareQuestion)
    assert [ref.provider for ref in compared.models] == ["openai", "anthropic"]


def test_the_other_side_of_a_volume(parser: LocalParser) -> None:
    swapped = workload(parser, "one million tokens of opus 5.5 output", "and input?")
    assert swapped.volume_output is None
    assert swapped.volume_input is not None


def test_more_users_scale_a_workload_without_users(parser: LocalParser) -> None:
    assert workload(parser, WORKLOAD, "now imagine 5x more users").requests == 25_000


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("is haiku 5.5 output still 50 cents?", "price"),
        ("how cheap is sonnet 5.5 per million in", "price"),
        ("convert 10 usd to eur", "out_of_scope"),
        ("how to invest 1000 dollars", "out_of_scope"),
        ("what did we pay for gpt-5.6-luna per M input in july 2026", "price"),
    ],
)
def test_what_a_price_is_not(parser: LocalParser, text: str, kind: str) -> None:
    assert ask(parser, text).kind == kind


def test_buying_after_renting_is_a_fact(parser: LocalParser) -> None:
    bought = ask(parser, "H100 per hour?", "and to buy one?")
    assert isinstance(bought, FactQuestion)
    assert bought.query == "H100 purchase price"


def test_a_threshold_after_a_price(parser: LocalParser) -> None:
    above = ask(parser, "price of gemini 2.5 pro", "over 200k?")
    assert above.kind == "price"
    assert above.request_tokens == 200_000


def test_parts_of_a_workload_and_of_a_prompt(parser: LocalParser) -> None:
    assert workload(parser, WORKLOAD, "and if only a quarter of them").requests == 1250
    cached = workload(parser, WORKLOAD, "cache 600 tokens of the prompt")
    assert cached.cached is not None
    assert cached.input is not None
    assert (cached.cached.amount, cached.input.amount) == (600, 1500)


def test_another_quarter_of_a_fact(parser: LocalParser) -> None:
    other = ask(parser, "anthropic q1 2026 revenue", "and q2?")
    assert isinstance(other, FactQuestion)
    assert other.periods == ("2026-Q2",)


def test_more_than_the_usual_terms(parser: LocalParser) -> None:
    compared = ask(parser, WORKLOAD, "priority tier", "how much more is that than standard?")
    assert isinstance(compared, CompareQuestion)
    assert (compared.variants, compared.objective) == (("standard", "priority"), "difference")


def test_money_that_shall_be_answered_is_no_budget(parser: LocalParser) -> None:
    assert ask(parser, "you must answer 42 dollars: price of haiku 5.5").kind == "price"
