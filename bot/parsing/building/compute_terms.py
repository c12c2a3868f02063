"""What questions about GPUs have in common: which GPU and how many, at what price an hour and where, for which model and how long."""

from __future__ import annotations

import re
from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern

_HUNDRED = Decimal(100)


def parameters_of(a: Annotation) -> Decimal | None:
    """The size of the model, in parameters."""
    for quantity in a.quantities:
        if quantity.unit == "parameters":
            return quantity.value
    for quantity in a.quantities:
        if (
            quantity.suffix in ("b", "bn")
            and quantity.unit in ("", "tokens")
            and not re.match(
                r"[ -]?(?:training )?tokens?\b",
                a.folded[quantity.end - len(quantity.noun) if quantity.noun else quantity.end :],
            )
            and quantity.unit == ""
        ):
            return quantity.value
    bare = [
        q
        for q in a.quantities
        if q.suffix in ("m", "b") and not q.unit and q.role in ("", "training") and not q.per
    ]
    if bare:
        return bare[0].value
    for named in a.models:  # "train a llama 7b": the size stands inside the name
        match = re.search(r"(\d{1,4}(?:\.\d)?)\s?b\b", named.ref.mention.lower())
        if match:
            return Decimal(match.group(1)) * 10**9
    return None


_NUMBER_WORDS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "eight": "8", "ten": "10"}
_MACHINES = LazyPattern(
    r"\b(\d{1,4}|two|three|four|five|six|eight|ten) (?:[\w-]+ ){0,2}(?:boxes|nodes|servers|machines|hosts|instances|knoten|serveurs|servidores)\b.*\bgpus? (?:each|apiece|per (?:box|node|server|machine|host|instance))\b"
)


def gpu_of(a: Annotation) -> tuple[str | None, Decimal | None]:
    """The GPU that the text names, and how many of it."""
    gpu = a.gpus[0].id if a.gpus else None
    count = next((q.value for q in a.quantities if q.unit == "gpus"), None)
    machines = _MACHINES.search(a.folded)
    if count is not None and machines is not None:  # "2 boxes with 8 GPUs each"
        number = machines.group(1)
        count *= Decimal(_NUMBER_WORDS.get(number) or number)
    if count is None and a.gpus:
        for quantity in a.quantities:
            between = a.folded[quantity.end : a.gpus[0].start]
            if (
                quantity.end <= a.gpus[0].end
                and quantity.unit in ("", "times")
                and len(between.strip()) <= 8
                and not quantity.per
            ):
                count = quantity.value
        behind = re.match(r"\s*[x×]\s?(\d{1,4})\b", a.folded[a.gpus[0].end :])
        if count is None and behind:
            count = Decimal(behind.group(1))
    if (
        count is None
        and gpu
        and re.search(
            r"\b(?:a|an|one|single|ein|eine|un|una)\s+(?:single |nvidia )?$", a.folded[: a.gpus[0].start]
        )
    ):
        count = Decimal(1)
    return gpu, count


def _gpu_hour_quantity(a: Annotation) -> Quantity | None:
    stated = next(
        (q for q in a.of_unit("money") if q.per_thing in ("gpu_hour", "gpu") or q.per == "hour"), None
    )
    return stated or next((q for q in a.quantities if _bare_rate(q, a)), None)


_AT_A_RATE = LazyPattern(r"(?:\bat|@|\bà|\bzu|\bje|\bfür|\bfor|\bcosts?)\s*[$€£]?\s*$")
_MOST_AN_HOUR = Decimal(50)
_NEAR = 24
"""Characters before a number in which its "at" stands."""


def _bare_rate(quantity: Quantity, a: Annotation) -> bool:
    """ "At 2.10/h" names no currency, "H100 at 2.5 usd" no hour."""
    if quantity.per_thing or quantity.role or quantity.value > _MOST_AN_HOUR:
        return False
    by_the_hour = not quantity.unit and quantity.per == "hour"
    dollars = quantity.unit == "money" and quantity.per is None and bool(a.gpus)
    near = max(0, quantity.start - _NEAR)
    return (by_the_hour or dollars) and _AT_A_RATE.search(a.folded, near, quantity.start) is not None


def gpu_hour_price(a: Annotation) -> Decimal | None:
    """The stated price of a GPU-hour, in its own currency."""
    stated = _gpu_hour_quantity(a)
    return stated.value if stated else None


def gpu_hour_currency(a: Annotation) -> str | None:
    """The currency of that price; None for US dollars."""
    stated = _gpu_hour_quantity(a)
    return stated.currency if stated and stated.currency not in ("", "USD") else None


def share_of(a: Annotation, pattern: str) -> Decimal | None:
    """A stated share (0 to 1) in whose clause the pattern stands, such as the utilisation."""
    for quantity in a.of_unit("percent"):
        if re.search(pattern, a.clause(quantity)):
            return quantity.value / _HUNDRED
    match = re.search(r"\b(?:mfu|utili[sz]ation)\s*(?:of|=|:|is)?\s*(0?\.\d+)", a.folded)
    return Decimal(match.group(1)) if match and re.search(pattern, match.group()) else None


def provider_of(a: Annotation) -> str | None:
    """The cloud or provider that the text names."""
    if a.clouds:
        return a.clouds[0].id
    return a.providers[0].id if a.providers else None


def hours_of(a: Annotation) -> Decimal | None:
    """A stated length of computing time in hours."""
    factors = {"minutes": Decimal(1) / 60, "hours": Decimal(1), "days": Decimal(24), "weeks": Decimal(168)}
    for quantity in a.quantities:
        if quantity.unit in factors and not quantity.per:
            return quantity.value * factors[quantity.unit]
    if a.span is not None and a.span.unit in ("hour", "day", "week"):
        return a.span.amount * {"hour": Decimal(1), "day": Decimal(24), "week": Decimal(168)}[a.span.unit]
    return None


_OPEN_MODEL = LazyPattern(
    r"\b(?:llama|mistral|mixtral|qwen|gemma|phi|deepseek|falcon|gpt-oss|kimi|glm|olmo|yi)[\w.\- ]{0,20}?\d{1,4}(?:\.\d)?b\b|\b\d{1,4}(?:\.\d)?b(?: parameter)?(?: model| llm)\b"
)


def open_model_name(a: Annotation) -> str | None:
    """The model that is hosted or tuned, as the person named it."""
    match = _OPEN_MODEL.search(a.folded)
    if match:
        return a.text[match.start() : match.end()]
    return a.models[0].ref.mention if a.models else None
