"""How a service logs: one line an event on stderr, UTC times, no secret or pass, and no traceback for a network that merely fails.

2026-11-22T10:00:00.123Z INFO adapters.serve listening on http://127.0.0.1:8080
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.settings import SETTINGS, Settings

_QUIET = ("aiohttp.access", "httpx", "httpx2", "httpcore", "openai", "sqlite_utils")
"""Loggers that report each request at INFO."""

_LIBRARIES = ("discord", "slack_bolt", "slack_sdk", "aiohttp", "asyncio", "openai")
"""Whose tracebacks say nothing beyond the error's own words."""

_SHORTEST_SECRET = 6

_PASSES = re.compile(r"(?i)([\w-]*(?:ticket|token)=)[^\s&#\"'<>()]+")
"""What lets a holder of an address in, as Slack's WebSocket addresses have it: "wss://…/link/?ticket=…&app_id=…"."""


def set_up(settings: Settings) -> None:
    """Send everything that is logged to stderr in one form; AICOST_DEBUG shows all of it, tracebacks of libraries included."""
    debug = os.environ.get("AICOST_DEBUG", "") not in ("", "0")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(secrets_of(settings), tracebacks=debug))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The values of all secret settings, longest first, so that one that holds another is blanked as a whole."""
    values = (getattr(settings, setting.attribute) for setting in SETTINGS if setting.secret)
    return tuple(sorted((value for value in values if value), key=len, reverse=True))


class OneLine(logging.Formatter):
    """One line a record; control characters are written out, so that no text from outside can forge a line."""

    def __init__(self, secrets: Iterable[str] = (), *, tracebacks: bool = False) -> None:
        super().__init__()
        self._secrets = tuple(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        text = f"{moment.removesuffix('+00:00')}Z {record.levelname} {record.name} {_visible(record.getMessage())}"
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            text = f"{text} ({_visible(f'{type(error).__name__}: {error}')})"
            if self._tracebacks or not record.name.startswith(_LIBRARIES):
                text = f"{text}\n{self.formatException(record.exc_info)}"  # type: ignore[arg-type]  # it has an error
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _PASSES.sub(r"\1***", text)


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
