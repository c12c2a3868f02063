"""Words of a text with their places, and helpers to look around in them; the common ground of all rules."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zlib import crc32

from bot.parsing.reading.literal_table import NEEDED

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


class LazyPattern:
    """A regular expression that is compiled when it is first used.

    One question uses few of the bot's patterns, and compiling all of them at start would take longer than answering it. A text that
    holds none of the literals that a pattern needs is passed by.
    """

    __slots__ = ("_compiled", "_needed", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._compiled: re.Pattern[str] | None = None
        self._needed: tuple[str, ...] | None = None

    @property
    def compiled(self) -> re.Pattern[str]:
        """The pattern itself."""
        if self._compiled is None:
            self._compiled = re.compile(self.source)
        return self._compiled

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        """As `re.Pattern.search`."""
        return (self._compiled or self.compiled).search(text, start, end) if self._may_match(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """As `re.Pattern.finditer`."""
        return (self._compiled or self.compiled).finditer(text) if self._may_match(text) else iter(())

    def _may_match(self, text: str) -> bool:
        needed = self._needed
        if needed is None:
            needed = self._needed = NEEDED.get(key_of(self.source), ())
        for literal in needed:
            if literal in text:
                return True
        return not needed


def key_of(source: str) -> int:
    """The number under which the table of literals holds a pattern."""
    data = source.encode()
    return crc32(data) << 16 | len(data) & 0xFFFF


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
        self._explained = explained = bytearray(length)
        for start, end in ranges:
            explained[start:end] = b"\x01" * (end - start)

    def touches(self, start: int, end: int) -> bool:
        """Whether any character of `text[start:end]` is covered."""
        return self._explained.find(1, start, end) >= 0

    def add(self, start: int, end: int) -> None:
        """Mark `text[start:end]` as explained."""
        self._explained[start:end] = b"\x01" * (end - start)

    def covers(self, word: Word) -> bool:
        """Whether a word lies in an explained range."""
        return 0 not in self._explained[word.start : word.end]
