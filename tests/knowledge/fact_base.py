"""A knowledge base that holds the facts alone, for the tests of facts, hardware, rules and documents."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import knowledge

FACTS = Path(knowledge.__file__).parent / "data" / "facts.yaml"


@cache
def connection() -> sqlite3.Connection:
    """The packaged facts, compiled once for the whole test run and opened as the program opens them."""
    path = Path(mkdtemp(prefix="aicost-facts-")) / "knowledge.db"
    compile_facts(path, FACTS)
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)


def compile_facts(path: Path, cards: Path) -> int:
    """Writes the tables of facts into a new database; returns the number of facts."""
    import sqlite_utils

    from knowledge.sources.fact_cards import write_facts

    db = sqlite_utils.Database(path)
    try:
        with db.conn:
            return write_facts(db, cards)
    finally:
        db.close()
