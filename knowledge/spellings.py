"""Cuts what people, price lists and APIs write for a model into parts, so that spellings of one model compare equal.

"claude-sonnet-5-5", "anthropic/claude-sonnet-5.5" and "Claude 5.5 Sonnet" differ in order and punctuation only. A spelling is cut
into words, versions, sizes, dates and labels, and its parts are sorted into a core that identifies the model, dates that name a
snapshot, and noise that changes nothing ("instruct", "fp8"). Two spellings with the same core are the same model.

Pure functions over text; offsets always refer to the text as it was given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from knowledge.makers import LINES, MAKERS

PartKind = Literal["word", "version", "size", "label", "number", "date"]


class Part(NamedTuple):
    """One piece of a text. `text` is normalised ("v4.0" → "4"), `start` and `end` are offsets, `glue` is the joining punctuation
    before it ("", " ", "-", …) or None where it does not join the part before."""

    text: str
    kind: PartKind
    start: int
    end: int
    glue: str | None


class Spelling(NamedTuple):
    """One spelling, sorted: `core` identifies the model, in the order written; `dates` start with "@"."""

    core: tuple[str, ...]
    dates: tuple[str, ...]
    noise: tuple[str, ...]


# What starts with a letter comes first: most of a text is words.
_PARTS = re.compile(
    r"""
      (?P<series>(?<![a-z0-9])[okmrv](?=\d)(?:(?<=o)[1-9]|(?<!o)\d{1,2}(?:[.,p]\d{1,2})*)(?=mini|pro|[^a-z0-9]|$))
    | (?P<size>(?<![a-z0-9])[aer]\d+(?:\.\d+)?b(?![a-z0-9]))
    | (?P<word>[^\W\d_]+)
    | (?P<date>20[12]\d(?P<_gap>[-_/\ ])[01]\d(?P=_gap)[0-3]\d(?!\d) | 20[12]\d[01]\d[0-3]\d(?!\d) | [01]\d-20[12]\d(?!\d)
             | (?<![\d.,])0\d-[0-3]\d(?!\d) | (?<![\d.,])2[345]\.(?:0[1-9]|1[0-2])(?![\d.]))
    | (?P<omni>[1-9]o(?=mini|[^a-z0-9]|$))
    | (?P<mass>\d{1,2}x\d{1,3}b(?![a-z0-9]) | \d+(?:[.,]\d+)?[bt](?![a-z0-9]))
    | (?P<label>\d+(?:[.,]\d+)?[kme](?![a-z0-9]))
    | (?P<number>\d+(?:p\d{1,2}(?![a-z0-9])|(?:[.,]\d+)*))
    | (?P<plus>(?<=[a-z0-9])\+(?![\w+]))
    """,
    re.VERBOSE,
)
_PLAIN = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | dict.fromkeys("\u00a0\u202f\u2009\t", " "))
_JOINTS = frozenset(["", " ", "  ", "-", "_", ".", "/", ":", "@"])

_NOISE_WORDS = """
    instruct it hf fp8 fp16 bf16 int8 awq nvfp4 gguf maas basic latest preview exp experimental beta alpha online
    text original global regional dense ai api model version bit legacy older mode
"""
NOISE = frozenset(_NOISE_WORDS.split())
_NUMBER_FORMATS = frozenset(["fp", "bf", "int", "nvfp"])
_SAME_WORD = {"embeddings": "embedding", "embed": "embedding", "transcription": "transcribe"}
ORGANISATIONS = {word: maker for maker, entry in MAKERS.items() for word in entry.spellings}
"""Maker ids by the name of the organisation in a model id, or in a sentence with its words joined."""
_MAKER_WORDS = frozenset(ORGANISATIONS) | {"databricks"}
# Endings by which hosts tell their own serving of an open line apart, or that name the only kind there is.
_NOISE_OF_LINE = {
    "llama": frozenset(["chat", "turbo", "lite", "vision", "reasoning", "meta", "instant", "versatile"]),
    "qwen": frozenset(["chat"]),
    "mistral": frozenset(["chat"]),
    "gemma": frozenset(["chat"]),
    "yi": frozenset(["chat"]),
}
_LABEL_COUNTS = frozenset(["gpt", "moonshot"])
"""Lines in which a context length tells models apart ("gpt-4-32k"); elsewhere it only describes one."""


def fold(text: str) -> str:
    """Lower case with plain hyphens and spaces; as long as `text`, so offsets stay."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := c.lower()) == 1 else c for c in text)
    return lowered.translate(_PLAIN)


def parts(folded: str) -> list[Part]:
    """Cut a folded text into parts, in order. Linear in its length; what belongs to no part is left out."""
    found: list[Part] = []
    end = 0
    glue: str | None = None
    for match in _PARTS.finditer(folded):
        start, stop = match.span()
        if found:
            glue = folded[end:start] if start - end < 3 else None
            if glue not in _JOINTS:
                glue = None
        end = stop
        text = folded[start:end]
        if match.lastgroup == "word":
            found.append(Part(_SAME_WORD.get(text, text), "word", start, end, glue))
        else:
            found.append(Part(*_normal(text, match.lastgroup), start, end, glue))
    return found


@lru_cache(maxsize=16384)
def _normal(text: str, kind: str | None) -> tuple[str, PartKind]:
    match kind:
        case "plus":
            return "plus", "word"
        case "omni":
            return text, "version"
        case "size" | "mass":
            return text.replace(",", "."), "size"
        case "label":
            return text.replace(",", "."), "label"
        case "date":
            return "@" + re.sub(r"\D", "", text), "date"
        case "series" if text.startswith("v0"):
            return "@" + text, "date"  # a revision of a model ("Mistral 7B v0.3"), not its version
        case "series":
            return plain_version(text.replace("p", ".").replace(",", ".")).removeprefix("v"), "version"
    if text.isdigit():
        if len(text) <= 2 and text != "0":
            return text, "version"
        if len(text) == 3 and text.startswith("00"):
            return "@" + text, "date"
        return text, "number"
    version = text.replace(",", ".").replace("p", ".")
    if all(len(digits) <= 2 for digits in version.split(".")) and version.count(".") <= 2:
        return plain_version(version), "version"
    return text, "number"


def plain_version(text: str) -> str:
    """ "4.0" and "4" are one version."""
    while text.endswith(".0"):
        text = text[:-2]
    return text


def joined(pieces: Iterable[Part]) -> list[Part]:
    """Parts with what belongs together put together: versions that an id writes with hyphens ("claude-3-5", "k2-7", "gpt-4-o"), and
    number formats ("fp8")."""
    result: list[Part] = []
    pieces = list(pieces)
    for at, piece in enumerate(pieces):
        glue = piece.glue
        if piece.text == "o" and glue in (" ", "") and _is_omni(result, pieces[at + 1 : at + 2]):
            result[-1] = Part("4o", "version", result[-1].start, piece.end, result[-1].glue)
            continue
        if glue is None or (glue == " " and piece.text != "omni"):
            result.append(piece)
            continue
        before = result[-1] if result else None
        text = ""
        if before is not None and before.text == "4" and piece.text == "omni":
            text = "4o"
        elif before is not None and before.kind == "version" and piece.glue in ("-", "_"):
            whole = "." not in before.text and not before.text.endswith("o")
            if whole and piece.text.isdigit() and (piece.kind == "version" or piece.text == "0"):
                text = plain_version(f"{before.text}.{piece.text}")
            elif piece.text == "o" and before.text.isdigit():
                text = before.text + "o"
        elif before is not None and before.text == "o" and piece.glue == "-" and piece.kind == "version":
            text = "o" + piece.text  # "o-3"
        elif before is not None and before.text in _NUMBER_FORMATS and piece.glue == "":
            text = before.text + piece.text
        if before is not None and text:
            kind: PartKind = "word" if text in NOISE else "version"
            result[-1] = Part(text, kind, before.start, piece.end, before.glue)
        else:
            result.append(piece)
    return result


_OMNI_GOES_ON = frozenset(["mini", "audio", "realtime", "transcribe", "latest"])


def _is_omni(before: Sequence[Part], after: Sequence[Part]) -> bool:
    """Whether an "o" that stands alone belongs to "gpt 4" before it; before another name it is the Spanish "or"."""
    if len(before) < 2 or before[-1].text != "4" or before[-2].text not in ("gpt", "chatgpt"):
        return False
    if not after or after[0].glue is None or after[0].text in _OMNI_GOES_ON:
        return True
    return after[0].kind in ("label", "number", "size")


_REGION = re.compile(r"^(?:global|regional|us-gov|us|eu|apac|au|jp|in)\.(?=[a-z0-9]+\.)")
_AWS_REVISION = re.compile(r"(?:-v?[1-9])?:\d+$")
_EXPERTS = re.compile(r"\(\d+bx\d+e\)")


def organisation(model_id: str) -> str:
    """Whom a model id names before the model: "meta-llama/Llama-3" → "metallama", "us.anthropic.claude-x" → "anthropic", or ""."""
    path, _, last = _REGION.sub("", fold(model_id)).rpartition("/")
    if path:
        return re.sub(r"[^a-z0-9]", "", path.rsplit("/", 1)[-1])
    head, dot, rest = last.partition(".")
    return head if dot and head.isalpha() and rest[:1].isalpha() else ""


def id_parts(model_id: str) -> list[Part]:
    """The parts of a model id, without its path, organisation, region and revision. Offsets are of no use."""
    folded = _REGION.sub("", fold(model_id).rpartition("/")[2])
    head, dot, rest = folded.partition(".")
    if dot and head in ORGANISATIONS and rest[:1].isalpha():
        folded = re.sub(r"-v[1-9]$", "", rest)
    return joined(parts(_AWS_REVISION.sub("", re.sub(r"v0:(\d)$", r"v0.\1", folded))))


def name_parts(name: str) -> list[Part]:
    """The parts of a display name; some lists show an id in its place."""
    if "/" in name and " " not in name:
        return id_parts(name)
    return joined(parts(_EXPERTS.sub("", fold(name)).replace("z.ai ", "zai ")))


@lru_cache(maxsize=16384)
def line_named(text: str, kind: PartKind) -> str | None:
    """The line that one part names, if it does: "claude", or "o" for "o3"."""
    if kind == "version" and len(text) > 1 and text[0] == "o":
        return "o"
    return text if kind == "word" and text in LINES else None


def line_of(pieces: Iterable[Part]) -> str | None:
    """The line that a name belongs to: a finetune's own name goes before the open line that it was made from."""
    lines = [line for piece in pieces if (line := line_named(piece.text, piece.kind))]
    return next((line for line in lines if not LINES[line].base), lines[0] if lines else None)


def spelling(pieces: Collection[Part]) -> Spelling:
    """Sort parts into what identifies a model and what does not."""
    line = line_of(pieces)
    core: list[str] = []
    dates: list[str] = []
    noise: list[str] = []
    more_noise = _NOISE_OF_LINE.get(line or "", frozenset())
    others = any(piece.text not in _MAKER_WORDS for piece in pieces)
    lines = {named for piece in pieces if (named := line_named(piece.text, piece.kind))}
    for text, kind, *_ in pieces:
        if kind == "date":
            dates.append(text)
        elif kind == "number" and 4 <= len(text) <= 6 and text.isdigit():
            dates.append("@" + text)
        elif (
            text in NOISE
            or text in more_noise
            or (kind == "label" and line not in _LABEL_COUNTS)
            or (kind == "size" and text[0] in "ae")
            or (text in _MAKER_WORDS and others and not _is_line_of(text, lines))
        ):
            noise.append(text)
        elif text not in core:
            core.append(text)
    return Spelling(tuple(core), tuple(dates), tuple(noise))


def _is_line_of(word: str, lines: Collection[str]) -> bool:
    """Whether a maker's name names a line too, as "mistral" does; in "moonshot kimi" it only says who makes it."""
    return word in LINES and not any(
        line != word and LINES[line].maker == LINES[word].maker for line in lines
    )


def version_of(pieces: Collection[Part]) -> tuple[int, ...]:
    """The number that orders a line by age: the first version after the line's name, else the first that belongs to no other line,
    else ().

    A version counts as a decimal number ("4.20" is older than "4.3") except a year ("26.10" is newer than "26.9").
    "4o" stands between 4 and 4.1.
    """
    line = line_of(pieces)
    belongs_to = line
    own: list[str] = []
    others: list[str] = []
    seen = False
    for text, kind, *_ in pieces:
        if named := line_named(text, kind):
            belongs_to = named
            seen = seen or named == line
        if kind == "version" and belongs_to == line:
            (own if seen else others).append(text)
    chosen = next(iter(own or others), "")
    if chosen.endswith("o"):
        return (int(chosen[:-1]), 0, 1)
    numbers = [digits for digits in re.split(r"\D+", chosen) if digits]
    if len(numbers) == 2 and numbers[1].endswith("0") and int(numbers[0]) < 20:
        numbers[1] = numbers[1].rstrip("0") or "0"
    return tuple(int(digits) for digits in numbers)
