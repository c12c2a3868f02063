"""What several commands read from their arguments in the same way: counts, dates, lists of names, and a text."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click

from bot.errors import UsageError
from knowledge.records import FIRST_PRICES

F = TypeVar("F", bound=Callable[..., Any])

MAX_NUMBER = 10**18
"""More of anything is a slip of the keyboard."""

MAX_TEXT_BYTES = 100_000_000

_NUMBER = re.compile(r"([+-]?\d+(?:[_,]\d{3})*(?:\.\d+)?(?:[eE]\+?\d{1,3})?)\s?([kKmMbBtT]?)", re.ASCII)
_SCALE = {"": 0, "k": 3, "m": 6, "b": 9, "t": 12}


def number(value: str) -> Decimal:
    """Option type: a number as people write it on a command line (500, 10k, 1.5M, 2_000_000, 1e6)."""
    found = _NUMBER.fullmatch(value.strip())
    if found is None:
        raise click.BadParameter(f"{value!r} is no number, such as 500, 10k or 1.5M.")
    digits, suffix = found.groups()
    amount = Decimal(re.sub("[_,]", "", digits)) * Decimal(10) ** _SCALE[suffix.lower()]
    if abs(amount) > MAX_NUMBER:
        raise click.BadParameter(f"{value!r} is absurdly large.")
    return amount


def positive(value: str) -> Decimal:
    """Option type: such a number above zero."""
    amount = number(value)
    if amount <= 0:
        raise click.BadParameter(f"{value!r} is not above zero.")
    return amount


def day(value: str) -> datetime:
    """Option type: a day (2024-06-01), as the moment in UTC at which prices of that day are looked up."""
    return moment(value)


def names(value: str) -> tuple[str, ...]:
    """Option type: names separated by commas."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def json_option(command: F) -> F:
    """The option `--json`, as the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def moment(text: str) -> datetime:
    """The moment in UTC that an ISO date (read as its noon) or an ISO time names.

    Raises `UsageError` for one that no price can be of.
    """
    try:
        when = (
            datetime.fromisoformat(text)
            if len(text) > 10
            else datetime.combine(date.fromisoformat(text), time(12))
        )
    except ValueError:
        raise UsageError(f"{text!r} is no date.", "Write it as 2024-06-01.") from None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    if when.date() > datetime.now(UTC).date():
        raise UsageError(
            f"{text} lies in the future, and no price of then is known.", "Name a day up to today."
        )
    if when.date() < FIRST_PRICES:
        raise UsageError(f"{text} lies before the first price of any language model API ({FIRST_PRICES}).")
    return when


def read_text(path: str) -> str:
    """The text of a file, or of standard input for "-"."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).") from error
    name = "The standard input" if path == "-" else path
    if len(data) > MAX_TEXT_BYTES:
        raise UsageError(f"{name} is larger than {MAX_TEXT_BYTES // 1_000_000} MB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no UTF-8 text (byte {error.start + 1:,}).") from None
