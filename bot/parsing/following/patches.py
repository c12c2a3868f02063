"""How a message changes a question of each kind."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

from bot.parsing.annotate import Annotation
from bot.parsing.building.builders import build
from bot.parsing.building.naming import models_of, tier_of
from bot.parsing.following.patch_compute import (
    patched_break_even,
    patched_fact,
    patched_fine_tuning,
    patched_self_hosting,
    patched_training,
    patched_usage,
)
from bot.parsing.following.patch_terms import (
    INSTEAD,
    model_ref,
    objective,
    of_those,
    one_request,
    other_side,
    single,
    wants_comparison,
    with_earlier,
)
from bot.parsing.following.patch_workload import patched_workload
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.factors import scale_factor
from bot.parsing.workload.workloads import build_workload, describes_workload, period_of
from bot.questions import (
    CapacityQuestion,
    CompareQuestion,
    EstimateQuestion,
    HistoryQuestion,
    Period,
    PriceQuestion,
    Question,
    Stage,
    TokensQuestion,
    Workload,
)
from knowledge.lazy_dataclass import replace


def _only_caching(a: Annotation) -> bool:
    """ "And with caching?", which says nothing of how much is read from the cache."""
    return (
        a.has("cached") and not a.has("no_cache") and not a.quantities and _NO_SHARE.search(a.folded) is None
    )


_NO_SHARE = re.compile(r"\b(?:half|third|quarter|all|most|hälfte|moitié|mitad)\b")


_WAYS: tuple[tuple[str, Any], ...] = (("batch", "batch"), ("cached", "cached"), ("flex", "flex"))


_IF_PER = re.compile(
    r"\b(?:(?:if|assuming|and) (?:that|it|this)(?:'?s| is)|i mean[t]?|that was|it was|they(?: are|'re)|(?:oh|wait|actually|sorry)[, ]+(?:it'?s |that'?s )?) ?(?:per|a|each|every) (day|week|month|hour|year)\b"
)


_PER_REQUEST = LazyPattern(
    r"\b(?:per|for (?:one|a single|each|every)|each|pro|par|por|a single) (?:single )?(?:api )?(?:request|call|query|message|prompt|question|anfrage|aufruf|requête|appel|petición|llamada)\b"
)


_PER_MILLION = LazyPattern(
    r"\bper (?:1 ?)?(?:m|mtok|million|mio|1k|k|thousand|token)\b(?: tokens)?|\blist price\b"
)


_SIZE_WORDS = LazyPattern(
    r"\b(?:prompts?|inputs?|outputs?|answers?|repl(?:y|ies)|tokens?|long\w*|short\w*|length)\b"
)
_SAVED_WITH_THAT = LazyPattern(
    r"\b(?:save|saves|saved|saving|savings|sparen|spare|ersparnis|économis\w*|ahorr\w*|bach(?:at|ega|enge))\b"
)


def _ways_of(workload: Workload) -> tuple[Literal["batch", "cached"], ...]:
    """The ways of saving that a workload already uses, one of which "how much do we save with that?" asks about."""
    if workload.batch:
        return ("batch",)
    return ("cached",) if workload.cached_share is not None or workload.cached is not None else ()


_THAN_USUAL = LazyPattern(
    r"\b(?:than|vs\.?|versus|over|compared (?:to|with)|als|que|gegenüber) (?:the )?(?:standard|normal|regular|usual|default|plain|realtime|sync\w*)\b"
)


def _estimate(old: EstimateQuestion, a: Annotation, today: date) -> Question | None:
    stage = old.stages[0]
    model = model_ref(a)
    if model is not None and stage.model is not None and (wants_comparison(a) or len(models_of(a)) > 1):
        refs = (stage.model, *models_of(a)) if wants_comparison(a) else models_of(a)
        return CompareQuestion(
            models=refs, workload=patched_workload(stage.workload, a), want_per=a.want_per or old.want_per
        )
    if a.has("cheaper", "difference") and model is not None and stage.model is not None:
        refs = (stage.model, model)
        return CompareQuestion(
            models=refs,
            workload=patched_workload(stage.workload, a),
            objective="difference" if a.has("save") and not a.has("cheaper") else "cheapest",
            want_per=a.want_per or old.want_per,
        )
    already = _ways_of(stage.workload)
    if model is None and stage.model is not None and already and _SAVED_WITH_THAT.search(a.folded):
        return CompareQuestion(
            models=(stage.model,),
            workload=replace(stage.workload, batch=False, service_tier=None),
            variants=("standard", *already),
            objective="difference",
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
    load = stage.workload
    if (
        model is None
        and stage.model is not None
        and (load.batch or load.service_tier)
        and _THAN_USUAL.search(a.folded)
    ):
        way: Any = load.service_tier or "batch"
        return CompareQuestion(
            models=(stage.model,),
            workload=replace(load, batch=False, service_tier=None),
            objective="difference",
            variants=("standard", way),
            want_per=a.want_per or old.want_per,
        )
    swapped = other_side(stage, a) if model is None else None
    if swapped is not None:
        return replace(old, stages=(replace(stage, workload=swapped), *old.stages[1:]))
    if of_those(a) and model is None and old.earlier and stage.model is not None:
        return CompareQuestion(
            models=(*old.earlier, stage.model),
            workload=stage.workload if a.quantities else patched_workload(stage.workload, a),
            objective=objective(a),
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
    if model is None and stage.model is not None and not a.sizes and _PER_MILLION.search(a.folded):
        rates = build("price", a, today)
        assert isinstance(rates, PriceQuestion)
        return replace(rates, models=(stage.model,))
    if (
        _PER_REQUEST.search(a.folded)
        and not a.quantities
        and all(s.workload.input or s.workload.output for s in stages)
    ):
        stages = tuple(replace(s, workload=one_request(s.workload)) for s in stages)
        return replace(old, stages=stages, want_per=None)
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
    return EstimateQuestion(
        stages=stages,
        want_per=want,
        on=on,
        per_user=old.per_user,
        earlier=with_earlier(old.earlier, stage.model, model),
    )


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
    same = refs == old.models
    return replace(
        old,
        models=refs,
        workload=workload,
        constraints=constraints,
        objective=built.objective
        if built.objective in ("cheapest", "dearest") and old.models
        else old.objective,
        shares=old.shares if same else (),
        against=old.against if same else None,
        want_per=a.want_per or old.want_per,
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
        refs = (*old.models, *models) if wants_comparison(a) else models
        if wants_comparison(a):
            return CompareQuestion(models=refs)
    elif of_those(a) and len({*old.earlier, *old.models}) > 1:
        return CompareQuestion(models=(*old.earlier, *old.models), objective=objective(a))
    return replace(
        old,
        models=refs,
        earlier=with_earlier(old.earlier, *single(old.models), *single(models)),
        units=built.units or old.units,
        batch=(old.batch or a.has("batch")) and not a.has("no_batch"),
        service_tier=tier_of(a) or old.service_tier,
        on=built.on or old.on,
        per_tokens=built.per_tokens or old.per_tokens,
        request_tokens=built.request_tokens or old.request_tokens,
    )


def _capacity(old: CapacityQuestion, a: Annotation, today: date) -> Question | None:
    built = build("capacity", a, today)
    assert isinstance(built, CapacityQuestion)
    model = model_ref(a) or old.model
    factor = scale_factor(a)
    if factor is not None and old.budget is not None and not a.sizes and not _SIZE_WORDS.search(a.folded):
        return replace(old, model=model, budget=replace(old.budget, amount=old.budget.amount * factor))
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


_WANTED_UNIT = LazyPattern(
    r"^\W*(?:(?:and|in|into|how many|what about|as|und|et|y|wie viele|combien de|cuántas|ok|or)\W+)*(tokens?|words?|pages?|characters?|wörter|seiten|zeichen|mots|palabras|páginas)(?: (?:is|are) (?:that|it|this))?\W*$"
)
_UNIT_NAMES: dict[str, Any] = {
    "to": "tokens", "wo": "words", "wö": "words", "mo": "words", "pa": "pages", "pá": "pages", "se": "pages",
    "ch": "characters", "ze": "characters",
}  # fmt: skip


def _tokens(old: TokensQuestion, a: Annotation, today: date) -> Question | None:
    ref = model_ref(a)
    if ref is not None and old.size is not None and a.has("cost", "price") and not a.sizes:
        return EstimateQuestion(stages=(Stage(model=ref, workload=Workload(volume_input=old.size)),))
    model = model_ref(a)
    built = build("tokens", a, today)
    assert isinstance(built, TokensQuestion)
    if built.text or built.size:
        return replace(built, model=model or old.model)
    wanted = _WANTED_UNIT.search(a.folded)
    if wanted is not None and old.size is not None and not a.quantities:
        word = wanted.group(1)
        want: Any = "words" if word == "palabras" else _UNIT_NAMES[word[:2]]
        return replace(old, want=want) if want != old.size.unit else None
    bare = next((q for q in a.quantities if not q.unit and not q.role), None)
    if bare is not None and old.size is not None:
        return replace(old, size=replace(old.size, amount=bare.value), model=model or old.model)
    return replace(old, model=model or old.model, with_cost=old.with_cost or a.has("cost", "price"))


PATCHES: dict[str, Any] = {
    "estimate": _estimate,
    "compare": _compare,
    "price": _price,
    "capacity": _capacity,
    "history": _history,
    "tokens": _tokens,
    "training": patched_training,
    "fine_tuning": patched_fine_tuning,
    "self_hosting": patched_self_hosting,
    "break_even": patched_break_even,
    "fact": patched_fact,
    "usage": patched_usage,
}
