"""Who and what facts speak of: companies, models, people, clouds and GPUs, under the names that people give them.

A mention is found by its letters and digits alone ("GPT-4", "gpt 4" and "gpt4" are one), the longest name wins, and a model of
a known family with a version that no fact knows ("GPT-5", "Llama 3.2") is reported as unknown, never taken for its relative.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from knowledge.gpu_names import gpu_mentions
from knowledge.wording import Word, fold, is_one_slip, words_in

Kind = Literal["company", "group", "model", "family", "product", "person", "cloud", "gpu"]


class Subject(NamedTuple):
    """One subject; `part_of` are those that it belongs to (a model to its family, a family to its maker)."""

    name: str
    kind: Kind
    part_of: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    """Aliases that are also common words: they count with a capital letter, or in a text about GPUs and tuning where a name
    would stand."""


class SubjectMention(NamedTuple):
    """A subject in a text. `subject` is None for one that no fact speaks of; `text` is what was written."""

    start: int
    end: int
    text: str
    subject: str | None
    corrected: bool = False


_LONGEST_NAME = 7
_JOINT = re.compile(r"[\s\-._+]{1,2}")
_VERSION = re.compile(r"v?\d{1,2}(?:\.\d{1,2})?[a-z]{0,2}|[vrkom]\d{1,2}|\d{1,4}[bm]|\d+x\d+b")
_YEAR = re.compile(r"(19|20)\d\d")
_BEFORE_NAMES = frozenset(
    ("does", "is", "on", "at", "with", "via", "from", "by", "using", "through", "for", "vs", "versus", "or", "and", "than",
     "auf", "bei", "mit", "von", "oder", "und", "chez", "sur", "avec", "et", "ou", "en", "con", "de")
)  # fmt: skip
_COUNTED = re.compile(
    r"(?:[.,]\d+)?\s*(?:million|billion|thousand|mio|mrd|[kmx]\b|%|percent|times)",
    re.I,
)


def key(name: str) -> str:
    """A name reduced to letters and digits."""
    return _bare("".join(word.text for word in words_in(name)))


def _bare(text: str) -> str:
    return text if text.isalnum() else text.replace(".", "").replace(",", "")


class SubjectIndex:
    """Finds the subjects of a list in text.

    `families` are first words of model names; `variants` words that name a member of a family; `foreign` well-known names that
    no fact speaks of, so that they are seen as names.
    """

    def __init__(
        self,
        subjects: Iterable[Subject],
        *,
        families: Iterable[str] = (),
        variants: Iterable[str] = (),
        foreign: Iterable[str] = (),
    ) -> None:
        self.subjects: Mapping[str, Subject] = {subject.name: subject for subject in subjects}
        self._keys: dict[str, str | None] = {key(name): None for name in foreign}
        self._ambiguous: set[str] = set()
        for subject in self.subjects.values():
            for alias in (subject.name, *subject.aliases, *subject.ambiguous):
                self._keys[key(alias)] = subject.name
            self._ambiguous.update(key(alias) for alias in subject.ambiguous)
        self._beginnings = {name[:length] for name in self._keys for length in range(1, len(name) + 1)}
        self._families = {fold(word) for word in families}
        self._variants = {fold(word) for word in variants}
        self._ancestors = {name: self._walk(name) for name in self.subjects}

    def _walk(self, name: str) -> frozenset[str]:
        found: set[str] = set()
        open_names = list(self.subjects[name].part_of)
        while open_names:
            parent = open_names.pop()
            if parent not in found:
                found.add(parent)
                open_names.extend(self.subjects[parent].part_of if parent in self.subjects else ())
        return frozenset(found)

    def ancestors(self, name: str) -> frozenset[str]:
        """All that a subject belongs to, directly or not."""
        return self._ancestors.get(name, frozenset())

    def kind(self, name: str) -> Kind:
        """The kind of a subject; one that is not in the list is a GPU, since those are found by pattern."""
        subject = self.subjects.get(name)
        return subject.kind if subject else "gpu"

    def mentions(
        self, text: str, *, context: bool = False, correct: bool = False, words: list[Word] | None = None
    ) -> list[SubjectMention]:
        """The subjects in a text in order, without overlap. `context`: the text is about GPUs or tuning in any case, so that
        ambiguous names count; `correct`: names with a small slip count too, marked as corrected; `words`: those of the text, where
        the caller has them."""
        gpus = [SubjectMention(start, end, text[start:end], name) for start, end, name in gpu_mentions(text)]
        context = context or bool(gpus)
        if words is None:
            words = words_in(text)
        taken = inside(words, [(gpu.start, gpu.end) for gpu in gpus])
        found = [*gpus]
        at = 0
        while at < len(words):
            mention, used = None, 1
            if not taken[at] and (correct or self._may_begin(words[at].text)):
                by_gpu = any(taken[max(at - 1, 0) : at + 2])
                mention, used = self._at(text, words, at, context, by_gpu, correct)
            if mention is not None:
                found.append(mention)
            at += used
        return sorted(found, key=lambda mention: mention.start)

    def _may_begin(self, word: str) -> bool:
        """Whether a name can begin with a word; most words are none of any name's."""
        bare = _bare(word)
        return bare in self._beginnings or bare.removesuffix("s") in self._keys or word in self._families

    def _at(
        self, text: str, words: list[Word], at: int, context: bool, by_gpu: bool, correct: bool
    ) -> tuple[SubjectMention | None, int]:
        name, length = self._longest(text, words, at, context, by_gpu)
        corrected = False
        if not length and correct:
            name = self._corrected(words[at].text)
            length, corrected = (1, True) if name else (0, False)
        in_family = words[at].text in self._families or (
            bool(length) and name is not None and self.kind(name) in ("model", "family")
        )
        reach = self._extended(text, words, at + max(length, 1)) if in_family else at + length
        if in_family and reach > at + max(length, 1):
            start, end = words[at].start, words[reach - 1].end
            return SubjectMention(start, end, text[start:end], None), reach - at
        if not length:
            return None, 1
        start, end = words[at].start, words[at + length - 1].end
        return SubjectMention(start, end, text[start:end], name, corrected), length

    def _longest(
        self, text: str, words: list[Word], at: int, context: bool, by_gpu: bool
    ) -> tuple[str | None, int]:
        """The longest name that begins at a word, and how many words it takes (0: none)."""
        best: tuple[str | None, int] = (None, 0)
        joined = ""
        for length in range(1, min(_LONGEST_NAME, len(words) - at) + 1):
            word = words[at + length - 1]
            if length > 1 and not _joins(text, words[at + length - 2], word):
                break
            joined += _bare(word.text)
            for form in (joined, joined.removesuffix("s")):
                if form in self._keys and (len(form) > 3 or form == joined):
                    if form in self._ambiguous and not _is_meant(text, words, at, context, by_gpu):
                        continue
                    best = (self._keys[form], length)
                    break
            if joined not in self._beginnings:
                break
        return best

    def _extended(self, text: str, words: list[Word], at: int) -> int:
        """How far a version or variant reaches on from a family name."""
        while at < len(words):
            word, gap = words[at], text[words[at - 1].end : words[at].start]
            if not _joins(text, words[at - 1], word):
                break
            glued = not gap.isspace()
            is_version = bool(_VERSION.fullmatch(word.text)) and not _COUNTED.match(text, word.end)
            is_year = bool(_YEAR.fullmatch(word.text)) and not glued
            if is_year or not (is_version or word.text in self._variants):
                break
            at += 1
        return at

    @cached_property
    def _long_names(self) -> list[str]:
        return [name for name, subject in self._keys.items() if subject and len(name) >= 6 and name.isalpha()]

    def _corrected(self, word: str) -> str | None:
        """The one subject whose name is a slip away: one letter more, less, other, or two exchanged."""
        if len(word) < 5 or not word.isalpha():
            return None
        near = {
            self._keys[name]
            for name in self._long_names
            if abs(len(name) - len(word)) <= 1 and name[0] == word[0] and is_one_slip(word, name)
        }
        return near.pop() if len(near) == 1 else None


def inside(words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> list[bool]:
    """For each word, in order, whether it stands in one of some spans, given in order of their start."""
    if not spans:
        return [False] * len(words)
    found = []
    at = end = 0
    for word in words:
        while at < len(spans) and spans[at][0] <= word.start:
            end = max(end, spans[at][1])
            at += 1
        found.append(word.start < end)
    return found


def _is_meant(text: str, words: list[Word], at: int, context: bool, by_gpu: bool) -> bool:
    """Whether a common word is meant as a name: "on Together", "modal h100", but not "we work together on a100s"."""
    if at and text[words[at].start].isupper():
        return True
    before = words[at - 1].text if at else ""
    is_last = at == len(words) - 1 and words[at].text != "together"
    return by_gpu or (context and (not before or before in _BEFORE_NAMES or is_last))


def _joins(text: str, first: Word, second: Word) -> bool:
    """Whether two words may be parts of one name: "GPT-4", "GPT 4", "4.5", but not "4 5" and not across a full stop."""
    gap = text[first.end : second.start]
    if not _JOINT.fullmatch(gap) or gap.startswith(". "):
        return False
    return not (gap.isspace() and first.text[-1].isdigit() and second.text.isdigit())
