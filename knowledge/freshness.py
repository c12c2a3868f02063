"""Tells whether a `knowledge.db` can be trusted: complete, undamaged, of this schema, and no older than its sources.

All of it costs about three milliseconds, because every question in a terminal pays for it: sources are compared by size and
time of change, and only when these differ by their content; the file itself is checked against a checksum that stands in its
own header (SQLite leaves the four bytes of `user_version` to the application).
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from knowledge.schema import SCHEMA_VERSION

_HEADER_BYTES = 100  # https://www.sqlite.org/fileformat.html, section 1.3
_MAGIC = b"SQLite format 3\x00"
_CHECKSUM = slice(60, 64)
_PIECE = 1 << 16
_PACKAGE = Path(__file__).parent

OPERATOR_FILES = ("contracts.yaml", "prices.json")
"""Sources in the data directory; `opinions` is a folder of more."""
OPERATOR_FOLDERS = ("opinions",)


def _installed_files() -> Iterator[tuple[str, Path]]:
    """The price lists and the compiler, with names that do not depend on where they are installed."""
    for package, folder, start, end in (
        ("genai_prices", "", "data", ".py"),
        ("openai_cost_calculator", "data/pricing", "", ".json"),
    ):
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            yield from _files_in(Path(spec.origin).parent, folder, start, end)
    # The compiler is a source too: a change of it changes what comes out.
    for folder, end in (("", ".py"), ("sources", ".py"), ("data", "")):
        yield from _files_in(_PACKAGE, folder, "", end)


def _files_in(package: Path, folder: str, start: str, end: str) -> Iterator[tuple[str, Path]]:
    # `Path.glob` takes three times as long.
    found = (package / folder).iterdir() if (package / folder).is_dir() else ()
    for path in sorted(found, key=lambda path: path.name):
        if path.name.startswith(start) and path.name.endswith(end):
            yield f"{package.name}/{folder}/{path.name}", path


def _operator_files(data_dir: Path) -> Iterator[tuple[str, Path]]:
    for name in OPERATOR_FILES:
        yield f"operator/{name}", data_dir / name
    for folder in OPERATOR_FOLDERS:
        for path in sorted((data_dir / folder).rglob("*")):
            yield f"operator/{path.relative_to(data_dir)}", path


def stamp(data_dir: Path) -> str:
    """Sizes and times of the sources: cheap, and changed by a mere copy."""
    return "\n".join([*_installed_stamps(), *_stamps(_operator_files(data_dir))])


def digest(data_dir: Path) -> str:
    """The content of the sources: the same wherever and whenever they were installed."""
    return _digest([("installed", _installed_digest().encode()), *_contents(_operator_files(data_dir))])


@cache
def _installed_stamps() -> list[str]:
    # Kept for the life of the process: it runs the code that it has loaded, whatever is installed over it meanwhile.
    return list(_stamps(_installed_files()))


@cache
def _installed_digest() -> str:
    return _digest(_contents(_installed_files()))


def _stamps(files: Iterable[tuple[str, Path]]) -> Iterator[str]:
    for name, path in files:
        try:
            status = path.stat()
        except OSError:
            continue
        yield f"{name} {status.st_size} {status.st_mtime_ns}"


def _contents(files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, bytes]]:
    for name, path in files:
        try:
            yield name, path.read_bytes()
        except OSError:
            continue


def _digest(contents: Iterable[tuple[str, bytes]]) -> str:
    import hashlib  # 3 ms to load, and rarely needed

    total = hashlib.blake2b(digest_size=16)
    for name, content in contents:
        total.update(f"{name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def fingerprint(data_dir: Path) -> dict[str, str]:
    """What `meta` keeps about the sources, to be compared by `fault`."""
    return {"sources_stamp": stamp(data_dir), "sources_digest": digest(data_dir)}


def seal(path: Path) -> None:
    """Write the checksum of a finished, closed database into its header and see it on the disk."""
    with path.open("r+b") as file:
        checksum = _checksum(file.read(_HEADER_BYTES), file)
        file.seek(_CHECKSUM.start)
        file.write(checksum)
        file.flush()
        os.fsync(file.fileno())


def fault(path: Path, data_dir: Path) -> str | None:
    """Why the file must be compiled anew, in words for people; None when it can be read as it stands."""
    return damage(path) or _outdated(path, data_dir)


def damage(path: Path) -> str | None:
    """Why the file cannot be read at all; None when it is whole."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
                return "it is no database"
            checksum = _checksum(header, file)
    except FileNotFoundError:
        return "there is none yet"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if header[_CHECKSUM] != checksum:
        return "it is damaged or was changed by hand"
    return None


def _outdated(path: Path, data_dir: Path) -> str | None:
    try:
        meta = _read_meta(path)
    except sqlite3.DatabaseError as error:
        return f"it cannot be read ({error})"
    if meta.get("schema_version") != str(SCHEMA_VERSION):
        return "it was made by another version of aicost"
    if _same_stamp(meta.get("sources_stamp", ""), stamp(data_dir)) or meta.get("sources_digest") == digest(
        data_dir
    ):
        return None
    return "its sources have changed"


def _same_stamp(recorded: str, current: str) -> bool:
    """Whether no source has changed. A time in whole seconds was cut off by an archive (an image's layer) and fits any fraction."""
    if recorded == current:
        return True
    before, now = recorded.splitlines(), current.splitlines()
    if len(before) != len(now):
        return False
    for old, new in zip(before, now, strict=True):
        if old != new and not (new.endswith("0" * 9) and old[:-9] == new[:-9]):
            return False
    return True


def _read_meta(path: Path) -> Mapping[str, str]:
    connection = connect(path)
    try:
        return dict(connection.execute("select key, value from meta"))
    finally:
        connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """Open a finished knowledge base for reading, from any thread. It never changes, so SQLite need not lock it."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )


def _checksum(header: bytes, rest: BinaryIO) -> bytes:
    """Of everything but the checksum itself, read in pieces: getting the memory for all of it takes longer than adding it up."""
    crc = zlib.crc32(header[_CHECKSUM.stop :], zlib.crc32(header[: _CHECKSUM.start]))
    while piece := rest.read(_PIECE):
        crc = zlib.crc32(piece, crc)
    return crc.to_bytes(4, "big")
