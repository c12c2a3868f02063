"""Dates and periods of time as people name them: 2024-06-01, June 2024, Q3 2025, last month, a year ago, in the past 7 days.

A named time is a range of days; which end a question needs (a price of that day, a report over the range) is the question's
business.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from bot.parsing.reading.spans import LazyPattern
from knowledge.lazy_dataclass import dataclass


@dataclass(frozen=True, kw_only=True)
class TimeSpan:
    """A named time at `text[start:end]`, from `first` to `last` (both included). `name` is how facts write it ("2025-Q3")."""

    start: int
    end: int
    first: date
    last: date
    name: str
    relative: bool = False
    """True for "last month" and the like, which a question about the bot's own usage means."""
    since: bool = False


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero", "february feb februar février fevrier febrero", "march mar märz mars marzo",
            "april apr avril abril", "may mai mayo", "june jun juni juin junio", "july jul juli juillet julio",
            "august aug août aout agosto", "september sep sept septembre septiembre",
            "october oct oktober octobre octubre", "november nov novembre noviembre",
            "december dec dezember décembre decembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
_YEAR = r"(?:19[89]\d|20[0-4]\d)"
_DATED_YEAR = r"(?:19[89]\d|20\d\d)"
"""Within a whole date any year is one; alone, 2099 is a number."""
_PATTERNS: tuple[tuple[str, LazyPattern], ...] = (
    ("iso", LazyPattern(rf"\b({_DATED_YEAR})[-/](\d{{1,2}})[-/](\d{{1,2}})\b")),
    ("dotted", LazyPattern(rf"\b(\d{{1,2}})[./](\d{{1,2}})[./]({_DATED_YEAR})\b")),
    ("day_month", LazyPattern(rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+|de\s+)?({_MONTH})\.?,?\s+(?:de\s+)?({_DATED_YEAR})\b")),
    ("month_day", LazyPattern(rf"\b({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+({_DATED_YEAR})\b")),
    ("year_month", LazyPattern(rf"\b({_YEAR})-(0[1-9]|1[0-2])\b(?!-\d)")),
    ("month", LazyPattern(rf"\b(?:(early|mid|late)[ -])?({_MONTH})\.?,?\s+(?:of\s+|de\s+)?({_YEAR})\b")),
    ("quarter", LazyPattern(rf"\bq([1-4])[ /,-]*(?:of\s+)?({_YEAR})\b|\b({_YEAR})[ -]?q([1-4])\b")),
    ("half", LazyPattern(rf"\bh([12])[ /-]*({_YEAR})\b|\b({_YEAR})[ -]?h([12])\b|\b(first|second) half (?:of )?({_YEAR})\b")),
    ("month_number", LazyPattern(r"(?<![\w./-])(0?[1-9]|1[0-2])[/.](20[0-4]\d)\b(?![./-]\d)")),
    ("ago", LazyPattern(r"\b(a|an|one|two|three|six|\d{1,3})\s+(day|week|month|year)s?\s+ago\b")),
    ("ago_words", LazyPattern(
        r"\b(?:vor|il y a|hace) (ein(?:em|er)?|une?|un|uno|una|zwei|drei|vier|fünf|sechs|neun|deux|trois|quatre|cinq|six|neuf|dos|tres|cuatro|cinco|seis|nueve|\d{1,3}) (tag|woche|monat|jahr|jour|semaine|mois|an|día|semana|mes|año)(?:e?n|s|es)?\b"
        r"|\b(ek|do|teen|\d{1,3}) (din|hafte|mahine|saal) pehle\b")),
    ("month_of_year", LazyPattern(rf"\b({_MONTH})\s+(?:of\s+|de\s+)?(last year|this year|letzten jahres|letztes jahr|l'année dernière|el año pasado|del año pasado)\b")),
    ("past", LazyPattern(r"\b(?:in |over |during |for )?(?:the )?(?:last|past|previous|letzten|derniers|últimos) (\d{1,3}) (day|week|month|year)s?\b")),
    ("named", LazyPattern(
        r"\b(today|tomorrow|next (?:week|month|quarter|year)|morgen|demain|mañana|yesterday|heute|gestern|aujourd'hui|hier|hoy|ayer|(?:this|last|previous|current|past) (?:week|month|quarter|year)"
        r"|letzte[nrs]? (?:woche|monat|jahr)|diese[nrs]? (?:woche|monat|jahr)|(?:la semaine|le mois|l'année) (?:dernière?|passée?)|(?:ce mois|cette semaine|cette année|cet an)(?:-ci)?"
        r"|(?:la semana pasada|el mes pasado|el año pasado|este mes|este año|esta semana)|(?:pichhle|pichle|pichhli|pichli|is) (?:hafte|mahine|saal)|aaj|"
        r"month to date|mtd|ytd|year to date)\b")),
    ("month_alone", LazyPattern(
        rf"\b(last|this|next|since|from|starting(?: in| from)?|as of|until|till|before|after|in|early|late|mid|by|im|seit|ab|bis|vor|letzten?|en|depuis|à partir de|à partir d'|avant|desde|a partir de|hasta|antes de)"
        rf"[ -]({_MONTH})\b(?!\s*\d)")),
    ("season", LazyPattern(r"\b(this|last|next|diesen|letzten|cet|cette|este|esta) (spring|summer|autumn|fall|winter|frühling|sommer|herbst|été|automne|hiver|verano|otoño|invierno)\b")),
    ("year", LazyPattern(rf"(?<![\w$€£.,])({_YEAR})(?![\w]|[.,]\d|\s*%|-\d\d?(?!\d))")),
)  # fmt: skip
_MOST_TIMES = 24
_SMALL = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "six": 6}
_SINCE = LazyPattern(r"(?:since|seit|depuis|desde|from|after|starting)\s+$")
_SINCE_WORDS = ("since", "seit", "depuis", "desde")
_AHEAD = LazyPattern(
    r"\b(?:will|won't|going to|gonna|upcoming|next|soon|future|wird|werden|künftig\w*|sera|seront|va|vont|bientôt|será|serán|hoga|hogi)\b"
)
"""Words of a question about what is to come."""


_A_YEAR = LazyPattern(r"(?:19[89]|20\d)\d")
_NAMED_WORDS = frozenset(
    """
    today tomorrow morgen demain mañana next yesterday heute gestern aujourd'hui hier hoy ayer this last previous current past letzt diese
    derni passé pasad este esta cett mois cet pichle pichhle pichli pichhli mahine hafte saal aaj month mtd ytd date
    """.split()
)


_SEASONS: dict[str, tuple[int, int]] = {
    word: months
    for months, words in (
        ((3, 5), "spring frühling"), ((6, 8), "summer sommer été verano"),
        ((9, 11), "autumn fall herbst automne otoño"), ((12, 2), "winter hiver invierno"),
    )
    for word in words.split()
}  # fmt: skip
"""The first and the last month of a season."""
_SOME_MONTH = LazyPattern(
    r"\b(?:jan|feb|fév|fev|ene|m[aä]r|a[pv]r|abr|ma[iy]|jui?n|jul|juil|aug|ao[uû]|ago|sep|o[ck]t|nov|de[czi]|déc)"
)


def _possible(kind: str, text: str, has_year: bool, has_month: bool) -> bool:
    """Whether a kind of time can be in the text at all; most questions name none, and need no pattern compiled."""
    if kind == "ago":
        return "ago" in text
    if kind == "past":
        return _holds(text, ("last", "past", "previous", "letzt", "dernier", "último"))
    if kind == "named":
        return _holds(text, _NAMED_WORDS)
    if kind == "ago_words":
        return _holds(text, ("vor ", "il y a", "hace ", "pehle"))
    if kind == "season":
        return _holds(text, _SEASONS)
    if kind in ("month_alone", "month_of_year"):
        return has_month
    return has_year


def _holds(text: str, words: Iterable[str]) -> bool:
    for word in words:  # noqa: SIM110  # in half the time that a generator takes
        if word in text:
            return True
    return False


def read_dates(text: str, today: date, masked: Iterable[tuple[int, int]] = ()) -> list[TimeSpan]:
    """All named times in a folded text, in order, none inside a `masked` range and none twice."""
    taken = list(masked)
    found: list[TimeSpan] = []
    has_year = _A_YEAR.search(text) is not None
    has_month = _SOME_MONTH.search(text) is not None
    for kind, pattern in _PATTERNS:
        if not _possible(kind, text, has_year, has_month):
            continue
        for match in pattern.finditer(text):
            if len(found) >= _MOST_TIMES:
                break
            if any(low < match.end() and match.start() < high for low, high in taken):
                continue
            days = _range(kind, match, today)
            if days is None:
                continue
            first, last, name, relative = days
            since = bool(_SINCE.search(text[max(0, match.start() - 12) : match.start()]))
            since = since or (kind == "month_alone" and match[1].startswith((*_SINCE_WORDS, "from", "after")))
            taken.append(match.span())
            found.append(
                TimeSpan(
                    start=match.start(),
                    end=match.end(),
                    first=first,
                    last=last,
                    name=name,
                    relative=relative,
                    since=since,
                )
            )
    return sorted(found, key=lambda span: span.start)


def _range(kind: str, match: re.Match[str], today: date) -> tuple[date, date, str, bool] | None:
    try:
        return _READERS[kind](match, today)
    except ValueError:  # "2024-13-45" names no day
        return None


def _day(year: int, month: int, day: int) -> tuple[date, date, str, bool]:
    one = date(year, month, day)
    return one, one, one.isoformat(), False


def _month(year: int, month: int) -> tuple[date, date, str, bool]:
    last = calendar.monthrange(year, month)[1]
    return date(year, month, 1), date(year, month, last), f"{year}-{month:02d}", False


_ITS_END = LazyPattern(r"\b(?:end of|late|ende|fin|finales de|fines de)(?: the)?\s*$")


def _month_and_year(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    """ "June 2025", "mid June 2025"; "the end of July 2026" begins on its last day."""
    first, last, name, relative = _month(int(match[3]), _MONTHS[match[2]])
    if match[1] == "late" or _ITS_END.search(match.string[max(0, match.start() - 16) : match.start()]):
        return last, last, name, relative
    return (first.replace(day=15) if match[1] == "mid" else first), last, name, relative


def _months(year: int, first: int, last: int, name: str) -> tuple[date, date, str, bool]:
    return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]), name, False


def _dotted(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    first, second, year = (int(group) for group in match.groups())
    if "/" in match.group() and first <= 12:  # 6/1/2024 is the American order
        return _day(year, first, second)
    return _day(year, second, first)


def _quarter(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    quarter = int(match.group(1) or match.group(4))
    year = int(match.group(2) or match.group(3))
    return _months(year, 3 * quarter - 2, 3 * quarter, f"{year}-Q{quarter}")


def _month_of_year(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    return _month(today.year - (match[2] != "this year"), _MONTHS[match[1]])


def _month_alone(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    """ "Since march", "starting december": the last such month, or the next one where the question looks ahead."""
    word, month = match[1], _MONTHS[match[2]]
    onwards = match.string[match.end() :].lstrip().startswith(("on", "onward", "an"))  # "from january on"
    ahead = (
        word.startswith(("next", "starting", "as of", "ab", "à partir", "a partir"))
        or onwards
        or (
            word not in ("last", "letzte", "letzten", *_SINCE_WORDS)
            and _AHEAD.search(match.string) is not None
        )
    )
    year = today.year
    if ahead and month < today.month:
        year += 1
    elif not ahead and month > today.month:
        year -= 1
    return _month(year, month)


def _season(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    """ "This summer": the current or the last one; "next summer" the one after today."""
    first, last = _SEASONS[match[2]]
    year = today.year
    if match[1] == "next":
        year += date(year, first, 1) <= today
    elif date(year, first, 1) > today or (
        match[1] in ("last", "letzten") and today.month in range(first, last + 1)
    ):
        year -= 1
    end = year + (last < first)
    day = calendar.monthrange(end, last)[1]
    return date(year, first, 1), date(end, last, day), f"{match[2]} {year}", False


_AGO_NUMBERS = {
    "vier": 4,
    "fünf": 5,
    "sechs": 6,
    "neun": 9,
    "quatre": 4,
    "cinq": 5,
    "six": 6,
    "neuf": 9,
    "cuatro": 4,
    "cinco": 5,
    "seis": 6,
    "nueve": 9,
    "zwei": 2,
    "drei": 3,
    "deux": 2,
    "trois": 3,
    "dos": 2,
    "tres": 3,
    "do": 2,
    "teen": 3,
}
_AGO_UNITS = {
    "tag": "day", "jour": "day", "día": "day", "din": "day", "woche": "week", "semaine": "week", "semana": "week",
    "hafte": "week", "monat": "month", "mois": "month", "mes": "month", "mahine": "month", "jahr": "year", "an": "year",
    "año": "year", "saal": "year",
}  # fmt: skip


def _ago_words(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    count, unit = (group for group in match.groups() if group is not None)
    number = int(count) if count.isdigit() else _AGO_NUMBERS.get(count, 1)
    day = _back(today, number, _AGO_UNITS[unit])
    return day, day, day.isoformat(), True


def _half(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    word = match.group(5)
    half = {"first": 1, "second": 2}[word] if word else int(match.group(1) or match.group(4))
    year = int(match.group(2) or match.group(3) or match.group(6))
    return _months(year, 6 * half - 5, 6 * half, f"{year}-H{half}")


def _back(today: date, count: int, unit: str) -> date:
    if unit == "day":
        return today - timedelta(days=count)
    if unit == "week":
        return today - timedelta(weeks=count)
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _ago(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    count = _SMALL.get(match.group(1)) or int(match.group(1))
    day = _back(today, count, match.group(2))
    return day, day, day.isoformat(), True


def _past(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    count, unit = int(match.group(1)), match.group(2)
    first = _back(today, count, unit) + timedelta(days=1)
    return first, today, f"the last {count} {unit}{'s' if count != 1 else ''}", True


def _next(words: str, today: date) -> tuple[date, date, str, bool]:
    """ "next month": from its first day on."""
    unit = words.split()[-1]
    if unit == "week":
        first = today + timedelta(days=7 - today.weekday())
        return first, first + timedelta(days=6), words, True
    if unit == "year":
        return date(today.year + 1, 1, 1), date(today.year + 1, 12, 31), words, True
    month = today.month + 1 if unit == "month" else 3 * ((today.month - 1) // 3) + 4
    first, last, _, _ = _month(today.year + (month - 1) // 12, (month - 1) % 12 + 1)
    return first, last, words, True


def _named(match: re.Match[str], today: date) -> tuple[date, date, str, bool]:
    words = match.group(1)
    if words in ("today", "heute", "aujourd'hui", "hoy", "aaj"):
        return today, today, "today", True
    if words in ("yesterday", "gestern", "hier", "ayer"):
        day = today - timedelta(days=1)
        return day, day, "yesterday", True
    if words in ("tomorrow", "morgen", "demain", "mañana"):
        day = today + timedelta(days=1)
        return day, day, "tomorrow", True
    if words.startswith("next"):
        return _next(words, today)
    past = any(
        word in words for word in ("last", "previous", "past", "letzt", "derni", "passé", "pasad", "pich")
    )
    monday = today - timedelta(days=today.weekday())
    if any(word in words for word in ("week", "woche", "semaine", "semana", "haft")):
        first = monday - timedelta(days=7) if past else monday
        return first, first + timedelta(days=6), "last week" if past else "this week", True
    if any(word in words for word in ("month", "monat", "mois", "mes", "mtd", "mahin")):
        anchor = today.replace(day=1) - timedelta(days=1) if past else today
        first, last, _, _ = _month(anchor.year, anchor.month)
        return first, last, "last month" if past else "this month", True
    if "quarter" in words:
        index = today.year * 4 + (today.month - 1) // 3 - (1 if past else 0)
        year, quarter = divmod(index, 4)
        first, last, name, _ = _months(year, 3 * quarter + 1, 3 * quarter + 3, f"{year}-Q{quarter + 1}")
        return first, last, name, True
    year = today.year - 1 if past else today.year
    return date(year, 1, 1), date(year, 12, 31), str(year), True


_READERS: dict[str, Callable[[re.Match[str], date], tuple[date, date, str, bool]]] = {
    "iso": lambda m, t: _day(int(m[1]), int(m[2]), int(m[3])),
    "dotted": _dotted,
    "day_month": lambda m, t: _day(int(m[3]), _MONTHS[m[2]], int(m[1])),
    "month_day": lambda m, t: _day(int(m[3]), _MONTHS[m[1]], int(m[2])),
    "year_month": lambda m, t: _month(int(m[1]), int(m[2])),
    "month": _month_and_year,
    "quarter": _quarter,
    "half": _half,
    "month_number": lambda m, t: _month(int(m[2]), int(m[1])),
    "month_of_year": _month_of_year,
    "month_alone": _month_alone,
    "season": _season,
    "ago_words": _ago_words,
    "ago": _ago,
    "past": _past,
    "named": _named,
    "year": lambda m, t: (date(int(m[1]), 1, 1), date(int(m[1]), 12, 31), m[1], False),
}
