"""The router with everything real behind it: an answer is stored before it goes out, delivered once, and never paid for twice."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from servers.llm_forms import NURSES, NURSES_FORM
from servers.openai_server import OpenAIServer

from bot.messages import Message
from bot.parsing.llm.dialect import forget_dialects
from bot.router import Router, Ticket
from bot.settings import Settings

ESTIMATE = "10k requests a day, 500 in / 200 out, gpt-4o"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    forget_dialects()
    with OpenAIServer() as running:
        running.knows[NURSES] = NURSES_FORM
        yield running


@asynccontextmanager
async def opened(data_dir: Path, **settings: Any) -> AsyncIterator[Router]:
    router = await Router.open(Settings(data_dir=data_dir, **settings))
    try:
        yield router
    finally:
        await router.close()


def asked(text: str = ESTIMATE, *keys: str, **parts: Any) -> Message:
    values: dict[str, Any] = {
        "platform": "slack",
        "user": "U1",
        "workspace": "T",
        "channel": "C",
        "thread": "1",
    }
    return Message(text=text, dedup_keys=keys, **{**values, **parts})


async def admitted(router: Router, message: Message) -> Ticket:
    ticket = await router.admit(message)
    assert ticket is not None
    return ticket


def queries(data_dir: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(data_dir / "ledger.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM queries ORDER BY id")]


async def test_an_answer_that_was_not_delivered_is_posted_as_stored_and_paid_for_once(
    data_dir: Path, server: OpenAIServer
) -> None:
    # with no retention, parses are not kept over a restart: making the answer again would have to pay again
    llm: dict[str, Any] = {"llm_base_url": server.base_url, "llm_model": "gpt-4o-mini", "parser": "llm"}
    llm["retention_days"] = 0
    message = asked(NURSES, "e1", received_at=datetime.now(UTC).replace(microsecond=0))
    async with opened(data_dir, **llm) as router:
        first = await router.answer(await admitted(router, message))
        assert first.answer is not None
        assert first.answer.parser == "llm"
    async with opened(data_dir, **llm) as router:
        assert await router.admit(message) is None
        (ticket,) = await router.unfinished("slack")
        again = await router.answer(ticket)
        assert again.answer == first.answer
        assert again.message == message
        await router.delivered(ticket)
        assert (await router.ledger.report()).totals.questions == 1
    async with opened(data_dir, **llm) as router:
        assert await router.unfinished("slack") == []
    assert len(server.bills) == 1
    assert queries(data_dir)[0]["delivered_at"] is not None


async def test_a_delivered_answer_is_not_handed_out(data_dir: Path) -> None:
    async with opened(data_dir) as router:
        ticket = await admitted(router, asked(ESTIMATE, "e1"))
        await router.answer(ticket)
        await router.delivered(ticket)
        refused = await admitted(router, asked(ESTIMATE, "e2"))
        await router.answer(refused)
        await router.delivered(refused, "not_in_channel")
    async with opened(data_dir) as router:
        assert await router.unfinished("slack") == []
    assert [(row["delivered_at"] is None, row["error"]) for row in queries(data_dir)] == [
        (False, None),
        (True, "not_in_channel"),
    ]


async def test_ask_delivers_by_itself(data_dir: Path) -> None:
    async with opened(data_dir) as router:
        await router.ask(asked(ESTIMATE, platform="terminal"))
    (row,) = queries(data_dir)
    assert row["delivered_at"] is not None
    assert row["owner"] is None


async def test_what_the_ledger_could_not_take_down_is_closed_with_the_next(data_dir: Path) -> None:
    async with opened(data_dir) as router:
        tickets = [await admitted(router, asked(ESTIMATE, f"e{n}")) for n in range(3)]
        for ticket in tickets:
            await router.answer(ticket)
        with closing(sqlite3.connect(data_dir / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await router.delivered(tickets[0])
            other.execute("ROLLBACK")
        assert queries(data_dir)[0]["delivered_at"] is None
        await router.delivered(tickets[1])
        assert all(row["delivered_at"] for row in queries(data_dir)[:2])
    async with opened(data_dir) as router:
        (left,) = await router.unfinished("slack")
        assert left.query_id == tickets[2].query_id


async def test_without_a_ledger_questions_are_answered_all_the_same(data_dir: Path) -> None:
    (data_dir / "ledger.db").mkdir()
    async with opened(data_dir) as router:
        ticket = await admitted(router, asked(ESTIMATE, "e1"))
        reply = await router.answer(ticket)
        assert reply.answer is not None
        assert "$32.50" in reply.answer.headline
        await router.delivered(ticket)
        assert await router.admit(asked(ESTIMATE, "e1")) is None


async def test_words_that_may_not_be_kept_are_shown_until_they_are_delivered(data_dir: Path) -> None:
    secret = "what did our Project Nightingale cost us"
    async with opened(data_dir, retention_days=0) as router:
        first = await router.answer(await admitted(router, asked(secret, "e1")))
    async with opened(data_dir, retention_days=0) as router:
        (ticket,) = await router.unfinished("slack")
        assert ticket.message.text == secret
        assert (await router.answer(ticket)).answer == first.answer
        await router.delivered(ticket)
    (row,) = queries(data_dir)
    assert row["text"] is None
    assert "Nightingale" not in row["answer"]


# Threads


async def headline(router: Router, text: str, **parts: Any) -> str:
    reply = await router.ask(asked(text, **parts))
    assert reply.answer is not None
    return reply.answer.headline


async def test_a_follow_up_continues_its_own_thread_first_and_then_the_wider_ones_in_order(
    data_dir: Path,
) -> None:
    async with opened(data_dir) as router:
        await headline(router, ESTIMATE, thread="a", also_threads=("wide", "wider"))
        await headline(router, ESTIMATE.replace("gpt-4o", "o3"), thread="b", also_threads=("wider",))
        assert "gpt-4o" in await headline(
            router, "and with batch?", thread="c", also_threads=("wide", "wider")
        )
        assert "o3" in await headline(router, "and with batch?", thread="b", also_threads=("wide",))
        assert "o3" in await headline(router, "per year", thread="d", also_threads=("unknown", "wide"))
        assert "gpt-4o" in await headline(router, "per year", thread="a")
    async with opened(data_dir) as router:
        assert "o3" in await headline(router, "per month", thread="e", also_threads=("wide",))


async def test_threads_of_another_channel_are_not_continued(data_dir: Path) -> None:
    async with opened(data_dir) as router:
        await headline(router, ESTIMATE, thread="a", also_threads=("wide",))
        reply = await router.ask(asked("and with batch?", thread="b", also_threads=("wide",), channel="D"))
        assert reply.answer is not None
        assert reply.answer.figures == ()


async def test_a_thread_that_is_known_only_after_posting_goes_on_from_the_answer(data_dir: Path) -> None:
    async with opened(data_dir) as router:
        ticket = await admitted(router, asked(ESTIMATE, "e1"))
        await router.answer(ticket)
        await router.also_remember(ticket, "new thread")
        assert "$16.25" in await headline(router, "and with batch?", thread="new thread")


async def test_a_locked_ledger_costs_the_memory_and_not_the_answer(data_dir: Path) -> None:
    async with opened(data_dir) as router:
        ticket = await admitted(router, asked(ESTIMATE, "e1", also_threads=("wide",)))
        with closing(sqlite3.connect(data_dir / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            reply = await router.answer(ticket)
            await router.also_remember(ticket, "new thread")
            other.execute("ROLLBACK")
        assert reply.answer is not None
        assert "$32.50" in reply.answer.headline
        assert any("not on record" in notice for notice in reply.notices)


async def test_a_question_that_could_not_be_put_on_record_is_answered_and_said_not_to_be(
    data_dir: Path,
) -> None:
    """Also when the ledger could be written again by the time of the answer: there is no row to write it to."""
    async with opened(data_dir) as router:
        with closing(sqlite3.connect(data_dir / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            ticket = await admitted(router, asked(ESTIMATE, "e1"))
            other.execute("ROLLBACK")
        reply = await router.answer(ticket)
        assert reply.answer is not None
        assert "$32.50" in reply.answer.headline
        assert not reply.recorded
        assert any("not on record" in notice for notice in reply.notices)
        await router.delivered(ticket)
    assert queries(data_dir) == []
