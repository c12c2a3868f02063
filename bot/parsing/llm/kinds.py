"""What a text must speak of before a model may call it a question of some kind.

A wrong kind brings in no wrong number, but an answer to something that nobody asked: a hostile model could turn the price of a model
into a bill for hosting it. So each kind needs words for it, or names and numbers that only it has a place for; a text that has
none of them is left to the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parsing.asking.field import speaks_of_the_field
from bot.parsing.reading.spans import LazyPattern

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.parsing.annotate import Annotation
    from bot.parsing.reading.quantity import Quantity

_AMOUNTS = frozenset(["money", "requests", "items", "messages", "conversations", "users", "gpus"])
"""Units that only questions with a workload, a budget or hardware have a place for."""
_TEXT_LENGTHS = ("words", "pages", "characters", "bytes")
_TO_THE_BOT = LazyPattern(r"\b(?:you|your|yourself|aicost|bot|dich|dir|dein\w*|toi|vous|tú|te)\b")
_OWN_UNITS = {
    "training": frozenset(["parameters", "flops", "gpu_hours"]),
    "fine_tuning": frozenset(["epochs", "examples"]),
    "self_hosting": frozenset(["gpus", "gpu_hours"]),
    "break_even": frozenset(["gpus", "gpu_hours"]),
}
"""Units by which a text speaks of a kind without any other word for it."""


def bears(annotation: Annotation, kind: str, own_units: Collection[str]) -> bool:
    """Whether a text is about what questions of this kind are about, and they have a place for its numbers.

    `own_units` are the units that the text itself gives to its numbers, before a form has completed them. An empty slot is no
    reason against a kind: it is asked for.
    """
    if kind in _OWN_UNITS and not _OWN_UNITS[kind].isdisjoint(own_units):
        return True
    check = _CHECKS.get(kind)
    return check is None or check(annotation)


def _amounts(a: Annotation) -> list[Quantity]:
    return [q for q in a.quantities if q.unit in _AMOUNTS or q.role in ("input", "output")]


def _named(a: Annotation) -> bool:
    return bool(a.models or a.makers or a.providers)


def _price(a: Annotation) -> bool:
    of_a_workload = [q for q in _amounts(a) if q.per_thing != "tokens"]
    of_unknown = [q for q in a.quantities if not (q.unit or q.role or q.per_thing) and q.value > 1]
    return _named(a) and not (of_a_workload or of_unknown)


def _history(a: Annotation) -> bool:
    return _price(a) and (bool(a.times) or a.has("history", "cheaper", "difference"))


def _compare(a: Annotation) -> bool:
    several = len(a.models) > 1 or len(a.makers) + len(a.providers) > 1
    asks = a.has("cheapest", "dearest", "cheaper", "compare", "difference", "save", "which", "open_weights")
    if a.has("finance", "said", "energy") and not a.models:
        return several and asks
    return several or asks


def _tokens(a: Annotation) -> bool:
    lengths = bool(a.quotes or a.of_unit(*_TEXT_LENGTHS) or a.has("tokens_count", "count_other"))
    only_lengths = all(q.unit in ("tokens", *_TEXT_LENGTHS, "") for q in a.quantities)
    return lengths or (bool(a.quantities) and only_lengths and not a.models)


def _training(a: Annotation) -> bool:
    return a.has("training", "from_scratch")


def _fine_tuning(a: Annotation) -> bool:
    return a.has("fine_tuning", "lora", "qlora", "training")


def _hosting(a: Annotation) -> bool:
    return bool(a.gpus or a.clouds) or a.has("self_hosting", "gpu_words")


def _break_even(a: Annotation) -> bool:
    return _hosting(a) or a.has("break_even", "own_model", "training", "fine_tuning")


def _usage(a: Annotation) -> bool:
    spoken_of = a.has("usage", "bot") or _TO_THE_BOT.search(a.folded) is not None
    return spoken_of and not _amounts(a)


def _elsewhere(a: Annotation) -> bool:
    return not (a.models or a.gpus or _amounts(a))


_CHECKS = {
    "price": _price,
    "history": _history,
    "compare": _compare,
    "capacity": lambda a: bool(a.of_unit("money")),
    "tokens": _tokens,
    "training": _training,
    "fine_tuning": _fine_tuning,
    "self_hosting": _hosting,
    "break_even": _break_even,
    "estimate": speaks_of_the_field,
    "fact": lambda a: not _amounts(a) and speaks_of_the_field(a),
    "usage": _usage,
    "help": _elsewhere,
    "out_of_scope": _elsewhere,
}
"""Kinds that need some ground; an estimate has a place for any number, and asks for what it lacks."""
