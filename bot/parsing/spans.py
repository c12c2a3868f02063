"""Words of a text with their places, and helpers to look around in them; the common ground of all rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_WORD = re.compile(r"[^\W_]+(?:['’.\-_][^\W_]+)*|[%$€£₹¢/=:,;?!()+&~≈]|->|→|[^\w\s]", re.UNICODE)
_SPACE_LIKE = dict.fromkeys("\xa0\u2007\u2009\u202f\u3000\t\r\n\u200b\u2028\u2029", " ")
_DASH_LIKE = dict.fromkeys("‐‑−﹣－", "-")
_QUOTE_LIKE = dict.fromkeys("‘’ʼ", "'") | dict.fromkeys("“”„«»", '"')
_TRANSLATE = str.maketrans({**_SPACE_LIKE, **_DASH_LIKE, **_QUOTE_LIKE, "\uff05": "%", "\u2044": "/"})


def fold(text: str) -> str:
    """The text in lower case with one kind of space, dash and quote; every character keeps its place."""
    folded = text.translate(_TRANSLATE)
    lower = folded.lower()
    if len(lower) == len(folded):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in folded)


@dataclass(frozen=True, slots=True)
class Word:
    """One word or sign at `text[start:end]`, in lower case."""

    start: int
    end: int
    text: str


def split_words(text: str) -> list[Word]:
    """All words and signs of a folded text, in order."""
    return [Word(m.start(), m.end(), m.group()) for m in _WORD.finditer(text)]


@dataclass(slots=True)
class Coverage:
    """Which characters of the text some rule has explained."""

    length: int
    _ranges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, start: int, end: int) -> None:
        """Mark `text[start:end]` as explained."""
        self._ranges.append((start, end))

    def covers(self, word: Word) -> bool:
        """Whether a word lies in an explained range."""
        return any(start <= word.start and word.end <= end for start, end in self._ranges)
