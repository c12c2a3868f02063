"""The way into everything that aicost knows: one read-only SQLite file, compiled when it is needed.

`KnowledgeBase.open` hands out a file that is whole and no older than its sources, or raises KnowledgeError; readers never see
one half-written. Opening a fresh one takes a few milliseconds and imports nothing heavier than sqlite3.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge import freshness
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from knowledge.catalogue import Catalogue
    from knowledge.documents import Documents
    from knowledge.facts import FactBase
    from knowledge.hardware import Hardware
    from knowledge.opinions import OpinionBook
    from knowledge.prices import PriceBook
    from knowledge.rules import RuleBook
    from knowledge.tokens import TokenCounter

FILE_NAME = "knowledge.db"


class KnowledgeBase:
    """A read-only view of one `knowledge.db`; its parts may be used from several threads."""

    def __init__(self, path: Path, data_dir: Path) -> None:
        self.path = path
        self.data_dir = data_dir
        self.connection: sqlite3.Connection = freshness.connect(path)

    @classmethod
    def open(cls, data_dir: Path, progress: Callable[[str, int, int], None] | None = None) -> KnowledgeBase:
        """Open the knowledge base of `data_dir`, compiling it first when it is missing, damaged or older than its sources.

        `progress(step, done, total)` is called while it compiles, which takes a few seconds. Where `data_dir` cannot be
        written, the file goes to the user's cache folder. Raises KnowledgeError when it can be neither read nor made.
        """
        return cls._open(data_dir, progress, anew=False)

    @classmethod
    def rebuild(
        cls, data_dir: Path, progress: Callable[[str, int, int], None] | None = None
    ) -> KnowledgeBase:
        """Compile the knowledge base anew even if it is fresh, and open it. Errors as for `open`."""
        return cls._open(data_dir, progress, anew=True)

    @classmethod
    def _open(
        cls, data_dir: Path, progress: Callable[[str, int, int], None] | None, *, anew: bool
    ) -> KnowledgeBase:
        reasons: list[str] = []
        for path in _candidates(data_dir):
            if not anew and freshness.fault(path, data_dir) is None:
                return cls(path, data_dir)
            try:
                from knowledge.build import build

                build(path, data_dir, progress, even_if_fresh=anew)
            except OSError as error:
                reasons.append(f"{path.parent}: {error.strerror or error}")
                continue
            return cls(path, data_dir)
        raise KnowledgeError(
            f"The knowledge base cannot be written anywhere ({'; '.join(reasons)}).",
            "Set AICOST_DATA_DIR to a folder that can be written, or run `aicost kb build` once where it can be.",
        )

    def close(self) -> None:
        """Close the file; the parts handed out before cannot be used any more."""
        if "documents" in self.__dict__:
            self.documents.close()
        self.connection.close()

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def catalogue(self) -> Catalogue:
        """Providers, models and what people call them."""
        from knowledge.catalogue import Catalogue

        return Catalogue(self.connection)

    @cached_property
    def prices(self) -> PriceBook:
        """What models cost."""
        from knowledge.prices import PriceBook

        return PriceBook(self.connection)

    @cached_property
    def opinions(self) -> OpinionBook:
        """What other price lists say."""
        from knowledge.opinions import OpinionBook

        return OpinionBook(self.connection, self.prices)

    @cached_property
    def facts(self) -> FactBase:
        """Cited statements about companies, models and infrastructure, and the operator's documents."""
        from knowledge.facts import FactBase

        return FactBase(self.connection, lambda: self.documents)

    @cached_property
    def documents(self) -> Documents:
        """What the operator added; it is kept apart, so that it outlives the file."""
        from knowledge.documents import Documents

        return Documents(self.data_dir)

    @cached_property
    def hardware(self) -> Hardware:
        """GPUs and what they rent for."""
        from knowledge.hardware import Hardware

        return Hardware(self.connection)

    @cached_property
    def rules(self) -> RuleBook:
        """What to reckon with: rules of thumb, fine-tuning prices, measured throughputs."""
        from knowledge.rules import RuleBook

        return RuleBook(self.connection)

    @cached_property
    def tokens(self) -> TokenCounter:
        """Counts of tokens in a text."""
        from knowledge.tokens import TokenCounter

        return TokenCounter(self.path.parent / "tokenizers")

    def info(self) -> dict[str, Any]:
        """When and from what the file was made: path, bytes, built_at, sources with versions and dates, rows of each table."""
        meta = dict(self.connection.execute("select key, value from meta"))
        columns = ("id", "title", "url", "as_of", "publisher", "version", "note")
        sources = self.connection.execute(f"select {', '.join(columns)} from sources order by id")
        tables = [
            name
            for (name,) in self.connection.execute(
                "select name from sqlite_master where type = 'table' and sql not like 'create virtual%' order by name"
            )
            if "_fts" not in name and not name.startswith("sqlite_") and name != "meta"
        ]
        return {
            "path": str(self.path),
            "bytes": self.path.stat().st_size,
            "built_at": meta["built_at"],
            "schema_version": int(meta["schema_version"]),
            "sources": [dict(zip(columns, row, strict=True)) for row in sources],
            "counts": {
                table: self.connection.execute(f'select count(*) from "{table}"').fetchone()[0]
                for table in tables
            },
        }


def _candidates(data_dir: Path) -> Iterator[Path]:
    """Where the file may live: the data directory, else a private folder of the user for exactly this data directory."""
    yield data_dir / FILE_NAME
    import hashlib
    import tempfile

    name = "aicost-" + hashlib.blake2b(str(data_dir.absolute()).encode(), digest_size=8).hexdigest()
    from platformdirs import user_cache_path

    yield user_cache_path("aicost") / name / FILE_NAME
    shared = Path(tempfile.gettempdir()) / f"{name}-{os.getuid() if hasattr(os, 'getuid') else os.getlogin()}"
    if _is_private(shared):
        yield shared / FILE_NAME


def _is_private(folder: Path) -> bool:
    """Whether a folder in a place open to all is the user's own, so that nobody else could have put prices there."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
