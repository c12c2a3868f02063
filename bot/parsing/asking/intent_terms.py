"""Patterns and tests that several rules of intents share."""

from __future__ import annotations

from bot.parsing.annotate import Annotation
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.workloads import build_workload, describes_workload

PAST = LazyPattern(r"\b(?:did|took|needed|used|were|was|consumed|required)\b")


def is_past(a: Annotation) -> bool:
    """Whether the text speaks of what has happened; the German "was" is "what"."""
    found = PAST.compiled.finditer(a.folded)
    return any(a.language != "de" or match.group() != "was" for match in found)


MEMORY = LazyPattern(r"\bmemory\b|\bvram\b|\bspeicher\b|\bmémoire\b|\bmemoria\b")


QUERY = 400
"""Characters of a message that are looked up among the facts."""


_TRAINING_UNITS = ("parameters", "gpus", "gpu_hours", "epochs", "examples")


def asks_own_numbers(a: Annotation) -> bool:
    """Whether the text has sizes of a run of its own, which no fact card knows."""
    return any(q.unit in _TRAINING_UNITS or q.unit == "tokens" for q in a.quantities) or any(
        q.suffix == "b" for q in a.quantities
    )


def describes(a: Annotation) -> bool:
    """Whether the text describes a workload."""
    return describes_workload(build_workload(a))


OTHER_GOODS = LazyPattern(
    r"\b(?:deals?|commitments?|agreements?|partnerships?|lawsuits?|layoffs?|employees|headcount|investors?|investments?|valuation|funding|stocks?|shares?|share price|aktien?|bourse|acciones|market cap|ipo|ceo|cfo|headquarters?|salar(?:y|ies)|jobs?|hiring|interns?)\b"
)
"""What companies of AI have besides models."""


OTHER_THINGS = LazyPattern(
    r"\b(?:partitions?|partition\w+|mbr|bios|uefi|disks?|animals?|alpacas?|wool|zoo|farm|painting|painter|monet|debussy|horoscopes?|zodiac|astrology|star sign|constellation|twins?|poems?|poet\w*|shakespeare|rhyme)\b"
)
"""What llamas, Claude, Gemini and sonnets are besides models."""


TOPIC = LazyPattern(
    r"\b(?:llms?|ai|ki|ia|models?(?! ?[\dsxy]\b)|tokens?|chatbots?|bots?|api|gpt|prompts?|inference|running|monetary|usage)\b|^\W*(?:the )?(?:costs?|pricing|prices?)\W*$"
)
