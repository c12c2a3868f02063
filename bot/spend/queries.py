"""Questions in the ledger: taken up once, answered once, delivered, taken up again after a crash; conversations and receipts.

A question is open, and has an owner, from its admission until its answer was delivered. The answer is stored before it goes out, so
that a later start posts it as it is. While a question is open its words are kept, whatever the retention: a restart needs them.
Each function works inside a transaction that the caller holds and is told the time, so that nothing here reads a clock.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.answers import Answer
from bot.messages import Message
from bot.spend.encoding import json_text, read_time, storable, time_text, without_words
from bot.spend.privacy import FORGOTTEN, remove_words
from knowledge.lazy_dataclass import dataclass

RESUME_WITHIN = timedelta(hours=1)
"""A question that a crash cut off is answered by a later start only when it is younger than this: nobody waits for an older one."""

MAX_ATTEMPTS = 3
"""A question that was cut off this often may be what kills the process, and is left alone."""

Conversation = tuple[str, str, str, str]


@dataclass(frozen=True)
class Admission:
    """`new` is False when the event was seen before; then `query_id` is that of the first delivery."""

    query_id: int
    new: bool


@dataclass(frozen=True)
class Unfinished:
    """A question that an earlier process left open; `answer` is what it had made of it, and may have posted, None if nothing."""

    query_id: int
    message: Message
    answer: Answer | None


def admit(connection: sqlite3.Connection, owner: str, message: Message, now: datetime) -> Admission:
    """Record a message and the keys of its event, or find that it repeats one."""
    place = (message.platform, storable(message.workspace))
    keys = [storable(key) for key in message.dedup_keys]
    first = _seen(connection, place, keys)
    query_id = first if first is not None else _insert(connection, owner, message)
    # A repetition may come under a further key (the event's id changed, its timestamp did not); the next one may have only that.
    connection.executemany(
        "INSERT OR IGNORE INTO events (platform, workspace, key, query_id, seen_at) VALUES (?, ?, ?, ?, ?)",
        [(*place, key, query_id, time_text(now)) for key in keys],
    )
    return Admission(query_id, first is None)


def _seen(connection: sqlite3.Connection, place: tuple[str, str], keys: list[str]) -> int | None:
    for key in keys:
        row = connection.execute(
            "SELECT query_id FROM events WHERE platform = ? AND workspace = ? AND key = ?", (*place, key)
        ).fetchone()
        if row is not None:
            query_id: int = row[0]
            return query_id
    return None


def _insert(connection: sqlite3.Connection, owner: str, message: Message) -> int:
    # The text is stored whatever the retention: a restart needs it. `deliver` removes it when nothing may be kept.
    cursor = connection.execute(
        "INSERT INTO queries (received_at, platform, workspace, channel, thread, also_threads, user, private, text, owner)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            time_text(message.received_at),
            message.platform,
            storable(message.workspace),
            storable(message.channel),
            storable(message.thread),
            json_text(message.also_threads) if message.also_threads else None,
            storable(message.user),
            message.private,
            storable(message.text),
            owner,
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def finish(
    connection: sqlite3.Connection,
    query_id: int,
    answer: Answer,
    *,
    now: datetime,
    latency_ms: int,
    error: str | None,
    delivered: bool,
    keep_words: bool,
) -> None:
    """Record the answer; the first one stands. The question stays open unless the answer is `delivered` already."""
    connection.execute(
        "UPDATE queries SET finished_at = ?, status = ?, kind = ?, parser = ?, latency_ms = ?, error = ?, receipt = ?,"
        " answer = ? WHERE id = ? AND finished_at IS NULL",
        (
            time_text(now),
            answer.status,
            answer.kind,
            answer.parser,
            max(0, latency_ms),
            None if error is None else storable(error),
            answer.receipt or None,
            json_text(answer.to_json()),
            query_id,
        ),
    )
    if delivered:
        deliver(connection, query_id, now=now, problem=None, keep_words=keep_words)


def deliver(
    connection: sqlite3.Connection, query_id: int, *, now: datetime, problem: str | None, keep_words: bool
) -> None:
    """Close a question, because its answer was posted or (`problem`) never will be. Closing it again changes nothing.

    Without `keep_words` the question's text goes, wherever it is quoted. A question without a stored answer becomes `unrecorded`
    (posted, but the answer could not be stored) or, with a problem, `abandoned`.
    """
    row = connection.execute(
        "SELECT status, user FROM queries WHERE id = ? AND owner IS NOT NULL", (query_id,)
    ).fetchone()
    if row is None:
        return
    status, user = row
    if status == "received":
        status = "unrecorded" if problem is None else "abandoned"
    connection.execute(
        "UPDATE queries SET status = ?, delivered_at = ?, error = COALESCE(?, error), owner = NULL WHERE id = ?",
        (
            status,
            time_text(now) if problem is None else None,
            None if problem is None else storable(problem),
            query_id,
        ),
    )
    if not keep_words or user.startswith(FORGOTTEN):
        remove_words(connection, query_id)


def resume(
    connection: sqlite3.Connection,
    platform: str,
    owner: str,
    is_alive: Callable[[str], bool],
    now: datetime,
) -> list[Unfinished]:
    """Claim the open questions of dead processes that are still worth an answer, oldest first."""
    rows = connection.execute(
        "SELECT id, owner, received_at, workspace, channel, thread, also_threads, user, private, text, answer FROM queries"
        " WHERE owner IS NOT NULL AND platform = ? AND received_at > ? AND attempts < ? AND text IS NOT NULL ORDER BY id",
        (platform, time_text(now - RESUME_WITHIN), MAX_ATTEMPTS),
    ).fetchall()
    dead = _dead({row[1] for row in rows}, is_alive)
    claimed = []
    for (
        query_id,
        last_owner,
        received_at,
        workspace,
        channel,
        thread,
        also,
        user,
        private,
        text,
        stored,
    ) in rows:
        if last_owner not in dead:
            continue
        connection.execute(
            "UPDATE queries SET owner = ?, attempts = attempts + 1 WHERE id = ?", (owner, query_id)
        )
        answer = _read_answer(connection, query_id, stored)
        keys = connection.execute("SELECT key FROM events WHERE query_id = ? ORDER BY id", (query_id,))
        message = Message(
            platform=platform,
            text=text,
            user=user,
            workspace=workspace,
            channel=channel,
            thread=thread,
            also_threads=() if also is None else tuple(json.loads(also)),
            dedup_keys=tuple(key for (key,) in keys),
            private=bool(private),
            received_at=read_time(received_at),
        )
        claimed.append(Unfinished(query_id, message, answer))
    return claimed


def _read_answer(connection: sqlite3.Connection, query_id: int, stored: str | None) -> Answer | None:
    """The stored answer of an open question; one that cannot be read (another version wrote it) is taken back, to be made anew."""
    if stored is None:
        return None
    try:
        return Answer.from_json(json.loads(stored))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        connection.execute(
            "UPDATE queries SET status = 'received', finished_at = NULL, receipt = NULL, answer = NULL WHERE id = ?",
            (query_id,),
        )
        return None


def hopeless(connection: sqlite3.Connection, is_alive: Callable[[str], bool], now: datetime) -> list[int]:
    """The open questions of dead processes that nobody will take up any more (at most 500 of them)."""
    rows = connection.execute(
        "SELECT id, owner FROM queries WHERE owner IS NOT NULL AND (received_at <= ? OR attempts >= ?) LIMIT 500",
        (time_text(now - RESUME_WITHIN), MAX_ATTEMPTS),
    ).fetchall()
    dead = _dead({owner for _, owner in rows}, is_alive)
    return [query_id for query_id, owner in rows if owner in dead]


def abandon(
    connection: sqlite3.Connection, is_alive: Callable[[str], bool], now: datetime, *, keep_words: bool
) -> int:
    """Close the questions that are `hopeless`; returns how many."""
    ids = hopeless(connection, is_alive, now)
    for query_id in ids:
        deliver(
            connection,
            query_id,
            now=now,
            problem="not delivered before its process ended",
            keep_words=keep_words,
        )
    return len(ids)


def _dead(owners: set[str], is_alive: Callable[[str], bool]) -> set[str]:
    return {owner for owner in owners if not is_alive(owner)}


def save_thread(
    connection: sqlite3.Connection,
    conversation: Conversation,
    question_json: str,
    also_threads: Sequence[str],
    *,
    now: datetime,
    keep_words: bool,
) -> None:
    """Remember the last typed question of a conversation and of wider threads; without `keep_words` only its typed slots."""
    if not keep_words:
        question_json = json_text(without_words(json.loads(question_json)))
    *channel, own_thread = map(storable, conversation)
    connection.executemany(
        "INSERT OR REPLACE INTO threads (platform, workspace, channel, thread, question, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (*channel, thread, storable(question_json), time_text(now))
            for thread in (own_thread, *map(storable, also_threads))
        ],
    )


def load_thread(connection: sqlite3.Connection, conversation: Conversation) -> str | None:
    """The typed question (JSON) that a follow-up in this conversation continues."""
    row = connection.execute(
        "SELECT question FROM threads WHERE platform = ? AND workspace = ? AND channel = ? AND thread = ?",
        tuple(map(storable, conversation)),
    ).fetchone()
    return None if row is None else str(row[0])


def answer_by_receipt(connection: sqlite3.Connection, receipt: str) -> dict[str, Any] | None:
    """The answer (JSON data) that bears the receipt, the newest if several do."""
    row = connection.execute(
        "SELECT answer FROM queries WHERE receipt = ? AND answer IS NOT NULL ORDER BY id DESC LIMIT 1",
        (storable(receipt),),
    ).fetchone()
    return None if row is None else dict(json.loads(row[0]))
