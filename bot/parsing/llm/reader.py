"""Reads the form out of whatever a model wrote: bare JSON, JSON in a code fence or between sentences, thoughts before it.

What comes out has exactly the form's fields with values of the right type from the closed lists; what does not fit is left
out, and without a known `kind` there is no form at all. Sizes are bounded, whatever the model wrote. Nothing here judges
whether it is true: that is `bot.parsing.llm.grounding`'s duty.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypedDict

from bot.parsing.llm.schema import KINDS, PER, PERIODS, ROLES, WANTS

MAX_ITEMS = 24
"""Entries of a list that are looked at."""
MAX_STRING = 200
"""A longer string is no words of a question that mean one thing."""
_MAX_STARTS = 8
"""Places at which an object may begin that are tried."""

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


class RawQuantity(TypedDict):
    """Words of the question that hold a number, what it is, and what it is per."""

    text: str
    role: str
    per: str | None


class RawParse(TypedDict):
    """The form as a model filled it."""

    kind: str
    models: list[str]
    quantities: list[RawQuantity]
    want: str | None
    want_per: str | None
    follow_up: bool


def read_form(text: str) -> RawParse | None:
    """The form in a model's output, or None when there is none."""
    for data in objects_in(text):
        form = as_form(data)
        if form is not None:
            return form
    return None


def as_form(data: Any) -> RawParse | None:
    """The form in decoded JSON; None without a known `kind`."""
    if not isinstance(data, dict):
        return None
    kind = _one_of(data.get("kind"), KINDS)
    if kind is None:
        return None
    quantities = (_quantity(item) for item in _items(data.get("quantities")))
    return RawParse(
        kind=kind,
        models=_strings(data.get("models")),
        quantities=[quantity for quantity in quantities if quantity is not None],
        want=_one_of(data.get("want"), WANTS),
        want_per=_one_of(data.get("want_per"), PERIODS),
        follow_up=data.get("follow_up") is True,
    )


def objects_in(text: str) -> list[Any]:
    """Every outermost JSON object that can be decoded from a model's output, in order, without its thoughts; a few starts are
    tried, not all."""
    text = _THOUGHTS.sub(" ", text)
    decoder = json.JSONDecoder()
    found = []
    at, tries = text.find("{"), 0
    while at >= 0 and tries < _MAX_STARTS:
        tries += 1
        for candidate in (text[at:], _TRAILING_COMMA.sub("", text[at:])):
            try:
                data, length = decoder.raw_decode(candidate)
            except (ValueError, RecursionError):
                continue
            found.append(data)
            at += length - 1
            break
        at = text.find("{", at + 1)
    return found


def _quantity(item: Any) -> RawQuantity | None:
    if not isinstance(item, dict):
        return None
    text, role = _string(item.get("text")), _one_of(item.get("role"), ROLES)
    if text is None or role is None:
        return None
    return RawQuantity(text=text, role=role, per=_one_of(item.get("per"), PER))


def _items(value: Any) -> list[Any]:
    return value[:MAX_ITEMS] if isinstance(value, list) else []


def _strings(value: Any) -> list[str]:
    return [text for item in _items(value) if (text := _string(item)) is not None]


def _string(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if 0 < len(text) <= MAX_STRING else None


def _one_of(value: Any, allowed: tuple[str, ...]) -> str | None:
    if not isinstance(value, str):
        return None
    value = value.strip().lower().replace("-", "_").replace(" ", "_")
    return value if value in allowed else None
