"""Quantities: what numbers count, their roles and what they are per."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.reading.language import detect
from bot.parsing.reading.quantities import read_quantities
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import fold


def read(text: str) -> list[Quantity]:
    folded = fold(text)
    return read_quantities(folded, detect(folded))


def roles(text: str) -> list[tuple[int, str, str]]:
    return [(int(q.value), q.unit, q.role) for q in read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500 in / 200 out", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("500/200", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("500 -> 200 tokens", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("input 500 output 200 tokens", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("input tokens 1000 output tokens 300", [(1000, "tokens", "input"), (300, "tokens", "output")]),
        ("1k in 500 out", [(1000, "tokens", "input"), (500, "tokens", "output")]),
        (
            "500 prompt tokens and 200 completion tokens",
            [(500, "tokens", "input"), (200, "tokens", "output")],
        ),
        ("500-token prompts, 200-token completions", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("prompts of 500 tokens and answers of 200", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("300 words in, 200 out", [(300, "words", "input"), (200, "words", "output")]),
        (
            "'prompt_tokens': 3098, 'completion_tokens': 364",
            [(3098, "tokens", "input"), (364, "tokens", "output")],
        ),
        ("500 Tokens Eingabe und 200 Tokens Ausgabe", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("500 tokens d'entrée et 200 de sortie", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("500 tokens de entrada y 200 de salida", [(500, "tokens", "input"), (200, "tokens", "output")]),
        ("200 tokens in the response", [(200, "tokens", "output")]),
    ],
)
def test_roles(text: str, expected: list[tuple[int, str, str]]) -> None:
    assert roles(text) == expected


@pytest.mark.parametrize(
    ("text", "unit", "per", "per_thing"),
    [
        ("10k requests a day", "requests", "day", ""),
        ("10k requests/day", "requests", "day", ""),
        ("10k daily requests", "requests", "day", ""),
        ("10k requests daily", "requests", "day", ""),
        ("10.000 Anfragen pro Tag", "requests", "day", ""),
        ("10 000 requêtes par jour", "requests", "day", ""),
        ("10 mil peticiones por día", "requests", "day", ""),
        ("20 messages per user per day", "messages", "day", "user"),
        ("15 emails per day per employee", "items", "day", "user"),
        ("300 onboarding kits a week", "items", "week", ""),
        ("10k/day", "", "day", ""),
        ("1500 tokens/s", "tokens", "second", ""),
    ],
)
def test_rates(text: str, unit: str, per: str | None, per_thing: str) -> None:
    [quantity] = read(text)
    assert (quantity.unit, quantity.per, quantity.per_thing) == (unit, per, per_thing)


@pytest.mark.parametrize(
    ("text", "amount", "currency", "per", "per_thing"),
    [
        ("$50", "50", "USD", None, ""),
        ("50 bucks", "50", "USD", None, ""),
        ("$0.5k a month", "500", "USD", "month", ""),
        ("€20", "20", "EUR", None, ""),
        ("100 euros", "100", "EUR", None, ""),
        ("£30", "30", "GBP", None, ""),
        ("50 cents per request", "0.5", "USD", None, "item"),
        ("$2 per GPU hour", "2", "USD", None, "gpu_hour"),
        ("$1 per million input tokens", "1", "USD", None, "tokens"),
    ],
)
def test_money(text: str, amount: str, currency: str, per: str | None, per_thing: str) -> None:
    [quantity] = read(text)
    assert quantity.unit == "money"
    assert (quantity.value, quantity.currency, quantity.per, quantity.per_thing) == (
        Decimal(amount),
        currency,
        per,
        per_thing,
    )


def test_a_range_between_words() -> None:
    [quantity] = read("between 500 and 800 tokens")
    assert (quantity.value, quantity.high, quantity.unit) == (500, 800, "tokens")


def test_dates_with_a_slash_are_no_pairs() -> None:
    assert all(q.role == "" for q in read("on 9/5"))


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    folded = fold(text)
    for quantity in read_quantities(folded, detect(folded)):
        assert 0 <= quantity.start < quantity.end <= len(folded)
