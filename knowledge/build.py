"""Compiles `knowledge.db` from its sources: the whole file or nothing, whoever else starts at the same time."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge import freshness
from knowledge.locking import exclusive
from knowledge.schema import SCHEMA_VERSION, create_indexes, create_tables

if TYPE_CHECKING:
    from knowledge.changes import PriceDifference

Progress = Callable[[str, int, int], None]
"""Called with the step's name in words, what is done of it, and its total."""

_FACTS = Path(__file__).parent / "data" / "facts.yaml"
_LOCK_TIMEOUT_SECONDS = 120.0
_DISK_ERRORS = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")


def build(
    path: Path, data_dir: Path, progress: Progress | None = None, *, even_if_fresh: bool = True
) -> None:
    """Compile the knowledge base of `data_dir` into the file `path`.

    The work is done in a temporary file beside it, which takes its place in one step at the end. Processes that build at once
    take turns; with `even_if_fresh` off, one that waited uses what the other has made. Raises KnowledgeError for a source that
    cannot be used and OSError for a folder that cannot be written.
    """
    report = progress or (lambda step, done, total: None)
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(path.with_name(path.name + ".lock"), _LOCK_TIMEOUT_SECONDS):
        if not even_if_fresh and freshness.fault(path, data_dir) is None:
            return
        # Left by processes that were killed: nobody else builds now.
        for left in path.parent.glob(f".{path.name}-*.tmp"):
            left.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".tmp", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            changes = _compile(temporary, path, data_dir, report)
            freshness.seal(temporary)
            temporary.chmod(0o644)
            _record(path.parent, changes)
            temporary.replace(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith(_DISK_ERRORS):
                raise OSError(f"{error}") from error
            raise
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
        _sync_folder(path.parent)


def _compile(path: Path, old: Path, data_dir: Path, report: Progress) -> list[PriceDifference]:
    """Write the file `path`; returns what it changes against the file `old`."""
    # Taken before the sources are read: one that changes meanwhile makes the result outdated, not wrongly fresh.
    fingerprint = freshness.fingerprint(data_dir)
    report("reading the price list", 0, 1)
    import sqlite_utils

    from knowledge.changes import new_changes, write_changes
    from knowledge.names import write_names
    from knowledge.pricelist import write_price_list
    from knowledge.refresh import current_price_list
    from knowledge.sources import litellm, openai_cost_calculator
    from knowledge.sources.contract_file import write_contracts
    from knowledge.sources.fact_cards import write_facts

    prices = current_price_list(data_dir)
    changes = new_changes(old, prices)
    report("reading the price list", 1, 1)
    db = sqlite_utils.Database(path)
    try:
        db.execute("pragma journal_mode = off")  # the file is thrown away when anything fails
        db.execute("pragma synchronous = off")
        db.execute("pragma temp_store = memory")
        with db.conn:
            create_tables(db)
            write_price_list(db, prices, lambda done, total: report("prices", done, total))
            write_changes(db, old.parent, changes)
            report("names", 0, 1)
            write_names(db)
            report("names", 1, 1)
            write_contracts(db, data_dir)
            report("other price lists", 0, 1)
            litellm.write(db, data_dir)
            openai_cost_calculator.write(db)
            report("other price lists", 1, 1)
            report("facts", 0, 1)
            write_facts(db, _FACTS)
            report("facts", 1, 1)
            create_indexes(db)
            db.table("meta").insert_all(
                {"key": key, "value": value}
                for key, value in {
                    "schema_version": str(SCHEMA_VERSION),
                    "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "genai_prices_version": prices["version"],
                    **fingerprint,
                }.items()
            )
        db.execute("vacuum")
    finally:
        db.close()
    return changes


def _record(folder: Path, changes: list[PriceDifference]) -> None:
    from knowledge.changes import record

    record(folder, changes)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
