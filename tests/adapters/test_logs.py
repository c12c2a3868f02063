"""How the service logs: one line a record, in UTC, with no secret in it."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

import pytest

from adapters.logs import OneLine, secrets_of
from bot.settings import Settings


def record(
    message: str, *values: object, name: str = "adapters.serve", error: Exception | None = None
) -> logging.LogRecord:
    info = None
    if error is not None:
        try:
            raise error
        except Exception:
            info = sys.exc_info()
    return logging.LogRecord(name, logging.WARNING, "", 0, message, values, info)


def test_a_record_is_one_line_with_a_utc_time() -> None:
    line = OneLine().format(record("listening on %s", "x"))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING adapters\.serve listening on x", line
    )


def test_nothing_from_outside_forges_a_line_or_moves_the_cursor() -> None:
    line = OneLine().format(record("asked: %s", "a\n2026 INFO root fake\x1b[2J\u202e"))
    assert "\n" not in line
    assert line.endswith("asked: a\\n2026 INFO root fake\\x1b[2J\\u202e")


def test_no_secret_is_logged_not_even_inside_a_traceback(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, discord_token="MTIz.secret", llm_api_key="sk-abcdef", slack_bot_token="xoxb-12345"
    )
    form = OneLine(secrets_of(settings), tracebacks=True)
    text = form.format(
        record("refused %s", "MTIz.secret", error=ValueError("Bot MTIz.secret with sk-abcdef and xoxb-12345"))
    )
    assert "Traceback" in text
    for secret in ("MTIz", "sk-abcdef", "xoxb-12345"):
        assert secret not in text
    assert "refused ***" in text


def test_an_address_that_lets_one_in_is_logged_without_its_pass() -> None:
    address = "wss://wss-primary.slack.com/link/?ticket=7b3f-4c1e%3D&app_id=A1&access_token=xyz-123"
    error = ValueError(f"Invalid response status, url='{address}'")
    line = OneLine(tracebacks=True).format(record("Failed to connect (error: %s)", error, error=error))
    assert "Traceback" in line
    assert "7b3f" not in line
    assert "xyz" not in line
    assert "?ticket=***&app_id=A1&access_token=***'" in line


@pytest.mark.parametrize(
    ("name", "shown"), [("discord.shard", False), ("slack_bolt.App", False), ("bot.router", True)]
)
def test_a_library_gets_no_traceback_and_our_own_defects_do(name: str, shown: bool) -> None:
    text = OneLine().format(record("failed", name=name, error=OSError("no network")))
    assert "failed (OSError: no network)" in text
    assert ("Traceback" in text) is shown
