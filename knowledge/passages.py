"""Passages of documents: cutting text into them, judging whether one answers a question, and quoting it word for word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from knowledge.fact_reading import Reader, Reading
from knowledge.periods import periods_in
from knowledge.wording import fold

if TYPE_CHECKING:
    from knowledge.sources.document_text import Section

_PASSAGE_CHARACTERS = 1_000
_LONGEST_QUOTE = 400
_ENOUGH, _ENOUGH_UNNAMED = 0.6, 0.75
"""Least share of a question's terms that a passage covers to be an answer, with and without a subject in the question."""


class PassageText(NamedTuple):
    """A stored passage as it is judged: its words, and what was read out of them when it was stored."""

    title: str
    heading: str | None
    text: str
    terms: frozenset[str]
    subjects: frozenset[str]

    @property
    def whole(self) -> str:
        """The passage with its title and heading, which are part of what it says."""
        return f"{self.title}\n{self.heading or ''}\n{self.text}"


def cut(sections: Iterable[Section]) -> Iterator[Section]:
    """Cuts sections into passages of whole paragraphs (or sentences, where a paragraph is long) of some thousand characters."""
    from knowledge.sources.document_text import Section

    for section in sections:
        passage: list[str] = []
        length = 0
        for piece in _pieces(section.text):
            if passage and length + len(piece) > _PASSAGE_CHARACTERS:
                yield Section("\n".join(passage), section.heading, section.page)
                passage, length = [], 0
            passage.append(piece)
            length += len(piece)
        if passage:
            yield Section("\n".join(passage), section.heading, section.page)


def _pieces(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        whole = " ".join(paragraph.split())
        if len(whole) <= _PASSAGE_CHARACTERS:
            if whole:
                yield whole
            continue
        line = ""
        for sentence in sentences(whole):
            if line and len(line) + len(sentence) > _PASSAGE_CHARACTERS:
                yield line
                line = ""
            line = f"{line} {sentence}".strip()
        if line:
            yield line


_SENTENCE_END = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)]))\s+(?=[\"'“‘(]?[A-ZÄÖÜÀ-Ý0-9¿¡])")


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; one without an end is cut at a word after a thousand characters."""
    result: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        while len(sentence) > _PASSAGE_CHARACTERS:
            end = sentence.rfind(" ", 1, _PASSAGE_CHARACTERS)
            end = end if end > 0 else _PASSAGE_CHARACTERS
            result.append(sentence[:end])
            sentence = sentence[end:].strip()
        if sentence:
            result.append(sentence)
    return result


def judge(passage: PassageText, bm25: float, reading: Reading, reader: Reader) -> tuple[float, bool]:
    """A passage's score on the scale of the facts, and whether it answers: it names every subject and year of the question, holds
    each of its measures, and covers enough of the rest."""
    lexicon = reader.lexicon

    def has(term: str) -> bool:
        return term in passage.terms or any(other in passage.terms for other in lexicon.related(term))

    weights = {
        term: 2.0 if lexicon.is_strong(term) else 0.5 if term.startswith("@") else 1.0
        for term in reading.terms
    }
    total = sum(weights.values())
    covered = sum(weight for term, weight in weights.items() if has(term)) / total if total else 0.0
    above = {name for subject in passage.subjects for name in reader.subjects.ancestors(subject)}
    words = fold(passage.whole)
    named = [name in passage.subjects or name in above for name in reading.subjects]
    named += [fold(name) in words for name in reading.unknown]
    years = {period.end.year for period in reading.periods}
    written = {period.end.year for _, _, period in periods_in(passage.whole)} if years else set()
    confident = (
        bool(reading.terms)
        and (all(named) or (reading.alternatives and any(named)))
        and all(has(term) for term in reading.terms if lexicon.is_strong(term) and term not in reading.either)
        and (not reading.either or any(map(has, reading.either)))
        and years <= written
        and covered >= (_ENOUGH if named else _ENOUGH_UNNAMED)
        and (bool(named) or len(reading.terms) > 1)
    )
    score = 5.0 * (sum(named) / len(named) if named else 0.0) + 9.0 * covered + 0.1 * min(bm25, 12.0)
    if years:
        score += 3.0 if years <= written else -5.0
    return round(score, 4), confident


def quote(text: str, reading: Reading, reader: Reader) -> str:
    """The sentence that covers most of the question, with the next one where there is room."""
    parts = [sentence for paragraph in text.split("\n") for sentence in sentences(paragraph)]
    if not parts:
        return ""
    wanted = {*reading.terms, *reading.subjects}

    def worth(at: int) -> tuple[int, int]:
        terms, subjects = reader.passage(parts[at])
        return len(wanted.intersection(terms) | wanted.intersection(subjects)), -at

    best = max(range(len(parts)), key=worth)
    chosen = parts[best]
    if best + 1 < len(parts):
        both = f"{chosen} {parts[best + 1]}"
        chosen = both if len(both) <= _LONGEST_QUOTE and both in text else chosen
    if len(chosen) > _LONGEST_QUOTE:
        chosen = chosen[: chosen.rfind(" ", 0, _LONGEST_QUOTE)].rstrip() + " …"
    return chosen
