"""Money in other currencies than US dollars; prices are in dollars, budgets need not be."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.context import Context, NoAnswer
from bot.questions import Money


def from_usd(amount: Decimal, currency: str, context: Context) -> Decimal:
    """An amount of US dollars in another currency, at the same rates."""
    return amount / in_usd(Money(amount=Decimal(1), currency=currency), context)


def in_usd(money: Money, context: Context) -> Decimal:
    """An amount in US dollars, at the European Central Bank's last rate that is at hand; the rate is among the notes."""
    if money.currency == "USD":
        return money.amount
    from knowledge.currency import rate_to_usd

    rate = rate_to_usd(money.currency, context.today)
    if rate is None:
        raise NoAnswer(
            "not_found",
            f"I have no exchange rate for {money.currency}; please give the amount in US dollars.",
        )
    context.note(f"1 {money.currency} = {rate.usd:.6g} USD (European Central Bank, {rate.day.isoformat()}).")
    return money.amount * rate.usd
