"""Quantities that multiply or replace one another: "340 users × 2 sessions × 7 messages", "12 chunks of 400 tokens", "no wait, 300"."""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.reading.quantity import COUNTED, Quantity
from bot.parsing.reading.spans import LazyPattern
from knowledge.lazy_dataclass import replace

_TIMES_SIGNS = frozenset(["x", "×", "*", "times"])
_OF = frozenset(["of", "of about", "of ~", "à", "a", "with", "zu je", "de", "@", "at", "x", "×", "*"])
_CHUNKS = frozenset(
    """
    chunk chunks passage passages snippet snippets excerpt excerpts document documents doc docs page pages example examples article
    articles file files result results context contexts
    """.split()
)
_CORRECTION = LazyPattern(
    r"^[\s,.;:–—-]*(?:oh |oops |ah |hm+ |err? )?(?:no,? wait|wait,? no|wait|sorry|i mean(?:t)?|make that|correction|scratch that|or rather|actually|nein|äh|quatsch|non|perdón|no)"
    r"[\s,:-]*(?:no,? |it'?s |that'?s |make it |i mean |ich meine )?$"
)


def join_chains(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """Three or more counts joined by multiplication signs are one count; a period of any of them is the whole's."""
    joined: list[Quantity] = []
    chain: list[Quantity] = []
    for quantity in [*quantities, None]:
        linked = (
            quantity is not None
            and bool(chain)
            and quantity.unit in (*COUNTED, "times", "")
            and not quantity.role
            and _multiplies(text[chain[-1].end : quantity.start])
        )
        if linked and quantity is not None:
            chain.append(quantity)
            continue
        joined.extend([_product(chain)] if len(chain) >= 3 else chain)
        chain = [quantity] if quantity is not None else []
    return joined


def _multiplies(between: str) -> bool:
    """A multiplication sign, with at most one unknown noun before it ("3 models × 2")."""
    words = between.split()
    return bool(words) and words[-1] in _TIMES_SIGNS and len(words) <= 2


def _product(chain: list[Quantity]) -> Quantity:
    value = Decimal(1)
    for quantity in chain:
        value *= quantity.value
    per = next((q.per for q in chain if q.per is not None), None)
    workdays = any(q.workdays for q in chain)
    return replace(
        chain[-1],
        start=chain[0].start,
        value=value,
        unit="requests",
        per=per,
        per_thing="",
        workdays=workdays,
    )


def join_chunks(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "12 chunks of 400 tokens" is 4,800 tokens of input."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.unit in ("items", "examples", "pages")
            and last.noun in _CHUNKS
            and last.per is None
            and last.value <= 1000
            and quantity.unit in ("tokens", "words", "characters", "pages")
            and quantity.role in ("", "input")
            and quantity.per is None
            and text[last.end : quantity.start].strip() in _OF
            and (_retrieved(text, last) or _IN_ONE.search(text) is not None)
        ):
            joined[-1] = replace(
                quantity,
                start=last.start,
                value=last.value * quantity.value,
                role="",
                per_thing="item",
                item_noun="prompt",
            )
        else:
            joined.append(quantity)
    return joined


_IN_ONE = LazyPattern(
    r"\b(?:in|as|into|with) (?:one|a single|the same|1) (?:prompt|request|call|go|shot)\b|\ball (?:at once|together)\b|\bin einem (?:prompt|aufruf|rutsch)\b|\ben un(?:e)? seule? (?:fois|requête|prompt)\b|\ben una sola\b"
)
_RETRIEVAL = LazyPattern(
    r"\b(?:retriev\w*|rag|chunks?|passages?|snippets?|context|fetch\w*|top|each (?:query|question|request)|few[- ]shot|excerpts?)\b"
)


def _retrieved(text: str, quantity: Quantity) -> bool:
    """Whether the pieces are put into one request; "1000 documents of 400 tokens" are requests of their own."""
    return _RETRIEVAL.search(text[max(0, quantity.start - 60) : quantity.end]) is not None


_PEAK = LazyPattern(r"\b(?:peak|peaks|burst|bursts|max|maximum|spitze|spitzen|pic|pico)\b")
_MEAN = LazyPattern(
    r"\b(?:average|avg\.?|averages|mean|normally|usually|typically|otherwise|durchschnitt\w*|schnitt|im mittel|sonst|moyenne|promedio|media)\b|ø"
)


_TURNS = LazyPattern(r"[,;.]|\b(?:but|and|while|though|aber|und|mais|et|pero|y)\b")
_AROUND = 40


def without_peaks(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "40 req/s at peak but 6 on average": the average is what is paid for."""
    counts = [q for q in quantities if q.per is not None and (q.unit in COUNTED or not q.unit)]
    if len(counts) < 2 or not _PEAK.search(text) or not _MEAN.search(text):
        return quantities

    def near(q: Quantity, pattern: LazyPattern) -> bool:
        before = [o.end for o in quantities if o.end <= q.start]
        behind = [o.start for o in quantities if o.start >= q.end]
        ahead = _TURNS.compiled.split(text[max([q.start - _AROUND, *before]) : q.start])[-1]
        after = _TURNS.compiled.split(text[q.end : min([q.end + _AROUND, *behind])])[0]
        return bool(pattern.search(ahead) or pattern.search(after))

    peaks = [q for q in counts if near(q, _PEAK) and not near(q, _MEAN)]
    rest = [q for q in counts if q not in peaks]
    if not peaks or not rest:
        return quantities
    unit, noun = peaks[0].unit, peaks[0].noun
    kept = [q for q in quantities if q not in peaks]
    return [replace(q, unit=q.unit or unit, noun=q.noun or noun) if q in rest else q for q in kept]


def join_corrections(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "200 requests a day, no wait, 300": the later number takes the place of the earlier one."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        if (
            last is None
            or _CORRECTION.search(text[last.end : quantity.start]) is None
            or not text[last.end : quantity.start].strip()
        ):
            joined.append(quantity)
            continue
        same = not quantity.unit and not quantity.role
        if same:
            joined[-1] = replace(
                last, end=quantity.end, value=quantity.value, high=quantity.high, per=quantity.per or last.per
            )
        elif quantity.unit == last.unit or quantity.role == last.role:
            joined[-1] = replace(quantity, per=quantity.per or last.per, role=quantity.role or last.role)
        else:
            joined.append(quantity)
    return joined
