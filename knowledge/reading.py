"""Reads what somebody wrote for a model into its parts: which words are the model, which name the place where it is sold.

Spacing and punctuation never matter ("gpt4omini", "deep seek r1", "us.anthropic.claude-haiku-4-5-20251001-v1:0"). Letters are
corrected only when the name means nothing as it stands, and only words that no model's name has; numbers never.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from knowledge.makers import (
    ALSO_A_WORD,
    LINES,
    PROVIDER_SPELLINGS,
    UNLISTED_HOSTS,
    UNLISTED_ONLY_AFTER_PREPOSITION,
    UNLISTED_ONLY_AS_CLOUD,
)
from knowledge.name_index import NameIndex, kind_of
from knowledge.spellings import (
    ORGANISATIONS,
    Part,
    fold,
    id_parts,
    joined,
    organisation,
    parts,
    spelling,
)

_PREPOSITION_WORDS = """
    on via at from through by over in with using under inside within bei auf über von mit durch sur chez en dans avec por con da
    su tramite op pe
"""
PREPOSITIONS = frozenset(_PREPOSITION_WORDS.split())
_LISTING = frozenset(["and", "or", "vs", "versus", "und", "oder", "et", "ou", "y", "e"])
_FILLER_WORDS = """
    the an models llm price pricing cost costs of for s new newest current recent neueste neuestes neuester neues aktuelle
"""
_FILLERS = frozenset(_FILLER_WORDS.split())
_LONGEST_PROVIDER = max(spelled.count(" ") + 1 for spelled in PROVIDER_SPELLINGS)
_PROVIDER_STARTS = frozenset(spelled.split(" ")[0] for spelled in PROVIDER_SPELLINGS)


class Written(NamedTuple):
    """A name as written: its parts, the provider that it names itself, and its text as an API would write it."""

    pieces: list[Part]
    provider: str | None
    literal: str | None


class ProviderSpan(NamedTuple):
    """Parts `start` to `end` (exclusive) name a provider; `marked`: a preposition stands before them."""

    start: int
    end: int
    provider: str
    marked: bool


def providers_in(
    pieces: Sequence[Part], known: Callable[[str], bool] = lambda _: True
) -> Iterator[ProviderSpan]:
    """Where providers are named, longest first, in order. Words that also mean something else need a preposition before them."""
    position = 0
    listed = -1  # where a list of providers may go on: "on groq, together and fireworks"
    while position < len(pieces):
        text = pieces[position].text
        found = None
        if text in _PROVIDER_STARTS:
            marked = position == listed or (position > 0 and pieces[position - 1].text in PREPOSITIONS)
            found = _provider_at(pieces, position, marked, known)
        if found is not None:
            yield found
            position = found.end
            listed = position if found.marked else -1
            continue
        if position == listed and text in _LISTING:
            listed += 1
        position += 1


def _provider_at(
    pieces: Sequence[Part], start: int, marked: bool, known: Callable[[str], bool]
) -> ProviderSpan | None:
    words: list[str] = []
    best: ProviderSpan | None = None
    for end in range(start, min(start + _LONGEST_PROVIDER, len(pieces))):
        piece = pieces[end]
        if end > start and piece.glue is None:
            break
        words.append(piece.text)
        spelled = " ".join(words)
        provider = PROVIDER_SPELLINGS.get(spelled)
        if provider is not None and known(provider) and (marked or spelled not in ALSO_A_WORD):
            best = ProviderSpan(start, end + 1, provider, marked)
    return best


def is_platform(spelled_provider: str) -> bool:
    """Whether a provider's name names a place to buy ("bedrock"), not also who makes models ("google")."""
    return spelled_provider.replace(" ", "") not in ORGANISATIONS


class Host(NamedTuple):
    """Parts `start` to `end` (exclusive) name somebody who sells models and whose prices are not on record."""

    start: int
    end: int
    name: str


def unlisted_host(pieces: Sequence[Part], first: int) -> Host | None:
    """The host without prices that is named from a part on, or after a preposition that stands there."""
    at = first
    marked = at < len(pieces) and pieces[at].text in PREPOSITIONS
    at += marked
    if at >= len(pieces) or (name := UNLISTED_HOSTS.get(pieces[at].text)) is None:
        return None
    if not marked and pieces[at].text in UNLISTED_ONLY_AFTER_PREPOSITION:
        return None
    follows = at + 1 < len(pieces) and pieces[at + 1].text in ("cloud", "cortex", "ai", "gateway")
    if pieces[at].text in UNLISTED_ONLY_AS_CLOUD and not follows:
        return None  # "qwen from alibaba" says who made it
    return Host(first, at + 1 + follows, name)


_AWS_ID = re.compile(
    r"^(?:(?:global|regional|us-gov|us|eu|apac|au|jp|in)\.)?[a-z0-9]+\.[a-z][a-z0-9.:-]*-[a-z0-9.:-]+$"
)
_VERTEX_ID = re.compile(r"^[a-z][a-z0-9.-]*@(?:\d{8}|latest|default)$")


def read(text: str, index: NameIndex) -> Written:
    """The parts of a name, without fillers, without the provider that it names ("haiku via bedrock", "groq/llama-3.3-70b")."""
    folded = fold(text).strip(" \n\r.,;!?\"'`()[]{}<>*")
    literal = None if " " in folded else folded
    if literal and ("/" in literal or _AWS_ID.match(literal) or _VERTEX_ID.match(literal)):
        provider = _provider_of_id(literal)
        pieces = id_parts(literal)
        if literal.startswith("global."):
            pieces.append(Part("global", "word", 0, 0, None))
        if pieces:
            return Written(pieces, provider, literal)
    pieces = [piece for piece in _compounds(joined(parts(folded)), index) if not _is_filler(piece)]
    pieces = _spaced_versions(_spoken_versions(pieces, index), index)
    provider = None
    for span in providers_in(pieces):
        spelled = " ".join(piece.text for piece in pieces[span.start : span.end])
        rest = [*pieces[: span.start - span.marked], *pieces[span.end :]]
        if not rest or not (span.marked or is_platform(spelled)):
            continue
        return Written(rest, span.provider, literal)
    return Written(pieces, provider, literal)


_SPOKEN = {
    word: str(number) for number, word in enumerate("one two three four five six seven eight nine".split(), 1)
}


def _spoken_versions(pieces: list[Part], index: NameIndex) -> list[Part]:
    """ "gpt five", "sonnet four point five": versions that are spelled out."""
    result: list[Part] = []
    for piece in pieces:
        if not result or piece.text not in _SPOKEN or piece.text in index.words:
            result.append(piece)
            continue
        number = piece._replace(text=_SPOKEN[piece.text], kind="version")
        whole = result[-2] if len(result) > 1 and result[-1].text == "point" else None
        if whole is not None and whole.kind == "version":
            result[-2:] = [whole._replace(text=f"{whole.text}.{number.text}", end=piece.end)]
        else:
            result.append(number)
    return result


def _spaced_versions(pieces: list[Part], index: NameIndex) -> list[Part]:
    """Put "opus 4 5" together to 4.5 where there is such a model; "opus 5 5" never means opus 5."""
    for place in range(1, len(pieces)):
        first, second = pieces[place - 1 : place + 1]
        numbers = first.kind == second.kind == "version" and (first.text + second.text).isdigit()
        if not numbers or second.glue not in (" ", "  "):
            continue
        whole = first._replace(text=f"{first.text}.{second.text}", end=second.end)
        together = [*pieces[: place - 1], whole, *pieces[place + 1 :]]
        if first.text == second.text or index.having_all(spelling(together).core):
            return together
    return pieces


def _is_filler(piece: Part) -> bool:
    return piece.text in _FILLERS and (piece.text != "s" or piece.glue is None)


def _provider_of_id(literal: str) -> str | None:
    *path, _ = literal.split("/")
    for segment in path:
        words = re.sub(r"[^a-z0-9]+", " ", segment).strip()
        if words in ("cf", "workers"):
            return "cloudflare"
        if words in PROVIDER_SPELLINGS and is_platform(words):
            return PROVIDER_SPELLINGS[words]
    if path:
        return None
    if _VERTEX_ID.match(literal):
        return "google"
    return "aws" if organisation(literal) in ORGANISATIONS or literal.startswith("global.") else None


def _compounds(pieces: list[Part], index: NameIndex) -> list[Part]:
    """Parts with words put together that people write apart ("open ai", "deep seek") and taken apart that they write together."""
    result: list[Part] = []
    for piece in pieces:
        before = result[-1] if result else None
        if before is not None and before.kind == piece.kind == "word" and piece.glue is not None:
            whole = before.text + piece.text
            known = index.words.get(before.text) and index.words.get(piece.text)
            maker = whole in ORGANISATIONS and piece.text not in LINES
            if whole == "chatgpt" or maker or (whole in LINES and not known):
                result[-1] = Part(whole, "word", before.start, piece.end, before.glue)
                continue
        if piece.kind == "word" and piece.text not in index.words and (halves := _halves(piece, index)):
            result.extend(halves)
            continue
        result.append(piece)
    return result


def _halves(piece: Part, index: NameIndex) -> list[Part]:
    text = piece.text
    if len(text) < 7 or len(text) > 24 or text in ORGANISATIONS or text in PROVIDER_SPELLINGS:
        return []
    for cut in range(3, len(text) - 2):
        first, second = text[:cut], text[cut:]
        if first in LINES and kind_of(second) == "word" and second in index.words:
            middle = piece.start + cut
            return [
                Part(first, "word", piece.start, middle, piece.glue),
                Part(second, "word", middle, piece.end, ""),
            ]
    return []
