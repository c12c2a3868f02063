"""Holds a model's form against the words of the question; what does not stand there does not count.

The rules annotate the text first, as they do without an LLM: every number with its value, unit and role by the words around
it, every name that the catalogue knows. The form may then complete this annotation, never overrule it:

- its quantities point at words; the number in them is the one that code has read, and takes the form's role, unit or period
  only where the words leave it open;
- its models must stand in the text, and are whatever the catalogue resolves them to;
- a period counts only if the text has a word for it;
- its kind, which the text must have words for (`bot.parsing.llm.kinds`), chooses the builder, which makes the typed question from
  the annotation alone.

So every value in the result is read from the text (or from the thread's earlier question, which was) by code. A model that
invents numbers, names or prices adds nothing; one that forgets them takes nothing away. Nothing that a model wrote is shown
to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.parsing.annotate import Annotation, NamedModel, annotate, model_ref
from bot.parsing.asking.intent import Intent
from bot.parsing.building.builders import build, with_unread
from bot.parsing.building.finishing import finished
from bot.parsing.building.leftover import notes_on_unused
from bot.parsing.following.followup import patch
from bot.parsing.llm.kinds import bears
from bot.parsing.llm.reader import as_form
from bot.parsing.reading.lexicon import COST_WORDS, PERIODS, ROLES, STOPWORDS, UNITS
from bot.parsing.reading.numbers import read_numbers
from bot.parsing.reading.quantity import SIZE_UNITS, Quantity
from bot.parsing.reading.spans import LazyPattern, fold
from bot.questions import (
    CapacityQuestion,
    CompareQuestion,
    Question,
    TokensQuestion,
    TrainingQuestion,
    question_to_json,
)
from knowledge.lazy_dataclass import replace

if TYPE_CHECKING:
    from bot.parsing.llm.reader import RawParse, RawQuantity
    from bot.questions import Period
    from knowledge.base import KnowledgeBase

INVENTED_NUMBER = "The language model named a number that the question does not hold; it was left out."
INVENTED_MODEL = "The language model named a model that the question does not hold; it was left out."

_COUNTS = frozenset(["requests", "items", "messages", "images", "conversations"])
_SIZE_ROLES = {
    "input": "input",
    "output": "output",
    "system_prompt": "system",
    "cached": "cached",
    "reasoning": "reasoning",
    "training_tokens": "training",
}
"""Roles of the form that are lengths of text, with their names in `Quantity.role`."""
_UNIT_OF_ROLE: dict[str, tuple[str, frozenset[str]]] = {
    "requests": ("requests", _COUNTS),
    "users": ("users", frozenset(["users"])),
    "conversations": ("conversations", _COUNTS),
    "turns": ("turns", frozenset(["turns", "messages"])),
    "tokens": ("tokens", SIZE_UNITS),
    "money": ("money", frozenset(["money"])),
    "parameters": ("parameters", frozenset(["parameters"])),
    "examples": ("examples", _COUNTS | {"examples"}),
    "epochs": ("epochs", frozenset(["epochs"])),
    "gpus": ("gpus", frozenset(["gpus"])),
    "gpu_hours": ("gpu_hours", frozenset(["gpu_hours"])),
    **dict.fromkeys(_SIZE_ROLES, ("tokens", SIZE_UNITS)),
    "cached": ("tokens", SIZE_UNITS | {"percent"}),
}
"""For each role the unit of a number without one, and the units that it may have by its own words."""
_WORDS_OF_ROLE = {
    "cached": LazyPattern(r"cach|\breus|\brepeat|\bsame\b|\bshared?\b|zwischengesp"),
    "reasoning": LazyPattern(r"reason|\bthink|\bthought|\bhidden|\bdenk|raisonn|razon"),
    "system_prompt": LazyPattern(r"system|prompt|instruct|preamble|context|anweisung|consigne|instruc"),
    "training_tokens": LazyPattern(r"train|corpus|data|entra|entre"),
}
"""Roles that change what a token costs, and words one of which the text must hold before a number can have them."""
_THING_WORDS = {
    "request": _COUNTS,
    "user": frozenset(["users"]),
    "conversation": frozenset(["conversations"]),
}
_MAX_OCCURRENCES = 8


def ground(
    raw: RawParse | dict[str, Any],
    text: str,
    previous: Question | None,
    knowledge: KnowledgeBase,
    today: date | None = None,
) -> tuple[Question | None, tuple[str, ...]]:
    """The typed question that a form and the text make together, and sentences on what the form held and the text does not, and on
    numbers of the text that neither the form nor the words around them give a meaning.

    The question is None when the form is none, or when its kind has nothing to stand on in the text.
    """
    form = as_form(raw)
    if form is None:
        return None, ()
    today = today or datetime.now(UTC).date()
    annotation = annotate(text, knowledge, today)
    own_units = frozenset(quantity.unit for quantity in annotation.quantities)
    dropped = dict.fromkeys(_complete(annotation, form, previous, knowledge))
    question = _question(annotation, form, previous, today, own_units)
    if question is None:
        return None, tuple(dropped)
    question, notes = finished(question, annotation)
    return question, (*dropped, *notes, *notes_on_unused(question, annotation))


def _complete(
    annotation: Annotation, form: RawParse, previous: Question | None, knowledge: KnowledgeBase
) -> Iterable[str]:
    """Complete the annotation by what of the form stands in the text; yields a sentence for each thing that does not."""
    for mention in form["models"]:
        if not _add_model(annotation, mention, knowledge) and not _stands_in_previous(mention, previous):
            yield INVENTED_MODEL
    taken: set[int] = set()
    for claim in form["quantities"]:
        places = _places(annotation.folded, claim["text"]) or _places_of_value(annotation, claim["text"])
        if not places:
            if not _values(claim["text"]) <= _values(*_strings(question_to_json(previous))):
                yield INVENTED_NUMBER
            continue
        spoken_of = _WORDS_OF_ROLE.get(claim["role"])
        if spoken_of is not None and not spoken_of.search(annotation.folded):
            continue
        index = _pointed_at(annotation.quantities, places, claim["role"], taken)
        if index is not None:
            taken.add(index)
            before = annotation.quantities[index]
            after = annotation.quantities[index] = _labelled(annotation, before, claim)
            if after.role != before.role:
                yield _read_as(annotation.text[before.start : before.end], after)
    period: Period | None = form["want_per"]  # type: ignore[assignment]
    if annotation.want_per is None and period is not None and _free_period(annotation, period):
        annotation.want_per = period


def _question(
    annotation: Annotation,
    form: RawParse,
    previous: Question | None,
    today: date,
    own_units: frozenset[str],
) -> Question | None:
    kind: Any = form["kind"]
    if previous is not None:
        patched = patch(previous, annotation, Intent(kind, 0.5 if form["follow_up"] else 0.9), today)
        if patched is not None:
            if patched.kind == "estimate" or patched.kind == "compare" or patched.kind == "capacity":
                return with_unread(patched, annotation, previous)
            return patched
    if not bears(annotation, kind, own_units):
        return None
    return _wanted(build(kind, annotation, today), annotation, form["want"])


# ---- names ------------------------------------------------------------------------------------------------------


def _add_model(annotation: Annotation, mention: str, knowledge: KnowledgeBase) -> bool:
    """Take up a name that stands in the text; True when it does, whether or not the catalogue makes a model of it."""
    places = _places(annotation.folded, mention)
    if not places:
        return False
    start, end = places[0]
    known = [(named.start, named.end) for named in annotation.models]
    known += [(n.start, n.end) for n in (*annotation.makers, *annotation.providers, *annotation.gpus)]
    if any(low < end and start < high for low, high in known) or not _can_name_a_model(mention):
        return True
    resolution = knowledge.catalogue.resolve(annotation.text[start:end])
    if resolution.how != "exact" and not any(c.isdigit() for c in mention):
        return True  # a common word ("nova", "flash", "command") is a model only where the rules see one
    annotation.models.append(NamedModel(start, end, model_ref(annotation.text[start:end], resolution)))
    annotation.models.sort(key=lambda named: named.start)
    annotation.quantities = [q for q in annotation.quantities if not (start <= q.start and q.end <= end)]
    return True


def _can_name_a_model(mention: str) -> bool:
    """A number with its unit, or words that every question holds, name no model whatever a model says."""
    words = re.findall(r"[^\W\d_]+", fold(mention))
    return any(
        len(word) > 1
        and not (word in STOPWORDS or word in UNITS or word in ROLES or word in COST_WORDS or word in PERIODS)
        for word in words
    ) or bool(re.fullmatch(r"o\d\b.*", fold(mention)))


def _stands_in_previous(words: str, previous: Question | None) -> bool:
    """Whether a form repeats a name or number of the thread's last question, which is no invention."""
    if previous is None:
        return False
    needle = "".join(fold(words).split())
    return needle != "" and any(
        needle in "".join(fold(value).split()) for value in _strings(question_to_json(previous))
    )


def _strings(data: Any) -> Iterable[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _strings(value)


# ---- quantities -------------------------------------------------------------------------------------------------


def _places(folded: str, words: str) -> list[tuple[int, int]]:
    """Where the words stand in the text, whatever their case and white space; never inside a longer word or number."""
    parts = [re.escape(part) for part in fold(words).split()]
    if not parts:
        return []
    spaced = r"\s+".join(parts)
    pattern = re.compile(rf"(?<![^\W_])(?<!\d[.,]){spaced}(?![^\W_])(?![.,]\d)")
    return [match.span() for _, match in zip(range(_MAX_OCCURRENCES), pattern.finditer(folded), strict=False)]


def _places_of_value(annotation: Annotation, words: str) -> list[tuple[int, int]]:
    """Where the text holds the number in another notation: "1200" points at "twelve hundred", "2000" at "2k"."""
    values = _values(words)
    return [(q.start, q.end) for q in annotation.quantities if q.value in values] if len(values) == 1 else []


def _values(*texts: str) -> set[Decimal]:
    """The numbers in some texts."""
    return {number.value for text in texts for number in read_numbers(fold(text))}


def _pointed_at(
    quantities: list[Quantity], places: list[tuple[int, int]], role: str, taken: set[int]
) -> int | None:
    """The quantity that a claim means: the first one within its words that is not taken, a fitting one before others."""
    within = [
        index
        for index, quantity in enumerate(quantities)
        if index not in taken and any(start < quantity.end and quantity.start < end for start, end in places)
    ]
    fitting = [index for index in within if _fits(quantities[index], role)]
    return fitting[0] if fitting else None


def _fits(quantity: Quantity, role: str) -> bool:
    """Whether a number can have this role by its own words."""
    if role not in _UNIT_OF_ROLE:
        return False
    own_role = _SIZE_ROLES.get(role, "")
    if quantity.role and quantity.role != own_role and (own_role or role != "tokens"):
        return False
    _, units = _UNIT_OF_ROLE[role]
    unknown_thing = quantity.unit == "items" and quantity.noun not in UNITS
    return quantity.unit == "" or quantity.unit in units or (unknown_thing and role == "users")


def _labelled(annotation: Annotation, quantity: Quantity, claim: RawQuantity) -> Quantity:
    """The quantity with the form's role, unit and period where its own words say none."""
    unit, units = _UNIT_OF_ROLE[claim["role"]]
    if quantity.unit not in units:
        quantity = replace(quantity, unit=unit)
        if unit == "money":
            quantity = replace(quantity, currency="USD")
    if not quantity.role and claim["role"] in _SIZE_ROLES:
        quantity = replace(quantity, role=_SIZE_ROLES[claim["role"]])
    return _with_period(annotation, quantity, claim["per"])


def _read_as(written: str, quantity: Quantity) -> str:
    """What only the form says about a number, told so that the person can object."""
    return f"I read “{written}” as {_ROLE_WORDS.get(quantity.role, quantity.role)}; the text does not say so."


_ROLE_WORDS = {
    "input": "input",
    "output": "output",
    "cached": "cached input",
    "reasoning": "reasoning tokens",
    "system": "a system prompt",
}


def _with_period(annotation: Annotation, quantity: Quantity, per: str | None) -> Quantity:
    if per is None:
        return quantity
    if per in _THING_WORDS:
        named = any(UNITS.get(word.text) in _THING_WORDS[per] for word in annotation.words)
        if named and not quantity.per_thing and quantity.per is None:
            return replace(quantity, per_thing="item" if per == "request" else per)
        return quantity
    period: Period = per  # type: ignore[assignment]
    if quantity.per is None and period != annotation.want_per and _says_period(annotation, period):
        return replace(quantity, per=period)
    return quantity


def _says_period(annotation: Annotation, period: Period) -> bool:
    """Whether some word of the text names the period; a lone letter does so only behind a slash ("/d")."""
    return any(
        PERIODS.get(word.text) == period
        and (len(word.text) > 1 or annotation.folded[: word.start].rstrip().endswith("/"))
        for word in annotation.words
    )


def _free_period(annotation: Annotation, period: Period) -> bool:
    """Whether the text names the period outside of its quantities, so that the answer may be wanted for it."""
    return any(
        PERIODS.get(word.text) == period
        and len(word.text) > 1
        and not any(q.start <= word.start and word.end <= q.end for q in annotation.quantities)
        for word in annotation.words
    )


# ---- what is asked for ------------------------------------------------------------------------------------------

_WANT_WORDS: dict[str, frozenset[str]] = {
    "input_tokens": frozenset(["tokens"]),
    "output_tokens": frozenset(["tokens"]),
    "tokens": frozenset(["tokens"]),
    "words": frozenset(["words"]),
    "pages": frozenset(["pages"]),
    "users": frozenset(["users"]),
    "requests": _COUNTS,
    "days": frozenset(["days", "weeks", "months"]),
    "gpu_hours": frozenset(["gpu_hours", "hours"]),
    "gpus": frozenset(["gpus"]),
}
"""Things that may be wanted, and the units one of which the text must name for it."""
_WANTS_OF: tuple[tuple[type[Any], str, frozenset[str]], ...] = (
    (CompareQuestion, "objective", frozenset(["cheapest", "dearest", "difference"])),
    (
        CapacityQuestion,
        "want",
        frozenset(["requests", "input_tokens", "output_tokens", "tokens", "users", "days", "words", "pages"]),
    ),
    (TokensQuestion, "want", frozenset(["words", "pages"])),
    (TrainingQuestion, "want", frozenset(["gpu_hours", "days", "gpus"])),
)


def _wanted(question: Question, annotation: Annotation, want: str | None) -> Question:
    """The question with what the form says is wanted: a thing that the text names apart from its quantities, or an extreme."""
    for kind, slot, allowed in _WANTS_OF:
        if want is None or want not in allowed or not isinstance(question, kind):
            continue
        is_default = getattr(question, slot) == kind.__dataclass_fields__[slot].default
        if _names_apart(annotation, _WANT_WORDS[want]) if want in _WANT_WORDS else is_default:
            changed: Question = replace(question, **{slot: want})
            return changed
    return question


def _names_apart(annotation: Annotation, units: frozenset[str]) -> bool:
    """Whether the text names one of these units where it is not what a number counts."""
    return any(
        UNITS.get(word.text) in units
        and not any(q.start <= word.start and word.end <= q.end for q in annotation.quantities)
        for word in annotation.words
    )
