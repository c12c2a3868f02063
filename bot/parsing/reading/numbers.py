"""Numbers as people write them: 10k, 1.5m, 3bn, 1,000,000, 1.000.000, 1 000 000, 1e6, half a million, 5 lakh, two thousand, 500-800.

Reads amounts only; what they count is `bot.parsing.reading.quantities`' business. Every number carries the place in the text that it stands at,
so that a value can always be traced to the words of the question. No pattern here backtracks more than a constant amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache

from bot.parsing.reading.language import Language
from bot.parsing.reading.spans import Coverage
from knowledge.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Number:
    """A number at `text[start:end]`; `high` is the upper end of a range, `scale` the multiplier that was written ("k": 1000)."""

    start: int
    end: int
    value: Decimal
    high: Decimal | None = None
    scale: Decimal = Decimal(1)
    suffix: str = ""
    grouped_by_dot: bool = False
    """True for "10.000", which is ten thousand of a countable thing and ten of anything else."""
    negative: bool = False


_THOUSAND, _MILLION, _BILLION, _TRILLION = (Decimal(10) ** n for n in (3, 6, 9, 12))
_SCALES: dict[str, Decimal] = {
    "k": _THOUSAND, "thousand": _THOUSAND, "thousands": _THOUSAND, "grand": _THOUSAND, "tausend": _THOUSAND,
    "tsd": _THOUSAND, "mille": _THOUSAND, "hazaar": _THOUSAND, "hazar": _THOUSAND, "hundred": Decimal(100),
    "hundert": Decimal(100), "dozen": Decimal(12), "dutzend": Decimal(12), "douzaine": Decimal(12),
    "docena": Decimal(12), "m": _MILLION, "mm": _MILLION, "mn": _MILLION, "mio": _MILLION, "mln": _MILLION,
    "million": _MILLION, "milion": _MILLION, "milions": _MILLION, "millions": _MILLION, "millionen": _MILLION, "millón": _MILLION, "millon": _MILLION,
    "millones": _MILLION, "meg": _MILLION, "b": _BILLION, "bn": _BILLION, "bln": _BILLION, "billion": _BILLION,
    "billions": _BILLION, "mrd": _BILLION, "milliarde": _BILLION, "milliarden": _BILLION, "milliard": _BILLION,
    "milliards": _BILLION, "t": _TRILLION, "tn": _TRILLION, "trn": _TRILLION, "trillion": _TRILLION,
    "trillions": _TRILLION, "lakh": Decimal(10) ** 5, "lakhs": Decimal(10) ** 5, "lac": Decimal(10) ** 5,
    "lacs": Decimal(10) ** 5, "crore": Decimal(10) ** 7, "crores": Decimal(10) ** 7, "mil": _MILLION,
}  # fmt: skip
_ADJACENT_ONLY = {"t"}
"""Suffixes that count only when glued to the digits."""
_LANGUAGE_SCALES: dict[Language, dict[str, Decimal]] = {
    "es": {"mil": _THOUSAND, "billón": _TRILLION, "billones": _TRILLION},
    "fr": {"billion": _TRILLION, "billions": _TRILLION},
    "de": {"billion": _TRILLION, "billionen": _TRILLION, "mil": _MILLION},
}

_SMALL: dict[str, int] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_LANGUAGE_SMALL: dict[Language, dict[str, int]] = {
    "de": {"eine": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8,
           "neun": 9, "zehn": 10, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60,
           "siebzig": 70, "achtzig": 80, "neunzig": 90, "hundert": 100, "tausend": 1000, "zehntausend": 10_000},
    "fr": {"deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "vingt": 20,
           "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "cent": 100, "mille": 1000},
    "es": {"dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10,
           "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "cien": 100, "mil": 1000},
    "hi": {"teen": 3, "char": 4, "paanch": 5, "das": 10, "bees": 20, "pachas": 50, "sau": 100,
           "hazaar": 1000, "hazar": 1000},
}  # fmt: skip
_FRACTIONS = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "halbe": Decimal("0.5"), "demi": Decimal("0.5"),
              "medio": Decimal("0.5"), "aadha": Decimal("0.5")}  # fmt: skip

_VULGAR = {
    "½": Decimal("0.5"),
    "¼": Decimal("0.25"),
    "¾": Decimal("0.75"),
    "⅓": Decimal(1) / 3,
    "⅔": Decimal(2) / 3,
}
_ARTICLES = ("a", "an", "ein", "eine", "un", "une", "una")

_DIGITS = (
    r"\d{1,3}(?:,\d{3}){1,8}(?:\.\d+)?(?!\d)"  # 1,000,000.5
    r"|\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?(?!\d)"  # 1.000.000,5
    r"|\d{1,3}(?:['’_]\d{3})+(?:\.\d+)?(?!\d)"  # 1'000'000
    r"|\d{1,3}(?: \d{3}){0,5}(?: 000)(?!\d)(?:,\d+)?"  # 1 500 000
    r"|\d{1,3}(?: \d{3}){2,6}(?!\d)"  # 1 234 567
    r"|\d{1,3}(?:\^|\*\*)\d{1,2}"  # 10^6
    r"|(?:\d{1,6} ?)?[½¼¾⅓⅔]"  # 3½
    r"|\d+(?:[.,]\d+)?(?:e[+]?\d{1,2})?"  # 1500  1.5  1,5  1e6
    r"|\.\d+"
)
_SUFFIX = (
    r"(?:[ -]?(?P<{0}>"
    + "|".join(sorted(_SCALES, key=len, reverse=True))
    + r"|billón|billones|billionen)(?![^\W_]))?"
)


@cache
def _number_pattern(spaced: bool) -> re.Pattern[str]:
    """The pattern of a number or a range; `spaced` where "1 200" is one number, as in French, Spanish and German."""
    digits = (r"\d{1,3}(?: \d{3}){1,6}(?!\d)(?:,\d+)?|" if spaced else "") + _DIGITS
    return re.compile(
        rf"(?:(?<![\w.])|(?<=\d[x×]))(?P<sign>[-−]\s?(?=[\d.]))?(?P<low>{digits}){_SUFFIX.format('lows')}"
        rf"(?:\s?(?:-|–|—|to|bis|à|a)\s?(?P<high>{digits}){_SUFFIX.format('highs')})?"
    )


_SECOND_SCALE = re.compile(
    r"[ -]?(thousand|millones|millions|millón|million|billion|crores?|lakhs?|tausend|millionen)(?![^\W_])"
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ABBREVIATED = frozenset(["tsd", "mio", "mrd", "mill", "mln"])
_SPACED = frozenset(["fr", "es", "de"])
_MAX_DIGITS = 40
"""Longer digit strings are no quantity of anything."""


_MOST_WORDS = 24
"""Words of one number; "million million million …" without end is none."""


def read_numbers(
    text: str, language: Language = "en", masked: Iterable[tuple[int, int]] = ()
) -> list[Number]:
    """All numbers in `text` (already lower case), in order, except those that touch a `masked` range (a model's name)."""
    taken = Coverage(len(text), masked)
    found: list[Number] = []
    pattern = _number_pattern(language in _SPACED)
    for match in pattern.finditer(text):
        number = _from_match(match, language, text)
        if number is not None and not taken.touches(number.start, number.end):
            found.append(number)
            if match.group("high") and number.high is None and " " in text[number.end : match.start("high")]:
                found.extend(_second_of(text, match, language, taken))
        elif number is not None:
            found.extend(_retry_around(text, match, language, taken))
    worded = _word_numbers(text, language)
    digits = Coverage(len(text), ((n.start, n.end) for n in found) if worded else ())
    for number in worded:
        if not (taken.touches(number.start, number.end) or digits.touches(number.start, number.end)):
            found.append(number)
    found.sort(key=lambda n: n.start)
    return found


def _second_of(text: str, match: re.Match[str], language: Language, taken: Coverage) -> list[Number]:
    """The second number of what looks like a range and is none ("from 800 to 300")."""
    start, end = match.span("high")
    until = match.end("highs") if match.group("highs") else end
    single = match.re.match(text[:until], start)
    number = _from_match(single, language, text) if single else None
    return [number] if number is not None and not taken.touches(number.start, number.end) else []


def _retry_around(text: str, match: re.Match[str], language: Language, taken: Coverage) -> list[Number]:
    """A range whose one end lies in a model's name ("gpt-4o to 500"): the other end alone may still be a number."""
    kept = []
    for name in ("low", "high"):
        if match.group(name) is None:
            continue
        start, end = match.span(name)
        suffix_end = match.end(name + "s") if match.group(name + "s") else end
        if not taken.touches(start, suffix_end):
            single = match.re.match(text[:suffix_end], start)
            number = _from_match(single, language, text) if single else None
            if number is not None:
                kept.append(number)
    return kept


def _from_match(match: re.Match[str], language: Language, text: str) -> Number | None:
    sign, low_text, low_suffix, high_text, high_suffix = match.groups("")
    if len(low_text) > _MAX_DIGITS or (high_text and len(high_text) > _MAX_DIGITS):
        return None
    low, by_dot = _digits(low_text)
    if low_suffix in _ADJACENT_ONLY and match.start("lows") != match.end("low"):
        low_suffix = ""
    end = match.end()
    if not low_suffix and not high_text:
        end = match.end("low")
    if low_suffix in _ABBREVIATED and text[end : end + 1] == ".":
        end += 1  # "12 Tsd. Anfragen"
    negative = bool(sign) and _is_minus(text, match.start(), match.start("low"))
    start = match.start() if negative else match.start("low")
    if high_text:
        high, _ = _digits(high_text)
        scale_high = _scale(high_suffix, language)
        scale_low = _scale(low_suffix, language) if low_suffix else scale_high
        if low * scale_low >= high * scale_high:  # "5 - 3" is no range; read the first number alone
            end = match.end("lows") if low_suffix else match.end("low")
            high_text = ""
        else:
            return Number(
                start, end, low * scale_low, high * scale_high, scale_high, high_suffix, by_dot, negative
            )
    scale = _scale(low_suffix, language)
    if low_suffix and (second := _SECOND_SCALE.match(text, end)):
        scale *= _SCALES[second.group(1)]
        end = second.end()
    return Number(start, end, low * scale, None, scale, low_suffix, by_dot and not low_suffix, negative)


def _is_minus(text: str, sign: int, digits: int) -> bool:
    """A minus stands right before its digits and apart from what precedes it; "tokens - 500" and "gpt-4" hold dashes."""
    return digits == sign + 1 and (sign == 0 or text[sign - 1] in " (,:=/\n$€£₹")


def _digits(text: str) -> tuple[Decimal, bool]:
    """The value of a digit string, and whether it is of the form "10.000", whose reading depends on what is counted."""
    if text.isdecimal():
        return Decimal(text), False
    text = text.replace(" ", "").replace("'", "").replace("’", "").replace("_", "")
    if text[-1] in _VULGAR:
        return Decimal(text[:-1] or 0) + _VULGAR[text[-1]], False
    dots, commas = text.count("."), text.count(",")
    if "^" in text or "**" in text:
        base, power = text.replace("**", "^").split("^")
        return Decimal(base) ** int(power), False
    if "e" in text:
        return Decimal(text.replace(",", ".")), False
    if dots > 1:
        return Decimal(text.replace(".", "").replace(",", ".")), False
    if commas and re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text) and not text.startswith("0,"):
        return Decimal(text.replace(",", "")), False
    if commas:
        return Decimal(text.replace(",", ".")), False
    return Decimal(text), bool(re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text))


def _scale(suffix: str, language: Language) -> Decimal:
    if not suffix:
        return Decimal(1)
    return _LANGUAGE_SCALES.get(language, {}).get(suffix) or _SCALES.get(suffix, _TRILLION)


_MEASURES = frozenset(
    [
        "page",
        "pages",
        "word",
        "words",
        "day",
        "days",
        "hour",
        "hours",
        "minute",
        "week",
        "month",
        "year",
        "token",
    ]
)


@cache
def _number_words(language: Language) -> tuple[dict[str, int], frozenset[str]]:
    """The small numbers of a language, and all words with which a run of number words begins."""
    small = _SMALL | _LANGUAGE_SMALL.get(language, {})
    return small, frozenset((*_ARTICLES, *small, *_FRACTIONS, *_SCALES))


def _word_numbers(text: str, language: Language) -> list[Number]:
    """Runs of number words ("two and a half thousand", "half a million", "a dozen", "zweitausend" as "zwei tausend")."""
    small, firsts = _number_words(language)
    words = [(m.start(), m.end(), m.group()) for m in _WORD.finditer(text)]
    found: list[Number] = []
    at = 0
    while at < len(words):
        word = words[at][2]
        reading = _read_words(words, at, small, language) if word in firsts or "-" in word else None
        if reading is None:
            head, _, noun = word.partition("-")
            if head in small and noun in _MEASURES:  # "a ten-page document"
                found.append(Number(words[at][0], words[at][0] + len(head), Decimal(small[head])))
            at += 1
            continue
        number, at = reading
        found.append(number)
    return found


def _read_words(
    words: list[tuple[int, int, str]], at: int, small: dict[str, int], language: Language
) -> tuple[Number, int] | None:
    total, group = Decimal(0), Decimal(0)
    start, end = words[at][0], -1
    scale = Decimal(1)
    used_small = used_scale = False
    position = at
    while position < len(words) and position - at < _MOST_WORDS:
        word = words[position][2]
        parts = word.split("-")
        following = words[position + 1][2] if position + 1 < len(words) else ""
        if (
            word in _ARTICLES
            and not used_small
            and ((following in _SCALES and len(following) > 2) or following in ("couple", "quarter", "half"))
        ):
            group, used_small = Decimal(1), True
        elif word == "couple" and position > at:
            group = Decimal(2)
        elif word == "of" and position > at and words[position - 1][2] in ("couple", "dozen"):
            pass
        elif all(part in small for part in parts):
            value = Decimal(sum(small[part] for part in parts))
            if value >= 100 and group:
                group *= value
            else:
                group += value
            used_small = True
        elif word in _FRACTIONS:
            after = words[position + 2][2] if position + 2 < len(words) else ""
            if following in _SCALES or (following in ("a", "an") and after in _SCALES):
                group, used_small = (group if group > 1 else Decimal(0)) + _FRACTIONS[word], True
                if following in ("a", "an"):
                    position += 1
            elif (
                following in ("page", "pages", "seite", "página", "pagina", "hour", "stunde", "heure", "hora")
                and not used_small
            ):
                group, used_small = _FRACTIONS[word], True
            elif (
                following in ("a", "an") and after in ("page", "word", "million", "dozen") and not used_small
            ):
                group, used_small = _FRACTIONS[word], True
                position += 1
            else:
                break
        elif word in _SCALES and len(word) > 2 and word not in ("grand", "mil", "meg"):
            step = _scale(word, language)
            used_scale = True
            if step == 100:
                group = (group or Decimal(1)) * step
            else:
                total, group = total + (group or Decimal(1)) * step, Decimal(0)
            scale = step
        elif (
            word in ("and", "und")
            and (used_small or used_scale)
            and (
                following in small
                or (following == "a" and position + 2 < len(words) and words[position + 2][2] == "half")
            )
            and (used_scale or following == "a")
        ):
            if following == "a":
                group += Decimal("0.5")
                position += 2
                end = words[position][1]
            position += 1
            continue
        else:
            break
        end = words[position][1]
        position += 1
    if end < 0 or not (used_small or used_scale):
        return None
    value = total + group
    plural_alone = not used_small and words[at][2].endswith("s")  # "thousands of users" names no number
    if (value == 0 and words[at][2] != "zero") or plural_alone:
        return None
    return Number(start, end, value, None, scale), position
