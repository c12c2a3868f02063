"""Exchange rates, held against the package whose file they are read from."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest
from currency_converter import CurrencyConverter
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.currency import rate_to_usd

TODAY = date(2026, 11, 22)


@cache
def converter() -> CurrencyConverter:
    return CurrencyConverter(
        decimal=True, fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known"
    )


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["EUR", "GBP", "INR", "JPY", "CHF", "BGN"]),
    st.dates(date(2010, 1, 4), date(2025, 12, 31)),
)
def test_it_is_the_last_rate_up_to_the_day(currency: str, day: date) -> None:
    rate = rate_to_usd(currency, day)
    assert rate is not None
    expected = Decimal(converter().convert(Decimal(1), currency, "USD", date=day))
    assert abs(rate.usd - expected) <= expected * Decimal("1e-12")
    assert timedelta(0) <= day - rate.day < timedelta(days=8)


def test_a_currency_that_is_no_longer_listed_keeps_its_last_rate() -> None:
    rate = rate_to_usd("RUB", TODAY)
    assert rate is not None
    assert rate.day == converter().bounds["RUB"].last_date


@pytest.mark.parametrize(
    ("currency", "day"),
    [("XXX", TODAY), ("Date", TODAY), ("", TODAY), ("usd", TODAY), ("GBP", date(1998, 1, 1))],
)
def test_what_has_no_rate_has_none(currency: str, day: date) -> None:
    assert rate_to_usd(currency, day) is None
