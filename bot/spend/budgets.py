"""Budgets: what the bot's own LLM calls may cost, in all or for a workspace, channel or user, each day or month.

A budget is checked and charged in the transaction that writes the call's row, under the ledger's only write lock, so whatever the
concurrency the sum of what was settled, is reserved and was lost never exceeds it by a reservation. A call is refused exactly when
its own reservation does not fit into what is left.

`budget_periods` keeps a running sum for each (scope, subject, period, time zone) that some budget has asked for. A sum that is
missing (a new period, a new budget) is counted from `llm_calls`, so the table holds nothing that could not be counted again.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal, get_args

from bot.answers import plain
from bot.errors import AicostError, UsageError
from bot.people import Person
from bot.spend.encoding import add, less, money_text, read_time, storable, time_text, times, zone
from bot.spend.users import known_person, users_rows
from knowledge.lazy_dataclass import dataclass, replace

Scope = Literal["total", "workspace", "channel", "user"]
BudgetPeriod = Literal["day", "month"]

EACH = "*"
"""As the subject of a budget: each workspace, channel or user has this budget of its own, unless one is named for it."""

WARN_AT_PERCENT = (80, 100)


@dataclass(frozen=True)
class Subject:
    """Who causes a call; an empty part belongs to no budget of that scope."""

    platform: str
    workspace: str
    channel: str
    user: str

    def of(self, scope: Scope) -> str:
        """The id that a budget of the scope goes by."""
        return {"total": "", "workspace": self.workspace, "channel": self.channel, "user": self._person}[
            scope
        ]

    def is_of(self, scope: Scope, subject: str) -> bool:
        """Whether a budget with this subject counts the call."""
        return subject in ((self._person, self.user) if scope == "user" else (self.of(scope),))

    @property
    def _person(self) -> str:
        return str(Person(self.user, self.platform)) if self.user else ""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """At most `limit` USD for each `period`, which begins at midnight in `time_zone`. Raises `UsageError` for what cannot be."""

    limit: Decimal
    period: BudgetPeriod
    scope: Scope = "total"
    subject: str = ""
    """The id of the workspace, channel or user (`slack:U012AB3CD`, or the plain id), or `EACH`; empty for the total."""
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.scope not in get_args(Scope):
            raise UsageError(
                f"There is no budget scope {self.scope!r}.", f"Use one of {', '.join(get_args(Scope))}."
            )
        if self.period not in get_args(BudgetPeriod):
            raise UsageError(f"There is no budget period {self.period!r}.", "Use day or month.")
        if (self.scope == "total") != (self.subject == ""):
            raise UsageError(
                f"A {self.scope} budget needs {'no id' if self.scope == 'total' else 'an id'}.",
                "Example: aicost budget set user slack:U012AB3CD 2 --per day",
            )
        if not self.limit.is_finite() or self.limit < 0:
            raise UsageError(
                f"A budget cannot be {self.limit} USD.", "Give an amount of zero or more, such as 1.50."
            )
        money_text(self.limit)
        zone(self.time_zone)

    @property
    def name(self) -> str:
        """The budget in words: "the total budget of $20 a month"."""
        whose = {"": "the total", EACH: f"the {self.scope}"}.get(
            self.subject, f"{self.scope} {self.subject}'s"
        )
        return f"{whose} budget of ${plain(self.limit)} a {self.period}"

    def bounds(self, moment: datetime) -> tuple[datetime, datetime]:
        """The period that holds the moment: its start, and its end, which belongs to the next one; both UTC."""
        place = zone(self.time_zone)
        day = moment.astimezone(place).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if self.period == "day":
            start, next_day = day, day.date() + timedelta(days=1)
        else:
            start = day.replace(day=1)
            next_day = (start.date() + timedelta(days=31)).replace(day=1)
        end = datetime(next_day.year, next_day.month, next_day.day, tzinfo=place)
        return start.astimezone(UTC), end.astimezone(UTC)


class Refusal(AicostError):
    """A call may not be made, because `budget` has no room for it.

    Amounts are USD: `spent` is what the current period has spent or reserved, `in_flight` the part of it that calls under way have
    reserved, `asked` the call's own reservation (None: its price is not known).
    """

    def __init__(
        self, budget: Budget, spent: Decimal, in_flight: Decimal, asked: Decimal | None, resets_at: datetime
    ) -> None:
        if asked is None:
            what = f"The price of the LLM is not known, so {budget.name} cannot be held and the LLM is not asked."
            remedy = (
                "contracts.yaml can name it: - {provider: own, model: NAME, rates: {input: 0, output: 0}}"
            )
        else:
            name = budget.name[0].upper() + budget.name[1:]
            what = f"{name} is used up (${plain(spent)} spent or reserved)."
            remedy = f"It begins anew on {_when(resets_at)}."
        super().__init__(what, remedy)
        self.budget = budget
        self.spent = spent
        self.in_flight = in_flight
        self.asked = asked
        self.resets_at = resets_at

    @property
    def passing(self) -> bool:
        """Whether the call may fit once the calls under way are settled."""
        return (
            self.asked is not None
            and self.in_flight > 0
            and add([less(self.spent, self.in_flight), self.asked]) <= self.budget.limit
        )


@dataclass(frozen=True)
class BudgetWarning:
    """A budget has just reached `percent` of its limit in the current period; told once for each percentage."""

    budget: Budget
    subject: str
    percent: int
    spent: Decimal
    resets_at: datetime

    def __str__(self) -> str:
        whom = f" ({self.subject})" if self.budget.subject == EACH else ""
        return (
            f"{self.percent} % of {self.budget.name}{whom} is used: ${plain(self.spent)} spent or reserved. "
            f"It begins anew on {_when(self.resets_at)}."
        )


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d at %H:%M} UTC"


@dataclass(frozen=True)
class BudgetState:
    """A stored or configured budget with what its current period has used; `spent` is None for a budget of `EACH`."""

    budget: Budget
    spent: Decimal | None
    resets_at: datetime


def total_budgets(day: Decimal | None, month: Decimal | None, time_zone: str) -> tuple[Budget, ...]:
    """The budgets of the settings `AICOST_BUDGET_DAY_USD` and `AICOST_BUDGET_MONTH_USD`; None is none."""
    limits: tuple[tuple[Decimal | None, BudgetPeriod], ...] = ((day, "day"), (month, "month"))
    return tuple(
        Budget(limit=limit, period=period, time_zone=time_zone)
        for limit, period in limits
        if limit is not None
    )


def charge(
    connection: sqlite3.Connection,
    configured: tuple[Budget, ...],
    subject: Subject,
    cost: Decimal | None,
    now: datetime,
) -> tuple[Refusal | None, tuple[BudgetWarning, ...]]:
    """Charge a reservation to every budget that applies, or to none and say which refuses it."""
    sums = [
        (budget, _spent(connection, budget, subject, now))
        for budget in _applying(connection, configured, subject)
    ]
    refusals = [
        Refusal(budget, spent, _in_flight(connection, budget, subject, now), cost, budget.bounds(now)[1])
        for budget, spent in sums
        if cost is None or add([spent, cost]) > budget.limit
    ]
    if refusals:
        # One that stays refused goes before one that may pass: waiting for the latter would be in vain.
        refusal = next((r for r in refusals if not r.passing), refusals[0])
        # "Used up" is news even if no call ever filled the budget to the last fraction of a cent.
        if cost is None:
            return refusal, ()
        return refusal, _warn(connection, refusal.budget, subject, refusal.spent, now, refused=True)
    if cost is None:
        return None, ()
    correct(connection, subject, now, cost)
    warnings = [
        warning
        for budget, spent in sums
        for warning in _warn(connection, budget, subject, add([spent, cost]), now)
    ]
    return None, tuple(warnings)


def correct(connection: sqlite3.Connection, subject: Subject, reserved_at: datetime, change: Decimal) -> None:
    """Carry a change of a call's cost into every running sum that counts the call."""
    if not change:
        return
    moment = time_text(reserved_at)
    rows = connection.execute(
        "SELECT rowid, spent_usd FROM budget_periods WHERE starts_at <= ? AND ends_at > ? AND (scope = 'total'"
        " OR scope = 'workspace' AND subject = ? OR scope = 'channel' AND subject = ?"
        " OR scope = 'user' AND subject IN (?, ?))",
        (moment, moment, subject.workspace, subject.channel, subject.of("user"), subject.user),
    ).fetchall()
    connection.executemany(
        "UPDATE budget_periods SET spent_usd = ? WHERE rowid = ?",
        [(plain(add([Decimal(spent), change])), rowid) for rowid, spent in rows],
    )


def set_budget(connection: sqlite3.Connection, budget: Budget, now: datetime) -> Budget:
    """Store a budget in place of the one of the same scope, subject and period; of a user, under the name with the platform.

    Raises `UsageError` for a plain id that users of several platforms have.
    """
    if budget.scope == "user" and budget.subject != EACH:
        budget = replace(budget, subject=str(known_person(connection, budget.subject)))
        remove_budget(connection, "user", budget.subject, budget.period)
    connection.execute(
        "INSERT OR REPLACE INTO budgets (scope, subject, period, time_zone, limit_usd, set_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            budget.scope,
            storable(budget.subject),
            budget.period,
            budget.time_zone,
            money_text(budget.limit),
            time_text(now),
        ),
    )
    return budget


def remove_budget(connection: sqlite3.Connection, scope: Scope, subject: str, period: BudgetPeriod) -> bool:
    """Remove a stored budget; False if there is none. A user's is found under the plain id too."""
    names = {subject}
    if scope == "user" and subject != EACH:
        person = known_person(connection, subject)
        names |= {str(person), person.user}
    removed = [
        connection.execute(
            "DELETE FROM budgets WHERE scope = ? AND subject = ? AND period = ?",
            (scope, storable(name), period),
        ).rowcount
        for name in names
    ]
    return any(removed)


def states(
    connection: sqlite3.Connection, configured: tuple[Budget, ...], now: datetime
) -> tuple[BudgetState, ...]:
    """All budgets, the configured ones first, and what is spent of each."""
    found = []
    for budget in (*configured, *_stored(connection)):
        start, end = budget.bounds(now)
        spent = (
            None if budget.subject == EACH else _count(connection, budget.scope, budget.subject, start, end)
        )
        found.append(BudgetState(budget, spent, end))
    return tuple(found)


def _stored(connection: sqlite3.Connection) -> list[Budget]:
    rows = connection.execute("SELECT limit_usd, period, scope, subject, time_zone FROM budgets ORDER BY id")
    return [
        Budget(limit=Decimal(limit), period=period, scope=scope, subject=subject, time_zone=zone)
        for limit, period, scope, subject, zone in rows.fetchall()
    ]


def _applying(
    connection: sqlite3.Connection, configured: tuple[Budget, ...], subject: Subject
) -> list[Budget]:
    """The budgets that a call must fit into: a named subject's own goes before that for each; of equals the smallest holds."""
    own: dict[tuple[str, str, str], Budget] = {}
    each: dict[tuple[str, str, str], Budget] = {}
    for budget in (*configured, *_stored(connection)):
        group = each if budget.subject == EACH else own
        key = (budget.scope, budget.period, budget.time_zone)
        ours = budget.scope == "total" or (
            subject.of(budget.scope) != ""
            and (budget.subject == EACH or subject.is_of(budget.scope, budget.subject))
        )
        if ours and (key not in group or budget.limit < group[key].limit):
            group[key] = budget
    named = {(budget.scope, budget.period) for budget in own.values()}
    return [*own.values(), *(b for b in each.values() if (b.scope, b.period) not in named)]


def _spent(connection: sqlite3.Connection, budget: Budget, subject: Subject, now: datetime) -> Decimal:
    """The running sum of the budget's current period, counted first where there is none yet."""
    start, end = budget.bounds(now)
    key = _period_key(budget, subject, start)
    row = connection.execute(f"SELECT spent_usd FROM budget_periods WHERE {_THIS_PERIOD}", key).fetchone()
    if row is not None:
        return Decimal(row[0])
    spent = _count(connection, budget.scope, _counted_for(budget, subject), start, end)
    # Sums of past periods are of no more use; a clock that jumps back has them counted anew.
    connection.execute("DELETE FROM budget_periods WHERE ends_at < ?", (time_text(now - timedelta(days=2)),))
    connection.execute(
        "INSERT INTO budget_periods (scope, subject, period, time_zone, starts_at, ends_at, spent_usd)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*key, time_text(end), plain(spent)),
    )
    return spent


def _count(
    connection: sqlite3.Connection, scope: Scope, subject: str, start: datetime, end: datetime
) -> Decimal:
    only, whose = ("", []) if scope == "total" else (f"{scope} = ?", [subject])
    if scope == "user":
        only, whose = users_rows(Person.read(subject))
    rows = connection.execute(
        "SELECT cost_usd FROM llm_calls WHERE reserved_at >= ? AND reserved_at < ? AND cost_usd IS NOT NULL"
        + (only and f" AND {only}"),
        (time_text(start), time_text(end), *whose),
    )
    return add(Decimal(cost) for (cost,) in rows)


def _in_flight(connection: sqlite3.Connection, budget: Budget, subject: Subject, now: datetime) -> Decimal:
    start, end = budget.bounds(now)
    rows = connection.execute(
        "SELECT cost_usd, reserved_at, platform, workspace, channel, user FROM llm_calls WHERE status = 'reserved'"
    ).fetchall()
    return add(
        Decimal(cost)
        for cost, reserved_at, *whose in rows
        if cost is not None
        and start <= read_time(reserved_at) < end
        and (budget.scope == "total" or Subject(*whose).is_of(budget.scope, _counted_for(budget, subject)))
    )


def _warn(
    connection: sqlite3.Connection,
    budget: Budget,
    subject: Subject,
    spent: Decimal,
    now: datetime,
    *,
    refused: bool = False,
) -> tuple[BudgetWarning, ...]:
    """The highest percentage that the budget has reached and nobody was told of yet, as one warning or none."""
    shares = (p for p in WARN_AT_PERCENT if spent and times(spent, 100) >= times(budget.limit, p))
    reached = 100 if refused else max(shares, default=0)
    start, end = budget.bounds(now)
    key = _period_key(budget, subject, start)
    limit = plain(budget.limit)
    told, told_limit = connection.execute(
        f"SELECT warned_percent, warned_limit_usd FROM budget_periods WHERE {_THIS_PERIOD}", key
    ).fetchone()
    if told_limit != limit:
        told = 0
    if reached <= told:
        return ()
    connection.execute(
        f"UPDATE budget_periods SET warned_percent = ?, warned_limit_usd = ? WHERE {_THIS_PERIOD}",
        (reached, limit, *key),
    )
    return (BudgetWarning(budget, _counted_for(budget, subject), reached, spent, end),)


_THIS_PERIOD = "scope = ? AND subject = ? AND period = ? AND time_zone = ? AND starts_at = ?"


def _period_key(budget: Budget, subject: Subject, start: datetime) -> tuple[str, str, str, str, str]:
    return (budget.scope, _counted_for(budget, subject), budget.period, budget.time_zone, time_text(start))


def _counted_for(budget: Budget, subject: Subject) -> str:
    """Whose spending a budget counts: its subject's, and if it is for each, that of the one who asks."""
    return subject.of(budget.scope) if budget.subject == EACH else budget.subject
