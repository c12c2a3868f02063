"""Processes are killed at random moments while they write; afterwards the ledger is audited against what they reported.

A child reports over a pipe what the ledger had promised it by then: a line once `reserve_call`, `settle_call`, `admit`,
`finish_query` or `close_query` has returned. What stands in the pipe survives the child, so the audit knows a lower bound of what
must be on record, and the file itself shows whether anything is there twice.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from spending import Clock, answer, message, opened, reserve, rows, settle, usage

from bot.messages import Message
from bot.spend.budgets import Budget, Refusal
from bot.spend.ledger import Ledger

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

KILLS = 200
AT_ONCE = 2
"""Children that share the ledger at any time, so that one is killed while another writes."""

RESERVED, TAKEN = Decimal("0.0001"), Decimal("0.000037")
BUDGET = Budget(limit=Decimal("0.05"), period="month")


async def _work(folder: Path, child: int, pipe: int) -> None:
    """Ask and answer without end, and say so after each step that the ledger has confirmed."""

    def report(*words: object) -> None:
        os.write(pipe, (" ".join(map(str, words)) + "\n").encode())

    ledger = await Ledger.open(folder, 90, budgets=[BUDGET])

    async def one(name: str) -> None:
        asked = Message(platform="slack", workspace="T", text=f"question {name}", dedup_keys=(name,))
        query = (await ledger.admit(asked)).query_id
        report("admitted", name)
        try:
            call = await reserve(
                ledger, query, str(RESERVED), patience=0, base_url=name, input_tokens=20, output_tokens=5
            )
        except Refusal:
            report("refused", name)
        else:
            report("reserved", name, call)
            await asyncio.sleep(0)
            await settle(ledger, call, usage(10, 2), TAKEN)
            report("settled", name, call)
        await ledger.finish_query(query, answer(f"r-{name}"), latency_ms=1)
        report("finished", name)
        await asyncio.sleep(0)
        await ledger.close_query(query)
        report("delivered", name)

    for number in range(1_000_000):
        await asyncio.gather(*(one(f"{child}-{number}-{task}") for task in range(3)))


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


class _Child:
    def __init__(self, folder: Path, number: int) -> None:
        self.pipe, pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.pipe)
                asyncio.run(_work(folder, number, pipe))
            except BaseException as error:
                os.write(pipe, f"crashed {error!r}\n".encode())
            finally:
                os._exit(1)
        os.close(pipe)
        self.lives_until = time.monotonic() + random.uniform(0.02, 0.12)

    def kill(self) -> list[list[str]]:
        """End the child in the middle of whatever it does, and return what it had reported."""
        _kill(self.pid)
        with os.fdopen(self.pipe, "rb") as pipe:
            return [line.split() for line in pipe.read().decode().splitlines()]


def _kill_again_and_again(folder: Path) -> list[list[str]]:
    reports: list[list[str]] = []
    children = [_Child(folder, number) for number in range(AT_ONCE)]
    try:
        for number in range(AT_ONCE, KILLS + AT_ONCE):
            victim = min(children, key=lambda child: child.lives_until)
            time.sleep(max(0.0, victim.lives_until - time.monotonic()))
            children.remove(victim)
            reports += victim.kill()
            if number < KILLS:
                children.append(_Child(folder, number))
    finally:
        for child in children:
            child.kill()
    return reports


async def test_nothing_settled_is_lost_or_counted_twice_when_processes_are_killed(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    reports = _kill_again_and_again(tmp_path)
    said = {event: [words[1:] for words in reports if words[0] == event] for event in
            ("admitted", "reserved", "settled", "finished", "delivered", "refused", "crashed")}  # fmt: skip
    assert said["crashed"] == []
    assert len(said["settled"]) > KILLS  # the audit below is about something

    async with opened(tmp_path, clock=Clock(_now()), budgets=[BUDGET]) as ledger:
        totals = (await ledger.report()).totals
        (budget,) = await ledger.budgets()
        taken_up = await ledger.unfinished("slack")
        assert await ledger.unfinished("slack") == []

    calls = {call["id"]: call for call in rows(tmp_path, "SELECT * FROM llm_calls")}
    status = Counter(call["status"] for call in calls.values())
    for name, call_id in said["settled"]:
        call = calls[int(call_id)]
        assert (call["base_url"], call["status"], call["cost_usd"]) == (name, "settled", str(TAKEN))
        assert (call["input_tokens"], call["output_tokens"]) == (10, 2)
    for name, call_id in said["reserved"]:
        assert calls[int(call_id)]["base_url"] == name
    assert max(Counter(call["base_url"] for call in calls.values()).values()) == 1
    # A child may be killed between the commit and its report: at most its three tasks' work is on record unreported.
    assert 0 <= status["settled"] - len(said["settled"]) <= 3 * KILLS
    assert status["reserved"] == 0
    assert status["lost"] == totals.lost
    assert status["settled"] + status["lost"] == len(calls)
    lost = [call for call in calls.values() if call["status"] == "lost"]
    assert all(call["cost_usd"] == str(RESERVED) and call["owner"] for call in lost)

    cost = TAKEN * status["settled"] + RESERVED * status["lost"]
    assert totals.cost_usd == budget.spent == cost
    running = [Decimal(r["spent_usd"]) for r in rows(tmp_path, "SELECT spent_usd FROM budget_periods")]
    assert running == [cost]
    assert cost <= BUDGET.limit

    queries = rows(tmp_path, "SELECT q.*, e.key FROM queries q JOIN events e ON e.query_id = q.id")
    by_key = {query["key"]: query for query in queries}
    assert len(by_key) == len(queries) == totals.questions
    assert all(name in by_key for (name,) in said["admitted"])
    assert all(by_key[name]["receipt"] == f"r-{name}" for (name,) in said["finished"])
    undelivered = {query["key"] for query in queries if query["delivered_at"] is None}
    assert {left.message.dedup_keys[0] for left in taken_up} == undelivered
    assert undelivered.isdisjoint(name for (name,) in said["delivered"])
    for left in taken_up:  # an answer that was stored comes back as it was given
        stored = by_key[left.message.dedup_keys[0]]["receipt"]
        assert stored == (None if left.answer is None else left.answer.receipt)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    print(
        f"\n{KILLS} kills: {len(queries)} questions, {status['settled']} calls settled, {status['lost']} lost, "
        f"{len(said['refused'])} refused, {len(taken_up)} questions taken up"
    )


async def test_two_starts_at_once_share_what_a_killed_process_left(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(_leave_work(tmp_path, writer))
        finally:
            os._exit(1)
    assert os.read(reader, 5) == b"ready"
    _kill(pid)
    os.close(reader)
    os.close(writer)
    async with opened(tmp_path, clock=Clock(_now())) as a, opened(tmp_path, clock=Clock(_now())) as b:
        taken = await asyncio.gather(a.unfinished("slack"), b.unfinished("slack"))
        assert sorted(left.message.text for batch in taken for left in batch) == [
            f"question {n}" for n in range(5)
        ]
        assert (await a.report()).totals.lost == 1


async def _leave_work(folder: Path, pipe: int) -> None:
    ledger = await Ledger.open(folder, 90)
    for number in range(5):
        query = (await ledger.admit(message(f"question {number}", str(number), at=_now()))).query_id
    await reserve(ledger, query, "0.1")
    os.write(pipe, b"ready")
    await asyncio.sleep(60)


async def test_the_calls_of_the_living_are_not_taken_for_lost(tmp_path: Path) -> None:
    async with opened(tmp_path) as living:
        call = await reserve(living, None, "0.1")
        async with opened(tmp_path) as other:
            assert ((await other.report()).totals.reserved, (await other.report()).totals.lost) == (1, 0)
        await settle(living, call, usage(), cost=Decimal("0.1"))
        assert (await living.report()).totals.reserved == 0


def _now() -> datetime:
    return datetime.now(UTC)
