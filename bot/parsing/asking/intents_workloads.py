"""Whether a message asks what a workload costs, in several steps, or on which model it costs least."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.parsing.annotate import Annotation
from bot.parsing.asking.intent import Intent
from bot.parsing.asking.intent_terms import OTHER_GOODS, describes
from bot.parsing.building.build_workloads import each_has_a_pair
from bot.parsing.building.naming import models_of
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.shares import mix_against, traffic_shares
from bot.parsing.workload.shortening import shortened
from bot.parsing.workload.workload_draft import is_context_window

if TYPE_CHECKING:
    from knowledge.facts import FactBase


_MODELS = LazyPattern(
    r"\b(?:models?|llms?|modell\w*|modèles?|modelos?|api|provider|anbieter|fournisseurs?|cheap\w*|value)\b"
)


_ANYTHING_CHEAPER = LazyPattern(
    r"\b(?:anything|something|any|model|models|alternative|alternatives|option|what(?:'s| is)?) (?:\w+ )?cheaper\b|\bcheaper (?:alternative|option|model|one)s?\b|^\W*cheaper than\b"
)


_AGAINST = LazyPattern(
    r"\b(?:vs|versus|compare[ds]?|comparing|or|oder|ou|instead of|against|gegen|vergleich\w*)\b"
)


_WHICH = LazyPattern(r"\b(?:which|who|welche\w*|quel\w*|cu[aá]l\w*|kaun\w*)\b")


_SEQUENCE = LazyPattern(
    r"\b(?:then|after that|followed by|afterwards|step [12]|stage [12]|first .{3,80}second|pipeline|plus)\b"
)


def pipeline(a: Annotation, _: FactBase) -> Intent | None:
    """Several models one after the other, each with sizes of its own, are steps of one workload."""
    if traffic_shares(a):
        against = mix_against(a) is not None or a.has("save", "difference", "cheaper")
        return Intent("compare" if against else "estimate", 0.85)
    if len(a.models) < 2 or a.has("cheapest", "cheaper", "difference") or _WHICH.search(a.folded):
        return None
    if len(a.models) == len(models_of(a)) and each_has_a_pair(a) and not _AGAINST.search(a.folded):
        return Intent("estimate", 0.85)  # requests of different sizes cannot be what is compared
    if not _SEQUENCE.search(a.folded):
        return None
    sizes = [q for q in a.quantities if q.is_size]
    return Intent("estimate", 0.85) if len(sizes) >= len(a.models) else None


_SUPERLATIVE = LazyPattern(
    r"\b(?:\w+est|lowest|least|best|most|cheaper|pricier|dearer|more|less|alternativ\w*|options?|which|moins|plus|más|mas|sabse|günstiger|billiger|teurer|\w+ste[nrs]?|value|save|instead)\b"
)
"""What a comparison needs besides "cheap", when one model is named."""


def compare(a: Annotation, _: FactBase) -> Intent | None:
    """Whether models or ways of using one are set against each other."""
    names = len({(ref.model or ref.mention, ref.provider) for ref in models_of(a)})
    if names == 1 and any(q.per_thing == "threshold" for q in a.quantities) and not a.has("cheapest"):
        return Intent("price", 0.85)  # "does opus get pricier above 200k?"
    if names == 1 and a.has("cache_write") and not a.sizes and not a.has("save"):
        return Intent("price", 0.85)  # "the 5 minute cache write against the 1 hour one"
    if len(a.models) == 1 and len({named.id for named in (*a.providers, *a.makers)}) >= 2:
        names = 2  # "gpt-4o on azure vs openai"
    topic = bool(
        a.models
        or a.makers
        or a.providers
        or describes(a)
        or re.search(
            r"\b(?:models?|llms?|modell\w*|modèles?|modelos?|ai|api|provider|embedding\w*)\b", a.folded
        )
    )
    if not a.models and any(q.per_thing == "tokens" for q in a.of_unit("money")) and topic:
        return Intent("compare", 0.8)
    merely_cheap = (
        names == 1 and all(m.ref.how == "exact" for m in a.models) and not _SUPERLATIVE.search(a.folded)
    )
    if a.has("cheapest", "dearest") and topic and not merely_cheap:
        return Intent("compare", 0.9)
    if a.makers and not a.models and _ALL_MODELS.search(a.folded) and describes(a):
        return Intent("compare", 0.85)
    if not (a.models or a.makers) and _WHICH_MODEL.search(a.folded) and describes(a):
        return Intent("compare", 0.85)  # "which model should I take for …?"
    discounted = a.has("price") and _DISCOUNTED.search(a.folded) is not None
    terms = a.has("batch", "cached", "flex", "priority")
    if (
        names >= 2
        and terms
        and a.has("price")
        and not a.has("cheaper", "cheapest", "difference", "save", "dearest", "history")
    ):
        return None  # "batch prices of gpt-5 and gpt-5-mini"
    if names >= 2:
        return Intent("compare", 0.85 if a.has("compare", "cheaper", "difference", "which", "save") else 0.75)
    if names == 1 and a.has("save", "difference", "cheaper") and shortened(a) is not None:
        return Intent("compare", 0.85)
    pays_off = a.has("break_even", "advice") and names == 1 and describes(a)
    if a.models and (a.has("save", "difference", "cheaper") or pays_off) and terms and not discounted:
        return Intent("compare", 0.85)
    if (
        a.models
        and len([c for c in ("batch", "cached", "flex", "priority") if a.has(c)])
        and a.has("compare")
        and re.search(r"\bvs|versus|against|compared\b", a.folded)
    ):
        return Intent("compare", 0.8)
    if a.models and a.has("cheaper") and (a.has("which", "compare") or _ANYTHING_CHEAPER.search(a.folded)):
        return Intent("compare", 0.8)
    if (
        a.has("context")
        and any(is_context_window(a, q) for q in a.quantities)
        and not a.models
        and a.has("which")
    ):
        return Intent("compare", 0.75)
    if len(a.makers) >= 2 and a.has("compare", "cheaper", "price", "cost"):
        return Intent("compare", 0.7)
    if a.makers and not a.models and OTHER_GOODS.search(a.folded):
        return None
    asks_models = a.has("price") or (a.has("which") and _MODELS.search(a.folded))
    if a.makers and not a.models and asks_models and not a.has("finance"):
        return Intent("compare", 0.7)
    return None


_SEARCHES = LazyPattern(
    r"\b(?:web|grounded|grounding|google|internet|online|tool) search(?:es)?\b|\bgrounding\b"
)


_DISCOUNTED = LazyPattern(r"\b(?:batch|cached?|caching)[- ]discount(?:ed)? (?:price|rate)s?\b|\bdiscounted\b")


def estimate(a: Annotation, _: FactBase) -> Intent | None:
    """Whether a workload shall be priced."""
    if not describes(a):
        return None
    counts = [q for q in a.quantities if q.unit]
    if a.models and _SEARCHES.search(a.folded) and all(q.value in (1, 1000) and not q.per for q in counts):
        return Intent("price", 0.8)  # "for a thousand grounded searches"
    complete = bool(a.models) and (
        bool(a.sizes) or a.of_unit("requests", "items", "messages", "conversations")
    )
    if complete:
        return Intent("estimate", 0.9)
    asks = a.has("cost", "price", "batch", "cached") or bool(a.models) or a.want_per is not None
    if a.sizes and a.of_unit("requests", "items", "messages", "conversations", "users"):
        return Intent("estimate", 0.8)
    return Intent("estimate", 0.7 if asks else 0.45)


_ALL_MODELS = LazyPattern(
    r"\b(?:every|all|each|alle[nr]?|jede[ms]?|tous|chaque|todos|cada|sabhi|sab) (?:of )?(?:the |their |les |los )?(?:\w+[- ]){0,2}(?:models?|modelle?n?|modèles?|modelos?)\b"
)


_WHICH_MODEL = LazyPattern(
    r"\b(?:which|what|best|welche[snr]?|quel|quels|qu[ée]|cu[áa]l(?:es)?|kaunsa|konsa) (?:\w+ ){0,2}(?:models?|llms?|modell|modèles?|modelos?|apis?)\b(?! name)"
)
