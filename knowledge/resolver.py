"""Decides which model a name means. The rules, in order:

1. Parts must match. A name means only models that have all of its words, versions and sizes in a spelling of theirs; a version or
   size is never replaced by a near one. Letters may be corrected, and the result says so.
2. A name that spells a model in full is that model. A name without a version is a family and means its newest generally available
   text member at the provider; of equally new members the line's flagship (`knowledge.makers.LINES`). A name with a version that
   fits several models is ambiguous.
3. A named provider sells it. Without one it is the maker's own API. A model that its maker does not sell is offered by several
   hosts: then the first of `knowledge.makers.SELLERS` is assumed, and the result lists them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from knowledge.makers import LINES
from knowledge.name_index import NameIndex, Row, kind_of
from knowledge.ranking import (
    PLAIN,
    PURPOSES,
    SIDE_OFFERS,
    TIERS,
    Found,
    Hit,
    age,
    as_family,
    endpoint_note,
    flagship_of,
    is_telling,
    of_nickname,
    offered,
    one_a_seller,
    only_old_snapshots,
    plain_offers,
    plainest,
    preference,
    rank_of_flagship,
    rest_kinds,
    rest_of,
    snapshot_note,
)
from knowledge.spellings import Spelling

MOST_CANDIDATES = 8
MOST_SUGGESTIONS = 5


class Resolver:
    """Applies the rules to a name in parts. `fallbacks` are the providers whose prices stand in at another (Azure: OpenAI)."""

    def __init__(
        self, index: NameIndex, fallbacks: Mapping[str, Sequence[str]], provider_names: Mapping[str, str]
    ) -> None:
        self._index = index
        self._fallbacks = fallbacks
        self._names = provider_names

    def find(self, name: Spelling, provider: str | None) -> Found | None:
        """What the name means at the provider (None: wherever it should be bought), or None when nothing has all its parts."""
        hits = self._hits(name)
        if provider is None:
            hits = [hit for hit in hits if hit.row.priced] or hits
        if not hits:
            return None
        core = frozenset(name.core)
        if not is_telling(core):
            return None
        kinds = {kind_of(part) for part in core}
        if kinds == {"word"}:
            return self._family(core, hits, name, provider)
        return self._member(core, hits, name, provider)

    def _hits(self, name: Spelling, provider: str | None = None) -> list[Hit]:
        """The models that have all parts of the name (of all providers, or of one), each by its nearest spelling."""
        core = frozenset(name.core)
        best: dict[int, tuple[tuple[int, int, int], Hit]] = {}
        for position in self._index.having_all(core):
            spelled = self._index.spelled(position)
            extra = spelled.core - core
            cost = (len(extra), len(spelled.dates.symmetric_difference(name.dates)), len(spelled.noise))
            for rowid in spelled.rows:
                if rowid not in best or cost < best[rowid][0]:
                    row = self._index.row(rowid)
                    if provider is None or row.provider == provider:
                        best[rowid] = (cost, Hit(row, spelled, extra))
        hits = [hit for _, hit in best.values()]
        return of_nickname(core, hits)

    # A name with a version or a size.

    def _member(
        self, core: frozenset[str], hits: list[Hit], name: Spelling, provider: str | None
    ) -> Found | None:
        line = _only_line(core)
        if line is not None and not name.dates:
            hits = [
                hit for hit in hits if hit.row.line == line
            ]  # "llama 3 405b" is no finetune of another name
            if not hits:
                return None
        exact = [hit for hit in hits if not rest_of(core, hit)]
        if exact and only_old_snapshots(exact, hits, name):
            hits = [hit for hit in hits if hit not in exact]
            exact = []
        dated = [hit for hit in hits if name.dates and hit.spelled.dates >= set(name.dates)]
        if not dated and not any(kind_of(part) == "version" for part in core):
            versioned = [hit for hit in hits if rest_kinds(core, hit) <= {"version", "number"}]
            if any(rest_of(core, hit) or hit.row.version for hit in versioned):
                return self._newest(core, versioned, name, provider)
        if exact:
            here = (
                [hit for hit in hits if hit.row.own >= 0 and hit.row.line in core] if provider is None else []
            )
            if not here or any(hit.row.own >= 0 for hit in exact):
                return self._offer(exact, name, provider)
            hits = here  # a host's short id for what the maker's own API spells in full
        sized = [hit for hit in hits if rest_kinds(core, hit) == {"size"}]
        if sized and len({rest_of(core, hit) for hit in offered(sized)}) == 1:
            return self._offer(offered(sized), name, provider)
        only_line = all(part in LINES or kind_of(part) == "version" for part in core)
        if only_line and not dated and not any(hit.row.modality == "text" for hit in hits):
            return None  # "gpt-2" is not gpt-image-2
        if not dated:
            hits = [hit for hit in hits if PURPOSES.isdisjoint(rest_of(core, hit))]
        if not hits:
            return None
        wider = plain_offers(core, [hit for hit in hits if hit in dated] or hits)
        if plain := plainest(wider):
            found = self._offer(plain, name, provider)
            only = len(plain) == len(wider)
            why = "the only one of that name on offer" if only else "the plain model of that name"
            return found if dated else as_family(found, why)
        return self._ambiguous(core, wider, provider, self._minor_versions(name))

    def _minor_versions(self, name: Spelling) -> list[Hit]:
        """Models of 6.1, 6.2, … for a name with 6, to be shown beside those of 6."""
        hits: list[Hit] = []
        for version in (part for part in name.core if part.isdigit()):
            for minor in (word for word in self._index.words if word.startswith(version + ".")):
                core = tuple(minor if part == version else part for part in name.core)
                hits += plain_offers(frozenset(core), self._hits(Spelling(core, (), ())))
        return hits

    # A name of words alone.

    def _family(
        self, core: frozenset[str], hits: list[Hit], name: Spelling, provider: str | None
    ) -> Found | None:
        exact = [hit for hit in hits if not rest_of(core, hit)]
        if name.dates and (dated := [hit for hit in hits if hit.spelled.dates >= set(name.dates)]):
            exact = [hit for hit in exact if hit in dated] or dated
            if len({hit.product for hit in exact}) == 1:
                return self._offer(exact, name, provider)
        if len(core) == 1 and core <= LINES.keys():
            line = next(iter(core))
            members = [hit for hit in hits if hit.row.line == line]
            return self._newest(core, members or hits, name, provider)
        versioned = [hit for hit in hits if rest_kinds(core, hit) <= {"version"}]
        if any(rest_of(core, hit) or hit.row.version for hit in versioned):
            once = [hit for hit in versioned if len(rest_of(core, hit)) <= 1]
            return self._newest(core, once or versioned, name, provider)
        if exact:
            return self._offer(exact, name, provider)
        sized = [
            hit for hit in hits if all(kind_of(part) in ("size", "version") for part in rest_of(core, hit))
        ]
        if sized:
            return self._newest(core, sized, name, provider)
        near = [hit for hit in hits if _adds_one_tier(core, hit)]
        if not near:
            return None
        if core & LINES.keys():
            return self._newest(core, near, name, provider)
        wider = plain_offers(core, near)
        if len({hit.product for hit in wider}) == 1:
            return as_family(self._offer(wider, name, provider), "the only one of that name on offer")
        return self._ambiguous(core, wider, provider)

    def _newest(self, core: frozenset[str], hits: list[Hit], name: Spelling, provider: str | None) -> Found:
        """The newest generally available text member of a family, at the provider or else the maker's own API."""
        here = self._at(hits, provider)
        elsewhere = not here and provider is not None
        if not here:
            here = [hit for hit in hits if hit.row.own >= 0] or hits
        members = plain_offers(core, here)
        if len({hit.row.line for hit in members}) > 1 and not core & LINES.keys():
            return self._ambiguous(core, members, provider)
        if members[0].row.modality != "text":  # "gpt image" is rather gpt-image-2 than gpt-5-image
            start = "-".join(name.core)
            members = [hit for hit in members if hit.row.id.startswith(start)] or members
        newest = max(members, key=age)
        peers = [hit for hit in members if hit.row.version == newest.row.version]
        chosen = flagship_of(core, peers)
        if chosen is None:
            return self._ambiguous(core, peers, provider)
        same = [
            hit for hit in hits if hit.product == chosen.product and hit.row.version == newest.row.version
        ]
        found = self._offer(same, name, provider)
        one_version = len({hit.row.version for hit in members}) == 1
        if elsewhere or (one_version and not rest_of(core, chosen)):
            return found
        available = not (chosen.row.deprecated or chosen.row.preview)
        why = "the newest generally available" if available else "the newest there is"
        if len({hit.product for hit in peers}) > 1:
            why += ", of several equally new ones the main one"
        return as_family(found, why)

    # Who sells it.

    def _at(self, hits: Iterable[Hit], provider: str | None) -> list[Hit]:
        """The hits at a provider or those whose prices stand in there; without one, at the makers' own APIs."""
        if provider is None:
            return [hit for hit in hits if hit.row.own >= 0]
        places = (provider, *self._fallbacks.get(provider, ()))
        return [hit for hit in hits if hit.row.provider in places]

    def _offer(self, hits: list[Hit], name: Spelling, provider: str | None) -> Found:
        """The row of one product (`hits` may hold several spellings and sellers of it) to take."""
        ranked = sorted(hits, key=lambda hit: preference(hit, name))
        if provider is not None:
            for place in (provider, *self._fallbacks.get(provider, ())):
                at_place = [hit for hit in ranked if hit.row.provider == place]
                if at_place:
                    note = endpoint_note(at_place) if place == provider else self._stand_in(place, provider)
                    return Found("exact", at_place[0].row, (), snapshot_note(at_place[0], name, note))
            return Found("provider_missing", None, one_a_seller(ranked))
        own = sorted((hit for hit in ranked if hit.row.own >= 0), key=lambda hit: hit.row.own)
        if own:
            return Found("exact", own[0].row, (), snapshot_note(own[0], name, endpoint_note(own)))
        sellers = one_a_seller(ranked)
        seller = self._names[sellers[0].provider]
        if len(sellers) == 1:
            return Found("exact", sellers[0], (), f"sold only by {seller}")
        note = f"not sold by its maker; taken at {seller}, the first of {len(sellers)} hosts"
        return Found("ambiguous", sellers[0], sellers, note)

    def _stand_in(self, place: str, provider: str) -> str:
        return f"{self._names[provider]} lists no price of its own for it; {self._names[place]}'s list price stands in"

    def _ambiguous(
        self, core: frozenset[str], hits: list[Hit], provider: str | None, less_likely: Collection[Hit] = ()
    ) -> Found:
        """The different models that fit, newest first, each at the place where it would be bought."""
        rows: dict[frozenset[str], Row] = {}
        for group in (hits, less_likely):
            here = self._at(group, provider) or list(group)
            here.sort(key=lambda hit: (*rank_of_flagship(hit), len(hit.extra), preference(hit, PLAIN)))
            here.sort(key=age, reverse=True)
            for hit in here:
                if hit.product not in rows:
                    rows[hit.product] = one_a_seller(other for other in here if other.product == hit.product)[
                        0
                    ]
        candidates = tuple(dict.fromkeys(rows.values()))[:MOST_CANDIDATES]
        return Found("ambiguous", None, candidates, "the name fits several models")

    def sellers(self, name: Spelling) -> tuple[Row, ...]:
        """The model that a name spells in full, at every provider that lists it, the maker's own API first."""
        core = frozenset(name.core)
        exact = [hit for hit in self._hits(name) if not rest_of(core, hit)]
        return one_a_seller(sorted(exact, key=lambda hit: preference(hit, name)))

    def members(self, line: str, provider: str) -> list[Row]:
        """The plain text models of a line on offer at a provider, newest first, each once."""
        hits = [
            hit
            for hit in self._hits(Spelling((line,), (), ()), provider)
            if hit.row.line == line and hit.row.modality == "text"
        ]
        hits = [hit for hit in hits if SIDE_OFFERS.isdisjoint(hit.spelled.core)]
        hits = [hit for hit in hits if not hit.row.deprecated and not hit.row.preview and hit.row.priced]
        hits.sort(key=lambda hit: (*rank_of_flagship(hit), preference(hit, PLAIN)))
        hits.sort(key=age, reverse=True)
        products: dict[frozenset[str], Row] = {}
        for hit in hits:
            products.setdefault(hit.product, hit.row)
        return list(products.values())

    def like(self, core: Collection[str]) -> tuple[Row, ...]:
        """Models that share parts with a name that means none, the most alike and newest first."""
        shared: dict[int, int] = {}
        for part in core:
            weight = 4 if part in LINES else 3 if kind_of(part) == "word" else 1
            for position in self._index.having(part):
                shared[position] = shared.get(position, 0) + weight
        most = max(shared.values(), default=0)
        # Few are wanted of hundreds, so only the best of them are put in order to the last.
        chosen: dict[int, Row] = {}
        products: set[frozenset[str]] = set()
        for count in (most, most - 1):
            alike = [position for position, parts_shared in shared.items() if parts_shared == count]
            for hits in self._groups(alike, core):
                for hit in hits:
                    if hit.product not in products:
                        products.add(hit.product)
                        chosen.setdefault(hit.row.rowid, hit.row)
                if len(chosen) >= MOST_SUGGESTIONS:
                    return tuple(chosen.values())[:MOST_SUGGESTIONS]
        return tuple(chosen.values())

    def _groups(self, positions: Iterable[int], core: Collection[str]) -> Iterator[list[Hit]]:
        """The models of some spellings in order: of the lines that are named, sold by their maker, plain, and new ones first."""
        own_line = any(part in LINES for part in core)
        groups: dict[tuple[bool, bool, bool, tuple[int, ...]], list[Hit]] = {}
        for position in positions:
            spelled = self._index.spelled(position)
            extra = spelled.core.difference(core)
            side = not SIDE_OFFERS.isdisjoint(extra)
            for row in map(self._index.row, spelled.rows):
                order = (
                    own_line and row.line not in core,
                    row.own < 0,
                    row.deprecated or row.preview or row.modality != "text" or side,
                    tuple(-number for number in (*row.version, -1)),
                )
                groups.setdefault(order, []).append(Hit(row, spelled, extra))
        for order in sorted(groups):
            yield sorted(groups[order], key=lambda hit: (*rank_of_flagship(hit), preference(hit, PLAIN)))


def _adds_one_tier(core: frozenset[str], hit: Hit) -> bool:
    """Whether a spelling has at most one word more than the name, and one that a name may leave out ("gemini lite")."""
    words = {part for part in rest_of(core, hit) if kind_of(part) == "word"}
    return len(words) <= 1 and words <= TIERS - PURPOSES


def _only_line(core: Collection[str]) -> str | None:
    """The line that is the only word of a name, beside versions and sizes."""
    words = [part for part in core if kind_of(part) == "word"]
    return words[0] if len(words) == 1 and words[0] in LINES else None
