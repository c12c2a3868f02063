"""From what the rules see in a text to the typed question: one builder for each kind, found here.

Builders fill only slots that the text holds; they neither price nor assume.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from bot.parsing.annotate import Annotation
from bot.parsing.asking.intent import Kind
from bot.parsing.building.build_capacity import build_capacity
from bot.parsing.building.build_comparisons import build_compare
from bot.parsing.building.build_compute import build_fine_tuning, build_training
from bot.parsing.building.build_hosting import build_break_even, build_self_hosting
from bot.parsing.building.build_prices import build_history, build_price, build_tokens
from bot.parsing.building.build_workloads import build_estimate
from bot.parsing.building.currencies import with_currency
from bot.parsing.building.leftover import numbers_in, unaccounted
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.factors import scale_factor
from bot.questions import (
    CapacityQuestion,
    CompareQuestion,
    EstimateQuestion,
    FactQuestion,
    HelpQuestion,
    OutOfScope,
    Question,
    UsageQuestion,
)
from knowledge.lazy_dataclass import replace


def build(kind: Kind, a: Annotation, today: date) -> Question:
    """The typed question of this kind that the annotated text asks."""
    question = with_currency(_BUILDERS[kind](a, today), a)
    if question.kind == "estimate" or question.kind == "compare" or question.kind == "capacity":
        return with_unread(question, a)
    return question


def with_unread(
    question: EstimateQuestion | CompareQuestion | CapacityQuestion,
    a: Annotation,
    previous: Question | None = None,
) -> Question:
    """The question with the numbers of its text that no slot of it holds.

    Of a follow-up, a factor and a number of the question before ("800, not 500") are no slots; one that changes nothing is unread.
    """
    left = unaccounted(question, a)
    if previous is not None:
        known = numbers_in(previous)
        left = [q for q in left if q.value not in known] if scale_factor(a) is None else []
        if question == previous:
            left = a.quantities
    return replace(question, unread=tuple(a.text[q.start : q.end] for q in left)) if left else question


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


_THANKS = LazyPattern(
    r"\b(?:thanks?|thank you|thx|cheers|bye|goodbye|danke\w*|tschüss|merci|au revoir|gracias|adiós|adios|shukriya|dhanyavaad|dhanyawad)\b"
)


def _help(a: Annotation, today: date) -> Question:
    return HelpQuestion(thanks=_THANKS.search(a.folded) is not None and not a.has("help"))


def _out_of_scope(a: Annotation, today: date) -> Question:
    if a.language == "other":
        return OutOfScope(reason="language")
    if a.has("cost", "price") or a.quantities:
        return OutOfScope(reason="not_understood")
    return OutOfScope(reason="other_topic")


_BUILDERS: dict[Kind, Callable[[Annotation, date], Question]] = {
    "price": build_price,
    "estimate": build_estimate,
    "compare": build_compare,
    "capacity": build_capacity,
    "tokens": build_tokens,
    "history": build_history,
    "training": build_training,
    "fine_tuning": build_fine_tuning,
    "self_hosting": build_self_hosting,
    "break_even": build_break_even,
    "fact": _fact,
    "usage": _usage,
    "help": _help,
    "out_of_scope": _out_of_scope,
}
