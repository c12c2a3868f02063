"""Densities that a text states itself, and what they do to a typed question."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.reading.densities import density_notes, read_densities, with_densities
from bot.parsing.reading.language import detect
from bot.parsing.reading.spans import fold
from bot.questions import EstimateQuestion, Size, Stage, TokensQuestion, Workload


def read(text: str) -> list[tuple[str, Decimal, str]]:
    folded = fold(text)
    return [(d.unit, d.factor, d.into) for d in read_densities(folded, detect(folded))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 pages with 300 words per page", ("pages", "300", "words")),
        ("200 pages at 250 words a page", ("pages", "250", "words")),
        ("200 pages (250 words each)", ("pages", "250", "words")),
        ("1,800 characters a page, 40 pages", ("pages", "1800", "characters")),
        ("20 pages of 400 words each", ("pages", "400", "words")),
        ("a 300 page book, each page 250 words", ("pages", "250", "words")),
        ("1 page = 300 words", ("pages", "300", "words")),
        ("1200 tokens per page, 300 pages", ("pages", "1200", "tokens")),
        ("500 pages (500 mots par page)", ("pages", "500", "words")),
        ("100 Seiten mit je 1.800 Zeichen", ("pages", "1800", "characters")),
        ("30 páginas, 350 palabras por página", ("pages", "350", "words")),
        ("10k words at 1.3 tokens per word", ("words", "1.3", "tokens")),
        ("0.8 words per token", ("words", "1.25", "tokens")),
        ("100 tokens = 80 words", ("words", "1.25", "tokens")),
        ("800 words is about 1000 tokens", ("words", "1.25", "tokens")),
        ("1 token is 5 characters", ("characters", "0.2", "tokens")),
        ("speech at 150 words a minute", ("minutes", "150", "words")),
        ("a podcast, 160 wpm", ("minutes", "160", "words")),
    ],
)
def test_stated_densities(text: str, expected: tuple[str, str, str]) -> None:
    assert read(text) == [(expected[0], Decimal(expected[1]), expected[2])]


@pytest.mark.parametrize(
    "text",
    [
        "20 pages and a 300 word summary",
        "price per 1M tokens",
        "how many pages is 100k tokens",
        "3.9M pages, 1,200 input tokens and 300 output tokens per page",
        "300 tokens per page in, 50 out",
        "1500 tokens per second on 2 h100",
        "60 requests per minute, 500 words each",
        "500 in / 200 out",
    ],
)
def test_what_is_no_density(text: str) -> None:
    assert read(text) == []


def test_sizes_of_a_question_follow_the_chain() -> None:
    densities = read_densities("300 words per page, 1.5 tokens per word", "en")
    question = EstimateQuestion(
        stages=(
            Stage(
                workload=Workload(
                    input=Size(amount=Decimal(10), unit="pages"), output=Size(amount=Decimal(7))
                )
            ),
        )
    )
    workload = with_densities(question, densities).stages[0].workload
    assert workload.input == Size(amount=Decimal(4500))
    assert workload.output == Size(amount=Decimal(7))
    assert density_notes("300 words per page, 1.5 tokens per word", densities)[0].startswith(
        "1 page = 300 words"
    )


def test_a_counted_text_keeps_its_unit() -> None:
    question = TokensQuestion(size=Size(amount=Decimal(3000), unit="words"))
    changed = with_densities(question, read_densities("1.3 tokens per word", "en"))
    assert changed.size == question.size
    assert changed.tokens_each == Decimal("1.3")


@given(st.text(alphabet="0123456789., kpagewordstoken=/per\n", max_size=400))
def test_reading_never_fails(text: str) -> None:
    for density in read_densities(text, "en"):
        assert density.factor > 0
        assert 0 <= density.start < density.end <= len(text)
