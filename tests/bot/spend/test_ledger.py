"""Questions: taken up once, answered once, found again, taken up after a crash; and what is kept of them."""

from __future__ import annotations

import asyncio
import inspect
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from spending import Clock, answer, message, on_disk, opened, row, rows

from bot.answers import Figure
from bot.errors import StorageError
from bot.spend.ledger import PURGE_EVERY, Ledger
from bot.spend.null import NullLedger
from bot.spend.privacy import EVENTS_ALWAYS_KEPT
from bot.spend.queries import MAX_ATTEMPTS, Unfinished


async def test_a_message_is_new_once_under_any_of_its_keys(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        first = await ledger.admit(message("q", "event 1", "C1 17.5"))
        by_event = await ledger.admit(message("q", "event 1", "C1 18.0"))
        by_time = await ledger.admit(message("q", "event 2", "C1 17.5"))
        by_key_of_a_repetition = await ledger.admit(message("q", "event 2"))
        other = await ledger.admit(message("q", "event 3"))
    assert first.new
    assert [a.new for a in (by_event, by_time, by_key_of_a_repetition)] == [False] * 3
    assert {a.query_id for a in (by_event, by_time, by_key_of_a_repetition)} == {first.query_id}
    assert other.new
    assert len(rows(tmp_path, "SELECT * FROM queries")) == 2


async def test_keys_of_other_workspaces_and_platforms_are_other_keys(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        admissions = [
            await ledger.admit(message("q", "17.5")),
            await ledger.admit(message("q", "17.5", workspace="T2")),
            await ledger.admit(message("q", "17.5", platform="discord")),
        ]
    assert all(a.new for a in admissions)


async def test_messages_without_keys_are_always_new(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        assert [(await ledger.admit(message(platform="terminal"))).new for _ in range(3)] == [True] * 3


async def test_a_repetition_is_known_after_a_restart_and_in_another_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as other:
        first = await one.admit(message("q", "e"))
        assert await other.admit(message("q", "e")) == type(first)(first.query_id, False)
    async with opened(tmp_path) as later:
        assert not (await later.admit(message("q", "e"))).new


async def test_one_event_delivered_to_many_at_once_is_taken_up_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as a, opened(tmp_path) as b, opened(tmp_path) as c:
        admissions = await asyncio.gather(
            *(ledger.admit(message("q", "e")) for _ in range(20) for ledger in (a, b, c))
        )
    assert sum(a.new for a in admissions) == 1
    assert len({a.query_id for a in admissions}) == 1


async def test_an_answer_is_found_by_its_receipt_and_the_first_answer_stands(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        query = (await ledger.admit(message())).query_id
        given = answer("r-77", figures=(), parsed={"kind": "price", "models": [{"mention": "gpt-4o"}]})
        await ledger.finish_query(query, given, latency_ms=12)
        await ledger.finish_query(query, answer("r-78", status="error"), latency_ms=99, error="late")
        assert await ledger.answer_by_receipt("r-77") == json.loads(json.dumps(given.to_json()))
        assert await ledger.answer_by_receipt("r-78") is None
        assert await ledger.answer_by_receipt("") is None
    stored = row(tmp_path, "SELECT status, kind, parser, latency_ms, error, text FROM queries")
    assert stored == {
        "status": "answered",
        "kind": "price",
        "parser": "local",
        "latency_ms": 12,
        "error": None,
        "text": "price of gpt-4o",
    }


async def test_a_clock_that_jumps_back_leaves_no_negative_duration_and_keeps_the_order(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock) as ledger:
        first = await ledger.admit(message("one", "1"))
        clock.move(days=-40)
        second = await ledger.admit(message("two", "2", at=clock.now))
        await ledger.finish_query(second.query_id, answer(), latency_ms=-3_456_000_000)
        assert not (await ledger.admit(message("one", "1"))).new
    assert second.query_id > first.query_id
    assert row(tmp_path, "SELECT latency_ms FROM queries WHERE text = 'two'") == {"latency_ms": 0}


async def test_text_that_utf8_cannot_hold_is_stored_all_the_same(tmp_path: Path) -> None:
    half_an_emoji = "cost of \ud83d?"
    async with opened(tmp_path) as ledger:
        query = await ledger.admit(message(half_an_emoji, "key \udc00", user="\ud800"))
        assert not (await ledger.admit(message("", "key \udc00"))).new
        await ledger.finish_query(
            query.query_id, answer("r-1", headline=half_an_emoji), latency_ms=1, error="\ud800"
        )
        await ledger.save_thread(("slack", "T", "C", "\ud800"), '{"text": "\ud83d"}')
        assert await ledger.load_thread(("slack", "T", "C", "\ud800")) == '{"text": "?"}'
    assert row(tmp_path, "SELECT text, user FROM queries") == {"text": "cost of ??", "user": "?"}


async def test_conversations_are_apart_and_survive_a_restart(tmp_path: Path) -> None:
    here, there = ("slack", "T", "C", "1.0"), ("slack", "T", "C", "2.0")
    async with opened(tmp_path) as ledger:
        assert await ledger.load_thread(here) is None
        await ledger.save_thread(here, '{"kind":"price"}')
        await ledger.save_thread(here, '{"kind":"estimate"}')
        await ledger.save_thread(there, '{"kind":"fact"}')
    async with opened(tmp_path) as ledger:
        assert await ledger.load_thread(here) == '{"kind":"estimate"}'
        assert await ledger.load_thread(there) == '{"kind":"fact"}'


async def test_a_question_is_remembered_under_wider_threads_too(tmp_path: Path) -> None:
    own, wider = ("slack", "T", "C", "1.0"), ("slack", "T", "C", "wider")
    async with opened(tmp_path) as ledger:
        await ledger.save_thread(own, '{"kind":"price"}', ["wider", "widest"])
        assert await ledger.load_thread(wider) == '{"kind":"price"}'
        assert await ledger.load_thread(("slack", "T", "C", "widest")) == '{"kind":"price"}'
        await ledger.save_thread(wider, '{"kind":"fact"}')
        assert await ledger.load_thread(own) == '{"kind":"price"}'


# After a crash (a ledger that is closed counts as dead, as a killed process does: see test_ledger_crash.py)


async def test_questions_that_were_cut_off_are_taken_up_once_and_complete(tmp_path: Path) -> None:
    cut_off = message("how much?", "e1", "C1 1.0", private=True, also_threads=("wider", "“widest”"))
    async with opened(tmp_path) as ledger:
        query = (await ledger.admit(cut_off)).query_id
        done = (await ledger.admit(message("done", "e2"))).query_id
        await ledger.finish_query(done, answer(), latency_ms=1, delivered=True)
        await ledger.admit(message("elsewhere", "e3", platform="discord"))
    async with opened(tmp_path) as a, opened(tmp_path) as b:
        taken = await asyncio.gather(a.unfinished("slack"), b.unfinished("slack"), a.unfinished("slack"))
        assert sorted(map(len, taken)) == [0, 0, 1]
        assert [found for batch in taken for found in batch] == [Unfinished(query, cut_off, None)]
        assert not (await a.admit(cut_off)).new
        await a.finish_query(query, answer("r-9"), latency_ms=1, delivered=True)
    async with opened(tmp_path) as later:
        assert await later.unfinished("slack") == []


async def test_an_answer_that_was_not_delivered_is_handed_out_as_it_is(tmp_path: Path) -> None:
    asked = message("how much?", "e1")
    figure = Figure(label="x", amount=Decimal("0.1"), unit="USD")
    given = answer("r-1", figures=(figure,), parsed={"kind": "fact", "query": "how much?"})
    async with opened(tmp_path, 0) as ledger:
        query = (await ledger.admit(asked)).query_id
        await ledger.finish_query(query, given, latency_ms=1)
    assert row(tmp_path, "SELECT status, delivered_at FROM queries") == {
        "status": "answered",
        "delivered_at": None,
    }
    async with opened(tmp_path, 0) as ledger:
        assert await ledger.unfinished("slack") == [Unfinished(query, asked, given)]
        assert await ledger.unfinished("slack") == []
        await ledger.finish_query(query, answer("r-2"), latency_ms=1)  # the first answer stands
        await ledger.close_query(query)
        await ledger.close_query(query, problem="too late to matter")
        assert (await ledger.report()).totals.questions == 1
    async with opened(tmp_path, 0) as ledger:
        assert await ledger.unfinished("slack") == []
    stored = row(tmp_path, "SELECT text, receipt, error, owner, delivered_at FROM queries")
    assert stored == {
        "text": None,
        "receipt": "r-1",
        "error": None,
        "owner": None,
        "delivered_at": "2026-03-10T12:00:00.000Z",
    }
    assert "how much" not in row(tmp_path, "SELECT answer FROM queries")["answer"]


async def test_an_answer_that_the_platform_refused_is_not_handed_out_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        query = (await ledger.admit(message("q", "e"))).query_id
        await ledger.finish_query(query, answer("r-1"), latency_ms=1)
        await ledger.close_query(query, problem="not_in_channel")
    async with opened(tmp_path) as ledger:
        assert await ledger.unfinished("slack") == []
    assert row(tmp_path, "SELECT status, error, delivered_at, text FROM queries") == {
        "status": "answered",
        "error": "not_in_channel",
        "delivered_at": None,
        "text": "q",
    }


async def test_a_posted_answer_that_could_not_be_stored_is_not_made_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        query = (await ledger.admit(message("q", "e"))).query_id
        await ledger.close_query(query)
    async with opened(tmp_path) as ledger:
        assert await ledger.unfinished("slack") == []
        other = (await ledger.admit(message("q", "f"))).query_id
        await ledger.close_query(other, problem="its place is not on record")
    assert rows(tmp_path, "SELECT status, error FROM queries") == [
        {"status": "unrecorded", "error": None},
        {"status": "abandoned", "error": "its place is not on record"},
    ]


async def test_an_undelivered_answer_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    asked = message("q", "e")
    async with opened(tmp_path) as ledger:
        query = (await ledger.admit(asked)).query_id
        await ledger.finish_query(query, answer("r-1"), latency_ms=1)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as file, file:
        file.execute("""UPDATE queries SET answer = '{"status": "answered"}'""")
    async with opened(tmp_path) as ledger:
        assert await ledger.unfinished("slack") == [Unfinished(query, asked, None)]
        await ledger.finish_query(query, answer("r-2"), latency_ms=1, delivered=True)
        assert await ledger.answer_by_receipt("r-2") is not None
        assert await ledger.answer_by_receipt("r-1") is None


async def test_nobody_waits_for_an_old_answer(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, 0, clock=clock) as ledger:
        query = (await ledger.admit(message("old words", "e"))).query_id
        await ledger.finish_query(query, answer("r-1"), latency_ms=1)
        for number in range(
            PURGE_EVERY * 2
        ):  # a purge in between must not take the words of what is still open
            await ledger.admit(message("q", f"more {number}", at=clock.now))
    assert row(tmp_path, "SELECT text FROM queries WHERE id = ?", query) == {"text": "old words"}
    clock.move(minutes=61)
    async with opened(tmp_path, 0, clock=clock) as ledger:
        assert await ledger.unfinished("slack") == []
    assert row(tmp_path, "SELECT status, error, text FROM queries WHERE id = ?", query) == {
        "status": "answered",
        "error": "not delivered before its process ended",
        "text": None,
    }


async def test_an_answer_on_its_way_to_a_forgotten_person_ends_with_its_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        for number, text in enumerate(("my words", "in work")):
            query = (await ledger.admit(message(text, str(number), user="U7"))).query_id
            if not number:
                await ledger.finish_query(query, answer(parsed={"query": text}), latency_ms=1)
        await ledger.forget("U7")
        assert "my words" not in on_disk(tmp_path)
    async with opened(tmp_path) as ledger:
        (left,) = await ledger.unfinished("slack")
        assert left.message.text == "in work"
        given = answer(headline="No fact on “in work for ever”.", parsed={"query": "in work for ever"})
        await ledger.finish_query(left.query_id, given, latency_ms=1, delivered=True)
    assert row(tmp_path, "SELECT text, answer FROM queries WHERE id = ?", left.query_id)["text"] is None


async def test_questions_of_the_living_are_left_to_them(tmp_path: Path) -> None:
    async with opened(tmp_path) as living, opened(tmp_path) as other:
        await living.admit(message("mine", "e"))
        assert await other.unfinished("slack") == []


async def test_nobody_waits_for_an_old_question(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, 0, clock=clock) as ledger:
        await ledger.admit(message("old", "e"))
    clock.move(minutes=61)
    async with opened(tmp_path, 0, clock=clock) as ledger:
        assert await ledger.unfinished("slack") == []
    assert row(tmp_path, "SELECT status, text FROM queries") == {"status": "abandoned", "text": None}


async def test_a_question_that_kills_every_process_is_given_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.admit(message("poison", "e"))
    times = 0
    for _ in range(MAX_ATTEMPTS + 2):
        async with opened(tmp_path) as ledger:
            times += len(await ledger.unfinished("slack"))
    assert times == MAX_ATTEMPTS - 1  # the first attempt was its own process's
    assert row(tmp_path, "SELECT status FROM queries") == {"status": "abandoned"}


# What is kept


async def test_with_no_retention_words_are_gone_once_answered(tmp_path: Path) -> None:
    secret = "Project Nightingale costs what in tokens"
    parsed = {"kind": "tokens", "text": secret, "further": [{"kind": "fact", "query": secret}]}
    conversation = message().conversation
    async with opened(tmp_path, 0) as ledger:
        query = (await ledger.admit(message(secret, "e"))).query_id
        in_flight = row(tmp_path, "SELECT text FROM queries")
        await ledger.finish_query(
            query, answer("r-5", headline=f"No fact on “{secret}”.", parsed=parsed), latency_ms=1
        )
        on_its_way = row(tmp_path, "SELECT text FROM queries")
        await ledger.close_query(query)
        await ledger.save_thread(conversation, json.dumps(parsed))
        await ledger.save_parse("hash", json.dumps(parsed))
        kept = await ledger.answer_by_receipt("r-5")
        thread = json.loads(await ledger.load_thread(conversation) or "")
        assert (
            json.loads(await ledger.load_parse("hash") or "") == parsed
        )  # within the process, for the second asker
    assert in_flight == on_its_way == {"text": secret}
    assert kept is not None
    assert kept["headline"] == "No fact on “…”."
    assert (
        kept["parsed"] == thread == {"kind": "tokens", "text": "", "further": [{"kind": "fact", "query": ""}]}
    )
    assert "r-5" in on_disk(tmp_path)
    assert "Nightingale" not in on_disk(tmp_path)


@pytest.mark.parametrize(("retention", "days"), [(30, 30), (3650, 90)])
async def test_parses_end_with_the_retention_period(tmp_path: Path, retention: int, days: int) -> None:
    clock = Clock()
    async with opened(tmp_path, retention, clock=clock) as ledger:
        await ledger.save_parse("hash", '{"query":"the words"}')
    clock.move(days=days, minutes=-1)
    async with opened(tmp_path, retention, clock=clock) as ledger:
        assert await ledger.load_parse("hash") is not None
    clock.move(minutes=2)
    async with opened(tmp_path, retention, clock=clock) as ledger:
        assert await ledger.load_parse("hash") is None
    assert "the words" not in on_disk(tmp_path)


@pytest.mark.parametrize("retention", [0, 90])
async def test_the_cache_of_parses_is_emptied_for_a_forgotten_person(tmp_path: Path, retention: int) -> None:
    async with opened(tmp_path, retention) as ledger:
        await ledger.admit(message("my words", "e1", user="U7"))
        await ledger.save_parse("hash", '{"query":"my words"}')
        forgotten = await ledger.forget("U7")
        assert await ledger.load_parse("hash") is None
        assert forgotten.cached_parses == 1


async def test_words_go_when_their_time_is_over_and_figures_stay(tmp_path: Path) -> None:
    clock = Clock()
    figure = Figure(label="input", amount=17, unit="USD")  # type: ignore[arg-type]
    async with opened(tmp_path, 30, clock=clock) as ledger:
        query = (await ledger.admit(message("the words", "e"))).query_id
        given = answer("r-6", figures=(figure,), parsed={"kind": "fact", "query": "the words"})
        await ledger.finish_query(query, given, latency_ms=1, delivered=True)
    clock.move(days=29)
    async with opened(tmp_path, 30, clock=clock):
        assert row(tmp_path, "SELECT text FROM queries") == {"text": "the words"}
    clock.move(days=2)
    async with opened(tmp_path, 30, clock=clock) as ledger:
        kept = await ledger.answer_by_receipt("r-6")
    assert row(tmp_path, "SELECT text FROM queries") == {"text": None}
    assert kept is not None
    assert kept["parsed"] == {"kind": "fact", "query": ""}
    assert kept["figures"][0]["amount"] == "17"


async def test_event_keys_are_pruned_while_the_process_runs_but_never_the_newest(tmp_path: Path) -> None:
    clock = Clock()
    rounds = EVENTS_ALWAYS_KEPT + 400
    async with opened(tmp_path, clock=clock) as ledger:
        await asyncio.gather(*(ledger.admit(message("q", f"old {n}")) for n in range(rounds)))
        clock.move(days=8)
        assert len(rows(tmp_path, "SELECT id FROM events")) == rounds
        await asyncio.gather(
            *(ledger.admit(message("q", f"new {n}", at=clock.now)) for n in range(PURGE_EVERY * 10))
        )
        assert not (await ledger.admit(message("q", "new 0"))).new
    keys = [r["key"] for r in rows(tmp_path, "SELECT key FROM events ORDER BY id")]
    assert len(keys) < rounds + PURGE_EVERY * 10
    assert keys[-1] == f"new {PURGE_EVERY * 10 - 1}"
    assert len(keys) >= EVENTS_ALWAYS_KEPT


async def test_a_person_sees_all_that_is_stored_and_can_have_it_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        asked = message("my words", "e1", user="U7", channel="D7", private=True, also_threads=("wider",))
        query = (await ledger.admit(asked)).query_id
        await ledger.finish_query(
            query, answer("r-1", parsed={"kind": "fact", "query": "my words"}), latency_ms=1
        )
        await ledger.save_thread(asked.conversation, '{"kind":"fact","query":"my words"}', asked.also_threads)
        await ledger.save_thread(("slack", "T1", "C1", "wider"), '{"kind":"fact","query":"not mine"}')
        await ledger.add_feedback("r-1", asked, "bad", "my comment")
        other = (await ledger.admit(message("not mine", "e2"))).query_id
        await ledger.finish_query(other, answer("r-2"), latency_ms=1)

        stored = await ledger.export("U7")
        assert [q["text"] for q in stored["queries"]] == ["my words"]
        assert stored["queries"][0]["answer"]["parsed"]["query"] == "my words"
        assert [(t["thread"], t["question"]["query"]) for t in stored["threads"]] == [
            ("1.0", "my words"),
            ("wider", "my words"),
        ]
        assert stored["feedback"][0]["comment"] == "my comment"
        assert [e["key"] for e in stored["events"]] == ["e1"]
        json.dumps(stored)

        forgotten = await ledger.forget("U7")
        assert (forgotten.questions, forgotten.threads, forgotten.feedback) == (1, 2, 1)
        after = await ledger.export("U7")
        assert all(after[name] == [] for name in ("queries", "llm_calls", "threads", "events", "feedback"))
        assert await ledger.answer_by_receipt("r-1") is None
        assert await ledger.answer_by_receipt("r-2") is not None
        assert not (await ledger.admit(asked)).new
        assert (await ledger.report()).totals.questions == 2
        assert "my words" not in on_disk(tmp_path)
        assert "U7" not in on_disk(tmp_path)


# The door


async def test_a_closed_ledger_says_so(tmp_path: Path) -> None:
    ledger = await Ledger.open(tmp_path, 1)
    await ledger.close()
    await ledger.close()
    with pytest.raises(StorageError, match="closed"):
        await ledger.admit(message())


def test_the_stand_in_has_every_method_of_the_ledger() -> None:
    def interface(kind: type) -> dict[str, object]:
        members = inspect.getmembers(kind, lambda m: inspect.isfunction(m) or isinstance(m, property))
        return {
            name: inspect.signature(member) if inspect.isfunction(member) else "property"
            for name, member in members
            if not name.startswith("_")
        }

    assert interface(NullLedger) == interface(Ledger)


async def test_the_stand_in_answers_once_and_remembers_conversations() -> None:
    ledger = NullLedger("No ledger.")
    assert (await ledger.admit(message("q", "a", "b"))).new
    assert not (await ledger.admit(message("q", "b"))).new
    await ledger.save_thread(("slack", "", "", ""), "{}")
    assert await ledger.load_thread(("slack", "", "", "")) == "{}"
    await ledger.finish_query(-1, answer("r-3"), latency_ms=1)
    assert (await ledger.answer_by_receipt("r-3") or {})["receipt"] == "r-3"
    with pytest.raises(StorageError, match="No ledger"):
        await ledger.report()


def test_asking_imports_nothing_heavy(tmp_path: Path) -> None:
    ask = """
import asyncio, sys
from pathlib import Path
from bot.answers import Answer
from bot.messages import Message
from bot.spend.ledger import Ledger

async def main():
    ledger = await Ledger.open(Path(sys.argv[1]), 90)
    query = await ledger.admit(Message(platform="terminal", text="q"))
    await ledger.finish_query(query.query_id, Answer(status="answered", kind="price", headline="h"), latency_ms=1)
    await ledger.close()
    print(*sorted({"sqlite_utils", "pydantic", "openai", "click", "zoneinfo", "rich"} & set(sys.modules)))

asyncio.run(main())
"""
    root = Path(__file__).parents[3]
    runs = [
        subprocess.run(
            [sys.executable, "-c", ask, str(tmp_path)], cwd=root, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    ]
    assert "sqlite_utils" in runs[0].stdout  # the first creates the tables
    assert runs[1].stdout.strip() == ""
    assert len(rows(tmp_path, "SELECT * FROM queries WHERE status = 'answered'")) == 2
