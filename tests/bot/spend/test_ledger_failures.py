"""A ledger that cannot be used says what is wrong and what to do; damage is set aside, never deleted; others' locks pass."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from spending import NOON, Clock, answer, message, opened, reserve, row, rows, settle, usage

from bot.errors import AicostError, StorageError
from bot.spend import schema, store
from bot.spend.ledger import Ledger

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses fork, resource limits and POSIX rights")


async def filled(folder: Path, questions: int = 200) -> None:
    async with opened(folder) as ledger:
        for number in range(questions):
            query = (await ledger.admit(message("word " * 50, f"e{number}"))).query_id
            await ledger.finish_query(query, answer(f"r-{number}"), latency_ms=1)


async def admit_until_full(ledger: Ledger) -> list[str]:
    """Three hundred long questions; the sentences of those that found no room."""
    errors = []
    for number in range(300):
        try:
            await ledger.admit(message("x" * 3000, f"big {number}"))
        except StorageError as error:
            errors.append(str(error))
    return errors


def overwrite_pages(folder: Path, numbers: Iterable[int]) -> None:
    path = folder / "ledger.db"
    content = bytearray(path.read_bytes())
    for number in numbers:
        content[4096 * (number - 1) : 4096 * number] = b"\xa5" * 4096
    path.write_bytes(content)


def set_aside(folder: Path) -> list[Path]:
    return list(folder.glob("ledger.db.damaged-*Z"))


# Damage


@pytest.mark.parametrize("content", [b"this is no database\n" * 500, b"SQLite format 3\0" + b"\xff" * 8000])
async def test_a_file_that_is_no_ledger_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "ledger.db").write_bytes(content)
    async with opened(tmp_path) as ledger:
        (notice,) = ledger.notices
        assert (await ledger.admit(message())).new
    aside = tmp_path / "ledger.db.damaged-20260310T120000Z"
    assert aside.read_bytes() == content
    assert aside.name in notice
    async with opened(tmp_path) as ledger:
        assert ledger.notices == ()
        assert (await ledger.report()).totals.questions == 1


async def test_damage_met_while_starting_is_set_aside_at_once(tmp_path: Path) -> None:
    await filled(tmp_path)
    overwrite_pages(tmp_path, range(3, 40))
    async with opened(tmp_path) as ledger:
        assert "set aside" in ledger.notices[0]
        assert (await ledger.admit(message())).new
    assert len(set_aside(tmp_path)) == 1


async def test_damage_met_at_work_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    await filled(tmp_path)
    receipts = row(tmp_path, "SELECT rootpage FROM sqlite_master WHERE name = 'queries_receipt'")
    overwrite_pages(tmp_path, [receipts["rootpage"]])
    async with opened(tmp_path) as ledger:
        assert ledger.notices == ()
        with pytest.raises(StorageError, match="is damaged") as error:
            await ledger.answer_by_receipt("r-7")
        assert "Restart" in error.value.remedy
    async with opened(tmp_path) as ledger:
        assert "set aside" in ledger.notices[0]
        assert (await ledger.admit(message())).new
    assert len(set_aside(tmp_path)) == 1
    async with opened(tmp_path) as ledger:
        assert ledger.notices == ()


async def test_a_false_alarm_costs_nothing(tmp_path: Path) -> None:
    await filled(tmp_path, 3)
    (tmp_path / "ledger.db.suspect").touch()
    async with opened(tmp_path) as ledger:
        assert ledger.notices == ()
        assert (await ledger.report()).totals.questions == 3


async def test_two_that_find_damage_at_once_begin_one_new_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database" * 1000)
    ledgers = await asyncio.gather(*(Ledger.open(tmp_path, 90) for _ in range(6)))
    await asyncio.gather(*(ledger.admit(message("q", str(n))) for n, ledger in enumerate(ledgers)))
    for ledger in ledgers:
        assert (await ledger.report()).totals.questions == 6
        await ledger.close()
    assert len(set_aside(tmp_path)) == 1


# Versions


@pytest.mark.parametrize("version", range(schema.VERSION))
async def test_a_ledger_of_each_earlier_version_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    with (
        monkeypatch.context() as earlier,
        closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as file,
    ):
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
        earlier.setattr(schema, "VERSION", version)
        schema.migrate(file)
    async with opened(tmp_path) as ledger:
        await ledger.admit(message())
        await reserve(ledger, None, "0.1")
    applied = [r["name"] for r in rows(tmp_path, "SELECT name FROM _sqlite_migrations ORDER BY id")]
    assert applied == [migration.__name__ for migration in schema.MIGRATIONS]


async def test_what_was_answered_before_deliveries_were_recorded_counts_as_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = (
        "INSERT INTO queries (received_at, finished_at, status, platform, workspace, channel, thread, user, private, text,"
        " answer, owner) VALUES ('2026-03-10T11:50:00.000Z', ?, ?, 'slack', '', 'C', '1', 'U', 0, ?, ?, ?)"
    )
    with (
        monkeypatch.context() as earlier,
        closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as file,
    ):
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:4])
        earlier.setattr(schema, "VERSION", 4)
        schema.migrate(file)
        file.execute(insert, ("2026-03-10T11:51:00.000Z", "answered", "done", "{}", None))
        file.execute(insert, (None, "received", "cut off", None, "1-dead"))
    async with opened(tmp_path) as ledger:
        (left,) = await ledger.unfinished("slack")
        assert (left.message.text, left.answer) == ("cut off", None)
    delivered = rows(tmp_path, "SELECT text, delivered_at FROM queries ORDER BY id")
    assert [row["delivered_at"] for row in delivered] == ["2026-03-10T11:51:00.000Z", None]
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as file:
        (table,) = file.execute("SELECT sql FROM sqlite_master WHERE name = 'queries'").fetchone()
    assert "when the platform took the answer" in table


async def test_a_ledger_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    await filled(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as file:
        file.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="newer version of aicost"):
        await Ledger.open(tmp_path, 90)
    assert len(rows(tmp_path, "SELECT * FROM queries")) == 1


async def test_many_may_start_at_once_on_an_empty_folder(tmp_path: Path) -> None:
    ledgers = await asyncio.gather(*(Ledger.open(tmp_path / "new" / "folder", 90) for _ in range(8)))
    admissions = await asyncio.gather(*(ledger.admit(message("q", "e")) for ledger in ledgers))
    assert sum(a.new for a in admissions) == 1
    for ledger in ledgers:
        await ledger.close()


async def test_other_programs_read_the_file_as_it_is(tmp_path: Path) -> None:
    from sqlite_utils import Database

    await filled(tmp_path, 2)
    with closing(Database(tmp_path / "ledger.db")) as database:
        tables = {
            "queries",
            "events",
            "threads",
            "llm_calls",
            "budgets",
            "budget_periods",
            "parses",
            "feedback",
        }
        assert tables <= set(database.table_names())
        assert database["queries"].count == 2
        assert [(fk.column, fk.other_table) for fk in database["llm_calls"].foreign_keys] == [
            ("query_id", "queries")
        ]
        assert "-- what the call is charged with, exact" in database["llm_calls"].schema
        assert database.journal_mode == "wal"
        assert not [name for name in database.table_names() if database[name].triggers]


async def test_only_the_owner_may_read_what_people_asked(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.admit(message())
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            assert (tmp_path / name).stat().st_mode & 0o077 == 0


# Locks, full disks, rights


async def test_another_programs_lock_is_named_and_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    async with opened(tmp_path) as ledger:
        query = (await ledger.admit(message("q", "e"))).query_id
        call = await reserve(ledger, query, "0.1")
        with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match="locked by another program"):
                await ledger.admit(message("q", "f"))
            with pytest.raises(StorageError, match="locked by another program"):
                await settle(ledger, call, usage(), cost=Decimal("0.01"))
            assert (await ledger.report()).totals.reserved == 1  # readers do not wait for a writer
            other.execute("ROLLBACK")
        assert (await ledger.admit(message("q", "f"))).new
        await settle(ledger, call, usage(), cost=Decimal("0.01"))
        assert (await ledger.report()).totals.cost_usd == Decimal("0.01")


async def test_a_lock_at_the_start_does_not_cost_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    async with opened(tmp_path) as ledger:
        await reserve(ledger, None, "0.1")
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ledger = await Ledger.open(tmp_path, 90)
        assert "locked by another program" in ledger.notices[0]
        other.execute("ROLLBACK")
    assert (await ledger.admit(message())).new
    await ledger.close()
    async with opened(tmp_path) as ledger:
        assert (await ledger.report()).totals.lost == 1


async def test_a_full_disk_takes_back_the_whole_step_and_passes(tmp_path: Path) -> None:
    """The child may write no byte beyond the file's size, which the operating system tells SQLite as it tells of a full disk."""
    await filled(tmp_path, 5)

    async def ask() -> None:
        ledger = await Ledger.open(tmp_path, 90, clock=Clock())
        size = (tmp_path / "ledger.db").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        errors = await admit_until_full(ledger)
        assert len(errors) > 100
        assert all("disk" in error for error in errors)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert (await ledger.admit(message("space again", "e"))).new
        await ledger.close()

    in_a_child(lambda: asyncio.run(ask()))
    async with opened(tmp_path) as ledger:
        assert not (await ledger.admit(message("q", "e"))).new
    assert rows(tmp_path, "SELECT * FROM queries WHERE id NOT IN (SELECT query_id FROM events)") == []
    assert row(tmp_path, "PRAGMA integrity_check") == {"integrity_check": "ok"}


async def test_a_full_database_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.admit(message("q", "e"))
        await ledger._read(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchone())
        errors = await admit_until_full(ledger)
        assert errors
        assert all("is full. Free some space" in error for error in errors)
        await ledger._read(lambda connection: connection.execute("PRAGMA max_page_count = 999999").fetchone())
        assert (await ledger.admit(message("q", "f"))).new


@pytest.mark.parametrize("read_only", ["folder", "file"])
async def test_what_may_not_be_written_is_named(tmp_path: Path, read_only: str) -> None:
    folder = tmp_path / "data"
    await filled(folder, 1)
    with closing(sqlite3.connect(folder / "ledger.db")) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def open_as_nobody() -> None:
        with pytest.raises(StorageError, match=r"cannot be (used|opened)") as error:
            asyncio.run(Ledger.open(folder, 90))
        assert "AICOST_DATA_DIR" in error.value.remedy

    with opened_to_all(tmp_path):
        folder.chmod(0o555 if read_only == "folder" else 0o777)
        (folder / "ledger.db").chmod(0o444)
        in_a_child(open_as_nobody, as_nobody=True)
    assert len(rows(folder, "SELECT * FROM queries")) == 1


@pytest.mark.parametrize("kind", ["a file in place of the folder", "a folder in place of the file"])
async def test_a_path_that_cannot_hold_a_ledger_is_named(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "data"
    if kind.startswith("a file"):
        folder.touch()
    else:
        (folder / "ledger.db").mkdir(parents=True)
    with pytest.raises(AicostError, match=str(folder)):
        await Ledger.open(folder, 90)


def in_a_child(work: Callable[[], None], *, as_nobody: bool = False) -> None:
    """Do work in a process of its own, which may limit itself and give up root's rights; its exit status says whether it passed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            if as_nobody and os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            work()
            status = 0
        except BaseException as error:
            print(f"in the child: {error!r}", file=sys.stderr)
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


@contextmanager
def opened_to_all(folder: Path) -> Iterator[None]:
    """Let another user walk down to the folder while this lasts."""
    closed = [
        (path, path.stat().st_mode)
        for path in (folder, *folder.parents)
        if path.stat().st_mode & 0o005 != 0o005
    ]
    for path, mode in closed:
        path.chmod(mode | 0o755)
    try:
        yield
    finally:
        for path, mode in closed:
            path.chmod(mode)


def test_a_log_that_cannot_grow_is_told_as_the_full_disk_that_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says of the write-ahead log and its index only that writing failed."""
    opened_store = store.Store(tmp_path, NOON)
    failed = sqlite3.OperationalError("disk I/O error")
    failed.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert "fails to read or write" in str(opened_store._explain(failed))
    usage_of_full = type(shutil.disk_usage(tmp_path))(10_000_000, 9_990_000, 10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage_of_full)
    assert "is full. Free some space" in str(opened_store._explain(failed))
    opened_store.close()
