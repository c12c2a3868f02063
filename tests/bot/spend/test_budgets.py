"""Budgets hold whatever the concurrency, refuse only what does not fit, and count in the days and months of their time zone."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spending import NOON, Clock, message, opened, reserve, row, rows, settle, usage

from bot.errors import StorageError, UsageError
from bot.spend import budgets, calls
from bot.spend.budgets import EACH, Budget, Refusal, Subject, total_budgets
from bot.spend.calls import CallOutcome, CallRequest
from bot.spend.ledger import Ledger
from bot.spend.null import NullLedger
from bot.spend.schema import migrate

ROOT = Path(__file__).parents[3]


def day(limit: str, **parts: Any) -> Budget:
    return Budget(**{"limit": Decimal(limit), "period": "day", **parts})


async def spent(ledger: Ledger) -> list[Decimal | None]:
    return [state.spent for state in await ledger.budgets()]


async def accepted(ledger: Ledger, query_id: int | None, cost: str, **parts: Any) -> bool:
    try:
        await reserve(ledger, query_id, cost, patience=0.0, **parts)
    except Refusal:
        return False
    return True


# Concurrency


async def test_two_hundred_at_once_against_a_budget_for_twenty(tmp_path: Path) -> None:
    async with opened(tmp_path, budgets=[day("0.0020")]) as ledger:
        passed = await asyncio.gather(*(accepted(ledger, None, "0.0001") for _ in range(200)))
    assert sum(passed) == 20
    assert len(rows(tmp_path, "SELECT * FROM llm_calls")) == 20


def test_two_hundred_from_four_processes_against_a_budget_for_twenty(tmp_path: Path) -> None:
    child = """
import asyncio, sys
from decimal import Decimal
from pathlib import Path
from bot.spend.budgets import Budget, Refusal
from bot.spend.calls import CallOutcome, CallRequest, CallUsage
from bot.spend.ledger import Ledger

async def one(ledger):
    try:
        call = await ledger.reserve_call(CallRequest(query_id=None, model="m", provider="p", base_url="", input_tokens=1,
            output_tokens=1, cost=Decimal("0.0001")))
    except Refusal:
        return 0
    usage = CallUsage(input_tokens=1, output_tokens=1)
    await ledger.settle_call(call, CallOutcome(usage=usage, cost=Decimal("0.0001")))
    return 1

async def main():
    ledger = await Ledger.open(Path(sys.argv[1]), 90, budgets=[Budget(limit=Decimal("0.0020"), period="month")])
    print("ready", flush=True)
    sys.stdin.readline()
    print(sum(await asyncio.gather(*(one(ledger) for _ in range(50)))))
    await ledger.close()

asyncio.run(main())
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", child, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    served = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(served) == 20
    settled = row(tmp_path, "SELECT COUNT(*) AS calls FROM llm_calls WHERE status = 'settled'")
    assert settled == {"calls": 20}


async def test_nobody_is_refused_while_money_is_left(tmp_path: Path) -> None:
    """Each call reserves three times what it takes, so the money that comes back must reach those who wait for it."""
    limit, reserved, taken = Decimal("0.0020"), Decimal("0.0003"), Decimal("0.0001")
    refusals: list[Refusal] = []
    most = Decimal(0)

    async def ask(ledger: Ledger) -> None:
        nonlocal most
        try:
            call = await reserve(ledger, None, str(reserved), patience=20)
        except Refusal as refusal:
            refusals.append(refusal)
            return
        most = max(most, (await spent(ledger))[0] or Decimal(0))
        await asyncio.sleep(0.002)
        await settle(ledger, call, usage(), cost=taken)

    async with opened(tmp_path, budgets=[day(str(limit))]) as ledger:
        await asyncio.gather(*(ask(ledger) for _ in range(200)))
        (total,) = await spent(ledger)
    assert total is not None
    assert most <= limit
    assert total + reserved > limit  # not one more would have fitted
    assert all(refusal.spent - refusal.in_flight + reserved > limit for refusal in refusals)
    assert len(refusals) == 200 - total / taken


async def test_waiting_for_room_ends_with_ones_patience(tmp_path: Path) -> None:
    async with opened(tmp_path, budgets=[day("0.001")]) as ledger:
        await reserve(ledger, None, "0.001")
        with pytest.raises(Refusal) as refused:
            await reserve(ledger, None, "0.001", patience=0.05)
        assert refused.value.passing
        assert refused.value.in_flight == Decimal("0.001")


# What counts, and for whom


async def test_every_call_counts_at_what_it_is_charged_with(tmp_path: Path) -> None:
    async with opened(tmp_path, budgets=[day("10")]) as ledger:
        call = await reserve(ledger, None, "1.00")
        assert await spent(ledger) == [Decimal("1.00")]
        await settle(ledger, call, usage(), cost=Decimal("0.25"))
        await settle(ledger, call, usage(), cost=Decimal("9"))
        assert await spent(ledger) == [Decimal("0.25")]
        failed = await reserve(ledger, None, "1")
        await settle(ledger, failed, usage(0, 0), cost=None, status="failed")
        assert await spent(ledger) == [Decimal("0.25")]
        dearer_than_reserved = await reserve(ledger, None, "1")
        await settle(ledger, dearer_than_reserved, usage(), cost=Decimal("2"))
        assert await spent(ledger) == [Decimal("2.25")]
        await reserve(ledger, None, "4")
    async with opened(tmp_path, budgets=[day("10")]) as ledger:  # the last call is lost
        assert await spent(ledger) == [Decimal("6.25")]
        assert not await accepted(ledger, None, "3.75000000000000000001")
        assert await accepted(ledger, None, "3.75")


async def test_scopes_count_their_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        for scope, subject in (("user", "U1"), ("channel", "C1"), ("workspace", "T1")):
            await ledger.set_budget(day("1", scope=scope, subject=subject))
        mine = (await ledger.admit(message())).query_id
        colleague = (await ledger.admit(message(user="U2"))).query_id
        elsewhere = (await ledger.admit(message(user="U2", channel="C2"))).query_id
        stranger = (await ledger.admit(message(user="U9", channel="C9", workspace="T9"))).query_id
        assert await accepted(ledger, mine, "0.6")
        assert not await accepted(ledger, mine, "0.6")
        assert await accepted(ledger, colleague, "0.3")
        assert not await accepted(ledger, colleague, "0.2")  # the channel has 0.1 left
        assert await accepted(ledger, elsewhere, "0.1")
        assert not await accepted(ledger, elsewhere, "0.1")  # the workspace has nothing left
        assert await accepted(ledger, stranger, "0.6")
        assert {s.budget.scope: s.spent for s in await ledger.budgets()} == {
            "user": Decimal("0.6"),
            "channel": Decimal("0.9"),
            "workspace": Decimal("1.0"),
        }


async def test_a_budget_for_each_user_gives_way_to_one_of_the_users_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.set_budget(day("1", scope="user", subject=EACH))
        await ledger.set_budget(day("5", scope="user", subject="U5"))
        one, other, rich, nobody = [
            (await ledger.admit(message(user=user))).query_id for user in ("U1", "U2", "U5", "")
        ]
        assert await accepted(ledger, one, "1")
        assert not await accepted(ledger, one, "0.01")
        assert await accepted(ledger, other, "1")
        assert await accepted(ledger, rich, "5")
        assert not await accepted(ledger, rich, "0.01")
        assert await accepted(ledger, nobody, "100")


async def test_the_smallest_of_equal_budgets_holds_and_removing_it_frees(tmp_path: Path) -> None:
    async with opened(tmp_path, budgets=total_budgets(Decimal(5), None, "UTC")) as ledger:
        await ledger.set_budget(day("2"))
        assert not await accepted(ledger, None, "3")
        await ledger.set_budget(day("4"))
        assert await accepted(ledger, None, "3")
        assert await ledger.remove_budget("total", "", "day")
        assert not await ledger.remove_budget("total", "", "day")
        assert await accepted(ledger, None, "2")
        assert not await accepted(ledger, None, "0.01")


async def test_a_budget_that_is_set_late_counts_what_was_spent_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await reserve(ledger, None, "0.7")
        await ledger.set_budget(day("1"))
        assert not await accepted(ledger, None, "0.31")
        assert await accepted(ledger, None, "0.3")


async def test_without_a_price_no_budget_can_be_held(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await reserve(ledger, None, None)
        await ledger.set_budget(day("1"))
        with pytest.raises(Refusal, match="price of the LLM is not known"):
            await reserve(ledger, None, None)
        await reserve(ledger, None, "0")


async def test_a_refusal_names_the_budget_and_when_it_begins_anew(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.set_budget(
            Budget(
                limit=Decimal("0.5"), period="month", scope="channel", subject="C1", time_zone="Europe/Berlin"
            )
        )
        query = (await ledger.admit(message())).query_id
        with pytest.raises(Refusal) as refused:
            await reserve(ledger, query, "0.6")
    assert str(refused.value) == (
        "Channel C1's budget of $0.5 a month is used up ($0 spent or reserved). It begins anew on 2026-03-31 at 22:00 UTC."
    )


async def test_no_budget_is_held_without_a_ledger() -> None:
    ledger = NullLedger("The disk is full.", budgets=[day("1")])
    with pytest.raises(StorageError, match="The disk is full"):
        await reserve(ledger, None, "0.1")  # type: ignore[arg-type]
    assert await reserve(NullLedger("x"), None, "0.1") < 0  # type: ignore[arg-type]


# Warnings


async def test_each_mark_is_told_once_in_a_period(tmp_path: Path) -> None:
    clock = Clock()
    limits = [day("1")]
    async with (
        opened(tmp_path, budgets=limits, clock=clock) as a,
        opened(tmp_path, budgets=limits, clock=clock) as b,
    ):

        async def told() -> list[int]:
            return [w.percent for ledger in (a, b) for w in ledger.take_warnings()]

        await reserve(a, None, "0.79")
        assert await told() == []
        await reserve(b, None, "0.01")
        assert await told() == [80]
        await reserve(a, None, "0.15")
        assert await told() == []
        assert not await accepted(b, None, "0.1")
        assert await told() == [100]  # what is left is too little for a call
        assert not await accepted(a, None, "0.1")
        assert await accepted(a, None, "0.05")
        assert await told() == []
        clock.move(days=1)
        await reserve(a, None, "1")
        (warning,) = a.take_warnings()
        assert str(warning) == (
            "100 % of the total budget of $1 a day is used: $1 spent or reserved. It begins anew on 2026-03-12 at 00:00 UTC."
        )


async def test_a_raised_limit_warns_anew(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.set_budget(day("1"))
        await reserve(ledger, None, "0.9")
        await ledger.set_budget(day("10"))
        await reserve(ledger, None, "7.1")
        assert [(w.budget.limit, w.percent) for w in ledger.take_warnings()] == [(1, 80), (10, 80)]


# Periods


async def test_a_new_day_begins_at_midnight_in_the_budgets_time_zone(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 3, 10, 14, 59, tzinfo=UTC))  # 23:59 in Tokyo
    tokyo = day("1", time_zone="Asia/Tokyo")
    async with opened(tmp_path, budgets=[tokyo], clock=clock) as ledger:
        assert await accepted(ledger, None, "1")
        assert not await accepted(ledger, None, "1")
        clock.move(minutes=1)
        assert await accepted(ledger, None, "1")
        clock.move(minutes=-1)  # a clock that jumps back finds the old day as it was
        assert not await accepted(ledger, None, "1")


async def test_a_call_is_settled_in_the_day_that_reserved_it(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 3, 10, 23, 59, tzinfo=UTC))
    async with opened(tmp_path, budgets=[day("1")], clock=clock) as ledger:
        yesterday = await reserve(ledger, None, "1")
        clock.move(minutes=2)
        await reserve(ledger, None, "0.5")
        await settle(ledger, yesterday, usage(), cost=Decimal("0.1"))
        assert await spent(ledger) == [Decimal("0.5")]


ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Africa/Cairo",
        "Pacific/Apia",
        "America/Havana",
    ]
)


@given(
    st.integers(631_152_000, 2_840_140_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    ZONES,
    st.sampled_from(["day", "month"]),
)
def test_periods_hold_their_moment_and_follow_one_another(moment: datetime, zone: str, period: Any) -> None:
    budget = Budget(limit=Decimal(1), period=period, time_zone=zone)
    start, end = budget.bounds(moment)
    assert start <= moment < end
    assert budget.bounds(start) == budget.bounds(end - timedelta(microseconds=1)) == (start, end)
    assert budget.bounds(end)[0] == end
    local = moment.astimezone(ZoneInfo(zone)).date()
    first = local if period == "day" else local.replace(day=1)
    assert start.astimezone(ZoneInfo(zone)).date() == first


# The running sums are what counting would give


@pytest.fixture(scope="module")
def empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    return connection


STEP = st.one_of(
    st.tuples(st.just("reserve"), st.sampled_from(["U1", "U2", ""]), st.integers(0, 40)),
    st.tuples(st.just("settle"), st.integers(0, 30), st.integers(0, 50)),
    st.tuples(st.just("wait"), st.integers(-40, 40), st.just(0)),
    st.tuples(st.just("set"), st.sampled_from(["U1", EACH, ""]), st.integers(20, 90)),
)


@given(st.lists(STEP, max_size=40))
def test_running_sums_equal_a_count_and_no_reservation_exceeds_a_limit(
    empty: sqlite3.Connection, steps: list[tuple[str, Any, Any]]
) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    empty.backup(connection)
    now, made = NOON, []
    configured = (day("1.00"), Budget(limit=Decimal("1.60"), period="month", time_zone="Asia/Tokyo"))
    for user in ("U1", "U2", ""):
        connection.execute(
            "INSERT INTO queries (received_at, platform, workspace, channel, thread, user, private)"
            " VALUES ('', 'slack', 'T1', 'C1', '', ?, 0)",
            (user,),
        )
    for step, what, amount in steps:
        cents = Decimal(amount) / 100
        if step == "wait":
            now += timedelta(hours=what)
        elif step == "set":
            scope = "user" if what else "channel"
            budgets.set_budget(connection, day(str(cents), scope=scope, subject=what or "C1"), now)
        elif step == "settle" and what < len(made):
            calls.settle(connection, made[what], CallOutcome(usage=usage(), cost=cents), now)
        elif step == "reserve":
            request = CallRequest(
                query_id=["U1", "U2", ""].index(what) + 1, provider="p", model="m", base_url="", input_tokens=1,
                output_tokens=1, cost=cents,
            )  # fmt: skip
            subject = Subject("slack", "T1", "C1", what)
            limits = [
                (b, budgets._spent(connection, b, subject, now))
                for b in budgets._applying(connection, configured, subject)
            ]
            outcome = calls.reserve(connection, "me", request, configured, now)
            fits = all(before + cents <= budget.limit for budget, before in limits)
            assert (outcome.call_id is not None) == fits
            if outcome.call_id is not None:
                made.append(outcome.call_id)
        for scope, subject_id, starts, ends, spent_usd in connection.execute(
            "SELECT scope, subject, starts_at, ends_at, spent_usd FROM budget_periods"
        ).fetchall():
            counted = budgets._count(
                connection, scope, subject_id, datetime.fromisoformat(starts), datetime.fromisoformat(ends)
            )
            assert Decimal(spent_usd) == counted
    connection.close()


# What cannot be a budget


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"limit": Decimal("-1")}, "A budget cannot be"),
        ({"limit": Decimal("NaN")}, "A budget cannot be"),
        ({"period": "week"}, "no budget period"),
        ({"scope": "team", "subject": "x"}, "no budget scope"),
        ({"scope": "user"}, "needs an id"),
        ({"subject": "U1"}, "needs no id"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
    ],
)
def test_what_cannot_be_a_budget_is_refused(parts: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        day(**{"limit": "1", **parts})
