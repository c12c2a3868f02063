"""Quantities: a number, what it counts, its role (input, output, cached …) and what it is per (a day, a user, a request).

Reads one text into `Quantity` spans by looking at the words around each number. Which question they belong to is decided later; a value
that stands here is always the value of words in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

from bot.parsing.reading.compounds import read_compounds
from bot.parsing.reading.language import Language
from bot.parsing.reading.lexicon import COST_WORDS, PERIODS, ROLES, STOPWORDS
from bot.parsing.reading.numbers import Number, read_numbers
from bot.parsing.reading.quantity import COUNTED, Quantity
from bot.parsing.reading.quantity_chains import join_chains, join_chunks, join_corrections, without_peaks
from bot.parsing.reading.quantity_labels import label_roles
from bot.parsing.reading.quantity_links import link_counts, number_the_items
from bot.parsing.reading.quantity_pairs import (
    join_intervals,
    join_money_rates,
    join_products,
    join_ranges,
    share_roles,
)
from bot.parsing.reading.quantity_reader import SENDERS, Reader
from bot.parsing.reading.spans import LazyPattern, Word, split_words
from knowledge.lazy_dataclass import replace

_MOST_NUMBERS = 48
"""No question holds more; a pasted table of numbers is read up to here."""


def read_quantities(
    text: str, language: Language = "en", masked: Sequence[tuple[int, int]] = ()
) -> list[Quantity]:
    """All quantities in `text` (folded), in order. Numbers inside `masked` ranges (names of models and GPUs) are none."""
    text = _TWICE.sub(lambda m: m.group(1) + " " * (len(m.group()) - len(m.group(1))), text)
    numbers = [n for n in read_numbers(text, language, masked)[:_MOST_NUMBERS] if not _is_asked_for(text, n)]
    if not numbers:
        return []
    words = read_compounds(_words_between(text, numbers, masked), language)
    quantities: list[Quantity] = []
    consumed: set[int] = set()
    for index, number in enumerate(numbers):
        limit = numbers[index + 1].start if index + 1 < len(numbers) else len(text)
        floor = numbers[index - 1].end if index else 0
        quantities.append(Reader(text, words, number, floor, limit, consumed, language).read())
    quantities = without_peaks(text, join_corrections(text, join_ranges(text, quantities)))
    quantities = join_products(text, join_intervals(text, quantities))
    quantities = _pages_sent(text, quantities)
    quantities = join_chunks(text, join_chains(text, quantities))
    quantities = label_roles(text, number_the_items(text, _of_each_month(text, quantities)))
    quantities = share_roles(text, _what_is_per_a_reply(text, join_money_rates(text, quantities)))
    quantities = [q for q in quantities if not _heads_a_list(text, q)]
    return link_counts(text, _counted_by_an_unknown_noun(text, quantities))


_IN_MONTH = LazyPattern(
    r"^ (?:in|im|en|for) (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|fév|avr|juin|juil|août|déc|ene|abr|ago|dic)\w*"
)


def _of_each_month(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "14k requests in Jan, 17k in Feb": the same thing, counted for each month."""
    first = next((q for q in quantities if q.unit in COUNTED and _IN_MONTH.search(text[q.end :])), None)
    if first is None:
        return quantities
    return [
        replace(q, unit=first.unit, noun=text[q.end : q.end + 7].strip())
        if not (q.unit or q.role or q.per) and q.start > first.end and _IN_MONTH.search(text[q.end :])
        else q
        for q in quantities
    ]


_TWICE = re.compile(r"(?<![\d.,-])(\d{1,3})-\1(?![\d.,-])")
"""Hindi says "4-4 questions" for four each."""
_HOW_MANY = LazyPattern(r"\b(?:how many|wie ?viele|combien de|cu[aá]nt[oa]s|kitne) $")


def _is_asked_for(text: str, number: Number) -> bool:
    """ "How many million input tokens": a scale without a number is what is asked for."""
    bare = not text[number.start].isdigit() and number.value >= 1000
    return bare and _HOW_MANY.search(text[: number.start]) is not None


_HEADING = LazyPattern(
    r"^\W*(?:(?:hi|hey|hello|hallo|bonjour|hola|ok|so|i have|i've got|got|just|quick|ich habe|habe|j'ai|tengo)\W+)*$"
)
_ASKED = frozenset(
    "question questions thing things frage fragen preguntas pregunta cosas choses dinge sawal".split()
)


def _heads_a_list(text: str, quantity: Quantity) -> bool:
    """ "Two questions: …" counts what is asked, not what is sent."""
    if quantity.value > 5 or quantity.per or not _HEADING.search(text[: quantity.start]):
        return False
    behind = text[quantity.end :].lstrip()
    noun = quantity.noun or behind.split(" ", 1)[0].rstrip(".:,")
    return noun in _ASKED and (behind[:1] in ".:," or behind.split(" ", 1)[0][-1:] in (".", ":", ","))


def _counted_by_an_unknown_noun(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """Where nothing else is counted, "1,319 problems" is what is sent, though no table knows problems."""
    quantities = _senders(text, quantities)
    counted = any(q.unit in COUNTED for q in quantities)
    if counted or not any(q.is_size for q in quantities):
        return quantities
    each = max(
        (q.start for q in quantities if q.is_size and _EACH.search(text[max(0, q.start - 9) : q.end + 9])),
        default=0,
    )
    return [
        replace(q, unit="users" if (noun or q.noun) in SENDERS else "items", noun=noun or q.noun)
        if not (q.unit or q.role or q.per_thing or q.per)
        and q.value > 1
        and (q.noun or noun or (q.start < each and _FEW_WORDS.search(text[q.end : q.end + 60])))
        else q
        for q, noun in ((q, plural_behind(text, q)) for q in quantities)
    ]


_FEW_WORDS = LazyPattern(r"^(?:[ -]+[^\W\d_]{2,}){1,5}")


def plural_behind(text: str, quantity: Quantity) -> str:
    """ "640 medical imaging reports": the noun, by its plural, that ends the words right behind a bare number; "" for none."""
    match = _FEW_WORDS.search(text[quantity.end : quantity.end + 60])
    for word in match.group().replace("-", " ").split() if match else ():
        if word in STOPWORDS or word in COST_WORDS or word in PERIODS or word in ROLES:
            return ""
        if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
            return word
    return ""


def _words_between(text: str, numbers: Sequence[Number], masked: Sequence[tuple[int, int]]) -> list[Word]:
    """The words outside numbers; a masked range is one opaque word, so that a model's name ends a look-around."""
    characters = list(text)
    for number in numbers:
        characters[number.start : number.end] = " " * (number.end - number.start)
    opaque: list[Word] = []
    for start, end in masked:
        opaque.append(Word(start, end, "\0model"))
        characters[start:end] = " " * (min(end, len(characters)) - start)
    words = split_words("".join(characters))
    return sorted([*words, *opaque], key=itemgetter(0)) if opaque else words


_PER_PAGE = LazyPattern(
    r"(?:\b(?:per|an?|each|every|pro|je|par|por|cada|chaque)|/) ?(?:page|seite|p[áa]gina)\b"
)


def _pages_sent(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "3.9M pages, 1,200 tokens in and 300 out per page": pages that are sent one by one are items, no length."""
    pages = [q for q in quantities if q.unit == "pages"]
    sized = any(q.role in ("input", "output") and q.unit in ("tokens", "") for q in quantities)
    if len(pages) != 1 or not sized or any(q.unit in COUNTED for q in quantities):
        return quantities
    if not _PER_PAGE.search(text):
        return quantities
    return [replace(q, unit="items", noun="pages") if q is pages[0] else q for q in quantities]


_PER_WRITTEN = LazyPattern(
    r"\b(?:per|each|every|pro|par|por) (?:reply|answer|response|completion|antwort|réponse|respuesta)\W*$"
)
_PER_BEHIND = LazyPattern(r"^ (?:per|each|every|pro|par|por) \w+")
_PER_SENT = LazyPattern(
    r"\b(?:per|each|every|pro|par|por) (?:message|prompt|question|query|nachricht|frage|question|mensaje|pregunta)\W*$"
)


def _what_is_per_a_reply(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "100 tokens per message, 150 per reply": what a reply has comes out, and is of the same unit; then messages go in."""

    def matches(pattern: LazyPattern, q: Quantity) -> bool:
        fits = not q.role and (q.is_size or not q.unit) and q.per is None
        if not fits:
            return False
        behind = _PER_BEHIND.search(text[q.end : q.end + 30])
        return pattern.search(text[q.start : q.end] + (behind.group() if behind else "")) is not None

    unit = next((q.unit for q in quantities if q.is_size), "tokens")
    if not any(matches(_PER_WRITTEN, q) for q in quantities):
        return quantities
    result = []
    for q in quantities:
        if matches(_PER_WRITTEN, q):
            q = replace(q, role="output", unit=q.unit or unit)
        elif matches(_PER_SENT, q):
            q = replace(q, role="input", unit=q.unit or unit)
        result.append(q)
    return result


_EACH = LazyPattern(r"\b(?:each|every one|je|jeweils|jede[rs]?|chacune?s?|cada|apiece)\b")
_WHO = LazyPattern(r"^\W*[^\W\d_]+,? (?:who|that|which|die|welche|qui|que|jo)\b")
"""A relative clause behind the noun: "50 tellers who ask 40 questions a day"."""
_OF = LazyPattern(r"^\W*(?:de|of|with|à|mit|con|avec|von|x)\W*$")
_PER_NOUN = LazyPattern(r"^\W*(?:per|par|pro|por|je|each|every|cada|chaque|an?)\s+([^\W\d_]{4,})")


def _senders(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "1,100 advisors who write 22 letters a week each", "12 classes of 28 pupils, 15 questions per pupil": who sends.

    What an "each" or a "per pupil" refers to are users, whatever they are called: nouns are an open class.
    """
    for index, quantity in enumerate(quantities):
        if quantity.unit == "users":
            group = quantities[index - 1] if index else None
            if group and _is_bare_count(group) and _OF.search(_after_noun(text, group, quantity.start)):
                crowd = replace(quantity, start=group.start, value=group.value * quantity.value)
                return [*quantities[: index - 1], crowd, *quantities[index + 1 :]]
            return quantities
    for index, quantity in enumerate(quantities):
        if quantity.unit not in COUNTED:
            continue
        for at in range(index - 1, -1, -1):
            sender = quantities[at]
            if not _is_bare_count(sender):
                continue
            if not _refers_back(text, sender, quantity):
                break
            group = quantities[at - 1] if at else None
            users, first = replace(sender, unit="users"), at
            if group and _is_bare_count(group) and _OF.search(_after_noun(text, group, sender.start)):
                users = replace(users, start=group.start, value=group.value * sender.value)
                first = at - 1
            sent = replace(quantity, per_thing=quantity.per_thing or "user")
            return [
                *quantities[:first],
                users,
                *quantities[at + 1 : index],
                sent,
                *quantities[index + 1 :],
            ]
    return quantities


def _is_bare_count(quantity: Quantity) -> bool:
    return not (quantity.unit or quantity.role or quantity.per) and quantity.value > 1 and bool(quantity.noun)


def _refers_back(text: str, sender: Quantity, sent: Quantity) -> bool:
    """Whether `sent` is what each of `sender` sends."""
    if sent.per_thing in ("each", "user") and sent.per is not None:
        return True
    between = text[sender.end : sent.start]
    if _EACH.search(between) or _WHO.search(between):
        return True
    per = _PER_NOUN.search(text[sent.end : sent.end + 40])
    return per is not None and per.group(1)[:4] == sender.noun[:4]


def _after_noun(text: str, quantity: Quantity, until: int) -> str:
    """What stands between the noun that a bare count counts and the next number."""
    return text[quantity.end : until].strip().removeprefix(quantity.noun)
