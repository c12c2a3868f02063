"""Names and terms that builders of every kind read off an annotation: models, service tier, batch, the day of a price."""

from __future__ import annotations

from datetime import date
from typing import Literal

from bot.parsing.annotate import Annotation
from bot.parsing.reading.spans import LazyPattern
from bot.questions import (
    ModelRef,
)

_COST = LazyPattern(
    r"\b(?:cost|costs|price|prices|bill|invoice|pay|paid|kost\w+|preise?|prix|coût\w*|coute|cuesta|costo|costó|precio|kharcha)\b"
)

Tier = Literal["flex", "priority", "fast"]


def models_of(a: Annotation) -> tuple[ModelRef, ...]:
    """The models that the text names, each once; a maker's name beside its model ("Mistral's Codestral") is no second one."""
    seen: dict[tuple[str | None, str | None, str], ModelRef] = {}
    exact = {named.ref.provider for named in a.models if named.ref.how == "exact"}
    for named in a.models:
        ref = named.ref
        if (
            ref.how in ("family", "ambiguous")
            and any((provider or "").startswith(ref.mention.lower()) for provider in exact)
            and not a.has("compare")
        ):
            continue
        seen.setdefault((ref.provider, ref.model, "" if ref.model else ref.mention.lower()), ref)
    return tuple(seen.values())


def model_of(a: Annotation) -> ModelRef | None:
    """The first model that the text names."""
    models = models_of(a)
    return models[0] if models else None


def tier_of(a: Annotation) -> Tier | None:
    """The service tier that the text names."""
    tiers: tuple[tuple[str, Tier], ...] = (("flex", "flex"), ("priority", "priority"), ("fast_mode", "fast"))
    return next((tier for cue, tier in tiers if a.has(cue)), None)


def wants_batch(a: Annotation) -> bool:
    """Whether the text asks for the batch API."""
    return a.has("batch") and not a.has("no_batch")


def day_of(a: Annotation, today: date) -> date | None:
    """The day that a price is asked for: the first day of a named past month or year, none for today."""
    for time in a.times:
        if time.first >= today or (time.relative and time.last >= today):
            return time.first if time.first > today else None
        return time.first if time.first == time.last else min(time.first, today)
    return None


def past_day_of(a: Annotation, today: date) -> date | None:
    """The same for a workload, of which a future time only says when it will be ("our 2027 budget")."""
    for time in a.times:
        start, end = a.sentence(time.start)
        about = any(start <= q.start < end and (q.is_size or q.counts_requests) for q in a.quantities)
        if (
            about
            or any(start <= named.start < end for named in a.models)
            or _COST.search(a.folded[start:end])
        ):
            break
    else:
        return None  # "we raised 2 million last year" dates no price
    day = day_of(a, today)
    return day if day is not None and day <= today else None
