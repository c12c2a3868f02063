"""Figures are exact: no digit of a division's remainder, and no whole request lost to one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.dispatch import answer_questions
from bot.answering.exact import exactly, settled, whole
from bot.answering.load import SECONDS, convert
from bot.parsing.local import LocalParser
from bot.questions import Period, Workload
from bot.settings import Settings
from knowledge.base import KnowledgeBase

_PERIODS: tuple[Period, ...] = ("second", "minute", "hour", "day", "week", "month", "year")


@given(
    st.integers(1, 10**9),
    st.sampled_from(_PERIODS),
    st.sampled_from(_PERIODS),
)
def test_so_many_per_short_period_are_so_many_again_on_the_way_back(
    count: int, long: Period, short: Period
) -> None:
    with exactly():
        there = convert(Decimal(count), long, short, Workload(), [])
        back = convert(there, short, long, Workload(), [])
    assert settled(back) == count
    assert whole(back) == count


@given(st.integers(1, 10**6), st.sampled_from(_PERIODS[:4]))
def test_a_budget_of_so_many_a_day_is_that_many_per_shorter_period(count: int, short: Period) -> None:
    per_day = Decimal(count) * SECONDS["day"] / SECONDS[short]
    with exactly():
        assert whole(convert(per_day, "day", short, Workload(), [])) == count


@pytest.mark.parametrize(
    ("question", "amount"),
    [
        ("$4.68 a day on gpt-4o, requests per minute with 500 in 200 out?", "1"),
        ("$46.80 a day on gpt-4o, requests per minute with 500 in 200 out?", "10"),
        ("$280.80 a day on gpt-4o, requests per second with 500 in 200 out?", "1"),
        ("10 requests per second on gpt-4o with 1000 in 100 out, cost per day?", "3024"),
        ("3 requests per hour on gpt-4o, 500 in 200 out, cost per month?", "7.02"),
        ("gpt-4o: one request of 100 words in and 50 words out", "0.001"),
    ],
)
def test_every_digit_that_is_given_is_right(
    knowledge: KnowledgeBase, tmp_path: Path, question: str, amount: str
) -> None:
    parse = LocalParser(knowledge).parse(question)
    answer = answer_questions(parse.questions, knowledge, Settings(data_dir=tmp_path), datetime.now(UTC))
    assert answer.figures, answer.headline
    assert answer.figures[0].to_json()["amount"] == amount
