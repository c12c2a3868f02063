"""A third opinion: the offline catalogue of the package `openai-cost-calculator`, when it is installed (extra `verify`).

Each provider's default conditions are taken (the region that the package itself assumes, no peak hours); its service tiers
are our terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from knowledge.sources.second_prices import OpinionSource, Quote, write_opinions

if TYPE_CHECKING:
    from sqlite_utils import Database

SOURCE_ID = "openai-cost-calculator"

_PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "together": "together",
}
_UNITS = {
    "input": ("input_tokens", 1_000_000),
    "cached_input": ("cache_read_tokens", 1_000_000),
    "cache_write": ("cache_write_tokens", 1_000_000),
    "cache_write_1h": ("cache_write_1h_tokens", 1_000_000),
    "input_audio": ("input_audio_tokens", 1_000_000),
    "cached_input_audio": ("cache_audio_read_tokens", 1_000_000),
    "input_image": ("input_image_tokens", 1_000_000),
    "output": ("output_tokens", 1_000_000),
    "reasoning": ("output_reasoning_tokens", 1_000_000),
    "output_audio": ("output_audio_tokens", 1_000_000),
    "output_image": ("output_image_tokens", 1_000_000),
    "web_search": ("web_searches", 1),
    "request": ("requests", 1),
}
_TERMS: dict[str, dict[str, str]] = {
    "standard": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"speed": "fast"},
}


def write(db: Database) -> None:
    """Compile the catalogue, if the package is installed."""
    try:
        import openai_cost_calculator
    except ImportError:
        return
    from importlib.metadata import version

    number = version("openai-cost-calculator")
    models = openai_cost_calculator.list_models()
    days = {_catalogue().get(provider).verified_at for provider, _ in models}
    source = OpinionSource(
        id=SOURCE_ID,
        title=f"openai-cost-calculator {number}",
        url="https://github.com/orkunkinay/openai_cost_calculator",
        as_of=max((day.isoformat() for day in days if day is not None), default=None),
        publisher="Orkun Kınay, Murat Barkın Kınay",
        version=number,
        note="the day on which the package verified its catalogue; each provider's default region",
    )
    write_opinions(db, source, quotes(models))


def quotes(models: list[tuple[str, Any]]) -> Iterator[Quote]:
    """The prices of the catalogue's active models, under our providers and units."""
    for seller, model in models:
        provider = _PROVIDERS.get(seller)
        if provider is None or model.status != "active":
            continue
        data = _catalogue().get(seller)
        origin = data.source(model.source)
        for tier, terms in _TERMS.items():
            conditions = _defaults(seller, model, tier)
            if conditions is None:
                continue
            for prices in model.prices:
                if {"service_tier": "standard", **prices.conditions} != conditions:
                    continue
                for dimension, price in prices.rates.items():
                    if dimension not in _UNITS:
                        continue
                    unit, per = _UNITS[dimension]
                    yield Quote(
                        provider=provider,
                        name=model.id.rpartition("/")[2] if seller == "fireworks" else model.id,
                        terms=terms,
                        unit=unit,
                        above=_threshold(prices.min_input_tokens),
                        price=price,
                        per=per,
                        url=origin.url if origin is not None else None,
                        as_of=data.verified_at.isoformat() if data.verified_at is not None else None,
                        valid_from=prices.effective_from.isoformat() if prices.effective_from else None,
                        valid_until=prices.effective_until.isoformat() if prices.effective_until else None,
                        note=", ".join(f"{key} {value}" for key, value in sorted(conditions.items())),
                    )


def _defaults(seller: str, model: Any, tier: str) -> dict[str, str] | None:
    """The conditions that the package itself assumes for a service tier; None if it has no price for that tier."""
    from openai_cost_calculator import PricingError, Usage, calculate_cost
    from openai_cost_calculator.catalog.costing import USAGE_FIELDS

    sets = [
        prices for prices in model.prices if (prices.conditions.get("service_tier") or "standard") == tier
    ]
    if not sets:
        return None
    dimension = next(iter(sets[0].rates))
    periods = {prices.conditions.get("period") for prices in sets}
    try:
        cost = calculate_cost(
            seller,
            model.id,
            usage=Usage(**{USAGE_FIELDS[dimension]: 1}),
            service_tier=tier,
            period="off_peak" if "off_peak" in periods else None,
        )
    except PricingError:
        return None
    return dict(cost.conditions)


def _catalogue() -> Any:
    from openai_cost_calculator.catalog import bundled_catalog

    return bundled_catalog()


def _threshold(at_least: int) -> int | None:
    """Their tiers begin at a number of tokens, ours above one; both mean the round number."""
    if not at_least:
        return None
    return at_least - 1 if at_least % 10 == 1 else at_least
