"""How many days of a week, month or year something runs, where the question says so: "220 working days a year", "6 days a week"."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from bot.parsing.reading.spans import LazyPattern
from bot.questions import WorkingDays

Over = Literal["week", "month", "year"]

_NUMBER_WORDS = {"five": 5, "six": 6, "seven": 7, "fünf": 5, "sechs": 6, "cinq": 5, "cinco": 5, "seis": 6}
_WORK = r"(?:working|business|work|school|trading|open|opening|operating|active|office)"
_DAYS = LazyPattern(
    rf"(?<![\w.,$€£₹-])(\d{{1,3}}|{'|'.join(_NUMBER_WORDS)}) ?-?({_WORK}[- ]?)?(days?|arbeitstagen?|werktagen?|schultagen?|tagen?|jours|días|dias|din)(?![^\W_])"
    r"( ouvr[ée]s?| ouvrables| travaillés| laborables| hábiles| laborales)?"
    r"(?: ?(?:an?|per|/|each|every|of the|in the|in a|out of the|pro|im|in der|par|por|al|a la|a|ka|ke|me|mein) ?(week|month|year|woche|monat|jahr|semaine|mois|an|semana|mes|año|hafte|mahine|saal)\b)?"
)
_OVER: dict[str, Over] = {
    **dict.fromkeys(("week", "woche", "semaine", "semana", "hafte"), "week"),
    **dict.fromkeys(("month", "monat", "mois", "mes", "mahine"), "month"),
    **dict.fromkeys(("year", "jahr", "an", "año", "saal"), "year"),
}
_ALL: dict[Over, int] = {"week": 7, "month": 30, "year": 365}
_MOST: dict[Over, int] = {"week": 7, "month": 31, "year": 366}
_SPAN_BEFORE = LazyPattern(
    r"(?:\b(?:for|over|during|in|within|last|past|next|every|each|after|alle|für|über|pendant|durante|en|depuis|seit)(?: the| a)?(?: last| next| past)? )$"
)


def read_working_days(text: str) -> tuple[WorkingDays, tuple[int, int]] | None:
    """The first statement of running days in `text` (folded) and where it stands; a length of time ("for 10 days") is none."""
    if (
        "day" not in text
        and "tag" not in text
        and "jours" not in text
        and "as " not in text
        and "din" not in text
    ):
        return None
    for match in _DAYS.finditer(text):
        count, before, noun, behind, over = match.groups()
        days = _NUMBER_WORDS.get(count) or int(count)
        of_work = bool(before or behind) or noun.startswith(("arbeits", "werk", "schul"))
        period = _OVER[over] if over else _usual(days) if of_work else None
        if period is None or not 0 < days <= _MOST[period] or (over and days >= _ALL[period]):
            continue
        if not over and _SPAN_BEFORE.search(text[: match.start()][-20:]):
            continue  # "for 10 working days" is how long, not how often
        return WorkingDays(days=Decimal(days), over=period), match.span()
    return None


def _usual(days: int) -> Over:
    """What a bare number of working days is a part of."""
    return "week" if days <= 7 else "month" if days <= 31 else "year"
