"""Every question read by a hostile model (`AICOST_PARSER=llm`), through the real router: no figure comes from the model.

What the rules read surely is answered as without an LLM, figure by figure. What they do not is answered with figures that follow
from the text's own numbers, or not at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from figure_oracle import invented
from servers.openai_server import OpenAIServer, says

from bot.answers import Answer
from bot.messages import Message
from bot.parsing.llm.dialect import forget_dialects
from bot.parsing.llm.schema import KINDS
from bot.router import Router
from bot.settings import Settings

SURE = (
    "10k requests a day, 500 in / 200 out, gpt-4o",
    "price of gpt-4o",
    "what does $40 buy on gpt-4o-mini with 1500 in and 300 out",
    "how much did OpenAI lose in 2024",
    "gpt-4o or gpt-4o-mini for 3000 requests of 700 tokens in and 150 out",
)
UNSURE: dict[str, frozenset[int]] = {
    "gpt-4o, every day 1200 kiosks dictate, 900 tokens apiece and 80 come back": frozenset([1200, 900, 80]),
    "gpt-4o-mini for our clinic: 1500 dossiers, 2200 tokens, 140 tokens": frozenset([1500, 2200, 140]),
    "we run 350 whatsits through gpt-4o, 1100 tokens and 90 back": frozenset([350, 1100, 90]),
}
WANTS = (None, "cheapest", "tokens", "days")


def _form(
    kind: str, want: str | None, quantities: list[tuple[str, str, str | None]], **more: Any
) -> dict[str, Any]:
    return {
        "models": ["gpt-9", "claude-opus-99", "@everyone"],
        "kind": kind,
        "want": want,
        "want_per": "year",
        "follow_up": want == "tokens",
        "quantities": [{"text": text, "role": role, "per": per} for text, role, per in quantities],
        **more,
    }


def inventions() -> Iterator[dict[str, Any]]:
    """Forms of every kind with numbers and names that stand in no text."""
    quantities: list[tuple[str, str, str | None]] = [
        ("77777 requests", "requests", "day"),
        ("$0.4321", "money", "request"),
        ("999 tokens", "input", "request"),
        ("888", "output", "request"),
        ("99%", "cached", None),
    ]
    for kind in KINDS:
        for want in WANTS:
            yield _form(kind, want, quantities, price="$0.4321", answer="It costs $12.57.")


def misplacings(numbers: frozenset[int]) -> Iterator[dict[str, Any]]:
    """Forms with the text's own numbers under roles and periods that nobody said."""
    roles = (
        "money",
        "input",
        "output",
        "requests",
        "users",
        "turns",
        "cached",
        "parameters",
        "gpus",
        "epochs",
    )
    ordered = sorted(numbers)
    for kind in KINDS:
        for shift in range(0, len(roles), 3):
            taken = [roles[(shift + n) % len(roles)] for n in range(len(ordered))]
            yield _form(
                kind, None, [(str(number), role, "day") for number, role in zip(ordered, taken, strict=True)]
            )


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    forget_dialects()
    with OpenAIServer() as running:
        yield running


@asynccontextmanager
async def opened(data_dir: Path, **changes: Any) -> AsyncIterator[Router]:
    router = await Router.open(Settings(data_dir=data_dir, rate_per_minute=100_000, **changes))
    try:
        yield router
    finally:
        await router.close()


async def ask(router: Router, text: str) -> Answer:
    reply = await router.ask(Message(platform="terminal", text=text))
    assert reply.answer is not None
    return reply.answer


async def answers(
    router: Router, server: OpenAIServer, text: str, forms: Iterator[dict[str, Any]], data_dir: Path
) -> AsyncIterator[tuple[dict[str, Any], Answer]]:
    """The answer to the text for each form; nothing is remembered from one to the next."""
    for form in forms:
        with closing(sqlite3.connect(data_dir / "ledger.db", timeout=5)) as connection, connection:
            connection.execute("DELETE FROM parses")
        server.will(says(form))
        asked = len(server.requests)
        yield form, await ask(router, text)
        assert len(server.requests) == asked + 1


@pytest.mark.parametrize("text", SURE)
async def test_what_the_rules_read_surely_is_answered_as_without_an_llm(
    data_dir: Path, server: OpenAIServer, text: str
) -> None:
    async with opened(data_dir, parser="local") as router:
        expected = await ask(router, text)
    assert expected.status == "answered"
    async with opened(
        data_dir, parser="llm", llm_base_url=server.base_url, llm_model="gpt-4o-mini"
    ) as router:
        async for form, answer in answers(router, server, text, inventions(), data_dir):
            assert (answer.status, answer.kind) == (expected.status, expected.kind), form
            assert sorted(map(str, answer.figures)) == sorted(map(str, expected.figures)), form
            assert (answer.steps, answer.levers) == (expected.steps, expected.levers), form


@pytest.mark.parametrize("text", UNSURE)
async def test_what_they_do_not_read_gives_figures_of_the_text_alone(
    data_dir: Path, server: OpenAIServer, text: str
) -> None:
    numbers = UNSURE[text]
    told = 0
    async with opened(
        data_dir, parser="llm", llm_base_url=server.base_url, llm_model="gpt-4o-mini"
    ) as router:
        for forms in (inventions(), misplacings(numbers)):
            async for form, answer in answers(router, server, text, forms, data_dir):
                data = answer.to_json()
                assert invented(data["figures"], numbers) == [], form
                told += bool(answer.figures)
                shown = f"{answer.headline} {answer.assumptions} {answer.details}"
                for word in ("gpt-9", "opus-99", "@everyone", "0.4321", "12.57", "77777"):
                    assert word not in shown, (word, form)
                if answer.status != "answered":
                    assert not [figure for figure in answer.figures if figure.unit == "USD"], form
    assert told, "some form is answered with figures"


def test_the_oracle_tells_a_figure_that_was_made_up() -> None:
    numbers = UNSURE["gpt-4o, every day 1200 kiosks dictate, 900 tokens apiece and 80 come back"]
    right = {"amount": "3.66", "unit": "USD", "per": "day", "model": "gpt-4o", "provider": "openai"}
    assert invented([right, {**right, "amount": "109.8", "per": "month"}], numbers) == []
    for amount in ("0.42", "12.50", "3.67", "36.6", "777.77"):
        assert invented([{**right, "amount": amount}], numbers)
    rate = {**right, "amount": "2.5", "per": "1M input tokens"}
    assert invented([rate], numbers) == []
    assert invented([{**rate, "amount": "0.42"}], numbers)
    count = {**right, "amount": "1080000", "unit": "tokens"}
    assert invented([count], numbers) == []
    assert invented([{**count, "amount": str(Decimal(1080001))}], numbers)
