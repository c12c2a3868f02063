"""The builder of comparisons: which models or ways, under which constraints, by which measure."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from bot.parsing.annotate import Annotation
from bot.parsing.building.build_workloads import translation
from bot.parsing.building.naming import models_of
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.shares import mix_against, traffic_shares
from bot.parsing.workload.shortening import before_shortening, shortened
from bot.parsing.workload.workload_draft import is_context_window, size_of
from bot.parsing.workload.workloads import as_request, build_workload, describes_workload
from bot.questions import (
    CompareQuestion,
    Constraints,
    ModelRef,
    Question,
)
from knowledge.lazy_dataclass import replace
from knowledge.makers import MAKERS


def build_compare(a: Annotation, today: date) -> Question:
    """A comparison: of named models, or of all that fulfil what is demanded."""
    workload = build_workload(a)
    described = describes_workload(workload)
    models = models_of(a)
    constraints = _constraints(a, models)
    if (
        len(models) == 1
        and models[0].how == "family"
        and models[0].mention.lower() in _LINES
        and a.has("cheapest", "dearest")
    ):
        # "Which claude is cheapest": the line is whom it is made by, not its newest member.
        constraints, models = replace(constraints, makers=(models[0].provider or "",)), ()
    objective: Literal["cheapest", "dearest", "side_by_side", "difference", "ratio", "percent"] = (
        "side_by_side"
    )
    if a.has("cheapest") or re.search(r"\b(?:rank|sort|order|ranking|sortier\w*)\b", a.folded):
        objective = "cheapest"
    elif a.has("dearest") and not (a.has("difference") and a.has("how_much")):
        objective = "dearest"
    elif len(models) == 1 and a.has("break_even", "advice") and len(_variants(a)) == 2:
        objective = "difference"  # "does caching pay off?"
    elif a.has("difference", "save") and (len(models) > 1 or len(_variants(a)) > 1):
        objective = "difference"
    elif (a.has("cheaper") and len(models) > 1) or a.has("cheaper"):
        objective = "cheapest"
    if not models and described and objective == "side_by_side":
        objective = "cheapest"
    if len(models) == 2 and re.search(
        r"\bhow many times\b|\bwie ?viel ?mal\b|\bby what factor\b|\bcombien de fois\b", a.folded
    ):
        objective = "ratio"
    elif len(models) == 2 and re.search(
        r"\b(?:how many|what|how much)(?: in)? (?:percent(?:age)?|%)|\bin percent\b|\bin ?%|\bin prozent\b|\bwie ?viel prozent\b",
        a.folded,
    ):
        objective = "percent"
    shorter = shortened(a) if len(models) == 1 else None
    changed = None
    if shorter is not None:
        quantity, side = shorter
        workload = as_request(build_workload(a, before_shortening(a, quantity, side)))
        changed = replace(workload, **{side: size_of(quantity)})  # type: ignore[arg-type]
        objective = "difference"
    shares = tuple(traffic_shares(a))
    if shares:
        models = tuple(named.ref for named in a.models[: len(shares)])
        objective = "difference" if a.has("difference", "save", "cheaper") else "side_by_side"
    variants = _variants(a) if len(models) == 1 and changed is None else ()
    if variants and _PERCENT_ASKED.search(a.folded):
        objective = "percent"
    if variants:  # each way stands alone: batch against caching, not batch with caching
        workload = replace(workload, batch=False, service_tier=None)
    return CompareQuestion(
        models=models,
        everywhere=len(models) == 1
        and not variants
        and not constraints.providers
        and a.has("cheapest", "dearest")
        and (_SELLERS.search(a.folded) is not None or not _sold_by_a_maker(models[0])),
        workload=translation(a, workload) if described else None,
        constraints=constraints,
        objective=objective,
        metric=_metric(a) if not described else None,
        variants=variants,
        limit=_limit(a),
        shares=shares,
        changed=changed,
        against=mix_against(a) if shares else None,
        want_per=a.want_per,
    )


_PERCENT_ASKED = LazyPattern(
    r"\b(?:how many|what|how much|by what|by how many)(?: in)? (?:percent(?:age)?|%)|\bin percent\b|\b(?:in|um wie ?viel) prozent\b|\bwie ?viel prozent\b|\bquel pourcentage\b|\bqué porcentaje\b|\bkitne percent\b"
)


def _variants(
    a: Annotation,
) -> tuple[Literal["standard", "batch", "cached", "flex", "priority", "fast"], ...]:
    """Ways of using one model that are set against each other; the standard way is always one of them."""
    names: tuple[tuple[str, Any], ...] = (
        ("batch", "batch"),
        ("cached", "cached"),
        ("flex", "flex"),
        ("priority", "priority"),
        ("fast_mode", "fast"),
    )
    found = tuple(variant for cue, variant in names if a.has(cue))
    gains = a.has("save", "difference", "compare", "cheaper", "break_even", "advice")
    return ("standard", *found) if found and gains else ()


def _metric(a: Annotation) -> Literal["input", "output", "blended"] | None:
    has_in = bool(re.search(r"\binput\b|\bprompt tokens\b", a.folded))
    has_out = bool(re.search(r"\boutput\b|\bcompletion tokens\b", a.folded))
    if has_in != has_out:
        return "input" if has_in else "output"
    return None


def _limit(a: Annotation) -> int | None:
    match = re.search(
        r"\b(?:top|best|cheapest|first|günstigsten) (\d{1,2}|three|five|ten|two|drei|fünf)\b|\b(\d{1,2}|three|five|ten|two|drei|fünf) (?:cheapest|best|least expensive|günstigsten|cheap)\b",
        a.folded,
    )
    if not match:
        return None
    word = match.group(1) or match.group(2)
    return {"two": 2, "three": 3, "drei": 3, "five": 5, "fünf": 5, "ten": 10}.get(word) or int(word)


def _constraints(a: Annotation, models: tuple[ModelRef, ...]) -> Constraints:
    context = next((q for q in a.quantities if is_context_window(a, q)), None)
    caps = [q for q in a.of_unit("money") if q.per_thing == "tokens"]
    excluded = tuple(
        n.id
        for n in a.makers
        if re.search(
            r"\b(?:not|except|other than|besides|excluding|without|no|außer|sauf|excepto)(?: from| by)?\s*$",
            a.folded[: n.start],
        )
    )
    makers = tuple(n.id for n in a.makers if n.id not in excluded)
    return Constraints(
        min_context=context.value if context else None,
        makers=makers if not models else (),
        providers=_sellers(a, models),
        excluded_makers=excluded,
        open_weights=a.has("open_weights"),
        modality=_modality(a) if not models else "text",
        max_input_price=_cap(caps, "input"),
        max_output_price=_cap(caps, "output"),
    )


_SELLERS = LazyPattern(
    r"\b(?:who|where|whose|providers?|hosts?|hosted|vendors?|sellers?|places?|platforms?|clouds?|anbieter\w*|wo|bei wem|fournisseurs?|chez qui|où|proveedor\w*|dónde|donde|kahan|kaun bech\w*)\b"
)


def _sold_by_a_maker(ref: ModelRef) -> bool:
    """False for "llama 70b", which its maker does not sell: the cheapest is sought at all that do."""
    return ref.provider is None or any(ref.provider in maker.apis for maker in MAKERS.values())


_MODALITIES: tuple[tuple[Literal["embedding", "image", "audio"], LazyPattern], ...] = (
    ("embedding", LazyPattern(r"\bembed|\bvector")),
    (
        "image",
        LazyPattern(
            r"\b(?:image|picture|photo|bild)s?(?:[- ](?:generation|generating|generator|creation))?[- ](?:models?|apis?|ai|generators?)\b"
            r"|\bbild(?:modell|generator)\w*|\b(?:text[- ]to[- ]image|image generation)\b"
        ),
    ),
    (
        "audio",
        LazyPattern(
            r"\b(?:transcri|text[- ]to[- ]speech|speech[- ]to[- ]text|tts\b|stt\b|voice model|speech model|audio model)"
        ),
    ),
)


def _modality(a: Annotation) -> Literal["text", "embedding", "image", "audio"]:
    return next((name for name, pattern in _MODALITIES if pattern.search(a.folded)), "text")


_LINES = frozenset(
    "claude gpt chatgpt gemini grok llama qwen mistral deepseek kimi glm nova command phi gemma".split()
)


def _sellers(a: Annotation, models: tuple[ModelRef, ...]) -> tuple[str, ...]:
    """Named providers; beside a single model, makers count as sellers too ("gpt-4o on azure vs openai")."""
    named = (
        [*a.providers, *a.makers]
        if len(models) == 1 and len(a.makers) + len(a.providers) >= 2
        else a.providers
    )
    return tuple(dict.fromkeys(n.id for n in sorted(named, key=lambda n: n.start)))


def _cap(caps: list[Quantity], role: str) -> Decimal | None:
    """An upper limit of a rate, in USD per 1M tokens; a limit of no stated direction is one of input."""
    for quantity in caps:
        if quantity.role == role or (not quantity.role and role == "input"):
            return quantity.value * (Decimal(10) ** 6 / (quantity.per_tokens or Decimal(10) ** 6))
    return None
