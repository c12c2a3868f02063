"""Periods: the strict notation of the cards, and what people write."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.periods import Period, parse_period, periods_in


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2025-H1", "2025-01-01", "2025-06-30"),
        ("2026-Q4", "2026-10-01", "2026-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("2026-11-09", "2026-11-09", "2026-11-09"),
        ("2025 to 2029", "2025-01-01", "2029-12-31"),
        ("2025-01 to 2025-09", "2025-01-01", "2025-09-30"),
        ("through 2029-05", "0001-01-01", "2029-05-31"),
    ],
)
def test_the_notation_of_cards(text: str, start: str, end: str) -> None:
    period = parse_period(text)
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "2024-13",
        "2024-00",
        "2024-H3",
        "2026-Q5",
        "last year",
        "2025 to 2024",
        "2024-02-30",
        "2024 ",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_period(text)


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("openai burn 2024", ["2024"]),
        ("how much in '24?", ["2024"]),
        ("2024's loss", ["2024"]),
        ("Q1 2026 revenue", ["2026-Q1"]),
        ("2026 Q2", ["2026-Q2"]),
        ("Q1'26", ["2026-Q1"]),
        ("in the first quarter of 2026", ["2026-Q1"]),
        ("in the second half of the year 2025", ["2025-H2"]),
        ("H1 2025", ["2025-H1"]),
        ("first nine months of 2025", ["2025-01 to 2025-09"]),
        ("Jan-Sep 2025", ["2025-01 to 2025-09"]),
        ("October to December 2025", ["2025-10 to 2025-12"]),
        ("im ersten Halbjahr 2025", ["2025-H1"]),
        ("au premier semestre 2025", ["2025-H1"]),
        ("November 2026", ["2026-11"]),
        ("in noviembre de 2026", ["2026-11"]),
        ("on 9 Nov 2026", ["2026-11-09"]),
        ("November 9, 2026", ["2026-11-09"]),
        ("2026-11-09", ["2026-11-09"]),
        ("2021-2024", ["2021 to 2024"]),
        ("between 2022 and 2025", ["2022 to 2025"]),
        ("from 2016 to 2024", ["2016 to 2024"]),
        ("2024 and 2025", ["2024", "2025"]),
        ("burn through 2029", ["through 2029"]),
        ("by 2027", ["through 2027"]),
        ("last year", ["2025"]),
        ("letztes Jahr", ["2025"]),
        ("l'année dernière", ["2025"]),
        ("el año pasado", ["2025"]),
        ("this year", ["2026"]),
        ("next year", ["2027"]),
        ("31 February 2024", []),
        ("2000 requests", []),
        ("2048 tokens", []),
        ("32000 tokens", []),
        ("costs $2024", []),
        ("1.2024", []),
        ("2,024 users", []),
        ("2024 H100s", []),
        ("an h100", []),
        ("", []),
    ],
)
def test_what_people_write(text: str, periods: list[str]) -> None:
    found = [period for _, _, period in periods_in(text, today=date(2026, 11, 22))]
    assert found == [parse_period(period) for period in periods]


def test_offsets_cut_out_the_words() -> None:
    text = "OpenAI in the first quarter of 2026, please"
    assert [text[start:end] for start, end, _ in periods_in(text)] == ["first quarter of 2026"]


@pytest.mark.parametrize(
    ("asked", "fact", "agreement"),
    [
        ("2024", "2024", "same"),
        ("2025", "2025-H1", "within"),
        ("2026-11", "2026-11-09", "within"),
        ("2025-H1", "2025", "around"),
        ("2027", "2025 to 2029", "around"),
        ("2024", "2025", "apart"),
        ("2025-Q4", "2026-Q1", "apart"),
        ("through 2029", "2025 to 2029", "same"),
        ("through 2029", "2026", "around"),
        ("through 2025", "2026", "apart"),
    ],
)
def test_agreement(asked: str, fact: str, agreement: str) -> None:
    assert parse_period(asked).agreement(parse_period(fact)) == agreement


years = st.integers(1990, 2045)


@given(years, years)
def test_two_years_agree_only_when_they_are_one(first: int, second: int) -> None:
    agreement = parse_period(str(first)).agreement(parse_period(str(second)))
    assert agreement == ("same" if first == second else "apart")


@given(st.text(alphabet="12024 qQhH'–-to byfirst halfofquarter,.", max_size=80))
def test_any_text_gives_ordered_spans_with_real_periods(text: str) -> None:
    last = 0
    for start, end, period in periods_in(text):
        assert last <= start < end <= len(text)
        assert isinstance(period, Period)
        assert period.start <= period.end
        last = end
