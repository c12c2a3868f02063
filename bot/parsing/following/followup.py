"""Follow-ups: "and with batch?", "what about haiku", "per year instead", "same for 3x the users" patch the thread's last question.

A message is a follow-up when it says so ("and", "what about", "instead"), or when it is too little to be a question of its own and fits
a slot of the last one. It is a new question when it is complete in itself.
"""

from __future__ import annotations

from datetime import date

from bot.parsing.annotate import Annotation
from bot.parsing.asking.intent import Intent
from bot.parsing.building.currencies import with_currency
from bot.parsing.building.naming import models_of
from bot.parsing.following.patch_terms import INSTEAD
from bot.parsing.following.patches import PATCHES
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.factors import scale_factor
from bot.parsing.workload.workloads import build_workload, describes_workload
from bot.questions import (
    Question,
)
from knowledge.lazy_dataclass import replace

_OPENING = LazyPattern(
    r"^\W*(?:(?:ok|okay|cool|thanks|great|nice|hmm|so)\W+)?(?:and|what about|how about|what if|same|but|or|now|also|with|without|instead|then|make (?:it|that)|switch|use|assume|try|only"
    r"|per|in|at|for|on|und|was ist mit|wie wäre|et|y|qué tal|aur|mit|ohne|avec|sans|con|sin|pro|par|por|if|double|triple|twice|half|\d+\s?x)\b"
)


_SHORT = 12
"""Words up to which a message that is no complete question can be a reply to a clarifying question."""


def patch(previous: Question, a: Annotation, intent: Intent, today: date) -> Question | None:
    """The last question as changed by this message, or None when the message is a question of its own."""
    if previous.kind not in ("out_of_scope", "help") and _WHY.search(a.folded):
        return previous
    scales = scale_factor(a) is not None and not a.models
    opens = bool(_OPENING.search(a.folded)) or bool(INSTEAD.search(a.folded)) or scales
    words = sum(1 for w in a.words if w.text[0].isalnum())
    if not opens and (words > _SHORT or _stands_alone(a, intent, previous)):
        return None
    if opens and _changes_topic(a, intent, previous):
        return None
    patched = PATCHES[previous.kind](previous, a, today) if previous.kind in PATCHES else None
    if patched is not None:
        patched = with_currency(patched, a, previous)
    if patched is None or (
        patched == previous
        and not _asks_again(previous, a, opens)
        and not _says_too_little(previous, a, opens)
    ):
        return None
    return _read_anew(patched)


_WHY = LazyPattern(
    r"^\W*(?:(?:ok|okay|and|but|so|hm+|wait|please|pls|can you|could you|und|et|y|bitte)\W+)*(?:"
    r"explain(?: (?:that|this|it|how|why|please|pls|me|the|your|math|maths|calculation|numbers?|figures?|result))*|elaborate"
    r"|why(?: (?:is|so|that|this|it|much|many|expensive|cheap|high|low))*|how (?:so|come)"
    r"|how (?:did|do|have) you (?:get|got|calculate|calculated|compute|computed|know|arrive|come|figure)(?: (?:that|this|it|at|to|up|with|out|number|figure))*"
    r"|how(?: is| was) (?:that|this|it) (?:calculated|computed|worked out)"
    r"|(?:show|give)(?: me| us)?(?: the| your| all)* (?:maths?|steps?|work|working|workings|calculations?|details?|breakdown|derivation|formula)"
    r"|break (?:it|that|this) down|breakdown|details?|sources?|steps?|formula"
    r"|where (?:is|are|does|do|did) (?:that|this|it|these|those|you)(?: \w+){0,3} from|are you sure|really|is that right|seriously|wtf|what"
    r"|wie kommst du (?:darauf|auf das|da drauf)|warum(?: (?:das|so|denn|ist das))*(?: viel| teuer)?|wieso(?: das| so)?|(?:zeig(?: mir)? )?(?:den )?rechenweg|erklär\w*(?: (?:das|mir|es|bitte))*"
    r"|pourquoi(?: (?:ça|si cher|autant))?|expliqu\w+(?:[- ](?:moi|ça|cela))*|comment (?:ça|tu calcules)|d'où ça vient"
    r"|por qué|porque|explica\w*(?: eso| esto)?|cómo(?: lo calculas)?|kaise|kyun?|kyon|samjha\w*(?: do)?"
    r")\W*$"
)
"""The whole message asks for nothing but the reasons of the last answer, which it always carries: it is given again."""


_SAME_AGAIN = ("batch", "no_batch", "cached", "no_cache", "flex", "priority")


def _asks_again(previous: Question, a: Annotation, opens: bool) -> bool:
    """ "And with batch?" of a question that is about batches, "no caching" where there was none: the same answer, not none."""
    if previous.kind not in ("estimate", "price", "compare", "capacity"):
        return False
    only_terms = not (a.models or a.quantities or a.times) and len(a.words) <= 6
    return a.has(*_SAME_AGAIN) and (only_terms or (opens and previous.kind == "estimate"))


def _read_anew(question: Question) -> Question:
    """A question whose unplaced numbers the message has just said differently."""
    if question.kind == "estimate" or question.kind == "compare" or question.kind == "capacity":
        return replace(question, unread=()) if question.unread else question
    return question


def _says_too_little(previous: Question, a: Annotation, opens: bool) -> bool:
    """ "And 90 tokens?" where both sizes are known: a change of the last question that nobody can place, and will be asked about."""
    return (
        opens
        and previous.kind in ("estimate", "compare", "capacity")
        and bool(a.quantities)
        and not (a.models or a.makers or a.gpus or a.times or a.of_unit("money"))
    )


_COMPUTE = frozenset(["training", "fine_tuning", "self_hosting", "break_even"])


_GPU_TIME = LazyPattern(r"\bgpu[- ]?(?:hours?|hrs?|time|stunden|heures|horas)\b")


_THAT = LazyPattern(r"\b(?:that|this|it|those|these|them|das|dies|ça|cela|eso|esto|isko|usko)\b")


def _only_hardware(a: Annotation, intent: Intent, previous: Question) -> bool:
    """ "On A100s instead", "128 H100s": other GPUs for the same question."""
    renting = a.has("self_hosting") and _GPU_TIME.search(a.folded) is None
    asks_anew = renting or a.has("price", "cost", "training", "fine_tuning", "break_even")
    return previous.kind in _COMPUTE and intent.kind in ("self_hosting", "fact") and not asks_anew


def _names_a_topic(a: Annotation) -> bool:
    return bool(a.subjects or a.makers or a.gpus) or a.has(
        "finance", "said", "energy", "training", "industry", "why"
    )


def _stands_alone(a: Annotation, intent: Intent, previous: Question) -> bool:
    """Whether the message names enough to be asked without the thread."""
    if _only_hardware(a, intent, previous):
        return False
    if previous.kind == "tokens" and _THAT.search(a.folded):
        return False
    if previous.kind == "fact" and a.gpus and not a.has("price", "cost", "self_hosting") and not a.quantities:
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
        of_thread = previous.kind in ("estimate", "compare", "capacity") and not a.has("price", "context")
        if of_thread and len(models_of(a)) > 1 and not describes_workload(workload):
            return False  # "gpt-5.4-mini or haiku?": for the thread's workload
        return len(models_of(a)) > 1 or (a.has("cheapest") and a.has("which", "context"))
    if intent.kind == "price":
        of_workload = previous.kind in ("estimate", "compare", "capacity") and not a.times
        return bool(a.models) and (a.has("price") or (a.has("how_much") and not of_workload))
    return False


_PRICE_OF = LazyPattern(
    r"\b(?:price|pricing|rates?|cost)s? (?:of|for)\b(?! (?:the )?same)|\bpreis von\b|\bprix de\b|\bprecio de\b"
)


def _changes_topic(a: Annotation, intent: Intent, previous: Question) -> bool:
    """ "And how much did OpenAI lose in 2024?" after an estimate is about something else."""
    if _only_hardware(a, intent, previous) or (intent.kind == "fact" and not _names_a_topic(a)):
        return False
    if previous.kind == "fact" and a.gpus and not a.has("price", "cost", "self_hosting"):
        return False  # "and the h200?" after a specification
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
        return previous.kind not in ("estimate", "capacity", "price", "compare", *_COMPUTE)
    return False
