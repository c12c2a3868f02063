"""Reads the body of a chat completion, however malformed: what the model said, and what the server says that it used."""

from __future__ import annotations

import json

from bot.spend.calls import CallUsage
from bot.spend.token_bounds import plausible_usage
from knowledge.lazy_dataclass import dataclass, replace

_LONGEST_NAME = 100
"""Characters of a model's name that are kept; a server may write anything."""


@dataclass(frozen=True)
class Completion:
    """What the model said. `text` is None when it said nothing usable (a refusal, or no completion at all)."""

    text: str | None
    finish_reason: str | None = None
    model: str | None = None
    """The model that the server says answered."""


def read_answer(body: bytes, *, input_limit: int) -> tuple[Completion, CallUsage | None]:
    """The completion in a response body, however malformed, and its usage if that is plausible."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return Completion(None), None
    if not isinstance(data, dict):
        return Completion(None), None
    usage = plausible_usage(data.get("usage"), input_limit=input_limit)
    model = data.get("model")
    model = model[:_LONGEST_NAME] if isinstance(model, str) and model else None
    if usage is not None:
        usage = replace(usage, response_model=model)
    try:
        choice = data["choices"][0]
        text = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        return Completion(None, model=model), usage
    reason = choice.get("finish_reason")
    return Completion(
        text if isinstance(text, str) and text.strip() else None,
        reason if isinstance(reason, str) else None,
        model,
    ), usage
