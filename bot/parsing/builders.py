"""One builder for each kind of question: from what the rules see in a text to the typed question.

Builders fill only slots that the text holds; they neither price nor assume.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from bot.parsing.annotate import Annotation
from bot.parsing.intents import Kind
from bot.parsing.quantities import Quantity
from bot.parsing.spans import LazyPattern
from bot.parsing.workloads import (
    as_request,
    build_workload,
    describes_workload,
    is_context_window,
    period_of,
    size_of,
)
from bot.questions import (
    BreakEvenQuestion,
    CapacityQuestion,
    CompareQuestion,
    Constraints,
    EstimateQuestion,
    FactQuestion,
    FineTuningQuestion,
    HelpQuestion,
    HistoryQuestion,
    ModelRef,
    Money,
    OutOfScope,
    PriceQuestion,
    Question,
    SelfHostingQuestion,
    Span,
    Stage,
    TokensQuestion,
    TrainingQuestion,
    UsageQuestion,
    Workload,
)

_HUNDRED = Decimal(100)
Tier = Literal["flex", "priority", "fast"]


def build(kind: Kind, a: Annotation, today: date) -> Question:
    """The typed question of this kind that the annotated text asks."""
    return _BUILDERS[kind](a, today)


def models_of(a: Annotation) -> tuple[ModelRef, ...]:
    """The models that the text names, each once."""
    seen: dict[tuple[str | None, str | None, str], ModelRef] = {}
    for named in a.models:
        ref = named.ref
        seen.setdefault((ref.provider, ref.model, "" if ref.model else ref.mention.lower()), ref)
    return tuple(seen.values())


def _model_of(a: Annotation) -> ModelRef | None:
    models = models_of(a)
    return models[0] if models else None


def tier_of(a: Annotation) -> Tier | None:
    """The service tier that the text names."""
    tiers: tuple[tuple[str, Tier], ...] = (("flex", "flex"), ("priority", "priority"), ("fast_mode", "fast"))
    return next((tier for cue, tier in tiers if a.has(cue)), None)


def _wants_batch(a: Annotation) -> bool:
    return a.has("batch") and not a.has("no_batch")


# ---- prices -----------------------------------------------------------------------------------------------------

_UNIT_WORDS: tuple[tuple[str, LazyPattern], ...] = (
    ("cache_write", LazyPattern(r"\bcache[- ]writ|\bwrit\w* (?:to )?(?:the )?cache|\bcache creation")),
    ("cached", LazyPattern(r"\bcach|\bgecach")),
    ("audio", LazyPattern(r"\baudio\b|\bspeech\b|\bvoice\b|\btranscri")),
    ("image", LazyPattern(r"\bimages?\b|\bpictures?\b")),
    ("search", LazyPattern(r"\bsearch(?:es)?\b")),
    (
        "context",
        LazyPattern(
            r"\bmax(?:imum)? context|\bcontext (?:window|length|size)|\bhow (?:big|large|long) is the context|\bkontextfenster|\bfenêtre de contexte"
        ),
    ),
    ("input", LazyPattern(r"\binputs?\b|\bprompt tokens?\b|\beingabe|\bentrée\b|\bentrada\b")),
    ("output", LazyPattern(r"\boutputs?\b|\bcompletions?\b|\bausgabe|\bsortie\b|\bsalida\b")),
)


_AUDIO_LENGTHS: dict[str, Literal["second", "minute", "hour"]] = {
    "second": "second", "minute": "minute", "minuto": "minute", "hour": "hour", "hora": "hour", "heure": "hour", "stunde": "hour",
}  # fmt: skip


def _price(a: Annotation, today: date) -> Question:
    units = tuple(name for name, pattern in _UNIT_WORDS if pattern.search(a.folded))
    if "cached" in units and re.search(r"cached (?:input|prompt)|input cach|cach\w+ input", a.folded):
        units = tuple(name for name in units if name != "input")  # "cached input" is one rate
    per = next((q.value for q in a.quantities if q.per_thing == "basis"), None)
    if per is None and re.search(r"\bper (?:1k|k|thousand)\b|/1?k\b", a.folded):
        per = Decimal(1000)
    if per is None and re.search(r"\bper (?:single )?token\b|\ba token\b", a.folded):
        per = Decimal(1)
    length = re.search(
        r"\b(?:per|a|each|pro|par|por) (second|minute|hour|minuto|hora|heure|stunde)\b", a.folded
    )
    models = models_of(a) or _unknown_product(a)
    threshold = next((q.value for q in a.quantities if q.per_thing == "threshold"), None)
    return PriceQuestion(
        request_tokens=threshold,
        per_time=_AUDIO_LENGTHS.get(length.group(1)) if length else None,
        models=models,
        units=units,
        batch=_wants_batch(a),
        service_tier=tier_of(a),
        on=_day(a, today),
        per_tokens=None if per in (None, Decimal(10) ** 6) else per,
    )


_PRODUCT = LazyPattern(r"(?<![\w-])[a-z]{2,}[a-z.]*[-_]\d[\w.-]*(?![\w-])")


def _unknown_product(a: Annotation) -> tuple[ModelRef, ...]:
    """ "foobar-3000": a name that looks like a model's and is none on record."""
    match = _PRODUCT.search(a.folded)
    if match is None or a.makers or a.providers:
        return ()
    return (ModelRef(mention=a.text[match.start() : match.end()], how="unknown"),)


def _day(a: Annotation, today: date) -> date | None:
    """The day that a price is asked for: the first day of a named past month or year, none for today."""
    for time in a.times:
        if time.first >= today or (time.relative and time.last >= today):
            return time.first if time.first > today else None
        return time.first if time.first == time.last else min(time.first, today)
    return None


def _history(a: Annotation, today: date) -> Question:
    times = sorted(a.times, key=lambda t: t.first)
    since = times[0].first if times else None
    until = times[-1].first if len(times) > 1 else None
    return HistoryQuestion(models=models_of(a), since=since, until=until)


# ---- workloads --------------------------------------------------------------------------------------------------


def _estimate(a: Annotation, today: date) -> Question:
    stages = _stages(a)
    want = a.want_per
    if a.span is not None and want is None:
        want = None
    return EstimateQuestion(stages=stages, want_per=want, on=_day(a, today), currency=_currency(a))


_CURRENCY_WORDS = LazyPattern(r"\b(?:in|en) (euros?|eur|pounds?|gbp|rupees?|inr)\b")


def _currency(a: Annotation) -> str | None:
    """The currency that an answer is wanted in ("in euros")."""
    match = _CURRENCY_WORDS.search(a.folded)
    if match is None:
        return None
    return {"e": "EUR", "p": "GBP", "g": "GBP", "r": "INR", "i": "INR"}[match.group(1)[0]]


def _stages(a: Annotation) -> tuple[Stage, ...]:
    """Usually one; several where each named model has sizes of its own ("classify with haiku (300 in/20 out), then answer 2k with sonnet …")."""
    whole = build_workload(a)
    models = a.models
    if len(models) >= 2:
        groups = _by_model(a)
        if all(any(q.is_size for q in group) for group in groups):
            stages = []
            for named, group in zip(models, groups, strict=True):
                workload = build_workload(a, group)
                if workload.requests is None and workload.volume_per is None:
                    workload = as_request(workload)
                if workload.requests in (None, Decimal(1)) and whole.requests is not None:
                    workload = replace(workload, requests=whole.requests, requests_per=whole.requests_per)
                if workload.requests_per is None and workload.requests is not None:
                    workload = replace(workload, requests_per=whole.requests_per)
                stages.append(Stage(model=named.ref, workload=workload))
            return tuple(stages)
    return (Stage(model=_model_of(a), workload=_translation(a, whole)),)


def _by_model(a: Annotation) -> list[list[Quantity]]:
    """The quantities, each with the model whose part of the text it stands in; parts end at "then", ";" and full stops."""
    cuts = [
        m.start() for m in re.finditer(r"\bthen\b|;|\. |\bplus\b|\bafter that\b|\bfollowed by\b|\+", a.folded)
    ]
    bounds: list[int] = []
    for first, second in zip(a.models, a.models[1:], strict=False):
        between = [cut for cut in cuts if first.end <= cut <= second.start]
        bounds.append(between[0] if between else second.start)
    groups: list[list[Quantity]] = [[] for _ in a.models]
    for quantity in a.quantities:
        index = sum(1 for bound in bounds if quantity.start >= bound)
        groups[index].append(quantity)
    return groups


def _translation(a: Annotation, workload: Workload) -> Workload:
    """A translation is about as long as its source."""
    if a.has("translate") and workload.output is None and workload.input is not None:
        return replace(workload, output=workload.input)
    return workload


def _capacity(a: Annotation, today: date) -> Question:
    budget_quantity = next(
        (q for q in a.of_unit("money") if q.per_thing not in ("tokens", "gpu_hour", "gpu")), None
    )
    budget = None
    if budget_quantity is not None:
        budget = Money(
            amount=budget_quantity.value,
            currency=budget_quantity.currency or "USD",
            per=budget_quantity.per or (a.want_per if a.want_per and not a.has("how_long") else None),
        )
    workload = build_workload(a)
    if not any(q.per for q in a.sizes):
        workload = replace(
            as_request(workload), volume_per=None
        )  # beside a budget, "1k in, 500 out" is the size of one request
    return CapacityQuestion(
        budget=budget,
        model=_model_of(a),
        workload=workload,
        want=_wanted_capacity(a, workload),
        want_per=a.want_per or (a.loose_period if period_of(workload) is None else None),
    )


def _wanted_capacity(
    a: Annotation, workload: Workload
) -> Literal["requests", "input_tokens", "output_tokens", "tokens", "users", "days", "words", "pages"]:
    text = a.folded
    if re.search(
        r"\bhow long\b|\bwie lange\b|\bhow many (?:days|weeks|months)\b|\blast\b", text
    ) and period_of(workload):
        return "days"
    if re.search(
        r"\bhow many (?:\w+ )?(?:users|customers|people|employees|seats|nutzer|students)\b|\bwie viele (?:nutzer|kunden)\b",
        text,
    ):
        return "users"
    if (
        re.search(r"\b(?:output|completion|ausgabe\w*|generated?) tokens?\b|\btokens? (?:of )?output\b", text)
        and not workload.output
    ):
        return "output_tokens"
    if (
        re.search(r"\b(?:input|prompt|eingabe\w*) tokens?\b|\btokens? (?:of )?input\b", text)
        and not workload.input
    ):
        return "input_tokens"
    if re.search(
        r"\b(?:how many|how much|wie viele?|wieviele|combien de|cuántos|cuantos|kitne)\b[^,?]{0,30}\b(?:tokens?|jetons?)\b",
        text,
    ):
        return "tokens"
    if re.search(r"\bhow many words\b|\bwords (?:can|could)\b", text):
        return "words"
    if re.search(r"\bhow many pages\b", text):
        return "pages"
    if (
        workload.input is None
        and workload.output is None
        and workload.volume is None
        and not a.of_unit("requests", "items", "messages")
    ):
        if not re.search(
            r"\b(?:requests?|calls?|queries|messages?|prompts?|anfragen|requêtes|peticiones|conversations?|chats?|emails?|documents?)\b",
            text,
        ):
            return "tokens"
    return "requests"


def _compare(a: Annotation, today: date) -> Question:
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
    objective: Literal["cheapest", "dearest", "side_by_side", "difference"] = "side_by_side"
    if a.has("cheapest") or re.search(r"\b(?:rank|sort|order|ranking|sortier\w*)\b", a.folded):
        objective = "cheapest"
    elif a.has("dearest"):
        objective = "dearest"
    elif a.has("difference", "save") and (len(models) > 1 or len(_variants(a)) > 1):
        objective = "difference"
    elif (a.has("cheaper") and len(models) > 1) or a.has("cheaper"):
        objective = "cheapest"
    return CompareQuestion(
        models=models,
        workload=_translation(a, workload) if described else None,
        constraints=constraints,
        objective=objective,
        metric=_metric(a) if not described else None,
        variants=_variants(a) if len(models) == 1 else (),
        limit=_limit(a),
        want_per=a.want_per,
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
    return ("standard", *found) if found and a.has("save", "difference", "compare", "cheaper") else ()


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
        max_input_price=_cap(caps, "input"),
        max_output_price=_cap(caps, "output"),
    )


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


# ---- tokens -----------------------------------------------------------------------------------------------------


def _tokens(a: Annotation, today: date) -> Question:
    text = max(a.quotes, key=len) if a.quotes else None
    if text is None:
        match = re.search(r"(?:tokens?|text|prompt|sentence)[^:\n]{0,40}:\s+(\S.+)$", a.text, re.DOTALL)
        text = (
            match.group(1).strip()
            if match and not a.of_unit("words", "pages", "characters", "bytes")
            else None
        )
    size = next((q for q in a.quantities if q.unit in ("words", "pages", "characters", "bytes")), None)
    want: Any = "tokens"
    if text is None and size is None:
        size = next((q for q in a.quantities if q.unit == "tokens"), None)
        asked = re.search(
            r"\b(words?|pages?|characters?|wörter|seiten|zeichen|mots|palabras|páginas)\b", a.folded
        )
        if size is not None and asked:
            names = {
                "w": "words",
                "p": "pages",
                "c": "characters",
                "s": "pages",
                "z": "characters",
                "m": "words",
            }
            want = (
                "pages"
                if asked.group(1).startswith(("pag", "pág"))
                else "words"
                if asked.group(1).startswith("palab")
                else names[asked.group(1)[0]]
            )
    return TokensQuestion(
        text=text,
        size=size_of(size) if size and text is None else None,
        want=want,
        model=_model_of(a),
        with_cost=bool(a.models) and a.has("cost", "price"),
    )


# ---- training and hosting ---------------------------------------------------------------------------------------


def _parameters(a: Annotation) -> Decimal | None:
    for quantity in a.quantities:
        if quantity.unit == "parameters":
            return quantity.value
    for quantity in a.quantities:
        if (
            quantity.suffix in ("b", "bn")
            and quantity.unit in ("", "tokens")
            and not re.match(
                r"[ -]?(?:training )?tokens?\b",
                a.folded[quantity.end - len(quantity.noun) if quantity.noun else quantity.end :],
            )
            and quantity.unit == ""
        ):
            return quantity.value
    bare = [q for q in a.quantities if q.suffix in ("m", "b") and not q.unit and not q.role and not q.per]
    if bare:
        return bare[0].value
    for named in a.models:  # "train a llama 7b": the size stands inside the name
        match = re.search(r"(\d{1,4}(?:\.\d)?)\s?b\b", named.ref.mention.lower())
        if match:
            return Decimal(match.group(1)) * 10**9
    return None


def _gpu(a: Annotation) -> tuple[str | None, Decimal | None]:
    """The GPU that the text names, and how many of it."""
    gpu = a.gpus[0].id if a.gpus else None
    count = next((q.value for q in a.quantities if q.unit == "gpus"), None)
    if count is None and a.gpus:
        for quantity in a.quantities:
            between = a.folded[quantity.end : a.gpus[0].start]
            if (
                quantity.end <= a.gpus[0].end
                and quantity.unit in ("", "times")
                and len(between.strip()) <= 8
                and not quantity.per
            ):
                count = quantity.value
    if (
        count is None
        and gpu
        and re.search(
            r"\b(?:a|an|one|single|ein|eine|un|una)\s+(?:single |nvidia )?$", a.folded[: a.gpus[0].start]
        )
    ):
        count = Decimal(1)
    return gpu, count


def _gpu_hour_price(a: Annotation) -> Decimal | None:
    return next(
        (q.value for q in a.of_unit("money") if q.per_thing in ("gpu_hour", "gpu") or q.per == "hour"), None
    )


def _share(a: Annotation, pattern: str) -> Decimal | None:
    for quantity in a.of_unit("percent"):
        if re.search(pattern, a.clause(quantity)):
            return quantity.value / _HUNDRED
    match = re.search(r"\b(?:mfu|utili[sz]ation)\s*(?:of|=|:|is)?\s*(0?\.\d+)", a.folded)
    return Decimal(match.group(1)) if match and re.search(pattern, match.group()) else None


def _provider(a: Annotation) -> str | None:
    if a.clouds:
        return a.clouds[0].id
    return a.providers[0].id if a.providers else None


def _training(a: Annotation, today: date) -> Question:
    gpu, gpus = _gpu(a)
    tokens = next((q.value for q in a.quantities if q.unit == "tokens" and not q.per), None)
    if tokens is None:  # "7B on 2T"
        tokens = next(
            (q.value for q in a.quantities if q.suffix in ("t", "tn", "trillion") and not q.unit), None
        )
    within = None
    if a.span is not None:
        within = a.span
    else:
        days = next(
            (q for q in a.quantities if q.unit in ("days", "weeks", "months", "hours") and not q.per), None
        )
        if days is not None and re.search(
            r"\bin\b|\bwithin\b", a.folded[max(0, days.start - 12) : days.start]
        ):
            within = Span(amount=days.value, unit=days.unit.rstrip("s"))  # type: ignore[arg-type]
    want: Any = "cost"
    if re.search(
        r"\bhow (?:long|many days|many weeks|many months)\b|\bwie lange\b|\bcombien de temps\b|\bcuánto tiempo\b",
        a.folded,
    ):
        want = "days"
    elif re.search(
        r"\bhow many (?:gpu[- ]?hours)\b|\bgpu[- ]?hours (?:to|does|do|for|are|would)\b", a.folded
    ):
        want = "gpu_hours"
    elif re.search(r"\bhow many (?:\w+ )?(?:gpus|h100s?|a100s?|h200s?|b200s?|cards)\b", a.folded):
        want = "gpus"
    elif re.search(r"\bflops?\b|\bhow much compute\b", a.folded) and not a.has("cost"):
        want = "flops"
    return TrainingQuestion(
        parameters=_parameters(a),
        tokens=tokens,
        gpu=gpu,
        gpus=gpus,
        gpu_hours=next((q.value for q in a.quantities if q.unit == "gpu_hours"), None),
        mfu=_share(a, r"mfu|flops|utili"),
        usd_per_gpu_hour=_gpu_hour_price(a),
        provider=_provider(a),
        want=want,
        within=within,
    )


def _fine_tuning(a: Annotation, today: date) -> Question:
    gpu, gpus = _gpu(a)
    sizes = [q for q in a.sizes if q.unit]
    examples = next(
        (q for q in a.quantities if q.unit in ("examples", "items", "conversations", "requests", "messages")),
        None,
    )
    per_example = next((q.value for q in sizes if q.unit == "tokens" and (examples is not None)), None)
    dataset = None if per_example is not None else next((size_of(q) for q in sizes), None)
    method: Any = (
        "qlora" if a.has("qlora") else "lora" if a.has("lora") else "full" if a.has("full_tuning") else None
    )
    model = _model_of(a)
    return FineTuningQuestion(
        model=model,
        model_name=_open_model_name(a),
        parameters=_parameters(a),
        dataset=dataset,
        examples=examples.value if examples else None,
        tokens_per_example=per_example,
        epochs=next((q.value for q in a.quantities if q.unit == "epochs"), None),
        method=method,
        gpu=gpu,
        gpus=gpus,
        hours=_hours(a),
        usd_per_gpu_hour=_gpu_hour_price(a),
        provider=_provider(a),
    )


def _hours(a: Annotation) -> Decimal | None:
    """A stated length of computing time in hours."""
    factors = {"hours": Decimal(1), "days": Decimal(24), "weeks": Decimal(168)}
    for quantity in a.quantities:
        if quantity.unit in factors and not quantity.per:
            return quantity.value * factors[quantity.unit]
    if a.span is not None and a.span.unit in ("hour", "day", "week"):
        return a.span.amount * {"hour": Decimal(1), "day": Decimal(24), "week": Decimal(168)}[a.span.unit]
    return None


_OPEN_MODEL = LazyPattern(
    r"\b(?:llama|mistral|mixtral|qwen|gemma|phi|deepseek|falcon|gpt-oss|kimi|glm|olmo|yi)[\w.\- ]{0,20}?\d{1,4}(?:\.\d)?b\b|\b\d{1,4}(?:\.\d)?b(?: parameter)?(?: model| llm)\b"
)


def _open_model_name(a: Annotation) -> str | None:
    match = _OPEN_MODEL.search(a.folded)
    if match:
        return a.text[match.start() : match.end()]
    return a.models[0].ref.mention if a.models else None


def _hosting(a: Annotation) -> SelfHostingQuestion:
    gpu, gpus = _gpu(a)
    throughput = next((q.value for q in a.quantities if q.unit == "tokens" and q.per == "second"), None)
    hours_per_day = next((q.value for q in a.quantities if q.unit == "hours" and q.per == "day"), None)
    if hours_per_day is None and a.has("office_hours"):
        hours_per_day = Decimal(8)
    span = a.span
    if span is None:
        length = next(
            (
                q
                for q in a.quantities
                if q.unit in ("hours", "days", "weeks", "months", "years") and not q.per
            ),
            None,
        )
        if length is not None:
            span = Span(amount=length.value, unit=length.unit.rstrip("s"))  # type: ignore[arg-type]
    want: Any = "cost"
    if throughput is not None or re.search(
        r"\bper (?:1m|million|m) tokens?\b|\bcost per (?:1m|million|token)\b", a.folded
    ):
        want = "cost_per_1m_tokens"
    elif (
        span is None
        and hours_per_day is None
        and (a.want_per in (None, "hour"))
        and (gpus is None or (gpus == 1 and a.has("price") and not a.of_unit("gpus")))
    ):
        want = "gpu_price"
    return SelfHostingQuestion(
        cheapest=a.has("cheapest"),
        model_name=_open_model_name(a),
        gpu=gpu,
        gpus=gpus,
        hours_per_day=hours_per_day,
        span=span,
        tokens_per_second=throughput,
        utilisation=_share(a, r"utili|load|busy|auslast|ausgelast|duty"),
        usd_per_gpu_hour=_gpu_hour_price(a),
        provider=_provider(a),
        want=want,
        want_per=a.want_per,
    )


def _self_hosting(a: Annotation, today: date) -> Question:
    return _hosting(a)


def _break_even(a: Annotation, today: date) -> Question:
    fixed = next(
        (q for q in a.of_unit("money") if q.per in ("month", "day", "year", None) and not q.per_thing), None
    )
    routes = (
        not a.gpus
        and not [q for q in a.quantities if q.unit not in ("users", "")]
        and (a.has("advice", "own_model", "training", "fine_tuning") or not a.models)
    )
    return BreakEvenQuestion(
        model=_api_model(a),
        hosting=replace(_hosting(a), want="cost"),
        fixed_cost=Money(amount=fixed.value, currency=fixed.currency or "USD", per=fixed.per)
        if fixed
        else None,
        workload=as_request(build_workload(a)),
        routes=routes,
    )


def _api_model(a: Annotation) -> ModelRef | None:
    """The model of the API side: one that is not what would be hosted ("self-host llama 70b or gpt-4o-mini?": the latter)."""
    models = models_of(a)
    name = _open_model_name(a)
    others = [m for m in models if name is None or m.mention.lower() not in name.lower()]
    return next(iter(others or models), None)


# ---- facts and the bot ------------------------------------------------------------------------------------------


def _fact(a: Annotation, today: date) -> Question:
    return FactQuestion(
        query=a.text.strip()[:400],
        subjects=tuple(dict.fromkeys(named.id for named in a.subjects)),
        periods=tuple(dict.fromkeys(time.name for time in a.times)),
    )


_BY: tuple[tuple[Any, LazyPattern], ...] = (
    ("user", LazyPattern(r"\b(?:by|per|each) (?:user|person|people|member)s?\b|\bwho\b|\btop (?:users|spenders)\b|\bpro (?:nutzer|person)\b|\bpar utilisateur\b|\bpor usuario\b")),
    ("channel", LazyPattern(r"\b(?:by|per|each|which) channels?\b")),
    ("workspace", LazyPattern(r"\b(?:by|per|each) (?:workspace|server|team)s?\b")),
    ("platform", LazyPattern(r"\b(?:by|per|each) platforms?\b")),
    ("model", LazyPattern(r"\b(?:by|per|each|which) models?\b|\bpro modell\b")),
    ("kind", LazyPattern(r"\b(?:by|per|each) (?:kind|type|category)s?\b|\bwhat kinds?\b")),
    ("day", LazyPattern(r"\b(?:by|per|each) day\b|\bdaily\b|\bpro tag\b")),
)  # fmt: skip


def _usage(a: Annotation, today: date) -> Question:
    time = a.times[0] if a.times else None
    by = next((name for name, pattern in _BY if pattern.search(a.folded)), None)
    mine = bool(re.search(r"\b(?:i|my|me|mine|ich|mein\w*|je|mon|ma|yo|mis?)\b", a.folded)) and not re.search(
        r"\b(?:we|our|us|team|everyone)\b", a.folded
    )
    return UsageQuestion(
        since=time.first if time else None,
        until=(today if time.since else time.last) if time else None,
        period_name=time.name if time and not time.since else "",
        by=by,
        mine=mine,
    )


def _help(a: Annotation, today: date) -> Question:
    return HelpQuestion()


def _out_of_scope(a: Annotation, today: date) -> Question:
    if a.language == "other":
        return OutOfScope(reason="language")
    if a.has("cost", "price") or a.quantities:
        return OutOfScope(reason="not_understood")
    return OutOfScope(reason="other_topic")


_BUILDERS: dict[Kind, Callable[[Annotation, date], Question]] = {
    "price": _price,
    "estimate": _estimate,
    "compare": _compare,
    "capacity": _capacity,
    "tokens": _tokens,
    "history": _history,
    "training": _training,
    "fine_tuning": _fine_tuning,
    "self_hosting": _self_hosting,
    "break_even": _break_even,
    "fact": _fact,
    "usage": _usage,
    "help": _help,
    "out_of_scope": _out_of_scope,
}
