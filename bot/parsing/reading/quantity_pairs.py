"""What several quantities say together: ranges, products, rates, pairs of input and output."""

from __future__ import annotations

from bot.parsing.reading.quantity import COUNTED, Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.questions import Period
from knowledge.lazy_dataclass import replace


def join_ranges(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "between 500 and 800 tokens" is one quantity with two ends."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        if (
            last is not None
            and not last.unit
            and last.high is None
            and text[last.end : quantity.start].strip() in ("and", "und", "et", "y")
            and text[: last.start].rstrip().endswith(("between", "zwischen", "entre"))
            and last.value < quantity.value
        ):
            joined[-1] = replace(
                quantity,
                start=last.start,
                value=last.value,
                high=quantity.value,
                role=quantity.role or last.role,
            )
        else:
            joined.append(quantity)
    return joined


_EVERY = frozenset(["every", "each", "alle", "cada", "jede", "toutes les", "har"])


_PERIOD_OF_UNIT: dict[str, Period] = {
    "seconds": "second", "minutes": "minute", "hours": "hour", "days": "day", "weeks": "week", "months": "month",
}  # fmt: skip


def join_intervals(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "1 request every 10 seconds" is a rate: a tenth of a request a second."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.unit in COUNTED
            and last.per is None
            and quantity.unit in _PERIOD_OF_UNIT
            and quantity.value > 0
            and text[last.end : quantity.start].strip() in _EVERY
        ):
            period = _PERIOD_OF_UNIT[quantity.unit]
            joined[-1] = replace(last, end=quantity.end, value=last.value / quantity.value, per=period)
        else:
            joined.append(_lone_interval(text, quantity, joined))
    return joined


def _lone_interval(text: str, quantity: Quantity, before: list[Quantity]) -> Quantity:
    """ "Fires every 15 minutes", with nothing counted before: once in that time."""
    word = text[: quantity.start].rstrip().rsplit(" ", 1)[-1]
    if (
        quantity.unit not in _PERIOD_OF_UNIT
        or quantity.value <= 0
        or word not in _EVERY
        or any(q.unit in COUNTED for q in before)
    ):
        return quantity
    return replace(
        quantity, unit="items", noun="runs", value=1 / quantity.value, per=_PERIOD_OF_UNIT[quantity.unit]
    )


def join_products(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "10x1000 evals" is ten thousand of them."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        between = text[last.end : quantity.start].strip() if last is not None else ""
        bare = last is not None and last.unit in ("", "times") and not last.role and not last.per
        bare = (
            bare and last is not None and not text[: last.start].rstrip().endswith("/")
        )  # "2k/500 x 750 a day"
        product = between in ("x", "×", "*") or (
            last is not None and between == "" and text[last.start : last.end].endswith(("x", "×"))
        )
        if last is not None and bare and product and quantity.unit not in ("money", "percent"):
            joined[-1] = replace(quantity, start=last.start, value=last.value * quantity.value)
        else:
            joined.append(quantity)
    return joined


def join_money_rates(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "$1 per 1M input tokens" is one rate, not a rate and a volume."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.per_thing == "tokens"
            and quantity.unit in ("", "tokens")
            and text[last.end : quantity.start].strip(" /") in _PER_WORDS
        ):
            joined[-1] = replace(last, end=quantity.end, per_tokens=quantity.value, role=quantity.role)
        else:
            joined.append(quantity)
    return joined


_PER_WORDS = frozenset(["", "per", "each", "every", "for", "a", "pro", "par", "por", "je"])
_PART_OF = frozenset(["of the", "of", "out of", "out of the", "of our", "of my", "von den", "des", "de los"])


_PAIR_JOINTS = frozenset(["/", "->", "→", "+", ":", "|", "&", "in/", "to", ",", "and"])


_OF_WHICH = LazyPattern(
    r"(?:of which|of that|of those|of it|thereof|davon|wovon|dont|de los cuales|de las cuales|isme se|usme se|jisme se)[^\d.;]{0,16}$"
)
_OF_IT = LazyPattern(
    r"^(?:\s*(?:tokens?|words?))?\s*(?:of (?:it|that|which|them|those)|davon|dont|de ello)\b"
)
_STAYS = LazyPattern(
    r"^(?:\s*(?:tokens?|words?))?\s*(?:(?:of (?:it|that|which|them|those)|davon)\s+)?(?:is|are|stay|stays|remain|remains|always|never|the|ist|sind|immer|bleibt|bleiben|est|sont|toujours|es|son|siempre|hamesha|\s)*"
    r"(?:same|identical|static|fixed|constant|unchanged|repeated|repeats?|repeating|shared|reused|changes?|change|gleich|identisch|fest|unverändert|wiederholt|identiques?|fixes?|répétés?|igual(?:es)?|fijos?|repetid[oa]s?)\b"
)


def _stays_the_same(text: str, quantity: Quantity) -> bool:
    """ "8k prompt of which 7k is always the same", in a text about caching: what stays is what is cached."""
    if quantity.role or quantity.per or not (quantity.is_size or not quantity.unit) or "cach" not in text:
        return False
    behind = _STAYS.search(text[quantity.end :])
    return behind is not None and bool(
        _OF_WHICH.search(text[: quantity.start])
        or _OF_IT.search(text[quantity.end : quantity.end + 24])
        or "same" in behind.group()
    )


def share_roles(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """Complete pairs: "500/200" is input and output; "500 words in, 200 out" means words twice."""
    result = [replace(q, role="cached") if _stays_the_same(text, q) else q for q in quantities]
    for index in range(len(result) - 1):
        first, second = result[index], result[index + 1]
        between = text[first.end : second.start].strip()
        huge = first.suffix in ("b", "bn", "t", "tn") or second.suffix in ("b", "bn", "t", "tn")
        bare = (
            not huge
            and not first.unit
            and not first.role
            and not first.per
            and first.per_thing in ("", "each")
        )
        if bare and between == "/" and second.unit == "requests" and first.value > second.value:
            second = replace(second, unit="", noun="", per=None)  # "2k/300 requests": requests of that size
        second_fits = (not second.unit or second.is_size) and second.role in ("", "output", "input")
        if (
            bare
            and second_fits
            and (
                between in ("/", "->", "→", "|")
                or (between == ":" and (second.unit == "tokens" or first.value >= 20))
            )
            and not _is_date_like(first, second, text)
        ):
            unit = second.unit or "tokens"
            roles = ("output", "input") if second.role == "input" else ("input", "output")
            result[index] = replace(first, role=roles[0], unit=unit)
            result[index + 1] = replace(second, role=roles[1], unit=unit)
        elif (
            bare
            and (second.is_size or second.role)
            and between in _PART_OF
            and "cach" in text[second.end : second.end + 40]
        ):
            result[index] = replace(
                first, role="cached", unit=second.unit or "tokens"
            )  # "6k of the 8k prompt is cached"
        elif (
            first.role == "input"
            and not second.role
            and not second.per
            and second.per_thing in ("", "each", "item")
            and (second.is_size or (not second.unit and between in _PAIR_JOINTS))
            and not second.item_noun
            and not _has_its_own_output(result, index + 1)
        ):
            result[index + 1] = replace(second, role="output", unit=second.unit or first.unit or "tokens")
        elif (
            second.role == "output"
            and not first.role
            and (first.is_size or (not first.unit and between in _PAIR_JOINTS))
            and (not first.per and not first.item_noun and first.per_thing in ("", "each", "item"))
        ):
            result[index] = replace(first, role="input", unit=first.unit or second.unit or "tokens")
    return [_default_unit(q, result) for q in result]


def _default_unit(quantity: Quantity, all_quantities: list[Quantity]) -> Quantity:
    if quantity.unit or quantity.role not in ("input", "output", "cached", "reasoning", "system"):
        return quantity
    siblings = [q for q in all_quantities if q.is_size and q.role in ("input", "output")]
    before = [q for q in siblings if q.start < quantity.start]
    unit = before[-1].unit if before else siblings[0].unit if siblings else "tokens"
    return replace(quantity, unit="tokens" if unit == "pages" and quantity.value >= _MANY_PAGES else unit)


_MANY_PAGES = 50
"""Nobody's request or answer has so many pages; such a number beside pages counts tokens."""


def _has_its_own_output(quantities: list[Quantity], index: int) -> bool:
    """Whether what follows a length is said to come out ("system prompt 3k, message 150, answer 250")."""
    following = quantities[index + 1] if index + 1 < len(quantities) else None
    return following is not None and following.role == "output" and following.is_size and not following.per


def _is_date_like(first: Quantity, second: Quantity, text: str) -> bool:
    """ "9/5" and "12/2024" are no token counts."""
    small = first.value <= 31 and second.value <= 31 and first.scale == second.scale == 1
    return small or (first.value <= 31 and 1990 <= second.value <= 2100)
