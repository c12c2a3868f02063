"""`aicost ask` and `aicost chat`, from the words on the command line to the exit status."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from command_line import Run

from adapters.terminal.ask import MAX_TURNS
from adapters.terminal.stream import MAX_LINE_BYTES

Start = Callable[..., "subprocess.Popen[bytes]"]

ESTIMATE = "10k requests a day, 500 in / 200 out, gpt-4o"
KEYS = {
    "status", "kind", "headline", "figures", "assumptions", "citations", "parsed", "parser", "spend", "receipt",
}  # fmt: skip


def _turns(*turns: str) -> bytes:
    return json.dumps({"turns": turns}).encode() + b"\n"


def _first(answer: dict[str, Any]) -> tuple[str, str, str | None]:
    figure = answer["figures"][0]
    return figure["amount"], figure["unit"], figure["per"]


def test_an_answer_for_a_person(aicost: Run) -> None:
    result = aicost("ask", ESTIMATE)
    assert result.status == 0
    for shown in (
        "$32.50",
        "$975",
        "Calculation",
        "$2.50 per 1M",
        "Assumptions",
        "Sources",
        "https://",
        "used no LLM",
        "receipt r-",
    ):
        assert shown in result.out
    assert "\x1b" not in result.out


def test_an_answer_for_a_program(aicost: Run) -> None:
    answer = aicost("ask", "--json", ESTIMATE).json
    assert answer.keys() >= KEYS
    assert answer["status"] == "answered"
    assert _first(answer) == ("32.5", "USD", "day")
    assert answer["spend"] == {"llm_calls": 0, "input_tokens": 0, "output_tokens": 0, "cost_usd": "0"}


def test_an_answer_is_found_again_by_its_receipt_and_counted(aicost: Run) -> None:
    answer = aicost("ask", "--json", ESTIMATE).json
    assert aicost("explain", answer["receipt"], "--json").json == answer
    assert aicost("usage", "--json").json["totals"]["questions"] == 1


@pytest.mark.parametrize(
    "words",
    [
        (ESTIMATE,),
        tuple(ESTIMATE.split()),
        ("--", *ESTIMATE.split()),
        (*ESTIMATE.split(), "--json"),
    ],
    ids=["quoted", "loose", "after-dashes", "option-last"],
)
def test_words_may_come_as_they_are(words: tuple[str, ...], aicost: Run) -> None:
    options = () if "--json" in words else ("--json",)
    assert _first(aicost("ask", *options, *words).json) == ("32.5", "USD", "day")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("-5 requests a day on gpt-4o, 500 in / 200 out",), {1, 2}),
        (("price", "of", "gpt-4o", "with", "-5", "--tokens"), {0, 1, 2}),
        (("price of gpt-7",), {1}),
        (("asdf jkl",), {1}),
        (("",), {0, 1}),
        (("\udcff\udcfe price of gpt-4o",), {0}),
        (("price of gpt-4o " + "x" * 100_000,), {0, 1}),
        (("price of gpt-4o\0\x1b[31m",), {0, 1}),
    ],
    ids=["negative", "dashes", "unknown", "nonsense", "empty", "no-utf8", "long", "control"],
)
def test_odd_words_get_a_sentence(words: tuple[str, ...], status: set[int], aicost: Run) -> None:
    result = aicost("ask", *words)
    assert result.status in status
    assert result.out.strip()
    assert "\x1b" not in result.out


def test_the_exit_status_is_that_of_the_answer(aicost: Run) -> None:
    for question in (ESTIMATE, "price of gpt-7", "what is the weather in Rome", "price of"):
        result = aicost("ask", "--json", question)
        expected = {"answered": 0, "clarify": 0, "not_found": 1, "out_of_scope": 1, "error": 2}
        assert result.status == expected[result.json["status"]]


def test_a_stream_answers_each_line_in_order(aicost: Run) -> None:
    lines = [
        _turns(ESTIMATE),
        b"not json\n",
        _turns(),
        b'{"turns": [1]}\n',
        b'{"questions": ["price of gpt-4o"]}\n',
        b"\n",
        b'{"turns": ["price of gpt-4o"], "id": 7}\r\n',
        b'{"turns": ["\xff"]}\n',
        b'{"turns": ["' + b"x" * MAX_LINE_BYTES + b'"]}\n',
        _turns(*["price of gpt-4o"] * (MAX_TURNS + 1)),
        _turns(ESTIMATE, "and with batch?"),
        _turns(ESTIMATE).rstrip(b"\n"),
    ]
    result = aicost("ask", "--stdin", stdin=b"".join(lines))
    assert result.status == 2, "some lines were refused"
    answers = result.lines
    assert len(answers) == len(lines)
    assert [number for number, answer in enumerate(answers) if answer["status"] != "error"] == [0, 6, 10, 11]
    for number in (1, 2, 3, 4, 5, 7, 8, 9):
        assert answers[number].keys() >= KEYS
        assert answers[number]["headline"].startswith(f"Line {number + 1} ")
        assert answers[number]["figures"] == []
    assert _first(answers[0]) == _first(answers[11]) == ("32.5", "USD", "day")
    assert _first(answers[10]) == ("16.25", "USD", "day")


def test_lines_do_not_know_of_each_other(aicost: Run) -> None:
    _, follow_up = aicost("ask", "--stdin", stdin=_turns(ESTIMATE) + _turns("and with batch?")).lines
    assert all(figure["amount"] != "16.25" for figure in follow_up["figures"])


def test_an_empty_stream_is_fine(aicost: Run) -> None:
    result = aicost("ask", "--stdin", stdin=b"")
    assert (result.status, result.out) == (0, "")


def test_a_stream_takes_no_question(aicost: Run) -> None:
    assert aicost("ask", "--stdin", "price of gpt-4o").status == 2


def test_each_answer_is_out_before_the_next_line_comes_in(process: Start) -> None:
    running = process("ask", "--stdin")
    assert running.stdin is not None
    assert running.stdout is not None
    for line in (_turns(ESTIMATE), b"nonsense\n", _turns("price of gpt-4o")):
        running.stdin.write(line)
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["status"] in ("answered", "error")
    running.stdin.close()
    assert running.wait(20) == 2, "one line was refused"


def test_an_answer_that_was_shown_is_on_record_though_the_stream_is_killed(
    process: Start, data_dir: Path
) -> None:
    with process("ask", "--stdin") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(_turns(ESTIMATE) * 200)
        running.stdin.flush()
        shown = [json.loads(running.stdout.readline())["receipt"] for _ in range(20)]
        running.kill()
        rest = running.stdout.read().split(b"\n")[:-1]  # what stood in the pipe was shown too
    shown += [json.loads(line)["receipt"] for line in rest]
    with closing(sqlite3.connect(data_dir / "ledger.db")) as ledger:
        recorded = {receipt for (receipt,) in ledger.execute("SELECT receipt FROM queries")}
    assert set(shown) <= recorded


def test_a_chat_keeps_its_thread_until_it_is_told_to_forget(aicost: Run) -> None:
    result = aicost(
        "chat", stdin=f"{ESTIMATE}\nand with batch?\n\nnew\nand with batch?\nquit\nprice of gpt-4o\n".encode()
    )
    assert result.status == 0
    before, after = result.out.split("A new conversation")
    assert "$32.50" in before
    assert "$16.25" in before.partition("receipt")[2].partition("receipt")[0]
    assert "$16.25" not in after
    assert after.count("receipt") == 1


def test_a_chat_ends_with_its_input_and_stands_bytes_that_are_no_text(aicost: Run) -> None:
    result = aicost("chat", stdin=b"\xff\xfe\nprice of gpt-4o")
    assert result.status == 0
    assert "$2.50" in result.out


def test_a_folder_that_cannot_be_written_is_done_without(
    aicost: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AICOST_DATA_DIR", str(tmp_path / "file"))
    result = aicost("ask", "--json", ESTIMATE)
    assert result.status == 2, "answered, but not on record"
    assert _first(result.json) == ("32.5", "USD", "day")
    assert "not on record" in result.err


def test_without_a_ledger_there_is_an_answer_and_a_notice(aicost: Run, data_dir: Path) -> None:
    (data_dir / "ledger.db").mkdir()
    result = aicost("ask", ESTIMATE)
    assert result.status == 2, "answered, but not on record"
    assert "$32.50" in result.out
    assert "not on record" in result.out


def test_output_that_is_not_utf8_is_still_json(process: Start) -> None:
    running = process("ask", "--json", ESTIMATE, PYTHONIOENCODING="ascii")
    out, _ = running.communicate()
    assert json.loads(out.decode("ascii"))["status"] == "answered"
    running = process("ask", ESTIMATE, PYTHONIOENCODING="ascii")
    assert b"$32.50" in running.communicate()[0]
    assert running.returncode == 0


@pytest.mark.parametrize(
    "question",
    [
        "price of gpt-4o on 1999-01-01",
        f"price of gpt-4o on {datetime.now(UTC).year + 3}-01-01",
        "10k requests a day, 500 in / 200 out, gpt-4o, at the prices of 1999-01-01",
        "-5 requests a day, 500 in / 200 out, gpt-4o",
        "NaN requests a day, 500 in / 200 out, gpt-4o",
        "1e400 requests a day, 500 in / 200 out, gpt-4o",
        "500 input tokens with 600 cached on gpt-4o",
    ],
)
def test_what_cannot_be_is_an_error_without_a_price(question: str, aicost: Run) -> None:
    result = aicost("ask", "--json", question)
    assert result.status == 2
    assert (result.json["status"], result.json["figures"]) == ("error", [])
    assert "$" not in result.json["headline"]


def test_an_llm_for_every_question_must_be_configured(aicost: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICOST_PARSER", "llm")
    for arguments in (("ask", ESTIMATE), ("ask", "--stdin"), ("chat",)):
        result = aicost(*arguments)
        assert (result.status, result.out) == (2, "")
        assert "AICOST_LLM_API_KEY" in result.err
    assert aicost("price", "gpt-4o").status == 0
