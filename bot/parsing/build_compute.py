"""Builders of questions about GPUs: training, fine-tuning, own hosting, break-even."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.naming import model_of, models_of
from bot.parsing.quantity import Quantity
from bot.parsing.spans import LazyPattern
from bot.parsing.workload_draft import size_of
from bot.parsing.workloads import as_request, build_workload
from bot.questions import (
    BreakEvenQuestion,
    FineTuningQuestion,
    ModelRef,
    Money,
    Period,
    Question,
    SelfHostingQuestion,
    Span,
    TrainingQuestion,
)
from knowledge.lazy_dataclass import replace

_HUNDRED = Decimal(100)
_HOURS: dict[Period, Decimal] = {
    "hour": Decimal(1), "day": Decimal(24), "week": Decimal(168), "month": Decimal(720), "year": Decimal(8760),
}  # fmt: skip


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
    bare = [
        q
        for q in a.quantities
        if q.suffix in ("m", "b") and not q.unit and q.role in ("", "training") and not q.per
    ]
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
        behind = re.match(r"\s*[x×]\s?(\d{1,4})\b", a.folded[a.gpus[0].end :])
        if count is None and behind:
            count = Decimal(behind.group(1))
    if (
        count is None
        and gpu
        and re.search(
            r"\b(?:a|an|one|single|ein|eine|un|una)\s+(?:single |nvidia )?$", a.folded[: a.gpus[0].start]
        )
    ):
        count = Decimal(1)
    return gpu, count


def _gpu_hour_quantity(a: Annotation) -> Quantity | None:
    stated = next(
        (q for q in a.of_unit("money") if q.per_thing in ("gpu_hour", "gpu") or q.per == "hour"), None
    )
    return stated or next((q for q in a.quantities if _bare_rate(q, a)), None)


_AT_A_RATE = LazyPattern(r"(?:\bat|@|\bà|\bzu|\bje|\bfür|\bfor|\bcosts?)\s*[$€£]?\s*$")
_MOST_AN_HOUR = Decimal(50)
_NEAR = 24
"""Characters before a number in which its "at" stands."""


def _bare_rate(quantity: Quantity, a: Annotation) -> bool:
    """ "At 2.10/h" names no currency, "H100 at 2.5 usd" no hour."""
    if quantity.per_thing or quantity.role or quantity.value > _MOST_AN_HOUR:
        return False
    by_the_hour = not quantity.unit and quantity.per == "hour"
    dollars = quantity.unit == "money" and quantity.per is None and bool(a.gpus)
    near = max(0, quantity.start - _NEAR)
    return (by_the_hour or dollars) and _AT_A_RATE.search(a.folded, near, quantity.start) is not None


def _gpu_hour_price(a: Annotation) -> Decimal | None:
    stated = _gpu_hour_quantity(a)
    return stated.value if stated else None


def _gpu_hour_currency(a: Annotation) -> str | None:
    stated = _gpu_hour_quantity(a)
    return stated.currency if stated and stated.currency not in ("", "USD") else None


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


_IN_MONEY = LazyPattern(
    r"\b(?:costs?|price|pricing|budget|dollars?|euros?|bill|expensive|kosten|kostet|coût\w*|cuesta)\b|[$€]"
)


_LABELLED_RUN = LazyPattern(
    r"\bparam\w*\s*[:=]?\s*(\d{1,4}(?:\.\d+)?) ?(m|b|t)\b.{0,20}?\b(?:train\w* )?tokens?\s*[:=]?\s*(\d{1,4}(?:\.\d+)?) ?(m|b|t)\b(?! ?tokens?)"
)


def _shorthand(match: re.Match[str], group: int) -> Decimal:
    """ "34B" as a number."""
    return (
        Decimal(match[group])
        * {"m": Decimal(10) ** 6, "b": Decimal(10) ** 9, "t": Decimal(10) ** 12}[match[group + 1]]
    )


def build_training(a: Annotation, today: date) -> Question:
    """What does training from scratch take?"""
    gpu, gpus = _gpu(a)
    tokens = next((q.value for q in a.quantities if q.unit == "tokens" and not q.per), None)
    if tokens is None:  # "7B on 2T"
        tokens = next(
            (q.value for q in a.quantities if q.suffix in ("t", "tn", "trillion") and not q.unit), None
        )
    if tokens is None:  # "N=7B, D=300B"
        large = [q.value for q in a.quantities if q.suffix in ("b", "bn", "t") and not (q.unit or q.per)]
        tokens = max(large) if len(large) == 2 and max(large) > min(large) else None
    per_parameter = next((q for q in a.quantities if q.unit == "tokens" and q.per_thing == "parameter"), None)
    parameters = _parameters(a)
    labelled = _LABELLED_RUN.search(a.folded)
    if labelled is not None:  # "params 34B tokens 700B"
        parameters, tokens = _shorthand(labelled, 1), _shorthand(labelled, 3)
    if per_parameter is not None and parameters is not None:
        tokens = per_parameter.value * parameters
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
        r"\bwie viele tage\b|\bcombien de jours\b|\bcuántos días\b|\bduration\b|\bdauer\b|\bdurée\b|\bduración\b|\bhow fast\b|\btime (?:needed|required)\b|\btarda\w*\b|\bzeit\b|\bkitn[ae] (?:time|din|samay)\b|\bhow (?:long|many days|many weeks|many months)\b|(?:^|[.,;:] ?)(?:in )?(?:days|weeks|months) ?\?|\btime to (?:pre-?)?train\b|\b(?:and|in) days\b|\btraining (?:time|duration)\b|\btrainingsdauer\b|\btemps d.entra[iî]nement\b|\bduration of (?:the )?training\b|\bwall[- ]?clock\b|\bin days\b|\bwie lange\b|\bcombien de temps\b|\bcuánto tiempo\b",
        a.folded,
    ):
        want = "days"
    elif re.search(
        r"\b(?:how many|combien de?|wie viele|cuántas) (?:(?:gpu|[abh][12]00)[- ]?(?:hours|heures|stunden|horas))\b|\bgpu[- ]?hours? (?:requirements?|needs?|needed|required|count|estimate)\b|\b(?:number of|in|total) (?:\w+ )?gpu[- ]?hours\b|\bgpu[- ]?stunden\b|\bheures[- ]gpu\b|\bhoras?[- ](?:de )?gpu\b|\b[abh][12]00[- ]?(?:hours|stunden) (?:needed|required|for|to|für)\b|^\W*gpu[- ]?(?:hours|stunden)\b|\bgpu[- ]?hours (?:to|does|do|for|are|would)\b",
        a.folded,
    ):
        want = "gpu_hours"
    elif re.search(
        r"\bhow many (?:\w+ )?(?:gpus|h100s?|a100s?|h200s?|b200s?|cards)\b|\b(?:gpus?|h100s?|a100s?|h200s?|b200s?) (?:are |do we )?(?:needed|required|necessary|nötig)\b"
        r"|\bnumber of (?:gpus|cards)\b|\bwie viele (?:gpus|h100|a100|karten)\b|\bcombien de (?:gpus?|h100|a100|cartes)\b|\bcuánt[ao]s (?:gpus|h100|a100)\b|\bkitne (?:gpus?|h100|a100)\b",
        a.folded,
    ):
        want = "gpus"
    elif re.search(r"\bflops?\b|\bhow much compute\b", a.folded) and not _IN_MONEY.search(a.folded):
        want = "flops"
    flops = next((q.value for q in a.quantities if q.unit == "flops" and q.value > 10**15), None)
    stated_hours = next((q.value for q in a.quantities if q.unit == "gpu_hours"), None)
    if gpus is not None and within is not None and not (parameters or tokens or flops or stated_hours):
        stated_hours = (
            gpus * within.amount * _HOURS.get(within.unit, Decimal(1))
        )  # a fleet for a time is its bill
        within = None
    return TrainingQuestion(
        flops=flops,
        parameters=parameters,
        tokens=tokens,
        gpu=gpu,
        gpus=gpus,
        gpu_hours=stated_hours,
        mfu=_share(a, r"mfu|flops|utili"),
        usd_per_gpu_hour=_gpu_hour_price(a),
        gpu_hour_currency=_gpu_hour_currency(a),
        provider=_provider(a),
        want=want,
        within=within,
    )


def build_fine_tuning(a: Annotation, today: date) -> Question:
    """What does fine-tuning cost?"""
    gpu, gpus = _gpu(a)
    sizes = [q for q in a.sizes if q.unit]
    examples = next(
        (q for q in a.quantities if q.unit in ("examples", "items", "conversations", "requests", "messages")),
        None,
    )
    per_example = next((q.value for q in sizes if q.unit == "tokens" and (examples is not None)), None)
    dataset = None if per_example is not None else next((size_of(q) for q in sizes), None)
    method: Any = (
        "reinforcement"
        if _REINFORCED.search(a.folded)
        else "qlora"
        if a.has("qlora")
        else "lora"
        if a.has("lora")
        else "full"
        if a.has("full_tuning")
        else None
    )
    model = model_of(a)
    return FineTuningQuestion(
        model=model,
        beside=models_of(a)[1:] if a.has("compare", "cheaper", "difference") else (),
        model_name=_open_model_name(a),
        parameters=_parameters(a),
        dataset=dataset,
        examples=examples.value if examples else None,
        tokens_per_example=per_example,
        epochs=next((q.value for q in a.quantities if q.unit == "epochs"), _epochs_field(a)),
        method=method,
        gpu=gpu,
        gpus=gpus,
        hours=_hours(a),
        usd_per_gpu_hour=_gpu_hour_price(a),
        gpu_hour_currency=_gpu_hour_currency(a),
        provider=_provider(a),
    )


_EPOCHS_FIELD = LazyPattern(r"\bn?_?epochs?\s*[=:]\s*(\d{1,3})\b")


def _epochs_field(a: Annotation) -> Decimal | None:
    """ "n_epochs=4"."""
    match = _EPOCHS_FIELD.search(a.folded)
    return Decimal(match.group(1)) if match else None


_REINFORCED = LazyPattern(r"\brft\b|\breinforcement\b")


def _hours(a: Annotation) -> Decimal | None:
    """A stated length of computing time in hours."""
    factors = {"minutes": Decimal(1) / 60, "hours": Decimal(1), "days": Decimal(24), "weeks": Decimal(168)}
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
    each = next((q for q in a.of_unit("hours") if not q.per and _EACH_DAY.match(a.folded[q.end :])), None)
    if hours_per_day is None and each is not None:
        hours_per_day = each.value
    span = a.span or _whole_period(a)
    if span is None:
        length = next(
            (
                q
                for q in a.quantities
                if q.unit in ("minutes", "hours", "days", "weeks", "months", "years") and not q.per
            ),
            None,
        )
        if length is not None:
            span = Span(amount=length.value, unit=length.unit.rstrip("s"))  # type: ignore[arg-type]
    stated_hours = next((q.value for q in a.quantities if q.unit == "gpu_hours" and not q.per), None)
    if (
        stated_hours is None
        and gpus is not None
        and gpus > 1
        and _NAMED_HOURS.match(a.folded[a.gpus[0].end :] if a.gpus else "")
    ):
        stated_hours, span = gpus, None
    if span is None and stated_hours is not None:
        span, gpus = Span(amount=stated_hours, unit="hour"), Decimal(1)
    hours = next((q.value for q in a.of_unit("hours") if not q.per), None)
    in_month = a.want_per == "month" or "month" in a.folded or (a.span is not None and a.span.unit == "month")
    if a.has("workdays") and hours is not None and hours <= _MOST_HOURS and in_month:
        months = a.span.amount if a.span is not None and a.span.unit == "month" else Decimal(1)
        span, hours_per_day = Span(amount=hours * _WORKDAYS * months, unit="hour"), None  # "on weekdays, 8h"
    want: Any = "cost"
    if throughput is not None or re.search(
        r"\bper (?:1m|million|m) tokens?\b|\bcost per (?:1m|million|token)\b", a.folded
    ):
        want = "cost_per_1m_tokens"
    elif (
        span is None
        and hours_per_day is None
        and ((a.want_per or a.loose_period) in (None, "hour"))
        and (
            gpus is None
            or (
                gpus == 1
                and not a.of_unit("gpus")
                and (a.has("price", "cost") or _open_model_name(a) is None)
            )
        )
    ):
        want = "gpu_price"
    name = _open_model_name(a)
    sized = _A_SIZE.search(a.folded)
    if name is None and sized is not None:
        name = f"a {sized.group().upper()} model"
    if name is not None and gpus is None and throughput is None and _HOW_MANY_GPUS.search(a.folded):
        want = "gpus"
    bits = next((number for number, said in _BITS if said.search(a.folded)), None)
    return SelfHostingQuestion(
        bits=bits,
        cheapest=a.has("cheapest") or (len(a.clouds) > 1 and a.has("cheaper")),
        model_name=name if want == "gpus" else _open_model_name(a),
        gpu=gpu,
        gpus=gpus,
        hours_per_day=hours_per_day,
        span=span,
        tokens_per_second=throughput,
        utilisation=_share(a, r"utili|load|busy|auslast|ausgelast|duty"),
        usd_per_gpu_hour=_of_one(_gpu_hour_price(a), gpus, a),
        gpu_hour_currency=_gpu_hour_currency(a),
        provider=_provider(a),
        beside=tuple(dict.fromkeys(cloud.id for cloud in a.clouds if cloud.id != a.clouds[0].id)),
        terms=_terms(a),
        want=want,
        want_per=a.want_per or a.loose_period,
    )


_OF_ALL = LazyPattern(
    r"\b(?:total|altogether|all[- ]in|in all|combined|insgesamt|en tout|en total|for (?:both|all of them|the (?:box|node|server|cluster|lot|pair|pod)))\b"
    r"|\b(?:box|node|server|serveur|servidor|cluster|machine|rig|rechner|knoten|instance|pod)\b (?:\w+ )?(?:is|are|costs?|at|for|comes? to|rents? for|=)\b"
    r"|\b(?:box|node|server|serveur|servidor|machine|rig|rechner|knoten|instance)\b(?: with| mit| avec| con| de)? [^.;?]{0,24}\b(?:for|at|à|für|zu|a|por|pour)\b (?=[\d$€])"
)


def _of_one(price: Decimal | None, gpus: Decimal | None, a: Annotation) -> Decimal | None:
    """ "Our 2xH100 box costs $5/h in total": the price of one GPU of several that are priced together."""
    if price is None or gpus is None or gpus <= 1 or _OF_ALL.search(a.folded) is None:
        return price
    return (
        price
        if re.search(r"\b(?:each|per gpu|a piece|apiece|per card)\b|gpu[- ]?(?:h|hour)", a.folded)
        else price / gpus
    )


_MOST_HOURS = Decimal(24)
_WORKDAYS = Decimal(22)
"""Working days of a month, by convention."""
_NAMED_HOURS = re.compile(r"s?[- ]?(?:hours?|hrs|stunden|heures|horas)\b(?! (?:a|per|every) )")
"""What makes "1000 H100 hours" a length of GPU time."""
_A_SIZE = LazyPattern(r"\b\d{1,4}(?:\.\d)?b\b")
_HOW_MANY_GPUS = LazyPattern(
    r"\bhow many (?:\w+ )?(?:gpus|cards|[abh][12]00s?|l40s|4090s?)\b|\bwie viele (?:gpus|karten|[abh][12]00)\b|\bcombien de (?:gpus?|cartes|[abh][12]00)\b|\bcuánt[ao]s (?:gpus|[abh][12]00)\b|\bkitne (?:gpus?|[abh][12]00)\b"
)
_BITS: tuple[tuple[int, LazyPattern], ...] = (
    (16, LazyPattern(r"\b(?:fp|bf|float)16\b|\b16[- ]?bits?\b|\bhalf precision\b")),
    (8, LazyPattern(r"\b(?:fp|int)8\b|\b8[- ]?bits?\b")),
    (4, LazyPattern(r"\b(?:fp|int|q|nf)4\b|\b4[- ]?bits?\b|\bawq\b|\bgptq\b")),
)
_EACH_DAY = re.compile(r"\s*(?:each|every day|daily|jeweils|chacun|cada uno|täglich)\b")
_TERMS = LazyPattern(
    r"\b(community|secure|serverless|spot|reserved|marketplace|capacity block|nvl|pcie|sxm|dedicated)\b"
)


def _terms(a: Annotation) -> str | None:
    """The word for the terms or the form of a rented GPU."""
    match = _TERMS.search(a.folded)
    return match.group(1) if match else None


_WEEKEND = LazyPattern(r"\b(?:week-?ends?|wochenende\w*|fin de semana)\b")
_FORTNIGHT = LazyPattern(r"\b(?:a|one) fortnight\b|\bquinze jours\b|\bquincena\b")
_HALF_YEAR = LazyPattern(
    r"\bhalf (?:a|the) year\b|\bhalf[- ]year\b|\bhalbes jahr\b|\bhalbjahr\b|\bsix mois\b|\bmedio año\b|\bun semestre\b"
)
_WHOLE: tuple[tuple[Period, LazyPattern], ...] = (
    ("year", LazyPattern(r"\b(?:all|whole|entire|full) year\b|\byear[- ]round\b|\btoute l'année\b|\btodo el año\b|\bganze[sn]? jahr\b|\b(?:poor[ae]|pur[ae]) saal\b")),
    ("month", LazyPattern(r"\b(?:all|whole|entire|full) month\b|\btout le mois\b|\btodo el mes\b|\bganzen monat\b|\b(?:poor[ae]|pur[ae]) mahin[ae]\b")),
    ("week", LazyPattern(r"\b(?:all|whole|entire|full) week\b|\btoute la semaine\b|\btoda la semana\b|\bganze woche\b|\b(?:poor[ae]|pur[ae]) haft[ae]\b")),
)  # fmt: skip


def _whole_period(a: Annotation) -> Span | None:
    """ "For the weekend", "all year": a length in words, where none is given in numbers."""
    if any(q.unit in ("hours", "days", "weeks", "months", "years") and not q.per for q in a.quantities):
        return None
    if _WEEKEND.search(a.folded):
        return Span(amount=Decimal(2), unit="day")
    if _FORTNIGHT.search(a.folded):
        return Span(amount=Decimal(2), unit="week")
    if _HALF_YEAR.search(a.folded):
        return Span(amount=Decimal(6), unit="month")
    return next((Span(amount=Decimal(1), unit=unit) for unit, said in _WHOLE if said.search(a.folded)), None)


def build_self_hosting(a: Annotation, today: date) -> Question:
    """What do rented GPUs cost?"""
    return _hosting(a)


def build_break_even(a: Annotation, today: date) -> Question:
    """From what volume on is own hosting cheaper; or, without numbers, which route fits?"""
    fixed = next(
        (
            q
            for q in a.of_unit("money")
            if q.per in ("month", "week", "day", "year", None) and not q.per_thing
        ),
        None,
    ) or next((q for q in a.quantities if _bare_rent(q) and not a.gpus), None)
    routes = (
        fixed is None
        and not a.gpus
        and not [q for q in a.quantities if q.unit not in ("users", "")]
        and (a.has("advice", "own_model", "training", "fine_tuning") or not a.models)
    )
    return BreakEvenQuestion(
        model=_api_model(a),
        hosting=replace(_hosting(a), want="cost"),
        fixed_cost=Money(amount=fixed.value, currency=fixed.currency or "USD", per=fixed.per)
        if fixed
        else None,
        workload=as_request(build_workload(a, [q for q in a.quantities if q is not fixed])),
        routes=routes,
    )


def _bare_rent(quantity: Quantity) -> bool:
    """ "A server for 3k/month", without a currency."""
    return (
        not quantity.unit
        and not quantity.role
        and not quantity.per_thing
        and quantity.per in ("month", "year")
    )


def _api_model(a: Annotation) -> ModelRef | None:
    """The model of the API side: one that is not what would be hosted ("self-host llama 70b or gpt-4o-mini?": the latter)."""
    models = models_of(a)
    name = _open_model_name(a)
    others = [m for m in models if name is None or m.mention.lower() not in name.lower()]
    return next(iter(others or models), None)
