"""The operator's own documents: cut into passages, kept in `documents.db` of the data directory, found with full-text search.

They stand in a file of their own because `knowledge.db` is thrown away and compiled anew, and nothing an operator added may be lost
with it. A passage is quoted word for word with its document, heading and page. What a document says is told as its words, never
as a fact of ours.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.errors import KnowledgeError, UnknownNameError, UsageError
from knowledge.fact_reading import Reader, Reading
from knowledge.lazy_dataclass import dataclass, replace
from knowledge.passages import PassageText, cut, judge, quote
from knowledge.records import Source
from knowledge.wording import words_in

if TYPE_CHECKING:
    from knowledge.sources.document_text import Section

FILE_NAME = "documents.db"

_CANDIDATES = 15
_SCHEMA = """
    create table if not exists documents (
        id text primary key, title text not null, location text not null, url text, kind text not null,
        added text not null,  -- ISO time, UTC
        bytes integer not null
    );
    create table if not exists passages (
        id integer primary key, document text not null references documents(id), position integer not null,
        title text not null, heading text, page integer, text text not null,
        concepts text not null,  -- what it is about, as words of the full-text index
        terms text not null, subjects text not null  -- JSON arrays
    );
    create index if not exists passages_document on passages(document);
    create virtual table if not exists passages_fts using fts5(
        title, heading, text, concepts, content='passages', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
    );
    create trigger if not exists passages_added after insert on passages begin
        insert into passages_fts(rowid, title, heading, text, concepts)
        values (new.id, new.title, new.heading, new.text, new.concepts);
    end;
    create trigger if not exists passages_removed after delete on passages begin
        insert into passages_fts(passages_fts, rowid, title, heading, text, concepts)
        values ('delete', old.id, old.title, old.heading, old.text, old.concepts);
    end;
"""
_SEARCH = (
    "select p.id, p.document, p.heading, p.page, p.text, p.terms, p.subjects, d.title, d.url, d.location, d.added, -f.rank"
    " from passages_fts f join passages p on p.id = f.rowid join documents d on d.id = p.document"
    # weights of title, heading, text, concepts
    " where passages_fts match ? and f.rank match 'bm25(3.0, 3.0, 1.0, 2.0)' order by f.rank limit ?"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document as it stands in the store; `location` is the file or address it was read from, `added` an ISO time (UTC)."""

    id: str
    title: str
    location: str
    url: str | None
    kind: str
    added: str
    bytes: int
    passages: int


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A part of a document. `quote` is the sentence or two of it, word for word, that fit the question best."""

    id: int
    document: str
    title: str
    heading: str | None
    page: int | None
    text: str
    quote: str
    source: Source


class Documents:
    """The documents of one data directory; safe to use from several threads and beside a process that adds to them."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE_NAME
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    # --- keeping --------------------------------------------------------------------------------------------------

    def add(self, location: str, reader: Reader) -> Document:
        """Reads a file or an https address and keeps its passages; a location that was added before is replaced.

        Raises UsageError for what cannot be read (missing, too large, binary, an archive, not public, too slow, without text),
        KnowledgeError where the store cannot be written.
        """
        from knowledge.sources.document_text import extract, read_file

        url: str | None = None
        content_type = ""
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", location):
            from knowledge.sources.https_download import download

            fetched = download(location)
            data, content_type, url = fetched.data, fetched.content_type, fetched.url
            name = location
        else:
            path = _file(location)
            data, name = read_file(path), _storable(path)
        content = extract(data, name, content_type)
        document = Document(
            id="d" + hashlib.sha256(name.encode()).hexdigest()[:8],
            title=content.title or Path(name).name or name,
            location=name,
            url=url,
            kind=content.kind,
            added=datetime.now(UTC).isoformat(timespec="seconds"),
            bytes=len(data),
            passages=0,
        )
        rows = [
            _passage_row(document, position, section, reader)
            for position, section in enumerate(cut(content.sections))
        ]
        with self._writing() as connection:
            _delete(connection, document.id)
            connection.execute(
                "insert into documents values (?, ?, ?, ?, ?, ?, ?)",
                (document.id, document.title, name, url, document.kind, document.added, document.bytes),
            )
            connection.executemany(
                "insert into passages (document, position, title, heading, page, text, concepts, terms, subjects)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return replace(document, passages=len(rows))

    def remove(self, identity: str) -> Document:
        """Forgets a document, by its id, its file (also as a relative path) or its address. Raises UnknownNameError."""
        known = self.all()
        file = _storable(_file(identity))
        found = [
            document
            for document in known
            if identity in (document.id, document.location, document.url) or file == document.location
        ]
        if not found:
            from difflib import get_close_matches

            names = {document.title: document.id for document in known} | {one.id: one.id for one in known}
            near = dict.fromkeys(names[name] for name in get_close_matches(identity, names, 3))
            raise UnknownNameError("document", identity, list(near))
        with self._writing() as connection:
            _delete(connection, found[0].id)
        return found[0]

    def all(self) -> list[Document]:
        """Every document, in the order in which they were added."""
        with _explained(self.path):
            connection = self._reading()
            if connection is None:
                return []
            rows = connection.execute(
                "select d.id, d.title, d.location, d.url, d.kind, d.added, d.bytes, count(p.id) from documents d"
                " left join passages p on p.document = d.id group by d.id order by d.added, d.rowid"
            ).fetchall()
        names = ("id", "title", "location", "url", "kind", "added", "bytes", "passages")
        return [Document(**dict(zip(names, row, strict=True))) for row in rows]

    def close(self) -> None:
        """Closes the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the store, which is made when it is missing."""
        with _explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=10.0, isolation_level=None)) as connection:
                connection.executescript(_SCHEMA)
                connection.execute("begin immediate")
                try:
                    yield connection
                except BaseException:
                    connection.execute("rollback")
                    raise
                connection.execute("commit")

    def _reading(self) -> sqlite3.Connection | None:
        """A connection to the store as it is now; None while there is none. A file put in its place is noticed."""
        try:
            status = self.path.stat()
        except OSError:
            self.close()
            return None
        now = (status.st_ino, status.st_dev)
        if self._connection is None or now != self._opened:
            self.close()
            self._connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=2.0
            )
            self._opened = now
        return self._connection

    # --- finding --------------------------------------------------------------------------------------------------

    def search(
        self, reading: Reading, reader: Reader, *, limit: int = 10
    ) -> list[tuple[Passage, float, bool]]:
        """The passages that fit a question, best first: each with a score on the scale of the facts, and whether it answers.

        A passage answers when it names every subject and year of the question and covers what is asked. A store that cannot be read
        yields nothing and a line in the log: the facts still answer.
        """
        from knowledge.facts import fts_query

        # A name that no fact knows is a word like any other here: the documents may well speak of it.
        unknown = [word.text for name in reading.unknown for word in words_in(name)]
        match = fts_query(reading.terms, (*reading.words, *unknown), reading.subjects)
        if not match:
            return []
        try:
            connection = self._reading()
            if connection is None:
                return []
            rows = connection.execute(_SEARCH, (match, _CANDIDATES)).fetchall()
        except sqlite3.Error as error:
            log.warning("%s cannot be searched: %s", self.path, error)
            return []
        hits = [_hit(row, reading, reader) for row in rows]
        hits.sort(key=lambda hit: (not hit[2], -hit[1]))
        return hits[:limit]


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns errors of SQLite and the disk into one that says what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise KnowledgeError(
            f"The documents in {path} cannot be read or written ({getattr(error, 'strerror', None) or error}).",
            "Check its permissions and the space on the disk; a damaged file can be deleted and its documents added again.",
        ) from error


def _file(location: str) -> Path:
    """The one path of a file, however it was named. Raises UsageError for a home folder of nobody or links in a circle."""
    try:
        return Path(location).expanduser().resolve()
    except (RuntimeError, OSError) as error:
        raise UsageError(
            f"{location} cannot be found ({error}).", "Name the file by its full path."
        ) from None


def _storable(path: Path) -> str:
    """A path as text; bytes of a file name that are no UTF-8 cannot be stored and are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def _delete(connection: sqlite3.Connection, identity: str) -> None:
    connection.execute("delete from passages where document = ?", (identity,))
    connection.execute("delete from documents where id = ?", (identity,))


def _passage_row(document: Document, position: int, section: Section, reader: Reader) -> tuple[object, ...]:
    from knowledge.facts import concept_token

    terms, subjects = reader.passage(f"{document.title} · {section.heading or ''} · {section.text}")
    return (
        document.id,
        position,
        document.title,
        section.heading,
        section.page,
        section.text,
        " ".join(concept_token(term) for term in terms if term.startswith("@")),
        json.dumps(terms, ensure_ascii=False),
        json.dumps(subjects, ensure_ascii=False),
    )


def _hit(row: Sequence[Any], reading: Reading, reader: Reader) -> tuple[Passage, float, bool]:
    identity, document, heading, page, text, terms, subjects, title, url, location, added, bm25 = row
    words = PassageText(title, heading, text, frozenset(json.loads(terms)), frozenset(json.loads(subjects)))
    score, confident = judge(words, bm25, reading, reader)
    passage = Passage(
        id=identity,
        document=document,
        title=title,
        heading=heading,
        page=page,
        text=text,
        quote=quote(text, reading, reader),
        source=Source(
            id=f"{document}-{identity}",
            title=title,
            url=url,
            as_of=added[:10],
            publisher=None if url else location,
        ),
    )
    return passage, score, confident
