"""Who is alive: each open ledger holds a locked file, and the operating system drops the lock when its process ends.

A row that is in work (an unanswered query, a reserved call) names its owner. When the owner's lock can be taken, or its file is
gone, the owner is dead and the row is free. A lock answers this where other signs fail: a process id is used again and means
nothing in another container, a heartbeat is wrong when the clock jumps or the machine sleeps, a clean-up at exit does not run
on SIGKILL. Locks are held through `flock` (on Windows: a locked byte), which containers that share the folder see alike.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.errors import StorageError

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_SUFFIX = ".lock"
_SWEEP_AT_MOST = 64
"""Files of dead owners that one start removes; the rest waits for the next start."""


class Owner:
    """The lock of one open ledger. `name` stands in the rows that it works on; `claim` must come before the first such row."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"{os.getpid()}-{os.urandom(6).hex()}"
        self._fd: int | None = None

    def claim(self) -> None:
        """Take the lock, once; later calls cost nothing. Raises OSError when the folder cannot be written."""
        if self._fd is not None:
            return
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self.folder / (self.name + _SUFFIX)
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            # A sweep of another process may remove the file between our open and our lock; then we would hold a lock that
            # nobody can see.
            if _try_lock(fd) and _same_file(fd, path):
                self._fd = fd
                return
            os.close(fd)

    def release(self) -> None:
        """Give the lock up and remove the file; from now on the owner counts as dead."""
        if self._fd is None:
            return
        os.close(self._fd)
        self._fd = None
        (self.folder / (self.name + _SUFFIX)).unlink(missing_ok=True)

    def is_alive(self, name: str) -> bool:
        """Whether the ledger called `name` is open in some living process; True when that cannot be found out."""
        if name == self.name:
            return True
        return _is_locked(self.folder / (name + _SUFFIX))

    def sweep(self) -> None:
        """Remove the files that killed processes left; errors are of no consequence, because the next start tries again."""
        try:
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.name.endswith(_SUFFIX)]
        except OSError:
            return
        for name in names[:_SWEEP_AT_MOST]:
            if name != self.name + _SUFFIX:
                _is_locked(self.folder / name)


def _is_locked(path: Path) -> bool:
    """Whether somebody holds the lock of `path`; a file that nobody holds is removed."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # another user's file: taking over what may be alive would answer or charge it twice
    try:
        if not _try_lock(fd):
            return True
        if _same_file(fd, path):
            with suppress(
                PermissionError
            ):  # Windows does not remove an open file; an unlocked one does no harm
                path.unlink(missing_ok=True)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)


def _same_file(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def only_one(folder: Path, wait_seconds: float = 20.0) -> Iterator[None]:
    """Hold the lock under which a ledger is created, migrated or set aside, so that two processes that start at once do it once."""
    folder.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(folder / "setup", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + wait_seconds
        while not _try_lock(fd):
            if time.monotonic() > deadline:
                raise StorageError(
                    "Another process has been setting up the ledger for a long time.",
                    f"Stop that process, or remove {folder / 'setup'} if none is running.",
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(fd)
