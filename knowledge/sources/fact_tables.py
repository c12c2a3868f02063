"""Writes the tables of `knowledge.db` that hold facts, and what is worked out from them once so that a question need not.

facts ── facts_fts (full text)          fact_concepts, fact_words, fact_subjects, fact_names: how questions are read
   └──── fact_profiles (how each card    gpus, rentals, fine_tuning_prices, throughputs, rules: typed views of the cards,
         is read)                        each row with the ids of the cards that it comes from
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.fact_reading import Profile, Reader
from knowledge.facts import Fact, concept_token
from knowledge.sources.word_lists import SubjectList, Synonyms, read_subjects, read_synonyms
from knowledge.subjects import SubjectIndex
from knowledge.wording import Lexicon, stemmed

if TYPE_CHECKING:
    from sqlite_utils import Database

DATA = Path(__file__).parent.parent / "data"

_FACTS = {
    "id": str, "subject": str, "metric": str,
    "value": str,  # exact decimal text in the unit; NULL where the card only states something
    "unit": str, "period": str, "qualifier": str, "statement": str,
    "topics": str, "aliases": str,  # JSON arrays
    "title": str, "url": str, "as_of": str, "publisher": str,
    "concepts": str,  # what the card is about, as words of the full-text index
}  # fmt: skip
_SEARCHED = ("subject", "metric", "aliases", "topics", "statement", "title", "concepts")


def write_tables(db: Database, facts: Sequence[Fact]) -> None:
    """Writes all tables that are made from facts."""
    from knowledge.sources.hardware_tables import preferred_facts, write_hardware

    synonyms = read_synonyms(DATA / "synonyms.yaml")
    subjects = read_subjects(DATA / "subjects.yaml")
    _write_words(db, synonyms, subjects)
    reader = _reader(synonyms, subjects)
    preferences = {**write_hardware(db, facts, reader.subjects), **preferred_facts()}
    _write_facts(db, facts, {fact.id: reader.card(fact, preferences.get(fact.id, 0)) for fact in facts})


def _reader(synonyms: Synonyms, subjects: SubjectList) -> Reader:
    index = SubjectIndex(
        subjects.subjects, families=subjects.families, variants=subjects.variants, foreign=subjects.foreign
    )
    return Reader(Lexicon(synonyms.concepts, stemmed(synonyms.phrases)), index)


def _write_facts(db: Database, facts: Sequence[Fact], profiles: Mapping[str, Profile]) -> None:
    table = db.table("facts")
    table.create(
        _FACTS, pk="id", not_null={"subject", "metric", "qualifier", "statement", "title"}, strict=True
    )
    table.insert_all(_row(fact, profiles[fact.id]) for fact in facts)
    table.enable_fts(_SEARCHED, tokenize="porter unicode61 remove_diacritics 2")
    db.table("fact_profiles").create({"id": str, "profile": str}, pk="id", strict=True)
    db.table("fact_profiles").insert_all(
        {
            "id": profile.id,
            "profile": json.dumps({key: value for key, value in asdict(profile).items() if key != "id"}),
        }
        for profile in profiles.values()
    )


def _row(fact: Fact, profile: Profile) -> dict[str, str | None]:
    return {
        "id": fact.id,
        "subject": fact.subject,
        "metric": fact.metric,
        "value": None if fact.value is None else format(fact.value, "f"),
        "unit": fact.unit,
        "period": fact.period,
        "qualifier": fact.qualifier,
        "statement": fact.statement,
        "topics": json.dumps(fact.topics, ensure_ascii=False),
        "aliases": json.dumps(fact.aliases, ensure_ascii=False),
        "title": fact.source.title,
        "url": fact.source.url,
        "as_of": fact.source.as_of,
        "publisher": fact.source.publisher,
        "concepts": " ".join(concept_token(term) for term in profile.terms if term.startswith("@")),
    }


def _write_words(db: Database, synonyms: Synonyms, subjects: SubjectList) -> None:
    concepts = db.table("fact_concepts")
    concepts.create({"name": str, "weak": int, "narrows": int, "related": str}, pk="name", strict=True)
    concepts.insert_all(
        {
            "name": concept.name,
            "weak": int(concept.weak),
            "narrows": int(concept.narrows),
            "related": json.dumps(concept.related),
        }
        for concept in synonyms.concepts
    )
    words = db.table("fact_words")
    words.create({"phrase": str, "concepts": str}, pk="phrase", strict=True)
    words.insert_all(
        {"phrase": phrase, "concepts": " ".join(names)} for phrase, names in stemmed(synonyms.phrases).items()
    )
    table = db.table("fact_subjects")
    table.create(
        {"name": str, "kind": str, "part_of": str, "aliases": str, "ambiguous": str}, pk="name", strict=True
    )
    table.insert_all(
        {
            "name": subject.name,
            "kind": subject.kind,
            "part_of": json.dumps(subject.part_of),
            "aliases": json.dumps(subject.aliases),
            "ambiguous": json.dumps(subject.ambiguous),
        }
        for subject in subjects.subjects
    )
    names = db.table("fact_names")
    names.create({"word": str, "role": str}, pk=("word", "role"), strict=True)
    for role, listed in (
        ("family", subjects.families),
        ("variant", subjects.variants),
        ("foreign", subjects.foreign),
    ):
        names.insert_all({"word": word, "role": role} for word in dict.fromkeys(listed))
