"""What a model's name says: who made it, which line it belongs to, which version and size, and what it is for.

People, price lists and APIs spell one model in many ways ("claude-sonnet-5-5", "anthropic/claude-sonnet-5.5", "Claude 5.5
Sonnet"). Here each spelling is cut into parts whose order and punctuation no longer matter: words, versions, sizes, dates, and
noise that changes nothing ("instruct", "fp8"). Two spellings are the same model when their words, versions and sizes are.

Pure functions over text: nothing here knows prices, providers' offers or the database, except that `write_names` fills the
tables which `knowledge.catalogue` reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from knowledge.makers import LINES, MAKERS, OPEN_MEMBERS

if TYPE_CHECKING:
    from sqlite_utils import Database

    from knowledge.records import Modality

PartKind = Literal["word", "version", "size", "label", "number", "date"]


class Part(NamedTuple):
    """One piece of a text: `text` is normalised, `start` and `end` are offsets; `glue` is what stands between it and the part
    before, None where that is more than joining punctuation."""

    text: str
    kind: PartKind
    start: int
    end: int
    glue: str | None


class Description(NamedTuple):
    """What a name tells about a model. `family` names the line and its tier ("claude sonnet"), `version` orders it by age."""

    maker: str
    family: str
    version: tuple[int, ...]
    modality: Modality
    preview: bool
    open_weights: bool | None


class Spelling(NamedTuple):
    """One spelling in parts. `core` identifies the model, in the order written; `dates` and `noise` only tell snapshots apart."""

    core: tuple[str, ...]
    dates: tuple[str, ...]
    noise: tuple[str, ...]


_PARTS = re.compile(
    r"""
      (?P<date>20[12]\d-[01]\d-[0-3]\d(?!\d) | 20[12]\d[01]\d[0-3]\d(?!\d) | [01]\d-20[12]\d(?!\d)
             | (?<![\d.,])0\d-[0-3]\d(?!\d) | (?<![\d.,])2[345]\.(?:0[1-9]|1[0-2])(?![\d.]))
    | (?P<omni>[1-9]o(?=mini|[^a-z0-9]|$))
    | (?P<size>\d{1,2}x\d{1,3}b(?![a-z0-9]) | \d+(?:[.,]\d+)?[bt](?![a-z0-9])
             | (?<![a-z0-9])[aer]\d+(?:\.\d+)?b(?![a-z0-9]))
    | (?P<label>\d+(?:[.,]\d+)?[kme](?![a-z0-9]))
    | (?P<series>(?<![a-z0-9])(?:o[1-9]|[kmrv]\d{1,2}(?:[.,p]\d{1,2})*)(?=mini|pro|[^a-z0-9]|$))
    | (?P<number>\d+(?:p\d{1,2}(?![a-z0-9])|(?:[.,]\d+)*))
    | (?P<word>[^\W\d_]+)
    | (?P<plus>(?<=[a-z0-9])\+(?![\w+]))
    """,
    re.VERBOSE,
)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | {"\u00a0": " ", "\u202f": " ", "·": "."})
_JOINT = re.compile(r"[-_./:@ ]{1,2}")

_NOISE = frozenset(
    "instruct it hf versatile instant fp8 fp16 bf16 int8 awq nvfp4 gguf maas basic latest preview exp experimental beta alpha "
    "online text original global regional dense ai api model version bit legacy older specdec mode".split()
)
_PREVIEW = frozenset({"preview", "exp", "experimental", "beta", "alpha"})
_SAME_WORD = {
    "embeddings": "embedding",
    "embed": "embedding",
    "transcription": "transcribe",
    "codelama": "codellama",
}
_MAKER_WORDS = frozenset(word for maker in MAKERS.values() for word in maker.spellings) | {"databricks", "z"}
_MAKER_OF_ORGANISATION = {word: maker for maker, entry in MAKERS.items() for word in entry.spellings}
# Endings that hosts of an open line add for their own serving of it, or that name the only kind there is.
_NOISE_OF_LINE = {
    "llama": frozenset({"chat", "turbo", "lite", "vision", "reasoning", "meta"}),
    "qwen": frozenset({"chat"}),
    "mistral": frozenset({"chat"}),
    "gemma": frozenset({"chat"}),
    "yi": frozenset({"chat"}),
}
_LABEL_COUNTS = frozenset({"gpt", "moonshot"})
"""Lines in which a context length tells models apart ("gpt-4-32k"); elsewhere it describes one."""


def fold(text: str) -> str:
    """Lower case with plain hyphens and spaces; offsets stay those of `text`."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    return lowered.translate(_DASHES)


def parts(folded: str) -> list[Part]:
    """Cut a text, already folded, into parts. Linear in its length; characters that belong to no part are left out."""
    found: list[Part] = []
    end = 0
    for match in _PARTS.finditer(folded):
        kind = match.lastgroup
        text = match.group()
        start = match.start()
        glue: str | None = folded[end:start]
        if not found or (glue and not _JOINT.fullmatch(glue)):
            glue = None
        end = match.end()
        found.append(_part(text, kind or "word", start, end, glue))
    return found


def _part(text: str, kind: str, start: int, end: int, glue: str | None) -> Part:
    match kind:
        case "word":
            return Part(_SAME_WORD.get(text, text), "word", start, end, glue)
        case "plus":
            return Part("plus", "word", start, end, glue)
        case "omni":
            return Part(text, "version", start, end, glue)
        case "size":
            return Part(text.replace(",", "."), "size", start, end, glue)
        case "label":
            return Part(text.replace(",", "."), "label", start, end, glue)
        case "date":
            return Part("@" + re.sub(r"\D", "", text), "date", start, end, glue)
        case "series":
            text = _plain_version(text.replace("p", ".").replace(",", "."))
            return Part(text.removeprefix("v"), "version", start, end, glue)
    if text.isdigit():
        if len(text) <= 2 and text != "0":
            return Part(text, "version", start, end, glue)
        if len(text) == 3 and text.startswith("00"):
            return Part("@" + text, "date", start, end, glue)
        return Part(text, "number", start, end, glue)
    version = text.replace(",", ".").replace("p", ".")
    if all(len(digits) <= 2 for digits in version.split(".")) and version.count(".") <= 2:
        return Part(_plain_version(version), "version", start, end, glue)
    return Part(text, "number", start, end, glue)


def _plain_version(text: str) -> str:
    while text.endswith(".0"):
        text = text[:-2]
    return text


def joined(pieces: Iterable[Part]) -> list[Part]:
    """Parts with versions put together that an id writes with hyphens ("claude-3-5", "k2-7")."""
    result: list[Part] = []
    for piece in pieces:
        before = result[-1] if result else None
        if (
            before is not None
            and before.kind == "version"
            and piece.glue in ("-", "_")
            and "." not in before.text
            and not before.text.endswith("o")
            and (piece.kind == "version" or piece.text == "0")
            and piece.text.isdigit()
            and not piece.text.startswith("00")
        ):
            text = _plain_version(f"{before.text}.{piece.text}")
            result[-1] = Part(text, "version", before.start, piece.end, before.glue)
        else:
            result.append(piece)
    return result


_REGION = re.compile(r"^(?:global|regional|us|eu|apac|au|jp|in|us-gov)\.(?=[a-z0-9]+\.)")
_AWS_REVISION = re.compile(r"(?:-v?[1-9])?:\d+$")
_EXPERTS = re.compile(r"\(\d+bx\d+e\)")


def organisation(model_id: str) -> str:
    """Who a model id says it is from: "meta-llama/Llama-3" → "metallama", "us.anthropic.claude-x" → "anthropic", else ""."""
    folded = _REGION.sub("", fold(model_id))
    path, _, last = folded.rpartition("/")
    if path:
        return re.sub(r"[^a-z0-9]", "", path.rsplit("/", 1)[-1])
    head, dot, rest = last.partition(".")
    return head if dot and head.isalpha() and rest[:1].isalpha() else ""


def id_parts(model_id: str) -> list[Part]:
    """The parts of a model id or display name, without its path, organisation, region and revision."""
    folded = _EXPERTS.sub("", _REGION.sub("", fold(model_id)))
    folded = folded.rpartition("/")[2]
    head, dot, rest = folded.partition(".")
    if dot and head in _MAKER_OF_ORGANISATION and rest[:1].isalpha():
        folded = rest
    folded = re.sub(r"v0:(\d)$", r"v0.\1", folded)
    folded = _AWS_REVISION.sub("", folded)
    return joined(parts(folded))


@lru_cache(maxsize=8192)
def line_of_word(word: str, kind: PartKind) -> str | None:
    """The line that a single part names, if it does: "claude", or "o" for "o3"."""
    if kind == "version" and len(word) > 1 and word[0] == "o" and word[1].isdigit():
        return "o"
    return word if kind == "word" and word in LINES else None


def line_of(pieces: Iterable[Part]) -> str | None:
    """The line that a name belongs to: a finetune's own name before the open line that it was made from."""
    lines = [line for piece in pieces if (line := line_of_word(piece.text, piece.kind))]
    return next((line for line in lines if not LINES[line].base), lines[0] if lines else None)


def spelling(pieces: Collection[Part]) -> Spelling:
    """Sort parts into what identifies a model and what does not."""
    line = line_of(pieces)
    core: list[str] = []
    dates: list[str] = []
    noise: list[str] = []
    more_noise = _NOISE_OF_LINE.get(line or "", frozenset())
    others = any(piece.text not in _MAKER_WORDS for piece in pieces)
    for text, kind, *_ in pieces:
        if kind == "date":
            dates.append(text)
        elif kind == "number":
            (dates if 4 <= len(text) <= 6 and text.isdigit() else core).append(
                "@" + text if 4 <= len(text) <= 6 and text.isdigit() else text
            )
        elif (
            text in _NOISE
            or text in more_noise
            or (kind == "label" and line not in _LABEL_COUNTS)
            or (kind == "size" and text[0] in "ae")
            or (text in _MAKER_WORDS and text not in LINES and others)
        ):
            noise.append(text)
        elif text not in core:
            core.append(text)
    return Spelling(tuple(core), tuple(dates), tuple(noise))


def version_of(pieces: Iterable[Part]) -> tuple[int, ...]:
    """The number that orders a line by age: the first version after the line's name, else the first at all.

    A version counts as a decimal number ("4.20" is older than "4.3"), except a year ("26.10" is newer than "26.9").
    "4o" comes between 4 and 4.1.
    """
    versions: list[str] = []
    after_line: list[str] = []
    seen = False
    for piece in pieces:
        if piece.kind == "version":
            versions.append(piece.text)
            if seen:
                after_line.append(piece.text)
        seen = seen or line_of_word(piece.text, piece.kind) is not None
    chosen = next(iter(after_line or versions), "")
    if chosen.endswith("o"):
        return (int(chosen[:-1]), 0, 1)
    numbers = [digits for digits in re.split(r"\D+", chosen) if digits]
    if len(numbers) == 2 and numbers[1].endswith("0") and int(numbers[0]) < 20:
        numbers[1] = numbers[1].rstrip("0") or "0"
    return tuple(int(digits) for digits in numbers)


_MODALITIES: tuple[tuple[Modality, frozenset[str], frozenset[str]], ...] = (
    (
        "moderation",
        frozenset({"moderation", "guard", "safeguard", "llamaguard", "safety", "shieldgemma"}),
        frozenset(),
    ),
    ("rerank", frozenset({"rerank", "reranker", "pairrm"}), frozenset()),
    ("embedding", frozenset({"embedding", "bge", "gte", "voyage"}), frozenset()),
    ("ocr", frozenset({"ocr", "paddleocr"}), frozenset({"input_document_kpages"})),
    ("video", frozenset({"video", "sora", "veo"}), frozenset({"output_video_mtok"})),
    ("image", frozenset({"image", "banana", "dall", "flux", "imagen"}), frozenset({"output_image_mtok"})),
    (
        "audio",
        frozenset(
            "audio realtime live transcribe whisper tts sonic voice speech orpheus voxtral lyria eleven".split()
        ),
        frozenset({"audio_hours", "input_audio_hours", "input_mchars", "output_audio_mtok"}),
    ),
    ("search", frozenset({"search"}), frozenset()),
    (
        "other",
        frozenset({"computer", "robotics", "indictrans", "distilbert", "decider", "router"}),
        frozenset(),
    ),
)


def _modality(words: set[str], price_keys: Collection[str]) -> Modality:
    if "research" in words:
        return "search"
    for modality, names, keys in _MODALITIES:
        if not names.isdisjoint(words) or not keys.isdisjoint(price_keys):
            return modality
    # OpenAI's first embedding models share a word with the completion model that they were made from.
    return "text"


def _open_weights(line: str | None, words: set[str]) -> bool | None:
    if line is None:
        return None
    return True if not OPEN_MEMBERS.isdisjoint(words) else LINES[line].open_weights


def _maker(provider_id: str, line: str | None, organisations: Iterable[str]) -> str:
    """A line's maker; of an open line that others finetune, and of unknown lines, whom the id names; else the provider."""
    if line is not None and not LINES[line].base:
        return LINES[line].maker
    for name in organisations:
        if name and name not in ("cf", "models"):
            return _MAKER_OF_ORGANISATION.get(name, name)
    if line is not None:
        return LINES[line].maker
    return next((maker for maker, entry in MAKERS.items() if provider_id in entry.apis), "unknown")


def describe(
    provider_id: str,
    model_id: str,
    name: str | None,
    description: str | None = None,
    price_keys: Collection[str] = (),
    deprecated: bool = False,
) -> Description:
    """What is known of a model of the price list by its id and display name alone.

    `price_keys` are the units that it is priced in, which tell an image or audio model from a text model.
    """
    from_id = id_parts(model_id)
    from_name = id_parts(name) if name else []
    line = line_of(from_id) or line_of(from_name)
    own_org = organisation(model_id)
    if line is None and own_org in LINES:
        line = own_org
    words = {piece.text for piece in (*from_id, *from_name)}
    version = version_of(from_id)
    if from_name and (not version or line_of(from_id) is None):
        version = version_of(from_name) or version
    return Description(
        maker=_maker(provider_id, line, (own_org,)),
        family=_family(line, from_id if line_of(from_id) or not from_name else from_name),
        version=version,
        modality=_modality(words, price_keys),
        preview=not _PREVIEW.isdisjoint(words),
        open_weights=_open_weights(line, words),
    )


def _family(line: str | None, pieces: Collection[Part]) -> str:
    kinds = {piece.text: piece.kind for piece in pieces}
    tier = [text for text in spelling(pieces).core if kinds.get(text) == "word" and text != line]
    return " ".join([line, *tier] if line else tier)


def clause_spellings(clause: Any) -> Iterator[str]:
    """The literal spellings that a match clause of the price list accepts: `equals`, on its own or under `or`."""
    if isinstance(clause, dict):
        if isinstance(value := clause.get("equals"), str):
            yield value
        for part in clause.get("or") or ():
            yield from clause_spellings(part)


def name_rows(
    models: Iterable[tuple[int, str, str, str | None, str | None]],
) -> Iterator[tuple[str, int, str]]:
    """Rows (name, model_rowid, kind) for the table `names`, from (rowid, provider, id, name, match as JSON).

    Kinds: `id` and `alias` are spellings of an API, word for word in lower case; `parts` is a spelling in parts, the core first,
    then dates marked "@", then noise marked "~".
    """
    for rowid, provider, model_id, name, match in models:
        literal = fold(model_id)
        yield literal, rowid, "id"
        aliases = {fold(alias) for alias in clause_spellings(json.loads(match) if match else None)} - {
            literal
        }
        for alias in sorted(aliases):
            yield alias, rowid, "alias"
        seen: set[str] = set()
        for text in (model_id, name, *sorted(aliases)):
            key = parts_key(id_parts(text)) if text else ""
            if key and key not in seen:
                seen.add(key)
                yield key, rowid, "parts"


def parts_key(pieces: Collection[Part]) -> str:
    """One spelling as text, for the table `names`."""
    core, dates, noise = spelling(pieces)
    return " ".join([*core, *dates, *("~" + word for word in noise)])


def write_names(db: Database) -> None:
    """Create and fill the table `names` of a knowledge base whose models are already in it, and mark the makers' own APIs."""
    db.table("names").create(
        {"name": str, "model_rowid": int, "kind": str},
        not_null={"name", "model_rowid", "kind"},
        foreign_keys=[("model_rowid", "models", "rowid")],
        strict=True,
    )
    models = db.execute("select rowid, provider, id, name, match from models").fetchall()
    db.table("names").insert_all(
        {"name": name, "model_rowid": rowid, "kind": kind} for name, rowid, kind in name_rows(models)
    )
    db.table("names").create_index(["name"])
    own = [api for maker in MAKERS.values() for api in maker.apis]
    db.execute(f"update providers set is_maker = 1 where id in ({', '.join('?' * len(own))})", own)
