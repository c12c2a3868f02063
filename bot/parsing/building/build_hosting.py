"""Builders of questions about rented GPUs and about the volume from which they beat an API."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.building.compute_terms import (
    gpu_hour_currency,
    gpu_hour_price,
    gpu_of,
    open_model_name,
    provider_of,
    share_of,
)
from bot.parsing.building.naming import models_of
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.workloads import as_request, build_workload
from bot.questions import BreakEvenQuestion, ModelRef, Money, Period, Question, SelfHostingQuestion, Span
from knowledge.lazy_dataclass import replace


def _hosting(a: Annotation) -> SelfHostingQuestion:
    gpu, gpus = gpu_of(a)
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
                gpus == 1 and not a.of_unit("gpus") and (a.has("price", "cost") or open_model_name(a) is None)
            )
        )
    ):
        want = "gpu_price"
    name = open_model_name(a)
    sized = _A_SIZE.search(a.folded)
    if name is None and sized is not None:
        name = f"a {sized.group().upper()} model"
    if name is not None and gpus is None and throughput is None and _HOW_MANY_GPUS.search(a.folded):
        want = "gpus"
    bits = next((number for number, said in _BITS if said.search(a.folded)), None)
    return SelfHostingQuestion(
        bits=bits,
        cheapest=a.has("cheapest") or (len(a.clouds) > 1 and a.has("cheaper")),
        model_name=name if want == "gpus" else open_model_name(a),
        gpu=gpu,
        gpus=gpus,
        hours_per_day=hours_per_day,
        span=span,
        tokens_per_second=throughput,
        utilisation=share_of(a, r"utili|load|busy|auslast|ausgelast|duty"),
        usd_per_gpu_hour=_of_one(gpu_hour_price(a), gpus, a),
        gpu_hour_currency=gpu_hour_currency(a),
        provider=provider_of(a),
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
    name = open_model_name(a)
    others = [m for m in models if name is None or m.mention.lower() not in name.lower()]
    return next(iter(others or models), None)
