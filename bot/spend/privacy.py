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

from bot.people import Person
from bot.spend.encoding import answer_without_words, json_text, storable, time_text
from bot.spend.users import known_person, users_rows
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
    budgets_left: int = 0
    """Budgets of the person's own, which still name them."""


def export(connection: sqlite3.Connection, user: str, now: datetime) -> dict[str, Any]:
    """All that is stored of a user, as JSON data: each table's rows as they stand, with answers unfolded.

    Raises `UsageError` for a plain id that users of several platforms have.
    """
    person = known_person(connection, user)
    theirs, whose = users_rows(person)
    found: dict[str, Any] = {"user": str(person), "exported_at": time_text(now)}
    for name, sql, values in (
        ("queries", f"SELECT * FROM queries WHERE {theirs} ORDER BY id", whose),
        ("llm_calls", f"SELECT * FROM llm_calls WHERE {theirs} ORDER BY id", whose),
        ("threads", f"SELECT * FROM threads WHERE {_threads_of(theirs)}", whose),
        (
            "events",
            f"SELECT * FROM events WHERE query_id IN (SELECT id FROM queries WHERE {theirs}) ORDER BY id",
            whose,
        ),
        ("feedback", f"SELECT * FROM feedback WHERE {theirs} ORDER BY id", whose),
        ("budgets", f"SELECT * FROM budgets WHERE {_BUDGETS_OF} ORDER BY id", _names(person)),
    ):
        cursor = connection.execute(sql, values)
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
    a cache, it is emptied. A budget that the operator has set for the person stays, and is counted, so that somebody is told.
    Raises `UsageError` for a plain id that users of several platforms have.
    """
    person = known_person(connection, user)
    theirs, whose = users_rows(person)
    nobody = FORGOTTEN + os.urandom(4).hex()
    threads = connection.execute(f"DELETE FROM threads WHERE {_threads_of(theirs)}", whose).rowcount
    alone = "channel = CASE WHEN private THEN '' ELSE channel END"
    calls = connection.execute(
        f"UPDATE llm_calls SET channel = '' WHERE {theirs} AND query_id IN (SELECT id FROM queries WHERE {theirs} AND private)",
        (*whose, *whose),
    )
    calls = connection.execute(f"UPDATE llm_calls SET user = ? WHERE {theirs}", (nobody, *whose))
    queries = connection.execute(
        f"UPDATE queries SET user = ?, answer = NULL, error = NULL, thread = '', also_threads = NULL, {alone},"
        " text = CASE WHEN status = 'received' THEN text END, owner = CASE WHEN status = 'received' THEN owner END"
        f" WHERE {theirs}",
        (nobody, *whose),
    )
    feedback = connection.execute(
        f"UPDATE feedback SET user = ?, comment = '' WHERE {theirs}", (nobody, *whose)
    )
    connection.execute(f"DELETE FROM budget_periods WHERE {_BUDGETS_OF}", _names(person))
    parses = connection.execute("DELETE FROM parses").rowcount
    budgets = connection.execute(
        f"SELECT COUNT(*) FROM budgets WHERE {_BUDGETS_OF}", _names(person)
    ).fetchone()[0]
    return Forgotten(queries.rowcount, calls.rowcount, feedback.rowcount, threads, parses, budgets)


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


_BUDGETS_OF = "scope = 'user' AND subject IN (?, ?)"


def _names(person: Person) -> tuple[str, str]:
    """How budgets may name a person."""
    return storable(str(person)), storable(person.user)


def _threads_of(theirs: str) -> str:
    """The threads in which a user asked something, the wider ones included; a thread holds only what was asked in it last."""
    return (
        "(platform, workspace, channel, thread) IN ("
        f"WITH asked AS (SELECT platform, workspace, channel, thread, also_threads FROM queries WHERE {theirs})"
        " SELECT platform, workspace, channel, thread FROM asked"
        " UNION SELECT platform, workspace, channel, value FROM asked, json_each(also_threads))"
    )
