"""Discord's limits as data, and the check that a message keeps them. discord.py itself checks only the number of components.

Source: Discord's documentation, "Component Reference" and "Message Resource" (https://docs.discord.com/developers/components/reference,
https://docs.discord.com/developers/resources/message), read 2026-11-22.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TEXT_DISPLAY = 10
"""Type number of a text display component."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that Discord takes of one thing."""

    what: str
    most: int


LAYOUT_TEXT = Limit("characters in all text displays of a message", 4000)
LAYOUT_COMPONENTS = Limit("components of a message, nested ones counted", 40)
CONTENT = Limit("characters of a message without components", 2000)


def length(text: str) -> int:
    """Length as the strictest of Discord's clients counts it: UTF-16 units, so that an emoji counts twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def layout_problems(components: list[dict[str, Any]]) -> list[str]:
    """Which limits a Components V2 payload breaks, in words; an empty list when Discord will take it."""
    texts = 0
    count = 0
    empty = False
    waiting = list(components)
    while waiting:
        component = waiting.pop()
        count += 1
        if component.get("type") == TEXT_DISPLAY:
            texts += length(component["content"])
            empty = empty or not component["content"].strip()
        waiting.extend(component.get("components", ()))
        if "accessory" in component:
            waiting.append(component["accessory"])
    problems = [
        f"{found} {limit.what} (at most {limit.most})"
        for limit, found in ((LAYOUT_TEXT, texts), (LAYOUT_COMPONENTS, count))
        if found > limit.most
    ]
    if empty:
        problems.append("an empty text display")
    if not components:
        problems.append("no component at all")
    return problems
