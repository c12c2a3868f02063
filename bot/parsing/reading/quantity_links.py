"""Counts that stand for each of another count: "each run makes 14 calls … 90 runs a day", "6 prompts a shift, one shift a day"."""

from __future__ import annotations

import re
from itertools import pairwise

from bot.parsing.reading.quantity import COUNTED, Quantity
from bot.parsing.reading.spans import LazyPattern
from knowledge.lazy_dataclass import replace

_EACH_NOUN = LazyPattern(
    r"\b(?:each|every|per|one|an?|single|je|pro|jede[rsnm]?|ein|eine|chaque|un|une|par|cada|por|har|ek)\s+(?:single )?([^\W\d_]+(?:[ -][^\W\d_]+){0,2})"
)
_PER_NOUN = LazyPattern(
    r"^\s*(?:,\s*)?(?:per|an?|each|every|in each|in every|pro|je|jede[rnm]?|par|chaque|por|cada|/)\s*(?:single )?([^\W\d_]{2,})"
)
_NOUN_BEHIND = LazyPattern(r"^\s*(?:(?:such|of these|of those|of them|new) )?([^\W\d_]{3,})")
_DIGIT = LazyPattern(r"\d")
_BEFORE = 80
_LEAST_STEM = 2
_SHORT = 3
"""Nouns ("PR", "job") whose plural is the word and an s; a longer one may change its end."""


_OVER = LazyPattern(
    r"^\s*(?:over|through|across|on|of|durch|über|sur|sobre)\s+(?:(?:an?|the|our|my|all|all of|einen?|den|le|la|un|el)\s+)*(?:dataset|data set|corpus|file|table|set|batch|collection|datensatz|jeu de données)?\s*(?:of|with|von|mit|de)?\s*$"
)
_REPEATED = frozenset(
    "runs run passes pass iterations rounds sweeps epochs times durchläufe läufe passages pasadas".split()
)


def number_the_items(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "One million 100-token completions", "one 400 word essay a week": what stands before a length of items counts them."""
    result = list(quantities)
    for at, (count, size) in enumerate(pairwise(quantities)):
        bare = not (count.unit or count.role or count.per or count.per_thing) and count.high is None
        if not bare or not size.is_size or not size.item_noun or text[count.end : size.start].strip():
            continue
        result[at] = replace(count, unit="items", noun=size.item_noun, per=size.per)
        result[at + 1] = replace(size, per=None)
    return result


def link_counts(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """The counts with those marked as `per_thing="item"` that are said to be for each of what another one counts."""
    counts = [q for q in quantities if q.unit in COUNTED and not q.role]
    if len(counts) < 2:
        return quantities
    quantities = [
        replace(q, per_thing="item")
        if q.noun in _REPEATED
        and not (q.per or q.per_thing)
        and any(_OVER.search(text[q.end : other.start]) for other in counts if other.start > q.end)
        else q
        for q in quantities
    ]
    result: list[Quantity] = []
    joined: list[Quantity] = []
    for quantity in quantities:
        if quantity.unit in ("requests", "items", "messages", "images") and quantity.per is None:
            others = [q for q in counts if q is not quantity and q.unit != "users"]
            other = next((q for q in others if _is_for_each(text, quantity, q)), None)
            if other is not None and quantity.per_thing in ("user", "each"):
                joined.append(other)
                quantity = replace(quantity, value=quantity.value * other.value, per=other.per)
            elif other is not None and not quantity.per_thing:
                kind = "conversation" if other.unit == "conversations" else "item"
                quantity = replace(quantity, per_thing=kind)
        result.append(quantity)
    return [q for q in result if not any(q is other for other in joined)]


def _is_for_each(text: str, quantity: Quantity, other: Quantity) -> bool:
    noun = other.noun or _noun(text, other)
    if len(noun) < _LEAST_STEM:
        return False
    behind = _PER_NOUN.search(text[quantity.end : quantity.end + 40])
    if behind and _same(behind.group(1), noun):
        return True
    if other.start < quantity.start and other.value != 1 and other.per is None:
        return False  # "90 documents, each document has 3 …" reads left to right elsewhere
    before = text[max(0, quantity.start - _BEFORE) : quantity.start]
    before = before[max(before.rfind(sign) for sign in ".;?!\n") + 1 :]
    for found in _EACH_NOUN.finditer(before):
        if _DIGIT.search(before[found.end() :]):
            continue
        if any(_same(word, noun) for word in re.findall(r"[^\W\d_]{2,}", found.group(1))):
            return True
    return False


def _noun(text: str, quantity: Quantity) -> str:
    found = _NOUN_BEHIND.search(text[quantity.end : quantity.end + 30])
    return found.group(1) if found else ""


def _same(word: str, noun: str) -> bool:
    """Whether two words are one noun in singular and plural ("query", "queries")."""
    short, long = sorted((word, noun), key=len)
    if len(short) <= _SHORT:
        return long in (short, short + "s")
    stem = short[: max(_LEAST_STEM, len(short) - 1)]
    return long.startswith(stem) and len(long) - len(stem) <= 4
