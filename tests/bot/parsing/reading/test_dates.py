"""Dates and periods as people name them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.reading.dates import read_dates
from bot.parsing.reading.spans import fold

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "first", "last", "name"),
    [
        ("on 2024-06-01", "2024-06-01", "2024-06-01", "2024-06-01"),
        ("1 June 2024", "2024-06-01", "2024-06-01", "2024-06-01"),
        ("June 1st, 2024", "2024-06-01", "2024-06-01", "2024-06-01"),
        ("am 1.6.2024", "2024-06-01", "2024-06-01", "2024-06-01"),
        ("6/1/2024", "2024-06-01", "2024-06-01", "2024-06-01"),
        ("in June 2024", "2024-06-01", "2024-06-30", "2024-06"),
        ("Q3 2025", "2025-07-01", "2025-09-30", "2025-Q3"),
        ("2026-Q1", "2026-01-01", "2026-03-31", "2026-Q1"),
        ("first half of 2025", "2025-01-01", "2025-06-30", "2025-H1"),
        ("in 2024", "2024-01-01", "2024-12-31", "2024"),
        ("last week", "2026-11-09", "2026-11-15", "last week"),
        ("this month", "2026-11-01", "2026-11-30", "this month"),
        ("last month", "2026-10-01", "2026-10-31", "last month"),
        ("last year", "2025-01-01", "2025-12-31", "2025"),
        ("today", "2026-11-22", "2026-11-22", "today"),
        ("tomorrow", "2026-11-23", "2026-11-23", "tomorrow"),
        ("next month", "2026-12-01", "2026-12-31", "next month"),
        ("yesterday", "2026-11-21", "2026-11-21", "yesterday"),
        ("a year ago", "2025-11-22", "2025-11-22", "2025-11-22"),
        ("vor einem Jahr", "2025-11-22", "2025-11-22", "2025-11-22"),
        ("il y a deux ans", "2024-11-22", "2024-11-22", "2024-11-22"),
        ("since march", "2026-03-01", "2026-03-31", "2026-03"),
        ("last december", "2025-12-01", "2025-12-31", "2025-12"),
        ("starting december", "2026-12-01", "2026-12-31", "2026-12"),
        ("what will it cost in january", "2027-01-01", "2027-01-31", "2027-01"),
        ("2026/07/04", "2026-07-04", "2026-07-04", "2026-07-04"),
        ("at the end of july 2026", "2026-07-31", "2026-07-31", "2026-07"),
        ("mid june 2025", "2025-06-15", "2025-06-30", "2025-06"),
        ("il y a six mois", "2026-05-22", "2026-05-22", "2026-05-22"),
        ("06/2024", "2024-06-01", "2024-06-30", "2024-06"),
        ("june last year", "2025-06-01", "2025-06-30", "2025-06"),
        ("this summer", "2026-06-01", "2026-08-31", "summer 2026"),
        ("last winter", "2025-12-01", "2026-02-28", "winter 2025"),
        ("in the last 7 days", "2026-11-16", "2026-11-22", "the last 7 days"),
    ],
)
def test_one_time(text: str, first: str, last: str, name: str) -> None:
    [span] = read_dates(fold(text), TODAY)
    assert (span.first.isoformat(), span.last.isoformat(), span.name) == (first, last, name)


def test_since_is_marked() -> None:
    [span] = read_dates("since march 2025", TODAY)
    assert span.since


@pytest.mark.parametrize("text", ["2024-13-45", "gpt-4-0613", "$2024", "2,024", "v2024x"])
def test_what_is_no_date(text: str) -> None:
    assert read_dates(text, TODAY) == []


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    folded = fold(text)
    for span in read_dates(folded, TODAY):
        assert span.first <= span.last
        assert 0 <= span.start < span.end <= len(folded)
