"""Whether a message asks what companies, people and cards say: rules on words of money, speech and hardware beside names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parsing.annotate import Annotation
from bot.parsing.asking.intent import Intent
from bot.parsing.asking.intent_terms import (
    MEMORY,
    OTHER_THINGS,
    PAST,
    QUERY,
    TOPIC,
    asks_own_numbers,
    describes,
    is_past,
)
from bot.parsing.reading.spans import LazyPattern

if TYPE_CHECKING:
    from knowledge.facts import FactBase


def _asks_what_it_charges(a: Annotation) -> bool:
    """ "OpenAI pricing": the prices of a maker's models, and nothing of its accounts."""
    asked = a.has("price") or (a.has("cost") and bool(a.times))
    if a.models and asked and not a.has("finance", "training", "energy", "said", "trend", "why"):
        return True  # "what did gpt-4 cost in 2023"
    return (
        a.has("price")
        and bool(a.makers)
        and not (a.gpus or a.clouds or a.times or a.has("trend", "batch", "cached"))
    )


def facts_about_companies(a: Annotation, facts: FactBase) -> Intent | None:
    """Companies, people and known models with a word of money, speech or training: what the fact cards are about."""
    families = bool(a.models) and all(m.ref.how in ("family", "ambiguous") for m in a.models)
    if _WHO_IS.search(a.folded) or (families and OTHER_THINGS.search(a.folded)):
        return Intent("out_of_scope", 0.7)
    if a.subjects and a.has("energy") and not a.sizes:
        return Intent("fact", 0.9)
    asks_price = bool(a.models) and a.has("cost", "price") and not a.has("finance", "training", "energy")
    if (
        a.has("said")
        and (a.subjects or a.makers or a.has("training", "own_model"))
        and not a.quantities
        and not asks_price
    ):
        return Intent("fact", 0.9)
    names = bool(a.subjects or a.makers)
    if not names and not a.models:
        return None
    if a.models and a.of_unit("money") and a.has("how_many", "capacity"):
        return None
    if describes(a) or (a.has("price") and a.models and not a.times and not a.has("finance", "training")):
        return None
    if names and a.has("finance", "energy") and not (a.models and a.has("price")):
        return Intent("fact", 0.9)
    if a.has("training") and not a.has("advice", "break_even") and not asks_own_numbers(a):
        return Intent("fact", 0.9) if names or a.models else None
    if a.subjects and is_past(a) and (a.gpus or a.has("gpu_words")) and not asks_own_numbers(a):
        return Intent("fact", 0.75)
    if names and a.has("why"):
        return Intent("fact", 0.85)
    if a.gpus and a.clouds and not _SPECIFICATION.search(a.folded):
        return None  # what a cloud asks for a GPU is looked up, not quoted
    if (
        a.subjects
        and (not a.models or is_past(a))
        and not a.has("history", "cheaper", "cheapest", "dearest")
        and not _asks_what_it_charges(a)
    ):
        hits = facts.search(a.text[:QUERY], limit=1)
        if hits and hits[0].confident:
            return Intent("fact", 0.85)
    return None


_WHO_IS = LazyPattern(
    r"^\W*(?:who(?:'s| is| was| are)|wer (?:ist|war)|qui est|quién es) (?!using|asking|spending)[\w.-]+(?: [\w.-]+){0,2}\W*$"
)


_SPECIFICATION = LazyPattern(
    r"\b(?:mfu|utili[sz]ation|memory|vram|t?flops?|tflop/s|bandwidth|power|watts?|tdp|specs?|buy\w*|bought|purchas\w+|kauf\w*|achet\w+|achat|comprar|kharid\w*|used|second[- ]hand|gebraucht\w*|d'occasion|street price|list price|msrp|uvp|launch price|retail|worth|how many param\w*|parameter count|param count|wie viele parameter|combien de param\w+|cuántos par[aá]metros)\b"
)


_RUNNING = LazyPattern(r"\b(?:to run|running|to operate|operating|to serve|betrieb|faire tourner)\b")


def facts_by_topic(a: Annotation, facts: FactBase) -> Intent | None:
    """Specifications, training times and running costs of named things, when a card is sure to answer."""
    if a.has("fine_tuning") and MEMORY.search(a.folded):
        return Intent("fact", 0.8)
    if not (a.subjects or a.gpus) or describes(a) or a.of_unit("gpus", "gpu_hours", "parameters"):
        return None
    about = _SPECIFICATION.search(a.folded) or (
        a.subjects and (_RUNNING.search(a.folded) or _IN_ALL.search(a.folded) or a.has("gpu_words"))
    )
    if (
        not about
        or (a.models and a.has("price"))
        or (a.gpus and a.of_unit("gpus"))
        or _HOST_ON.search(a.folded)
    ):
        return None
    hits = facts.search(a.text[:QUERY], limit=1)
    return Intent("fact", 0.85) if hits and hits[0].confident else None


_IN_ALL = LazyPattern(r"\b(?:(?:per|a|each) day|daily|pro tag|par jour|al día)\b")
"""What a product costs its maker by the day is no price of a model."""


_HOST_ON = LazyPattern(
    r"\b(?:host|hosting|serve|serving|run|running|deploy)\b.*\bon (?:\d+|an?|one|two|four|eight) "
)


def retrieved(a: Annotation, facts: FactBase) -> Intent | None:
    """No rule knows the topic, but a fact card does."""
    hits = facts.search(a.text[:QUERY], limit=1)
    if hits and hits[0].confident:
        return Intent("fact", 0.7)
    return None


def vague_topics(a: Annotation, _: FactBase) -> Intent | None:
    """Whether words of business stand there with nothing that a rule knows."""
    ai = (
        TOPIC.search(a.folded) is not None
        or PAST.search(a.folded) is not None
        or a.has("industry", "training", "trend")
    )
    if a.has("finance", "industry", "trend") and (
        a.subjects or a.makers or (ai and a.has("cost", "price", "industry"))
    ):
        return Intent("fact", 0.5)
    if a.has("cost", "price") and TOPIC.search(a.folded):
        return Intent("estimate", 0.4)
    return None
