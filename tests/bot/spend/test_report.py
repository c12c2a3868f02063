"""Calls are charged exactly once and exactly; reports add up, in all and by each criterion, in days of any time zone."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spending import NOON, Clock, answer, message, opened, reserve, row, settle, usage

from bot.errors import QuantityError, StorageError, UsageError
from bot.spend.calls import CallUsage
from bot.spend.encoding import money_text, read_time, time_text
from bot.spend.report import By, UsageReport, day_range, time_range

KEYS = [
    "questions",
    "llm_calls",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "cost_usd",
    "reserved",
    "lost",
]


async def history(folder: Path) -> Clock:
    """Three users, two platforms, two models, two days; a call of every status."""
    clock = Clock()
    async with opened(folder, clock=clock) as ledger:

        async def ask(user: str, *models: str, kind: str = "price", **parts: Any) -> int:
            query = (await ledger.admit(message(user=user, at=clock.now, **parts))).query_id
            for model in models:
                call = await reserve(ledger, query, "0.001", model=model)
                clock.move(milliseconds=800)
                await settle(
                    ledger,
                    call,
                    usage(1000, 50, cached_input_tokens=600, reasoning_tokens=20),
                    cost=Decimal("0.0000701"),
                    price_source="genai-prices",
                    price_as_of="2026-03-01",
                    latency_ms=800,
                )
            parser = "llm" if models else "local"
            await ledger.finish_query(query, answer(kind=kind, parser=parser), latency_ms=5)
            return query

        await ask("U1")
        await ask("U1", "gpt-5-nano")
        await ask("U2", "gpt-5-nano", "gpt-5", kind="fact", channel="C2")
        clock.move(days=1)
        failing = await ask("U3", platform="discord", workspace="G1")
        call = await reserve(ledger, failing, "0.5")
        await settle(ledger, call, usage(0, 0), cost=None, status="failed", error="timeout")
        unpriced = await reserve(ledger, failing, None)
        await settle(ledger, unpriced, usage(7, 3, estimated=True), cost=None)
        await reserve(ledger, None, "0.25")
    return clock


async def reports(folder: Path, clock: Clock, **parts: Any) -> dict[str, UsageReport]:
    async with opened(folder, clock=clock) as ledger:
        return {by: await ledger.report(by=by, **parts) for by in get_args(By)}


async def test_totals_are_exact_and_have_the_keys_of_the_contract(tmp_path: Path) -> None:
    clock = await history(tmp_path)
    async with opened(tmp_path, clock=clock) as ledger:
        report = await ledger.report()
        data = report.to_json()
    assert data == {
        "totals": {
            "questions": 4,
            "llm_calls": 6,
            "input_tokens": 3000 + 7 + 200,
            "cached_input_tokens": 1800,
            "output_tokens": 150 + 3 + 50,
            "cost_usd": "0.2502103",
            "reserved": 0,
            "lost": 1,
        },
        "groups": [],
    }
    assert list(data["totals"]) == KEYS
    assert (report.totals.without_llm, report.totals.unpriced, report.totals.estimated) == (1, 1, 1)


async def test_groups_add_up_to_the_totals_whatever_the_criterion(tmp_path: Path) -> None:
    clock = await history(tmp_path)
    for report in (await reports(tmp_path, clock)).values():
        data = report.to_json()
        for key in KEYS:
            assert sum(Decimal(group[key]) for group in data["groups"]) == Decimal(data["totals"][key])
        assert all([*group] == [*KEYS, "by"] for group in data["groups"])


async def test_groups_by_each_criterion(tmp_path: Path) -> None:
    clock = await history(tmp_path)
    found = {
        by: {group.by: (group.totals.questions, group.totals.llm_calls) for group in report.groups}
        for by, report in (await reports(tmp_path, clock)).items()
    }
    assert found == {
        "user": {"U1": (2, 1), "U2": (1, 2), "U3": (1, 2), "none": (0, 1)},
        "channel": {"C1": (3, 3), "C2": (1, 2), "none": (0, 1)},
        "workspace": {"T1": (3, 3), "G1": (1, 2), "none": (0, 1)},
        "platform": {"slack": (3, 3), "discord": (1, 2), "none": (0, 1)},
        "model": {"gpt-5-nano": (3, 5), "gpt-5": (0, 1), "none": (1, 0)},
        "kind": {"price": (3, 3), "fact": (1, 2), "none": (0, 1)},
        "parser": {"local": (2, 2), "llm": (2, 3), "none": (0, 1)},
        "day": {"2026-03-10": (3, 3), "2026-03-11": (1, 3)},
    }


async def test_the_dearest_group_comes_first_and_days_in_order(tmp_path: Path) -> None:
    clock = await history(tmp_path)
    found = await reports(tmp_path, clock)
    assert [group.by for group in found["user"].groups] == ["none", "U2", "U1", "U3"]
    assert [group.by for group in found["day"].groups] == ["2026-03-10", "2026-03-11"]


async def test_a_report_of_one_person_and_one_time(tmp_path: Path) -> None:
    clock = await history(tmp_path)
    async with opened(tmp_path, clock=clock) as ledger:
        mine = await ledger.report(user="U1")
        first_day = await ledger.report(*day_range(date(2026, 3, 10), date(2026, 3, 10), "UTC"))
        second_day = await ledger.report(since=NOON + timedelta(days=1))
        nothing = await ledger.report(since=NOON + timedelta(days=9), by="user")
    assert (mine.totals.questions, mine.totals.cost_usd) == (2, Decimal("0.0000701"))
    assert (first_day.totals.questions, second_day.totals.questions) == (3, 1)
    assert nothing.to_json()["totals"]["cost_usd"] == "0"
    assert nothing.groups == ()


async def test_days_are_those_of_the_time_zone(tmp_path: Path) -> None:
    late = datetime(2026, 3, 10, 18, 20, tzinfo=UTC)
    async with opened(tmp_path) as ledger:
        await ledger.admit(message(at=late))
        days = {
            zone: (await ledger.report(by="day", time_zone=zone)).groups[0].by
            for zone in ("UTC", "Asia/Kathmandu", "Asia/Tokyo", "America/New_York")
        }
    assert days == {
        "UTC": "2026-03-10",
        "Asia/Kathmandu": "2026-03-11",
        "Asia/Tokyo": "2026-03-11",
        "America/New_York": "2026-03-10",
    }


async def test_sums_stay_when_a_person_is_forgotten(tmp_path: Path) -> None:
    clock = await history(tmp_path)
    async with opened(tmp_path, clock=clock) as ledger:
        before = await ledger.report(by="channel")
        forgotten = await ledger.forget("U2")
        assert (forgotten.questions, forgotten.llm_calls) == (1, 2)
        assert (await ledger.report(by="channel")).to_json() == before.to_json()
        users = [group.by for group in (await ledger.report(by="user")).groups]
    assert "U2" not in users
    assert sum(user.startswith("forgotten-") for user in users) == 1


async def test_what_cannot_be_reported_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        with pytest.raises(UsageError, match="cannot be grouped by 'colour'"):
            await ledger.report(by="colour")  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="no time zone"):
            await ledger.report(by="day", time_zone="Nowhere")


# One call


async def test_a_call_on_the_books(tmp_path: Path) -> None:
    await history(tmp_path)
    call = row(tmp_path, "SELECT * FROM llm_calls WHERE model = 'gpt-5'")
    assert {key: call[key] for key in call if key not in ("id", "owner", "query_id")} == {
        "status": "settled", "reserved_at": "2026-03-10T12:00:01.600Z", "settled_at": "2026-03-10T12:00:02.400Z",
        "platform": "slack", "workspace": "T1", "channel": "C2", "user": "U2",
        "provider": "openai", "model": "gpt-5", "response_model": None, "base_url": "http://127.0.0.1/v1",
        "input_tokens": 1000, "cached_input_tokens": 600, "cache_write_tokens": 0, "output_tokens": 50,
        "reasoning_tokens": 20, "estimated": 0, "cost_usd": "0.0000701",
        "reserved_input_tokens": 200, "reserved_output_tokens": 50, "reserved_cost_usd": "0.001",
        "price_source": "genai-prices", "price_as_of": "2026-03-01", "latency_ms": 800, "error": None,
    }  # fmt: skip


async def test_a_reservation_is_on_the_books_before_the_call(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await reserve(ledger, None, "0.5")
        call = row(tmp_path, "SELECT status, cost_usd, input_tokens, output_tokens FROM llm_calls")
        assert call == {"status": "reserved", "cost_usd": "0.5", "input_tokens": 200, "output_tokens": 50}
        assert (await ledger.report()).totals.reserved == 1


async def test_a_call_is_settled_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        call = await reserve(ledger, None, "0.5")
        await settle(ledger, call, usage(10, 1), cost=Decimal("0.1"))
        await settle(ledger, call, usage(99, 9), cost=Decimal("0.9"), status="failed")
        totals = (await ledger.report()).totals
        with pytest.raises(StorageError, match="holds no call 77"):
            await settle(ledger, 77, usage(), cost=None)
    assert (totals.cost_usd, totals.input_tokens, totals.llm_calls) == (Decimal("0.1"), 10, 1)


async def test_a_lost_call_whose_usage_turns_up_is_settled(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        call = await reserve(ledger, None, "0.5")
    async with opened(tmp_path) as ledger:
        assert (await ledger.report()).totals.lost == 1
        await settle(ledger, call, usage(), cost=Decimal("0.1"))
        totals = (await ledger.report()).totals
    assert (totals.lost, totals.cost_usd) == (0, Decimal("0.1"))


async def test_a_price_that_is_not_known_is_not_zero(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        call = await reserve(ledger, None, None)
        await settle(ledger, call, usage(), cost=None)
        assert (await ledger.report()).totals.unpriced == 1
    assert row(tmp_path, "SELECT cost_usd, reserved_cost_usd FROM llm_calls") == {
        "cost_usd": None,
        "reserved_cost_usd": None,
    }


async def test_a_call_for_a_question_that_is_not_on_record_is_on_the_books(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await reserve(ledger, 0, "0.5")
    assert row(tmp_path, "SELECT query_id FROM llm_calls") == {"query_id": None}


async def test_a_cancelled_question_still_settles_its_call(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        call = await reserve(ledger, None, "0.5")
        busy = asyncio.ensure_future(ledger._on_thread(lambda: time.sleep(0.05)))
        await asyncio.sleep(0)
        settling = asyncio.ensure_future(settle(ledger, call, usage(), cost=Decimal("0.2")))
        await asyncio.sleep(0)
        settling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await settling
        await busy
    assert row(tmp_path, "SELECT cost_usd FROM llm_calls") == {"cost_usd": "0.2"}


COSTS = st.decimals(min_value=0, max_value=1000, places=18)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(costs=st.lists(COSTS, max_size=8))
async def test_sums_are_exact_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, costs: list[Decimal]
) -> None:
    async with opened(tmp_path_factory.mktemp("exact")) as ledger:
        for cost in costs:
            call = await reserve(ledger, None, "1000")
            await settle(ledger, call, usage(), cost=cost)
        report = await ledger.report(by="user")
    whole = sum(int(cost.scaleb(18)) for cost in costs)
    assert int(report.totals.cost_usd.scaleb(18)) == whole
    assert Decimal(report.to_json()["totals"]["cost_usd"]) == report.totals.cost_usd


@pytest.mark.parametrize(
    "counts",
    [
        {"input_tokens": -1},
        {"output_tokens": 10**13},
        {"input_tokens": 10, "cached_input_tokens": 11},
        {"input_tokens": 10, "cached_input_tokens": 6, "cache_write_tokens": 5},
        {"output_tokens": 10, "reasoning_tokens": 11},
    ],
)
def test_usage_that_cannot_be_is_refused(counts: dict[str, int]) -> None:
    with pytest.raises(QuantityError):
        CallUsage(**counts)  # type: ignore[arg-type]


@pytest.mark.parametrize("cost", ["-0.01", "NaN", "Infinity", "1E+99999", "1E-99999"])
async def test_costs_that_cannot_be_are_refused(tmp_path: Path, cost: str) -> None:
    async with opened(tmp_path) as ledger:
        with pytest.raises(QuantityError):
            await reserve(ledger, None, cost)
        assert (await ledger.report()).totals.llm_calls == 0


@given(COSTS)
def test_money_is_written_without_exponent_and_read_back_equal(amount: Decimal) -> None:
    text = money_text(amount)
    assert Decimal(text) == amount
    assert "E" not in text.upper()


MOMENTS = st.integers(-60_000_000_000, 250_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@given(MOMENTS, st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]), st.integers(1, 10**9))
def test_times_are_read_back_and_sort_as_text(moment: datetime, zone: str, milliseconds: int) -> None:
    later = moment + timedelta(milliseconds=milliseconds)
    assert read_time(time_text(moment.astimezone(ZoneInfo(zone)))) == moment
    assert time_text(later) > time_text(moment)


# Periods in words

TUESDAY = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # 00:30 on Wednesday, 11 March, in Berlin


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("today", date(2026, 3, 11), date(2026, 3, 11)),
        ("Yesterday", date(2026, 3, 10), date(2026, 3, 10)),
        ("this week", date(2026, 3, 9), date(2026, 3, 11)),
        ("last-week", date(2026, 3, 2), date(2026, 3, 8)),
        ("this month", date(2026, 3, 1), date(2026, 3, 11)),
        ("last month", date(2026, 2, 1), date(2026, 2, 28)),
        ("this year", date(2026, 1, 1), date(2026, 3, 11)),
        ("last year", date(2025, 1, 1), date(2025, 12, 31)),
        ("last 7 days", date(2026, 3, 5), date(2026, 3, 11)),
        ("the past 2 weeks", date(2026, 2, 26), date(2026, 3, 11)),
    ],
)
def test_periods_are_whole_days_of_the_time_zone(period: str, first: date, last: date) -> None:
    since, until = time_range(period, "Europe/Berlin", TUESDAY)
    berlin = ZoneInfo("Europe/Berlin")
    assert since == datetime(first.year, first.month, first.day, tzinfo=berlin)
    assert until is not None
    assert until == datetime(last.year, last.month, last.day, tzinfo=berlin) + timedelta(days=1)


def test_all_is_without_end_and_an_unknown_period_is_refused() -> None:
    assert time_range("all", "UTC", TUESDAY) == (None, None)
    with pytest.raises(UsageError, match="no period 'next week'"):
        time_range("next week", "UTC", TUESDAY)
    with pytest.raises(UsageError, match="outside the calendar"):
        day_range(date.min, date.max, "UTC")


def test_a_day_with_a_clock_change_is_as_long_as_it_is() -> None:
    since, until = day_range(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    assert since is not None
    assert until is not None
    assert until - since == timedelta(hours=23)


async def test_groups_without_a_name_are_called_by_what_they_are(tmp_path: Path) -> None:
    clock = await history(tmp_path)
    titles = {
        by: [group.title(report.by) for group in report.groups if group.by == "none"]
        for by, report in (await reports(tmp_path, clock)).items()
    }
    assert titles["model"] == ["no LLM"]
    assert titles["user"] == titles["kind"] == titles["channel"] == ["calls without a question"]
    async with opened(tmp_path, clock=clock) as ledger:
        await ledger.admit(message("cut off", "cut off", at=clock.now))
        [unanswered] = [g for g in (await ledger.report(by="kind")).groups if g.by == "none"]
    assert (unanswered.title("kind"), unanswered.title("channel")) == ("not answered", "no channel")
