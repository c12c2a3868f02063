"""What reaches the terminal: whole lines when piped, no control characters ever."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal.amounts import exact_usd, rate_usd
from adapters.terminal.output import Line, Table, printable, show


@given(st.text())
def test_no_control_character_survives(text: str) -> None:
    shown = printable(text)
    assert not any((ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160 for c in shown)
    assert len(shown) == len(text)


def test_piped_tables_are_aligned_and_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        [Line("title"), Table([("a", "1"), ("b" * 100, "22")], ("name", "n"), right=frozenset({1}), indent=2)]
    )
    title, *rows = capsys.readouterr().out.splitlines()
    assert title == "title"
    assert [len(row) for row in rows] == [106, 106, 106]
    assert rows[1].endswith("   1")


def _become_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Called in the test itself: between a fixture and its test, pytest puts another stdout in place."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


DOCUMENT = [
    Line("word " * 40, "red", indent=4),
    Table([("label " * 20, "$1,234.56")], right=frozenset({1}), indent=2),
    Line("[bold]no markup[/bold] :smile: \x1b[31mno colour"),
]


def test_a_terminal_gets_colour_and_lines_that_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _become_terminal(monkeypatch)
    show(DOCUMENT)
    out = capsys.readouterr().out
    assert "\x1b[31m" in out
    assert "[bold]no markup[/bold] :smile: �[31mno colour" in out
    assert "$1,234.56" in out
    from rich.text import Text

    assert all(len(Text.from_ansi(line).plain) <= 80 for line in out.splitlines())


def test_an_address_is_not_broken_into_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _become_terminal(monkeypatch)
    address = "https://example.org/" + "long-path/" * 20
    show([Line(address, "dim", indent=2)])
    assert address in capsys.readouterr().out


def test_no_color_is_honoured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _become_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    show(DOCUMENT)
    assert "\x1b[3" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("amount", "exact", "rate"),
    [
        ("2.5", "$2.50", "$2.50"),
        ("10", "$10", "$10"),
        ("1.09375", "$1.09375", "$1.09375"),
        ("0.18000000000000002", "$0.18000000000000002", "$0.18"),
        ("1234567.5", "$1,234,567.50", "$1,234,568"),
        ("0.0000125", "$0.0000125", "$0.0000125"),
        ("0", "$0", "$0"),
    ],
)
def test_bills_are_exact_and_rates_as_listed(amount: str, exact: str, rate: str) -> None:
    assert exact_usd(Decimal(amount)) == exact
    assert rate_usd(Decimal(amount)) == rate
