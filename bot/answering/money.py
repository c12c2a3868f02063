"""Money in other currencies than US dollars; prices are in dollars, budgets and answers need not be.

The currency of an answer is the one that the question names, else that of the settings (`AICOST_CURRENCY`). The figures in US
dollars stay, and their converted copies are added: an estimate says its sums in that currency, other answers add a sentence.
"""

from __future__ import annotations

from decimal import Decimal

from bot.answering.context import Context, NoAnswer
from bot.answering.exact import settled
from bot.answers import Answer, Figure
from bot.presentation import format_figure, is_currency
from bot.questions import Money, Question
from knowledge.lazy_dataclass import replace

_ITS_OWN_WAY = ("estimate", "fact", "help", "out_of_scope")
"""Kinds that convert by themselves, or that tell amounts as their sources do."""
_SAID = 4
"""Converted figures that the headline names."""


def shown_currency(question: Question, context: Context) -> str | None:
    """The currency that the answer shall be in; None for US dollars, or where the settings name one without a rate."""
    asked: str | None = getattr(question, "currency", None)
    wanted = asked or context.settings.currency
    if wanted == "USD":
        return None
    if asked is None and not _has_rate(wanted, context):
        context.note(f"I have no exchange rate for {wanted}; amounts are in US dollars.")
        return None
    return wanted


def converted(answer: Answer, question: Question, context: Context) -> Answer:
    """An answer of any kind with its money in the wanted currency too."""
    dollars = [figure for figure in answer.figures if figure.unit == "USD"]
    if answer.status != "answered" or question.kind in _ITS_OWN_WAY or not dollars:
        return answer
    before = tuple(context.notes)
    currency = shown_currency(question, context)
    if currency is not None and question.kind == "history":
        context.note("Past prices are in US dollars, as they were listed; I do not convert them.")
    elif currency is not None:
        added = [in_currency(figure, currency, context) for figure in dollars]
        headline = answer.headline
        if is_currency(answer.figures[0].unit):
            headline = f"{headline.removesuffix('.')}. In {currency}: {_said(added)}."
        answer = replace(answer, headline=headline, figures=_with_copies(answer, added, question))
    new = [note for note in context.notes if note not in (*before, *answer.assumptions)]
    return replace(answer, assumptions=(*answer.assumptions, *new)) if new else answer


def _with_copies(answer: Answer, added: list[Figure], question: Question) -> tuple[Figure, ...]:
    """The converted figures first where the question names the currency and asks for money, else behind the others."""
    asked = getattr(question, "currency", None) is not None and is_currency(answer.figures[0].unit)
    return (*added, *answer.figures) if asked else (*answer.figures, *added)


def _said(figures: list[Figure]) -> str:
    """The first figures in words, with their labels where what they are per does not tell them apart."""
    first = figures[:_SAID]
    apart = len({figure.per for figure in first}) == len(first)
    if apart:
        return ", ".join(map(format_figure, first))
    return "; ".join(f"{figure.label} {format_figure(figure)}" for figure in first)


def in_currency(figure: Figure, currency: str, context: Context) -> Figure:
    """A figure in US dollars as one in another currency."""
    return replace(figure, amount=settled(from_usd(figure.amount, currency, context)), unit=currency)


def _has_rate(currency: str, context: Context) -> bool:
    from knowledge.currency import rate_to_usd

    return rate_to_usd(currency, context.today) is not None


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
