"""The records that the knowledge base hands out: models, providers and sources, as they stand in `knowledge.db`."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from knowledge.lazy_dataclass import dataclass

_ROUTE = re.compile(r"^(?:global|regional)\.[a-z0-9]+\.")
"""How Bedrock writes a model that is served from several regions ("global.anthropic.claude-opus-5")."""

FIRST_PRICES = date(2020, 6, 11)
"""The day on which OpenAI announced the first language model API; no price of an API call is older."""

Modality = Literal[
    "text", "image", "audio", "video", "embedding", "moderation", "rerank", "ocr", "search", "other"
]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a row was read, and when it was true; `as_of` is an ISO date, month or year."""

    id: str
    title: str
    url: str | None = None
    as_of: str | None = None
    publisher: str | None = None


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Somebody who sells access to models; a maker sells its own."""

    id: str
    name: str
    pricing_url: str | None = None
    comment: str | None = None
    is_maker: bool = False
    fallback_providers: tuple[str, ...] = ()
    """Providers whose price stands in where this one lists none (Azure sells OpenAI's models at OpenAI's prices)."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model at one provider. `maker` is who trained it, `version` its number for ordering a family by age."""

    rowid: int
    provider: str
    id: str
    name: str
    maker: str
    family: str = ""
    version: tuple[int, ...] = ()
    modality: Modality = "text"
    context_window: int | None = None
    deprecated: bool = False
    preview: bool = False
    open_weights: bool | None = None
    """None where it is not known."""
    comment: str | None = None

    @property
    def display_name(self) -> str:
        """What to call it in a sentence: its name, or its id where the price list only repeats that in small letters."""
        if self.name.islower() or self.name == self.id:
            return _ROUTE.sub("", self.id.rsplit("/", 1)[-1])
        return self.name
