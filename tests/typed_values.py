"""What a typed question holds, for tests that ask whether it stands in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from bot.questions import ModelRef


def numbers(question: Any) -> set[Decimal]:
    """Every number in a question."""
    return {value for value in _leaves(question) if isinstance(value, Decimal)}


def model_words(question: Any) -> set[str]:
    """The words by which the question names its models."""
    return {value.mention for value in _leaves(question) if isinstance(value, ModelRef)}


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, ModelRef) or not is_dataclass(value):
        yield value
    else:
        for field in fields(value):
            yield from _leaves(getattr(value, field.name))
