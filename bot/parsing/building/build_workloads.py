"""Builders of questions about workloads: what one costs, in how many stages, and what a budget buys of one."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.building.naming import model_of, models_of, past_day_of
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.growth import growth_of, names_a_period
from bot.parsing.workload.separate import Kind, separate_requests
from bot.parsing.workload.shares import is_batched_share, traffic_shares
from bot.parsing.workload.workloads import (
    as_request,
    build_workload,
)
from bot.questions import (
    EstimateQuestion,
    Question,
    Stage,
    Workload,
)
from knowledge.lazy_dataclass import replace


def build_estimate(a: Annotation, today: date) -> Question:
    """What does the described workload cost?"""
    stages = _stages(a)
    stages = tuple(replace(stage, workload=_per_wanted(a, stage.workload)) for stage in stages)
    want = a.want_per
    first = stages[0].workload
    if first.audio_seconds is not None and first.span is not None and first.volume_per == want:
        want = None  # "10 minutes a day for a year": the period is the recording's
    if want is None and first.growth_steps is not None and names_a_period(a):
        want = first.growth_per
    return EstimateQuestion(
        stages=stages,
        want_per=want,
        on=past_day_of(a, today),
        per_user=_wants_per_user(a),
    )


_PER_USER = LazyPattern(
    r"\b(?:per|a|each|pro|par|por) (?:employee|user|seat|person|head|customer|dev|developer|agent|nutzer|mitarbeiter|kopf)\b"
)


def _wants_per_user(a: Annotation) -> bool:
    """ "What is that per employee?", apart from any number."""
    match = _PER_USER.search(a.folded)
    return match is not None and not any(q.start <= match.start() < q.end for q in a.quantities)


def _per_wanted(a: Annotation, workload: Workload) -> Workload:
    """ "The monthly expense for 3.5 million emails": without a period of their own they come in the one asked for."""
    if a.want_per is None or workload.span is not None:
        return workload
    if (
        workload.requests is not None
        and workload.requests > 1
        and workload.requests_per is None
        and workload.users is None
    ):
        return replace(workload, requests_per=a.want_per)
    volumes = (workload.volume, workload.volume_input, workload.volume_output)
    if any(v is not None for v in volumes) and workload.volume_per is None and workload.requests is None:
        return replace(workload, volume_per=a.want_per)
    return workload


def _stages(a: Annotation) -> tuple[Stage, ...]:
    """Usually one; several where each named model has sizes of its own ("classify with haiku (300 in/20 out), then answer 2k with sonnet …")."""
    models = a.models
    kept = [q for q in a.quantities if not _counts_the_steps(a, q)]
    whole = build_workload(a) if len(kept) == len(a.quantities) else build_workload(a, kept)
    shares = traffic_shares(a)
    if shares:
        return tuple(
            Stage(model=named.ref, workload=replace(whole, requests=(whole.requests or Decimal(1)) * share))
            for named, share in zip(models, shares, strict=False)
        )
    if len(models_of(a)) <= 1 and (apart := separate_requests(a)):
        return tuple(Stage(model=model_of(a), workload=_of_kind(a, kind, whole)) for kind in apart)
    if len(models) >= 2:
        groups = _by_model(a)
        if all(any(q.is_size for q in group) for group in groups):
            stages = []
            for named, group in zip(models, groups, strict=True):
                workload = build_workload(a, group)
                if workload.volume_per is None and (workload.requests is None or workload.input is not None):
                    workload = as_request(workload)
                if workload.requests in (None, Decimal(1)) and whole.requests is not None:
                    workload = replace(workload, requests=whole.requests, requests_per=whole.requests_per)
                if workload.requests_per is None and workload.requests is not None:
                    workload = replace(workload, requests_per=whole.requests_per)
                part = _part_of_requests(a, group)
                if part is not None and whole.requests is not None:
                    workload = replace(workload, requests=whole.requests * part)
                stages.append(Stage(model=named.ref, workload=workload))
            return tuple(stages)
    return (Stage(model=model_of(a), workload=translation(a, whole)),)


def _of_kind(a: Annotation, kind: Kind, whole: Workload) -> Workload:
    """The requests of one size among several: so many as are stated for it, or its share of all."""
    load = as_request(build_workload(a, list(kind.quantities)))
    if kind.share is None:
        return replace(load, requests=load.requests or Decimal(1))
    return replace(
        whole, input=load.input, output=load.output, requests=(whole.requests or Decimal(1)) * kind.share
    )


def _part_of_requests(a: Annotation, group: list[Quantity]) -> Decimal | None:
    """ "… and 40% of tickets get a draft on sonnet": the share of the requests that a step is for."""
    for quantity in group:
        if quantity.unit == "percent" and not quantity.role and quantity.value < 100:
            clause = a.clause(quantity)
            if "cach" not in clause and not is_batched_share(a, quantity) and growth_of(a, quantity) is None:
                return quantity.value / 100
    return None


def _in_brackets(a: Annotation) -> list[list[Quantity]] | None:
    """ "Classify (400 in/5 out, gpt-5-nano), draft (1,200 in/300 out, sonnet 5.5)": what stands in one bracket with each model."""
    groups = []
    for named in a.models:
        opened, closed = a.folded.rfind("(", 0, named.start), a.folded.find(")", named.end)
        if (
            opened < 0
            or closed < 0
            or ")" in a.folded[opened : named.start]
            or "(" in a.folded[named.end : closed]
        ):
            return None
        groups.append([q for q in a.quantities if opened < q.start < closed])
    if not all(any(q.is_size for q in group) for group in groups):
        return None
    inside = {id(q) for group in groups for q in group}
    rest = [q for q in a.quantities if id(q) not in inside and not _counts_the_steps(a, q)]
    return [*groups[:-1], [*groups[-1], *rest]]


def _before_their_models(a: Annotation) -> list[list[Quantity]]:
    """ "400 in/5 out on gpt-5-nano, 1,200 in/300 out on sonnet 5.5": each number belongs to the model that follows."""
    groups: list[list[Quantity]] = [[] for _ in a.models]
    for quantity in a.quantities:
        if not _counts_the_steps(a, quantity):
            index = sum(1 for named in a.models if named.start <= quantity.start)
            groups[min(index, len(groups) - 1)].append(quantity)
    return groups


def _counts_the_steps(a: Annotation, quantity: Quantity) -> bool:
    """ "Three agents: a planner on …, a coder on …": the number of the steps themselves."""
    return (
        len(a.models) >= 2
        and quantity.value == len(a.models)
        and quantity.end <= a.models[0].start
        and not (
            quantity.is_size
            or quantity.per
            or quantity.per_thing not in ("", "item")
            or quantity.unit in ("money", "percent")
        )
    )


def _by_model(a: Annotation) -> list[list[Quantity]]:
    """The quantities, each with the model whose part of the text it stands in; parts end at "then", ";" and full stops."""
    if (enclosed := _in_brackets(a)) is not None:
        return enclosed
    cuts = [
        m.start() for m in re.finditer(r"\bthen\b|;|\. |\bplus\b|\bafter that\b|\bfollowed by\b|\+", a.folded)
    ]
    sizes = [q for q in a.quantities if q.is_size]
    if sizes and sizes[0].start < a.models[0].start and all(q.end <= a.models[-1].start for q in sizes):
        return _before_their_models(a)
    bounds: list[int] = []
    for first, second in zip(a.models, a.models[1:], strict=False):
        between = [cut for cut in cuts if first.end <= cut <= second.start]
        bounds.append(between[0] if between else second.start)
    groups: list[list[Quantity]] = [[] for _ in a.models]
    for quantity in a.quantities:
        if _counts_the_steps(a, quantity):
            continue
        index = sum(1 for bound in bounds if quantity.start >= bound)
        groups[index].append(quantity)
    return groups


def each_has_a_pair(a: Annotation) -> bool:
    """Whether each named model has an input and an output of its own."""
    return all({"input", "output"} <= {q.role for q in group if q.is_size} for group in _by_model(a))


def translation(a: Annotation, workload: Workload) -> Workload:
    """A translation is about as long as its source."""
    if not a.has("translate"):
        return workload
    source = workload.volume or workload.volume_input
    if workload.output is None and workload.input is not None:
        workload = replace(workload, output=workload.input)
    elif source is not None and workload.volume_output is None:
        if workload.requests is not None or workload.users is not None:
            workload = replace(workload, volume=None, volume_input=None, input=source, output=source)
        else:
            workload = replace(workload, volume=None, volume_input=source, volume_output=source)
    match = _LANGUAGES.search(a.folded)
    if match is None:
        return workload
    factor = Decimal(_FEW.get(match.group(1)) or match.group(1))
    into, out = workload.volume_input, workload.volume_output
    if into is not None and out is not None:
        return replace(
            workload,
            volume_input=replace(into, amount=into.amount * factor),
            volume_output=replace(out, amount=out.amount * factor),
        )
    return replace(workload, requests=(workload.requests or Decimal(1)) * factor)


_LANGUAGES = LazyPattern(
    r"\b(\d{1,2}|two|three|four|five|six|seven|eight|zwei|drei|vier|fünf|deux|trois|quatre|cinq|dos|tres|cuatro|cinco) (?:\w+ )?(?:languages?|sprachen|langues|idiomas|lenguas|bhashao)\b"
)
_FEW = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5,
    "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5,
}  # fmt: skip
