"""Finds where a sentence names models.

A name starts at an anchor: a word that only models have ("claude", "4o"), or an ordinary word that becomes a name by what stands
next to it ("nova pro", "opus 4.5", "3.8 flash"); `knowledge.name_growth` finds its ends. Linear in the length of the text: each
part is looked at a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from knowledge.makers import FOREIGN, LINES
from knowledge.mention_words import (
    AFTER_COUNT,
    AFTER_QUANTITY,
    LONE_OPUS_NOT_AFTER,
    LONE_OPUS_NOT_BEFORE,
    NAMED_TIERS,
    NOT_TYPOS,
    PLAN_WORDS,
    PRODUCTS,
    SEMI_ANCHORS,
    STRONG_ANCHORS,
    TYPOS_BEFORE_NUMBERS,
)
from knowledge.misspellings import near_anchor, near_tier
from knowledge.name_growth import LONGEST, TIGHT, NameGrowth
from knowledge.name_index import NameIndex, kind_of
from knowledge.ranking import NICKNAMES, TIERS
from knowledge.spellings import NOISE, ORGANISATIONS, Part, joined


class Span(NamedTuple):
    """Parts `start` to `end` (exclusive) name a model; `read_as` is the whole name where they only name what differs from the one
    before ("5.5" in "sonnet 4.5 or 5.5")."""

    start: int
    end: int
    read_as: str = ""


class ModelFinder:
    """Finds where models are named in a list of parts."""

    def __init__(self, index: NameIndex) -> None:
        self._index = index
        self._growth = NameGrowth(index)

    def is_word(self, text: str) -> bool:
        """Whether the name of a model has this part."""
        return text in self._index.words

    def spans(self, pieces: Sequence[Part], text: str) -> Iterator[Span]:
        """The models named, in order. `text` is what the parts were cut from, for its capitals."""
        position = 0
        done = 0
        while position < len(pieces):
            span = self._span_at(pieces, position, done, text)
            if span is None:
                position += 1
                continue
            if _is_organisation(pieces, span):
                position = span.end
                continue
            yield span
            position = done = span.end
            while (another := self._elliptical(pieces, span)) is not None:
                yield another
                position = done = another.end
                span = another

    def _elliptical(self, pieces: Sequence[Part], span: Span) -> Span | None:
        """What follows a name and replaces its version or tier ("sonnet 4.5 or 5.5", "gemini 2.5 pro and 2.5 flash")."""
        start = span.end + 1 if _is_between(pieces, span.end) else span.end
        if start >= len(pieces) or (start == span.end and pieces[start].glue is not None):
            return None
        before = self._core(pieces, span)
        new: list[str] = []
        found = None
        for place in range(start, min(start + 3, len(pieces))):
            piece = pieces[place]
            if (new and piece.glue is None) or not _is_replacement(pieces, place):
                break
            new.append(piece.text)
            kinds = {kind_of(text) for text in new}
            kept = [
                text
                for text in before
                if kind_of(text) not in kinds or (text not in TIERS and kind_of(text) == "word")
            ]
            core = [*kept, *(text for text in new if text not in kept)]
            if len(kept) > 0 and not LINES.keys().isdisjoint(core) and self._growth.is_full_name(set(core)):
                found = Span(start, place + 1, " ".join(core))
        return found

    def _core(self, pieces: Sequence[Part], span: Span) -> list[str]:
        if span.read_as:
            return span.read_as.split(" ")
        core = [piece.text for piece in pieces[span.start : span.end] if piece.text not in NOISE]
        lines = {"4o": "gpt", "sonnet": "claude", "opus": "claude", "haiku": "claude", "flash": "gemini"}
        return (
            core
            if any(text in LINES for text in core)
            else [*{lines[text]: 0 for text in core if text in lines}, *core]
        )

    def _span_at(self, pieces: Sequence[Part], at: int, done: int, text: str) -> Span | None:
        piece = pieces[at]
        word = piece.text
        if piece.kind == "version":
            if not (word[0] in "or" or word.endswith("o")) or word not in self._index.words:
                return None
            return self._grow(pieces, at, done, word)
        if piece.kind != "word":
            return None
        if word in STRONG_ANCHORS:
            return None if _is_product(pieces, at) else self._grow(pieces, at, done, word)
        if word in FOREIGN and word not in self._index.words:
            numbered = (
                at + 1 < len(pieces) and pieces[at + 1].kind == "version" and pieces[at + 1].glue is not None
            )
            return Span(at, at + 1 + numbered)
        if word in self._index.words:
            return self._ordinary(pieces, at, done, text)
        meant = self._typo(pieces, at)
        return self._grow(pieces, at, done, meant) if meant else None

    def _grow(self, pieces: Sequence[Part], at: int, done: int, meant: str) -> Span:
        return Span(*self._growth.around(pieces, at, done, meant))

    def _typo(self, pieces: Sequence[Part], at: int) -> str | None:
        """The anchor that a misspelt word means: one letter off; a word of the language only where a number follows."""
        word = pieces[at].text
        if word in ("gtp", "pgt"):
            return "gpt"
        meant = near_anchor(word) or self._nickname(pieces, at)
        if meant is None or word in ORGANISATIONS or word in NOT_TYPOS:
            return None
        if word in TYPOS_BEFORE_NUMBERS or len(word) < 5 or len(meant) < 5:
            after = pieces[at + 1] if at + 1 < len(pieces) else None
            close = after is not None and after.glue is not None
            if not close or after is None or after.text not in self._index.words or after.kind == "word":
                return None
        return meant

    def _nickname(self, pieces: Sequence[Part], at: int) -> str | None:
        """A misspelt word that stands for its line where a version follows ("opuss 5.5")."""
        after = pieces[at + 1] if at + 1 < len(pieces) else None
        if after is None or after.glue is None or after.kind != "version":
            return None
        tier = near_tier(pieces[at].text)
        return tier if tier in NICKNAMES and self._growth.fits(tier, after.text) else None

    # Ordinary words.

    def _ordinary(self, pieces: Sequence[Part], at: int, done: int, text: str) -> Span | None:
        """A name that starts at, or around, a word that is also an ordinary one."""
        word = pieces[at].text
        if word in ("flash", "mini", "nano"):
            return self._tier_with_version(pieces, at, done, text)
        if word not in SEMI_ANCHORS and word not in LINES:
            return self._written_as_id(pieces, at, done, text)
        span = self._grow(pieces, at, done, word)
        if span is None:
            return None
        if self._made_by(pieces, at, word):
            return span
        named = pieces[span.start : span.end]
        if len(named) == 1:
            return span if word == "opus" and self._lone_opus(pieces, at) else None
        tight = all(piece.glue in TIGHT for piece in named[1:])
        capital = all(text[piece.start].isupper() for piece in named if piece.kind == "word")
        decimal = any(piece.kind == "version" and "." in piece.text for piece in named)
        if word in SEMI_ANCHORS:
            if named[-1].text == "a" and not (tight or capital):  # "run command a"
                return None
            return span if self._is_known(named) or tight or (decimal and word in NICKNAMES) else None
        return span if (tight or capital or decimal) and self._is_known(named) else None

    def _tier_with_version(self, pieces: Sequence[Part], at: int, done: int, text: str) -> Span | None:
        """ "3.8 flash", "flash 2.5", "4.1 mini", "flash lite"."""
        around = [at - 1] if at > done else []
        around += [at + 1] if at + 1 < len(pieces) else []
        for other in around:
            first, second = min(at, other), max(at, other)
            if pieces[second].glue is None:
                continue
            neighbour = pieces[other].text
            version = pieces[other].kind == "version" and "." in neighbour
            if not version and (pieces[at].text, neighbour) not in (("flash", "lite"), ("nano", "banana")):
                continue
            if self._growth.fits(pieces[at].text, neighbour):
                end = self._growth.right(pieces, second + 1, {pieces[at].text, neighbour}, first)
                return Span(first, end)
        return None

    def _written_as_id(self, pieces: Sequence[Part], at: int, done: int, text: str) -> Span | None:
        """Any other word of a model's name, when it is written like an id with a number in it ("goliath-120b")."""
        if pieces[at].text in TIERS or at + 1 >= len(pieces) or pieces[at + 1].glue not in TIGHT:
            return None
        if at > done and pieces[at].glue in TIGHT:
            return None
        end = at + 1
        while end < len(pieces) and pieces[end].glue in TIGHT and end - at < LONGEST:
            end += 1
        named = pieces[at:end]
        numbered = any(piece.kind in ("size", "version") for piece in named)
        return Span(at, end) if numbered and self._is_known(named) else None

    def _lone_opus(self, pieces: Sequence[Part], at: int) -> bool:
        before = pieces[at - 1].text if at else ""
        after = pieces[at + 1].text if at + 1 < len(pieces) else ""
        return before not in LONE_OPUS_NOT_AFTER and after not in LONE_OPUS_NOT_BEFORE

    def _made_by(self, pieces: Sequence[Part], at: int, word: str) -> bool:
        """Whether the line's maker is named right before ("amazon nova", "cohere command")."""
        if not at or pieces[at].glue is None or word not in LINES:
            return False
        return ORGANISATIONS.get(pieces[at - 1].text) == LINES[word].maker

    def _is_known(self, named: Sequence[Part]) -> bool:
        core = {piece.text for piece in joined(named) if piece.text not in NOISE and piece.kind != "date"}
        return bool(self._index.having_all(core))


def _is_organisation(pieces: Sequence[Part], span: Span) -> bool:
    """Whether a line's bare name is only the path of an id ("deepseek/deepseek-r1")."""
    if span.end >= len(pieces) or pieces[span.end].glue != "/":
        return False
    path = {piece.text for piece in pieces[span.start : span.end]} - {"ai", "meta"}
    maker = LINES[next(iter(path))].maker if len(path) == 1 and path <= LINES.keys() else None
    after = pieces[span.end].text
    return maker is not None and after in LINES and LINES[after].maker == maker


def _is_product(pieces: Sequence[Part], at: int) -> bool:
    """Whether a line's name only begins the name of a product or plan ("claude code", "chatgpt plus")."""
    after = [piece.text for piece in pieces[at + 1 : at + 3] if piece.glue is not None]
    if after and after[0] in PRODUCTS.get(pieces[at].text, ()):
        return True
    return len(after) == 2 and after[0] in ("pro", "max") and after[1] in PLAN_WORDS


def _is_between(pieces: Sequence[Part], place: int) -> bool:
    return place < len(pieces) and pieces[place].text in (
        "or",
        "and",
        "vs",
        "versus",
        "und",
        "oder",
        "to",
        "et",
        "ou",
        "y",
        "o",
    )


def _is_replacement(pieces: Sequence[Part], place: int) -> bool:
    """Whether a part can stand for the version or the tier of the model named before."""
    piece = pieces[place]
    after = pieces[place + 1] if place + 1 < len(pieces) else None
    follows = after.text if after is not None and after.glue is not None else ""
    if piece.kind == "version":
        if piece.text[0] in "or" or piece.text.endswith("o"):
            return False  # names a model by itself
        return "." in piece.text or piece.text[0] in "km" or follows not in AFTER_COUNT | AFTER_QUANTITY
    return (
        piece.kind == "word"
        and piece.text in (NAMED_TIERS | {"pro", "max"})
        and piece.text not in STRONG_ANCHORS
    )
