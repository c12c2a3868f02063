"""What the tests of the ledger share: messages, answers, a clock that they set, and a look into the file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.answers import Answer
from bot.messages import Message
from bot.spend.budgets import Budget
from bot.spend.calls import CallOutcome, CallRequest, CallUsage
from bot.spend.ledger import Ledger

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@asynccontextmanager
async def opened(
    folder: Path, retention_days: int = 90, *, clock: Clock | None = None, budgets: Sequence[Budget] = ()
) -> AsyncIterator[Ledger]:
    ledger = await Ledger.open(folder, retention_days, clock=clock or Clock(), budgets=budgets)
    try:
        yield ledger
    finally:
        await ledger.close()


def message(text: str = "price of gpt-4o", *keys: str, at: datetime = NOON, **parts: Any) -> Message:
    return Message(
        **{
            "platform": "slack",
            "text": text,
            "user": "U1",
            "workspace": "T1",
            "channel": "C1",
            "thread": "1.0",
            "dedup_keys": keys,
            "received_at": at,
            **parts,
        }
    )


def answer(receipt: str = "r-1", **parts: Any) -> Answer:
    return Answer(
        **{"status": "answered", "kind": "price", "headline": "It costs.", "receipt": receipt, **parts}
    )


def usage(input_tokens: int = 100, output_tokens: int = 10, **parts: Any) -> CallUsage:
    return CallUsage(input_tokens=input_tokens, output_tokens=output_tokens, **parts)


async def reserve(
    ledger: Ledger, query_id: int | None, cost: str | None, *, patience: float | None = None, **parts: Any
) -> int:
    request = CallRequest(
        **{
            "query_id": query_id,
            "model": "gpt-5-nano",
            "provider": "openai",
            "base_url": "http://127.0.0.1/v1",
            "input_tokens": 200,
            "output_tokens": 50,
            "cost": None if cost is None else Decimal(cost),
            **parts,
        }
    )
    return (
        await ledger.reserve_call(request)
        if patience is None
        else await ledger.reserve_call(request, patience=patience)
    )


async def settle(
    ledger: Ledger, call_id: int, used: CallUsage, cost: str | Decimal | None, **parts: Any
) -> None:
    amount = None if cost is None else Decimal(cost)
    await ledger.settle_call(call_id, CallOutcome(usage=used, cost=amount, **parts))


def rows(folder: Path, sql: str, *values: object) -> list[dict[str, Any]]:
    """Rows as any other program sees them that opens the file."""
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]


def row(folder: Path, sql: str, *values: object) -> dict[str, Any]:
    (only,) = rows(folder, sql, *values)
    return only


def on_disk(folder: Path) -> str:
    """All bytes of the ledger and its log, as someone would find them who searches the disk for words."""
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in sorted(folder.glob("ledger.db*")))
