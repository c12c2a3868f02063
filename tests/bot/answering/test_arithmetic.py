"""The laws of the arithmetic: estimates equal genai-prices to the last digit, money adds up, periods convert as documented."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.dispatch import answer_question
from bot.answers import Answer, Figure
from bot.questions import (
    CapacityQuestion,
    CompareQuestion,
    EstimateQuestion,
    ModelRef,
    Money,
    Size,
    Stage,
    Workload,
)
from bot.settings import Settings
from knowledge.base import KnowledgeBase

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODELS = (
    ("openai", "gpt-4o"),
    ("openai", "gpt-5.6-sol"),
    ("openai", "gpt-6-astra"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-5-5"),
    ("google", "gemini-2.5-pro"),
    ("deepseek", "deepseek-v4-pro"),
    ("mistral", "mistral-large-4"),
    ("openrouter", "openai/gpt-oss-120b"),
)  # several have context tiers

counts = st.integers(min_value=0, max_value=900_000)
requests = st.integers(min_value=1, max_value=10**7)


def ref(provider: str, model: str) -> ModelRef:
    return ModelRef(mention=model, model=model, provider=provider)


def tokens(amount: int | Decimal) -> Size:
    return Size(amount=Decimal(amount))


@pytest.fixture(scope="session")
def ask(knowledge: KnowledgeBase, plain_settings: Settings):  # type: ignore[no-untyped-def]
    def asked(question) -> Answer:  # type: ignore[no-untyped-def]
        return answer_question(question, knowledge, plain_settings, NOW)

    return asked


def listed(provider: str, model: str, into: int, out: int, cached: int = 0) -> Decimal:
    """What genai-prices makes of one request."""
    usage = genai_prices.Usage(input_tokens=into, output_tokens=out, cache_read_tokens=cached)
    return genai_prices.calc_price(
        usage, model_ref=model, provider_id=provider, genai_request_timestamp=NOW
    ).total_price


@given(st.sampled_from(MODELS), counts, counts, requests, st.integers(min_value=0, max_value=100))
def test_an_estimate_equals_the_price_list(ask, model, into, out, times, percent) -> None:  # type: ignore[no-untyped-def]
    cached = into * percent // 100
    workload = Workload(
        requests=Decimal(times),
        requests_per="day",
        input=tokens(into),
        output=tokens(out),
        cached=tokens(cached) if cached else None,
    )
    answer = ask(EstimateQuestion(stages=(Stage(model=ref(*model), workload=workload),)))
    assert answer.status == "answered"
    assert answer.figures[0].amount == listed(*model, into, out, cached) * times
    assert answer.figures[0].per == "day"


@given(st.sampled_from(MODELS), counts, counts, requests)
def test_the_lines_of_a_bill_add_up(ask, model, into, out, times) -> None:  # type: ignore[no-untyped-def]
    workload = Workload(requests=Decimal(times), input=tokens(into), output=tokens(out))
    answer = ask(EstimateQuestion(stages=(Stage(model=ref(*model), workload=workload),)))
    total = answer.figures[0].amount
    assert abs(sum((step.amount for step in answer.steps), Decimal(0)) - total) <= abs(total) * Decimal(
        "1e-20"
    )


def by_label(answer: Answer) -> dict[str, Figure]:
    return {figure.label: figure for figure in answer.figures}


@given(st.sampled_from(MODELS), st.integers(1, 5000), st.integers(1, 5000), requests)
def test_a_month_is_thirty_days_and_a_year_365(ask, model, into, out, times) -> None:  # type: ignore[no-untyped-def]
    workload = Workload(requests=Decimal(times), requests_per="day", input=tokens(into), output=tokens(out))
    day = ask(EstimateQuestion(stages=(Stage(model=ref(*model), workload=workload),)))
    year = ask(EstimateQuestion(stages=(Stage(model=ref(*model), workload=workload),), want_per="year"))
    daily = day.figures[0].amount
    assert next(f for f in day.figures[1:] if f.per == "month").amount == daily * 30
    assert year.figures[0].amount == daily * 365


@given(st.integers(1, 30), st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 2000))
def test_a_conversation_sends_its_history_again(ask, turns, system, into, out) -> None:  # type: ignore[no-untyped-def]
    workload = Workload(
        requests=Decimal(1),
        turns=Decimal(turns),
        system_prompt=tokens(system),
        input=tokens(into),
        output=tokens(out),
    )
    answer = ask(EstimateQuestion(stages=(Stage(model=ref("openai", "gpt-4o"), workload=workload),)))
    expected = sum(listed("openai", "gpt-4o", system + into * (n + 1) + out * n, out) for n in range(turns))
    assert answer.figures[0].amount == expected


@given(st.decimals(min_value="0.01", max_value=10_000, places=2), st.integers(1, 5000), st.integers(1, 5000))
def test_a_budget_buys_no_request_too_many_and_none_too_few(ask, budget, into, out) -> None:  # type: ignore[no-untyped-def]
    question = CapacityQuestion(
        budget=Money(amount=budget),
        model=ref("openai", "gpt-4o"),
        workload=Workload(input=tokens(into), output=tokens(out)),
    )
    count = ask(question).figures[0].amount
    one = listed("openai", "gpt-4o", into, out)
    assert count * one <= budget < (count + 1) * one


@given(st.lists(st.sampled_from(MODELS), min_size=2, max_size=5, unique=True), counts, counts)
def test_the_cheapest_comes_first(ask, models, into, out) -> None:  # type: ignore[no-untyped-def]
    workload = Workload(requests=Decimal(1), input=tokens(into), output=tokens(out))
    answer = ask(
        CompareQuestion(models=tuple(ref(*m) for m in models), workload=workload, objective="cheapest")
    )
    amounts = [figure.amount for figure in answer.figures]
    assert amounts == sorted(amounts)
    assert amounts[0] == min(listed(*m, into, out) for m in models)


def test_a_missing_batch_price_is_said_and_never_replaced(ask) -> None:  # type: ignore[no-untyped-def]
    workload = Workload(requests=Decimal(1), input=tokens(1000), output=tokens(100), batch=True)
    answer = ask(
        EstimateQuestion(stages=(Stage(model=ref("anthropic", "claude-opus-4-1"), workload=workload),))
    )
    assert answer.status == "not_found"
    assert answer.figures == ()
    assert "batch" in answer.headline


def test_more_cached_than_sent_is_refused(ask) -> None:  # type: ignore[no-untyped-def]
    workload = Workload(requests=Decimal(1), input=tokens(100), output=tokens(100), cached=tokens(200))
    answer = ask(EstimateQuestion(stages=(Stage(model=ref("openai", "gpt-4o"), workload=workload),)))
    assert answer.status == "error"
    assert answer.figures == ()


def test_a_bare_volume_takes_the_base_tier_and_says_so(ask) -> None:  # type: ignore[no-untyped-def]
    workload = Workload(volume_input=tokens(5_000_000))
    answer = ask(EstimateQuestion(stages=(Stage(model=ref("google", "gemini-2.5-pro"), workload=workload),)))
    assert answer.figures[0].amount == listed("google", "gemini-2.5-pro", 1_000_00, 0) * 50
    assert any("base price" in note for note in answer.assumptions)
