"""`aicost doctor`: what it finds, what it must not show, and that it spends nothing unasked."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from command_line import Run
from servers.openai_server import OpenAIServer

from bot.parsing.llm.dialect import forget_dialects

SECRETS = {
    "AICOST_LLM_API_KEY": "sk-very-secret",
    "SLACK_BOT_TOKEN": "xoxb-very-secret",
    "SLACK_APP_TOKEN": "xapp-very-secret",
    "SLACK_SIGNING_SECRET": "very-secret",
    "SLACK_CLIENT_SECRET": "very-secret",
    "DISCORD_TOKEN": "very-secret",
    "AICOST_LLM_BASE_URL": "https://me:very-secret@llm.example/v1",
}


def test_the_doctor_shows_no_secret(aicost: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    for result in (aicost("doctor", "--no-probe"), aicost("doctor", "--no-probe", "--json")):
        assert result.status == 0
        assert "very-secret" not in result.out
        assert "llm.example" in result.out
        assert "Socket Mode" in result.out


def test_the_doctor_without_settings(aicost: Run) -> None:
    found = aicost("doctor", "--json").json
    assert found["ok"]
    assert "local parser alone" in found["checks"]["LLM"]["sentence"]
    assert found["checks"]["knowledge base"]["counts"]["models"] > 2000
    assert found["checks"]["documents"]["count"] == 0
    assert found["checks"]["budgets"]["budgets"] == []
    shown = aicost("doctor")
    assert shown.status == 0
    assert shown.out.count("\nok ") == len(found["checks"]) - 1
    assert "BAD" not in shown.out


@pytest.mark.parametrize(
    ("settings", "check"),
    [
        ({"AICOST_PARSER": "llm"}, "LLM"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "Slack"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "Slack"),
    ],
    ids=["llm", "slack", "slack-bot-token"],
)
def test_the_doctor_finds_what_is_missing(
    settings: dict[str, str], check: str, aicost: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    result = aicost("doctor", "--json")
    assert result.status == 2
    assert [name for name, found in result.json["checks"].items() if not found["ok"]] == [check]
    assert "\nBAD " in aicost("doctor").out


def test_the_doctor_of_a_folder_that_is_a_file(
    aicost: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AICOST_DATA_DIR", str(tmp_path / "file"))
    result = aicost("doctor", "--json")
    assert result.status == 2
    assert not result.json["checks"]["ledger"]["ok"]


@pytest.fixture
def llm(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """A server that takes no schemas, configured as the LLM."""
    forget_dialects()
    with OpenAIServer(refuses=("json_schema",), api_key="sk-right") as server:
        monkeypatch.setenv("AICOST_LLM_BASE_URL", server.base_url)
        monkeypatch.setenv("AICOST_LLM_MODEL", "gpt-4o-mini")
        monkeypatch.setenv("AICOST_LLM_API_KEY", "sk-right")
        yield server


def test_the_doctor_asks_a_new_llm_once(aicost: Run, llm: OpenAIServer) -> None:
    """Later doctors, and questions in other processes, know what was found out."""
    check = aicost("doctor", "--no-probe", "--json").json["checks"]["LLM"]
    assert (check["ok"], check["configured"]) == (True, True)
    assert llm.requests == []
    first = aicost("doctor", "--json").json["checks"]["LLM"]
    assert [request["response_format"]["type"] for request in llm.requests] == ["json_schema", "json_object"]
    forget_dialects()  # as in another process
    second = aicost("doctor", "--json").json["checks"]["LLM"]
    assert second["dialect"] == first["dialect"]
    assert "no schemas" in first["sentence"]
    assert "no schemas" in second["sentence"]
    assert len(llm.requests) == 2
    aicost("ask", "gpt-4o, every day 1200 nurses dictate, 900 tokens apiece and 80 come back")
    assert [request["response_format"]["type"] for request in llm.requests[2:]] == ["json_object"]


def test_a_probe_asks_anew(aicost: Run, llm: OpenAIServer) -> None:
    aicost("doctor")
    llm.refuses = set()
    forget_dialects()
    assert aicost("doctor", "--probe", "--json").json["checks"]["LLM"]["dialect"]["format"] == "json_schema"
    assert aicost("doctor", "--json").json["checks"]["LLM"]["dialect"]["format"] == "json_schema"


def test_a_probe_tells_what_the_server_understands_and_what_it_cost(aicost: Run, llm: OpenAIServer) -> None:
    result = aicost("doctor", "--probe", "--json")
    assert result.status == 0
    check = result.json["checks"]["LLM"]
    assert check["dialect"]["format"] == "json_object"
    (bill,) = llm.bills
    assert (check["spend"]["input_tokens"], check["spend"]["output_tokens"]) == (bill.input, bill.output)
    assert Decimal(check["spend"]["cost_usd"]) > 0
    assert "no schemas" in check["sentence"]
    totals = aicost("usage", "--json").json["totals"]
    assert (totals["questions"], totals["cost_usd"]) == (0, check["spend"]["cost_usd"])


def test_a_probe_with_a_wrong_key(aicost: Run, llm: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICOST_LLM_API_KEY", "sk-wrong")
    result = aicost("doctor", "--probe")
    assert result.status == 2
    assert "refused the key" in result.out
    assert "sk-wrong" not in result.out
    assert llm.bills == []


def test_a_probe_that_the_budget_forbids(
    aicost: Run, llm: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICOST_BUDGET_DAY_USD", "0")
    result = aicost("doctor", "--probe", "--json")
    assert result.status == 2
    assert "budget" in result.json["checks"]["LLM"]["sentence"]
    assert result.json["checks"]["budgets"]["used_up"] == ["the total budget of $0 a day"]
    assert llm.requests == []


def test_a_probe_without_an_llm_or_a_ledger(
    aicost: Run, data_dir: Path, llm: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data_dir / "ledger.db").mkdir()
    checks = aicost("doctor", "--probe", "--json").json["checks"]
    assert not checks["ledger"]["ok"]
    assert checks["LLM"]["ok"]
    monkeypatch.setenv("AICOST_PARSER", "local")
    before = len(llm.requests)
    assert aicost("doctor", "--probe", "--json").json["checks"]["LLM"]["ok"]
    assert len(llm.requests) == before


def test_the_doctor_counts_documents_and_contracts(aicost: Run, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("# A note\n\nAcme spent $1 on AI in 2025.")
    (data_dir / "contracts.yaml").write_text("- provider: openai\n  percent_off: 10\n")
    aicost("kb", "add", str(tmp_path / "note.md"))
    checks = aicost("doctor", "--json").json["checks"]
    assert (checks["documents"]["count"], checks["contract prices"]["count"]) == (1, 1)


def test_the_doctor_of_broken_contracts_names_the_line(aicost: Run, data_dir: Path) -> None:
    (data_dir / "contracts.yaml").write_text("- provider: openai\n  percent_off: [10\n")
    result = aicost("doctor")
    assert result.status == 2
    assert "contracts.yaml" in result.out
    assert "line" in result.out
