"""Questions that the rules are not sure of, and what a language model that understands a question fills into the parser's form."""

from __future__ import annotations

from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.local import LocalParse
from bot.parsing.reading.quantity import Quantity

NURSES = "gpt-4o, every day 1200 kiosks dictate, 900 tokens apiece and 80 come back"
NURSES_FORM: dict[str, Any] = {
    "models": ["gpt-4o"],
    "quantities": [
        {"text": "1200 kiosks", "role": "requests", "per": "day"},
        {"text": "900 tokens", "role": "input", "per": "request"},
        {"text": "80", "role": "output", "per": "request"},
    ],
    "want": "cost",
    "want_per": None,
    "kind": "estimate",
    "follow_up": False,
}

_ROLE_OF_SIZE = {
    "input": "input", "output": "output", "system": "system_prompt", "cached": "cached", "reasoning": "reasoning",
    "training": "training_tokens",
}  # fmt: skip
_ROLE_OF_UNIT = {
    "requests": "requests", "items": "requests", "messages": "requests", "images": "requests", "users": "users",
    "conversations": "conversations", "turns": "turns", "money": "money", "parameters": "parameters", "examples": "examples",
    "epochs": "epochs", "gpus": "gpus", "gpu_hours": "gpu_hours", "tokens": "tokens", "words": "tokens", "pages": "tokens",
    "characters": "tokens",
}  # fmt: skip


def right_form(annotation: Annotation, parse: LocalParse) -> dict[str, Any]:
    """The form that a model fills in for a text when it understands it as the rules do."""
    return {
        "models": [annotation.text[named.start : named.end] for named in annotation.models],
        "kind": parse.questions[0].kind,
        "want": None,
        "want_per": annotation.want_per,
        "follow_up": parse.is_follow_up,
        "quantities": [
            {
                "text": annotation.text[quantity.start : quantity.end],
                "role": _role(quantity),
                "per": quantity.per
                or (quantity.per_thing if quantity.per_thing in ("user", "conversation") else None),
            }
            for quantity in annotation.quantities
        ],
    }


def _role(quantity: Quantity) -> str:
    return _ROLE_OF_SIZE.get(quantity.role) or _ROLE_OF_UNIT.get(quantity.unit, "other")
