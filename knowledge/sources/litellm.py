"""A second opinion: litellm's `model_prices_and_context_window.json`, from a file or https address that the operator names.

Nothing of it ships with aicost. A copy of what was taken is kept in the data directory, with where and when it was read, so
that the knowledge base can be compiled again without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.errors import KnowledgeError
from knowledge.sources.second_prices import OpinionSource, Quote, write_opinions

if TYPE_CHECKING:
    from sqlite_utils import Database

SOURCE_ID = "litellm"
COPY = Path("opinions") / "litellm.json"
ORIGIN = Path("opinions") / "litellm.origin.json"
_LIMIT_BYTES = 64 * 1024 * 1024  # the real one has 3 MB

_PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "groq": "groq",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "novita": "novita",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together_ai": "together",
    "voyage": "voyageai",
    "xai": "x-ai",
    "zai": "zai",
}
"""litellm's providers that sell what ours sell, at one price; Vertex, regional and subscription offers are not among them."""

_UNITS = {
    "input_cost_per_token": "input_tokens",
    "output_cost_per_token": "output_tokens",
    "cache_read_input_token_cost": "cache_read_tokens",
    "cache_creation_input_token_cost": "cache_write_tokens",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h_tokens",
    "input_cost_per_audio_token": "input_audio_tokens",
    "output_cost_per_audio_token": "output_audio_tokens",
    "input_cost_per_image_token": "input_image_tokens",
    "output_cost_per_image_token": "output_image_tokens",
    "cache_read_input_audio_token_cost": "cache_audio_read_tokens",
    "cache_read_input_image_token_cost": "cache_image_read_tokens",
    "output_cost_per_reasoning_token": "output_reasoning_tokens",
}
_KEY = re.compile(
    rf"(?P<unit>{'|'.join(sorted(_UNITS, key=len, reverse=True))})"
    r"(?:_above_(?P<above>\d+)k_tokens)?(?:_(?P<terms>batches|flex|priority))?"
)
_TERMS = {
    None: {},
    "batches": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
_MILLION = 1_000_000


def take(data_dir: Path, where: str) -> int:
    """Check litellm's price list at `where` (a path or an https address), keep a copy, and return how many models it has.

    The knowledge base uses it from its next opening on. Raises KnowledgeError for what cannot be read or is no such list.
    """
    from knowledge.download import download

    if "://" in where:
        content = download(where, _LIMIT_BYTES)
        as_of = datetime.now(UTC).date().isoformat()
    else:
        content, as_of = _read_file(where)
    data = _parse(content, where)
    models = sum(1 for _ in _entries(data))
    if next(quotes(data), None) is None:
        raise KnowledgeError(
            f"{where} is no price list of litellm.",
            "It has a JSON object with a price entry for each model; litellm names it model_prices_and_context_window.json.",
        )
    copy, origin = data_dir / COPY, data_dir / ORIGIN
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        for path, text in ((copy, content), (origin, json.dumps({"where": where, "as_of": as_of}).encode())):
            temporary = path.with_name(f".{path.name}.new")
            temporary.write_bytes(text)
            temporary.replace(path)
    except OSError as error:
        raise KnowledgeError(
            f"The price list cannot be kept in {copy.parent} ({error.strerror or error}).",
            "Set AICOST_DATA_DIR to a folder that can be written.",
        ) from error
    return models


def _read_file(name: str) -> tuple[bytes, str]:
    """The content of a file and the day of its last change."""
    try:
        path = Path(name).expanduser()
        if path.exists() and not path.is_file():
            raise KnowledgeError(f"{name} is no ordinary file.", "Name litellm's price list.")
        with path.open("rb") as file:
            content = file.read(_LIMIT_BYTES + 1)
        changed = path.stat().st_mtime
    except (
        OSError,
        RuntimeError,
        ValueError,
    ) as error:  # a home folder of nobody, a name that no file can have
        why = getattr(error, "strerror", None) or error
        raise KnowledgeError(f"{name} cannot be read ({why}).", "Check the name.") from error
    if len(content) > _LIMIT_BYTES:
        raise KnowledgeError(f"{name} is larger than {_LIMIT_BYTES // 2**20} MB; litellm's list has 3 MB.")
    return content, datetime.fromtimestamp(changed, UTC).date().isoformat()


def forget(data_dir: Path) -> bool:
    """Take the list out of use again; tells whether there was one."""
    had = (data_dir / COPY).exists()
    (data_dir / COPY).unlink(missing_ok=True)
    (data_dir / ORIGIN).unlink(missing_ok=True)
    return had


def write(db: Database, data_dir: Path) -> None:
    """Compile the copy in the data directory, if there is one."""
    path = data_dir / COPY
    if not path.exists():
        return
    data = _parse(path.read_bytes(), str(path))
    try:
        origin = json.loads((data_dir / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        origin = {}
    where = str(origin.get("where", path))
    source = OpinionSource(
        id=SOURCE_ID,
        title=f"litellm model prices ({where.rpartition('/')[2]})",
        url=where if "://" in where else None,
        as_of=origin.get("as_of"),
        publisher="BerriAI",
        version=None,
        note=f"read from {where}; the date is that of reading an address, or of the file",
    )
    write_opinions(db, source, quotes(data))


def quotes(data: dict[str, Any]) -> Iterator[Quote]:
    """The token prices of a parsed list, under our providers and units."""
    for name, entry in _entries(data):
        kind = str(entry["litellm_provider"])
        provider = _PROVIDERS.get(kind)
        if provider is None:
            continue
        own_name = name.removeprefix(f"{kind.removesuffix('_converse').removesuffix('_chat')}/")
        url = entry.get("source")
        for key, value in entry.items():
            parts = _KEY.fullmatch(key)
            price = _price(value) if parts else None
            if parts is None or price is None:
                continue
            above = parts["above"]
            yield Quote(
                provider=provider,
                name=own_name,
                terms=_TERMS[parts["terms"]],
                unit=_UNITS[parts["unit"]],
                above=int(above) * 1000 if above else None,
                price=price * _MILLION,
                per=_MILLION,
                url=url if isinstance(url, str) else None,
            )


def _parse(content: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise KnowledgeError(
            f"{where} is no JSON ({error}).", "Name litellm's model_prices_and_context_window.json."
        ) from error
    if not isinstance(data, dict):
        raise KnowledgeError(
            f"{where} is no price list of litellm.", "Name its model_prices_and_context_window.json."
        )
    return data


def _entries(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in data.items():
        if name != "sample_spec" and isinstance(entry, dict) and "litellm_provider" in entry:
            yield name, entry


def _price(value: Any) -> Decimal | None:
    """A price as the list writes it: a number, or the text of one."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        price = Decimal(value)
    except InvalidOperation:
        return None
    return price if price.is_finite() and 0 <= price < 1 else None
