"""Finds where a sentence names models.

A name starts at an anchor: a word that only models have ("claude", "4o"), or an ordinary word that becomes a name by what stands
next to it ("nova pro", "opus 4.5", "3.8 flash"). From there it grows as long as some model has all of its parts. Numbers are the
trap: "gpt-4o 500 tokens", "5 sonnet calls" and "sonnet 4 million tokens" hold no version, "gpt 4 1000 requests" holds one. What
goes on like a name but belongs to no model ("gpt-7", "claude-foo-9") is found too, as unknown.

Linear in the length of the text: each part is looked at a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from knowledge.makers import LINES
from knowledge.mention_words import (
    AFTER_COUNT,
    AFTER_QUANTITY,
    CAREFUL,
    CAREFUL_FOLLOWERS,
    CONJUNCTIONS,
    ENDINGS,
    LONE_OPUS_NOT_AFTER,
    LONE_OPUS_NOT_BEFORE,
    NAMED_TIERS,
    NOT_TYPOS,
    PER_WORDS,
    SEMI_ANCHORS,
    STRONG_ANCHORS,
)
from knowledge.misspellings import near_anchor
from knowledge.name_index import NameIndex, kind_of
from knowledge.ranking import SIDE_OFFERS, TIERS
from knowledge.spellings import NOISE, ORGANISATIONS, Part, joined

_LONGEST = 12
"""Parts that a name has at most; what goes on after them is cut off."""
_SPACES = frozenset([" ", "  "])
_TIGHT = frozenset(["", "-", "_"])


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

    def spans(self, pieces: Sequence[Part], text: str) -> Iterator[Span]:
        """The models named, in order. `text` is what the parts were cut from, for its capitals."""
        position = 0
        done = 0
        while position < len(pieces):
            span = self._span_at(pieces, position, done, text)
            if span is None:
                position += 1
                continue
            yield span
            position = done = span.end
            while (another := self._elliptical(pieces, span)) is not None:
                yield another
                position = done = another.end
                span = another

    def _elliptical(self, pieces: Sequence[Part], span: Span) -> Span | None:
        """What follows a name and replaces its version or tier ("sonnet 4.5 or 5.5", "gpt-5 mini and nano")."""
        place = span.end + 1 if _is_between(pieces, span.end) else span.end
        if place >= len(pieces) or (place == span.end and pieces[place].glue is not None):
            return None
        piece = pieces[place]
        after = pieces[place + 1] if place + 1 < len(pieces) else None
        follows = after.text if after is not None and after.glue is not None else ""
        if piece.kind == "version":
            kept = [text for text in self._core(pieces, span) if kind_of(text) != "version"]
            likely = (
                "." in piece.text or piece.text[0] in "kmor" or follows not in AFTER_COUNT | AFTER_QUANTITY
            )
        elif piece.kind == "word" and piece.text in NAMED_TIERS and piece.text not in STRONG_ANCHORS:
            kept = [text for text in self._core(pieces, span) if text not in TIERS]
            likely = True
        else:
            return None
        core = [*kept, piece.text]
        if not likely or len(core) < 2 or not self._is_full_name(set(core)):
            return None
        repeated = (
            after is not None and after.glue is not None and after.kind == "word" and after.text in core
        )
        return Span(place, place + 1 + repeated, " ".join(core))

    def _core(self, pieces: Sequence[Part], span: Span) -> list[str]:
        if span.read_as:
            return span.read_as.split(" ")
        return [piece.text for piece in pieces[span.start : span.end] if piece.text not in NOISE]

    def _span_at(self, pieces: Sequence[Part], at: int, done: int, text: str) -> Span | None:
        piece = pieces[at]
        word = piece.text
        if piece.kind == "version":
            if not (word[0] in "or" or word.endswith("o")) or word not in self._index.words:
                return None
            return self._grow(pieces, at, done, word, text)
        if piece.kind != "word":
            return None
        if word in STRONG_ANCHORS:
            return self._grow(pieces, at, done, word, text)
        if word in self._index.words:
            return self._ordinary(pieces, at, done, text)
        meant = self._typo(pieces, at)
        return self._grow(pieces, at, done, meant, text) if meant else None

    def _typo(self, pieces: Sequence[Part], at: int) -> str | None:
        """The anchor that a misspelt word means: one letter off; a word of the language only where a number follows."""
        word = pieces[at].text
        if word in ("gtp", "pgt"):
            return "gpt"
        meant = near_anchor(word)
        if meant is None or word in ORGANISATIONS:
            return None
        if word in NOT_TYPOS or len(word) < 5:
            after = pieces[at + 1] if at + 1 < len(pieces) else None
            close = after is not None and after.glue is not None
            if not close or after is None or after.text not in self._index.words or after.kind == "word":
                return None
        return meant

    # Ordinary words.

    def _ordinary(self, pieces: Sequence[Part], at: int, done: int, text: str) -> Span | None:
        """A name that starts at, or around, a word that is also an ordinary one."""
        word = pieces[at].text
        if word in ("flash", "mini", "nano"):
            return self._tier_with_version(pieces, at, done, text)
        if word not in SEMI_ANCHORS and word not in LINES:
            return self._written_as_id(pieces, at, done, text)
        span = self._grow(pieces, at, done, word, text)
        if span is None:
            return None
        if self._made_by(pieces, at, word):
            return span
        named = pieces[span.start : span.end]
        if len(named) == 1:
            return span if word == "opus" and self._lone_opus(pieces, at) else None
        tight = all(piece.glue in _TIGHT for piece in named[1:])
        capital = all(text[piece.start].isupper() for piece in named if piece.kind == "word")
        decimal = any(piece.kind == "version" and "." in piece.text for piece in named)
        if word in SEMI_ANCHORS:
            if named[-1].text == "a" and not (tight or capital):  # "run command a"
                return None
            return span if self._is_known(named) or tight else None
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
            if not version and (pieces[at].text, neighbour) != ("flash", "lite"):
                continue
            if self._fits(pieces[at].text, neighbour):
                end = self._grow_right(pieces, second + 1, {pieces[at].text, neighbour}, first)
                return Span(first, end)
        return None

    def _written_as_id(self, pieces: Sequence[Part], at: int, done: int, text: str) -> Span | None:
        """Any other word of a model's name, when it is written like an id with a number in it ("goliath-120b")."""
        if pieces[at].text in TIERS or at + 1 >= len(pieces) or pieces[at + 1].glue not in _TIGHT:
            return None
        if at > done and pieces[at].glue in _TIGHT:
            return None
        end = at + 1
        while end < len(pieces) and pieces[end].glue in _TIGHT and end - at < _LONGEST:
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

    # Growing.

    def _grow(self, pieces: Sequence[Part], at: int, done: int, meant: str, text: str) -> Span | None:
        """The longest name around the anchor at `at`, which means the word `meant`."""
        if meant == "chatgpt":
            meant = "gpt"
        start = at
        core = {meant}
        while start > done and at - start < 3:
            piece, glue = pieces[start - 1], pieces[start].glue
            if glue is None or not self._precedes(pieces, start - 1, glue, core, meant):
                break
            if piece.kind == "version":
                core.add(piece.text)
            start -= 1
        return Span(start, self._grow_right(pieces, at + 1, core, start))

    def _precedes(self, pieces: Sequence[Part], place: int, glue: str, core: set[str], meant: str) -> bool:
        piece = pieces[place]
        if piece.kind == "word":
            if piece.text == "text" and meant == "embedding":
                return glue in _TIGHT
            if (piece.text, meant) in (
                ("chat", "gpt"),
                ("us", "claude"),
                ("global", "claude"),
                ("eu", "claude"),
            ):
                return piece.text == "chat" or glue == "."
            if piece.text in ("open", "azure"):
                return False
            maker = ORGANISATIONS.get(piece.text)
            if glue in ("/", "."):
                return maker is not None or (
                    glue == "/" and piece.text in ("llama", "ai", "vertex", "bedrock", "together")
                )
            return (
                maker is not None
                and meant in LINES
                and LINES[meant].maker == maker
                and piece.text not in LINES
            )
        if piece.kind == "version":
            plausible = glue in _TIGHT or "." in piece.text
            return plausible and bool(self._index.having_all({*core, piece.text}))
        return False

    def _fits(self, *core: str) -> bool:
        return bool(self._index.having_all(core))

    def _grow_right(self, pieces: Sequence[Part], end: int, core: set[str], start: int) -> int:
        """The end of a name that has the parts `core` so far; `core` is extended."""
        while end < len(pieces) and end - start < _LONGEST:
            piece = pieces[end]
            if piece.glue is None:
                break
            if not self._continues(pieces, end, core):
                break
            if piece.kind != "date" and piece.text not in NOISE and self._index.having(piece.text):
                core.add(piece.text)
            end += 1
        return self._with_unknown(pieces, end, core, start)

    def _continues(self, pieces: Sequence[Part], place: int, core: set[str]) -> bool:
        """Whether the part at `place` belongs to the known name before it."""
        piece = pieces[place]
        text, tight = piece.text, piece.glue in _TIGHT
        if piece.glue not in _SPACES and not tight:
            return piece.glue == ":" and (text == "0" or (text in SIDE_OFFERS and self._fits(*core, text)))
        after = pieces[place + 1] if place + 1 < len(pieces) else None
        follows = after.text if after is not None and after.glue is not None else ""
        match piece.kind:
            case "word":
                return self._word_continues(text, tight, follows, core)
            case "version":
                if not self._fits(*core, text):
                    return False
                return tight or "." in text or self._is_version_not_count(text, follows, core)
            case "size":
                return self._fits(*core, text) and (tight or follows not in AFTER_QUANTITY)
            case "label":
                return tight or (self._fits(*core, text) and follows not in AFTER_COUNT)
            case "date":
                return tight or self._is_snapshot(text, core)
            case "number":
                code = 4 <= len(text) <= 6 and text.isdigit()
                return code and (
                    tight or (self._is_snapshot("@" + text, core) and follows not in AFTER_COUNT)
                )
        return False

    def _word_continues(self, text: str, tight: bool, follows: str, core: set[str]) -> bool:
        if text in NOISE:
            return tight or text in ("instruct", "preview")
        if not self._fits(*core, text):
            return False
        if tight:
            return True
        if text == "pro" and follows in PER_WORDS:  # German "pro Tag": per day
            return False
        if text in CAREFUL and follows in CAREFUL_FOLLOWERS:
            return False
        if text in SIDE_OFFERS:
            return self._sold_by_maker({*core, text})
        return len(text) > 1 or "command" in core

    def _sold_by_maker(self, core: set[str]) -> bool:
        """Whether a maker's own API has it, so that "fast" is part of the name and no way of serving."""
        for position in self._index.having_all(core):
            if any(self._index.row(rowid).own >= 0 for rowid in self._index.spelled(position).rows):
                return True
        return False

    def _is_version_not_count(self, text: str, follows: str, core: set[str]) -> bool:
        """Whether a whole number after a name is a version: not before a quantity word; before a counted noun only where a model
        has exactly that name ("gpt 4 requests")."""
        if follows in AFTER_QUANTITY:
            return False
        if follows not in AFTER_COUNT:
            return True
        return self._is_full_name({*core, text})

    def _is_full_name(self, core: set[str]) -> bool:
        found = (self._index.spelled(position) for position in self._index.having_all(core))
        return any(spelled.core - core <= LINES.keys() for spelled in found)

    def _is_snapshot(self, date: str, core: set[str]) -> bool:
        return any(date in self._index.spelled(position).dates for position in self._index.having_all(core))

    # What goes on like a name but is none.

    def _with_unknown(self, pieces: Sequence[Part], end: int, core: set[str], start: int) -> int:
        if end >= len(pieces) or pieces[end].glue is None:
            return end
        piece = pieces[end]
        if (
            piece.glue in ("-", "_", "")
            and piece.text not in ENDINGS
            and not (piece.glue == "" and piece.kind == "word")
        ):
            stop = end + 1
            while stop < len(pieces) and pieces[stop].glue in _TIGHT and stop - start < _LONGEST:
                if pieces[stop].text in ENDINGS:
                    break
                stop += 1
            revised = stop < len(pieces) and pieces[stop].glue == ":" and pieces[stop].text == "0"
            return stop + revised  # AWS ids end in ":0"
        if piece.glue == "" and piece.kind == "word" and end == start + 1 and piece.text not in ENDINGS:
            return end + 1
        if piece.glue not in _SPACES:
            return end
        after = pieces[end + 1] if end + 1 < len(pieces) else None
        follows = after.text if after is not None and after.glue is not None else ""
        if self._is_unknown_part(piece, follows, core, alone=after is None or after.glue is None):
            stop = end + 1
            while stop < len(pieces) and stop - start < _LONGEST and self._goes_on(pieces, stop):
                stop += 1
            return stop
        return end

    def _is_unknown_part(self, piece: Part, follows: str, core: set[str], alone: bool) -> bool:
        """Whether a part after a space reads as a version, size or tier that no model of this name has."""
        counted = follows in AFTER_COUNT or follows in AFTER_QUANTITY or follows.isdigit()
        versioned = any(kind_of(part) == "version" for part in core)
        match piece.kind:
            case "version":
                if versioned or counted or piece.text[0] in "kmor":
                    return False
                return "." in piece.text or len(piece.text) == 1 or alone or follows in CONJUNCTIONS
            case "size":
                return not counted and any(
                    part in LINES and LINES[part].open_weights is not False for part in core
                )
            case "word":
                if piece.text in NAMED_TIERS:
                    return piece.text not in core and not counted
                return (
                    not versioned
                    and len(core) == 1
                    and piece.text in TIERS - SIDE_OFFERS - CAREFUL
                    and (alone or follows in CONJUNCTIONS)
                )
        return False

    def _goes_on(self, pieces: Sequence[Part], place: int) -> bool:
        piece = pieces[place]
        if piece.glue is None:
            return False
        if piece.glue in _TIGHT:
            return piece.text not in ENDINGS
        follows = pieces[place + 1].text if place + 1 < len(pieces) else ""
        if piece.kind == "size":
            return follows not in AFTER_QUANTITY and follows not in AFTER_COUNT
        return piece.kind == "word" and piece.text in NAMED_TIERS


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
