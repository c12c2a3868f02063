"""Reads a name as people write it, by one rule after the other until one finds a model: as an API's id, as its parts, without what
only says how the model is run, without a revision, with its misspellings put right, as a maker's newest.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from knowledge.makers import LINES, MAKERS, PROVIDER_SPELLINGS
from knowledge.misspellings import Corrector
from knowledge.name_index import NameIndex, Row, kind_of
from knowledge.ranking import Found, How
from knowledge.reading import Written, read, unlisted_host
from knowledge.records import Provider
from knowledge.resolver import Resolver
from knowledge.spellings import ORGANISATIONS, Spelling, fold, joined, parts, spelling

_SAME_PRICE = "{!r} is how it is run, at the same price per token"
_OWN_PRICE = "{!r} is how it is run, at a price of its own that stands beside the standard one"
_MODES = {
    **dict.fromkeys(["thinking", "high", "low", "minimal", "xhigh"], _SAME_PRICE),
    **dict.fromkeys(["batch", "flex", "priority"], _OWN_PRICE),
}
"""Words for how hard a model thinks, which changes the tokens that it writes and not what one costs, and for how it is served."""
_REVISION = re.compile(r"\b(v[1-9])\W*$")
_NEWEST_WORDS = frozenset(["latest", "newest", "new", "current", "flagship", "model", "s", "the"])
_NEWEST = re.compile(r"\b(?:latest|newest|new|current|flagship)\b")


class Reading(NamedTuple):
    """What a name means (None: nothing), at which provider it says, and else the rows of models that it may have meant."""

    found: Found | None
    provider: str | None
    near: Sequence[int] = ()
    host: str | None = None
    """Somebody who is named as the seller and whose prices are not on record."""


def _is_revision_of_a_line(name: Spelling) -> bool:
    """ "deepseek v0.1": revisions are of a model ("mistral 7b v0.3"); after a bare line such a number is no version that it has."""
    numbered = any(kind_of(part) in ("version", "size") for part in name.core)
    return not numbered and any(date.startswith("@v") for date in name.dates)


class NameReader:
    """Applies the rules; safe to use from several threads."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        index: NameIndex,
        resolver: Resolver,
        providers: Mapping[str, Provider],
    ) -> None:
        self._connection = connection
        self._index = index
        self._resolver = resolver
        self._providers = providers
        self._corrector = Corrector(index)

    def read(self, mention: str, provider: str | None) -> Reading:
        """What a mention means at a provider, or where it says itself, or wherever it is bought best."""
        written = read(mention, self._index)
        place = provider or written.provider
        if place is not None and place not in self._providers:
            place = None
        name = spelling(written.pieces)
        found = self._find(name, place)
        literal = self._literal(written, place, found)
        if literal is not None:
            found = Found("exact", literal, (), self._newer_note(literal, name, found))
        if found is None or found.family or (found.row is not None and found.row.own < 0):
            found = self._without_mode(name, place, found) or found
        if found is None:
            found = self._without_revision(mention, name, place) or self._corrected(written, name, place)
        if found is None:
            found = self._newest_of_maker(mention, name)
        if found is not None and (not self._may_be_made_by(name, found) or _is_revision_of_a_line(name)):
            found = None
        if found is None and provider is None and (nowhere := self._at_unlisted_host(mention)):
            return nowhere
        if found is None and provider is None and (elsewhere := self._at_last_word(mention)):
            return elsewhere
        return Reading(found, place, () if found is not None else self._near(name, written))

    def _may_be_made_by(self, name: Spelling, found: Found) -> bool:
        """Whether a name that says a maker and no line can mean this model: "elevenlabs flash" is no Gemini."""
        makers = {ORGANISATIONS[word] for word in name.noise if word in ORGANISATIONS}
        if not makers or found.row is None or any(part in LINES for part in name.core):
            return True
        own = found.row.line not in LINES or LINES[found.row.line].maker in makers
        return own or any(found.row.provider in MAKERS[maker].apis for maker in makers)

    def _at_unlisted_host(self, mention: str) -> Reading | None:
        """ "llama 70b on deepinfra": a model that is known, from a seller whose prices are not."""
        pieces = joined(parts(fold(mention)))
        host = next((found for at in range(len(pieces)) if (found := unlisted_host(pieces, at))), None)
        if host is None:
            return None
        start, end = pieces[host.start].start, pieces[host.end - 1].end
        rest = f"{mention[:start]} {mention[end:]}".strip()
        reading = self.read(rest, None) if rest else None
        if reading is None or reading.found is None or reading.found.row is None:
            return None
        sellers = tuple(dict.fromkeys((reading.found.row, *reading.found.others)))
        return Reading(Found("provider_missing", None, sellers), None, host=host.name)

    def _at_last_word(self, mention: str) -> Reading | None:
        """ "deepseek-r1 fireworks": a provider whose name is a word too, where nothing else can be meant."""
        rest, _, last = mention.strip().rpartition(" ")
        place = PROVIDER_SPELLINGS.get(fold(last)) if rest else None
        if place is None or place not in self._providers:
            return None
        reading = self.read(rest, place)
        return reading if reading.found is not None else None

    def _find(self, name: Spelling, provider: str | None) -> Found | None:
        """What a spelling means; "ChatGPT" is read as GPT where no model is called so."""
        if name.core[:2] == ("chat", "gpt"):
            name = name._replace(core=("chatgpt", *name.core[2:]))
        found = None if name.core == ("chatgpt",) else self._resolver.find(name, provider)
        if found is None and "chatgpt" in name.core:
            name = name._replace(core=tuple("gpt" if word == "chatgpt" else word for word in name.core))
            found = self._resolver.find(name, provider)
        if found is None and any(kind_of(part) == "label" for part in name.core):
            name = name._replace(core=tuple(part for part in name.core if kind_of(part) != "label"))
            found = self._resolver.find(name, provider)
        if found is not None and found.how == "ambiguous" and found.row is None and provider is None:
            for maker in (
                ORGANISATIONS[word] for word in name.noise if word in ORGANISATIONS
            ):  # "cohere embed"
                for api in MAKERS[maker].apis[:1]:
                    found = self._resolver.find(name, api) or found
        return found

    def _without_mode(self, name: Spelling, provider: str | None, as_said: Found | None) -> Found | None:
        """The maker's own model for a name that says how it shall be run ("o3 high", "gpt-5 batch")."""
        modes = [word for word in name.core if word in _MODES]
        if not modes:
            return None
        core = tuple(word for word in name.core if word not in _MODES)
        found = self._resolver.find(name._replace(core=core), provider)
        if found is None or found.row is None:
            return None
        if as_said is not None and (found.row.own < 0 or found.family):
            return None
        return found._replace(note=_MODES[modes[0]].format(modes[0]))

    def _without_revision(self, mention: str, name: Spelling, provider: str | None) -> Found | None:
        """The model for a name that also says a revision of it ("claude 3.5 sonnet v2"), of which the list has one price."""
        revision = _REVISION.search(fold(mention))
        versions = [part for part in name.core if kind_of(part) == "version"]
        if revision is None or len(versions) != 2:
            return None
        core = tuple(part for part in name.core if part != versions[1])
        found = self._resolver.find(name._replace(core=core), provider)
        if found is None or found.how != "exact":
            return None
        return found._replace(
            note=f"the list has one price for all its revisions, {revision[1]} too", family=True
        )

    def _newest_of_maker(self, mention: str, name: Spelling) -> Found | None:
        """ "Anthropic's latest": the newest of the maker's main line."""
        if not _NEWEST.search(fold(mention)):
            return None
        words = {*name.core, *name.noise} - _NEWEST_WORDS
        makers = {ORGANISATIONS.get(word) for word in words}
        line = _main_line(next(iter(makers))) if len(makers) == 1 else None
        return None if line is None else self._resolver.find(Spelling((line,), (), ()), None)

    def _literal(self, written: Written, provider: str | None, found: Found | None) -> Row | None:
        """The model whose API accepts exactly what was written: at the provider, or at its maker's own API; or the only host whose
        id it is, spelled with that host's own endings."""
        if written.literal is None:
            return None
        rows = [
            (self._index.row(rowid), kind)
            for rowid, kind in self._connection.execute(
                "select model_rowid, kind from names where name = ? and kind in ('id', 'alias') order by kind desc, 1",
                (written.literal,),
            )
        ]
        rows.sort(key=lambda entry: (entry[1] != "id", entry[0].own))
        if provider is not None:
            return next((row for row, _ in rows if row.provider == provider), None)
        for row, _ in rows:
            if row.own >= 0:
                return row
        name = spelling(written.pieces)
        own_ending = bool(name.dates) or any(kind_of(part) == "word" for part in name.noise)
        if own_ending and found is not None and found.how == "ambiguous" and found.row is not None:
            hosts = {row.provider: row for row, kind in rows if kind == "id" and not row.deprecated}
            return next(iter(hosts.values())) if len(hosts) == 1 else None
        return None

    def _newer_note(self, row: Row, name: Spelling, found: Found | None) -> str | None:
        """For an id that is also a family's name ("mistral-large"): what the family's newest member is."""
        if found is None or found.row is None or not found.family or found.row.rowid == row.rowid:
            return None
        return f"as the API's id; the newest of that name is {found.row.id}"

    def _corrected(self, written: Written, said: Spelling, provider: str | None) -> Found | None:
        for name in self._corrector.readings(written.pieces):
            found = self._find(name, provider)
            if found is not None:
                if not self._may_be_made_by(said, found):
                    continue  # "cohere rerank" is nobody else's reranker
                how: How = "corrected" if found.how in ("exact", "family") else found.how
                return found._replace(how=how, corrected=True)
        return None

    def _near(self, name: Spelling, written: Written) -> list[int]:
        known = [part for part in name.core if part in self._index.words]
        if not any(kind_of(part) == "word" for part in known):
            for reading in self._corrector.readings(
                [piece for piece in written.pieces if piece.kind == "word"]
            ):
                known = [part for part in reading.core if part in self._index.words]
                break
        if not any(kind_of(part) == "word" for part in known):
            line = _main_line(ORGANISATIONS.get("".join(name.core)))
            return [row.rowid for row in self._resolver.like([line])] if line else []
        return [row.rowid for row in self._resolver.like(known)]


def _main_line(maker: str | None) -> str | None:
    """The line that a maker is known for: the first of its lines."""
    return next((line for line, entry in LINES.items() if entry.maker == maker), None)
