"""Which numbers of a text ended nowhere: no slot of the typed question holds them, alone or multiplied with others.

A calculation that drops a number of the question is wrong without showing it, so the parser asks what the number stands for.
"""

from __future__ import annotations

import re
from dataclasses import field
from decimal import Decimal
from itertools import combinations
from math import prod
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.reading.quantity import COUNTED, SIZE_UNITS, Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.questions import Constraints, Question, Size
from knowledge.lazy_dataclass import dataclass

_FACTORS = {
    "percent": (100,),
    "minutes": (1, 60),
    "hours": (1, 60, 3600),
    **dict.fromkeys(SIZE_UNITS, (1,)),
    **dict.fromkeys(COUNTED, (1, 3)),
}
"""Between a number as written and as a slot holds it: percent, time as seconds, quarters as months."""
_MOST_NAMED = 3
"""Numbers that an answer names as unused."""
_MOST_COMBINED = 10
"""Numbers of one text whose products and sums are tried; a longer sheet of figures is judged number by number."""


_TOLD = LazyPattern(
    r"\b24 ?/ ?7\b|\b[24] (?=\d|\w+ing\b|the\b|my\b|our\b)|\b24 ?(?:h|hrs?|hours?|x7)\b|(?<![\d.,])\d ?/ ?\d(?: of\b|th)|\b\d{1,2}(?:st|nd|rd|th)\b|#\d+|\b(?:step|stage|phase|option|scenario|variant|case|question|schritt|stufe|étape|paso|szenario|variante|no\.?|nr\.?) ?#?\d{1,2}\b(?! ?[k%])|\b\d{1,2}[ -]?(?:to|-|–)[ -]?\d{1,2}\b|\btop \d+|\b\d+ (?:(?:working|business|work) days|cheapest|best|dearest)"
)
"""Numbers that other rules read: opening hours, working days, how many models are to be listed."""


def _each_of_nothing(annotation: Annotation) -> list[Quantity]:
    """ "Our tickets, about 300 tokens each": how many there are is not said, and one is not what is meant."""
    sizes = [q for q in annotation.quantities if q.is_size and q.per_thing == "each"]
    counted = annotation.of_unit(*COUNTED) or any(q.per for q in annotation.quantities)
    several = _SEVERAL.search(annotation.folded) is not None
    return sizes if sizes and several and not counted else []


_SEVERAL = LazyPattern(
    r"\b(?:my|our|the|all|these|those|unsere|meine|nos|mes|nuestr[oa]s|mis|hamare) (?:\w+ ){0,2}?(?:tickets|emails|e-mails|documents|docs|reviews|messages|requests|calls|chats|pdfs|files|invoices|contracts|articles|questions|posts|orders|customers|products|reports)\b"
)
_FRACTION = LazyPattern(
    r"(?<![\d.,/])([1-9]) ?(?:/|out of|in every|of every|out of every) ?([1-9]\d?)(?= of\b|ths?\b|\b(?! ?[k%]))"
)


def unaccounted(question: Question, annotation: Annotation) -> list[Quantity]:
    """The counts and sizes of the text that `question` does not hold, in the order of the text."""
    held = _Held()
    _gather(question, held)
    if question.kind == "estimate" and (alone := _each_of_nothing(annotation)):
        return alone
    bare = any(not q.unit and not q.role for q in annotation.quantities)
    told = list(_TOLD.finditer(annotation.folded)) if bare else []
    stated = [q for q in annotation.quantities if _matters(q) or _stands_in_a_workload(q, annotation, told)]
    missing = [q for q in stated if not _is_held(q, held) and q not in annotation.beside]
    if not missing:
        return []
    factors = stated + [q for q in annotation.quantities if q.unit == "times"]  # "four times per order"
    fractions = [Decimal(m.group(1)) / Decimal(m.group(2)) for m in _FRACTION.finditer(annotation.folded)]
    return [
        q
        for q in missing
        if not _is_part(q, factors, held) and not any(q.value * part in held.of(q) for part in fractions)
    ]


def notes_on_unused(question: Question, annotation: Annotation) -> tuple[str, ...]:
    """Sentences on the numbers that nothing gave a meaning or that are beside the point; an answer must say so."""
    if question.kind not in ("estimate", "compare", "capacity"):
        return ()
    bare = [
        q
        for q in annotation.quantities
        if not q.unit and not q.role and not q.per and not q.per_thing and q.value > 1
        if q.value not in numbers_in(question)
    ]
    told = list(_TOLD.finditer(annotation.folded)) if bare else []
    unused = [
        annotation.text[q.start : q.end]
        for q in bare
        if not any(match.start() <= q.start < match.end() for match in told)
    ]
    beside = dict.fromkeys(annotation.text[q.start : q.end] for q in annotation.beside)
    return (
        *(f"“{number}” is no part of the calculation." for number in beside),
        *(
            f"I could not tell what “{number}” counts; it is not part of the calculation."
            for number in unused[:_MOST_NAMED]
        ),
    )


def _matters(quantity: Quantity) -> bool:
    if quantity.unit == "percent":
        return quantity.value < 100
    if quantity.per_thing in ("basis", "threshold") or quantity.value in (0, 1):
        return False
    return quantity.unit in COUNTED or quantity.unit in SIZE_UNITS or quantity.unit == "languages"


_EACH = LazyPattern(
    r"\b(?:each|every|per|apiece|everyone|all|times|je|jeweils|jede[rsnm]?|pro|chaque|chacune?s?|par|cada|por|har|ek|x)\b|[×*]"
)
_HOW_OFTEN = ("requests", "items", "messages", "conversations", "users")


def _stands_in_a_workload(quantity: Quantity, annotation: Annotation, told: list[re.Match[str]]) -> bool:
    """Whether a number that nothing is known of stands in a sentence about how much is sent; elsewhere it is about something else."""
    if quantity.unit or quantity.role or quantity.per_thing not in ("", "each") or quantity.value <= 1:
        return False
    is_version = quantity.value != quantity.value.to_integral_value()
    if is_version or any(match.start() <= quantity.start < match.end() for match in told):
        return False
    start, end = annotation.sentence(quantity.start)
    if quantity.noun and not _EACH.search(annotation.clause(quantity)) and annotation.of_unit(*_HOW_OFTEN):
        return False  # "900 commands a day on our 45 servers" says how often by itself
    return any(
        start <= q.start < end and (q.is_size or q.counts_requests or q.unit in ("conversations", "turns"))
        for q in annotation.quantities
    )


@dataclass
class _Held:
    """The numbers that a typed question holds: lengths of text apart from counts and shares."""

    sizes: set[Decimal] = field(default_factory=set)
    counts: set[Decimal] = field(default_factory=set)

    def of(self, quantity: Quantity) -> set[Decimal]:
        """Where a number of this kind may have gone: a length into lengths, a count into either ("12 chunks of 400 tokens")."""
        return self.sizes if quantity.is_size else self.sizes | self.counts


def _is_held(quantity: Quantity, held: _Held) -> bool:
    values = (quantity.value,) if quantity.high is None else (quantity.value, quantity.high)
    places = held.of(quantity)
    for value in values:
        for factor in _FACTORS.get(quantity.unit, (1,)):
            if value * factor in places or (value / factor in places and value / factor != 1):
                return True
    return False


def _is_part(quantity: Quantity, stated: list[Quantity], held: _Held) -> bool:
    """Whether a slot is the product or the sum of this number and others of the text."""
    others = [q for q in stated if q is not quantity][:_MOST_COMBINED]
    if quantity.unit == "percent":
        share = quantity.value / 100
        return any(q.value * part in held.of(q) for q in others for part in (share, 1 - share))
    factors = [q.value / 100 if q.unit == "percent" else q.value for q in others if not q.is_size]
    alike = [q.value for q in others if q.is_size == quantity.is_size and q.unit != "percent"]
    places = held.of(quantity)
    for size in (1, 2, 3):
        for chosen in combinations(factors, size):
            if prod(chosen, start=quantity.value) in places:
                return True
        for chosen in combinations(alike, size):
            if sum(chosen, quantity.value) in places:
                return True
    if not quantity.is_size:  # "12 chunks of 400 tokens"
        return any(quantity.value * q.value in held.sizes for q in others if q.is_size)
    if any(quantity.value - other in held.sizes or other - quantity.value in held.sizes for other in alike):
        return True
    return any(quantity.value - part in held.sizes for part in held.sizes)  # split by a ratio or by shares


def numbers_in(question: Question) -> set[Decimal]:
    """All numbers that a typed question holds."""
    held = _Held()
    _gather(question, held)
    return held.sizes | held.counts


_NO_NUMBERS = (str, bool)


def _gather(value: Any, held: _Held) -> None:
    """Add the numbers that a typed question, or a part of one, holds."""
    kind = type(value)
    if kind is Decimal:
        held.counts.add(value)
    elif kind is int:
        held.counts.add(Decimal(value))
    elif kind is Size:
        held.sizes.update(amount for amount in (value.amount, value.high) if amount is not None)
    elif kind is Constraints and value.min_context is not None:
        held.sizes.add(value.min_context)
    elif kind is tuple:
        held.counts.add(Decimal(len(value)))
        for item in value:
            _gather(item, held)
    elif hasattr(value, "__dict__"):
        for part in vars(value).values():
            if part is not None and type(part) not in _NO_NUMBERS:  # most slots are empty
                _gather(part, held)
