"""Builders of questions about training and fine-tuning."""

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
    hours_of,
    open_model_name,
    parameters_of,
    provider_of,
    share_of,
)
from bot.parsing.building.naming import model_of, models_of
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.workload_draft import size_of
from bot.questions import FineTuningQuestion, Period, Question, Span, TrainingQuestion

_HOURS: dict[Period, Decimal] = {
    "hour": Decimal(1), "day": Decimal(24), "week": Decimal(168), "month": Decimal(720), "year": Decimal(8760),
}  # fmt: skip


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
    gpu, gpus = gpu_of(a)
    tokens = next((q.value for q in a.quantities if q.unit == "tokens" and not q.per), None)
    if tokens is None:  # "7B on 2T"
        tokens = next(
            (q.value for q in a.quantities if q.suffix in ("t", "tn", "trillion") and not q.unit), None
        )
    if tokens is None:  # "N=7B, D=300B"
        large = [q.value for q in a.quantities if q.suffix in ("b", "bn", "t") and not (q.unit or q.per)]
        tokens = max(large) if len(large) == 2 and max(large) > min(large) else None
    per_parameter = next((q for q in a.quantities if q.unit == "tokens" and q.per_thing == "parameter"), None)
    parameters = parameters_of(a)
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
        mfu=share_of(a, r"mfu|flops|utili"),
        usd_per_gpu_hour=gpu_hour_price(a),
        gpu_hour_currency=gpu_hour_currency(a),
        provider=provider_of(a),
        want=want,
        within=within,
    )


def build_fine_tuning(a: Annotation, today: date) -> Question:
    """What does fine-tuning cost?"""
    gpu, gpus = gpu_of(a)
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
        model_name=open_model_name(a),
        parameters=parameters_of(a),
        dataset=dataset,
        examples=examples.value if examples else None,
        tokens_per_example=per_example,
        epochs=next((q.value for q in a.quantities if q.unit == "epochs"), _epochs_field(a)),
        method=method,
        gpu=gpu,
        gpus=gpus,
        hours=hours_of(a),
        usd_per_gpu_hour=gpu_hour_price(a),
        gpu_hour_currency=gpu_hour_currency(a),
        provider=provider_of(a),
    )


_EPOCHS_FIELD = LazyPattern(r"\bn?_?epochs?\s*[=:]\s*(\d{1,3})\b")


def _epochs_field(a: Annotation) -> Decimal | None:
    """ "n_epochs=4"."""
    match = _EPOCHS_FIELD.search(a.folded)
    return Decimal(match.group(1)) if match else None


_REINFORCED = LazyPattern(r"\brft\b|\breinforcement\b")
