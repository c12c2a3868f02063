"""Answers in other currencies: asked for or set, at the bank's dated rate, with the dollars kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.answering.dispatch import answer_questions
from bot.answers import Answer
from bot.parsing.local import LocalParser
from bot.questions import Question
from bot.settings import Settings
from knowledge.base import KnowledgeBase
from knowledge.currency import rate_to_usd

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORKLOAD = "1000 requests a day with 2000 tokens in and 500 out on gpt-4o"


class Asking:
    def __init__(self, parser: LocalParser, knowledge: KnowledgeBase, settings: Settings) -> None:
        self.parser, self.knowledge, self.settings = parser, knowledge, settings
        self.last: Question | None = None

    def __call__(self, text: str, currency: str = "USD") -> Answer:
        questions = self.parser.parse(text, self.last).questions
        self.last = questions[0]
        return answer_questions(questions, self.knowledge, replace(self.settings, currency=currency), NOW)


@pytest.fixture
def ask(parser: LocalParser, knowledge: KnowledgeBase, plain_settings: Settings) -> Asking:
    return Asking(parser, knowledge, plain_settings)


def note(currency: str) -> str:
    rate = rate_to_usd(currency, NOW.date())
    assert rate is not None
    return f"1 {currency} = {rate.usd:.6g} USD (European Central Bank, {rate.day.isoformat()})."


def amounts(answer: Answer, unit: str) -> list[Any]:
    return [figure.amount for figure in answer.figures if figure.unit == unit]


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("what does gpt-4o cost in EUR", "EUR"),
        ("was kostet gpt-4o in Euro", "EUR"),
        ("input price of gpt-4o in €", "EUR"),
        ("price of gpt-4o in pounds", "GBP"),
        ("price of gpt-4o in CHF", "CHF"),
        ("compare gpt-4o and claude sonnet 4.5 in euros", "EUR"),
    ],
)
def test_a_price_is_said_in_the_currency_asked_for(ask: Asking, text: str, currency: str) -> None:
    answer = ask(text)
    rate = rate_to_usd(currency, NOW.date())
    assert rate is not None
    assert answer.figures[0].unit == currency, "the one asked for comes first"
    converted = amounts(answer, currency)
    assert [round(amount * rate.usd, 12) for amount in converted] == amounts(answer, "USD")
    assert f"In {currency}: " in answer.headline
    assert note(currency) in answer.assumptions


@pytest.mark.parametrize("text", ["price of gpt-4o", "price of gpt-4o in dollars", "price of gpt-4o in PHP"])
def test_without_another_currency_all_is_in_dollars(ask: Asking, text: str) -> None:
    answer = ask(text)
    assert {figure.unit for figure in answer.figures} == {"USD", "tokens"}
    assert not any("European Central Bank" in line for line in answer.assumptions)


def test_an_estimate_says_every_sum_in_one_currency(ask: Asking) -> None:
    answer = ask(f"{WORKLOAD} in EUR")
    sums, _, _ = answer.headline.partition(" — ")
    assert sums.count("€") == 2
    assert "$" not in sums
    assert [figure.unit for figure in answer.figures[:2]] == ["EUR", "USD"]
    assert {lever.unit for lever in answer.levers} == {"EUR"}
    assert amounts(answer, "USD")[:2] == [Decimal(10), Decimal(300)]


def test_the_setting_adds_its_currency_and_leaves_dollars_first(ask: Asking) -> None:
    estimate = ask(WORKLOAD, "EUR")
    assert "€" in estimate.headline.partition(" — ")[0]
    assert estimate.figures[0].unit == "USD"
    assert amounts(estimate, "EUR")
    assert note("EUR") in estimate.assumptions
    ask.last = None
    assert "In EUR: €" in ask("price of gpt-4o", "EUR").headline
    ask.last = None
    assert "€" not in ask("price of gpt-4o in dollars", "EUR").headline
    ask.last = None
    assert "In GBP: £" in ask("price of gpt-4o in pounds", "EUR").headline


def test_a_set_currency_without_a_rate_is_said_and_the_answer_given(ask: Asking) -> None:
    for text in ("price of gpt-4o", WORKLOAD):
        ask.last = None
        answer = ask(text, "XAU")
        assert answer.status == "answered"
        assert "$" in answer.headline
        assert "I have no exchange rate for XAU; amounts are in US dollars." in answer.assumptions


def test_past_prices_stay_in_dollars_and_say_so(ask: Asking) -> None:
    answer = ask("price history of gpt-4o in euros")
    assert answer.kind == "history"
    assert amounts(answer, "EUR") == []
    assert any("I do not convert them" in line for line in answer.assumptions)


def test_a_thread_keeps_its_currency(ask: Asking) -> None:
    ask("price of gpt-4o")
    assert "In EUR: €" in ask("in euros?").headline
    assert "In EUR: €" in ask("and gpt-5-mini?").headline
    assert "€" not in ask("in dollars please").headline
