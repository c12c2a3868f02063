"""The metered client against a real ledger and a real (loopback) server: what it sends, and what the books say afterwards."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from servers.openai_server import OpenAIServer, Reply, drips, fails, hangs, html, resets, says

from bot.spend import metering, store
from bot.spend.budgets import Budget, Refusal
from bot.spend.call_failures import LlmCallError
from bot.spend.ledger import Ledger
from bot.spend.metering import MAX_TRIES, MeteredClient
from bot.spend.tally import Tally

MESSAGES = [{"role": "system", "content": "Sort this."}, {"role": "user", "content": "price of gpt-4o"}]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(answer=lambda body: "fine") as running:
        yield running


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(tmp_path, 30)
    yield opened
    await opened.close()


def rows(tmp_path: Path) -> list[dict[str, Any]]:
    """The calls in the ledger, oldest first, read as an operator would."""
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.row_factory = sqlite3.Row
    found = [dict(row) for row in connection.execute("SELECT * FROM llm_calls ORDER BY id")]
    connection.close()
    return found


class Books:
    """One client on one ledger, and the last call's tally."""

    def __init__(self, ledger: Ledger, base_url: str, **more: Any) -> None:
        self.client = MeteredClient(base_url=base_url, api_key="k", model="test-model", books=ledger, **more)
        self.tally = Tally()

    async def ask(self, seconds: float = 5.0, **parameters: Any) -> str | None:
        self.tally = Tally()
        completion = await self.client.complete(
            MESSAGES, parameters, query_id=None, output_limit=100, seconds=seconds, tally=self.tally
        )
        return completion.text


@pytest.fixture
async def books(ledger: Ledger, server: OpenAIServer) -> AsyncIterator[Books]:
    books = Books(ledger, server.base_url)
    yield books
    await books.client.close()


async def test_what_the_server_billed_is_what_the_books_say(
    books: Books, server: OpenAIServer, tmp_path: Path
) -> None:
    for _ in range(3):
        assert await books.ask() == "fine"
    found = rows(tmp_path)
    assert [row["status"] for row in found] == ["settled"] * 3
    assert {(row["model"], row["response_model"]) for row in found} == {("test-model", "test-model")}
    assert [row["estimated"] for row in found] == [0, 0, 0]
    assert server.billed_tokens == (
        sum(row["input_tokens"] for row in found),
        sum(row["cached_input_tokens"] for row in found),
        sum(row["output_tokens"] for row in found),
    )
    assert server.billed_tokens[1] > 0, "the prompt was cached from the second call on"
    assert (books.tally.calls, books.tally.input_tokens) == (1, found[2]["input_tokens"])


async def test_the_row_is_reserved_before_the_request_arrives(ledger: Ledger, tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> str:
        seen.extend(rows(tmp_path))
        return "fine"

    with OpenAIServer(answer=answer) as server:
        books = Books(ledger, server.base_url)
        await books.ask()
        await books.client.close()
    [row] = seen
    assert row["status"] == "reserved"
    assert row["output_tokens"] == 100
    assert row["input_tokens"] >= server.bills[0].input


async def test_reservation_is_never_below_the_bill(
    books: Books, server: OpenAIServer, tmp_path: Path
) -> None:
    await books.ask()
    [row] = rows(tmp_path)
    assert row["reserved_input_tokens"] >= row["input_tokens"]
    assert row["reserved_output_tokens"] >= row["output_tokens"]


async def test_missing_usage_is_counted_and_marked(
    books: Books, server: OpenAIServer, tmp_path: Path
) -> None:
    server.will(says("a few words in answer", usage=None))
    await books.ask()
    [row] = rows(tmp_path)
    assert (row["status"], row["estimated"]) == ("settled", 1)
    assert 0 < row["output_tokens"] < 30
    assert 0 < row["input_tokens"] < row["reserved_input_tokens"]


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param({"prompt_tokens": -5, "completion_tokens": 3}, id="negative"),
        pytest.param({"prompt_tokens": 10**15, "completion_tokens": 3}, id="absurd input"),
        pytest.param({"prompt_tokens": 12, "completion_tokens": 10**15}, id="absurd output"),
        pytest.param({"prompt_tokens": "12", "completion_tokens": 3}, id="text"),
        pytest.param({"prompt_tokens": 12.5, "completion_tokens": 3}, id="fraction"),
        pytest.param({"prompt_tokens": True, "completion_tokens": 3}, id="truth value"),
        pytest.param({"total_tokens": 9}, id="total only"),
        pytest.param({"prompt_tokens": 0, "completion_tokens": 0}, id="nothing"),
        pytest.param({}, id="empty"),
    ],
)
async def test_impossible_usage_is_replaced_by_our_own_count(
    books: Books, server: OpenAIServer, tmp_path: Path, usage: dict[str, Any]
) -> None:
    server.will(says("fine", usage=usage))
    assert await books.ask() == "fine"
    [row] = rows(tmp_path)
    assert (row["status"], row["estimated"]) == ("settled", 1)
    assert 0 < row["input_tokens"] < 1000


async def test_parts_larger_than_their_whole_are_cut(
    books: Books, server: OpenAIServer, tmp_path: Path
) -> None:
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 500, "cache_write_tokens": 7},
        "completion_tokens_details": {"reasoning_tokens": 99},
    }
    server.will(says("fine", usage=usage))
    await books.ask()
    [row] = rows(tmp_path)
    assert (row["input_tokens"], row["cached_input_tokens"], row["cache_write_tokens"]) == (20, 20, 0)
    assert (row["output_tokens"], row["reasoning_tokens"], row["estimated"]) == (10, 10, 0)


async def test_busy_server_is_asked_again_after_the_time_it_names(
    books: Books, server: OpenAIServer, tmp_path: Path
) -> None:
    server.will(fails(429, retry_after=0.05), fails(503))
    assert await books.ask() == "fine"
    found = rows(tmp_path)
    assert [row["status"] for row in found] == ["failed", "failed", "settled"]
    assert [row["error"] for row in found] == ["busy", "busy", None]
    assert [row["input_tokens"] for row in found[:2]] == [0, 0]
    assert books.tally.calls == len(server.requests) == 3
    assert books.tally.input_tokens == server.billed_tokens[0], "errors are not billed"


async def test_a_wait_beyond_the_deadline_is_not_begun(books: Books, server: OpenAIServer) -> None:
    server.will(fails(429, retry_after=60))
    with pytest.raises(LlmCallError, match="busy") as caught:
        await books.ask(seconds=2)
    assert caught.value.retry_after == 60
    assert len(server.requests) == 1


async def test_tries_are_bounded(books: Books, server: OpenAIServer) -> None:
    server.will(*[fails(500, retry_after=0) for _ in range(10)])
    with pytest.raises(LlmCallError, match="failing \\(500\\)"):
        await books.ask()
    assert len(server.requests) == MAX_TRIES


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        pytest.param(fails(401, "Incorrect API key"), "refused the key", id="401"),
        pytest.param(fails(403), "refused the key", id="403"),
        pytest.param(fails(404, "no such model"), "no such model", id="404"),
        pytest.param(fails(400, "bad"), "rejected the request", id="400"),
        pytest.param(
            Reply(status=429, raw='{"error": {"message": "x", "code": "insufficient_quota"}}', bills=False),
            "quota",
            id="quota",
        ),
    ],
)
async def test_final_refusals_are_not_tried_again(
    books: Books, server: OpenAIServer, tmp_path: Path, reply: Reply, sentence: str
) -> None:
    server.will(reply)
    with pytest.raises(LlmCallError, match=sentence):
        await books.ask()
    assert [(row["status"], row["input_tokens"]) for row in rows(tmp_path)] == [("failed", 0)]
    assert len(server.requests) == 1


async def test_nobody_there_costs_nothing(ledger: Ledger, tmp_path: Path) -> None:
    books = Books(ledger, "http://127.0.0.1:9/v1")
    with pytest.raises(LlmCallError, match="cannot be reached"):
        await books.ask(seconds=1)
    await books.client.close()
    assert {(row["status"], row["input_tokens"], row["error"]) for row in rows(tmp_path)} == {
        ("failed", 0, "unreachable")
    }
    assert (books.tally.input_tokens, books.tally.cost) == (0, 0)


async def test_silence_after_sending_stays_charged_at_the_reservation(
    books: Books, server: OpenAIServer, tmp_path: Path
) -> None:
    server.will(hangs())
    with pytest.raises(LlmCallError, match="too long"):
        await books.ask(seconds=0.5)
    [row] = rows(tmp_path)
    assert (row["status"], row["error"], row["estimated"]) == ("failed", "timeout", 1)
    assert row["input_tokens"] == row["reserved_input_tokens"] >= server.bills[0].input
    assert row["output_tokens"] == 100
    assert books.tally.calls == 1


@pytest.mark.parametrize(
    "reply", [pytest.param(resets(), id="before"), pytest.param(resets("x" * 500, in_body=True), id="inside")]
)
async def test_a_broken_connection_is_charged_and_tried_again(
    books: Books, server: OpenAIServer, tmp_path: Path, reply: Reply
) -> None:
    server.will(reply)
    assert await books.ask() == "fine"
    broken, settled = rows(tmp_path)
    assert (broken["status"], broken["error"]) == ("failed", "broken")
    assert broken["input_tokens"] == broken["reserved_input_tokens"]
    assert settled["status"] == "settled"
    assert books.tally.calls == 2


async def test_a_slow_drip_ends_at_the_deadline(books: Books, server: OpenAIServer, tmp_path: Path) -> None:
    server.will(drips("fine"))
    with pytest.raises(LlmCallError, match="too long"):
        await books.ask(seconds=0.7)
    assert [row["status"] for row in rows(tmp_path)] == ["failed"]


async def test_a_huge_answer_is_cut_off_and_not_asked_for_again(
    books: Books, server: OpenAIServer, tmp_path: Path
) -> None:
    server.will(says("x" * 3_000_000))
    with pytest.raises(LlmCallError, match="far too long"):
        await books.ask()
    [row] = rows(tmp_path)
    assert (row["status"], row["error"]) == ("failed", "oversized")
    assert row["output_tokens"] == 100
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(html(), id="html"),
        pytest.param(Reply(raw="{"), id="half json"),
        pytest.param(Reply(raw="[" * 100_000), id="deep json"),
        pytest.param(Reply(raw="[]"), id="list"),
        pytest.param(Reply(raw='{"choices": []}'), id="no choice"),
        pytest.param(Reply(raw='{"choices": [{"message": null}]}'), id="no message"),
        pytest.param(Reply(raw='{"choices": [{"message": {"content": [1]}}]}'), id="other content"),
        pytest.param(says("   "), id="blank"),
        pytest.param(Reply(raw=""), id="empty"),
    ],
)
async def test_whatever_comes_back_is_on_the_books(
    books: Books, server: OpenAIServer, tmp_path: Path, reply: Reply
) -> None:
    server.will(reply)
    assert await books.ask() is None
    [row] = rows(tmp_path)
    assert row["status"] == "settled"
    assert row["input_tokens"] > 0


@pytest.mark.parametrize(
    ("base_url", "key"), [("http://127.0.0.1:99999/v1", "k"), ("http://127.0.0.1:9/v1", "sk-…")]
)
async def test_an_address_or_key_that_cannot_be_one_is_a_clear_error(
    ledger: Ledger, base_url: str, key: str
) -> None:
    client = MeteredClient(base_url=base_url, api_key=key, model="m", books=ledger)
    with pytest.raises(LlmCallError, match=r"language model"):
        await client.complete(MESSAGES, {}, query_id=None, output_limit=9, seconds=1, tally=Tally())
    await client.close()


async def test_a_cancelled_question_leaves_no_open_row(
    books: Books, server: OpenAIServer, tmp_path: Path
) -> None:
    server.will(hangs())
    task = asyncio.create_task(books.ask())
    await asyncio.to_thread(server.request_came.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await books.client.close()
    assert [row["status"] for row in rows(tmp_path)] == ["failed"]


@pytest.mark.parametrize("place", ["_send", "_own_count"])
async def test_an_unforeseen_error_leaves_no_open_row(
    books: Books, server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    async def breaks(*_: object) -> bytes:
        raise RuntimeError("a defect")

    monkeypatch.setattr(books.client, place, breaks)
    server.will(says("an answer", usage=None))
    with pytest.raises(RuntimeError, match="a defect"):
        await books.ask()
    [row] = rows(tmp_path)
    assert (row["status"], row["error"], row["estimated"]) == ("failed", "broken", 1)
    assert row["output_tokens"] == 100, "it may be billed"
    assert books.tally.calls == 1


async def test_a_budget_of_unknown_price_refuses_before_anything_is_sent(
    server: OpenAIServer, tmp_path: Path
) -> None:
    limited = await Ledger.open(tmp_path, 30, budgets=[Budget(limit=Decimal(1), period="day")])
    books = Books(limited, server.base_url)
    with pytest.raises(Refusal, match="price of the LLM is not known"):
        await books.ask()
    await books.client.close()
    await limited.close()
    assert server.requests == []
    assert rows(tmp_path) == []


async def test_without_a_ledger_nothing_is_sent(server: OpenAIServer, tmp_path: Path) -> None:
    from bot.errors import StorageError

    closed = await Ledger.open(tmp_path, 30)
    await closed.close()
    books = Books(closed, server.base_url)
    with pytest.raises(StorageError):
        await books.ask()
    await books.client.close()
    assert server.requests == []


async def test_many_at_once_are_all_booked(books: Books, server: OpenAIServer, tmp_path: Path) -> None:
    tallies = [Tally() for _ in range(40)]
    await asyncio.gather(
        *(
            books.client.complete(MESSAGES, {}, query_id=None, output_limit=50, seconds=20, tally=tally)
            for tally in tallies
        )
    )
    found = rows(tmp_path)
    assert len(found) == len(server.bills) == 40
    assert sum(row["input_tokens"] for row in found) == server.billed_tokens[0]
    assert sum(tally.input_tokens for tally in tallies) == server.billed_tokens[0]


async def test_a_row_that_cannot_be_settled_just_now_is_settled_later(
    server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usage is known only in this process: another program's lock must not cost it."""
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(metering, "_SETTLE_SECONDS", 0.5)
    monkeypatch.setattr(metering, "_SETTLE_AGAIN_AFTER", (0.05,) * 100)
    ledger = await Ledger.open(tmp_path, 30)
    books = Books(ledger, server.base_url)
    server.will(says("fine", delay=0.3))
    asked = asyncio.ensure_future(books.ask())
    await asyncio.to_thread(server.request_came.wait, 10)
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await asked == "fine"
        assert [row["status"] for row in rows(tmp_path)] == ["reserved"]
        other.execute("ROLLBACK")
    await asyncio.gather(*books.client._background)
    [row] = rows(tmp_path)
    await books.client.close()
    await ledger.close()
    assert (row["status"], row["input_tokens"]) == ("settled", server.bills[0].input)


@pytest.mark.parametrize(
    ("model", "kept"),
    [("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"), ("x" * 9_000, "x" * 100), (7, None), ("", None)],
)
async def test_the_model_that_answered_is_on_record(
    books: Books, server: OpenAIServer, tmp_path: Path, model: object, kept: str | None
) -> None:
    choice = {"message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}
    server.will(Reply(raw=json.dumps({"model": model, "choices": [choice]})))  # and no usage
    assert await books.ask() == "fine"
    [row] = rows(tmp_path)
    assert (row["response_model"], row["estimated"]) == (kept, 1)
