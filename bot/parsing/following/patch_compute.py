"""How a message changes a question about GPUs, facts or the bot's own usage."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.building.builders import build
from bot.parsing.building.naming import models_of
from bot.parsing.following.patch_workload import patched_workload
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.factors import scale_factor
from bot.parsing.workload.workloads import as_request
from bot.questions import (
    BreakEvenQuestion,
    FactQuestion,
    FineTuningQuestion,
    Question,
    SelfHostingQuestion,
    TrainingQuestion,
    UsageQuestion,
)
from knowledge.gpu_names import gpu_mentions
from knowledge.lazy_dataclass import replace


def _filled(old: Any, a: Annotation, today: date, names: tuple[str, ...]) -> Any:
    """The old question with every named slot that a question of its kind, read from this message, fills."""
    built = build(old.kind, a, today)
    defaults = type(built)()
    changes = {
        name: getattr(built, name) for name in names if getattr(built, name) != getattr(defaults, name)
    }
    return replace(old, **changes)


def _bare_count(a: Annotation) -> Decimal | None:
    """ "Make it 8", "16 of them": a number alone."""
    them = next((q.value for q in a.quantities if q.noun in ("them", "those", "these")), None)
    if them is not None:
        return them
    alone = [q for q in a.quantities if not q.role and not q.per and not q.per_thing]
    if len(alone) != 1 or len(a.quantities) != 1 or alone[0].suffix:
        return None
    [number] = alone
    return None if number.unit else number.value


_ON_TOKENS = LazyPattern(
    r"\b(?:on|with|over|auf|sur|sobre|mit) (?:about |around |just |only )*\d[\d.,]* ?(?:b|bn|billion|milliarden)\b"
)


def patched_training(old: TrainingQuestion, a: Annotation, today: date) -> Question | None:
    """Other sizes, GPUs, utilisation, or another thing to be known of the same run."""
    names = (
        "parameters", "tokens", "gpu", "gpus", "gpu_hours", "mfu", "usd_per_gpu_hour", "gpu_hour_currency", "provider", "want", "within",
    )  # fmt: skip
    filled: TrainingQuestion = _filled(old, a, today, names)
    changes: dict[str, Any] = {}
    if a.has("cost", "price") and filled.want == old.want != "cost":
        changes["want"] = "cost"
    if filled.parameters != old.parameters and filled.tokens == old.tokens and _ON_TOKENS.search(a.folded):
        changes.update(
            parameters=old.parameters, tokens=filled.parameters
        )  # "and on 300B": more text, no larger model
    factor, count = scale_factor(a), _bare_count(a)
    if factor is not None and filled == old:
        if re.search(r"\btokens?\b|\bdata\w*\b|\btext\b", a.folded) and old.tokens is not None:
            changes["tokens"] = old.tokens * factor
        elif re.search(r"\bgpus?\b|\bcards?\b", a.folded) and old.gpus is not None:
            changes["gpus"] = old.gpus * factor
        elif old.parameters is not None and re.search(
            r"\b(?:param\w*|size|model|big\w*|larger?)\b", a.folded
        ):
            changes["parameters"] = old.parameters * factor
    elif count is not None and (a.gpus or old.gpus is not None or old.gpu is not None):
        changes["gpus"] = count
    return replace(filled, **changes) if changes else filled


def patched_fine_tuning(old: FineTuningQuestion, a: Annotation, today: date) -> Question | None:
    """Another model, more data, more epochs, other GPUs."""
    names = (
        "model", "model_name", "parameters", "dataset", "examples", "tokens_per_example", "epochs", "method", "gpu", "gpus", "hours",
        "usd_per_gpu_hour", "gpu_hour_currency", "provider",
    )  # fmt: skip
    filled: FineTuningQuestion = _filled(old, a, today, names)
    changes: dict[str, Any] = {}
    if (
        old.tokens_per_example is not None
        and filled.examples == old.examples
        and filled.dataset != old.dataset
    ):
        tokens = [q for q in a.quantities if q.unit == "tokens"]
        each = re.search(r"\b(?:each|per|a piece|apiece|je|chacun)\b", a.folded) or (
            tokens and tokens[0].value < 20 * old.tokens_per_example
        )
        if tokens and each:
            changes.update(dataset=old.dataset, tokens_per_example=tokens[0].value)
        else:
            changes.update(examples=None, tokens_per_example=None)
    elif (
        filled.examples != old.examples
        and filled.tokens_per_example is None
        and old.dataset is not None
        and old.examples is None
    ):
        changes["dataset"] = None
    bare = [q for q in a.quantities if not q.unit and not q.role and not q.per]
    if len(bare) == 1 and bare[0].suffix and old.dataset is not None and filled.dataset == old.dataset:
        changes.update(
            dataset=replace(old.dataset, amount=bare[0].value), parameters=old.parameters
        )  # "and with 5M"
    factor = scale_factor(a)
    if factor is not None and filled == old:
        if old.examples is not None:
            changes["examples"] = old.examples * factor
        elif old.dataset is not None:
            changes["dataset"] = replace(old.dataset, amount=old.dataset.amount * factor)
        elif old.hours is not None:
            changes["hours"] = old.hours * factor
    return replace(filled, **changes) if changes else filled


_TO_BUY = LazyPattern(r"\b(?:buy|buying|purchase|kaufen|kauf|acheter|achat|comprar|kharid\w*)\b")
_NOT_ALL_DAY = LazyPattern(
    r"\b(?:24 ?/ ?7|round the clock|rund um die uhr|nonstop|non-stop|all day|always on)\b"
)


def patched_self_hosting(old: SelfHostingQuestion, a: Annotation, today: date) -> Question | None:
    """Another GPU, more of them, a longer time, another provider, a period to say it for; or what it costs to buy."""
    counts = any(quantity.value != 1 for quantity in a.quantities)
    if old.gpu is not None and not counts and not a.gpus and _TO_BUY.search(a.folded):
        return FactQuestion(query=f"{old.gpu} purchase price")
    names = (
        "model_name", "gpu", "gpus", "hours_per_day", "span", "tokens_per_second", "utilisation", "usd_per_gpu_hour", "gpu_hour_currency", "provider",
        "beside", "terms", "want_per", "cheapest",
    )  # fmt: skip
    filled: SelfHostingQuestion = _filled(old, a, today, names)
    changes: dict[str, Any] = {}
    if filled.want_per != old.want_per and filled.span == old.span:
        changes["span"] = None  # "and per month?" after "for three days"
    elif filled.span != old.span:
        changes["want_per"] = None
    if filled.tokens_per_second != old.tokens_per_second:
        changes["want"] = "cost_per_1m_tokens"
    elif old.want == "gpu_price" and (
        filled.span is not None or filled.hours_per_day is not None or filled.want_per not in (None, "hour")
    ):
        changes["want"] = "cost"
    if _NOT_ALL_DAY.search(a.folded):
        changes["hours_per_day"] = None
    if filled.provider != old.provider and old.usd_per_gpu_hour == filled.usd_per_gpu_hour:
        changes["usd_per_gpu_hour"] = None
    if filled.provider != old.provider or filled.gpu != old.gpu:
        changes.setdefault("beside", filled.beside if filled.beside != old.beside else ())
    rate = next((q.value for q in a.quantities if not q.unit and not q.role and q.per == "hour"), None)
    if rate is not None and filled.usd_per_gpu_hour == old.usd_per_gpu_hour:
        changes["usd_per_gpu_hour"] = rate  # "at 1.10 per hour"
    factor, count = scale_factor(a), _bare_count(a)
    if count is not None and filled.gpus == old.gpus:
        changes.update(gpus=count, want="cost" if old.want == "gpu_price" else filled.want)
    elif factor is not None and filled == old and not a.gpus:
        if re.search(r"\b(?:long\w*|time|hours?|days?|weeks?|months?)\b", a.folded) and old.span is not None:
            changes["span"] = replace(old.span, amount=old.span.amount * factor)
        else:
            changes["gpus"] = (old.gpus or Decimal(1)) * factor
    return replace(filled, **changes) if changes else filled


_OF_THE_SERVER = LazyPattern(
    r"\b(?:servers?|box|machine|node|rent|costs?|price|kostet|miete|coûte|loyer|cuesta|at|for)\b"
)


def patched_break_even(old: BreakEvenQuestion, a: Annotation, today: date) -> Question | None:
    """Another API model, other hardware, another server bill, another workload."""
    models = models_of(a)
    hosting = patched_self_hosting(old.hosting, a, today)
    if not isinstance(hosting, SelfHostingQuestion):
        return hosting
    built = build("break_even", a, today)
    assert isinstance(built, BreakEvenQuestion)
    fixed = built.fixed_cost or (None if hosting.gpu != old.hosting.gpu else old.fixed_cost)
    server = _bare_count(a)
    if server is not None and old.fixed_cost is not None and _OF_THE_SERVER.search(a.folded):
        fixed, hosting = replace(old.fixed_cost, amount=server), old.hosting
    if (
        fixed is not None
        and built.fixed_cost is not None
        and built.fixed_cost.per is None
        and old.fixed_cost is not None
    ):
        fixed = replace(fixed, per=old.fixed_cost.per)
    sized = a.sizes or a.of_unit("requests", "items", "messages", "users", "percent")
    return replace(
        old,
        model=models[0] if models else old.model,
        hosting=hosting,
        fixed_cost=fixed,
        workload=as_request(patched_workload(old.workload, a))
        if sized and hosting.gpus == old.hosting.gpus
        else old.workload,
        routes=False,
    )


_QUARTER = re.compile(r"\bq[1-4]\b", re.IGNORECASE)
_MODEL_SIZE = re.compile(r"\b\d{1,4}(?:\.\d)?b\b", re.IGNORECASE)
_SHORT = 5
"""Words up to which a message can be no more than another name."""


def _with_other_name(old: FactQuestion, a: Annotation) -> FactQuestion | None:
    """ "And the h200?", "and the 70b?": the same of another GPU or of another size of the model."""
    words = sum(1 for word in a.words if word.text[0].isalnum())
    if words > _SHORT or a.times:
        return None
    gpus = gpu_mentions(old.query)
    if a.gpus and gpus:
        start, end, _ = gpus[0]
        return FactQuestion(query=f"{old.query[:start]}{a.gpus[0].id}{old.query[end:]}", periods=old.periods)
    size = _MODEL_SIZE.search(a.folded)
    if size is not None and not a.models and _MODEL_SIZE.search(old.query):
        return FactQuestion(query=_MODEL_SIZE.sub(size.group(), old.query), periods=old.periods)
    return None


def _name_in_text(subject: str) -> re.Pattern[str]:
    """A subject as people write it: with other hyphens ("deepseek v3"), or by one of its names ("google")."""
    whole = re.sub(r"\\?[- ]", r"[- ]?", re.escape(subject))
    parts = re.findall(r"[^\W\d_]{4,}", subject) if "(" in subject else []
    return re.compile("|".join([whole, *(rf"\b{re.escape(part)}\b" for part in parts)]), re.IGNORECASE)


_SIBLING = re.compile(
    r"^\W*(?:(?:and|what about|how about|und|et|y|for|of)\W+)*([a-z]+-?\d[\w.]*|[vr]\d[\w.]*)\W*$"
)
_WITHOUT_VERSION = re.compile(
    r"\b(?:deepseek|gpt|llama|grok|gemini|claude|kimi)?[- ]?[vr]?\d[\w.]*\b", re.IGNORECASE
)


def patched_fact(old: FactQuestion, a: Annotation, today: date) -> Question | None:
    """Another company, GPU, size, year or measure: the old words with the new ones in place of the old."""
    swapped = _with_other_name(old, a)
    if swapped is not None:
        return swapped
    subjects = tuple(dict.fromkeys(named.id for named in a.subjects))
    periods = tuple(dict.fromkeys(time.name for time in a.times))
    quarter = _QUARTER.search(a.folded)
    if not subjects and not periods and quarter is not None and _QUARTER.search(old.query):
        asked = _QUARTER.sub(quarter.group(), old.query)  # "and q2?" after "q1 2026"
        named = tuple(re.sub(r"Q[1-4]", quarter.group().upper(), period) for period in old.periods)
        return FactQuestion(query=asked, subjects=old.subjects, periods=named)
    if not subjects and not periods:
        if not old.subjects or len(a.words) > 8:
            return None
        sibling = _SIBLING.search(a.folded)
        if sibling is not None:
            family = re.split(r"[-\s]", old.subjects[0])[0]  # "and r1?" after DeepSeek-V3
            words = re.sub(re.escape(old.subjects[0]), " ", old.query, flags=re.IGNORECASE)
            return FactQuestion(
                query=f"{family} {sibling.group(1)} {_WITHOUT_VERSION.sub(' ', words)}", periods=()
            )
        if not a.has("finance", "training", "energy", "cost"):
            return None
        words = " ".join(
            (*old.subjects, a.text.strip(" ?!."), *old.periods)
        )  # "and lose?" after "how much did … make"
        return FactQuestion(query=words, subjects=old.subjects, periods=old.periods)
    query = old.query
    if subjects and a.has("finance", "training", "energy") and len(a.words) > 3:
        query = " ".join((a.text.strip(), *(old.periods if not periods else ())))  # a measure of its own
        return FactQuestion(query=query, subjects=subjects, periods=periods or old.periods)
    if subjects:
        for subject in old.subjects:
            query = _name_in_text(subject).sub(subjects[0], query)
        if not any(subject.lower() in query.lower() for subject in subjects):
            query = f"{a.text.strip()} {query}"
    if periods:
        for period in old.periods:
            query = query.replace(period, periods[0])
        if periods[0] not in query:
            query = f"{query} {periods[0]}"
    return FactQuestion(query=query, subjects=subjects or old.subjects, periods=periods or old.periods)


def patched_usage(old: UsageQuestion, a: Annotation, today: date) -> Question | None:
    """Another time, another grouping, only one's own."""
    built = build("usage", a, today)
    assert isinstance(built, UsageQuestion)
    return replace(
        old,
        since=built.since or old.since,
        until=built.until or old.until,
        period_name=built.period_name or (old.period_name if not built.since else ""),
        by=built.by or old.by,
        mine=built.mine or old.mine,
    )
