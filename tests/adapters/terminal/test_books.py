"""The commands around the ledger: usage, budgets, what is stored of a person, receipts, and the doctor."""

from __future__ import annotations

import asyncio
import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from command_line import Run

from adapters.terminal.usage import _share
from bot.answers import Answer, Citation, Figure, Lever, Spend, Step
from bot.messages import Message
from bot.spend.ledger import Ledger

ANSWER = Answer(
    status="answered",
    kind="estimate",
    headline="$32.50 a day",
    figures=(Figure(label="a day", amount=Decimal("32.5"), unit="USD", per="day", source="price-openai"),),
    assumptions=("no batch",),
    citations=(
        Citation(
            id="price-openai",
            title="OpenAI list prices",
            url="https://openai.com/pricing",
            as_of="2026-11-09",
        ),
    ),
    steps=(
        Step(
            label="input",
            amount=Decimal("12.5"),
            count=Decimal(5_000_000),
            count_unit="tokens",
            rate=Decimal("2.5"),
            rate_per="1M",
        ),
    ),
    levers=(Lever(name="batch", label="Batch", amount=Decimal("16.25"), saving=Decimal("16.25"), per="day"),),
    details=("A detail.",),
    parsed={"kind": "estimate"},
    spend=Spend(1, 200, 30, Decimal("0.00012")),
    receipt="r-0123456789",
)


@pytest.fixture
def answered(data_dir: Path) -> None:
    """A ledger in which U1 has asked one question."""

    async def fill() -> None:
        ledger = await Ledger.open(data_dir, 90)
        admission = await ledger.admit(
            Message(platform="slack", text="secret words", user="U1", channel="C1")
        )
        await ledger.finish_query(admission.query_id, ANSWER, latency_ms=3)
        await ledger.close()

    asyncio.run(fill())


def test_an_answer_survives_its_json() -> None:
    assert Answer.from_json(ANSWER.to_json()) == ANSWER


@pytest.mark.usefixtures("answered")
def test_explain_shows_the_derivation_of_an_earlier_answer(aicost: Run) -> None:
    result = aicost("explain", ANSWER.receipt)
    assert result.status == 0
    for shown in (
        "$32.50 a day",
        "5 million tokens",
        "$2.50 per 1M",
        "= $12.50",
        "saves $16.25",
        "no batch",
        "https://openai.com/pricing",
        "1 LLM call",
        '"kind": "estimate"',
    ):
        assert shown in result.out
    assert aicost("explain", ANSWER.receipt, "--json").json == ANSWER.to_json()


@pytest.mark.parametrize("receipt", ["r-nothing", "", "\udcff", "'; drop table queries"])
def test_an_unknown_receipt_is_one(receipt: str, aicost: Run) -> None:
    result = aicost("explain", receipt)
    assert result.status == 2
    assert "I know no receipt" in result.err


@pytest.mark.usefixtures("answered")
def test_usage_in_three_forms(aicost: Run) -> None:
    as_json = aicost("usage", "--format", "json", "--by", "user").json
    assert as_json["totals"]["questions"] == 1
    assert [group["by"] for group in as_json["groups"]] == ["U1"]
    assert as_json["groups"][0]["cost_usd"] == as_json["totals"]["cost_usd"]
    rows = list(csv.DictReader(io.StringIO(aicost("usage", "--format", "csv", "--by", "user").out)))
    assert rows == [{key: str(value) for key, value in as_json["groups"][0].items()}]
    table = aicost("usage", "--by", "user")
    assert "1 question, " in table.out
    assert all(len(line) <= 80 for line in table.out.splitlines())


@pytest.mark.usefixtures("answered")
def test_usage_of_a_period(aicost: Run) -> None:
    assert aicost("usage", "--json", "--period", "today").json["totals"]["questions"] == 1
    assert aicost("usage", "--json", "--until", "2020-01-01").json["totals"]["questions"] == 0
    assert aicost("usage", "--json", "--user", "U2").json["totals"]["questions"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--period", "next blue moon"),
        ("--since", "yesterday"),
        ("--period", "today", "--since", "2026-01-01"),
    ],
    ids=" ".join,
)
def test_usage_of_no_period_is_refused(arguments: tuple[str, ...], aicost: Run) -> None:
    assert aicost("usage", *arguments).status == 2


def test_budgets_are_set_listed_and_removed(aicost: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICOST_BUDGET_MONTH_USD", "20")
    assert aicost("budget", "set", "user", "U1", "$2.50").status == 0
    assert aicost("budget", "set", "total", "1", "--per", "day").status == 0
    listed = aicost("budget", "list", "--json").json
    assert {(b["scope"], b["subject"], b["period"], b["limit_usd"]) for b in listed} == {
        ("total", "", "month", "20"),
        ("user", "U1", "day", "2.5"),
        ("total", "", "day", "1"),
    }
    assert "U1" in aicost("budget", "list").out
    assert aicost("budget", "remove", "user", "U1").status == 0
    assert aicost("budget", "remove", "user", "U1").status == 2
    assert len(aicost("budget", "list", "--json").json) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("user", "5"),
        ("total", "U1", "5"),
        ("user", "U1", "much"),
        ("user", "U1", "-5"),
        ("galaxy", "5"),
        ("total", "1e400"),
    ],
    ids=" ".join,
)
def test_no_budget_is_refused_in_words(arguments: tuple[str, ...], aicost: Run) -> None:
    result = aicost("budget", "set", *arguments)
    assert result.status == 2
    assert result.err
    assert aicost("budget", "list", "--json").json == []


@pytest.mark.usefixtures("answered")
def test_a_person_is_shown_and_forgotten(aicost: Run) -> None:
    assert "secret words" in aicost("ledger", "export", "U1").out
    assert aicost("ledger", "forget", "U1", stdin=b"n\n").status == 130
    assert "secret words" in aicost("ledger", "export", "U1").out
    assert aicost("ledger", "forget", "U1", "--yes", "--json").json["questions"] == 1
    assert "0 cached parses forgotten" in aicost("ledger", "forget", "U1", "--yes").out
    assert "secret words" not in aicost("ledger", "export", "U1").out
    assert aicost("usage", "--json").json["totals"]["questions"] == 1


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [
        (0, 300, "0 %"),
        (1, 300, "less than 1 %"),
        (299, 300, "more than 99 %"),
        (300, 300, "100 %"),
        (1, 3, "33 %"),
    ],
)
def test_shares_are_whole_only_where_they_are_exact(part: int, whole: int, share: str) -> None:
    assert _share(part, whole) == share


@pytest.mark.parametrize(
    ("words", "example"),
    [
        ("set workspace", "aicost budget set workspace T012AB3CD 2 --per day"),
        ("remove workspace", "aicost budget remove workspace T012AB3CD --per day"),
        ("remove total T1", "aicost budget remove total --per day"),
    ],
)
def test_a_wrong_number_of_ids_is_explained_with_the_command_that_was_given(
    aicost: Run, words: str, example: str
) -> None:
    result = (
        aicost("budget", *words.split(), "2") if words.startswith("set") else aicost("budget", *words.split())
    )
    assert result.status == 2
    assert f"Example: {example}" in " ".join(result.err.split())
