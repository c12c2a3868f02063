"""How models that fit a name are told apart and put in order: what a spelling adds to the name, what is plainly on offer, which of
several is the newest or the main one, and who sells it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from knowledge.makers import LINES, SELLERS
from knowledge.name_index import Row, Spelled, kind_of
from knowledge.spellings import PartKind, Spelling

How = Literal["exact", "family", "corrected", "ambiguous", "unknown", "provider_missing"]

NICKNAMES = {
    "flash": "gemini",
    "opus": "claude",
    "sonnet": "claude",
    "haiku": "claude",
    "mini": "gpt",
    "nano": "gpt",
}
"""Lines that a word means when it stands without one, although others use the word too."""
_SIDE_OFFER_WORDS = """
    batch free extended fast us highspeed ultrafast ultraspeed ft contributor cyber rosalind decisions prime thinking chat non tool
    base
"""
SIDE_OFFERS = frozenset(_SIDE_OFFER_WORDS.split())
"""Words of special servings and editions, which a bare family name does not mean."""
_TIER_WORDS = """
    mini nano micro lite light tiny small medium large ultra max plus pro premier turbo flash super high long next prime express
    image audio vision code coder vl omni base instruct
"""
TIERS = frozenset(_TIER_WORDS.split()) | SIDE_OFFERS
"""Words that tell members of many lines apart, and so name no model without a line."""


_PURPOSE_WORDS = "image audio vision live realtime tts transcribe voice video embedding ocr search guard safeguard moderation"
PURPOSES = frozenset(_PURPOSE_WORDS.split())
"""Words that say what a model is for; one is never added to a name that does not have it."""


class Hit(NamedTuple):
    """A model that fits, the spelling by which it does, and what that spelling has beyond the name."""

    row: Row
    spelled: Spelled
    extra: frozenset[str]

    @property
    def product(self) -> frozenset[str]:
        """What identifies the model whoever sells it."""
        return self.spelled.core | {self.row.line}


class Found(NamedTuple):
    """What a name means: `row` is the one model, `others` the candidates, best first."""

    how: How
    row: Row | None = None
    others: tuple[Row, ...] = ()
    note: str | None = None
    family: bool = False
    corrected: bool = False


PLAIN = Spelling((), (), ())


def rest_of(core: Collection[str], hit: Hit) -> frozenset[str]:
    """What a hit's spelling has beyond the name and beyond its line's name, which a name may leave out ("sonnet 5.5")."""
    if hit.row.line in hit.extra and not any(part in LINES for part in core):
        return hit.extra - {hit.row.line}
    return hit.extra


def is_telling(core: Collection[str]) -> bool:
    """Whether a name can mean a model at all: "70b", "5.5" and "ultra" alone cannot."""
    words = {part for part in core if kind_of(part) == "word"}
    lettered = any(
        kind_of(part) == "version" and not part.replace(".", "").isdigit() for part in core
    )  # "4o", "o3", "r1"
    if any(len(word) > 1 for word in words - TIERS) or lettered:
        return True
    return bool(words & NICKNAMES.keys()) and (len(core) > 1 or not words <= {"mini", "nano"})


def rest_kinds(core: Collection[str], hit: Hit) -> set[PartKind]:
    return {kind_of(part) for part in rest_of(core, hit)}


def of_nickname(core: frozenset[str], hits: list[Hit]) -> list[Hit]:
    if any(part in LINES for part in core):
        return hits
    for word, line in NICKNAMES.items():
        if word in core and (meant := [hit for hit in hits if hit.row.line == line]):
            return meant
    return hits


def offered(hits: list[Hit]) -> list[Hit]:
    """Without what is no longer sold, unless nothing else is left."""
    return [hit for hit in hits if not hit.row.deprecated] or hits


def plain_offers(core: frozenset[str], hits: list[Hit]) -> list[Hit]:
    """Generally available text models before others; special servings only where the name asks for them."""
    rest = [hit for hit in hits if SIDE_OFFERS.isdisjoint(hit.extra)] or hits
    rest = [hit for hit in rest if hit.row.line in core] or rest
    sold = offered(rest)
    text = [hit for hit in sold if hit.row.modality == "text"] or sold
    return [hit for hit in text if not hit.row.preview] or text


def plainest(hits: Collection[Hit]) -> list[Hit]:
    """The model of which all others that fit are extensions by name ("GPT-3.5 Turbo" of "GPT-3.5 Turbo 16k"), if there is one."""
    least = min(hits, key=lambda hit: len(hit.product)).product
    return [hit for hit in hits if hit.product == least] if all(least <= hit.product for hit in hits) else []


def only_old_snapshots(exact: Iterable[Hit], hits: Iterable[Hit], name: Spelling) -> bool:
    """Whether the maker lists what the name spells only as dated snapshots, and models that go on without a date besides."""
    own = [hit for hit in exact if hit.row.own >= 0]
    dated = bool(own) and not name.dates and all(hit.spelled.dates for hit in own)
    return dated and any(hit.row.own >= 0 and not hit.spelled.dates and hit.extra for hit in hits)


def age(hit: Hit) -> tuple[tuple[int, ...], str]:
    return hit.row.version, hit.row.date


def rank_of_flagship(hit: Hit) -> tuple[int, int]:
    """How near a member is to what a line's bare name means, and how many words it has more."""
    words = [part for part in hit.spelled.core if kind_of(part) == "word" and part != hit.row.line]
    flagship = LINES[hit.row.line].flagship if hit.row.line else ()
    places = [place for place, word in enumerate(flagship) if word in words or (not word and not words)]
    return (min(places, default=len(flagship)), len(words))


def flagship_of(core: frozenset[str], peers: list[Hit]) -> Hit | None:
    """The one of equally new members that a family name means, or None when no rule tells."""
    best = min(map(rank_of_flagship, peers))
    chosen = [hit for hit in peers if rank_of_flagship(hit) == best]
    newest = max(hit.row.date for hit in chosen)
    products = {hit.product for hit in chosen}
    if len(products) > 1 and newest and len({hit.row.provider for hit in chosen}) == 1:
        chosen = [hit for hit in chosen if hit.row.date == newest]
        products = {hit.product for hit in chosen}
    return min(chosen, key=lambda hit: preference(hit, PLAIN)) if len(products) == 1 else None


def preference(hit: Hit, name: Spelling) -> tuple[object, ...]:
    """Order of rows that are the same model: what the name asks for, then what is sold plainly."""
    row, spelled = hit.row, hit.spelled
    dates = set(name.dates)
    open_line = row.line in LINES and LINES[row.line].open_weights is not False
    return (
        not spelled.dates >= dates,
        row.deprecated,
        bool(spelled.dates - dates),
        len((spelled.noise ^ set(name.noise)) - _FOR_CHAT),
        bool((spelled.noise | hit.extra) & _FOR_CHAT) is not (open_line or bool(_FOR_CHAT & set(name.noise))),
        row.id.startswith("global.") is not ("global" in name.noise),
        row.preview,
        len(row.id),
        row.id,
    )


_FOR_CHAT = frozenset(["instruct", "it", "chat", "hf"])
"""Of an open model people mean the edition that follows instructions, not the raw one beside it."""


def one_a_seller(ranked: Iterable[Hit]) -> tuple[Row, ...]:
    """Each seller's best row: the maker's own API, then hosts in the order of SELLERS, then the rest; old snapshots and what is
    discontinued last."""
    best: dict[str, Hit] = {}
    for hit in ranked:
        best.setdefault(hit.row.provider, hit)

    def order(hit: Hit) -> tuple[bool, bool, bool, int, str]:
        provider = hit.row.provider
        place = SELLERS.index(provider) if provider in SELLERS else len(SELLERS)
        return hit.row.deprecated, hit.row.own < 0, bool(hit.spelled.dates), place, provider

    return tuple(hit.row for hit in sorted(best.values(), key=order))


def endpoint_note(same: Sequence[Hit]) -> str | None:
    """Bedrock sells most models at two prices: in a region, which is what a plain id means, and by its global endpoint."""
    both = same[0].row.id.startswith("regional.") and any(hit.row.id.startswith("global.") for hit in same)
    return "at the regional endpoint; the global one has a price of its own" if both else None


def snapshot_note(hit: Hit, name: Spelling, note: str | None) -> str | None:
    if name.dates and not hit.spelled.dates >= set(name.dates):
        return "the price list has no separate price for that snapshot" + (f"; {note}" if note else "")
    return note


def as_family(found: Found, why: str) -> Found:
    if found.how == "exact":
        return found._replace(how="family", family=True, note=f"{why}; {found.note}" if found.note else why)
    return found._replace(family=True, note=f"{why}; {found.note}" if found.note else why)
