"""By how much a message scales what the thread was about: "what if it's 3x", "20% more traffic", "halve that"."""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.reading.spans import LazyPattern

_WORDS = (
    (LazyPattern(r"\bdoubl(?:e|es|ed|ing)\b|\btwice\b|\b(?:ver)?doppel\w*\b|\b(?:el )?doble\b|\bduplic\w+|\b(?:deux|two) (?:fois|times)\b|\bdoubl(?:er|ait|ons)\b|\bdugn[aei]\b|\bdugun[aei]\b"), Decimal(2)),
    (LazyPattern(r"\btripl\w+\b|\b(?:ver)?dreifach\w*\b|\b(?:three|trois|tres) (?:times|fois|veces)\b|\bteen ?gun[aei]\b"), Decimal(3)),
    (LazyPattern(r"\bquadrupl\w+\b|\b(?:ver)?vierfach\w*\b|\bfour times\b|\bquatre fois\b"), Decimal(4)),
    (LazyPattern(r"\bhalf (?:the|as many|as much|of (?:the|them|those|it|that)|that)\b|\bhalv(?:e|ed|es)\b|\bhalb so\b|\bhalbier\w*|\bhälfte\b|\bla (?:moitié|mitad)\b|\b(?:cut|slashed?) (?:it |that )?(?:in|by) half\b|\baadha\b|^\W*(?:and |only |just )*half\W*$"), Decimal("0.5")),
    (LazyPattern(r"\b(?:a|one) quarter of (?:the|them|those|that|it)\b|\bein viertel\b|\bun quart\b"), Decimal("0.25")),
    (LazyPattern(r"\b(?:a|one) third of (?:the|them|those|that|it)\b|\bein drittel\b|\bun tiers\b"), Decimal(1) / 3),
    (LazyPattern(r"\b(?:ten|zehn|dix|diez) ?(?:times|mal|fois|veces)\b|\btenfold\b|\bzehnfach\w*\b"), Decimal(10)),
    (LazyPattern(r"\b(?:hundred|100)[- ]?(?:times|fold)\b"), Decimal(100)),
    (LazyPattern(r"\b(?:thousand|1000)[- ]?(?:times|fold)\b"), Decimal(1000)),
)  # fmt: skip
_TIMES = LazyPattern(
    r"(?<![\w.,])(?:(\d{1,4}(?:[.,]\d+)?) ?(?:x|×|times|mal|fois|veces|guna|gunaa?|[- ]?fold|-?fach(?:e[nrs]?)?)|[x×] ?(\d{1,4}(?:\.\d+)?))(?![\w.]|[ ]?\d| (?:an?|per|each|every|daily|am|pro|par|por|al|din|roz)\b)"
)
_PERCENT = LazyPattern(
    r"(\d{1,3}(?:[.,]\d+)?) ?(?:%|percent|prozent|pct|pour ?cent|por ciento) (?:as )?(more|less|fewer|higher|lower|increase|decrease|growth|mehr|weniger|de plus|de moins|más|menos|zyada|kam)\b"
    r"|(?<!\w)\+ ?(\d{1,3}(?:[.,]\d+)?) ?(?:%|percent|prozent)"
    r"|\b(?:grow\w*|increas\w+|rais\w+|up|plus|wächst|steigt|augment\w+|crec\w+|badh\w*)(?: \w+)? (?:by |um |de |en )?(\d{1,3}(?:[.,]\d+)?) ?(?:%|percent|prozent)"
    r"|\b(?:shrink\w*|decreas\w+|reduc\w+|down|minus|drops?|sinkt|cut|diminu\w+|baj\w+)(?: \w+)? (?:by |um |de |en )?(\d{1,3}(?:[.,]\d+)?) ?(?:%|percent|prozent)"
)
_LESS = frozenset(["less", "fewer", "lower", "decrease", "weniger", "de moins", "menos", "kam"])
_ABOUT_MONEY = LazyPattern(r"\b(?:cheaper|discount|rabatt|remise|descuento|off)\b")


def scale_factor(a: Annotation) -> Decimal | None:
    """What the message multiplies the thread's numbers by; None where it scales nothing."""
    if a.has("cached") or _ABOUT_MONEY.search(a.folded):
        return None
    match = _TIMES.search(a.folded)
    if match is not None:
        return _decimal(match[1] or match[2])
    match = _PERCENT.search(a.folded)
    if match is not None:
        share = _decimal(next(match[group] for group in (1, 3, 4, 5) if match[group])) / 100
        less = match[2] in _LESS or match[5] is not None
        return 1 - share if less else 1 + share
    return next((factor for said, factor in _WORDS if said.search(a.folded)), None)


def _decimal(digits: str) -> Decimal:
    return Decimal(digits.replace(",", "."))
