"""Processes are killed while they answer by the real router; then the ledger is audited against what the LLM server counted.

Each child asks questions of its own that only the LLM can read, so that the server's requests and the ledger's rows can be told
apart by their words: a request without a row would be an unbooked one, two rows for one would count it twice.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter, deque
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from servers.openai_server import OpenAIServer, Reply, question_of, says

from bot.messages import Message
from bot.router import Router
from bot.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

KILLS = 200
AT_ONCE = 3
FORM = {
    "models": ["gpt-4o"], "kind": "estimate", "want": "cost", "want_per": None, "follow_up": False, "quantities": [],
}  # fmt: skip


class Server(OpenAIServer):
    """Takes a moment of its own for each answer, so that children die in every phase of a call."""

    def next_reply(self, body: dict[str, Any]) -> Reply:
        return says(FORM, delay=random.uniform(0, 0.03))


def _die_within(seconds: float) -> None:
    """SIGKILL at a random moment from now on, whatever the process is doing then."""

    def die() -> None:
        time.sleep(random.uniform(0, seconds))
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=die, daemon=True).start()


async def _answer_without_end(settings: Settings, child: int, pipe: int) -> None:
    if child % 4 == 0:
        _die_within(0.2)  # while it starts
    router = await Router.open(settings)
    if child % 4 == 1:
        _die_within(0.4)  # during its first calls

    async def one(name: str) -> None:
        text = f"gpt-4o, nurses dictate and some of it comes back, ward {name}"
        reply = await router.ask(Message(platform="slack", user=f"U{child}", text=text, dedup_keys=(name,)))
        assert reply.answer is not None
        spend = reply.answer.spend
        answered = {"text": text, "input": spend.input_tokens, "output": spend.output_tokens}
        os.write(pipe, (json.dumps(answered) + "\n").encode())

    for number in range(1_000_000):
        await asyncio.gather(*(one(f"{child} {number} {task}") for task in range(3)))
        if number == 0 and child % 4 > 1:
            _die_within(0.2)  # in the midst of it, however slow the machine is


class _Child:
    def __init__(self, settings: Settings, number: int) -> None:
        self.pipe, pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.pipe)
                asyncio.run(_answer_without_end(settings, number, pipe))
            except BaseException as error:
                os.write(pipe, (json.dumps({"crashed": repr(error)}) + "\n").encode())
            finally:
                os._exit(1)
        os.close(pipe)

    def reported(self) -> list[dict[str, Any]]:
        """What the child had reported when it died."""
        _, status = os.waitpid(self.pid, 0)
        assert os.WIFSIGNALED(status), "the child ended otherwise than by its signal"
        with os.fdopen(self.pipe, "rb") as pipe:
            return [json.loads(line) for line in pipe.read().split(b"\n")[:-1]]


def _kill_again_and_again(settings: Settings) -> list[dict[str, Any]]:
    reports: list[dict[str, Any]] = []
    children: deque[_Child] = deque()
    for number in range(KILLS):
        children.append(_Child(settings, number))
        if len(children) == AT_ONCE:
            reports += children.popleft().reported()
    for child in children:
        reports += child.reported()
    return reports


def _calls(folder: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        ledger.row_factory = sqlite3.Row
        sql = "SELECT q.text, c.* FROM llm_calls c JOIN queries q ON q.id = c.query_id"
        return [dict(row) for row in ledger.execute(sql)]


def test_the_ledger_agrees_with_the_server_after_200_kills(data_dir: Path) -> None:
    with Server() as server:
        settings = Settings(
            data_dir=data_dir,
            parser="llm",
            llm_base_url=server.base_url,
            llm_model="gpt-4o-mini",
            llm_timeout=20,
        )
        asyncio.run(_ask_once(settings))  # what is imported now, no child has to import
        reports = _kill_again_and_again(settings)
        requests = Counter(question_of(request) for request in server.requests)
        bills = {bill.question: bill for bill in server.bills}

    totals = asyncio.run(_opened_again(settings))
    calls = {call["text"]: call for call in _calls(data_dir)}
    assert [report for report in reports if "crashed" in report] == []
    assert len(reports) >= KILLS, "the audit is about something"
    assert max(requests.values()) == 1

    assert len(calls) == totals["llm_calls"], "no question has two rows"
    assert requests.keys() <= calls.keys(), "no request is off the books"
    assert {call["status"] for call in calls.values()} == {"settled", "lost"}
    for report in reports:
        call = calls[report["text"]]
        assert (call["status"], call["input_tokens"], call["output_tokens"]) == (
            "settled", report["input"], report["output"],
        )  # fmt: skip
    for text, call in calls.items():
        bill = bills.get(text)
        if call["status"] == "settled":
            assert bill is not None
            assert (call["input_tokens"], call["cached_input_tokens"], call["output_tokens"]) == (
                bill.input, bill.cached, bill.output,
            )  # fmt: skip
        elif bill is not None:
            assert call["input_tokens"] >= bill.input, "charged at its reservation, which covers the bill"
            assert call["output_tokens"] >= bill.output
    assert Decimal(totals["cost_usd"]) == sum(Decimal(call["cost_usd"]) for call in calls.values())
    status = Counter(call["status"] for call in calls.values())
    assert (totals["lost"], totals["reserved"]) == (status["lost"], 0)
    print(
        f"\n{KILLS} kills: {len(server.bills)} requests billed, {dict(status)}, {len(reports)} answers seen"
    )


async def _ask_once(settings: Settings) -> None:
    router = await Router.open(settings)
    await router.ask(Message(platform="slack", text="gpt-4o, nurses dictate and some of it comes back"))
    await router.close()


async def _opened_again(settings: Settings) -> dict[str, Any]:
    """The next start: what it finds cut off becomes `lost`."""
    router = await Router.open(settings)
    totals: dict[str, Any] = (await router.ledger.report()).totals.to_json()
    await router.close()
    return totals
