"""What several changes of a thread have in common: its models, what is set against each other, one request, the other side."""

from __future__ import annotations

import re
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.building.naming import models_of
from bot.parsing.reading.spans import LazyPattern
from bot.questions import (
    ModelRef,
    Stage,
    Workload,
)
from knowledge.lazy_dataclass import replace

INSTEAD = LazyPattern(
    r"\binstead\b(?! of)|\bstattdessen\b|\bau lieu\b|\ben vez\b|\brather\b|\bsame\b|\bdasselbe\b|\bgleiche\b|\blo mismo\b|\bwahi\b"
)


def model_ref(a: Annotation) -> ModelRef | None:
    """The first model that the message names."""
    models = models_of(a)
    return models[0] if models else None


def wants_comparison(a: Annotation) -> bool:
    """Whether the message sets a model against those of the thread."""
    return bool(
        re.search(
            r"^\W*(?:or|oder|ou|o|ya)\b|\bgegen(?:über)?\b|\bcompar[aée]\w*|\bface à\b|\bfrente a\b|\bvs\.?\b|\bversus\b|\bcompare[ds]?\b|\bcompared (?:to|with)\b|\bagainst\b|\bvergleich",
            a.folded,
        )
    )


_ALL_MODELS = LazyPattern(
    r"\b(?:all(?! (?:of )?(?:two|three|four|both|them|those|these))|any|every|other|others|overall|market|list|context|provider|alternativ\w*)\b"
)


def of_those(a: Annotation) -> bool:
    """ "Which is cheaper then?", "the cheapest of them": a choice among the models of the thread."""
    asks = a.has("cheapest", "cheaper", "dearest", "compare", "difference") or (
        a.has("which") and a.has("better")
    )
    few = not any(q.unit or q.role or q.value > _MOST_EARLIER for q in a.quantities)
    return asks and len(a.words) <= 12 and few and _ALL_MODELS.search(a.folded) is None


_MOST_EARLIER = 5
"""Models of a thread that "compare all three" can be about."""


def objective(a: Annotation) -> Any:
    """What is wanted of the models of the thread."""
    if a.has("dearest"):
        return "dearest"
    return "cheapest" if a.has("cheapest", "cheaper", "which") else "side_by_side"


def with_earlier(
    earlier: tuple[ModelRef, ...], before: ModelRef | None, now: ModelRef | None
) -> tuple[ModelRef, ...]:
    """The models of the thread before the one that the message turns to."""
    if before is None or now is None:
        return earlier
    kept = dict.fromkeys((*earlier, before))
    return tuple(ref for ref in kept if (ref.provider, ref.model) != (now.provider, now.model))[-4:]


def single(models: tuple[ModelRef, ...]) -> tuple[ModelRef | None]:
    """The one model of several, where it is one."""
    return (models[0] if len(models) == 1 else None,)


_ONLY_A_SIDE = LazyPattern(
    r"^\W*(?:(?:and|what about|how about|und|et|y|as|for|the|now)\W+)*(input|output|in|out|eingabe|ausgabe|entrée|sortie|entrada|salida)(?: tokens?| price)?\W*$"
)


def other_side(stage: Stage, a: Annotation) -> Workload | None:
    """ "And input?" after a volume of output: the same volume the other way."""
    match, load = _ONLY_A_SIDE.search(a.folded), stage.workload
    if match is None or (load.volume_input is None) == (load.volume_output is None):
        return None
    into = match.group(1).startswith(("in", "ein", "entr"))
    size = load.volume_input or load.volume_output
    return replace(load, volume_input=size if into else None, volume_output=None if into else size)


def one_request(workload: Workload) -> Workload:
    """The size of one request, whatever their number."""
    return replace(
        workload,
        requests=None,
        requests_per=None,
        users=None,
        requests_per_user=None,
        requests_per_user_per=None,
        span=None,
    )
