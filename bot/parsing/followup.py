"""Follow-ups: "and with batch?", "what about haiku", "per year instead", "same for 3x the users" patch the thread's last question.

A message is a follow-up when it says so ("and", "what about", "instead"), or when it is too little to be a question of its own and fits
a slot of the last one. It is a new question when it is complete in itself.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.build_workloads import currency_of
from bot.parsing.builders import build
from bot.parsing.intents import Intent
from bot.parsing.naming import models_of, tier_of
from bot.parsing.quantity import Quantity
from bot.parsing.spans import LazyPattern
from bot.parsing.workloads import as_request, build_workload, describes_workload, period_of
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
    Size,
    Stage,
    TokensQuestion,
    TrainingQuestion,
    UsageQuestion,
    Workload,
)

_OPENING = LazyPattern(
    r"^\W*(?:(?:ok|okay|cool|thanks|great|nice|hmm|so)\W+)?(?:and|what about|how about|what if|same|but|or|now|also|with|without|instead|then|make (?:it|that)|switch|use|assume|try|only"
    r"|per|in|for|on|und|was ist mit|wie wäre|et|y|qué tal|aur|mit|ohne|avec|sans|con|sin|pro|par|por|if|double|triple|twice|half|\d+\s?x)\b"
)
_INSTEAD = LazyPattern(
    r"\binstead\b|\bstattdessen\b|\bau lieu\b|\ben vez\b|\brather\b|\bsame\b|\bdasselbe\b|\bgleiche\b|\blo mismo\b|\bwahi\b"
)
_FACTORS = (
    (LazyPattern(r"\bdouble\b|\btwice\b|\bdoppelt\w*\b|\bdoble\b|\bdeux fois\b"), Decimal(2)),
    (LazyPattern(r"\btriple\b|\bdreifach\w*\b|\bthree times\b"), Decimal(3)),
    (LazyPattern(r"\bhalf (?:the|as many|of (?:the|them|those|it)|that)\b|\bhalb so\b"), Decimal("0.5")),
    (LazyPattern(r"\bten times\b|\btenfold\b|\b10-fold\b"), Decimal(10)),
)
_SHORT = 12
"""Words up to which a message that is no complete question can be a reply to a clarifying question."""


def patch(previous: Question, a: Annotation, intent: Intent, today: date) -> Question | None:
    """The last question as changed by this message, or None when the message is a question of its own."""
    opens = bool(_OPENING.search(a.folded)) or bool(_INSTEAD.search(a.folded))
    words = sum(1 for w in a.words if w.text[0].isalnum())
    if not opens and (words > _SHORT or _stands_alone(a, intent, previous)):
        return None
    if opens and _changes_topic(a, intent, previous):
        return None
    patched = _PATCHES[previous.kind](previous, a, today) if previous.kind in _PATCHES else None
    return patched if patched is not None and patched != previous else None


_COMPUTE = frozenset(["training", "fine_tuning", "self_hosting", "break_even"])


def _only_hardware(a: Annotation, intent: Intent, previous: Question) -> bool:
    """ "On A100s instead", "128 H100s": other GPUs for the same question."""
    asks_anew = a.has("price", "cost", "self_hosting", "training", "fine_tuning", "break_even")
    return previous.kind in _COMPUTE and intent.kind in ("self_hosting", "fact") and not asks_anew


def _names_a_topic(a: Annotation) -> bool:
    return bool(a.subjects or a.makers or a.gpus) or a.has(
        "finance", "said", "energy", "training", "industry", "why"
    )


def _stands_alone(a: Annotation, intent: Intent, previous: Question) -> bool:
    """Whether the message names enough to be asked without the thread."""
    if _only_hardware(a, intent, previous):
        return False
    if intent.kind == "fact" and not _names_a_topic(a):
        return False
    if intent.kind in ("usage", "help", "fact", "tokens", "history", *_COMPUTE):
        return intent.kind != previous.kind or intent.confidence >= 0.8
    workload = build_workload(a)
    if intent.kind == "estimate":
        return bool(a.models) and describes_workload(workload) and workload.input is not None
    if intent.kind == "capacity":
        return bool(a.models)
    if intent.kind == "compare":
        return len(models_of(a)) > 1 or (a.has("cheapest") and a.has("which", "context"))
    if intent.kind == "price":
        return a.has("price", "how_much") and bool(a.models)
    return False


_PRICE_OF = LazyPattern(
    r"\b(?:price|pricing|rates?|cost)s? (?:of|for)\b|\bpreis von\b|\bprix de\b|\bprecio de\b"
)


def _changes_topic(a: Annotation, intent: Intent, previous: Question) -> bool:
    """ "And how much did OpenAI lose in 2024?" after an estimate is about something else."""
    if _only_hardware(a, intent, previous) or (intent.kind == "fact" and not _names_a_topic(a)):
        return False
    if intent.kind in (
        "usage",
        "fact",
        "training",
        "fine_tuning",
        "break_even",
        "self_hosting",
        "tokens",
        "history",
    ):
        return intent.kind != previous.kind and intent.confidence >= 0.75
    if intent.kind == "price" and a.models and _PRICE_OF.search(a.folded):
        return previous.kind != "price"
    if intent.kind == "estimate":
        workload = build_workload(a)
        return (
            bool(a.models)
            and workload.requests is not None
            and workload.input is not None
            and workload.output is not None
        )
    if intent.kind == "capacity":
        return previous.kind not in ("estimate", "capacity", "price", "compare")
    return False


# ---- what a message changes -------------------------------------------------------------------------------------


def _model_ref(a: Annotation) -> ModelRef | None:
    models = models_of(a)
    return models[0] if models else None


def _workload(old: Workload, a: Annotation) -> Workload:
    """The old workload with every slot replaced that the message fills, and scaled where it says by how much."""
    said = build_workload(a)
    if (
        old.volume_per is None
        and (old.volume_input or old.volume_output)
        and said.requests is not None
        and said.requests > 1
    ):
        old = as_request(old)  # "2k in 300 out", then "9k a day"
    if (old.requests is not None or old.users is not None) and said.volume_per is None:
        # Beside a known number of requests, "500 in, 200 out" is the size of one.
        said = as_request(said)
    changes: dict[str, Any] = {}
    for name in ("users", "requests_per_user", "requests_per_user_per", "turns", "system_prompt", "volume_input",
                 "volume_output", "volume_per", "cached_share", "cached", "service_tier", "hours_per_day", "span",
                 "overhead_share", "reasoning", "input", "output"):  # fmt: skip
        value = getattr(said, name)
        if value is not None:
            changes[name] = value
    if said.requests is not None and a.of_unit("requests", "items", "messages", "conversations", "images"):
        changes["requests"] = said.requests
        if said.requests_per is not None:
            changes["requests_per"] = said.requests_per
        if old.users is not None and said.users is None:
            changes["users"] = None
            changes["requests_per_user"] = None
    bare = next((q for q in a.quantities if not q.unit and not q.role and q.per), None)
    if bare is not None and "requests" not in changes:
        changes["requests"], changes["requests_per"] = bare.value, bare.per
    if said.volume is not None:
        changes.update(_undirected(old, said))
    alone = next(
        (q for q in a.quantities if not q.unit and not q.role and not q.per and not q.per_thing), None
    )
    if alone is not None and not changes:
        changes.update(_bare_number(old, alone))
    if said.workdays_only:
        changes["workdays_only"] = True
    if a.has("no_batch"):
        changes["batch"] = False
    elif a.has("batch"):
        changes["batch"] = True
    if a.has("no_cache"):
        changes["cached_share"] = changes["cached"] = None
    share = next((q for q in a.of_unit("percent")), None)
    if (
        share is not None
        and "cached_share" not in changes
        and "overhead_share" not in changes
        and old.cached_share is not None
    ):
        changes["cached_share"] = share.value / 100
    return _scaled(replace(old, **changes), a)


def _bare_number(old: Workload, number: Quantity) -> dict[str, Any]:
    """ "260" fills the size that is missing; "make it 12 million" replaces the count."""
    if old.input is not None and old.output is None:
        return {"output": Size(amount=number.value, unit=old.input.unit)}
    if old.output is not None and old.input is None:
        return {"input": Size(amount=number.value, unit=old.output.unit)}
    if old.users is not None:
        return {"users": number.value}
    if old.requests is not None:
        return {"requests": number.value}
    return {}


def _undirected(old: Workload, said: Workload) -> dict[str, Any]:
    """Tokens of no direction fill the size that is still missing."""
    if old.requests is None and old.users is None:
        return {"volume": said.volume}
    if old.input is None:
        return {"input": said.volume}
    if old.output is None:
        return {"output": said.volume}
    return {"volume": said.volume}


def _scaled(workload: Workload, a: Annotation) -> Workload:
    factor = next((q.value for q in a.quantities if q.unit == "times"), None)
    if factor is None:
        factor = next((f for pattern, f in _FACTORS if pattern.search(a.folded)), None)
    if factor is None:
        return workload
    if workload.users is not None:
        return replace(workload, users=workload.users * factor)
    if workload.requests is not None:
        return replace(workload, requests=workload.requests * factor)
    changes: dict[str, Any] = {}
    for name in ("volume", "volume_input", "volume_output"):
        size = getattr(workload, name)
        if size is not None:
            changes[name] = replace(size, amount=size.amount * factor)
    return replace(workload, **changes)


def _wants_comparison(a: Annotation) -> bool:
    return bool(
        re.search(
            r"\bvs\.?\b|\bversus\b|\bcompare[ds]?\b|\bcompared (?:to|with)\b|\bagainst\b|\bvergleich",
            a.folded,
        )
    )


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
            models=refs, workload=_workload(stage.workload, a), want_per=a.want_per or old.want_per
        )
    if a.has("cheaper", "difference") and model is not None and stage.model is not None:
        refs = (stage.model, model)
        return CompareQuestion(
            models=refs,
            workload=_workload(stage.workload, a),
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
        kept = replace(_workload(stage.workload, a), batch=False, service_tier=None)
        ways = tuple(way for cue, way in _WAYS if a.has(cue))
        return replace(compared, models=(stage.model,), workload=kept, variants=("standard", *ways), objective="difference",
                       want_per=a.want_per or old.want_per)  # fmt: skip
    if a.has("cheapest", "cheaper") and model is None:
        refs = (stage.model,) if stage.model else ()
        return CompareQuestion(
            models=refs if a.has("cheaper") else (),
            workload=_workload(stage.workload, a),
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
            workload=_workload(s.workload, a) if index == 0 or len(old.stages) > 1 else s.workload,
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
    return EstimateQuestion(
        stages=stages, want_per=want, on=on, currency=currency_of(a) or old.currency, per_user=old.per_user
    )


def _compare(old: CompareQuestion, a: Annotation, today: date) -> Question | None:
    models = models_of(a)
    said = _workload(old.workload or Workload(), a)
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
            if old.models and not _INSTEAD.search(a.folded)
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
        units=built.units or (old.units if not a.has("batch") else old.units),
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
        workload=_workload(old.workload, a),
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
        old, model=model or old.model, hosting=hosting, workload=_workload(old.workload, a), routes=False
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


_PATCHES: dict[str, Any] = {
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
