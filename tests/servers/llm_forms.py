"""Questions that the rules are not sure of, and what a language model that understands them fills into the parser's form."""

from __future__ import annotations

from typing import Any

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
