"""Reads the word lists beside the facts (`synonyms.yaml`, `subjects.yaml`), checked, with the line of each mistake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from knowledge.sources.yaml_lines import LocatedList, LocatedMapping, mistake, read_yaml
from knowledge.subjects import Kind, Subject
from knowledge.wording import Concept

_LANGUAGES = ("en", "de", "fr", "es", "hi")


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Concepts, and phrases with the names of the concepts they stand for (none: a word without meaning)."""

    concepts: tuple[Concept, ...]
    phrases: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SubjectList:
    """Subjects, and the words that help to tell names from words."""

    subjects: tuple[Subject, ...]
    families: tuple[str, ...]
    variants: tuple[str, ...]
    foreign: tuple[str, ...]


def read_synonyms(path: Path) -> Synonyms:
    """Reads the word list. Raises KnowledgeError, naming file and line, for the first mistake."""
    content = _mapping(path, read_yaml(path), 1, ("concepts", "ignored"))
    concepts: list[Concept] = []
    phrases: dict[str, tuple[str, ...]] = {}
    entries = _mapping(path, content["concepts"], content.key_lines["concepts"])
    for name, entry in entries.items():
        fields = _mapping(path, entry, entries.key_lines[name])
        for field, value in fields.items():
            line = fields.key_lines[field]
            if field in _LANGUAGES:
                for phrase in _texts(path, value, line):
                    phrases[phrase] = (*phrases.get(phrase, ()), name)
            elif field == "related":
                for other in _texts(path, value, line):
                    if other not in entries:
                        raise mistake(
                            path, line, f"concept {name!r} is related to {other!r}, which is no concept"
                        )
            elif field not in ("weak", "narrows") or not isinstance(value, bool):
                raise mistake(path, line, f"concept {name!r}: {field!r} is no field with such a value")
        flags = (bool(fields.get("weak")), bool(fields.get("narrows")))
        concepts.append(Concept(name, *flags, tuple(fields.get("related", ()))))
    ignored = _mapping(path, content["ignored"], content.key_lines["ignored"], _LANGUAGES)
    for language, words in ignored.items():
        for word in _texts(path, words, ignored.key_lines[language]):
            phrases.setdefault(word, ())
    return Synonyms(tuple(concepts), phrases)


def read_subjects(path: Path) -> SubjectList:
    """Reads the list of subjects. Raises KnowledgeError, naming file and line, for the first mistake."""
    content = _mapping(path, read_yaml(path), 1, ("subjects", "families", "variants", "foreign"))
    entries = content["subjects"]
    if not isinstance(entries, LocatedList):
        raise mistake(path, content.key_lines["subjects"], "'subjects' is no list")
    subjects: dict[str, Subject] = {}
    for entry, line in zip(entries, entries.item_lines, strict=True):
        fields = _mapping(path, entry, line, ("name", "kind", "part_of", "aliases", "ambiguous"))
        name, kind = fields.get("name"), fields.get("kind")
        if not isinstance(name, str) or kind not in get_args(Kind):
            raise mistake(
                path, line, f"subject {name!r} needs a name and a kind ({', '.join(get_args(Kind))})"
            )
        if name in subjects:
            raise mistake(path, line, f"subject {name!r} stands here twice")
        lists = {
            field: _texts(path, fields[field], fields.key_lines[field]) if field in fields else ()
            for field in ("part_of", "aliases", "ambiguous")
        }
        subjects[name] = Subject(name, kind, **lists)  # type: ignore[arg-type]  # checked above
    for entry, line in zip(entries, entries.item_lines, strict=True):
        for parent in entry.get("part_of", ()):
            if parent not in subjects:
                raise mistake(
                    path, line, f"subject {entry['name']!r} is part of {parent!r}, which is no subject"
                )
    words = {
        field: _texts(path, content[field], content.key_lines[field]) if field in content else ()
        for field in ("families", "variants", "foreign")
    }
    return SubjectList(tuple(subjects.values()), **words)


def _mapping(path: Path, value: Any, line: int, known: tuple[str, ...] = ()) -> LocatedMapping:
    if not isinstance(value, LocatedMapping):
        raise mistake(path, line, "here a mapping is expected")
    for key in value:
        if known and key not in known:
            raise mistake(
                path, value.key_lines[key], f"there is no field {key!r}; there are {', '.join(known)}"
            )
    return value


def _texts(path: Path, value: Any, line: int) -> tuple[str, ...]:
    if not isinstance(value, LocatedList):
        raise mistake(path, line, "here a list of words is expected")
    for item, item_line in zip(value, value.item_lines, strict=True):
        if not isinstance(item, str):
            raise mistake(path, item_line, f"{item!r} is no text; put quotes around it")
    return tuple(value)
