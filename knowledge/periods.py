"""Stretches of time as fact cards and questions name them: years, halves, quarters, months, days and ranges.

A period is a pair of dates, both included, so that "2025-H1" lies within "2025" and "2026-11-09" within "November 2026".
`parse_period` reads the strict notation of the cards; `periods_in` finds what people write in English, German, French or Spanish.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import Literal

from knowledge.lazy_dataclass import dataclass

Agreement = Literal["same", "within", "around", "apart"]
"""How a fact's period stands to the one asked for: the same, a part of it, more than it (or unbounded), or another time."""


@dataclass(frozen=True)
class Period:
    """From `start` to `end`, both included; `until` marks a period that is named by its end alone ("through 2029")."""

    start: date
    end: date
    until: bool = False

    def agreement(self, fact: Period) -> Agreement:
        """How the period of a fact stands to this one, which was asked for."""
        if self.until:
            return "same" if fact.end == self.end else ("around" if fact.end < self.end else "apart")
        if (fact.start, fact.end) == (self.start, self.end):
            return "same"
        if self.start <= fact.start and fact.end <= self.end:
            return "within"
        if fact.start <= self.end and self.start <= fact.end:
            return "around"
        return "apart"


def _year(year: int) -> Period:
    return Period(date(year, 1, 1), date(year, 12, 31))


def _month(year: int, month: int) -> Period:
    next_month = date(year + month // 12, month % 12 + 1, 1)
    return Period(date(year, month, 1), next_month - timedelta(days=1))


def _months(year: int, first: int, last: int) -> Period:
    return Period(date(year, first, 1), _month(year, last).end)


def _quarter(year: int, quarter: int) -> Period:
    return _months(year, 3 * quarter - 2, 3 * quarter)


def _half(year: int, half: int) -> Period:
    return _months(year, 6 * half - 5, 6 * half)


_STRICT = re.compile(
    r"(?P<year>\d{4})(?:-(?:H(?P<half>[12])|Q(?P<quarter>[1-4])|(?P<month>\d\d)(?:-(?P<day>\d\d))?))?"
)


def parse_period(text: str) -> Period:
    """Reads a card's period: `2024`, `2025-H1`, `2026-Q1`, `2025-07`, `2026-11-09`, `2025 to 2029`, `through 2029-05`.

    Raises ValueError for anything else.
    """
    if text.startswith("through "):
        end = parse_period(text.removeprefix("through ")).end
        return Period(date(1, 1, 1), end, until=True)
    first, separator, last = text.partition(" to ")
    if separator:
        start, end = parse_period(first).start, parse_period(last).end
        if end < start:
            raise ValueError(f"{text!r} ends before it begins")
        return Period(start, end)
    match = _STRICT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no period")
    year = int(match["year"])
    if match["half"]:
        return _half(year, int(match["half"]))
    if match["quarter"]:
        return _quarter(year, int(match["quarter"]))
    if match["day"]:
        day = date(year, int(match["month"]), int(match["day"]))
        return Period(day, day)
    if match["month"]:
        if not 1 <= int(match["month"]) <= 12:
            raise ValueError(f"{text!r} has no such month")
        return _month(year, int(match["month"]))
    return _year(year)


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero",
            "february feb februar fevrier février febrero",
            "march mar märz maerz mars marzo",
            "april apr avril abril",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet julio",
            "august aug août aout agosto",
            "september sep sept septembre septiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre decembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4,
    "erste": 1, "ersten": 1, "erstes": 1, "zweite": 2, "zweiten": 2, "zweites": 2, "dritten": 3, "drittes": 3, "vierten": 4,
    "premier": 1, "première": 1, "premiere": 1, "deuxième": 2, "troisième": 3, "quatrième": 4,
    "primer": 1, "primera": 1, "segundo": 2, "segunda": 2, "tercer": 3, "cuarto": 4,
}  # fmt: skip
_ORDINAL = "|".join(sorted(_ORDINALS, key=len, reverse=True))
# A year is a number of four digits that counts nothing: "2000 requests" and "2,024" are none.
_YEAR = r"(?:19[89]|20[0-4])\d"
_NOT_COUNTED = (
    r"(?![\d%])(?![.,]\d)(?!\s*(?:x\b|k\b|m\b|tokens?\b|requests?\b|users?\b|words?\b|gpus?\b|[abh]\d00|calls?\b|queries\b|messages?\b"
    r"|pages?\b|hours?\b|usd\b|dollars?\b|€|eur\b|in\s*/|input\b|output\b|times\b|characters?\b|documents?\b))"
)
# Bounded, with one way only to read a run of spaces: no text makes the search slow.
_OF = r"(?:\s{1,4}(?:of|the|year|in|von|des|du|de|del)){0,3}\s{1,4}"
_MAYBE = re.compile(r"\d\d|year|jahr|heuer|ann|l.an\b|a[ñn]o", re.IGNORECASE)


@cache
def _finder() -> re.Pattern[str]:
    # Built at the first text that may name a time: it takes some milliseconds.
    return re.compile(
        rf"""(?<![\w.,$€£])(?:
      (?P<iso>{_YEAR}-(?:Q[1-4]|H[12]|(?:0[1-9]|1[0-2])(?:-[0-3]\d)?))(?![\w-])
    | (?P<range1>{_YEAR})\s{{0,3}}(?:-|–|to|bis|until|through|till|à|a)\s{{0,3}}(?P<range2>{_YEAR})(?!\w)
    | (?:between|zwischen|entre)\s{{1,3}}(?P<between1>{_YEAR})\s{{1,3}}(?:and|und|et|y)\s{{1,3}}(?P<between2>{_YEAR})(?!\w)
    | (?P<part>[qh][1-4])(?:[\s,/-]{{0,2}}(?:of\s|fy\s?)?(?P<part_year>20[0-4]\d)|\s?['’](?P<part_short>[0-4]\d))(?!\w)
    | (?P<year_part>{_YEAR})[\s,/-]{{0,2}}(?P<part_after>[qh][1-4])(?!\w)
    | (?P<ordinal>{_ORDINAL})\s{{1,3}}(?P<what>quarter|half|quartal|halbjahr|trimestre|semestre)
      {_OF}(?P<ordinal_year>{_YEAR})(?!\w)
    | (?:first|ersten|primeros|premiers)\s{{1,3}}(?P<span>two|three|six|nine|neun|nueve|neuf)\s{{1,3}}
      (?:months|monaten?|mois|meses){_OF}(?P<span_year>{_YEAR})(?!\w)
    | (?P<month1>{_MONTH_NAME})\.?\s{{0,2}}(?:-|–|to|bis|through|until|à|a|and)\s{{0,2}}(?P<month2>{_MONTH_NAME})\.?
      \s{{1,3}}(?:of\s|de\s)?(?P<months_year>{_YEAR})(?!\w)
    | (?:(?P<month_day>[0-3]?\d)\.?\s{{1,3}})?(?P<month>{_MONTH_NAME})\.?,?\s{{1,3}}
      (?:(?P<day>[0-3]?\d)(?:st|nd|rd|th)?,?\s{{1,3}})?(?:of\s{{1,3}}|de\s{{1,3}})?(?P<month_year>{_YEAR})(?!\w)
    | (?P<end_word>through|until|till|up\s+to|by(?:\s+the\s+end\s+of)?|bis|jusqu.(?:en|à)|hasta)\s{{1,3}}(?P<until>{_YEAR})(?!\w)
    | (?:since|seit|depuis|desde)\s{{1,3}}(?P<since>{_YEAR})(?!\w)
    | (?:fy\s?|['’])(?P<short>[12]\d)(?!\w)
    | (?:fy\s?)?(?P<year>{_YEAR}){_NOT_COUNTED}(?!\w)
    | (?P<last_year>last\s+year|letzte[sn]\s+jahr|l[’']ann[ée]e\s+derni[èe]re|l[’']an\s+dernier|(?:el\s+)?a[ñn]o\s+pasado)
    | (?P<this_year>this\s+year|diese[sn]\s+jahr|heuer|cette\s+ann[ée]e|este\s+a[ñn]o)
    | (?P<next_year>next\s+year|n[äa]chste[sn]\s+jahr|l[’']ann[ée]e\s+prochaine|(?:el\s+)?pr[óo]ximo\s+a[ñn]o)
    )""",
        re.VERBOSE | re.IGNORECASE,
    )


_SPANS = {"two": 2, "three": 3, "six": 6, "nine": 9, "neun": 9, "nueve": 9, "neuf": 9}
_CENTURY = 2000


def periods_in(text: str, today: date | None = None) -> list[tuple[int, int, Period]]:
    """The periods that a text names, with their character offsets, in order. "Last year" is reckoned from `today` (UTC)."""
    found: list[tuple[int, int, Period]] = []
    if not _MAYBE.search(text):
        return found
    for match in _finder().finditer(text):
        try:
            found.append((match.start(), match.end(), _read(match, today)))
        except ValueError:  # 31 February
            continue
    return found


def _read(match: re.Match[str], today: date | None) -> Period:
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    if "iso" in groups:
        return parse_period(groups["iso"].upper())
    if "range1" in groups or "between1" in groups:
        ends = (groups.get("range1") or groups["between1"], groups.get("range2") or groups["between2"])
        first, last = sorted(map(int, ends))
        return Period(_year(first).start, _year(last).end)
    if "part" in groups or "part_after" in groups:
        part = (groups.get("part") or groups["part_after"]).lower()
        if "part_short" in groups:
            return _part(part[0], int(part[1]), _CENTURY + int(groups["part_short"]))
        return _part(part[0], int(part[1]), int(groups.get("part_year") or groups["year_part"]))
    if "ordinal" in groups:
        half = groups["what"].lower() in ("half", "halbjahr", "semestre")
        number = _ORDINALS[groups["ordinal"].lower()]
        return _part("h" if half else "q", min(number, 2) if half else number, int(groups["ordinal_year"]))
    if "span" in groups:
        return _months(int(groups["span_year"]), 1, _SPANS[groups["span"].lower()])
    if "month1" in groups:
        first, last = sorted(_MONTHS[groups[name].lower()] for name in ("month1", "month2"))
        return _months(int(groups["months_year"]), first, last)
    if "month" in groups:
        year, month = int(groups["month_year"]), _MONTHS[groups["month"].lower()]
        day = groups.get("day") or groups.get("month_day")
        if day:
            exact = date(year, month, int(day))
            return Period(exact, exact)
        return _month(year, month)
    if "until" in groups:
        return Period(date(1, 1, 1), _year(int(groups["until"])).end, until=True)
    if "since" in groups:
        return Period(_year(int(groups["since"])).start, date(9999, 12, 31))
    if "short" in groups:
        return _year(_CENTURY + int(groups["short"]))
    if "year" in groups:
        return _year(int(groups["year"]))
    return _year(_today(today).year + (-1 if "last_year" in groups else 1 if "next_year" in groups else 0))


def _part(kind: str, number: int, year: int) -> Period:
    if kind == "h":
        if number > 2:
            raise ValueError("a year has two halves")
        return _half(year, number)
    return _quarter(year, number)


def _today(today: date | None) -> date:
    if today is not None:
        return today
    from datetime import UTC, datetime

    return datetime.now(UTC).date()
