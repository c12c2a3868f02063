"""Growth of a workload: "growing 10 % a month", and at which time, or over how long, its cost is asked for."""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.reading.lexicon import PERIODS
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.questions import Period

_GROWS = LazyPattern(
    r"\b(?:grow(?:s|ing|th|n)?|increas(?:e|es|ing)|rising|rises?|goes? up|going up|go up|more (?:each|every|per)|mom|m/m|wow|w/w|yoy"
    r"|wachs\w*|wächst|wachstum\w*|steig\w*|zunahme|mehr (?:pro|jeden)|croiss\w*|croît|augment\w*|hausse|crec\w*|aument\w*|sube\w*|badh\w*)\b"
)
_PER = LazyPattern(
    r"\b(?:each|every|a|an|per|/|month over|week over|pro|jeden|jede|par|chaque|por|cada|al|har|im|am)\s+(\w+)\b|\b(monthly|weekly|yearly|annually|annual|monatlich|jährlich|mensuel\w*|mensual\w*)\b|\b(mom|m/m|wow|w/w|yoy)\b"
)
_SHORT: dict[str, Period] = {"mom": "month", "m/m": "month", "wow": "week", "w/w": "week", "yoy": "year"}
_AFTER = LazyPattern(
    r"\b(?:after|in|nach|après|dans|después de|en|within) (\d{1,3}|one|two|three|six|twelve|a|einem|un) (weeks?|months?|years?|wochen?|monat(?:en?)?|jahr(?:en?)?|semaines?|mois|ans?|semanas?|mes(?:es)?|años?)\b"
)
_NTH = LazyPattern(
    r"\b(month|week|year|monat|mois|mes) (\d{1,3})\b|\b(?:in|by) the (\d{1,3})(?:st|nd|rd|th) (month|week|year)\b"
)
_TOTAL = LazyPattern(r"\b(?:total|overall|altogether|cumulative|insgesamt|gesamt\w*|en tout|en total|sum)\b")
_NUMBERS = {"one": 1, "a": 1, "einem": 1, "un": 1, "two": 2, "three": 3, "six": 6, "twelve": 12}
_BESIDE = 60


_MULTIPLIES = LazyPattern(
    r"\b(?:expect\w*|will|would|going to|gonna|plan\w*|should|if|when|once|after|assume|assuming)\b[^.;?!]{0,30}\b(doubl\w+|tripl\w+|quadrupl\w+)\b(?!,? (?:check|the (?:price|cost)))"
    r"|\b(?:sich |wir )?(verdoppel\w+|verdreifach\w+)\b|\b(double ra|doubler|doubl\w+)\b(?= (?:d'ici|next|by|nächst))"
)
_THEN = LazyPattern(r"\b(?:then|after|afterwards|by then|dann|danach|alors|ensuite|entonces|tab|new)\b")


def multiplied(folded: str) -> Decimal | None:
    """ "We expect it to double; what is it then?": by how much more the workload is at the time that is asked about."""
    match = _MULTIPLIES.search(folded)
    if match is None or not _THEN.search(folded):
        return None
    word = next(group for group in match.groups() if group)
    return Decimal(3 if "quadr" in word else 2 if "tripl" in word or "dreifach" in word else 1)


def growth_of(annotation: Annotation, share: Quantity) -> Period | None:
    """The period in which the workload grows by this percentage; None where it says something else."""
    folded = annotation.folded
    near = folded[max(0, share.start - _BESIDE) : share.end + _BESIDE]
    clause = annotation.clause(share)
    if not _GROWS.search(clause) and not (_GROWS.search(near) and "cach" not in clause):
        return None
    if share.per is not None:
        return share.per
    for text in (folded[share.end : share.end + 30], clause):
        match = _PER.search(text)
        if match is None:
            continue
        word = match.group(1) or match.group(2)
        if word in PERIODS:
            return PERIODS[word]
        if match.group(3):
            return _SHORT[match.group(3)]
    return None


def names_a_period(annotation: Annotation) -> bool:
    """Whether the text asks for one period of the growth: "what will month 12 cost"."""
    return _NTH.search(annotation.folded) is not None


def growth_steps(annotation: Annotation, per: Period) -> Decimal | None:
    """How often it has grown at the named time ("in 6 months"); None where a length of time is asked for, or nothing."""
    folded = annotation.folded
    if _TOTAL.search(folded):
        return None
    nth = _NTH.search(folded)
    if nth is not None:
        return Decimal(nth.group(2) or nth.group(3)) - 1
    after = _AFTER.search(folded)
    if after is None:
        return None
    count = Decimal(_NUMBERS.get(after.group(1)) or after.group(1))
    named = after.group(2)
    unit: Period = "week" if named[:2] in ("we", "wo", "se") else "month" if named[0] == "m" else "year"
    if unit == per:
        return count
    return count * 12 if (unit, per) == ("year", "month") else None
