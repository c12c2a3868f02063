"""A tokenizer's vocabulary as a file that is looked up where it lies, for counting the tokens of a question.

tiktoken holds two hundred thousand byte strings in tables of its own, which takes a third of a second and eighty megabytes. A
question is short, so here the vocabulary is compiled once into a hash table in a file: opening it takes milliseconds, a look-up a
microsecond, and only the pages that are touched are in memory. The counts are the same (a test holds them against tiktoken).
"""

from __future__ import annotations

import binascii
import json
import mmap
from array import array
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    import regex

_MAGIC = b"aicost vocabulary 1\n"
_HEAD = 8192
"""Bytes before the tables: the magic line and one of JSON."""
_REMEMBERED = 4096
"""Pieces of one text whose tokens are remembered while it is counted."""


class Damaged(ValueError):
    """A file that is no whole vocabulary."""


def compiled(rank_file: bytes, pattern: str) -> bytes:
    """The file of a vocabulary, from a published rank file (a token in base64 and its rank a line, in the order of the ranks) and
    the pattern that cuts a text into pieces. Raises ValueError for ranks with a gap."""
    count = rank_file.count(b"\n")
    slots = 1 << (2 * count).bit_length()
    table = array("I", bytes(4 * slots))
    starts = array("I", [0])
    tokens = bytearray()
    at = 0
    for place in range(count):
        end = rank_file.index(b"\n", at)
        written, _, rank = rank_file[at:end].partition(b" ")
        if int(rank) != place:
            raise ValueError(f"rank {int(rank)} stands in place {place}")
        token = binascii.a2b_base64(written)
        slot = crc32(token) & (slots - 1)
        while table[slot]:
            slot = (slot + 1) & (slots - 1)
        table[slot] = place + 1
        tokens += token
        starts.append(len(tokens))
        at = end + 1
    body = b"".join((table, starts, tokens))
    head = {"pattern": pattern, "slots": slots, "tokens": count, "crc": crc32(body)}
    return (_MAGIC + json.dumps(head).encode() + b"\n").ljust(_HEAD) + body


class Vocabulary:
    """A compiled vocabulary, open for counting; safe to use from several threads."""

    def __init__(self, content: bytes | mmap.mmap) -> None:
        """Raises `Damaged` for content that `compiled` did not make."""
        try:
            head = json.loads(content[len(_MAGIC) : content.find(b"\n", len(_MAGIC))])
            slots, count = int(head["slots"]), int(head["tokens"])
            if content[: len(_MAGIC)] != _MAGIC or crc32(memoryview(content)[_HEAD:]) != head["crc"]:
                raise Damaged("the file is damaged")
            self._pattern_source: str = head["pattern"]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise Damaged("the file is no vocabulary") from error
        numbers = memoryview(content)[_HEAD : _HEAD + 4 * (slots + count + 1)].cast("I")
        self._content = content
        self._mask = slots - 1
        self._table = numbers[:slots]
        self._starts = numbers[slots:]
        self._first = _HEAD + 4 * (slots + count + 1)
        self._pattern: regex.Pattern[str] | None = None

    @classmethod
    def open(cls, path: Path) -> Vocabulary:
        """Open a file. Raises OSError where it cannot be read, and `Damaged`."""
        with path.open("rb") as file:
            if file.seek(0, 2) < _HEAD:
                raise Damaged("the file is too short")
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def count(self, text: str) -> int:
        """How many tokens a text has."""
        if self._pattern is None:
            import regex

            self._pattern = regex.compile(self._pattern_source)
        known: dict[str, int] = {}
        pairs: dict[bytes, int] = {}
        total = 0
        for match in self._pattern.finditer(text):
            piece = match.group()
            tokens = known.get(piece)
            if tokens is None:
                data = piece.encode()
                tokens = 1 if self.rank(data) >= 0 else self._merged(data, pairs)
                if len(known) < _REMEMBERED:
                    known[piece] = tokens
            total += tokens
        return total

    def rank(self, token: bytes) -> int:
        """The rank of a token; -1 for bytes that are none."""
        content, starts, first, length = self._content, self._starts, self._first, len(token)
        slot = crc32(token) & self._mask
        while entry := self._table[slot]:
            start = starts[entry - 1]
            if starts[entry] - start == length and content[first + start : first + start + length] == token:
                return entry - 1
            slot = (slot + 1) & self._mask
        return -1

    def _merged(self, data: bytes, pairs: dict[bytes, int]) -> int:
        """How many tokens are left of a piece when neighbours are merged, those of the lowest rank first, until none can be.

        `pairs` remembers ranks for one text.
        """
        size = len(data)
        after = list(
            range(1, size + 1)
        )  # where the part that starts here ends, which is where the next one starts
        before = list(range(-1, size - 1))
        ranks: list[int] = [-1] * size  # of the part that starts here together with the next one

        def rank_at(start: int) -> int:
            end = after[start]
            if end >= size:
                return -1
            joined = data[start : after[end]]
            found = pairs.get(joined)
            if found is None:
                found = self.rank(joined)
                if len(pairs) < _REMEMBERED:
                    pairs[joined] = found
            return found

        queue = []
        for start in range(size):
            ranks[start] = rank = rank_at(start)
            if rank >= 0:
                queue.append((rank, start))
        heapify(queue)
        left = size
        while queue:
            rank, start = heappop(queue)
            if ranks[start] != rank:
                continue  # one of the two was merged with another meanwhile
            gone = after[start]
            after[start] = after[gone]
            ranks[gone] = -1
            if after[gone] < size:
                before[after[gone]] = start
            left -= 1
            for changed in (before[start], start):
                if changed >= 0:
                    ranks[changed] = new = rank_at(changed)
                    if new >= 0:
                        heappush(queue, (new, changed))
        return left
