"""Days on which something runs, as a question states them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.load import convert
from bot.parsing.reading.spans import fold
from bot.parsing.reading.working_days import read_working_days
from bot.questions import WorkingDays, Workload


@pytest.mark.parametrize(
    ("text", "days", "over"),
    [
        ("220 working days a year", 220, "year"),
        ("250 business days", 250, "year"),
        ("20 workdays a month", 20, "month"),
        ("only 6 days a week", 6, "week"),
        ("five days per week", 5, "week"),
        ("an 220 Arbeitstagen", 220, "year"),
        ("218 jours travaillés par an", 218, "year"),
        ("21 días laborables al mes", 21, "month"),
    ],
)
def test_stated_days(text: str, days: int, over: str) -> None:
    found = read_working_days(fold(text))
    assert found is not None
    assert found[0] == WorkingDays(days=Decimal(days), over=over)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "for 10 working days",
        "for 10 days",
        "500 requests a day",
        "365 days a year",
        "7 days a week",
        "in 3 days",
        "40 days a week",
    ],
)
def test_what_states_none(text: str) -> None:
    assert read_working_days(fold(text)) is None


@given(st.integers(min_value=1, max_value=364))
def test_a_year_has_the_days_that_were_said(days: int) -> None:
    workload = Workload(days_per=WorkingDays(days=Decimal(days), over="year"))
    notes: list[str] = []
    assert convert(Decimal(7), "day", "year", workload, notes) == 7 * days
    assert f"{days} days a year, as the question says." in notes or days == 1


def test_five_days_a_week_are_the_working_days_of_the_conventions() -> None:
    said = Workload(days_per=WorkingDays(days=Decimal(5), over="week"))
    assert convert(Decimal(1), "day", "month", said, []) == convert(
        Decimal(1), "day", "month", Workload(workdays_only=True), []
    )
