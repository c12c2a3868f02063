"""Quantities: a number, what it counts, its role (input, output, cached …) and what it is per (a day, a user, a request).

Reads one text into `Quantity` spans by looking at the words around each number. Which question they belong to is decided later; a value
that stands here is always the value of words in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.parsing.language import Language
from bot.parsing.numbers import Number, read_numbers
from bot.parsing.quantity import COUNTED, Quantity
from bot.parsing.quantity_chains import join_chains, join_chunks, join_corrections
from bot.parsing.quantity_pairs import (
    join_intervals,
    join_money_rates,
    join_products,
    join_ranges,
    share_roles,
)
from bot.parsing.quantity_reader import Reader
from bot.parsing.spans import Word, split_words

_MOST_NUMBERS = 48
"""No question holds more; a pasted table of numbers is read up to here."""


def read_quantities(
    text: str, language: Language = "en", masked: Sequence[tuple[int, int]] = ()
) -> list[Quantity]:
    """All quantities in `text` (folded), in order. Numbers inside `masked` ranges (names of models and GPUs) are none."""
    numbers = read_numbers(text, language, masked)[:_MOST_NUMBERS]
    if not numbers:
        return []
    words = _words_between(text, numbers, masked)
    quantities: list[Quantity] = []
    consumed: set[int] = set()
    for index, number in enumerate(numbers):
        limit = numbers[index + 1].start if index + 1 < len(numbers) else len(text)
        floor = numbers[index - 1].end if index else 0
        quantities.append(Reader(text, words, number, floor, limit, consumed, language).read())
    quantities = join_corrections(text, join_ranges(text, quantities))
    quantities = join_products(text, join_intervals(text, quantities))
    quantities = join_chunks(text, join_chains(text, quantities))
    return _counted_by_an_unknown_noun(share_roles(text, join_money_rates(quantities)))


def _counted_by_an_unknown_noun(quantities: list[Quantity]) -> list[Quantity]:
    """Where nothing else is counted, "1,319 problems" is what is sent, though no table knows problems."""
    quantities = _senders(quantities)
    counted = any(q.unit in COUNTED for q in quantities)
    if counted or not any(q.is_size for q in quantities):
        return quantities
    return [
        replace(q, unit="items")
        if not q.unit and not q.role and q.noun and not q.per_thing and q.value > 1
        else q
        for q in quantities
    ]


def _words_between(text: str, numbers: Sequence[Number], masked: Sequence[tuple[int, int]]) -> list[Word]:
    """The words outside numbers; a masked range is one opaque word, so that a model's name ends a look-around."""
    characters = list(text)
    for number in numbers:
        for at in range(number.start, number.end):
            characters[at] = " "
    opaque: list[Word] = []
    for start, end in masked:
        opaque.append(Word(start, end, "\0model"))
        for at in range(start, min(end, len(characters))):
            characters[at] = " "
    words = split_words("".join(characters))
    return sorted([*words, *opaque], key=lambda word: word.start)


def _senders(quantities: list[Quantity]) -> list[Quantity]:
    """ "1,100 advisors who write 22 letters a week each": what the "each" refers to are users, whatever they are called."""
    for index, quantity in enumerate(quantities):
        each = (
            quantity.unit in COUNTED and quantity.per is not None and quantity.per_thing in ("each", "user")
        )
        if not each or any(q.unit == "users" for q in quantities):
            continue
        for at in range(index - 1, -1, -1):
            sender = quantities[at]
            if not sender.unit and not sender.role and not sender.per and sender.value > 1:
                return [*quantities[:at], replace(sender, unit="users"), *quantities[at + 1 :]]
    return quantities
