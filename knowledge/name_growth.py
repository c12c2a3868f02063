"""Decides how far a model's name reaches in a sentence, from the word that starts it to both sides.

A name grows as long as some model has all of its parts. Numbers are the trap: in "gpt-4o 500 tokens" and "sonnet 4 million tokens"
they count something, in "gpt 4 1000 requests" the first belongs to the name. What goes on like a name but fits no model ("gpt-7",
"claude-foo-9") is taken whole, so that it can be said to be unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.makers import LINES
from knowledge.mention_words import (
    AFTER_COUNT,
    AFTER_QUANTITY,
    CAREFUL,
    CAREFUL_FOLLOWERS,
    CONJUNCTIONS,
    COUNTED_LINES,
    ENDINGS,
    NAMED_TIERS,
    PER_WORDS,
    WEAK_TIERS,
)
from knowledge.misspellings import near_tier
from knowledge.name_index import NameIndex, kind_of
from knowledge.ranking import SIDE_OFFERS
from knowledge.spellings import NOISE, ORGANISATIONS, Part

LONGEST = 12
"""Parts that a name has at most; what goes on after them is cut off."""
TIGHT = frozenset(["", "-", "_"])
"""What joins parts without a space."""
_SPACES = frozenset([" ", "  "])
_PER_TOKENS = frozenset(["million", "millions", "1m", "m", "mtok", "mio", "1k", "k", "thousand", "token"])
_ASKED_OF_A_NAME = frozenset(
    [
        "price",
        "prices",
        "pricing",
        "cost",
        "costs",
        "rate",
        "rates",
        "preis",
        "preise",
        "prix",
        "precio",
        "api",
        "batch",
    ]
)
"""Words that ask something of the name before them, so that a number between is a version and counts nothing."""
_REGIONS = frozenset(["us", "eu", "apac", "global", "au", "jp", "gov"])


class NameGrowth:
    """Finds the ends of a name in a list of parts."""

    def __init__(self, index: NameIndex) -> None:
        self._index = index

    def fits(self, *core: str) -> bool:
        return bool(self._index.having_all(core))

    def around(self, pieces: Sequence[Part], at: int, done: int, meant: str) -> tuple[int, int]:
        """Start and end (exclusive) of the longest name around the anchor at `at`, which means the word `meant`; parts before
        `done` belong to another name."""
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
        return start, self.right(pieces, at + 1, core, start)

    def _precedes(self, pieces: Sequence[Part], place: int, glue: str, core: set[str], meant: str) -> bool:
        piece = pieces[place]
        if piece.kind == "word":
            if piece.text == "text" and meant in ("embedding", "davinci", "ada", "babbage", "curie"):
                return glue in TIGHT
            if piece.text == "chat":
                return meant == "gpt"
            if piece.text in _REGIONS:
                return glue == "."
            maker = ORGANISATIONS.get(piece.text)
            if glue in ("/", "."):
                return maker is not None or (glue == "/" and piece.text in ("llama", "ai"))
            own = meant in LINES and LINES[meant].maker == maker
            return own and (piece.text not in LINES or glue == "-")
        if piece.kind == "version":
            plausible = glue in TIGHT or "." in piece.text
            return plausible and bool(self._index.having_all({*core, piece.text}))
        return False

    def right(self, pieces: Sequence[Part], end: int, core: set[str], start: int) -> int:
        """The end of a name that has the parts `core` so far; `core` is extended."""
        while end < len(pieces) and end - start < LONGEST:
            piece = pieces[end]
            if piece.glue is None:
                break
            if not self._continues(pieces, end, core):
                meant = near_tier(piece.text) if self._is_strange(piece) else None
                if meant is None or meant in core or not self.fits(*core, meant):
                    break
                core.add(meant)
                end += 1
                continue
            if piece.kind != "date" and piece.text not in NOISE and self._index.having(piece.text):
                core.add(piece.text)
            end += 1
        return self._with_unknown(pieces, end, core, start)

    def _is_strange(self, piece: Part) -> bool:
        return (
            piece.kind == "word" and piece.glue in (_SPACES | TIGHT) and piece.text not in self._index.words
        )

    def _continues(self, pieces: Sequence[Part], place: int, core: set[str]) -> bool:
        """Whether the part at `place` belongs to the known name before it."""
        piece = pieces[place]
        text, tight = piece.text, piece.glue in TIGHT
        if piece.glue not in _SPACES and not tight:
            return piece.glue == ":" and (text == "0" or (text in SIDE_OFFERS and self.fits(*core, text)))
        after = pieces[place + 1] if place + 1 < len(pieces) else None
        follows = after.text if after is not None and after.glue is not None else ""
        match piece.kind:
            case "word":
                return self._word_continues(text, tight, follows, core)
            case "version":
                before = pieces[place - 1]
                if not tight and text.isdigit() and before.kind == "version" and before.text.isdigit():
                    counts = follows.isdigit() or follows in AFTER_COUNT or follows in AFTER_QUANTITY
                    return not counts and self.fits(*(core - {before.text}), f"{before.text}.{text}")
                if not self.fits(*core, text):
                    return False
                return tight or "." in text or self._is_version_not_count(text, follows, core)
            case "size":
                return self.fits(*core, text) and (tight or follows not in AFTER_QUANTITY)
            case "label":
                return tight or (self.fits(*core, text) and follows not in AFTER_COUNT)
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
        if not self.fits(*core, text):
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
        return self.is_full_name({*core, text}) and not core <= COUNTED_LINES

    def is_full_name(self, core: set[str]) -> bool:
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
            while stop < len(pieces) and pieces[stop].glue in TIGHT and stop - start < LONGEST:
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
        second = pieces[end + 2].text if end + 2 < len(pieces) and pieces[end + 2].glue is not None else ""
        if follows == "per" and second in _PER_TOKENS:
            follows = "price"  # "claude 12 per million"
        if self._is_unknown_part(piece, follows, core, alone=after is None or after.glue is None):
            stop = end + 1
            while stop < len(pieces) and stop - start < LONGEST and self._goes_on(pieces, stop):
                stop += 1
            return stop
        return end

    def _is_unknown_part(self, piece: Part, follows: str, core: set[str], alone: bool) -> bool:
        """Whether a part after a space reads as a version, size or tier that no model of this name has."""
        counted = follows in AFTER_COUNT or follows in AFTER_QUANTITY or follows.isdigit()
        versioned = any(kind_of(part) == "version" for part in core)
        match piece.kind:
            case "version":
                if versioned:
                    return False
                if piece.text[0] in "kmor":
                    return self._has_lettered_versions(piece.text[0], core)
                if counted:
                    return False
                asked = follows in CONJUNCTIONS or follows in _ASKED_OF_A_NAME or kind_of(follows) == "size"
                return "." in piece.text or len(piece.text) == 1 or alone or asked
            case "size":
                return not counted and any(
                    part in LINES and LINES[part].open_weights is not False for part in core
                )
            case "word":
                if piece.text in NAMED_TIERS:
                    return piece.text not in core and not counted
                clause_ends = alone or follows in CONJUNCTIONS
                return not versioned and len(core) == 1 and piece.text in WEAK_TIERS and clause_ends
        return False

    def _has_lettered_versions(self, letter: str, core: set[str]) -> bool:
        """Whether a line's versions are written with this letter ("kimi k3"), so that "kimi k9" is an unknown one of it."""
        found = (self._index.spelled(position).core for position in self._index.having_all(core))
        return any(part[0] == letter and kind_of(part) == "version" for spelled in found for part in spelled)

    def _goes_on(self, pieces: Sequence[Part], place: int) -> bool:
        piece = pieces[place]
        if piece.glue is None:
            return False
        if piece.glue in TIGHT:
            return piece.text not in ENDINGS
        follows = pieces[place + 1].text if place + 1 < len(pieces) else ""
        if piece.kind == "size":
            return follows not in AFTER_QUANTITY and follows not in AFTER_COUNT
        return piece.kind == "word" and piece.text in NAMED_TIERS
