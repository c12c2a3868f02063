"""What the ledger keeps in rows that nothing else hangs on: feedback, remembered parses, what LLM servers understand, and how many
rows of each kind there are.

Each function works inside a transaction that the caller holds and is told the time.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from bot.messages import Message
from bot.spend.encoding import storable, time_text

SERVERS_KEPT = timedelta(days=30)

_COUNTED = ("queries", "llm_calls", "events", "threads", "budgets", "parses", "feedback")


def add_feedback(
    connection: sqlite3.Connection,
    receipt: str,
    message: Message,
    verdict: str,
    comment: str,
    now: datetime,
) -> None:
    """Record what the person who sent `message` says of the answer with the receipt."""
    connection.execute(
        "INSERT INTO feedback (given_at, receipt, platform, user, verdict, comment) VALUES (?, ?, ?, ?, ?, ?)",
        (
            time_text(now),
            storable(receipt),
            message.platform,
            storable(message.user),
            verdict,
            storable(comment),
        ),
    )


def load_parse(connection: sqlite3.Connection, key: str) -> str | None:
    """The parse (JSON) under the key."""
    row = connection.execute("SELECT parse FROM parses WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def save_parse(connection: sqlite3.Connection, key: str, form_json: str, now: datetime) -> None:
    """Keep a parse in place of the one under the same key."""
    connection.execute(
        "INSERT OR REPLACE INTO parses (key, parse, created_at) VALUES (?, ?, ?)",
        (key, storable(form_json), time_text(now)),
    )


def load_server(connection: sqlite3.Connection, base_url: str, model: str, now: datetime) -> str | None:
    """What a server was found to understand (JSON), if that was not long ago: servers are updated."""
    row = connection.execute(
        "SELECT dialect FROM llm_servers WHERE base_url = ? AND model = ? AND found_at > ?",
        (storable(base_url), storable(model), time_text(now - SERVERS_KEPT)),
    ).fetchone()
    return None if row is None else str(row[0])


def save_server(
    connection: sqlite3.Connection, base_url: str, model: str, dialect_json: str, now: datetime
) -> None:
    """Keep what a server was found to understand."""
    connection.execute(
        "INSERT OR REPLACE INTO llm_servers (base_url, model, dialect, found_at) VALUES (?, ?, ?, ?)",
        (storable(base_url), storable(model), dialect_json, time_text(now)),
    )


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows of each table that an operator may want to know about."""
    return {table: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in _COUNTED}
