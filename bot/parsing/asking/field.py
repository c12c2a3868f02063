"""Whether a text speaks of anything that the bot knows about, before anybody asks what.

People chat with a bot: "make me a sandwich", "who wrote hamlet". The rules do not read such a text, and neither could a language model;
it would be paid for saying so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.parsing.annotate import Annotation

_OF_ANY_FIELD = frozenset(["which", "why", "greeting", "translate", "follow_up", "total"])
"""Cues that stand in sentences about anything."""


def speaks_of_the_field(a: Annotation) -> bool:
    """Whether a text holds a number, a name, or a word of cost, models, companies or hardware; in a language that the rules do not
    know it may."""
    if a.language == "other" or a.models or a.makers or a.providers or a.gpus or a.clouds:
        return True
    return bool(a.quantities or a.subjects or a.cues.keys() - _OF_ANY_FIELD)
