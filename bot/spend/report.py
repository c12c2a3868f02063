"""What the bot was asked and what its own LLM calls cost, in all and by one criterion.

Sums are exact: SQLite groups and counts, money is added up as decimals. Groups add up to the totals, key by key. A question counts
by the time it came, a call by the time it was reserved; a call that is reserved or lost counts with the tokens and cost reserved.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any, Literal, get_args

from bot.answers import plain
from bot.errors import UsageError
from bot.people import Person
from bot.spend.encoding import add, read_time, time_text, zone
from bot.spend.users import known_person, users_rows
from knowledge.lazy_dataclass import dataclass

By = Literal["user", "channel", "workspace", "platform", "model", "kind", "day", "parser"]

NONE = "none"
"""The group of what has no value: questions that needed no LLM (by model), terminals without workspace, unanswered questions."""

_FIRST_MODEL = "(SELECT f.model FROM llm_calls f WHERE f.query_id = q.id ORDER BY f.id LIMIT 1)"

_KEYS: dict[str | None, tuple[str, str]] = {
    None: ("''", "''"),
    "user": ("q.platform || char(31) || q.user", "c.platform || char(31) || c.user"),
    "channel": ("q.channel", "c.channel"),
    "workspace": ("q.workspace", "c.workspace"),
    "platform": ("q.platform", "c.platform"),
    "model": (_FIRST_MODEL, "c.model"),
    "kind": ("q.kind", "(SELECT q.kind FROM queries q WHERE q.id = c.query_id)"),
    "parser": ("q.parser", "(SELECT q.parser FROM queries q WHERE q.id = c.query_id)"),
    # Zones differ by multiples of a quarter of an hour, so a day in any zone is made of whole minutes in UTC.
    "day": ("substr(q.received_at, 1, 16)", "substr(c.reserved_at, 1, 16)"),
}
"""For each criterion the expressions that group questions and calls."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over questions and calls. `reserved` and `lost` count calls, which `llm_calls`, tokens and cost include."""

    questions: int = 0
    llm_calls: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    reserved: int = 0
    lost: int = 0
    without_llm: int = 0
    """Questions that took no LLM call."""
    unpriced: int = 0
    """Calls whose price is not known; `cost_usd` does not include them."""
    estimated: int = 0
    """Calls whose tokens we counted, because the server reported none."""

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            questions=self.questions + other.questions,
            llm_calls=self.llm_calls + other.llm_calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=add([self.cost_usd, other.cost_usd]),
            reserved=self.reserved + other.reserved,
            lost=self.lost + other.lost,
            without_llm=self.without_llm + other.without_llm,
            unpriced=self.unpriced + other.unpriced,
            estimated=self.estimated + other.estimated,
        )

    def to_json(self) -> dict[str, Any]:
        """The keys that other programs rely on; the cost is an exact decimal string."""
        return {
            "questions": self.questions,
            "llm_calls": self.llm_calls,
            "input_tokens": self.input_tokens,
            "cached_input_tokens": self.cached_input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": plain(self.cost_usd),
            "reserved": self.reserved,
            "lost": self.lost,
        }


@dataclass(frozen=True)
class Group:
    """The sums of one user, channel, model …; `by` is its id, an ISO date for a day."""

    by: str
    totals: Totals

    def title(self, criterion: By | None) -> str:
        """What to call the group in front of people."""
        if self.by != NONE:
            return self.by
        if criterion == "model":
            return "no LLM"
        if not self.totals.questions:
            return "calls without a question"
        return "not answered" if criterion in ("kind", "parser") else f"no {criterion}"

    def to_json(self) -> dict[str, Any]:
        return {**self.totals.to_json(), "by": self.by}


@dataclass(frozen=True, kw_only=True)
class UsageReport:
    """Usage from `since` up to, but not including, `until` (None: without end). Days in order, other groups dearest first."""

    since: datetime | None
    until: datetime | None
    by: By | None
    totals: Totals
    groups: tuple[Group, ...]

    def to_json(self) -> dict[str, Any]:
        return {"totals": self.totals.to_json(), "groups": [group.to_json() for group in self.groups]}


def build(
    connection: sqlite3.Connection,
    since: datetime | None,
    until: datetime | None,
    by: By | None,
    *,
    user: str | None,
    time_zone: str,
) -> UsageReport:
    """Sum up a time range, inside a transaction that the caller holds."""
    if by is not None and by not in get_args(By):
        raise UsageError(f"Usage cannot be grouped by {by!r}.", f"Use one of {', '.join(get_args(By))}.")
    name = _day_namer(zone(time_zone)) if by == "day" else _name
    person = None if user is None else known_person(connection, user)
    sums: dict[str, Totals] = {}

    def count(key: str | None, part: Totals) -> None:
        group = name(key)
        sums[group] = sums.get(group, Totals()) + part

    question_key, call_key = _KEYS[by]
    where, values = _range("q", "received_at", since, until, person)
    for key, questions in connection.execute(
        f"SELECT {question_key} AS key, COUNT(*) FROM queries q WHERE {where} GROUP BY key", values
    ):
        count(key, Totals(questions=questions, without_llm=questions))
    for key, questions in connection.execute(
        f"SELECT {question_key} AS key, COUNT(*) FROM queries q WHERE {where}"
        " AND q.id IN (SELECT query_id FROM llm_calls) GROUP BY key",
        values,
    ):
        count(key, Totals(without_llm=-questions))
    where, values = _range("c", "reserved_at", since, until, person)
    for key, calls, inputs, cached, outputs, reserved, lost, estimated, unpriced in connection.execute(
        f"SELECT {call_key} AS key, COUNT(*), SUM(c.input_tokens), SUM(c.cached_input_tokens), SUM(c.output_tokens),"
        " SUM(c.status = 'reserved'), SUM(c.status = 'lost'), SUM(c.estimated), SUM(c.cost_usd IS NULL)"
        f" FROM llm_calls c WHERE {where} GROUP BY key",
        values,
    ):
        part = Totals(
            llm_calls=calls,
            input_tokens=inputs,
            cached_input_tokens=cached,
            output_tokens=outputs,
            reserved=reserved,
            lost=lost,
            estimated=estimated,
            unpriced=unpriced,
        )
        count(key, part)
    costs: dict[str, list[Decimal]] = {}
    for key, cost in connection.execute(
        f"SELECT {call_key}, c.cost_usd FROM llm_calls c WHERE {where} AND c.cost_usd IS NOT NULL", values
    ):
        costs.setdefault(name(key), []).append(Decimal(cost))
    for group, amounts in costs.items():
        sums[group] += Totals(cost_usd=add(amounts))
    if by == "user":
        sums = _by_person(sums)
    totals = Totals()
    for part in sums.values():
        totals += part
    groups = [Group(key, part) for key, part in sums.items()]
    if by == "day":
        groups.sort(key=lambda g: g.by)
    else:
        groups.sort(key=lambda g: (-g.totals.cost_usd, -g.totals.questions, g.by))
    return UsageReport(since=since, until=until, by=by, totals=totals, groups=tuple(groups) if by else ())


def _range(
    table: str, time_column: str, since: datetime | None, until: datetime | None, person: Person | None
) -> tuple[str, list[str]]:
    conditions: list[str] = []
    values: list[str] = []
    for sign, moment in ((">=", since), ("<", until)):
        if moment is not None:
            conditions.append(f"{table}.{time_column} {sign} ?")
            values.append(time_text(moment))
    if person is not None:
        condition, whose = users_rows(person, table)
        conditions.append(condition)
        values += whose
    return " AND ".join(conditions) or "1", values


def _by_person(sums: dict[str, Totals]) -> dict[str, Totals]:
    """Groups of users by their ids; where users of several platforms have the same id, with the platform."""
    people = {key: Person(user, platform) for key in sums for platform, _, user in [key.partition("\x1f")]}
    ids = Counter(person.user for person in people.values())
    named: dict[str, Totals] = {}
    for key, part in sums.items():
        person = people[key]
        name = NONE if not person.user else str(person) if ids[person.user] > 1 else person.user
        named[name] = named.get(name, Totals()) + part
    return named


def _name(key: str | None) -> str:
    return key or NONE


def _day_namer(place: tzinfo) -> Callable[[str | None], str]:
    @cache
    def name(minute: str | None) -> str:
        assert minute is not None
        return read_time(minute + "Z").astimezone(place).date().isoformat()

    return name


_DAYS_BACK = re.compile(r"(?:the )?(?:last|past) (\d{1,4}) (day|week|month)s?")

PERIODS = (
    "today",
    "yesterday",
    "this week",
    "last week",
    "this month",
    "last month",
    "this year",
    "last year",
    "last N days",
    "all",
)
"""What `time_range` understands; a week begins on Monday."""


def time_range(period: str, time_zone: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The start and end (UTC; the end is not included) of a period named in words, as days go in the time zone.

    Raises `UsageError` for a name that it does not know. "last 7 days" are the 7 days that end with today.
    """
    today = now.astimezone(zone(time_zone)).date()
    words = " ".join(period.lower().replace("-", " ").replace("_", " ").split())
    week = today - timedelta(days=today.weekday())
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    tomorrow = today + timedelta(days=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    named: dict[str, tuple[date | None, date | None]] = {
        "today": (today, tomorrow),
        "yesterday": (today - timedelta(days=1), today),
        "this week": (week, tomorrow),
        "last week": (week - timedelta(days=7), week),
        "this month": (month, tomorrow),
        "last month": (last_month, month),
        "this year": (year, tomorrow),
        "last year": (year.replace(year=year.year - 1), year),
        "all": (None, None),
        "all time": (None, None),
    }
    if words in named:
        start, end = named[words]
    elif match := _DAYS_BACK.fullmatch(words):
        days = int(match[1]) * {"day": 1, "week": 7, "month": 30}[match[2]]
        start, end = tomorrow - timedelta(days=max(1, days)), tomorrow
    else:
        raise UsageError(f"I know no period {period!r}.", f"Use one of {', '.join(PERIODS)}.")
    last_day = None if end is None else end - timedelta(days=1)
    return day_range(start, last_day, time_zone)


def day_range(
    first: date | None, last: date | None, time_zone: str
) -> tuple[datetime | None, datetime | None]:
    """The UTC start of the first day and end of the last one (both included), as days go in the time zone."""
    place = zone(time_zone)

    def midnight(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=place).astimezone(UTC)

    try:
        return (
            None if first is None else midnight(first),
            None if last is None else midnight(last + timedelta(days=1)),
        )
    except OverflowError:
        raise UsageError("These dates lie outside the calendar.", "Name years from 2 to 9998.") from None
