"""Reads the package `genai-prices`, the list prices that aicost takes for the truth, into a `PriceList`.

Nothing is left out or rounded: each provider, model, dated or time-of-day price, context tier and price variant is kept, and a
price that the package leaves empty stays without rates (unknown, not free).

The package names no date for its data. The date given here is the newest one that the data itself proves: the latest day on
which one of its prices starts, or that one of its comments mentions, which is not after the day the data was got
(announced prices lie in the future and prove nothing). The data may be newer than that by some days, never older.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.errors import KnowledgeError
from knowledge.pricelist import (
    FORMAT,
    CardEntry,
    ModelEntry,
    PriceList,
    ProviderEntry,
    RateEntry,
    UnitEntry,
)

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, PriceVariant, Provider

_DATE = re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b")
_NOTE = "newest start of a price, or day named in a comment, not after the day the list was "

# Groq bills at least ten seconds of audio a request: https://groq.com/pricing ; genai-prices has it as code, not as data.
_MINIMUM_SECONDS = {("groq", "whisper-large-v3"): 10, ("groq", "whisper-large-v3-turbo"): 10}


def bundled() -> PriceList:
    """The list inside the installed package. Takes about a second, nearly all of it the package's own import."""
    try:
        import genai_prices
        from genai_prices import data
    except ImportError as error:
        raise KnowledgeError(
            f"The price package genai-prices cannot be imported: {error}.",
            "Install it again: pip install --force-reinstall genai-prices",
        ) from error
    installed = datetime.fromtimestamp(Path(data.__file__).stat().st_mtime, UTC).date()
    got = min(installed, datetime.now(UTC).date())
    version = genai_prices.__version__
    return price_list(data.providers, version, f"genai-prices {version}", got, _NOTE + "installed")


def fetched(url: str | None = None) -> PriceList:
    """The list that genai-prices publishes today, fetched over the network by its own updater."""
    import genai_prices
    from genai_prices.update_prices import DEFAULT_UPDATE_URL, UpdatePrices

    url = url or DEFAULT_UPDATE_URL
    try:
        snapshot = UpdatePrices(url=url).fetch()
    except Exception as error:  # of its HTTP client, of JSON and of validation; all mean the same here
        raise KnowledgeError(
            f"The price update could not be fetched from {url} ({type(error).__name__}: {error}).",
            "The prices are unchanged. Check the network, or upgrade the package: pip install --upgrade genai-prices",
        ) from error
    if snapshot is None or not snapshot.providers:
        raise KnowledgeError(f"The price update at {url} is empty.", "The prices are unchanged.")
    today = datetime.now(UTC).date()
    version = f"{genai_prices.__version__}+{today.isoformat()}"
    title = f"genai-prices, update of {today.isoformat()}"
    return price_list(snapshot.providers, version, title, today, _NOTE + "fetched")


def price_list(providers: list[Provider], version: str, title: str, got: date, note: str) -> PriceList:
    """The providers of genai-prices, got on the day `got`, as plain data."""
    from genai_prices.data_units import unit_data

    units = [
        UnitEntry(
            usage_key=key,
            price_key=unit.get("price_key", key),
            per=unit["per"],
            dimensions=unit.get("dimensions", {}),
        )
        for key, unit in unit_data.items()
    ]
    by_price_key = {unit["price_key"]: unit["usage_key"] for unit in units}
    return PriceList(
        format=FORMAT,
        version=version,
        title=title,
        url="https://github.com/pydantic/genai-prices",
        as_of=newest_proven_date(providers, got),
        note=note,
        units=units,
        providers=[_provider(provider, by_price_key) for provider in providers],
    )


def newest_proven_date(providers: Iterable[Provider], not_after: date) -> str:
    """The latest day up to `not_after` that the data names, as ISO text; empty if it names none."""
    newest = ""
    for provider in providers:
        for text in _comments(provider):
            newest = max(
                [newest, *(found for found in _DATE.findall(text) if found <= not_after.isoformat())]
            )
        for model in provider.models:
            for entry in _entries(model):
                start = getattr(entry.constraint, "start_date", None)
                if start is not None and start <= not_after:
                    newest = max(newest, start.isoformat())
    return newest


def _provider(provider: Provider, units: dict[str, str]) -> ProviderEntry:
    return ProviderEntry(
        id=provider.id,
        name=provider.name,
        pricing_urls=list(provider.pricing_urls or ()),
        comment=_clean(provider.price_comments),
        description=_clean(provider.description),
        fallback_providers=list(provider.fallback_model_providers or ()),
        api_pattern=provider.api_pattern,
        match=_clause(provider.provider_match),
        model_match=_clause(provider.model_match),
        models=[_model(provider.id, model, units) for model in provider.models],
    )


def _model(provider: str, model: ModelInfo, units: dict[str, str]) -> ModelEntry:
    minimum = _MINIMUM_SECONDS.get((provider, model.id))
    return ModelEntry(
        id=model.id,
        name=model.name,
        description=_clean(model.description),
        context_window=model.context_window,
        deprecated=bool(model.deprecated),
        comment=_clean(model.price_comments),
        match=_clause(model.match),
        cards=[_card(entry, units, minimum) for entry in _entries(model)],
    )


def _card(entry: ConditionalPrice | PriceVariant, units: dict[str, str], minimum: int | None) -> CardEntry:
    constraint = entry.constraint
    start = getattr(constraint, "start_date", None)
    from_, to = getattr(constraint, "start_time", None), getattr(constraint, "end_time", None)
    return CardEntry(
        terms=dict(getattr(entry, "when", {})),
        valid_from=None if start is None else start.isoformat(),
        hours=None if from_ is None or to is None else (_utc(from_), _utc(to)),
        rates=list(_rates(entry.prices, units, minimum)),
    )


def _rates(prices: ModelPrice, units: dict[str, str], minimum: int | None) -> Iterator[RateEntry]:
    for key, value in vars(prices).items():
        # A fetched list may charge for what the installed package does not know yet; such a unit stays without a price.
        if value is None or key not in units:
            continue
        unit = units[key]
        tiers = [(tier.start, tier.price) for tier in getattr(value, "tiers", ())]
        for above, price in [(None, getattr(value, "base", value)), *tiers]:
            yield RateEntry(
                unit=unit,
                price=format(price, "f"),
                above=above,
                minimum=minimum if unit.endswith("_seconds") else None,
            )


def _entries(model: ModelInfo) -> list[ConditionalPrice | PriceVariant]:
    """All prices of a model: standard ones in order of time, then the special ones."""
    from genai_prices.types import ConditionalPrice

    standard = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    return [*standard, *(model.price_variants or ())]


def _comments(provider: Provider) -> Iterator[str]:
    yield provider.price_comments or ""
    yield from (model.price_comments or "" for model in provider.models)


def _clause(clause: Any) -> Any:
    """A clause of genai-prices' match logic as an object of one key: starts_with, contains, equals, regex, or, and."""
    if clause is None:
        return None
    ((key, value),) = vars(clause).items()
    if isinstance(value, list):
        return {key.rstrip("_"): [_clause(part) for part in value]}
    return {key: value}


def _clean(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None


def _utc(moment: time) -> str:
    if moment.tzinfo is None:
        return moment.isoformat()
    return datetime.combine(date(1970, 1, 1), moment).astimezone(UTC).time().isoformat()
