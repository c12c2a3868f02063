"""LLM calls in the ledger: reserved before the call, settled once after it, lost when their process died in between.

At any moment `cost_usd` and the token counts of a row are what the call is charged with: its reservation, until the usage is known.
So a plain sum over the table is what has been spent or may yet be billed, and that is the sum that budgets hold by.
Each function works inside a transaction that the caller holds and is told the time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bot.errors import QuantityError, StorageError
from bot.spend import budgets
from bot.spend.budgets import Budget, BudgetWarning, Refusal, Subject
from bot.spend.encoding import less, money_text, read_time, storable, time_text
from knowledge.lazy_dataclass import dataclass

PATIENCE_SECONDS = 2.0
"""How long a call waits for money that calls under way have reserved and may not need."""

_MOST_TOKENS = 10**12
"""More than any call can hold; keeps what a confused server reports inside SQLite's integers."""


@dataclass(frozen=True, kw_only=True)
class CallUsage:
    """Tokens of one call. `input_tokens` include the cached and cache-written ones, `output_tokens` the reasoning ones.

    Raises `QuantityError` for negative or absurd counts and for parts larger than their whole.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    """True when the server reported no usage and we counted."""
    response_model: str | None = None
    """The model that the server says answered."""

    def __post_init__(self) -> None:
        counts = {
            "input": self.input_tokens,
            "output": self.output_tokens,
            "cached input": self.cached_input_tokens,
            "cache write": self.cache_write_tokens,
            "reasoning": self.reasoning_tokens,
        }
        for name, count in counts.items():
            if not 0 <= count <= _MOST_TOKENS:
                raise QuantityError(f"A call cannot have {count} {name} tokens.")
        if self.cached_input_tokens + self.cache_write_tokens > self.input_tokens:
            raise QuantityError("More input tokens are cached than there are.")
        if self.reasoning_tokens > self.output_tokens:
            raise QuantityError("More output tokens are reasoning than there are.")


CallStatus = Literal["settled", "failed"]


@dataclass(frozen=True, kw_only=True)
class CallRequest:
    """What is known of a call before it is made: tokens and `cost` (USD) are upper bounds, the cost None where the model's price is
    not known."""

    query_id: int | None
    provider: str
    model: str
    base_url: str
    input_tokens: int
    output_tokens: int
    cost: Decimal | None


@dataclass(frozen=True, kw_only=True)
class CallOutcome:
    """What became of a call. `cost` in USD: None for a settled call means that no price is known (not 0), for a failed one that
    nothing was billed; where the provider may bill a failed call, it is what was reserved."""

    usage: CallUsage
    cost: Decimal | None
    status: CallStatus = "settled"
    error: str | None = None
    price_source: str | None = None
    price_as_of: str | None = None
    latency_ms: int | None = None


@dataclass(frozen=True)
class Reservation:
    """The outcome of `reserve`: a call that may be made, or the budget that refuses it; and budgets that have just filled up."""

    call_id: int | None
    refusal: Refusal | None
    warnings: tuple[BudgetWarning, ...]


def reserve(
    connection: sqlite3.Connection,
    owner: str,
    request: CallRequest,
    configured: tuple[Budget, ...],
    now: datetime,
) -> Reservation:
    """Write the row of a call that is about to be made, if every budget that applies has room for it."""
    for count in (request.input_tokens, request.output_tokens):
        if not 0 <= count <= _MOST_TOKENS:
            raise QuantityError(f"A call cannot have {count} tokens.")
    cost = None if request.cost is None else money_text(request.cost)
    row = connection.execute(
        "SELECT id, platform, workspace, channel, user FROM queries WHERE id = ?", (request.query_id,)
    ).fetchone()
    # A call without a question (a self-test, a question that could not be recorded) is charged to the total alone.
    query_id, subject = (None, Subject("", "", "", "")) if row is None else (row[0], Subject(*row[1:]))
    refusal, warnings = budgets.charge(connection, configured, subject, request.cost, now)
    if refusal is not None:
        return Reservation(None, refusal, warnings)
    cursor = connection.execute(
        "INSERT INTO llm_calls (query_id, status, reserved_at, owner, platform, workspace, channel, user, provider, model,"
        " base_url, input_tokens, output_tokens, cost_usd, reserved_input_tokens, reserved_output_tokens, reserved_cost_usd)"
        " VALUES (?, 'reserved', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            query_id,
            time_text(now),
            owner,
            subject.platform,
            subject.workspace,
            subject.channel,
            subject.user,
            storable(request.provider),
            storable(request.model),
            storable(request.base_url),
            request.input_tokens,
            request.output_tokens,
            cost,
            request.input_tokens,
            request.output_tokens,
            cost,
        ),
    )
    return Reservation(cursor.lastrowid, None, warnings)


def settle(connection: sqlite3.Connection, call_id: int, outcome: CallOutcome, now: datetime) -> None:
    """Replace the reservation by what the call really took. A call that is settled already stays as it is.

    A call that another process took for lost is settled all the same: its usage is known after all.
    """
    usage, cost = outcome.usage, outcome.cost
    if cost is None and outcome.status == "failed":
        cost = Decimal(0)
    cost_text = None if cost is None else money_text(cost)
    row = connection.execute(
        "SELECT status, reserved_at, platform, workspace, channel, user, cost_usd FROM llm_calls WHERE id = ?",
        (call_id,),
    ).fetchone()
    if row is None:
        raise StorageError(
            f"The ledger holds no call {call_id}.", "It may have been replaced; restart aicost."
        )
    if row[0] not in ("reserved", "lost"):
        return
    connection.execute(
        "UPDATE llm_calls SET status = ?, settled_at = ?, response_model = ?, input_tokens = ?, cached_input_tokens = ?,"
        " cache_write_tokens = ?, output_tokens = ?, reasoning_tokens = ?, estimated = ?, cost_usd = ?, price_source = ?,"
        " price_as_of = ?, latency_ms = ?, error = ? WHERE id = ?",
        (
            outcome.status,
            time_text(now),
            None if usage.response_model is None else storable(usage.response_model),
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.cache_write_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.estimated,
            cost_text,
            outcome.price_source,
            outcome.price_as_of,
            None if outcome.latency_ms is None else max(0, outcome.latency_ms),
            None if outcome.error is None else storable(outcome.error),
            call_id,
        ),
    )
    charged = Decimal(0) if row[6] is None else Decimal(row[6])
    change = less(Decimal(0) if cost is None else cost, charged)
    budgets.correct(connection, Subject(*row[2:6]), read_time(row[1]), change)


def dead_owners(connection: sqlite3.Connection, is_alive: Callable[[str], bool]) -> list[str]:
    """The processes that died during a call."""
    rows = connection.execute("SELECT DISTINCT owner FROM llm_calls WHERE status = 'reserved'").fetchall()
    return [owner for (owner,) in rows if not is_alive(owner)]


def mark_lost(connection: sqlite3.Connection, is_alive: Callable[[str], bool]) -> int:
    """Mark the reserved calls of dead processes; they stay charged at their reservation. Returns how many."""
    marked = 0
    for owner in dead_owners(connection, is_alive):
        cursor = connection.execute(
            "UPDATE llm_calls SET status = 'lost', error = 'the process ended during the call'"
            " WHERE status = 'reserved' AND owner = ?",
            (owner,),
        )
        marked += cursor.rowcount
    return marked
