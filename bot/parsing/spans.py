"""Words of a text with their places, and helpers to look around in them; the common ground of all rules."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bot.parsing.needed_literals import needed_literals

_WORD = re.compile(r"[^\W_]+(?:['’.\-_][^\W_]+)*|[%$€£₹¢/=:,;?!()+&~≈]|->|→|[^\w\s]", re.UNICODE)
_SPACE_LIKE = dict.fromkeys("\xa0\u2007\u2009\u202f\u3000\t\r\u200b\u2028\u2029", " ")
_DASH_LIKE = dict.fromkeys("‐‑−﹣－", "-")
_QUOTE_LIKE = dict.fromkeys("‘’ʼ", "'") | dict.fromkeys("“”„«»", '"')
_TRANSLATE = str.maketrans({**_SPACE_LIKE, **_DASH_LIKE, **_QUOTE_LIKE, "\uff05": "%", "\u2044": "/"})


def fold(text: str) -> str:
    """The text in lower case with one kind of space, dash and quote; every character keeps its place, and lines their ends."""
    folded = text.translate(_TRANSLATE)
    lower = folded.lower()
    if len(lower) == len(folded):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in folded)


_OFTEN = 8
"""Searches after which it pays to work out what a pattern needs; that takes as long as compiling it."""


class LazyPattern:
    """A regular expression that is compiled when it is first used.

    One question uses few of the bot's patterns, and compiling all of them at start would take longer than answering it. Of a
    pattern that is used often it is worked out what it needs, so that a text without that is passed by.
    """

    __slots__ = ("_compiled", "_needed", "_source", "_until_known")

    def __init__(self, source: str) -> None:
        self._source = source
        self._compiled: re.Pattern[str] | None = None
        self._needed: tuple[str, ...] = ()
        self._until_known = _OFTEN

    @property
    def compiled(self) -> re.Pattern[str]:
        """The pattern itself."""
        if self._compiled is None:
            self._compiled = re.compile(self._source)
        return self._compiled

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        """As `re.Pattern.search`."""
        return (self._compiled or self.compiled).search(text, start, end) if self._may_match(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """As `re.Pattern.finditer`."""
        return (self._compiled or self.compiled).finditer(text) if self._may_match(text) else iter(())

    def _may_match(self, text: str) -> bool:
        for literal in self._needed:
            if literal in text:
                return True
        if self._needed:
            return False
        if self._until_known:
            self._until_known -= 1
            if not self._until_known:
                self._needed = needed_literals(self._source)
        return True


class Word(NamedTuple):
    """One word or sign at `text[start:end]`, in lower case."""

    start: int
    end: int
    text: str


def split_words(text: str) -> list[Word]:
    """All words and signs of a folded text, in order."""
    return words_of(_WORD, text)


def words_of(pattern: re.Pattern[str], text: str) -> list[Word]:
    """What a pattern finds in a text, each as a word."""
    make = tuple.__new__  # in half of the time that the class takes for it; a text is split in several ways
    return [make(Word, (m.start(), m.end(), m.group())) for m in pattern.finditer(text)]


class Coverage:
    """Which characters of a text are explained by some rule, or taken by something."""

    __slots__ = ("_explained",)

    def __init__(self, length: int, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._explained = bytearray(length)
        for start, end in ranges:
            self.add(start, end)

    def touches(self, start: int, end: int) -> bool:
        """Whether any character of `text[start:end]` is covered."""
        return self._explained.find(1, start, end) >= 0

    def add(self, start: int, end: int) -> None:
        """Mark `text[start:end]` as explained."""
        self._explained[start:end] = b"\x01" * (end - start)

    def covers(self, word: Word) -> bool:
        """Whether a word lies in an explained range."""
        return 0 not in self._explained[word.start : word.end]
