"""The words of a question or a card, reduced to what they mean, so that "burned", "Verlust" and "perdió" find a loss.

A text becomes *terms*: concepts of the word list (written `@loss`) where a word or phrase stands for one, else word stems.
Accents, case, plurals and common endings do not count; words that carry no meaning of their own ("the", "how", "bitte") fall
away. The word list is data (`data/synonyms.yaml`), compiled into the knowledge base.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

_WORD = re.compile(r"\d+(?:[.,]\d+)+(?![^\W_])|[^\W_]+")
_LONG = 6
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l"})


class Word(NamedTuple):
    """One word of a text, folded (no case, no accents), with its place in the original."""

    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def words_in(text: str) -> list[Word]:
    """The words of a text in order; "3.1" is one word, the "s" of a possessive is none."""
    simple = text.isascii()
    words = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        if end - start == 1 and start and text[start] in "sS" and text[start - 1] in "'’":
            continue
        written = match.group()
        words.append(Word(written.lower() if simple else fold(written), start, end))
    return words


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A light stemmer: takes off English plural and verb endings where enough of the word remains.

    Words of other languages pass nearly unchanged; their forms stand in the word list.
    """
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and _has_vowel(word[: -len(ending)]):
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def _has_vowel(text: str) -> bool:
    return any(letter in "aeiouy" for letter in text)


def is_one_slip(written: str, meant: str) -> bool:
    """Whether two different words differ by one letter added, left out or exchanged, or by two neighbours swapped."""
    if written == meant or abs(len(written) - len(meant)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(written, meant, strict=False)) if a != b), None)
    if start is None:
        return True  # one letter more at the end
    a, b = written[start:], meant[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (len(a) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:])


class Term(NamedTuple):
    """What a word or phrase means: a concept (`@loss`) or a stem; `words` are those that stood for it."""

    name: str
    words: tuple[Word, ...]

    @property
    def is_concept(self) -> bool:
        return self.name.startswith("@")


class Concept(NamedTuple):
    """A meaning of the word list.

    A weak one never has to be matched; related ones stand in for it at a discount; one that narrows makes a metric special:
    a "research compute spending" is no answer to a question about compute spending.
    """

    name: str
    weak: bool = False
    narrows: bool = False
    related: tuple[str, ...] = ()


def stemmed(phrases: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The phrases of a word list as `Lexicon` reads them: stems joined by a blank, each with the concepts of all its forms."""
    result: dict[str, tuple[str, ...]] = {}
    for phrase, names in phrases.items():
        stems = " ".join(stem(word.text) for word in words_in(phrase))
        result[stems] = tuple(dict.fromkeys((*result.get(stems, ()), *names)))
    return result


class Lexicon:
    """The word list, ready to read text with.

    `phrases` maps stems joined by a blank (see `stemmed`) to the names of the concepts they stand for; an empty tuple marks words
    without meaning.
    """

    def __init__(self, concepts: Iterable[Concept], phrases: Mapping[str, tuple[str, ...]]) -> None:
        self.concepts = {f"@{concept.name}": concept for concept in concepts}
        self._phrases = phrases
        self._longest: dict[str, int] = {}
        for phrase in phrases:
            first, _, rest = phrase.partition(" ")
            length = 2 + rest.count(" ") if rest else 1
            if length > self._longest.get(first, 0):
                self._longest[first] = length
        self._related = {
            name: tuple(f"@{other}" for other in concept.related) for name, concept in self.concepts.items()
        }

    def terms(self, words: Sequence[Word], *, correct: bool = False) -> list[Term]:
        """The terms of some words in order; at each place the longest phrase of the list wins.

        `correct`: a long word that the list lacks counts as the one in the list that is a slip away ("trainnig").
        """
        stems = [stem(word.text) for word in words]
        if correct:
            stems = [word if word in self._longest else self._corrected(word) or word for word in stems]
        terms: list[Term] = []
        at = 0
        while at < len(words):
            for length in range(min(self._longest.get(stems[at], 0), len(words) - at), 0, -1):
                names = self._phrases.get(" ".join(stems[at : at + length]))
                if names is not None:
                    here = tuple(words[at : at + length])
                    terms.extend(Term(f"@{name}", here) for name in names)
                    at += length
                    break
            else:
                if len(stems[at]) > 1 or stems[at].isdigit():
                    terms.append(Term(stems[at], (words[at],)))
                at += 1
        return terms

    @cached_property
    def _long_words(self) -> Mapping[str, list[str]]:
        """The single words of the list that are long enough to be recognised in spite of a slip, by their first letter."""
        words: dict[str, list[str]] = {}
        for phrase, names in self._phrases.items():
            if names and len(phrase) >= _LONG and phrase.isalpha():
                words.setdefault(phrase[0], []).append(phrase)
        return words

    def _corrected(self, word: str) -> str | None:
        if len(word) < _LONG or not word.isalpha():
            return None
        near = {other for other in self._long_words.get(word[0], ()) if is_one_slip(word, other)}
        meanings = {self._phrases[other] for other in near}
        return near.pop() if len(meanings) == 1 else None

    def related(self, name: str) -> tuple[str, ...]:
        """The terms (`@burn`) that stand in for a concept at a discount."""
        return self._related.get(name, ())

    def is_strong(self, name: str) -> bool:
        """Whether a term is a concept that an answer must be about."""
        concept = self.concepts.get(name)
        return concept is not None and not concept.weak

    def narrows(self, name: str) -> bool:
        """Whether a metric with this term is the answer only to those who ask for it."""
        concept = self.concepts.get(name)
        return concept is not None and concept.narrows
