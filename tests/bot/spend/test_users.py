"""The same id on two platforms is two people, in budgets, exports, reports and when one of them is forgotten."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from spending import message, opened, reserve, row, rows, settle, usage

from bot.errors import UsageError
from bot.spend import schema
from bot.spend.budgets import EACH, Budget, Refusal
from bot.spend.ledger import Ledger


def of_user(subject: str, limit: str = "1", **parts: Any) -> Budget:
    return Budget(limit=Decimal(limit), period="day", scope="user", subject=subject, **parts)


async def asked(ledger: Ledger, platform: str, user: str, cost: str | None = "0.25") -> int:
    """A question, and a call that costs this much."""
    name = f"{platform} {user} {cost}"
    query = (await ledger.admit(message(name, name, platform=platform, user=user))).query_id
    if cost is not None:
        await settle(ledger, await reserve(ledger, query, cost), usage(), cost)
    return query


async def test_users_of_two_platforms_have_a_budget_each(tmp_path: Path) -> None:
    async with opened(tmp_path, budgets=[of_user(EACH, "0.30")]) as ledger:
        slack = await asked(ledger, "slack", "7")
        discord = await asked(ledger, "discord", "7")
        for query in (slack, discord):
            with pytest.raises(Refusal):
                await reserve(ledger, query, "0.10", patience=0)
    sums = {r["subject"]: r["spent_usd"] for r in rows(tmp_path, "SELECT * FROM budget_periods")}
    assert sums == {"slack:7": "0.25", "discord:7": "0.25"}


async def test_a_named_budget_is_for_the_user_of_its_platform(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.set_budget(of_user("slack:7", "0.30"))
        slack, discord = await asked(ledger, "slack", "7"), await asked(ledger, "discord", "7")
        with pytest.raises(Refusal, match="User slack:7's budget"):
            await reserve(ledger, slack, "0.10", patience=0)
        await reserve(ledger, discord, "5")
        [state] = await ledger.budgets()
        assert state.spent == Decimal("0.25")


async def test_a_plain_id_becomes_that_of_the_only_platform_that_knows_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await asked(ledger, "slack", "U1")
        assert (await ledger.set_budget(of_user("U1"))).subject == "slack:U1"
        await ledger.set_budget(of_user("slack:U1", "2"))
        assert [state.budget.limit for state in await ledger.budgets()] == [Decimal(2)]
        assert await ledger.remove_budget("user", "U1", "day")
        assert await ledger.budgets() == ()


async def test_a_plain_id_that_nobody_has_yet_holds_for_whoever_comes_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        assert (await ledger.set_budget(of_user("U1", "0.30"))).subject == "U1"
        query = await asked(ledger, "slack", "U1")
        with pytest.raises(Refusal):
            await reserve(ledger, query, "0.10", patience=0)
        assert (await ledger.set_budget(of_user("U1", "9"))).subject == "slack:U1"
        assert len(await ledger.budgets()) == 1
        await reserve(ledger, query, "0.10", patience=0)


async def test_a_plain_id_of_several_people_is_asked_about(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await asked(ledger, "slack", "7")
        await asked(ledger, "discord", "7")
        for attempt in (
            ledger.export("7"),
            ledger.forget("7"),
            ledger.report(user="7"),
            ledger.set_budget(of_user("7")),
            ledger.remove_budget("user", "7", "day"),
        ):
            with pytest.raises(UsageError, match="user of discord and of slack") as caught:
                await attempt
            assert "discord:7 or slack:7" in str(caught.value)
    assert row(tmp_path, "SELECT COUNT(*) AS n FROM queries WHERE user = '7'") == {"n": 2}


async def test_one_is_exported_and_forgotten_and_the_other_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await asked(ledger, "slack", "7")
        await asked(ledger, "discord", "7")
        await ledger.set_budget(of_user("slack:7"))
        exported = await ledger.export("slack:7")
        assert exported["user"] == "slack:7"
        assert [q["platform"] for q in exported["queries"]] == ["slack"]
        assert [c["platform"] for c in exported["llm_calls"]] == ["slack"]
        assert [b["subject"] for b in exported["budgets"]] == ["slack:7"]
        forgotten = await ledger.forget("slack:7")
        assert (forgotten.questions, forgotten.llm_calls, forgotten.budgets_left) == (1, 1, 1)
        assert (await ledger.export("discord:7"))["queries"][0]["text"] == "discord 7 0.25"
        assert (await ledger.report()).totals.cost_usd == Decimal("0.50")
    left = rows(tmp_path, "SELECT platform FROM queries WHERE user = '7'")
    assert left == [{"platform": "discord"}]


async def test_reports_keep_people_apart_and_name_the_platform_only_where_that_tells(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await asked(ledger, "slack", "7")
        await asked(ledger, "discord", "7", "0.125")
        await asked(ledger, "slack", "U1", None)
        await reserve(ledger, None, "0.5")
        report = await ledger.report(by="user")
        mine = await ledger.report(user="slack:7")
    found = {group.by: group.totals.cost_usd for group in report.groups}
    assert found == {
        "none": Decimal("0.5"), "slack:7": Decimal("0.25"), "discord:7": Decimal("0.125"), "U1": Decimal(0),
    }  # fmt: skip
    assert (mine.totals.questions, mine.totals.cost_usd) == (1, Decimal("0.25"))


async def test_earlier_budgets_of_users_get_the_platform_that_the_ledger_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:6])
        earlier.setattr(schema, "VERSION", 6)
        with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as file:
            schema.migrate(file)
            for platform, user in (("slack", "U1"), ("slack", "7"), ("discord", "7")):
                file.execute(
                    "INSERT INTO queries (received_at, platform, workspace, channel, thread, user, private)"
                    " VALUES ('2026-03-10T11:00:00.000Z', ?, 'T1', 'C1', '', ?, 0)",
                    (platform, user),
                )
            for user in ("U1", "7", "never seen", EACH):
                file.execute(
                    "INSERT INTO budgets (scope, subject, period, time_zone, limit_usd, set_at)"
                    " VALUES ('user', ?, 'day', 'UTC', '1', '')",
                    (user,),
                )
    async with opened(tmp_path) as ledger:
        subjects = [state.budget.subject for state in await ledger.budgets()]
    assert subjects == ["slack:U1", "7", "never seen", EACH]
