"""Errors at the edge: each ends in one clear sentence and an exit status, and none in a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from command_line import Run

from adapters.terminal.main import COMMANDS, run
from bot.errors import AicostError, KnowledgeError, NoPriceError, UnknownNameError

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Puts a function in place as the command `aicost probe`."""

    def install(function: Callable[[], Any]) -> None:
        monkeypatch.setitem(sys.modules, "probe", SimpleNamespace(probe=click.command("probe")(function)))  # type: ignore[arg-type]
        monkeypatch.setitem(COMMANDS, "probe", "probe:probe")

    return install


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (
            UnknownNameError("model", "gpt-7", ["gpt-5"]),
            2,
            "I know no model called 'gpt-7'. Did you mean gpt-5?",
        ),
        (NoPriceError("Nobody knows what it costs."), 1, "aicost: Nobody knows what it costs.\n"),
        (KnowledgeError("It is gone.", "Build it."), 2, "aicost: It is gone. Build it.\n"),
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 130, ""),
        (click.UsageError("Not like that."), 2, "Not like that."),
        (click.FileError("x", "no such file"), 2, "no such file"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_becomes_words_and_a_status(
    error: BaseException,
    status: int,
    sentence: str,
    aicost: Run,
    command: Callable[[Callable[[], Any]], None],
) -> None:
    def fail() -> None:
        raise error

    command(fail)
    result = aicost("probe")
    assert result.status == status
    assert sentence in result.err
    assert result.out == ""


def test_a_defect_is_confessed_and_its_traceback_kept(
    aicost: Run,
    command: Callable[[Callable[[], Any]], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    command(lambda: {}["missing"])
    result = aicost("probe")
    assert result.status == 2
    (kept,) = tmp_path.glob("aicost-error-*.txt")
    assert str(kept) in result.err
    assert "KeyError: 'missing'" in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0


def test_debug_shows_the_error_itself(
    aicost: Run, command: Callable[[Callable[[], Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICOST_DEBUG", "1")

    def fail() -> None:
        raise AicostError("It is so.")

    command(fail)
    with pytest.raises(AicostError):
        aicost("probe")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("ask",),
        ("ask", "--jsno", "price of o3"),
        ("usage", "--by", "colour"),
        ("models", "--limit", "-1"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two(arguments: tuple[str, ...], aicost: Run) -> None:
    result = aicost(*arguments)
    assert result.status == 2
    assert "Error: " in result.err


def test_a_mistyped_option_of_ask_is_named_with_what_was_meant(aicost: Run) -> None:
    assert "--json" in aicost("ask", "--jsno", "price of o3").err


@pytest.mark.parametrize("name", ["AICOST_PORT", "AICOST_TIMEZONE", "AICOST_LLM_BASE_URL", "SLACK_API_URL"])
def test_a_wrong_setting_is_refused_by_name(name: str, aicost: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "nonsense")
    for arguments in (("ask", "price of gpt-4o"), ("usage",), ("doctor",), ("kb", "info"), ("serve",)):
        result = aicost(*arguments)
        assert result.status == 2
        assert result.err.startswith(f"aicost: {name} must be ")
        assert "Example" in result.err


def test_no_arguments_and_help_show_all_commands(aicost: Run) -> None:
    for name in COMMANDS:
        assert f"\n  {name} " in aicost("--help").out
    assert "Usage: aicost" in (aicost().out or aicost().err)


def test_version(aicost: Run) -> None:
    assert aicost("--version").out.startswith("aicost, version ")


def test_a_reader_that_goes_away_is_no_error(process: Start) -> None:
    running = process("kb", "info", "--json")
    assert running.stdout is not None
    running.stdout.close()
    _, err = running.communicate()
    assert b"Traceback" not in err
    assert b"pipe" not in err.lower()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_told(data_dir: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "adapters.terminal.main", "kb", "info"],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            check=False,
        )
    assert done.returncode == 2
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def test_ctrl_c_while_waiting_for_input(process: Start) -> None:
    running = process("cost", "--stdin")
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(b"no json\n")
    running.stdin.flush()
    assert running.stdout.readline().startswith(b'{"error"')
    for _ in range(40):  # a signal right before the read begins wakes nobody; a person presses the key again
        running.send_signal(signal.SIGINT)
        try:
            running.wait(0.5)
            break
        except subprocess.TimeoutExpired:
            continue
    assert running.wait(1) == 130
    assert running.stderr is not None
    assert b"Traceback" not in running.stderr.read()


def test_a_closed_standard_input_is_told(
    aicost: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["cost", "--stdin"]) == 2
    assert "no standard input" in capsys.readouterr().err
