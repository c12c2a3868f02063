"""Cited facts about companies, models and infrastructure, found the way people ask for them.

A search never trades one company, model or year for another unsaid: a hit is `confident` only when the subject, what is asked about
it and the period, if one is named, all agree. Sources that disagree about the same thing come out side by side, the one that
best answers first. Passages of the operator's documents follow by the same rule.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from knowledge.errors import KnowledgeError, UnknownNameError
from knowledge.lazy_dataclass import dataclass
from knowledge.records import Source
from knowledge.subjects import Subject, SubjectIndex
from knowledge.wording import Concept, Lexicon, fold, words_in

# Every text is looked through for subjects and few are searched for, so what searching needs is imported there.
if TYPE_CHECKING:
    from knowledge.documents import Document, Documents, Passage
    from knowledge.fact_ranking import Ranked, Ranking
    from knowledge.fact_reading import Profile, Reader, Reading
    from knowledge.periods import Period

QUALIFIERS = ("exact", "reported", "about", "estimated", "projected", "at least", "at most")

_COLUMNS = "id, subject, metric, value, unit, period, qualifier, statement, topics, aliases, title, url, as_of, publisher"
# Weights of subject, metric, aliases, topics, statement, title, concepts.
_BM25 = "bm25(6.0, 5.0, 4.0, 1.0, 2.0, 0.5, 5.0)"
_MOST_SHOWN = 15
"""Up to here a limit changes nothing about the order."""
_CANDIDATES, _CANDIDATES_BESIDE_SUBJECT = 40, 15
_LONGEST_QUERY = 60
_SEARCH = f"select rowid, -rank from facts_fts where facts_fts match ? and rank match '{_BM25}' order by rank limit ?"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One card. `value` is exact and whole (5000000000, not 5); the hedge of `qualifier` is part of the fact."""

    id: str
    subject: str
    metric: str
    value: Decimal | None
    unit: str | None
    period: str | None
    qualifier: str
    statement: str
    topics: tuple[str, ...]
    aliases: tuple[str, ...]
    source: Source


@dataclass(frozen=True)
class FactHit:
    """A fact, or a passage of a document, that a search found. `confident`: it really answers, it does not just share words."""

    fact: Fact | None
    passage: Passage | None
    score: float
    confident: bool


class FactBase:
    """The facts of a compiled knowledge base and the operator's documents; safe to use from several threads."""

    def __init__(
        self, connection: sqlite3.Connection, documents: Callable[[], Documents] | None = None
    ) -> None:
        self._connection = connection
        self._open_documents = documents
        self._remembered = lru_cache(maxsize=64)(self._ranked)
        """Who reads a question and who answers it ask the same."""

    def all(self) -> list[Fact]:
        """Every fact, in the order of the cards."""
        return list(self._facts.values())

    def get(self, identity: str) -> Fact:
        """The fact with this id. Raises UnknownNameError."""
        try:
            return self._facts[identity]
        except KeyError:
            near = [name for name in self._facts if identity and identity in name][:3]
            raise UnknownNameError("fact", identity, near) from None

    def subjects_in(self, text: str) -> list[tuple[int, int, str]]:
        """The companies, models and people that facts speak of, as a text names them: start, end, subject ("Google" is
        "Alphabet (Google)"). GPUs and clouds are for `Hardware` to find."""
        return [
            (mention.start, mention.end, mention.subject)
            for mention in self._subjects.mentions(text)
            if mention.subject and self._subjects.kind(mention.subject) not in ("gpu", "cloud")
        ]

    def add_document(self, location: str) -> Document:
        """Adds a file or an https address to the operator's documents. Raises UsageError for one that cannot be read."""
        return self._store().add(location, self._reader)

    def remove_document(self, identity: str) -> Document:
        """Forgets a document by its id or location. Raises UnknownNameError."""
        return self._store().remove(identity)

    def documents(self) -> list[Document]:
        """The operator's documents."""
        return self._documents.all() if self._documents else []

    def _store(self) -> Documents:
        if self._documents is None:
            raise KnowledgeError("This knowledge base was opened without documents.", "Set AICOST_DATA_DIR.")
        return self._documents

    def read(self, query: str, *, subjects: Sequence[str] = (), periods: Sequence[str] = ()) -> Reading:
        """How a question is understood: its subjects, names that no fact knows, terms and periods."""
        return self._reader.question(query, subjects, periods)

    def search(
        self, query: str, *, limit: int = 10, subjects: Sequence[str] = (), periods: Sequence[str] = ()
    ) -> list[FactHit]:
        """The facts and passages that fit a question, best first, at most `limit`.

        `subjects` and `periods` are what the caller knows of the question beforehand, in any spelling; they count as if they stood
        in it. Nothing is confident about a question that names neither a subject nor a measure.
        """
        reading, ranked = self._remembered(
            query, tuple(subjects), tuple(periods), max(limit, _MOST_SHOWN), datetime.now(UTC).date()
        )
        if reading.is_empty:
            return []
        hits = [FactHit(self._facts[entry.id], None, entry.score, entry.confident) for entry in ranked]
        if self._documents is not None:
            hits = _merged(hits, self._documents.search(reading, self._reader, limit=limit))
        return hits[:limit]

    def _ranked(
        self, query: str, subjects: tuple[str, ...], periods: tuple[str, ...], limit: int, _today: date
    ) -> tuple[Reading, list[Ranked]]:
        """How a question is understood today, and the facts for it."""
        reading = self.read(query, subjects=subjects, periods=periods)
        if reading.is_empty:
            return reading, []
        return reading, self._ranking.rank(reading, self._candidates(reading), limit)

    def _candidates(self, reading: Reading) -> dict[str, float]:
        """Ids of facts worth ranking, with their BM25 score: those that share words, and those of the same subject."""
        found = dict.fromkeys(self._ranking.relations.about(reading.subjects), 0.0)
        strong = [term for term in reading.terms if self._reader.lexicon.is_strong(term)]
        if match := fts_query(strong or reading.terms, reading.words):
            limit = _CANDIDATES_BESIDE_SUBJECT if reading.subjects else _CANDIDATES
            for row, score in self._connection.execute(_SEARCH, (match, limit)):
                found[self._ids[row]] = score
        return found

    @cached_property
    def _facts(self) -> Mapping[str, Fact]:
        rows = self._connection.execute(f"select {_COLUMNS} from facts order by rowid")
        return {row[0]: _fact(row) for row in rows}

    @cached_property
    def _ids(self) -> Mapping[int, str]:
        return dict(self._connection.execute("select rowid, id from facts"))

    @cached_property
    def _documents(self) -> Documents | None:
        return None if self._open_documents is None else self._open_documents()

    @cached_property
    def _reader(self) -> Reader:
        from knowledge.fact_reading import Reader

        return Reader(load_lexicon(self._connection), self._subjects)

    @cached_property
    def _subjects(self) -> SubjectIndex:
        return load_subjects(self._connection)

    @cached_property
    def _ranking(self) -> Ranking:
        from knowledge.fact_ranking import Ranking

        rows = self._connection.execute("select id, profile from fact_profiles order by rowid")
        profiles = [_profile(identity, json.loads(text)) for identity, text in rows]
        return Ranking(profiles, self._facts, self._periods, self._reader)

    @cached_property
    def _periods(self) -> Mapping[str, Period]:
        from knowledge.periods import parse_period

        return {fact.id: parse_period(fact.period) for fact in self._facts.values() if fact.period}


def fts_query(terms: Sequence[str], words: Sequence[str], subjects: Sequence[str] = ()) -> str:
    """The FTS5 expression for any of some concepts, words and names. Every word is quoted, so none is syntax."""
    parts = [f'"{concept_token(term)}"' for term in terms if term.startswith("@")]
    parts += [f'"{word}"' for word in words]
    parts += ['"' + " ".join(word.text for word in words_in(subject)) + '"' for subject in subjects]
    return " OR ".join(parts[:_LONGEST_QUERY])


def concept_token(term: str) -> str:
    """A concept as one word of the full-text index."""
    return "cx" + fold(term[1:]).replace("_", "")


def load_lexicon(connection: sqlite3.Connection) -> Lexicon:
    """The word list of a compiled knowledge base."""
    concepts = [
        Concept(name, bool(weak), bool(narrows), tuple(json.loads(related)))
        for name, weak, narrows, related in connection.execute(
            "select name, weak, narrows, related from fact_concepts"
        )
    ]
    rows = connection.execute("select phrase, concepts from fact_words")
    return Lexicon(concepts, {phrase: tuple(names.split()) for phrase, names in rows})


def load_subjects(connection: sqlite3.Connection) -> SubjectIndex:
    """The subjects of a compiled knowledge base and the names that people give them."""
    subjects = [
        Subject(name, kind, *(tuple(json.loads(names)) for names in lists))
        for name, kind, *lists in connection.execute(
            "select name, kind, part_of, aliases, ambiguous from fact_subjects"
        )
    ]
    names: dict[str, list[str]] = {"family": [], "variant": [], "foreign": []}
    for word, role in connection.execute("select word, role from fact_names"):
        names[role].append(word)
    return SubjectIndex(
        subjects, families=names["family"], variants=names["variant"], foreign=names["foreign"]
    )


def _fact(row: tuple[str, ...]) -> Fact:
    (
        identity,
        subject,
        metric,
        value,
        unit,
        period,
        qualifier,
        statement,
        topics,
        aliases,
        title,
        url,
        as_of,
        publisher,
    ) = row
    return Fact(
        id=identity,
        subject=subject,
        metric=metric,
        value=None if value is None else Decimal(value),
        unit=unit,
        period=period,
        qualifier=qualifier,
        statement=statement,
        topics=tuple(json.loads(topics)),
        aliases=tuple(json.loads(aliases)),
        source=Source(id=identity, title=title, url=url, as_of=as_of, publisher=publisher),
    )


def _profile(identity: str, data: dict[str, Any]) -> Profile:
    from knowledge.fact_reading import Profile

    names: dict[str, tuple[str, ...]] = {
        field: tuple(data[field]) for field in ("identity", "about", "spoken", "metric")
    }
    phrases = tuple(tuple(phrase) for phrase in data["phrases"])
    return Profile(id=identity, terms=data["terms"], phrases=phrases, preference=data["preference"], **names)


def _merged(facts: list[FactHit], passages: list[tuple[Passage, float, bool]]) -> list[FactHit]:
    """Facts, in their order, with each passage in front of the first fact that answers less well."""
    waiting = [FactHit(None, passage, score, confident) for passage, score, confident in reversed(passages)]
    hits: list[FactHit] = []
    for fact in facts:
        while waiting and (waiting[-1].confident, waiting[-1].score) > (fact.confident, fact.score):
            hits.append(waiting.pop())
        hits.append(fact)
    return [*hits, *reversed(waiting)]
