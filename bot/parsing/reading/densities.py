"""Densities that a text states itself: how many words a page has, how many tokens a word, how many words are spoken in a minute.

"40 pages, 1,800 characters each" and "750 words = 1000 tokens" replace the conventions for this one question. They are read before the
quantities, masked, and applied to those that they are about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Context, Decimal
from typing import Any, TypeVar

from bot.parsing.reading.language import Language
from bot.parsing.reading.lexicon import ROLES, UNITS
from bot.parsing.reading.numbers import read_numbers
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.questions import Size, SizeUnit, TokensQuestion
from knowledge.lazy_dataclass import dataclass, replace

_NUMBER = r"(?<![\w.,$€£₹-])(\d[\d.,]*(?<=\d)k?|an?|one|ein|une?|eine)"
_TEXT_UNIT = r"(words?|wörter|wörtern|wortes|woerter|worte|mots?|palabras?|char(?:acter)?s?|zeichen|caract[eè]res|tokens?|jetons?)"
_PAGE = r"(?:a4[ -]|typical |average |standard |full |printed |text |din-a4-)*(?:page|pages|seite|seiten|página|páginas|pagina|paginas|a4-seite)"
_ABOUT = r"(?:about|around|roughly|approx\.?|approximately|circa|ca\.?|etwa|ungefähr|environ|unos|unas|~|≈|avg\.?|average|on average|=|:)*"
_EACH = r"(?:each|apiece|a piece|per page|je|jeweils|chacune?|cada una|per)"
_OF = r"(?:of|with|at|is|are|has|have|hold|holds|contain|contains|equals?|à|a|de|avec|fait|zu|zu je|mit|mit je|sind|hat|haben|con|son|tiene|tienen|=|≈|~|:|\()"

_PER_PAGE = LazyPattern(
    rf"{_NUMBER}[ -]?{_TEXT_UNIT} ?(?:per|an?|/|pro|par|por|je|in an?|in each|on each|on an?|to the|to a|each|every|cada|chaque) ?{_PAGE}\b"
)
_PAGES_OF = LazyPattern(rf"\b{_PAGE} ?{_OF} ?{_ABOUT} ?{_NUMBER}[ -]?{_TEXT_UNIT}\b")
_EACH_PAGE = LazyPattern(
    rf"\b(?:each|every|per|one|1|a|pro|par|por|je|jede|chaque|cada|eine|une|una) {_PAGE} ?(?:{_OF} ?)?{_ABOUT} ?{_NUMBER}[ -]?{_TEXT_UNIT}\b"
)
_PAGES_EACH = LazyPattern(rf"\b{_PAGE} ?[,(:] ?(?:{_EACH} )?{_ABOUT} ?{_NUMBER}[ -]?{_TEXT_UNIT} ?{_EACH}?\b")
_RATIO = LazyPattern(
    rf"{_NUMBER} ?{_TEXT_UNIT} ?(?:per|an?|/|pro|par|por|je|for each|for every|to a|to the) ?{_TEXT_UNIT}\b"
)
_EQUAL = LazyPattern(
    rf"{_NUMBER} ?{_TEXT_UNIT} ?(?:=|≈|~|==|:|equals?|is|are|(?:is|are) (?:about|around|roughly|equal to)|make|makes|sind|entspricht|entsprechen|font|fait|son|to) ?{_ABOUT} ?{_NUMBER} ?{_TEXT_UNIT}\b"
)
_PER_LINE = LazyPattern(
    rf"{_NUMBER} ?{_TEXT_UNIT} ?(?:per|an?|/|pro|par|por|je|each|every) ?(?:code )?(?:line|zeile|codezeile|ligne|l[íi]nea)\b"
)
_SPOKEN = LazyPattern(
    rf"{_NUMBER} ?(?:(?:words?|wörter|mots|palabras) ?(?:per|an?|/|pro|par|por|je|the) ?(?:spoken )?(?:minute|min)\b|wpm\b)"
)
_PAGE_HINTS = ("page", "seite", "gina")
_TOKEN_HINTS = ("token", "jeton")
_LENGTH_HINTS = ("word", "wort", "wört", "woert", "mot", "palabra", "char", "zeichen", "caract")
_LINE_HINTS = ("line", "zeile", "ligne", "línea", "linea")
_SPEECH_HINTS = ("min", "wpm")
"""What a text holds that speaks of each; most questions speak of none, and no pattern is tried."""
_AUDIO_UNITS = {"seconds": Decimal(1) / 60, "minutes": Decimal(1), "hours": Decimal(60)}
_MOST_OF_ONE = Decimal(100_000)
"""More words, characters or tokens than one page, and far more than one word, can have; such a text states something else."""
_PRECISE = Context(prec=40)


@dataclass(frozen=True)
class Density:
    """At `text[start:end]`: one `unit` holds `factor` of `into` ("pages", 300, "words")."""

    start: int
    end: int
    unit: str
    factor: Decimal
    into: SizeUnit


def read_densities(text: str, language: Language) -> list[Density]:
    """The densities that `text` (folded) states, at most one for each unit."""
    found: dict[str, Density] = {}
    for density in _all(text, language):
        clashes = any(density.start < other.end and other.start < density.end for other in found.values())
        if density.unit not in found and not clashes and 0 < density.factor <= _MOST_OF_ONE:
            found[density.unit] = density
    return list(found.values())


def _all(text: str, language: Language) -> list[Density]:
    found: list[Density] = []
    of_pages = (_PER_PAGE, _PAGES_OF, _EACH_PAGE, _PAGES_EACH) if _speaks_of(text, _PAGE_HINTS) else ()
    ratios = _speaks_of(text, _TOKEN_HINTS) and _speaks_of(text, _LENGTH_HINTS)
    for pattern in of_pages:
        for match in pattern.finditer(text):
            count, unit = match.group(1), match.group(2)
            role_follows = ROLES.get(_next_word(text, match.end())) in ("input", "output")
            number = _value(count, language)
            said_each = pattern is not _PAGES_EACH or _each_in(match.group())
            said_each = said_each and not text[: match.start()].endswith("how many ")
            if number is not None and said_each and not role_follows and number > 1:
                start, end = match.span() if pattern is _PER_PAGE else (match.start(1), match.end())
                found.append(Density(start, end, "pages", number, _unit(unit)))
    for match in _EQUAL.finditer(text) if ratios else ():
        one, other = _value(match.group(1), language), _value(match.group(3), language)
        units = _unit(match.group(2)), _unit(match.group(4))
        if one and other and "tokens" in units and units[0] != units[1]:
            if units[0] == "tokens":
                one, other, units = other, one, (units[1], units[0])
            found.append(Density(*match.span(), units[0], _PRECISE.divide(other, one), "tokens"))
    for match in _RATIO.finditer(text) if ratios else ():
        number = _value(match.group(1), language)
        units = _unit(match.group(2)), _unit(match.group(3))
        if not number or "tokens" not in units or units[0] == units[1]:
            continue
        if units[0] == "tokens":
            found.append(Density(*match.span(), units[1], number, "tokens"))
        else:
            found.append(Density(*match.span(), units[0], _PRECISE.divide(Decimal(1), number), "tokens"))
    for match in _PER_LINE.finditer(text) if _speaks_of(text, _LINE_HINTS) else ():
        number = _value(match.group(1), language)
        if number:
            found.append(Density(*match.span(), "lines", number, _unit(match.group(2))))
    for match in _SPOKEN.finditer(text) if _speaks_of(text, _SPEECH_HINTS) else ():
        number = _value(match.group(1), language)
        if number and number > 1:
            found.append(Density(*match.span(), "minutes", number, "words"))
    return found


def _speaks_of(text: str, hints: tuple[str, ...]) -> bool:
    return any(hint in text for hint in hints)


def _unit(word: str) -> SizeUnit:
    unit: SizeUnit = UNITS[word]  # type: ignore[assignment]
    return unit


def _each_in(text: str) -> bool:
    return _EACH_SAID.search(text) is not None


_EACH_SAID = LazyPattern(rf"\b{_EACH}\b")


def _next_word(text: str, at: int) -> str:
    return text[at : at + 20].strip().split(" ")[0].strip(".,;:()")


def _value(text: str, language: Language) -> Decimal | None:
    numbers = read_numbers(text, language)
    if not numbers:
        return Decimal(1)  # "a page", "ein Token"
    number = numbers[0]
    return number.value * 1000 if number.grouped_by_dot and number.value < 1000 else number.value


def with_lengths(quantities: list[Quantity], densities: Sequence[Density]) -> list[Quantity]:
    """The quantities, with minutes of speech and lines as lengths of text, where the text says how long each is."""
    known = {density.unit: density for density in densities if density.unit in ("minutes", "lines")}
    return [_as_length(quantity, known) for quantity in quantities] if known else quantities


def _as_length(quantity: Quantity, known: Mapping[str, Density]) -> Quantity:
    spoken, line = known.get("minutes"), known.get("lines")
    if spoken is not None and quantity.unit in _AUDIO_UNITS:
        minutes = _PRECISE.multiply(quantity.value, _AUDIO_UNITS[quantity.unit])
        return replace(quantity, value=_PRECISE.multiply(minutes, spoken.factor), unit="words")
    if line is not None and quantity.unit in ("", "items") and quantity.noun in _LINES:
        return replace(quantity, value=quantity.value * line.factor, unit=line.into)
    return quantity


_LINES = frozenset(
    ["line", "lines", "loc", "zeile", "zeilen", "codezeilen", "ligne", "lignes", "línea", "líneas", "lineas"]
)


_Slots = TypeVar("_Slots")


def with_densities(slots: _Slots, densities: Sequence[Density]) -> _Slots:
    """A typed question (or a part of one) with its sizes in the units that the stated densities lead to."""
    known = {density.unit: density for density in densities if density.unit not in ("minutes", "lines")}
    if isinstance(slots, TokensQuestion) and slots.size is not None:
        size = _in_known(slots.size, known)
        if size.unit == "tokens" and slots.size.unit != "tokens":
            return replace(slots, tokens_each=_PRECISE.divide(size.amount, slots.size.amount))
    return _in_known(slots, known) if known else slots


def _in_known(value: Any, known: Mapping[str, Density]) -> Any:
    if isinstance(value, Size):
        for _ in range(2):  # pages to words, words to tokens
            density = known.get(value.unit)
            if density is None:
                break
            value = Size(amount=_PRECISE.multiply(value.amount, density.factor), unit=density.into)
        return value
    if isinstance(value, tuple):
        return tuple(_in_known(item, known) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        changed = {name: _in_known(item, known) for name, item in held.items()}
        differing = {
            name: item for name, item in changed.items() if item is not held[name] and item != held[name]
        }
        return replace(value, **differing) if differing else value
    return value


def density_notes(text: str, densities: Sequence[Density]) -> tuple[str, ...]:
    """One sentence for each density."""
    return tuple(
        f"1 page = {density.factor:,f} {density.into}, as the question says."
        if density.unit == "pages"
        else f"{' '.join(text[density.start : density.end].split()).capitalize()}, as the question says."
        for density in densities
    )
