"""A whole price list as plain data: what importers produce, what `kb refresh` keeps in the data directory, what gets compiled.

Prices are exact decimal text in US dollars and dates ISO text, so that the list survives JSON unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from sqlite_utils import Database

SOURCE_ID = "genai-prices"
FORMAT = 1
"""Of the JSON file; a file of another format is refused, and `kb refresh` writes a new one."""


_NAMES = {"x-ai": "xAI", "moonshotai": "Moonshot AI", "deepseek": "DeepSeek"}
"""Sellers whose name the source writes otherwise than they do themselves."""


class UnitEntry(TypedDict):
    """Something that is charged for; see `knowledge.units`."""

    usage_key: str
    price_key: str
    per: int
    dimensions: dict[str, str]


class RateEntry(TypedDict):
    """One price of one unit; `above` is the tier's threshold in input tokens, None for the base price."""

    unit: str
    price: str
    above: int | None
    minimum: int | None


class CardEntry(TypedDict):
    """Rates that hold from a day on, in some hours (UTC), or under some terms."""

    terms: dict[str, str]
    valid_from: str | None
    hours: tuple[str, str] | None
    rates: list[RateEntry]


class ModelEntry(TypedDict):
    """One model; `match` is a clause over the spellings that an API accepts."""

    id: str
    name: str | None
    description: str | None
    context_window: int | None
    deprecated: bool
    comment: str | None
    match: Any
    cards: list[CardEntry]


class ProviderEntry(TypedDict):
    """One seller and its models."""

    id: str
    name: str
    pricing_urls: list[str]
    comment: str | None
    description: str | None
    fallback_providers: list[str]
    api_pattern: str
    match: Any
    model_match: Any
    models: list[ModelEntry]


class PriceList(TypedDict):
    """All providers, and where and when they were read. `as_of` is a day on which the list was true; `note` how it is known."""

    format: int
    version: str
    title: str
    url: str
    as_of: str
    note: str
    units: list[UnitEntry]
    providers: list[ProviderEntry]


def save_price_list(path: Path, prices: PriceList) -> None:
    """Write the list beside the file and put it in its place, so that it is never half there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(prices, separators=(",", ":")), encoding="utf-8")
    temporary.replace(path)


def load_price_list(path: Path) -> PriceList:
    """Read what `save_price_list` wrote. KnowledgeError for anything else."""
    try:
        prices = json.loads(path.read_text(encoding="utf-8"))
        if prices["format"] != FORMAT or not prices["providers"]:
            raise KeyError("format")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(
            f"The refreshed prices in {path} cannot be read ({type(error).__name__}: {error}).",
            "Run `aicost kb refresh` again, or delete the file to go back to the installed price list.",
        ) from error
    return prices  # type: ignore[no-any-return]


def write_price_list(
    db: Database, prices: PriceList, progress: Callable[[int, int], None] | None = None
) -> None:
    """Fill the tables units, sources, providers, models, rate_cards and rates of a new knowledge base."""
    db.table("sources").insert(
        {
            "id": SOURCE_ID,
            "title": prices["title"],
            "url": prices["url"],
            "as_of": prices["as_of"],
            "publisher": "Pydantic",
            "version": prices["version"],
            "note": prices["note"],
        }
    )
    db.table("units").insert_all(
        {**unit, "dimensions": json.dumps(unit["dimensions"]), "position": position}
        for position, unit in enumerate(prices["units"])
    )
    rows = _Rows({unit["usage_key"]: unit for unit in prices["units"]}, prices["as_of"])
    for position, provider in enumerate(prices["providers"]):
        rows.add(provider, position)
        if progress is not None:
            progress(position + 1, len(prices["providers"]))
    for table, records in rows.tables.items():
        db.table(table).insert_all(records)


class _Rows:
    """Collects the rows of all tables, numbering models, cards and rates in the order of the list."""

    def __init__(self, units: dict[str, UnitEntry], as_of: str) -> None:
        self._units = units
        self._stamp = {"source": SOURCE_ID, "as_of": as_of}
        self.tables: dict[str, list[dict[str, Any]]] = {
            "providers": [],
            "models": [],
            "rate_cards": [],
            "rates": [],
        }

    def add(self, provider: ProviderEntry, position: int) -> None:
        self.tables["providers"].append(
            {
                "id": provider["id"],
                "name": _NAMES.get(provider["id"], provider["name"]),
                "pricing_url": next(iter(provider["pricing_urls"]), None),
                "pricing_urls": json.dumps(provider["pricing_urls"]),
                "comment": provider["comment"],
                "description": provider["description"],
                "is_maker": 0,  # knowledge.names knows the makers, and marks them
                "fallback_providers": json.dumps(provider["fallback_providers"]),
                "api_pattern": provider["api_pattern"],
                "match": _json(provider["match"]),
                "model_match": _json(provider["model_match"]),
                "position": position,
                **self._stamp,
            }
        )
        for model in provider["models"]:
            self._add_model(provider["id"], model)

    def _add_model(self, provider: str, model: ModelEntry) -> None:
        from knowledge.names import describe, shown_name

        rowid = len(self.tables["models"]) + 1
        keys = {
            self._units[rate["unit"]]["price_key"]
            for card in model["cards"]
            if not card["terms"]
            for rate in card["rates"]
        }
        described = describe(
            provider, model["id"], model["name"], model["description"], keys, model["deprecated"]
        )
        self.tables["models"].append(
            {
                "rowid": rowid,
                "provider": provider,
                "id": model["id"],
                "name": shown_name(model["id"], model["name"], model["match"]),
                "maker": described.maker,
                "family": described.family,
                "version": json.dumps(list(described.version)),
                "modality": described.modality,
                "context_window": model["context_window"],
                "deprecated": int(model["deprecated"]),
                "preview": int(described.preview),
                "open_weights": None if described.open_weights is None else int(described.open_weights),
                "comment": model["comment"],
                "description": model["description"],
                "match": _json(model["match"]),
                **self._stamp,
            }
        )
        for position, card in enumerate(model["cards"]):
            self._add_card(rowid, position, card)

    def _add_card(self, model: int, position: int, card: CardEntry) -> None:
        number = len(self.tables["rate_cards"]) + 1
        hours = card["hours"] or (None, None)
        self.tables["rate_cards"].append(
            {
                "id": number,
                "model": model,
                "position": position,
                "terms": json.dumps(card["terms"], sort_keys=True),
                "valid_from": card["valid_from"],
                "hours_from": hours[0],
                "hours_to": hours[1],
                **self._stamp,
            }
        )
        order = {unit: index for index, unit in enumerate(dict.fromkeys(r["unit"] for r in card["rates"]))}
        for rate in card["rates"]:
            self.tables["rates"].append(
                {
                    "id": len(self.tables["rates"]) + 1,
                    "card": number,
                    "position": order[rate["unit"]],
                    "unit": rate["unit"],
                    "price": rate["price"],
                    "per": self._units[rate["unit"]]["per"],
                    "above_input_tokens": rate["above"],
                    "minimum": rate["minimum"],
                    **self._stamp,
                }
            )


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
