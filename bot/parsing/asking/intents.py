"""Which kind of question a message is: rules over cues and spans, most specific first, each with how sure it is.

The order is the design: a rule may rely on every rule above it not having fired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parsing.annotate import Annotation
from bot.parsing.asking.everyday import names_everyday_goods
from bot.parsing.asking.intent import Intent
from bot.parsing.asking.intent_terms import QUERY, TOPIC
from bot.parsing.asking.intents_compute import (
    break_even,
    fine_tuning,
    self_hosting,
    tokens,
    training,
    training_by_size,
)
from bot.parsing.asking.intents_facts import facts_about_companies, facts_by_topic, retrieved, vague_topics
from bot.parsing.asking.intents_prices import capacity, history, price
from bot.parsing.asking.intents_workloads import compare, estimate, pipeline
from bot.parsing.reading.lexicon import COST_WORDS, FILLERS, STOPWORDS
from bot.parsing.reading.spans import LazyPattern

if TYPE_CHECKING:
    from knowledge.facts import FactBase


_PRODUCT_LIKE = LazyPattern(r"(?<![\w-])[a-z]{2,}[a-z.]*[-_]\d[\w.-]*(?![\w-])")


_OWN_BOT = LazyPattern(
    r"\b(?:bot|aicost|you|your|yourself|we|our|us|i|my|me|team|everyone|who|channel|wir|ich|uns|unser\w*|wer|nous|j'ai|notre|on a|a-t-on|hast du|qui|nosotros|hemos|gastamos|quién|humne|hum|maine|humara|kisne|questions|needed|dich|dir|mein\w*|tu|toi|nos|tú|nuestr\w+|tum\w*|hamar\w+)\b"
)


def choose(annotation: Annotation, facts: FactBase) -> Intent:
    """The kind of question that a message most likely is."""
    rules = (
        _empty, _help, _usage, fine_tuning, facts_about_companies, facts_by_topic, break_even, training, tokens, training_by_size, self_hosting,
        history, capacity, pipeline, compare, estimate, price, _bare_topics, retrieved, vague_topics,
    )  # fmt: skip
    for rule in rules:
        intent = rule(annotation, facts)
        if intent is not None:
            return Intent("fact", 0.7) if _only_on_record(intent, annotation, facts) else intent
    return Intent("out_of_scope", 0.3 if annotation.has("cost", "price") else 0.55)


def _only_on_record(intent: Intent, a: Annotation, facts: FactBase) -> bool:
    """Whether a question leaves nothing to reckon with, so that it could only be asked back, and a fact card answers it."""
    if intent.kind not in ("estimate", "price", "history", "fine_tuning") or a.quotes:
        return False
    if any(named.ref.model for named in a.models) or _OWN_BOT.search(a.folded):
        return False
    if any(q.unit or q.role or q.per for q in a.quantities):
        return False
    telling = [w.text for w in a.words if w.text.isalpha() and w.text not in COST_WORDS | STOPWORDS | FILLERS]
    if a.models and a.has("price", "cost"):
        return False  # "price of llama wool"
    if len(telling) + len(a.models) < 2 or (intent.kind == "fine_tuning" and not a.models):
        return False  # "fine-tuning cost?"
    hits = facts.search(a.text[:QUERY], limit=1)
    return bool(hits) and hits[0].confident


def _empty(a: Annotation, _: FactBase) -> Intent | None:
    return None if any(w.text[0].isalnum() for w in a.words) else Intent("help", 1.0)


def _help(a: Annotation, _: FactBase) -> Intent | None:
    if a.has("help") and not (a.models or a.quantities or a.gpus or a.subjects or a.has("usage", "finance")):
        return Intent("help", 0.95)
    only_greeting = a.has("greeting") and sum(1 for w in a.words if w.text[0].isalnum()) <= 3
    if only_greeting and not (a.models or a.quantities or a.subjects):
        return Intent("help", 0.9)
    return None


def _usage(a: Annotation, _: FactBase) -> Intent | None:
    if not a.has("usage"):
        return None
    companies = [s for s in a.subjects if s.id]
    if (companies or a.has("training", "fine_tuning", "energy")) and not a.has("bot"):
        return None
    if not _OWN_BOT.search(a.folded) and not a.times and len(a.words) > 5:
        return None
    sizes = [
        q
        for q in a.quantities
        if not a.folded[: q.start].rstrip().endswith("top")
        and q.unit not in ("days", "weeks", "months", "hours", "")
    ]
    if sizes or (a.models and not a.has("bot")):
        return None
    return Intent("usage", 0.95 if _OWN_BOT.search(a.folded) or a.times else 0.75)


def _bare_topics(a: Annotation, _: FactBase) -> Intent | None:
    """ "Costs", "running costs", "price of AI": a topic without anything to reckon with; worth a question back."""
    if names_everyday_goods(a):
        return Intent("out_of_scope", 0.6)
    terms = a.has("batch", "cached", "flex", "priority")
    asks_terms = a.has("cheaper", "save", "cost", "price", "difference")
    if terms and asks_terms and not (a.models or a.makers or a.quantities):
        return Intent("price", 0.6)  # "is it cheaper with batch?", of nobody knows what
    words = sum(1 for w in a.words if w.text[0].isalpha())
    if a.has("compare") and a.has("price", "cost") and words <= 4:
        return Intent("compare", 0.6)
    if a.has("price", "cost", "how_much") and _PRODUCT_LIKE.search(a.folded) and not a.models:
        return Intent("price", 0.6)
    if (
        a.has("price", "cost", "how_much")
        and words <= 3
        and a.explained() >= 0.5
        and not a.has("said")
        and not (a.subjects or a.makers or a.gpus or a.has("training", "finance", "energy"))
    ):
        return Intent("price" if a.has("price") and not a.has("cost") else "estimate", 0.6)
    if (
        a.has("cost")
        and a.explained() == 1.0
        and words <= 12
        and not (
            a.subjects
            or a.makers
            or a.gpus
            or a.quantities
            or a.has("training", "finance", "energy", "self_hosting", "advice", "usage")
        )
    ):
        return Intent("estimate", 0.6)
    if a.subjects or a.makers or a.has("training", "industry", "trend", "energy", "finance", "why", "said"):
        return None
    if a.has("cost", "price") and words <= 7 and TOPIC.search(a.folded):
        return Intent("estimate", 0.6)
    return None
