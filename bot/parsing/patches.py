"""How a message changes a question of each kind."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.builders import build
from bot.parsing.naming import models_of, tier_of
from bot.parsing.patch_workload import patched_workload
from bot.parsing.spans import LazyPattern
from bot.parsing.workloads import build_workload, describes_workload, period_of
from bot.questions import (
    BreakEvenQuestion,
    CapacityQuestion,
    CompareQuestion,
    EstimateQuestion,
    FactQuestion,
    FineTuningQuestion,
    HistoryQuestion,
    ModelRef,
    Period,
    PriceQuestion,
    Question,
    SelfHostingQuestion,
    Stage,
    TokensQuestion,
    TrainingQuestion,
    UsageQuestion,
    Workload,
)
from knowledge.lazy_dataclass import replace

INSTEAD = LazyPattern(
    r"\binstead\b(?! of)|\bstattdessen\b|\bau lieu\b|\ben vez\b|\brather\b|\bsame\b|\bdasselbe\b|\bgleiche\b|\blo mismo\b|\bwahi\b"
)


def _model_ref(a: Annotation) -> ModelRef | None:
    models = models_of(a)
    return models[0] if models else None


def _wants_comparison(a: Annotation) -> bool:
    return bool(
        re.search(
            r"\bvs\.?\b|\bversus\b|\bcompare[ds]?\b|\bcompared (?:to|with)\b|\bagainst\b|\bvergleich",
            a.folded,
        )
    )


def _only_caching(a: Annotation) -> bool:
    """ "And with caching?", which says nothing of how much is read from the cache."""
    return (
        a.has("cached") and not a.has("no_cache") and not a.quantities and _NO_SHARE.search(a.folded) is None
    )


_NO_SHARE = re.compile(r"\b(?:half|third|quarter|all|most|hälfte|moitié|mitad)\b")


_WAYS: tuple[tuple[str, Any], ...] = (("batch", "batch"), ("cached", "cached"), ("flex", "flex"))


_IF_PER = re.compile(
    r"\b(?:if|assuming|and) (?:that|it|this)(?:'?s| is) (?:per|a|each|every) (day|week|month|hour|year)\b"
)


def _estimate(old: EstimateQuestion, a: Annotation, today: date) -> Question | None:
    stage = old.stages[0]
    model = _model_ref(a)
    if model is not None and stage.model is not None and (_wants_comparison(a) or len(models_of(a)) > 1):
        refs = (stage.model, *models_of(a)) if _wants_comparison(a) else models_of(a)
        return CompareQuestion(
            models=refs, workload=patched_workload(stage.workload, a), want_per=a.want_per or old.want_per
        )
    if a.has("cheaper", "difference") and model is not None and stage.model is not None:
        refs = (stage.model, model)
        return CompareQuestion(
            models=refs,
            workload=patched_workload(stage.workload, a),
            objective="cheapest",
            want_per=a.want_per or old.want_per,
        )
    if (
        model is None
        and stage.model is not None
        and a.has("save", "difference")
        and a.has("batch", "cached", "flex")
    ):
        compared = build("compare", a, today)
        assert isinstance(compared, CompareQuestion)
        kept = replace(patched_workload(stage.workload, a), batch=False, service_tier=None)
        ways = tuple(way for cue, way in _WAYS if a.has(cue))
        return replace(compared, models=(stage.model,), workload=kept, variants=("standard", *ways), objective="difference",
                       want_per=a.want_per or old.want_per)  # fmt: skip
    if model is None and stage.model is not None and _only_caching(a) and stage.workload.cached_share is None:
        return CompareQuestion(
            models=(stage.model,),
            workload=replace(stage.workload, batch=False, service_tier=None),
            objective="difference",
            variants=("standard", "cached"),
            want_per=a.want_per or old.want_per,
        )
    if a.has("cheapest", "cheaper") and model is None:
        refs = (stage.model,) if stage.model else ()
        return CompareQuestion(
            models=refs if a.has("cheaper") else (),
            workload=patched_workload(stage.workload, a),
            objective="cheapest",
            want_per=a.want_per or old.want_per,
        )
    money = [q for q in a.of_unit("money") if not q.per_thing]
    if money and stage.model is not None:
        built = build("capacity", a, today)
        assert isinstance(built, CapacityQuestion)
        return replace(built, model=model or stage.model, workload=stage.workload)
    stages = tuple(
        Stage(
            model=model or s.model,
            workload=patched_workload(s.workload, a) if index == 0 or len(old.stages) > 1 else s.workload,
        )
        for index, s in enumerate(old.stages)
    )
    stated = _IF_PER.search(a.folded)
    if stated and stages[0].workload.requests is not None:
        rate: Period = stated.group(1)  # type: ignore[assignment]
        stages = (replace(stages[0], workload=replace(stages[0].workload, requests_per=rate)), *stages[1:])
    want = a.want_per or (a.loose_period if not stages[0].workload.requests_per else None) or old.want_per
    workload = stages[0].workload
    if (
        a.want_per
        and period_of(workload) is None
        and workload.requests is not None
        and stage.workload.requests_per is None
    ):
        stages = (replace(stages[0], workload=replace(workload, requests_per=a.want_per)), *stages[1:])
    on = build("price", a, today).on if a.times else old.on  # type: ignore[union-attr]
    return EstimateQuestion(stages=stages, want_per=want, on=on, per_user=old.per_user)


def _compare(old: CompareQuestion, a: Annotation, today: date) -> Question | None:
    models = models_of(a)
    said = patched_workload(old.workload or Workload(), a)
    workload = said if describes_workload(said) or old.workload else old.workload
    built = build("compare", a, today)
    assert isinstance(built, CompareQuestion)
    constraints = old.constraints
    changes = {
        name: getattr(built.constraints, name)
        for name in (
            "min_context",
            "makers",
            "providers",
            "excluded_makers",
            "open_weights",
            "max_input_price",
            "max_output_price",
        )
        if getattr(built.constraints, name)
    }
    if changes:
        constraints = replace(constraints, **changes)
    refs = old.models
    if models:
        refs = (
            (*old.models, *(m for m in models if m not in old.models))
            if old.models and not INSTEAD.search(a.folded)
            else models
        )
    return replace(
        old, models=refs, workload=workload, constraints=constraints, want_per=a.want_per or old.want_per
    )


def _price(old: PriceQuestion, a: Annotation, today: date) -> Question | None:
    workload = build_workload(a)
    models = models_of(a)
    if describes_workload(workload) and (
        workload.requests is not None
        or workload.input is not None
        or workload.volume is not None
        or workload.volume_input is not None
    ):
        return EstimateQuestion(
            stages=(Stage(model=(models or old.models or (None,))[0], workload=workload),),
            want_per=a.want_per,
        )
    built = build("price", a, today)
    assert isinstance(built, PriceQuestion)
    refs = old.models
    if models:
        refs = (*old.models, *models) if _wants_comparison(a) else models
        if _wants_comparison(a):
            return CompareQuestion(models=refs)
    return replace(
        old,
        models=refs,
        units=built.units or old.units,
        batch=(old.batch or a.has("batch")) and not a.has("no_batch"),
        service_tier=tier_of(a) or old.service_tier,
        on=built.on or old.on,
        per_tokens=built.per_tokens or old.per_tokens,
    )


def _capacity(old: CapacityQuestion, a: Annotation, today: date) -> Question | None:
    built = build("capacity", a, today)
    assert isinstance(built, CapacityQuestion)
    model = _model_ref(a) or old.model
    return replace(
        old,
        model=model,
        budget=built.budget or old.budget,
        workload=patched_workload(old.workload, a),
        want_per=a.want_per or old.want_per,
    )


def _history(old: HistoryQuestion, a: Annotation, today: date) -> Question | None:
    models = models_of(a)
    built = build("history", a, today)
    assert isinstance(built, HistoryQuestion)
    return replace(
        old, models=models or old.models, since=built.since or old.since, until=built.until or old.until
    )


def _tokens(old: TokensQuestion, a: Annotation, today: date) -> Question | None:
    model = _model_ref(a)
    built = build("tokens", a, today)
    assert isinstance(built, TokensQuestion)
    if built.text or built.size:
        return replace(built, model=model or old.model)
    return replace(old, model=model or old.model, with_cost=old.with_cost or a.has("cost", "price"))


def _fill(old: Question, a: Annotation, today: date, names: tuple[str, ...]) -> Question:
    """The old question with every named slot that a question of its kind, read from this message, fills."""
    built = build(old.kind, a, today)
    defaults = type(built)()
    changes = {
        name: getattr(built, name) for name in names if getattr(built, name) != getattr(defaults, name)
    }
    return replace(old, **changes)


def _training(old: TrainingQuestion, a: Annotation, today: date) -> Question | None:
    names = (
        "parameters",
        "tokens",
        "gpu",
        "gpus",
        "gpu_hours",
        "mfu",
        "usd_per_gpu_hour",
        "provider",
        "want",
        "within",
    )
    filled = _fill(old, a, today, names)
    assert isinstance(filled, TrainingQuestion)
    them = next((q.value for q in a.quantities if q.noun in ("them", "those", "these")), None)
    return filled if them is None else replace(filled, gpus=them)


def _fine_tuning(old: FineTuningQuestion, a: Annotation, today: date) -> Question | None:
    names = ("model", "model_name", "parameters", "dataset", "examples", "tokens_per_example", "epochs", "method", "gpu", "gpus",
             "hours", "usd_per_gpu_hour", "provider")  # fmt: skip
    return _fill(old, a, today, names)


def _self_hosting(old: SelfHostingQuestion, a: Annotation, today: date) -> Question | None:
    names = (
        "model_name",
        "gpu",
        "gpus",
        "hours_per_day",
        "span",
        "tokens_per_second",
        "utilisation",
        "usd_per_gpu_hour",
        "provider",
        "want_per",
    )
    return _fill(old, a, today, names)


def _break_even(old: BreakEvenQuestion, a: Annotation, today: date) -> Question | None:
    model = _model_ref(a)
    hosting = _self_hosting(old.hosting, a, today)
    assert isinstance(hosting, SelfHostingQuestion)
    return replace(
        old,
        model=model or old.model,
        hosting=hosting,
        workload=patched_workload(old.workload, a),
        routes=False,
    )


def _fact(old: FactQuestion, a: Annotation, today: date) -> Question | None:
    """Another company or another year: the old words with the new name or time in place of the old."""
    subjects = tuple(dict.fromkeys(named.id for named in a.subjects))
    periods = tuple(dict.fromkeys(time.name for time in a.times))
    if not subjects and not periods:
        return None
    query = old.query
    if subjects:
        for subject in old.subjects:
            query = re.sub(re.escape(subject), subjects[0], query, flags=re.IGNORECASE)
        if not any(subject.lower() in query.lower() for subject in subjects):
            query = f"{a.text.strip()} {query}"
    if periods:
        for period in old.periods:
            query = query.replace(period, periods[0])
        if periods[0] not in query:
            query = f"{query} {periods[0]}"
    return FactQuestion(query=query, subjects=subjects or old.subjects, periods=periods or old.periods)


def _usage(old: UsageQuestion, a: Annotation, today: date) -> Question | None:
    built = build("usage", a, today)
    assert isinstance(built, UsageQuestion)
    return replace(
        old,
        since=built.since or old.since,
        until=built.until or old.until,
        period_name=built.period_name or old.period_name,
        by=built.by or old.by,
    )


PATCHES: dict[str, Any] = {
    "estimate": _estimate,
    "compare": _compare,
    "price": _price,
    "capacity": _capacity,
    "history": _history,
    "tokens": _tokens,
    "training": _training,
    "fine_tuning": _fine_tuning,
    "self_hosting": _self_hosting,
    "break_even": _break_even,
    "fact": _fact,
    "usage": _usage,
}
