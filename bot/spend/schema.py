"""The tables of `ledger.db`, and how a file of an earlier version becomes one of this version.

The schema is a list of migrations, each applied once and recorded in `_sqlite_migrations` (the table of sqlite-utils). A migration
that has been released is never edited; a change is a new function at the end of `MIGRATIONS`. `PRAGMA user_version` counts those
applied, so that opening a ready ledger is one look at a number and does not import sqlite-utils.

The column comments below are part of the stored schema: `sqlite-utils schema ledger.db` and Datasette show them. Conventions:
times are UTC in ISO 8601 (`2026-11-22T09:30:00.000Z`, so they sort as text and SQLite's date functions read them); money is USD as
exact decimal text (`CAST(cost_usd AS REAL)` to plot it); the order of events is the order of `id`, never of a clock. Names follow
OpenTelemetry's GenAI conventions: `provider` = gen_ai.provider.name, `model` = gen_ai.request.model, `response_model` =
gen_ai.response.model, `input_tokens` = gen_ai.usage.input_tokens (cached ones included), `output_tokens` =
gen_ai.usage.output_tokens (reasoning ones included), `cached_input_tokens` = gen_ai.usage.cache_read.input_tokens,
`cache_write_tokens` = gen_ai.usage.cache_creation.input_tokens.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

_MIGRATION_SET = "aicost.ledger"


def m001_queries(db: Database) -> None:
    """What people asked, the keys under which a platform may deliver it again, and the answer under its receipt."""
    db.execute("""
        CREATE TABLE queries (
            id INTEGER PRIMARY KEY,
            received_at TEXT NOT NULL,
            finished_at TEXT,               -- NULL: in work, or cut off by a crash
            status TEXT NOT NULL DEFAULT 'received',
                -- received, then answered | clarify | not_found | out_of_scope | error, or abandoned: cut off by a crash and
                -- not taken up again (too old, or it failed too often)
            platform TEXT NOT NULL,         -- terminal | slack | discord
            workspace TEXT NOT NULL,        -- Slack team, Discord guild; '' where there is none
            channel TEXT NOT NULL,
            thread TEXT NOT NULL,
            user TEXT NOT NULL,             -- the platform's user id; 'forgotten-…' once the user asked to be forgotten
            private INTEGER NOT NULL,       -- 1: only the user saw the answer
            text TEXT,                      -- the question; NULL once the retention period is over (with 0 days: once answered)
            kind TEXT,                      -- estimate, price, fact, …
            parser TEXT,                    -- local | llm
            latency_ms INTEGER,
            error TEXT,
            receipt TEXT,                   -- the id for `aicost explain`
            answer TEXT,                    -- the answer as JSON
            owner TEXT,                     -- the process that works on it (see ledger.owners/)
            attempts INTEGER NOT NULL DEFAULT 1
        )""")
    db.execute("CREATE INDEX queries_received ON queries (received_at)")
    db.execute("CREATE INDEX queries_receipt ON queries (receipt) WHERE receipt IS NOT NULL")
    db.execute("CREATE INDEX queries_open ON queries (platform, received_at) WHERE status = 'received'")
    db.execute(
        "CREATE INDEX queries_text ON queries (received_at) WHERE text IS NOT NULL AND status <> 'received'"
    )
    db.execute("""
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            platform TEXT NOT NULL,
            workspace TEXT NOT NULL,
            key TEXT NOT NULL,              -- event id, channel and timestamp, trigger id, …
            query_id INTEGER NOT NULL REFERENCES queries (id),
            seen_at TEXT NOT NULL,          -- kept for a week
            UNIQUE (platform, workspace, key)
        )""")
    db.execute("""
        CREATE TABLE threads (
            platform TEXT NOT NULL,
            workspace TEXT NOT NULL,
            channel TEXT NOT NULL,
            thread TEXT NOT NULL,
            question TEXT NOT NULL,         -- the conversation's last typed question as JSON; a follow-up is a patch on it
            updated_at TEXT NOT NULL,
            PRIMARY KEY (platform, workspace, channel, thread)
        )""")
    db.execute("CREATE INDEX threads_updated ON threads (updated_at)")


def m002_llm_calls(db: Database) -> None:
    """Every call of an LLM: the row is written before the call and holds its reservation until the usage is known."""
    db.execute("""
        CREATE TABLE llm_calls (
            id INTEGER PRIMARY KEY,
            query_id INTEGER REFERENCES queries (id),
            status TEXT NOT NULL,
                -- reserved: under way; settled: usage known; failed: no usable result; lost: its process died before the usage
                -- was known. `cost_usd` and the token counts of reserved and lost calls are those reserved.
            reserved_at TEXT NOT NULL,      -- the time by which budgets and reports count the call
            settled_at TEXT,
            owner TEXT NOT NULL,            -- the process that made the call (see ledger.owners/)
            platform TEXT NOT NULL,         -- who caused it, as in queries
            workspace TEXT NOT NULL,
            channel TEXT NOT NULL,
            user TEXT NOT NULL,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            response_model TEXT,
            base_url TEXT NOT NULL,
            input_tokens INTEGER NOT NULL,
            cached_input_tokens INTEGER NOT NULL DEFAULT 0,
            cache_write_tokens INTEGER NOT NULL DEFAULT 0,
            output_tokens INTEGER NOT NULL,
            reasoning_tokens INTEGER NOT NULL DEFAULT 0,
            estimated INTEGER NOT NULL DEFAULT 0,   -- 1: the server reported no usage, tokens were counted by us
            cost_usd TEXT,                  -- what the call is charged with, exact; NULL: no price is known
            reserved_input_tokens INTEGER NOT NULL,
            reserved_output_tokens INTEGER NOT NULL,
            reserved_cost_usd TEXT,
            price_source TEXT,
            price_as_of TEXT,
            latency_ms INTEGER,
            error TEXT
        )""")
    db.execute("CREATE INDEX llm_calls_reserved_at ON llm_calls (reserved_at)")
    db.execute("CREATE INDEX llm_calls_query ON llm_calls (query_id)")
    db.execute("CREATE INDEX llm_calls_open ON llm_calls (owner) WHERE status = 'reserved'")


def m003_budgets(db: Database) -> None:
    """What may be spent, and a running sum for each budget's current period."""
    db.execute("""
        CREATE TABLE budgets (
            id INTEGER PRIMARY KEY,
            scope TEXT NOT NULL,            -- total | workspace | channel | user
            subject TEXT NOT NULL,          -- the id of the workspace, channel or user; '*': each; '' for total
            period TEXT NOT NULL,           -- day | month
            time_zone TEXT NOT NULL,        -- IANA name; where the day or month begins
            limit_usd TEXT NOT NULL,
            set_at TEXT NOT NULL,
            UNIQUE (scope, subject, period)
        )""")
    db.execute("""
        CREATE TABLE budget_periods (
            scope TEXT NOT NULL,
            subject TEXT NOT NULL,
            period TEXT NOT NULL,
            time_zone TEXT NOT NULL,
            starts_at TEXT NOT NULL,
            ends_at TEXT NOT NULL,
            spent_usd TEXT NOT NULL,        -- sum of llm_calls.cost_usd of the scope in the period, kept with each change of a call
            warned_limit_usd TEXT,          -- the limit that warned_percent speaks of
            warned_percent INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (scope, subject, period, time_zone, starts_at)
        )""")


def m004_parses_and_feedback(db: Database) -> None:
    """Questions that an LLM has parsed before, and what people said of answers."""
    db.execute("""
        CREATE TABLE parses (
            key TEXT PRIMARY KEY,           -- hash of the normalised text, its context, and the version of prompt and schema
            parse TEXT NOT NULL,            -- JSON
            created_at TEXT NOT NULL
        )""")
    db.execute("CREATE INDEX parses_created ON parses (created_at)")
    db.execute("""
        CREATE TABLE feedback (
            id INTEGER PRIMARY KEY,
            given_at TEXT NOT NULL,
            receipt TEXT NOT NULL,
            platform TEXT NOT NULL,
            user TEXT NOT NULL,
            verdict TEXT NOT NULL,          -- good | bad
            comment TEXT NOT NULL
        )""")


def m005_delivery(db: Database) -> None:
    """An answer is on record before its platform has it; the question stays open, with its owner, until it was delivered.

    A further status is `unrecorded`: the answer was posted, but could not be stored.
    """
    # SQLite keeps the comment where it stands in front of the type; behind the column it would swallow the end of the table.
    db.execute("""
        ALTER TABLE queries ADD COLUMN delivered_at
            /* when the platform took the answer; NULL: not yet, or (without an owner) never, then `error` may say why */ TEXT""")
    db.execute(
        "UPDATE queries SET delivered_at = finished_at"
    )  # until now a question was done once it was answered
    db.execute("DROP INDEX queries_open")
    db.execute("CREATE INDEX queries_open ON queries (platform, received_at) WHERE owner IS NOT NULL")


def m006_wider_threads(db: Database) -> None:
    """A question may be remembered under more threads than its own."""
    db.execute("""
        ALTER TABLE queries ADD COLUMN also_threads
            /* a JSON list of further threads of the channel under which the question is remembered; NULL: none */ TEXT""")


def m007_people_and_servers(db: Database) -> None:
    """Users are counted by platform and id (`slack:U012AB3CD`), and what an LLM server understands is kept.

    The running sums of users are counted anew under their new names. A budget of a user whom the ledger knows from one platform
    gets that platform's name.
    """
    db.execute("DELETE FROM budget_periods WHERE scope = 'user'")
    db.execute("""
        UPDATE OR IGNORE budgets
        SET subject = (SELECT MIN(platform) FROM queries WHERE user = budgets.subject) || ':' || subject
        WHERE scope = 'user'
          AND (SELECT COUNT(DISTINCT platform) FROM queries WHERE user = budgets.subject) = 1""")
    db.execute("""
        CREATE TABLE llm_servers (
            base_url TEXT NOT NULL,
            model TEXT NOT NULL,
            dialect TEXT NOT NULL,          -- what it was found to understand, as JSON
            found_at TEXT NOT NULL,
            PRIMARY KEY (base_url, model)
        )""")


MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    m001_queries,
    m002_llm_calls,
    m003_budgets,
    m004_parses_and_feedback,
    m005_delivery,
    m006_wider_threads,
    m007_people_and_servers,
)

VERSION = len(MIGRATIONS)
"""`PRAGMA user_version` of a ledger of this program."""


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, all or nothing. The connection must be in autocommit mode and outside a transaction."""
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations(_MIGRATION_SET)
    for migration in MIGRATIONS:
        migrations()(migration)
    _write_ahead(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(Database(connection, execute_plugins=False))
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, so that readers and the writer do not wait for each other; it stays so with the file.

    SQLite does not wait for other connections here, as it does elsewhere, so one that is just looking at the file makes it fail.
    """
    for pause in (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(pause)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")
