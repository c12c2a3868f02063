"""Amounts that must not be rounded for reading: bills to the last digit, and rates as their price list has them."""

from __future__ import annotations

from decimal import Context, Decimal

from bot.answers import plain

_RATE_DIGITS = Context(prec=7)


def exact_usd(amount: Decimal) -> str:
    """US dollars to the last digit, with cents where there are any: $1,234.50, $0.0000125."""
    digits = f"{Decimal(plain(amount)):,f}"
    return f"${digits}0" if "." in digits and digits[-2] == "." else f"${digits}"


def rate_usd(price: Decimal) -> str:
    """A rate to seven digits, which is all of it, but for the noise of price lists that were floats (0.18000000000000002)."""
    return exact_usd(_RATE_DIGITS.plus(price))
