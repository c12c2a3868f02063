"""Writes that wait together are one transaction, and none of them pays for another's error or for its caller's end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from spending import NOON, rows

from bot.errors import StorageError
from bot.spend.group_commit import MOST_AT_ONCE, GroupCommit, Work
from bot.spend.store import Store


class Books:
    """A store in its thread, writing in groups whose sizes are counted."""

    def __init__(self, folder: Path) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.store: Store = self.thread.submit(Store, folder, NOON).result()
        self.sizes: list[int] = []
        self.durable: list[bool] = []
        self.writes = GroupCommit(self.thread, self._commit)

    def _commit(self, works: Sequence[Work], durable: bool) -> list[Any]:
        self.sizes.append(len(works))
        self.durable.append(durable)
        return self.store.write_all(works, durable)

    def close(self) -> None:
        self.thread.submit(self.store.close).result()
        self.thread.shutdown()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with closing(Books(tmp_path)) as opened:
        yield opened


def keep(key: str) -> Work:
    def work(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO parses (key, parse, created_at) VALUES (?, '{}', '')", (key,))
        return key

    return work


def kept(folder: Path) -> list[str]:
    return [found["key"] for found in rows(folder, "SELECT key FROM parses ORDER BY key")]


async def test_writes_that_wait_at_the_same_moment_are_one_transaction(books: Books, tmp_path: Path) -> None:
    keys = [f"k{number}" for number in range(8)]
    assert await asyncio.gather(*(books.writes.write(keep(key)) for key in keys)) == keys
    assert books.sizes == [8]
    assert kept(tmp_path) == keys


async def test_more_than_a_transaction_takes_goes_into_the_next(books: Books, tmp_path: Path) -> None:
    keys = [f"k{number:03}" for number in range(MOST_AT_ONCE + 3)]
    assert await asyncio.gather(*(books.writes.write(keep(key)) for key in keys)) == keys
    assert books.sizes == [MOST_AT_ONCE, 3]
    assert kept(tmp_path) == keys


async def test_what_comes_while_others_are_written_goes_together_after_them(books: Books) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: sqlite3.Connection) -> None:
        begun.set()
        go_on.wait()

    first = asyncio.create_task(books.writes.write(slow))
    await asyncio.to_thread(begun.wait)
    later = [asyncio.create_task(books.writes.write(keep(key))) for key in "bcd"]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, *later)
    assert books.sizes == [1, 3]


@pytest.mark.parametrize("error", ["INSERT INTO nowhere VALUES (1)", ValueError("no such thing")])
async def test_a_work_that_fails_is_taken_back_alone(
    books: Books, tmp_path: Path, error: str | Exception
) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        keep("half")(connection)
        if isinstance(error, Exception):
            raise error
        connection.execute(error)

    outcomes = await asyncio.gather(
        books.writes.write(keep("a")),
        books.writes.write(fail),
        books.writes.write(keep("b")),
        return_exceptions=True,
    )
    assert outcomes[0] == "a"
    assert outcomes[2] == "b"
    assert isinstance(outcomes[1], StorageError if isinstance(error, str) else ValueError)
    assert books.sizes == [3]
    assert kept(tmp_path) == ["a", "b"]


async def test_a_locked_file_is_everybodys_error_and_nothing_is_half_written(
    books: Books, tmp_path: Path
) -> None:
    books.thread.submit(books.store.connection.execute, "PRAGMA busy_timeout = 20").result()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        outcomes = await asyncio.gather(
            *(books.writes.write(keep(key)) for key in "ab"), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [StorageError, StorageError]
    assert kept(tmp_path) == []
    assert await books.writes.write(keep("c")) == "c"


async def test_a_write_whose_caller_is_cancelled_is_done_all_the_same(books: Books, tmp_path: Path) -> None:
    cancelled = asyncio.create_task(books.writes.write(keep("a")))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await books.writes.write(keep("b")) == "b"
    assert cancelled.cancelled()
    assert kept(tmp_path) == ["a", "b"]


async def test_what_waits_at_the_end_is_written_before_the_file_is_closed(tmp_path: Path) -> None:
    books = Books(tmp_path)
    waiting = [asyncio.create_task(books.writes.write(keep(key))) for key in "ab"]
    await asyncio.sleep(0)
    books.writes.send_all()
    await asyncio.to_thread(books.close)
    assert await asyncio.gather(*waiting) == ["a", "b"]
    assert kept(tmp_path) == ["a", "b"]
    with pytest.raises(StorageError, match="closed"):
        await books.writes.write(keep("c"))


async def test_the_disk_confirms_many_durable_writes_at_once(books: Books, tmp_path: Path) -> None:
    keys = [f"k{number}" for number in range(8)]
    await asyncio.gather(*(books.writes.write(keep(key), durable=key > "k5") for key in keys))
    await books.writes.write(keep("later"))
    assert (books.sizes, books.durable) == ([8, 1], [True, False])
    assert kept(tmp_path) == [*keys, "later"]
    level = books.thread.submit(lambda: books.store.connection.execute("PRAGMA synchronous").fetchone())
    assert level.result() == (1,), "only those that ask for it wait for the disk"


async def test_one_for_whom_sqlite_ends_everybodys_transaction_fails_alone(
    books: Books, tmp_path: Path
) -> None:
    def ends_it(connection: sqlite3.Connection) -> None:
        keep("half")(connection)
        connection.execute(
            "INSERT OR ROLLBACK INTO parses (key, parse, created_at) VALUES (NULL, NULL, NULL)"
        )

    outcomes = await asyncio.gather(
        books.writes.write(keep("a")),
        books.writes.write(ends_it),
        books.writes.write(keep("b")),
        return_exceptions=True,
    )
    assert (outcomes[0], outcomes[2]) == ("a", "b")
    assert isinstance(outcomes[1], StorageError)
    assert kept(tmp_path) == ["a", "b"]
