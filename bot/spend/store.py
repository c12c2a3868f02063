"""The file `ledger.db`: opening it, transactions on it, and what an operator is told when that fails.

A `Store` lives in one thread (but for `read_apart`). It guarantees that a transaction is all or nothing, that SQLite's errors come
out as `StorageError` with a sentence on what to do, and that a damaged file is never written over: it is set aside under a dated
name and another begins.

Durability. Each commit is in the operating system's hands when it returns, so a killed process loses nothing. Against a power
cut, `durable` transactions (settled calls) wait until the disk has them, and with them everything before; for the others that
wait is saved (`synchronous=NORMAL`): a power cut may take back the last unfinished questions, never damage the file.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from bot.errors import StorageError
from bot.spend import calls, privacy, queries
from bot.spend.owners import Owner, only_one
from bot.spend.schema import VERSION, migrate

P = ParamSpec("P")
T = TypeVar("T")

FILE_NAME = "ledger.db"
BUSY_SECONDS = 2.0
"""How long a write waits for another process; below the 3 s within which Slack wants its acknowledgement."""

_ROOM_FOR_A_WRITE = 64 * 1024
"""Bytes: the index of the write-ahead log grows by 32 KiB."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

logger = logging.getLogger("aicost.ledger")


class Store:
    """An open ledger file. Create, use and close it in the same thread."""

    def __init__(self, data_dir: Path, now: datetime) -> None:
        """Open or create the ledger. Raises `StorageError` when that is not possible."""
        self.path = data_dir / FILE_NAME
        self.owner = Owner(data_dir / "ledger.owners")
        self.notices: list[str] = []
        """Sentences for the operator about what was found and done while opening."""
        self._suspect = data_dir / (FILE_NAME + ".suspect")
        with self._explained():
            data_dir.mkdir(parents=True, exist_ok=True)
            self.connection = self._open(now)

    @property
    def suspect(self) -> bool:
        """Whether some process met damage in the file; the next opening looks closely."""
        return self._suspect.exists()

    def close(self) -> None:
        """Close the file; this owner counts as dead from now on."""
        with self._explained():
            self.connection.close()
            self.owner.release()

    def write(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do `work` in a write transaction; it holds the ledger's only write lock, so what it reads stays true until it commits."""
        with self._explained():
            self.owner.claim()
            return _transaction(self.connection, "BEGIN IMMEDIATE", work, *args, **kwargs)

    def write_all(
        self, works: Sequence[Callable[[sqlite3.Connection], Any]], durable: bool = False
    ) -> list[Any]:
        """Do several works in one write transaction: for each its result, or the exception for which it alone was taken back.

        Where one makes SQLite end the transaction of all, each is done by itself. Raises the `StorageError` for which none of them
        was done.
        """
        write = self.write_durably if durable else self.write
        try:
            return write(self._each, works)
        except _EndedForAllError:
            return [self._alone(write, work) for work in works]

    @staticmethod
    def _alone(write: Callable[..., Any], work: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            return write(work)
        except Exception as error:
            return error

    def _each(
        self, connection: sqlite3.Connection, works: Sequence[Callable[[sqlite3.Connection], Any]]
    ) -> list[Any]:
        if len(works) == 1:
            return [works[0](connection)]
        outcomes: list[Any] = []
        for work in works:
            connection.execute("SAVEPOINT one")
            try:
                outcomes.append(work(connection))
            except Exception as error:
                if not connection.in_transaction:
                    raise _EndedForAllError from error
                connection.execute("ROLLBACK TO one")
                outcomes.append(self._explain(error) if isinstance(error, sqlite3.Error) else error)
            connection.execute("RELEASE one")
        return outcomes

    def write_durably(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same, and when it returns a power cut does not take it back."""
        with self._explained():
            self.connection.execute("PRAGMA synchronous = FULL")
            try:
                return self.write(work, *args, **kwargs)
            finally:
                self.connection.execute("PRAGMA synchronous = NORMAL")

    def read(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do `work` in a read transaction: all its queries see one state of the ledger."""
        with self._explained():
            return _transaction(self.connection, "BEGIN", work, *args, **kwargs)

    def read_apart(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same on a connection of its own, in whatever thread: for long reads, behind which no question shall wait."""
        with self._explained():
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                return _transaction(connection, "BEGIN", work, *args, **kwargs)
            finally:
                connection.close()

    def tidy(self, now: datetime, retention_days: int) -> None:
        """Settle what dead processes left behind and remove what has been kept long enough; writes only if there is such."""
        self.owner.sweep()
        if self.read(calls.dead_owners, self.owner.is_alive):
            lost = self.write(calls.mark_lost, self.owner.is_alive)
            notice = f"{lost} LLM call(s) were cut off when their process ended; they stay charged at their reservation."
            self.notices.append(notice)
            logger.warning(notice)
        if self.read(queries.hopeless, self.owner.is_alive, now):
            self.write(queries.abandon, self.owner.is_alive, now, keep_words=retention_days > 0)
        if self.read(privacy.purge_is_due, now, retention_days):
            self.write(privacy.purge, now, retention_days)

    def empty_log(self) -> None:
        """Move the write-ahead log into the file and empty it, if no other process is reading it just now."""
        with self._explained():
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def _open(self, now: datetime) -> sqlite3.Connection:
        if not self.suspect:
            try:
                connection = self._connect()
                if _version(connection) == VERSION:
                    return connection
                connection.close()
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF not in _DAMAGED:
                    raise
        with only_one(self.owner.folder):
            return self._set_up(now)

    def _set_up(self, now: datetime) -> sqlite3.Connection:
        """Create, migrate, or set aside and create; another process may have done it while we waited for our turn."""
        thorough = self.suspect
        try:
            connection = self._connect()
            version = _version(connection)
            healthy = not thorough or _is_sound(connection)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _DAMAGED:
                raise
            healthy = False
        if not healthy:
            self._set_aside(now)
            connection = self._connect()
            version = _version(connection)
        self._suspect.unlink(missing_ok=True)
        if version > VERSION:
            connection.close()
            raise StorageError(
                f"The ledger {self.path} was written by a newer version of aicost.",
                "Update aicost, or point AICOST_DATA_DIR to another folder.",
            )
        if version < VERSION:
            migrate(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        # The file is created by us with narrow rights, because it holds what people asked; its -wal and -shm files inherit them.
        # An existing file must not be opened here: closing it would drop the locks that SQLite holds on it in this process.
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            if not self.path.exists():
                return self._connect()  # another process set a damaged one aside just now
            if not os.access(self.path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.path)) from None
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(
                "PRAGMA secure_delete = ON"
            )  # a forgotten text is overwritten, not just unlinked
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_aside(self, now: datetime) -> None:
        aside = self.path.with_name(f"{FILE_NAME}.damaged-{now:%Y%m%dT%H%M%S}Z")
        number = 1
        while aside.exists():
            number += 1
            aside = aside.with_name(f"{FILE_NAME}.damaged-{now:%Y%m%dT%H%M%S}Z-{number}")
        for suffix in (
            "-wal",
            "-shm",
            "",
        ):  # the ledger last: if we are cut off, the next start finds it still damaged
            source = self.path.with_name(self.path.name + suffix)
            if source.exists():
                source.rename(aside.with_name(aside.name + suffix))
        notice = (
            f"The ledger {self.path} is damaged; it was set aside as {aside.name} and a new one was begun. "
            f"Budgets start from zero. `sqlite3 {aside.name} .recover` may bring its rows back."
        )
        self.notices.append(notice)
        logger.error(notice)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._explain(error) from error
        except OSError as error:
            raise StorageError(
                f"The ledger {self.path} cannot be used ({error.strerror or error}).",
                "Check that the folder exists, is writable and has space, or set AICOST_DATA_DIR to another.",
            ) from error

    def _is_disk_full(self) -> bool:
        """Whether no page can be added; of a log or index that cannot grow SQLite says only that writing failed."""
        import shutil  # brings compression with it, which no other way of a question needs

        try:
            return shutil.disk_usage(self.path.parent).free < _ROOM_FOR_A_WRITE
        except OSError:
            return False

    def _explain(self, error: sqlite3.Error) -> StorageError:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StorageError(
                f"The ledger {self.path} is locked by another program.",
                "Close the program that is writing to it (an open sqlite3 shell, a backup), then ask again.",
            )
        if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and self._is_disk_full()):
            return StorageError(
                f"The disk that holds the ledger {self.path} is full.", "Free some space on it."
            )
        if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return StorageError(
                f"The ledger {self.path} cannot be opened for writing.",
                "Make the folder and the file writable, or set AICOST_DATA_DIR to a folder that is.",
            )
        if primary in _DAMAGED:
            # Found in the middle of work, where other processes may have the file open: the next start looks closer.
            try:
                self._suspect.touch()
            except OSError:
                logger.warning("Cannot mark %s as suspect", self.path)
            return StorageError(
                f"The ledger {self.path} is damaged.",
                "Restart aicost: it sets the damaged file aside and begins a new one.",
            )
        if primary == sqlite3.SQLITE_IOERR:
            return StorageError(
                f"The disk that holds the ledger {self.path} fails to read or write.", "Check the disk."
            )
        return StorageError(f"The ledger {self.path} cannot be used ({error}).", "Run `aicost doctor`.")


class _EndedForAllError(Exception):
    """SQLite ended a transaction because of one of its works (a disk that is full for this one)."""


def _transaction(
    connection: sqlite3.Connection,
    begin: str,
    work: Callable[Concatenate[sqlite3.Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    connection.execute(begin)
    try:
        result = work(connection, *args, **kwargs)
        connection.execute("COMMIT")
    except BaseException:
        # SQLite ends the transaction by itself on some errors, such as a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _version(connection: sqlite3.Connection) -> int:
    """The schema's version. Reads the schema too, so that a damaged one is found here."""
    connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _is_sound(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
