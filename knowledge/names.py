"""What the price list's models are called: who made each, its line, version and purpose, and all its spellings.

`describe` reads a model's id and display name; `write_names` fills the table that `knowledge.catalogue` resolves mentions with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from knowledge.makers import LINES, MAKER_BY_START, MAKERS, OPEN_MEMBERS
from knowledge.name_index import kind_of, write_index
from knowledge.spellings import (
    ORGANISATIONS,
    Part,
    fold,
    id_parts,
    line_of,
    name_parts,
    organisation,
    spelling,
    version_of,
)

if TYPE_CHECKING:
    from sqlite_utils import Database

    from knowledge.records import Modality


class Description(NamedTuple):
    """What a name tells about a model. `family` names the line and its tier ("claude sonnet"), `version` orders it by age."""

    maker: str
    family: str
    version: tuple[int, ...]
    modality: Modality
    preview: bool
    open_weights: bool | None


_AUDIO_WORDS = "audio realtime live transcribe whisper tts sonic voice speech orpheus voxtral lyria eleven"
# First match wins. The words of a name, then the units that such a model is priced in.
_MODALITIES: tuple[tuple[Modality, frozenset[str], frozenset[str]], ...] = (
    ("moderation", frozenset(["moderation", "guard", "safeguard", "llamaguard", "safety"]), frozenset()),
    ("rerank", frozenset(["rerank", "reranker", "pairrm"]), frozenset()),
    ("embedding", frozenset(["embedding", "bge", "gte", "voyage"]), frozenset()),
    ("ocr", frozenset(["ocr", "paddleocr"]), frozenset(["input_document_kpages"])),
    ("video", frozenset(["video", "sora", "veo"]), frozenset(["output_video_mtok"])),
    ("image", frozenset(["image", "banana", "dall", "flux", "imagen"]), frozenset(["output_image_mtok"])),
    (
        "audio",
        frozenset(_AUDIO_WORDS.split()),
        frozenset(["audio_hours", "input_audio_hours", "input_mchars", "output_audio_mtok"]),
    ),
    ("search", frozenset(["search"]), frozenset()),
    (
        "other",
        frozenset(["computer", "robotics", "indictrans", "distilbert", "decider", "router"]),
        frozenset(),
    ),
)
_PREVIEW = frozenset(["preview", "exp", "experimental", "beta", "alpha"])


def describe(
    provider_id: str,
    model_id: str,
    name: str | None,
    description: str | None = None,
    price_keys: Collection[str] = (),
    deprecated: bool = False,
) -> Description:
    """What is known of a model of the price list by its id and display name alone.

    `price_keys` are the units that it is priced in, which tell an image or audio model from a text model; the long description
    is not read, because it speaks of other models too.
    """
    from_id = id_parts(model_id)
    from_name = name_parts(name) if name else []
    own = organisation(model_id)
    line = line_of(from_id) or line_of(from_name) or (own if own in LINES else None)
    version = version_of(from_id)
    named = version_of(from_name)
    without_dot = len(named) == 2 and version == (10 * named[0] + named[1],)  # "qwen35" for Qwen3.5
    if named and (not version or line_of(from_id) is None or without_dot):
        version = named
    words = {piece.text for piece in (*from_id, *from_name)}
    return Description(
        maker=_maker(provider_id, model_id, line, own),
        family=_family(line, from_name if from_name and line_of(from_id) is None else from_id),
        version=version,
        modality=_modality(words, price_keys),
        preview=not _PREVIEW.isdisjoint(words),
        open_weights=_open_weights(line, words),
    )


def _maker(provider_id: str, model_id: str, line: str | None, own: str) -> str:
    """A line's maker; of open lines that others finetune, and of unknown lines, whom the id names; else the provider's."""
    for start, maker in MAKER_BY_START.items():
        if model_id.startswith(start):
            return maker
    finetuner = own if own not in ORGANISATIONS and own not in _NO_MAKERS else ""
    if line is not None and not LINES[line].base:
        return finetuner or LINES[line].maker
    if own and own not in _NO_MAKERS:
        return ORGANISATIONS.get(own, own)
    if line is not None:
        return LINES[line].maker
    return next((maker for maker, entry in MAKERS.items() if provider_id in entry.apis), "unknown")


_NO_MAKERS = frozenset(["", "cf", "models", "alpindale"])  # paths, and somebody who only copies weights


def _family(line: str | None, pieces: Collection[Part]) -> str:
    words = {piece.text for piece in pieces if piece.kind == "word"}
    tier = [text for text in spelling(pieces).core if text in words and text != line]
    return " ".join([line, *tier] if line else tier)


def _modality(words: set[str], price_keys: Collection[str]) -> Modality:
    if {"deep", "research"} <= words:
        return "search"
    for modality, names, keys in _MODALITIES:
        if not names.isdisjoint(words) or not keys.isdisjoint(price_keys):
            return modality
    return "text"


def _open_weights(line: str | None, words: set[str]) -> bool | None:
    if line is None:
        return None
    return True if not OPEN_MEMBERS.isdisjoint(words) else LINES[line].open_weights


def clause_spellings(clause: Any) -> Iterator[str]:
    """The literal spellings that a match clause of the price list accepts: `equals`, on its own or under `or`."""
    if isinstance(clause, dict):
        if isinstance(value := clause.get("equals"), str):
            yield value
        for part in clause.get("or") or ():
            yield from clause_spellings(part)


def shown_name(model_id: str, name: str | None, match: Any) -> str:
    """What to call a model: its display name, except where that is the name of a special offer that the model's entry also covers
    ("o4 Mini High" for o4-mini, since o4-mini-high costs the same)."""
    if not name or name == model_id:
        return model_id
    own, named = set(spelling(id_parts(model_id)).core), set(spelling(name_parts(name)).core)
    if not own < named or any(kind_of(part) != "word" for part in named - own):
        return name
    others = (set(spelling(id_parts(alias)).core) for alias in clause_spellings(match))
    return model_id if any(alias == named for alias in others) else name


def name_rows(models: Iterable[tuple[int, str, str | None, str | None]]) -> Iterator[tuple[str, int, str]]:
    """Rows (name, model_rowid, kind) for the table `names`, from (rowid, id, name, match clause as JSON) of each model.

    Kinds: `id` and `alias` are what an API accepts, word for word in lower case; `parts` is a spelling cut into parts, its core
    first, then dates marked "@", then noise marked "~".
    """
    for rowid, model_id, name, match in models:
        literal = fold(model_id)
        yield literal, rowid, "id"
        aliases = sorted({fold(alias) for alias in clause_spellings(json.loads(match or "{}"))} - {literal})
        for alias in aliases:
            yield alias, rowid, "alias"
        keys: dict[str, None] = {}
        if amazon := _AMAZON_VERSION.match(literal):  # elsewhere "nova-pro-v1"
            aliases.append(f"{amazon[1]}-{amazon[2]}")
        spelled = [pieces for alias in aliases if not _is_moving(pieces := id_parts(alias))]
        for pieces in (id_parts(model_id), *_telling_names(name, model_id), *spelled):
            keys.update(dict.fromkeys((_key(pieces), _key(_without_series(pieces)))))
        for key in keys:
            if key:
                yield key, rowid, "parts"


def _key(pieces: Collection[Part]) -> str:
    core, dates, noise = spelling(pieces)
    return " ".join([*core, *dates, *("~" + word for word in noise)])


def _is_moving(pieces: Collection[Part]) -> bool:
    """Whether an alias only points at whatever is newest ("gemini-flash-latest"), and so names a family."""
    words = {piece.text for piece in pieces}
    return "latest" in words and not any(piece.kind in ("version", "size") for piece in pieces)


def _without_series(pieces: Collection[Part]) -> list[Part]:
    """ "Kimi K2.5" is also written "Kimi 2.5"."""
    return [
        piece._replace(text=piece.text[1:]) if piece.kind == "version" and piece.text[0] in "km" else piece
        for piece in pieces
    ]


_AMAZON_VERSION = re.compile(r"^(?:[a-z]+\.)?amazon\.(.+)-(v\d):0$")
_TWO_VERSIONS = re.compile(r"^(.*[^\d.])(\d[\d.]*) ?(?:/|and|&) ?(\d[\d.]*)$")


def _telling_names(name: str | None, model_id: str) -> Iterator[list[Part]]:
    """The parts of a display name, unless it leaves out what tells the model from its siblings ("gpt 4" for gpt-4-32k)."""
    if not name or name == model_id:
        return
    if both := _TWO_VERSIONS.match(name):
        yield name_parts(both[1] + both[2])
        yield name_parts(both[1] + both[3])
        return
    from_id = id_parts(model_id)
    from_name = name_parts(name)
    lost = set(spelling(from_id).core) - set(spelling(from_name).core)
    gained = set(spelling(from_name).core) - set(spelling(from_id).core)
    sizes = {piece.text for piece in from_id if piece.kind == "size"}
    line = line_of(from_id)
    open_line = line is not None and LINES[line].open_weights is not False
    if gained or not lost or (open_line and lost <= sizes):
        yield from_name


def write_names(db: Database) -> None:
    """Create and fill the tables `names` and `name_index` of a knowledge base that holds its models; mark makers' own APIs."""
    db.table("names").create(
        {"name": str, "model_rowid": int, "kind": str},
        not_null={"name", "model_rowid", "kind"},
        foreign_keys=[("model_rowid", "models", "rowid")],
        strict=True,
    )
    models = db.execute("select rowid, id, name, match from models").fetchall()
    db.table("names").insert_all(
        {"name": name, "model_rowid": rowid, "kind": kind} for name, rowid, kind in name_rows(models)
    )
    db.table("names").create_index(["name"])
    own = [api for maker in MAKERS.values() for api in maker.apis]
    db.execute(f"update providers set is_maker = 1 where id in ({', '.join('?' * len(own))})", own)
    write_index(db)
