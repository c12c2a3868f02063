"""The index of all spellings of all models, precomputed when the knowledge base is compiled.

It answers one question fast: which models have all of these parts in a spelling of theirs? It holds of each model only what ranking
needs; the full records stay in the table `models` until somebody asks for one.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from knowledge.errors import KnowledgeError
from knowledge.makers import LINES, MAKERS, NOT_SOLD_BY_MAKER
from knowledge.spellings import PartKind

if TYPE_CHECKING:
    from sqlite_utils import Database


class Row(NamedTuple):
    """What ranking needs to know of a model. `own` is 0 (or 1, …) where the provider is the first (second, …) of its maker's own
    APIs, else -1; `priced` is false for what the list shows without any rate."""

    rowid: int
    provider: str
    id: str
    line: str
    version: tuple[int, ...]
    date: str
    modality: str
    own: int
    deprecated: bool
    preview: bool
    priced: bool


class Spelled(NamedTuple):
    """One spelling that models share: its identifying parts, and the dates and noise of this way of writing."""

    core: frozenset[str]
    dates: frozenset[str]
    noise: frozenset[str]
    rows: tuple[int, ...]


_MOST_REMEMBERED = 8192
_VERSION = re.compile(r"[okmr]?\d+(?:\.\d+)*o?")
_SIZE = re.compile(r"(?:\d+x)?[aer]?\d+(?:\.\d+)?[bt]")
_LABEL = re.compile(r"\d+(?:\.\d+)?[kme]")


@lru_cache(maxsize=8192)
def kind_of(part: str) -> PartKind:
    """What kind of part a normalised text is; the kinds of `knowledge.spellings`."""
    if not part[-1:].isdigit() and part.isalpha():
        return "word"
    if part.startswith("@"):
        return "date"
    if _VERSION.fullmatch(part):
        return "version" if len(part.lstrip("okmr").split(".")[0]) <= 2 else "number"
    if _SIZE.fullmatch(part):
        return "size"
    return "label" if _LABEL.fullmatch(part) else "word"


class NameIndex:
    """Spellings by their parts, and the models behind them; each is read only when somebody looks at it, since one question
    looks at few."""

    def __init__(self, words: Mapping[str, str], spellings: Sequence[str], rows: Sequence[str]) -> None:
        self.words = words
        """Every part that occurs in the core of a spelling, with the positions of those spellings, as JSON."""
        self._packed_spellings = spellings
        self._packed_rows = rows
        self._spellings: dict[int, Spelled] = {}
        self._rows: dict[int, Row] = {}
        self._sets: dict[str, frozenset[int]] = {}
        self._found: dict[frozenset[str], frozenset[int]] = {}

    @classmethod
    def load(cls, connection: sqlite3.Connection) -> NameIndex:
        """Read the index. Raises KnowledgeError when the file holds none."""
        try:
            row = connection.execute("select words, spellings, rows from name_index").fetchone()
        except sqlite3.Error as error:
            raise _missing() from error
        if row is None:
            raise _missing()
        words, spellings, rows = (column.split("\n") for column in row)
        return cls(dict(word.split(" ") for word in words), spellings, rows)

    def row(self, rowid: int) -> Row:
        """What ranking needs of one model."""
        row = self._rows.get(rowid)
        if row is None:
            provider, model_id, line, version, date, modality, own, *more = json.loads(
                self._packed_rows[rowid]
            )
            flags = [bool(flag) for flag in more]
            row = Row(
                rowid,
                provider,
                model_id,
                line,
                tuple(version),
                date,
                modality,
                own,
                flags[0],
                flags[1],
                flags[2],
            )
            self._rows[rowid] = row
        return row

    def spelled(self, position: int) -> Spelled:
        """One spelling by its position."""
        found = self._spellings.get(position)
        if found is None:
            core, dates, noise, rows = json.loads(self._packed_spellings[position])
            found = Spelled(frozenset(core), frozenset(dates), frozenset(noise), tuple(rows))
            self._spellings[position] = found
        return found

    def having(self, part: str) -> frozenset[int]:
        """The spellings (positions) whose core has this part."""
        found = self._sets.get(part)
        if found is None:
            found = frozenset(json.loads(self.words.get(part, "[]")))
            if found:
                self._sets[part] = found
        return found

    def having_all(self, parts: Iterable[str]) -> frozenset[int]:
        """The spellings whose core has all of the parts."""
        key = frozenset(parts)
        found = self._found.get(key)
        if found is None:
            sets = sorted(map(self.having, key), key=len)
            found = sets[0].intersection(*sets[1:]) if sets else frozenset()
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            self._found[key] = found
        return found


def _missing() -> KnowledgeError:
    return KnowledgeError("The knowledge base holds no model names.", "Compile it again: aicost kb build")


def write_index(db: Database) -> None:
    """Compute the index from the tables `models` and `names`, into the table `name_index` of one row."""
    spelled: dict[tuple[frozenset[str], frozenset[str], frozenset[str]], list[int]] = {}
    dates: dict[int, str] = {}
    query = "select name, model_rowid from names where kind = 'parts' order by model_rowid, name"
    for name, rowid in db.execute(query).fetchall():
        core, dated, noise = _unpack(name)
        if dated:
            dates[rowid] = max(dates.get(rowid, ""), *dated)
        models_spelled_so = spelled.setdefault((frozenset(core), frozenset(dated), frozenset(noise)), [])
        if rowid not in models_spelled_so:
            models_spelled_so.append(rowid)
    _add_only_sizes(spelled)
    spellings = [
        [sorted(core), sorted(dated), sorted(noise), ids] for (core, dated, noise), ids in spelled.items()
    ]
    words: dict[str, list[int]] = {}
    for position, (parts, _, _) in enumerate(spelled):
        for part in sorted(parts):
            words.setdefault(part, []).append(position)
    models = db.execute(
        """
        select rowid, provider, id, maker, family, version, modality, deprecated, preview,
               exists (select 1 from rate_cards c join rates r on r.card = c.id where c.model = models.rowid)
        from models
        """
    ).fetchall()
    rows: list[Any] = [None] * (max((model[0] for model in models), default=0) + 1)
    for model in models:
        rows[model[0]] = _row(model, dates.get(model[0], ""))
    lines = {
        "words": [f"{word} {_compact(positions)}" for word, positions in words.items()],
        "spellings": map(_compact, spellings),
        "rows": map(_compact, rows),
    }
    db.table("name_index").create(dict.fromkeys(lines, str), strict=True)
    db.table("name_index").insert({column: "\n".join(texts) for column, texts in lines.items()})


def _compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"))


def _add_only_sizes(spelled: dict[tuple[frozenset[str], frozenset[str], frozenset[str]], list[int]]) -> None:
    """A model that comes in one size is called with it and without it ("Nemotron 3 Ultra 550B"): each then has both spellings."""
    sizes: dict[frozenset[str], set[str]] = {}
    for core, _, _ in spelled:
        own = {part for part in core if kind_of(part) == "size"}
        sizes.setdefault(core - own, set()).update(own or {""})
    for (core, dates, noise), ids in list(spelled.items()):
        own = {part for part in core if kind_of(part) == "size"}
        known = sizes[core - own]
        open_line = any(part in LINES and LINES[part].open_weights is not False for part in core)
        if open_line and "" in known and len(known) == 2 and len(core - own) > 1:
            other = core - own if own else core | (known - {""})
            also = spelled.setdefault((other, dates, noise), [])
            also.extend(rowid for rowid in ids if rowid not in also)


def _unpack(name: str) -> tuple[list[str], list[str], list[str]]:
    core: list[str] = []
    dates: list[str] = []
    noise: list[str] = []
    for part in name.split(" "):
        if part.startswith("~"):
            noise.append(part[1:])
        else:
            (dates if part.startswith("@") else core).append(part)
    return core, dates, noise


def _row(model: Collection[Any], date: str) -> list[Any]:
    _, provider, model_id, maker, family, version, modality, deprecated, preview, priced = model
    words = family.split(" ")
    line = words[0] if words[0] in LINES and LINES[words[0]].maker == maker else ""
    apis = MAKERS[maker].apis if maker in MAKERS else ()
    sold = not any(line == barred and (not word or word in words) for barred, word in NOT_SOLD_BY_MAKER)
    own = apis.index(provider) if sold and provider in apis else -1
    return [provider, model_id, line, json.loads(version), date, modality, own, deprecated, preview, priced]
