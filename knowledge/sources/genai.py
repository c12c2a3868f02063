"""Imports the package `genai-prices`, the list prices that aicost takes for the truth, into the tables of `knowledge.schema`.

Nothing is left out or rounded: each provider, model, dated or time-of-day price, context tier and price variant becomes rows,
and a price that the package leaves empty stays without rates (unknown, not free).

The package names no date for its data. The date given here is the newest one that the data itself proves: the latest day on
which one of its prices starts, or that one of its comments mentions, which is not after the day the file was installed
(announced prices lie in the future and prove nothing). The data may be newer than that by some days, never older.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice
    from genai_prices.types import Provider as GenaiProvider
    from sqlite_utils import Database

SOURCE_ID = "genai-prices"
_DATE = re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b")

# Groq bills at least ten seconds of audio a request: https://groq.com/pricing ; genai-prices has it as code, not as data.
_MINIMUM_SECONDS = {("groq", "whisper-large-v3"): 10, ("groq", "whisper-large-v3-turbo"): 10}


class PriceData(NamedTuple):
    """The provider list of genai-prices and what is known of its origin."""

    providers: list[GenaiProvider]
    version: str
    as_of: str
    note: str
    url: str = "https://github.com/pydantic/genai-prices"


def bundled() -> PriceData:
    """The data inside the installed package. Takes about a second, nearly all of it the package's own import."""
    try:
        import genai_prices
        from genai_prices import data
    except ImportError as error:
        raise KnowledgeError(
            f"The price package genai-prices cannot be imported: {error}.",
            "Install it again: pip install --force-reinstall genai-prices",
        ) from error
    installed = datetime.fromtimestamp(Path(data.__file__).stat().st_mtime, UTC).date()
    as_of = newest_proven_date(data.providers, min(installed, datetime.now(UTC).date()))
    return PriceData(
        data.providers,
        genai_prices.__version__,
        as_of,
        "newest start of a price, or day named in a comment, not after the day of installation",
    )


def newest_proven_date(providers: Iterable[GenaiProvider], not_after: date) -> str:
    """The latest day up to `not_after` that the data names, as ISO text."""
    newest = ""
    for provider in providers:
        for text in _comments(provider):
            newest = max(
                [newest, *(found for found in _DATE.findall(text) if found <= not_after.isoformat())]
            )
        for model in provider.models:
            for entry in (*_standard(model), *(model.price_variants or ())):
                start = getattr(entry.constraint, "start_date", None)
                if start is not None and start <= not_after:
                    newest = max(newest, start.isoformat())
    return newest


def write_prices(db: Database, data: PriceData, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill units, sources, providers, models, rate_cards and rates from the price data."""
    from genai_prices.data_units import unit_data

    db.table("sources").insert(
        {
            "id": SOURCE_ID,
            "title": f"genai-prices {data.version}",
            "url": data.url,
            "as_of": data.as_of,
            "publisher": "Pydantic",
            "version": data.version,
            "note": data.note,
        }
    )
    db.table("units").insert_all(
        {
            "usage_key": key,
            "price_key": unit.get("price_key", key),
            "per": unit["per"],
            "dimensions": json.dumps(unit.get("dimensions", {})),
            "position": position,
        }
        for position, (key, unit) in enumerate(unit_data.items())
    )
    units = {unit.get("price_key", key): (key, int(unit["per"])) for key, unit in unit_data.items()}
    stamp = {"source": SOURCE_ID, "as_of": data.as_of}
    rows = _Rows(units, stamp)
    total = len(data.providers)
    for position, provider in enumerate(data.providers):
        rows.add(provider, position)
        if progress is not None:
            progress(position + 1, total)
    for table, records in rows.tables.items():
        db.table(table).insert_all(records)


class _Rows:
    """Collects the rows of all tables, numbering models, cards and rates."""

    def __init__(self, units: Mapping[str, tuple[str, int]], stamp: Mapping[str, str]) -> None:
        self._units = units
        self._stamp = stamp
        self.tables: dict[str, list[dict[str, Any]]] = {
            "providers": [],
            "models": [],
            "rate_cards": [],
            "rates": [],
        }

    def add(self, provider: GenaiProvider, position: int) -> None:
        from knowledge.names import describe

        self.tables["providers"].append(
            {
                "id": provider.id,
                "name": provider.name,
                "pricing_url": next(iter(provider.pricing_urls or ()), None),
                "pricing_urls": json.dumps(provider.pricing_urls or []),
                "comment": _clean(provider.price_comments),
                "description": _clean(provider.description),
                "is_maker": 0,  # knowledge.names knows the makers, and marks them
                "fallback_providers": json.dumps(provider.fallback_model_providers or []),
                "api_pattern": provider.api_pattern,
                "match": _clause(provider.provider_match),
                "model_match": _clause(provider.model_match),
                "position": position,
                **self._stamp,
            }
        )
        for model in provider.models:
            keys = {key for entry in _standard(model) for key, _ in _priced(entry.prices)}
            described = describe(
                provider.id, model.id, model.name, model.description, keys, bool(model.deprecated)
            )
            rowid = len(self.tables["models"]) + 1
            self.tables["models"].append(
                {
                    "rowid": rowid,
                    "provider": provider.id,
                    "id": model.id,
                    "name": model.name or model.id,
                    "maker": described.maker,
                    "family": described.family,
                    "version": json.dumps(list(described.version)),
                    "modality": described.modality,
                    "context_window": model.context_window,
                    "deprecated": int(bool(model.deprecated)),
                    "preview": int(described.preview),
                    "open_weights": None if described.open_weights is None else int(described.open_weights),
                    "comment": _clean(model.price_comments),
                    "description": _clean(model.description),
                    "match": _clause(model.match),
                    **self._stamp,
                }
            )
            self._add_cards(provider.id, model, rowid)

    def _add_cards(self, provider: str, model: ModelInfo, rowid: int) -> None:
        minimum = _MINIMUM_SECONDS.get((provider, model.id))
        for position, entry in enumerate((*_standard(model), *(model.price_variants or ()))):
            constraint = entry.constraint
            card = len(self.tables["rate_cards"]) + 1
            self.tables["rate_cards"].append(
                {
                    "id": card,
                    "model": rowid,
                    "position": position,
                    "terms": json.dumps(getattr(entry, "when", {}), sort_keys=True),
                    "valid_from": _iso(getattr(constraint, "start_date", None)),
                    "hours_from": _utc(getattr(constraint, "start_time", None)),
                    "hours_to": _utc(getattr(constraint, "end_time", None)),
                    **self._stamp,
                }
            )
            for order, (key, value) in enumerate(_priced(entry.prices)):
                unit, per = self._units[key]
                tiers = getattr(value, "tiers", ())
                base = (None, getattr(value, "base", value))
                for above, price in (base, *((tier.start, tier.price) for tier in tiers)):
                    self.tables["rates"].append(
                        {
                            "id": len(self.tables["rates"]) + 1,
                            "card": card,
                            "position": order,
                            "unit": unit,
                            "price": format(price, "f"),
                            "per": per,
                            "above_input_tokens": above,
                            "minimum": minimum if unit.endswith("_seconds") else None,
                            **self._stamp,
                        }
                    )


def _standard(model: ModelInfo) -> list[ConditionalPrice]:
    from genai_prices.types import ConditionalPrice

    return model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]


def _priced(prices: ModelPrice) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in vars(prices).items() if value is not None)


def _comments(provider: GenaiProvider) -> Iterator[str]:
    yield provider.price_comments or ""
    yield from (model.price_comments or "" for model in provider.models)


def _clause(clause: Any) -> str | None:
    """A clause of genai-prices' match logic as a JSON object of one key: starts_with, contains, equals, regex, or, and."""
    return None if clause is None else json.dumps(_plain_clause(clause))


def _plain_clause(clause: Any) -> dict[str, Any]:
    ((key, value),) = vars(clause).items()
    if isinstance(value, list):
        return {key.rstrip("_"): [_plain_clause(part) for part in value]}
    return {key: value}


def _clean(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _utc(moment: time | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.isoformat()
    return datetime.combine(date(1970, 1, 1), moment).astimezone(UTC).time().isoformat()
