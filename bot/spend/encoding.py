"""How times, money, texts and answers stand in the ledger, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from bot.answers import plain
from bot.errors import QuantityError, UsageError

_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation])
_LARGEST_USD = Decimal(10) ** 12
_FINEST_USD = -60
"""Exponent of the smallest fraction of a dollar; real rates end at about 1e-12 USD a token."""

_QUOTING_SLOTS = ("text", "query", "detail")
"""Slots of a typed question that hold the person's own words."""


def time_text(moment: datetime) -> str:
    """A moment as `2026-11-22T09:30:00.000Z`. Raises ValueError for one without time zone."""
    if moment.tzinfo is None:
        raise ValueError("a time in the ledger needs a time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def read_time(text: str) -> datetime:
    """The moment that `time_text` wrote."""
    return datetime.fromisoformat(text)


def zone(name: str) -> tzinfo:
    """The time zone of an IANA name; its database is read only when it is not UTC."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"There is no time zone {name!r}.", "Use an IANA name such as Europe/Berlin."
        ) from None


def money_text(amount: Decimal) -> str:
    """An amount of USD, exactly. Raises `QuantityError` for what no call costs (negative, not finite, absurd)."""
    if (
        not amount.is_finite()
        or not 0 <= amount <= _LARGEST_USD
        or int(amount.as_tuple().exponent) < _FINEST_USD
    ):
        raise QuantityError(f"A call cannot cost {amount} USD.", "Check the price of the model.")
    return plain(amount)


def add(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; rounding, were it ever needed, is an error instead of a wrong cent."""
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def times(amount: Decimal, count: int) -> Decimal:
    """`count` times an amount, exactly."""
    return _EXACT.multiply(amount, Decimal(count))


def less(amount: Decimal, other: Decimal) -> Decimal:
    """`amount` minus `other`, exactly."""
    return _EXACT.subtract(amount, other)


def storable(text: str) -> str:
    """The text without what SQLite's UTF-8 cannot hold: half a surrogate pair, as some clients cut an emoji, becomes "?"."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def json_text(data: Any) -> str:
    """JSON for a column, readable in Datasette."""
    return storable(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def without_words(question: Any) -> Any:
    """A typed question (JSON data) without the person's own words, for when those must not be kept: only typed slots remain."""
    if isinstance(question, dict):
        return {
            name: "" if name in _QUOTING_SLOTS and isinstance(value, str) else without_words(value)
            for name, value in question.items()
        }
    if isinstance(question, list):
        return [without_words(value) for value in question]
    return question


def answer_without_words(answer: dict[str, Any], text: str | None) -> dict[str, Any]:
    """An answer's JSON without the words of the question `text`: they leave the typed question, and sentences that quote them."""
    quotes = {quote for quote in (text or "", *_words(answer.get("parsed"))) if _tells(quote)}

    def bare(sentence: str) -> str:
        for quote in sorted(quotes, key=len, reverse=True):
            sentence = sentence.replace(quote, "…")
        return sentence

    kept = {
        **answer,
        "parsed": without_words(answer.get("parsed")),
        "headline": bare(answer.get("headline", "")),
    }
    for name in ("assumptions", "details"):
        kept[name] = [bare(sentence) for sentence in answer.get(name, ())]
    return kept


def _tells(quote: str) -> bool:
    """Whether a quote says something of a person; a bare model name as a question does not, and belongs in its answer."""
    return len(quote) >= 8 and " " in quote


def _words(question: Any) -> list[str]:
    if isinstance(question, dict):
        own = [value for name, value in question.items() if name in _QUOTING_SLOTS and isinstance(value, str)]
        return own + [word for value in question.values() for word in _words(value)]
    if isinstance(question, list):
        return [word for value in question for word in _words(value)]
    return []
