"""What a message changes of the thread's workload: the slots that it fills, a factor, a number that can only be the missing one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.reading.quantities import plural_behind
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.relative_lengths import relative_length
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.factors import scale_factor
from bot.parsing.workload.workloads import as_request, build_workload
from bot.questions import (
    Size,
    Workload,
)
from knowledge.lazy_dataclass import replace

_LONGER = LazyPattern(
    r"\b(\d+(?:\.\d+)?) ?(?:x|×|times|mal|fois|veces) (?:as |so )?(?:long\w*|lang\w*|larger?|big\w*|size|length|plus longs?|más larg\w+)"
    r"|\b(twice|double|triple|half|doppelt|halb) (?:as |so )?(?:the )?(?:long|lang|large|big|size|length)\b"
)
_NAMED_FACTORS = {"twice": "2", "double": "2", "doppelt": "2", "triple": "3", "half": "0.5", "halb": "0.5"}
_OF_OUTPUT = LazyPattern(
    r"\b(?:outputs?|answers?|repl(?:y|ies)|responses?|completions?|summar\w+|antwort\w*|réponses?|respuestas?)\b"
)
_OF_INPUT = LazyPattern(
    r"\b(?:inputs?|prompts?|questions?|documents?|eingaben?|anfragen?|entrées?|entradas?)\b"
)


def _lengthened(old: Workload, a: Annotation) -> Workload | None:
    """ "If prompts were 3x as long": the size that was there, times a factor; both sizes where the text names none."""
    match = _LONGER.search(a.folded)
    if match is None or old.input is None or old.output is None:
        return None
    factor = Decimal(match.group(1) or _NAMED_FACTORS[match.group(2)])
    both = bool(_OF_INPUT.search(a.folded)) == bool(_OF_OUTPUT.search(a.folded))
    changes: dict[str, Any] = {}
    if both or _OF_INPUT.search(a.folded):
        changes["input"] = replace(old.input, amount=old.input.amount * factor)
    if both or _OF_OUTPUT.search(a.folded):
        changes["output"] = replace(old.output, amount=old.output.amount * factor)
    return replace(old, **changes)


_SIDE_OUTPUT = LazyPattern(
    r"\b(?:outputs?|answers?|repl(?:y|ies)|responses?|completions?|ausgaben?|antwort\w*|sorties?|réponses?|salidas?|respuestas?)\b"
)
_SIDE_INPUT = LazyPattern(
    r"\b(?:inputs?|input tokens|prompt (?:length|size|tokens)|prompts? (?:\w+ )?(?:is|are|was|were|gets?|grows?)|context|eingaben?|entrées?|entradas?)\b"
)


_PROMPT = LazyPattern(r"\b(?:the|our|each|my|a|system) prompt\b")


def _one_side(old: Workload, a: Annotation, factor: Decimal | None) -> Workload | None:
    """ "Half the output", "input doubles": one size scaled."""
    if factor is None or old.input is None or old.output is None:
        return None
    into, out = bool(_SIDE_INPUT.search(a.folded)), bool(_SIDE_OUTPUT.search(a.folded))
    if into == out or any(q.unit in ("requests", "users") for q in a.quantities):
        return None
    if out:
        return replace(old, output=replace(old.output, amount=old.output.amount * factor))
    return replace(old, input=replace(old.input, amount=old.input.amount * factor))


def patched_workload(old: Workload, a: Annotation) -> Workload:
    """The old workload with every slot replaced that the message fills, and scaled where it says by how much."""
    factor = scale_factor(a)
    longer = _lengthened(old, a) or _one_side(old, a, factor)
    if longer is not None:
        return longer
    said = build_workload(a)
    if factor is not None and said.users == factor:
        said = replace(said, users=None)  # "5x more users" is no five users
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
                 "volume_output", "web_searches", "volume_per", "cached_share", "cached", "service_tier", "hours_per_day", "span",
                 "overhead_share", "reasoning", "batch_share", "growth_share", "growth_per", "growth_steps", "input", "output"):  # fmt: skip
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
    length = relative_length(a.folded)
    if length is not None and old.output is not None:
        changes["output"] = replace(old.output, amount=old.output.amount * length)
        return replace(
            old, **changes
        )  # "twice as long output" is about the length that was, not about the requests
    if said.volume is not None:
        changes.update(_undirected(old, said))
    alone = next(
        (q for q in a.quantities if not q.unit and not q.role and not q.per and not q.per_thing), None
    )
    if alone is not None and not changes and factor is None:
        changes.update(_bare_number(old, alone, a))
    if said.workdays_only:
        changes["workdays_only"], changes["days_per"] = True, None
    if said.days_per is not None:
        changes["workdays_only"], changes["days_per"] = False, said.days_per
    if a.has("no_batch"):
        changes["batch"], changes["batch_share"] = False, None
    elif a.has("batch"):
        changes["batch"] = said.batch_share is None
        changes["batch_share"] = said.batch_share
    if a.has("no_cache"):
        changes["cached_share"] = changes["cached"] = None
    share = next((q for q in a.of_unit("percent")), None)
    if (
        share is not None
        and factor is None
        and "cached_share" not in changes
        and "overhead_share" not in changes
        and said.batch_share is None
        and said.growth_share is None
        and old.cached_share is not None
    ):
        changes["cached_share"] = share.value / 100
    return _scaled(replace(old, **changes), factor)


def _bare_number(old: Workload, number: Quantity, a: Annotation) -> dict[str, Any]:
    """ "260" fills the size that is missing; "what if the prompt grows to 3k" names it; "make it 12 million" replaces the count."""
    into = bool(_SIDE_INPUT.search(a.folded)) or bool(_PROMPT.search(a.folded))
    out = bool(_SIDE_OUTPUT.search(a.folded))
    if into != out and old.input is not None and old.output is not None:
        side, size = ("input", old.input) if into else ("output", old.output)
        return {side: Size(amount=number.value, unit=size.unit)}
    if old.input is not None and old.output is None:
        return {"output": Size(amount=number.value, unit=old.input.unit)}
    if old.output is not None and old.input is None:
        return {"input": Size(amount=number.value, unit=old.output.unit)}
    if plural_behind(a.folded, number):
        return {}  # "and 37 regions?": it counts something that the thread does not know
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
    return {}  # both sizes are known: which of them the message changes, it does not say


def _scaled(workload: Workload, factor: Decimal | None) -> Workload:
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
