"""What the ledger knows of a person: shown on demand, forgotten on demand, and gone by itself when its time is over.

Sums stay: forgetting a person keeps counts, tokens and cost in every report and in every budget but the person's own, which begins
anew. What is removed is overwritten in the file (`PRAGMA secure_delete`) and leaves the write-ahead log at its next checkpoint.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from datetime import datetime, timedelta
from typing import Any

from bot.spend.encoding import answer_without_words, json_text, storable, time_text
from knowledge.lazy_dataclass import dataclass

logger = logging.getLogger("aicost.ledger")

EVENTS_KEPT = timedelta(days=7)
"""Slack repeats an event for up to an hour, and a platform that was down may come back after days."""

EVENTS_ALWAYS_KEPT = 1000
"""The newest keys stay whatever the clock says, so that a clock that jumps ahead does not let an event be answered twice."""

THREADS_KEPT = timedelta(days=30)
PARSES_KEPT = timedelta(days=90)
"""At most: forms hold words of questions, and so end with the retention period."""

PURGE_AT_MOST = 200
"""Rows of each table that one purge removes, so that opening the ledger stays fast; the rest waits for the next."""

FORGOTTEN = "forgotten-"
"""Begins the random id that takes the place of a forgotten user's."""


@dataclass(frozen=True)
class Forgotten:
    """How many rows lost their person."""

    questions: int
    llm_calls: int
    feedback: int
    threads: int
    cached_parses: int = 0
    """Forms of the language model, everybody's: the cache does not know whose question a form was made of."""


def export(connection: sqlite3.Connection, user: str, now: datetime) -> dict[str, Any]:
    """All that is stored of a user, as JSON data: each table's rows as they stand, with answers unfolded."""
    found: dict[str, Any] = {"user": user, "exported_at": time_text(now)}
    for name, sql in (
        ("queries", "SELECT * FROM queries WHERE user = ? ORDER BY id"),
        ("llm_calls", "SELECT * FROM llm_calls WHERE user = ? ORDER BY id"),
        ("threads", f"SELECT * FROM threads WHERE {_THREADS_OF}"),
        (
            "events",
            "SELECT * FROM events WHERE query_id IN (SELECT id FROM queries WHERE user = ?) ORDER BY id",
        ),
        ("feedback", "SELECT * FROM feedback WHERE user = ? ORDER BY id"),
        ("budgets", "SELECT * FROM budgets WHERE scope = 'user' AND subject = ? ORDER BY id"),
    ):
        cursor = connection.execute(sql, (storable(user),))
        columns = [column[0] for column in cursor.description]
        found[name] = [dict(zip(columns, row, strict=True)) for row in cursor]
    for row in found["queries"]:
        row["answer"] = None if row["answer"] is None else json.loads(row["answer"])
    for row in found["threads"]:
        row["question"] = json.loads(row["question"])
    return found


def forget(connection: sqlite3.Connection, user: str) -> Forgotten:
    """Remove a user's identity, texts, answers, conversations and comments; what was spent stays.

    A question that is being answered keeps its text until it is finished, for else it could not be; an answer on its way is no
    longer delivered by a later start. Channels stay, because they are not the person, except where the person was alone with the
    bot. The cache of the language model's forms (`parses`), which hold words of questions, does not know whose they are; being only
    a cache, it is emptied.
    """
    name = storable(user)
    nobody = FORGOTTEN + os.urandom(4).hex()
    threads = connection.execute(f"DELETE FROM threads WHERE {_THREADS_OF}", (name,)).rowcount
    alone = "channel = CASE WHEN private THEN '' ELSE channel END"
    calls = connection.execute(
        "UPDATE llm_calls SET channel = '' WHERE user = ? AND query_id IN (SELECT id FROM queries WHERE user = ? AND private)",
        (name, name),
    )
    calls = connection.execute("UPDATE llm_calls SET user = ? WHERE user = ?", (nobody, name))
    queries = connection.execute(
        f"UPDATE queries SET user = ?, answer = NULL, error = NULL, thread = '', also_threads = NULL, {alone},"
        " text = CASE WHEN status = 'received' THEN text END, owner = CASE WHEN status = 'received' THEN owner END"
        " WHERE user = ?",
        (nobody, name),
    )
    feedback = connection.execute("UPDATE feedback SET user = ?, comment = '' WHERE user = ?", (nobody, name))
    connection.execute("DELETE FROM budget_periods WHERE scope = 'user' AND subject = ?", (name,))
    parses = connection.execute("DELETE FROM parses").rowcount
    return Forgotten(queries.rowcount, calls.rowcount, feedback.rowcount, threads, parses)


def purge_is_due(connection: sqlite3.Connection, now: datetime, retention_days: int) -> bool:
    """Whether `purge` would find anything; a look at the oldest rows, which writes nothing."""
    return any(
        connection.execute(f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {condition})", values).fetchone()[0]
        for table, condition, values in _overdue(now, retention_days)
    )


def purge(connection: sqlite3.Connection, now: datetime, retention_days: int) -> None:
    """Remove what has been kept long enough: texts after the retention period; events, conversations, parses after theirs."""
    for table, condition, values in _overdue(now, retention_days):
        rows = connection.execute(
            f"SELECT rowid FROM {table} WHERE {condition} LIMIT {PURGE_AT_MOST}", values
        ).fetchall()
        if table == "queries":
            for (query_id,) in rows:
                remove_words(connection, query_id)
        else:
            connection.executemany(f"DELETE FROM {table} WHERE rowid = ?", rows)


def _overdue(now: datetime, retention_days: int) -> list[tuple[str, str, tuple[str, ...]]]:
    # A conversation ends with the retention period too, but lasts a day at least: a follow-up needs it.
    days = min(retention_days, 36_500)
    threads = min(THREADS_KEPT, timedelta(days=max(1, days)))
    oldest_events = f"id < (SELECT min(id) + {PURGE_AT_MOST} FROM events)"
    newest_events = f"id > (SELECT max(id) - {EVENTS_ALWAYS_KEPT} FROM events)"
    return [
        (
            "queries",
            "text IS NOT NULL AND status <> 'received' AND owner IS NULL AND received_at < ?",
            (time_text(now - timedelta(days=days)),),
        ),
        (
            "events",
            f"{oldest_events} AND NOT {newest_events} AND seen_at < ?",
            (time_text(now - EVENTS_KEPT),),
        ),
        ("threads", "updated_at < ?", (time_text(now - threads),)),
        ("parses", "created_at < ?", (time_text(now - min(PARSES_KEPT, timedelta(days=days))),)),
    ]


def remove_words(connection: sqlite3.Connection, query_id: int) -> None:
    """Remove the text of a question, and its words from the answer."""
    text, answer = connection.execute("SELECT text, answer FROM queries WHERE id = ?", (query_id,)).fetchone()
    bare = None
    if answer is not None:
        try:
            bare = json_text(answer_without_words(dict(json.loads(answer)), text))
        except (
            TypeError,
            ValueError,
        ):  # somebody edited the file; what cannot be read cannot be cleaned either
            logger.warning("The answer to query %d could not be read and was removed", query_id)
    connection.execute("UPDATE queries SET text = NULL, answer = ? WHERE id = ?", (bare, query_id))


_THREADS_OF = (
    "(platform, workspace, channel, thread) IN ("
    "WITH asked AS (SELECT platform, workspace, channel, thread, also_threads FROM queries WHERE user = ?)"
    " SELECT platform, workspace, channel, thread FROM asked"
    " UNION SELECT platform, workspace, channel, value FROM asked, json_each(also_threads))"
)
"""The threads in which a user asked something, the wider ones included; a thread holds only what was asked in it last."""
