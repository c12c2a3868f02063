"""Finds what a misspelt word of a model's name may stand for: letters only, and only within a reasonable distance.

Two ways, by cost: every word of every question is held against a few telling words with nothing but dictionary look-ups; a name
that nothing fits is worth a comparison with all words that models have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, cached_property, lru_cache
from itertools import product

from knowledge.makers import FOREIGN, LINES
from knowledge.mention_words import MISSPELT, MISSPELT_TIERS, NOT_TYPOS
from knowledge.name_index import NameIndex, kind_of
from knowledge.spellings import NOISE, ORGANISATIONS, Part, Spelling, spelling

_MOST_WORDS_CORRECTED = 3


_SHORT_TIERS = frozenset(["mini", "nano", "lite"])


class Corrector:
    """Finds the words of model names that a misspelt word may stand for."""

    def __init__(self, index: NameIndex) -> None:
        self._index = index

    @cached_property
    def _vocabulary(self) -> list[str]:
        words = {word for word in self._index.words if len(word) > 2 and kind_of(word) == "word"}
        return sorted(words | LINES.keys() - {"o"})

    def readings(self, pieces: Sequence[Part]) -> Iterator[Spelling]:
        """Spellings in which the words that no name has are replaced by near ones, the nearest first; none if a word has none."""
        unknown = [
            place
            for place, piece in enumerate(pieces)
            if piece.kind == "word" and piece.text not in self._index.words and piece.text not in NOISE
        ]
        unknown = [place for place in unknown if pieces[place].text not in ORGANISATIONS]
        if not unknown or len(unknown) > _MOST_WORDS_CORRECTED:
            return
        choices = [self.near(pieces[place].text) for place in unknown]
        ranked = sorted(product(*choices), key=lambda words: sum(distance for _, distance in words))
        for words in ranked:
            corrected = list(pieces)
            for place, (word, _) in zip(unknown, words, strict=True):
                corrected[place] = pieces[place]._replace(text=word)
            yield spelling(corrected)

    def near(self, word: str) -> list[tuple[str, int]]:
        """Up to three words within a reasonable distance, nearest first: one letter in a short word, two in a longer one.

        A word of three letters may only have them in another order ("gtp"), or lack one of a tier's ("mni").
        """
        if len(word) < 3 or len(word) > 24 or word in FOREIGN:
            return []
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        most = 1 if len(word) <= 5 else 2
        found = process.extract(word, self._vocabulary, scorer=OSA.distance, score_cutoff=most, limit=12)
        near = [
            (choice, int(distance) * 2 + (choice[0] != word[0]) - (choice in LINES))
            for choice, distance, _ in found
            if len(word) > 3 or sorted(choice) == sorted(word) or choice in _SHORT_TIERS
        ]
        return sorted(near, key=lambda choice: choice[1])[:3]


_NEAR_WORDS = frozenset(["grok", "kimi"])
"""Names that words of the language are another letter away from ("grog", "kiwi")."""


def near_anchor(word: str) -> str | None:
    """The telling word ("claude") that a word of a sentence is one letter off, if there is one."""
    if len(word) < 4 or len(word) > 16:
        return None
    near = _anchors_like().get((word[0], len(word)), ())
    for anchor in near:
        # One letter off in one place leaves the second letter or the last one as it is.
        if (word[1] == anchor[1] or word[-1] == anchor[-1]) and _alike(word, anchor):
            return None if anchor in _NEAR_WORDS and _another_word(word, anchor) else anchor
    return None


@lru_cache(maxsize=8192)
def near_tier(word: str) -> str | None:
    """The word of a name ("opus") that a word after a model's line ("claude opuss") is one letter off, if there is one."""
    if len(word) < 4 or len(word) > 12:
        return None
    if word in NOT_TYPOS:
        return None
    near = _tiers_like().get((word[0], len(word)), ())
    return next((tier for tier in near if _alike(word, tier) and not _another_word(word, tier)), None)


def _another_word(word: str, tier: str) -> bool:
    """Whether one letter of a short word is another one, which makes another word ("mini", "mine"), no slip."""
    return len(tier) < 5 and len(word) == len(tier) and sorted(word) != sorted(tier)


@cache
def _tiers_like() -> dict[tuple[str, int], list[str]]:
    return _alike_in_length(MISSPELT_TIERS)


_DOUBLED = re.compile(r"([a-z])\1")


@cache
def _anchors_like() -> dict[tuple[str, int], list[str]]:
    return _alike_in_length(MISSPELT)


def _alike_in_length(words: AbstractSet[str]) -> dict[tuple[str, int], list[str]]:
    """Telling words by their first letter and each length that a word has which is one letter off."""
    near: dict[tuple[str, int], list[str]] = {}
    for anchor in sorted(words):
        for length in range(len(anchor) - 1, len(anchor) + 2):
            near.setdefault((anchor[0], length), []).append(anchor)
    return near


def _alike(word: str, anchor: str) -> bool:
    """Whether one letter is missing, too many, another one, two are swapped, or others are doubled; the first letter stays."""
    if word[0] != anchor[0] or word == anchor:
        return False
    if word == anchor + "n" or (word == anchor + "s" and anchor[-1] != "s"):  # a plural
        return False
    if abs(len(word) - len(anchor)) > 1:
        return False
    if _DOUBLED.sub(r"\1", word) == _DOUBLED.sub(r"\1", anchor):
        return True
    first = 0
    while first < min(len(word), len(anchor)) and word[first] == anchor[first]:
        first += 1
    rest, other = word[first:], anchor[first:]
    swapped = rest[:2] == other[1::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other or rest == other[1:] or rest[1:] == other[1:]
