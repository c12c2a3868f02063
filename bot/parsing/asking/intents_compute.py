"""Whether a message asks about tuning, training, rented GPUs, break-even or lengths of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parsing.annotate import Annotation
from bot.parsing.asking.intent import Intent
from bot.parsing.asking.intent_terms import MEMORY, QUERY, asks_own_numbers
from bot.parsing.building.build_prices import SIZE_RATIO
from bot.parsing.reading.quantity import COUNTED
from bot.parsing.reading.spans import LazyPattern

if TYPE_CHECKING:
    from knowledge.facts import FactBase


_TRAINING_TOKENS = LazyPattern(r"\bper (?:1 ?)?(?:m|million) training tokens?\b|\btraining token price\b")


def fine_tuning(a: Annotation, _: FactBase) -> Intent | None:
    """Whether tuning a model is asked about."""
    if a.models and a.has("price") and _TRAINING_TOKENS.search(a.folded) and not a.of_unit("parameters"):
        return Intent("fine_tuning", 0.85)  # what is billed by training tokens is tuning
    if not a.has("fine_tuning") or MEMORY.search(a.folded):
        return None
    if a.has("said", "why") and not a.quantities:
        return None
    if a.has("break_even") and a.has("self_hosting"):
        return None
    if a.has("advice") and not a.quantities and not a.models:
        return None
    return Intent("fine_tuning", 0.9)


def break_even(a: Annotation, _: FactBase) -> Intent | None:
    """Whether own hosting is weighed against an API."""
    hosting = a.has("self_hosting") or bool(a.gpus) or _MACHINE_ROOM.search(a.folded) is not None
    if a.subjects and not (
        hosting or a.models or a.quantities or a.has("training", "own_model", "api", "advice")
    ):
        return Intent("fact", 0.6) if a.has("break_even") else None  # "when will Anthropic break even"
    ways = a.has("batch", "cached") and a.models and not a.has("training", "fine_tuning", "own_model", "api")
    if ways and not hosting:
        return None  # "is caching worth it?" sets two ways of using one model against each other
    if a.has("break_even") and (
        hosting or a.has("training", "own_model", "api", "fine_tuning") or not a.has("finance")
    ):
        return Intent("break_even", 0.9)
    if a.has("advice") and (a.has("training", "own_model", "fine_tuning") or hosting):
        return Intent("break_even", 0.85)
    if hosting and (a.has("api") or a.models) and a.has("compare", "cheaper", "difference", "which"):
        return Intent("break_even", 0.85)
    return None


_MACHINE_ROOM = LazyPattern(
    r"\b(?:servers?|gpu[- ](?:box|node|rig|server|cluster)|inference (?:box|node)|workstation|our (?:box|node|cluster|rig)|serveurs?|servidor(?:es)?)\b"
)


def training(a: Annotation, facts: FactBase) -> Intent | None:
    """Whether training from scratch is asked about."""
    if not a.has("training") or not (
        asks_own_numbers(a) or a.gpus or a.subjects or a.makers or a.models or _MACHINE.search(a.folded)
    ):
        return None
    if asks_own_numbers(a) or a.gpus:
        return Intent("training", 0.9)
    if a.has("said", "why", "energy"):
        return Intent("fact", 0.8)
    if a.has("from_scratch", "own_model") and (a.has("cost", "price") or a.quantities):
        return Intent("training", 0.8)
    hits = facts.search(a.text[:QUERY], limit=1)
    return Intent("fact", 0.7 if hits and hits[0].confident else 0.55)


_MACHINE = LazyPattern(
    r"\b(?:models?|llms?|gpts?|ai|ki|ia|gpus?|modell\w*|modèles?|modelos?|frontier|neural|network|flops?|compute|training (?:cost|run)s?|own)\b"
)


def tokens(a: Annotation, _: FactBase) -> Intent | None:
    """Whether a length of text is asked for."""
    money = a.of_unit("money")
    if a.has("context") and a.models and not a.quotes and not a.sizes:
        return Intent("price", 0.8)  # "how many tokens fit into its context window?"
    lengths = a.of_unit("words", "pages", "characters")
    if (
        lengths
        and a.of_unit("tokens")
        and not (money or a.models or a.has("cost", "price") or a.of_unit(*COUNTED))
    ):
        return Intent("tokens", 0.75)  # "is 50k words under 100k tokens?"
    if lengths and _TOKENS_LAST.search(a.folded) and not (money or a.models or a.of_unit(*COUNTED)):
        return Intent("tokens", 0.8)  # "my post is 1,850 words. tokens?"
    if (
        a.of_unit("tokens")
        and _INTO_LENGTH.search(a.folded)
        and not (money or a.models or a.of_unit(*COUNTED))
    ):
        return Intent("tokens", 0.85)  # "65,536 tokens -> words", "words in 3000 tokens"
    if lengths and _FITS.search(a.folded) and not (money or a.models or a.of_unit(*COUNTED)):
        return Intent("tokens", 0.75)  # "does a 90 page contract fit in 128k?"
    if SIZE_RATIO.search(a.folded) and not (money or a.models or a.quantities):
        return Intent("tokens", 0.8)  # "how many words per token"
    if a.quotes and "token" in a.folded and not a.sizes and (a.has("how_many") or not a.has("price")):
        return Intent("tokens", 0.95)
    if (
        a.has("tokens_count")
        and not money
        and (a.quotes or a.of_unit("words", "pages", "characters", "bytes"))
    ):
        return Intent("tokens", 0.95)
    counts = a.of_unit("requests", "users", "items", "messages", "conversations", "turns")
    if a.has("tokens_count") and not money and not a.has("cost", "price") and not counts:
        if a.of_unit("tokens"):
            return Intent("tokens", 0.9) if a.has("count_other") else None
        return Intent("tokens", 0.75) if not a.has("break_even", "capacity") or a.has("how_many") else None
    if not money and a.of_unit("words", "pages", "characters", "bytes") and _TOKENS_IN.search(a.folded):
        return Intent("tokens", 0.9)
    if a.has("count_other") and a.of_unit("tokens") and not money:
        return Intent("tokens", 0.9)
    longer = any(
        " " in quote.strip() or quote.lower() not in {m.ref.mention.lower() for m in a.models}
        for quote in a.quotes
    )
    if longer and a.models and a.has("cost", "price") and not a.quantities:
        return Intent("tokens", 0.75)
    return None


def training_by_size(a: Annotation, _: FactBase) -> Intent | None:
    """ "GPU hours for 70B on 15T tokens": a size of a model and a corpus are about training, said or not."""
    if any(q.unit == "flops" and q.value > 10**15 for q in a.quantities) and (
        a.gpus or a.has("mfu", "gpu_words")
    ):
        return Intent("training", 0.85)
    has_size = any(q.suffix in ("b", "t") and q.unit in ("", "parameters") for q in a.quantities)
    has_corpus = any(q.unit == "tokens" and not q.per and q.value >= 10**10 for q in a.quantities)
    has_corpus = has_corpus or any(q.suffix == "t" and not q.unit and q.value >= 10**11 for q in a.quantities)
    return Intent("training", 0.85) if has_size and has_corpus and not a.has("fine_tuning") else None


_INTO_LENGTH = LazyPattern(
    r"tokens? ?(?:->|→|=>|=) ?(?:words?|pages?|characters?|chars)\b|^\W*(?:words|pages|characters|chars) (?:in|of|for|from) (?:about |around )?\d[\d.,]* ?[km]? tokens?\W*$"
)


_FITS = LazyPattern(r"\bfits?\b|\bpasst\b|\btient\b|\bcabe\b")


_TOKENS_LAST = LazyPattern(r"\b(?:tokens?|jetons)\W*$")


_TOKENS_IN = LazyPattern(
    r"\btokens? (?:in|for|are|is|of|from)(?: about| around| roughly| an?| the| my)* [\d~]"
)


def self_hosting(a: Annotation, _: FactBase) -> Intent | None:
    """Whether rented or own GPUs are asked about."""
    speed = any(q.unit == "tokens" and q.per == "second" for q in a.quantities)
    rates = [*a.of_unit("money"), *(q for q in a.quantities if not q.unit and not q.role)]
    if speed and any(q.per == "hour" or q.per_thing in ("gpu_hour", "gpu") for q in rates):
        return Intent("self_hosting", 0.9)
    if a.gpus and not (a.has("capacity") and a.of_unit("money")):
        return Intent("self_hosting", 0.9)
    if a.gpus and a.of_unit("money") and a.has("capacity"):
        return Intent("self_hosting", 0.8)
    if a.has("self_hosting") and _ONLY_RENT.search(a.folded) and not a.has("gpu_words", "own_model", "api"):
        return None
    if a.has("self_hosting") and (
        a.of_unit("gpus", "hours", "gpu_hours") or a.has("gpu_words", "cost", "price")
    ):
        return Intent("self_hosting", 0.8)
    return Intent("self_hosting", 0.65) if a.has("self_hosting") or a.of_unit("gpus", "gpu_hours") else None


_ONLY_RENT = LazyPattern(
    r"^(?!.*\b(?:gpus?|servers?|machines?|instances?|nodes?|host\w*|compute|cloud|deploy\w*|hardware|models?|llms?|llama|vllm|cluster|metal|prem\w*)\b).*\b(?:rent|rental|rents|renting|mieten?|louer|loyer|alquilar|alquiler)\b"
)
"""A rent of anything; without a word of machines it is a flat."""
