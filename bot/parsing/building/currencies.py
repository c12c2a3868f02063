"""The currency that an answer is wanted in ("in euros")."""

from __future__ import annotations

from bot.parsing.annotate import Annotation
from bot.parsing.reading.spans import LazyPattern
from bot.questions import Question
from knowledge.lazy_dataclass import replace

_NAMES = {
    "euro": "EUR", "€": "EUR", "pound": "GBP", "£": "GBP", "rupee": "INR", "₹": "INR", "yen": "JPY", "yuan": "CNY", "rmb": "CNY",
    "swiss franc": "CHF", "franken": "CHF", "zloty": "PLN", "dollar": "USD", "$": "USD",
}  # fmt: skip
_CODES = "aud brl cad chf cny czk dkk eur gbp hkd huf inr jpy krw mxn nok nzd pln sek sgd usd zar".split()
"""Codes that are no words of their own; "in PHP" is a programming language."""

_WANTED = LazyPattern(
    rf"\b(?:in|en|auf|to|into) (?:us )?(?:({'|'.join(name for name in _NAMES if name.isascii() and name != '$')})s?\b"
    rf"|({'|'.join(_CODES)})\b|([€£₹$]))(?! ?\d)|\b(rupee|dollar|euro|pound)s? (?:mein|me)\b"
)


def currency_of(a: Annotation) -> str | None:
    """The currency that an answer is wanted in, as its ISO 4217 code; None where none is named."""
    match = _WANTED.search(a.folded)
    if match is None:
        return None
    name, code, sign, spoken = match.groups()
    return _NAMES[name or sign or spoken] if code is None else code.upper()


def with_currency(question: Question, a: Annotation, previous: Question | None = None) -> Question:
    """The question with the currency that the text names, or that the question before it had."""
    wanted = currency_of(a) or getattr(previous, "currency", None)
    if wanted is None or not hasattr(question, "currency"):
        return question
    changed: Question = replace(question, currency=wanted)  # type: ignore[arg-type]  # those that have one
    return changed
