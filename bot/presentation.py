"""How amounts and answers read to a person, the same on every platform; plain text that an adapter escapes and lays out.

Rounding happens only here. Small amounts keep their leading digits ($0.000023), large ones get a word ($1.2 million);
the exact amount stays in the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from bot.answers import Answer, Citation, Figure, Lever, Step, plain
from knowledge.lazy_dataclass import dataclass

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CNY": "CN¥"}
"""Currency signs that everybody reads; any other currency is written with its ISO code."""

_WORDS = ((Decimal(10) ** 12, "trillion"), (Decimal(10) ** 9, "billion"), (Decimal(10) ** 6, "million"))
_SIGNIFICANT = 3
"""Digits kept of an amount below one cent or above a million."""

PLAIN_UNITS = {"ratio": "×", "percent": "%"}


@dataclass(frozen=True)
class Section:
    """One part of an answer: a title (may be empty) and its lines."""

    title: str
    lines: tuple[str, ...]


def format_amount(amount: Decimal, unit: str) -> str:
    """An amount with its unit, rounded for reading: "$32.50", "$0.000023", "1.2 million tokens", "40 %"."""
    if is_currency(unit):
        sign = "-" if amount < 0 else ""
        symbol = SYMBOLS.get(unit, unit + " ")
        return f"{sign}{symbol}{_money_digits(abs(amount))}"
    if unit == "date":
        return _date(int(amount))
    number = _number(amount)
    if unit in PLAIN_UNITS:
        return f"{number} {PLAIN_UNITS[unit]}" if unit == "percent" else f"{number}{PLAIN_UNITS[unit]}"
    return f"{number} {_counted(unit, amount)}".rstrip()


def _date(number: int) -> str:
    """A date from its digits: 20260821 is 2026-08-21, 202608 is 2026-08, 2026 is the year."""
    digits = f"{number}"
    return "-".join(part for part in (digits[:4], digits[4:6], digits[6:8]) if part)


def is_currency(unit: str) -> bool:
    """Whether a unit is an ISO 4217 code (three capital letters); "GPU" and the like are no amounts of money."""
    return len(unit) == 3 and unit.isalpha() and unit.isupper()


def _counted(unit: str, amount: Decimal) -> str:
    """The unit's word, in the singular where the amount is exactly one."""
    return unit[:-1] if amount == 1 and unit.endswith("s") and not unit.endswith("/s") else unit


def _money_digits(amount: Decimal) -> str:
    for size, word in _WORDS:
        if amount >= size:
            return f"{_significant(amount / size, _SIGNIFICANT + 1)} {word}"
    if amount == 0:
        return "0"
    if amount < 1:
        text = _significant(amount, _SIGNIFICANT)
        whole, _, fraction = text.partition(".")
        return f"{whole}.{fraction:0<2}"
    if (
        amount < 10
        and amount != amount.quantize(Decimal("0.01"))
        and amount == amount.quantize(Decimal("0.0001"))
    ):
        return plain(amount)  # list prices such as $1.125 are exact with four decimals
    rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    text = f"{rounded:,.2f}"
    return text.removesuffix(".00")


def _number(amount: Decimal) -> str:
    magnitude = abs(amount)
    for size, word in _WORDS:
        if magnitude >= size * 1000 and word == "trillion":
            return f"{magnitude.normalize():.2E}".replace("E+", " × 10^")
        if magnitude >= size and amount % (size / 1000) == 0:
            return f"{plain(amount / size)} {word}"
        if magnitude >= size:
            return f"{_significant(amount / size, _SIGNIFICANT + 1)} {word}"
    if magnitude >= 100:
        return f"{amount.quantize(Decimal(1), ROUND_HALF_UP):,}" if amount % 1 else f"{int(amount):,}"
    return _significant(amount, _SIGNIFICANT) if amount % 1 else f"{int(amount):,}"


def _significant(amount: Decimal, digits: int) -> str:
    """At most `digits` significant digits, without exponent and without trailing zeros."""
    if amount == 0:
        return "0"
    exponent = max(amount.adjusted() - digits + 1, -30)
    if exponent > 0:
        exponent = 0
    return plain(amount.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP))


def format_figure(figure: Figure) -> str:
    """A figure's amount with its period or basis: "$32.50 a day", "$2.50 per 1M input tokens"."""
    text = format_amount(figure.amount, figure.unit)
    return f"{text} {per_words(figure.per)}".strip()


def per_words(per: str | None) -> str:
    """How a `per` reads after an amount."""
    if per is None:
        return ""
    if per in ("second", "minute", "day", "week", "month", "year"):
        return f"a {per}"
    return "an hour" if per == "hour" else f"per {per}"


def format_step(step: Step) -> str:
    """One line of a derivation: "500 input tokens × $2.50 per 1M = $0.00125"."""
    result = format_amount(step.amount, step.unit)
    if step.count is None:
        return f"{step.label}: {result}"
    counted = f"{_number(step.count)} {step.count_unit}".strip()
    if step.rate is None:
        return f"{step.label}: {counted} → {result}"
    rate = format_amount(step.rate, step.unit) if is_currency(step.unit) else _number(step.rate)
    basis = f" per {step.rate_per}" if step.rate_per else ""
    return f"{step.label}: {counted} × {rate}{basis} = {result}"


def format_lever(lever: Lever) -> str:
    """One way to save: "Batch: $16.25 a day, saves $16.25 (50 %)"."""
    before = lever.amount + lever.saving
    share = f" ({_significant(100 * lever.saving / before, 2)} %)" if before > 0 else ""
    cost = f"{format_amount(lever.amount, lever.unit)} {per_words(lever.per)}".strip()
    return f"{lever.label}: {cost}, saves {format_amount(lever.saving, lever.unit)}{share}"


def format_citation(citation: Citation) -> str:
    """A source in one line, without its address: "OpenAI price list, read 2026-11-20"."""
    when = f" ({citation.as_of})" if citation.as_of else ""
    return f"{citation.title}{when}"


def format_spend(answer: Answer) -> str:
    """What the answer itself cost, for its foot."""
    spend = answer.spend
    if not spend.llm_calls:
        return "This answer used no LLM and cost $0"
    calls = "1 LLM call" if spend.llm_calls == 1 else f"{spend.llm_calls} LLM calls"
    tokens = f"{spend.input_tokens:,} tokens in, {spend.output_tokens:,} out"
    cost = "at an unknown price" if spend.cost_usd is None else format_amount(spend.cost_usd, "USD")
    return f"This answer took {calls} ({tokens}), {cost}"


def footer(answer: Answer) -> str:
    """The last line: the answer's own spend and its receipt."""
    receipt = f" · receipt {answer.receipt}" if answer.receipt else ""
    return f"{format_spend(answer)}{receipt}"


def figure_rows(figures: Sequence[Figure]) -> list[tuple[str, str]]:
    """Two columns for a table of figures: the label and the amount as it reads."""
    return [(figure.label, format_figure(figure)) for figure in figures]


def sections(answer: Answer) -> list[Section]:
    """The parts of an answer below its headline, in reading order, empty ones left out; sources are not among them."""
    parts = [
        Section("", answer.details),
        Section("Calculation", tuple(format_step(step) for step in answer.steps)),
        Section("Ways to pay less", tuple(format_lever(lever) for lever in answer.levers)),
        Section("Assumptions", answer.assumptions),
    ]
    return [part for part in parts if part.lines]
