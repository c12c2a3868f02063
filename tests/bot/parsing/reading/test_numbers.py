"""Numbers as people write them."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.reading.language import detect
from bot.parsing.reading.numbers import read_numbers
from bot.parsing.reading.spans import fold


def values(text: str) -> list[Decimal]:
    folded = fold(text)
    return [number.value for number in read_numbers(folded, detect(folded))]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10k requests", 10_000),
        ("1.5m", 1_500_000),
        ("2M tokens", 2_000_000),
        ("3bn", 3_000_000_000),
        ("1,000,000 calls", 1_000_000),
        ("1.000.000 anfragen pro tag", 1_000_000),
        ("1 000 000 requêtes", 1_000_000),
        ("10 000 requests", 10_000),
        ("1'000'000", 1_000_000),
        ("1e6", 1_000_000),
        ("half a million tokens", 500_000),
        ("two thousand users", 2_000),
        ("a dozen", 12),
        ("5 lakh", 500_000),
        ("2 crore", 20_000_000),
        ("one and a half million", 1_500_000),
        ("two hundred fifty thousand", 250_000),
        ("a couple of thousand", 2_000),
        ("thousand users", 1_000),
        ("twenty-five", 25),
        ("1,5 Millionen Anfragen", 1_500_000),
        ("10 mil peticiones por día", 10_000),
        ("zwei Millionen Wörter pro Tag kosten", 2_000_000),
        ("$0.5k", 500),
        ("70B parameters", 70_000_000_000),
        ("15T tokens", 15_000_000_000_000),
        ("3 hundred thousand", 300_000),
    ],
)
def test_one_number(text: str, value: int) -> None:
    assert values(text) == [Decimal(value)]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("500-800 tokens", 500, 800),
        ("5-10k", 5_000, 10_000),
        ("500 to 800", 500, 800),
        ("10k–20k", 10_000, 20_000),
    ],
)
def test_a_range_keeps_both_ends(text: str, low: int, high: int) -> None:
    [number] = read_numbers(fold(text))
    assert (number.value, number.high) == (low, high)


def test_a_minus_is_read_only_where_it_is_no_dash() -> None:
    assert read_numbers("-5 requests")[0].negative
    assert not read_numbers("tokens - 500")[0].negative


@pytest.mark.parametrize("text", ["thousands of users", "cent", "none", "a few requests", ""])
def test_vague_amounts_are_no_numbers(text: str) -> None:
    assert values(text) == []


def test_numbers_inside_names_are_left_alone() -> None:
    assert [n.value for n in read_numbers("gpt-4o 500 tokens", masked=[(0, 6)])] == [500]


@given(st.integers(min_value=1, max_value=10**12))
def test_every_way_of_grouping_reads_the_same(number: int) -> None:
    for text in (str(number), f"{number:,}", f"{number:,}".replace(",", "'"), f"{number:_}"):
        assert values(f"{text} tokens") == [number], text


@given(st.text(max_size=300))
def test_any_text_is_read_with_true_places(text: str) -> None:
    folded = fold(text)
    for number in read_numbers(folded, detect(folded)):
        assert 0 <= number.start < number.end <= len(folded)
        assert number.value.is_finite()


@pytest.mark.parametrize("unit", ["111 ", "1,111,", "1.111.", "a million ", "two hundred ", "1e9", "9"])
def test_no_pattern_runs_away(unit: str) -> None:
    text = (unit * 4000)[:4000]
    started = time.perf_counter()
    read_numbers(text)
    assert time.perf_counter() - started < 2  # a runaway pattern takes minutes
