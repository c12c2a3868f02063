"""The local parser: rules only, no network, no tokens, well under a millisecond for a usual question; it never raises.

It reads one message, in the light of the thread's last question, into one or more typed questions, and says how sure it is.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from bot.messages import MAX_QUESTION_CHARS
from bot.parsing.annotate import Annotation, Named, annotate
from bot.parsing.asking import intents
from bot.parsing.asking.field import speaks_of_the_field
from bot.parsing.building import builders
from bot.parsing.building.finishing import finished
from bot.parsing.building.leftover import notes_on_unused
from bot.parsing.following.followup import patch
from bot.parsing.reading.densities import with_densities
from bot.parsing.reading.spans import LazyPattern, fold
from bot.parsing.reading.tables import sentences_of_tables
from bot.questions import (
    CapacityQuestion,
    CompareQuestion,
    EstimateQuestion,
    ModelRef,
    OutOfScope,
    Question,
    SelfHostingQuestion,
)
from knowledge.lazy_dataclass import dataclass, replace

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase

log = logging.getLogger(__name__)

_ON_GPUS = frozenset(["training", "fine_tuning", "self_hosting", "break_even"])
"""Kinds in whose threads a cloud may be named without a GPU."""
_MAX_QUESTIONS = 3
"""Questions of one message that are answered; more are too many for one reply."""
_ENDED = re.compile(r"[?!]\s")
_BOUNDARY = re.compile(
    r"(?<=[?!])\s+|\s*\n{1,}\s*|\s+(?=(?:and )?also[, ])|(?:^|\s)\(?\d[.)]\s+(?=[^\W\d_])"
    r"|,\s+(?=and (?:what|how much) (?:would|will|does|do|is|are)\b)"
)
_JOINED = LazyPattern(
    r",? (?:and|und|et|y|aur) (?=(?:how (?:much|many)|what(?:'s| is| does| did| would)|which|when|who|wie viel\w*|was (?:kostet|hat)|combien|qu[ae]nto|cu[áa]nto|kitn[aei])\b)"
)
"""Where one sentence asks a second question ("… and how much did OpenAI lose?")."""


@dataclass(frozen=True, kw_only=True)
class LocalParse:
    """What the rules made of a message: the questions in order, how sure they are, and the share of the text they explained."""

    questions: tuple[Question, ...]
    confidence: float
    explained: float
    final: bool = False
    """True where asking an LLM cannot help (an empty message, an impossible number)."""
    chatter: bool = False
    """True where the message speaks of nothing that the bot knows about."""
    notes: tuple[str, ...] = ()
    is_follow_up: bool = False
    """True where the message was read as a change of the thread's last question."""


class LocalParser:
    """Reads messages with rules over annotated spans."""

    def __init__(
        self, knowledge: KnowledgeBase, today: Callable[[], date] = lambda: datetime.now(UTC).date()
    ) -> None:
        self._knowledge = knowledge
        self._today = today

    def parse(self, text: str, previous: Question | None = None) -> LocalParse:
        """The typed questions in `text`; anything that the rules cannot cope with is `out_of_scope`, never an exception."""
        text = text[:MAX_QUESTION_CHARS]
        try:
            return self._parse(text, previous)
        except Exception:
            log.exception("the local parser failed on a text of %d characters", len(text))
            return LocalParse(questions=(OutOfScope(reason="not_understood"),), confidence=0.0, explained=0.0)

    def annotate(self, text: str) -> Annotation:
        """What the rules see in `text`."""
        return annotate(
            sentences_of_tables(text[:MAX_QUESTION_CHARS])[:MAX_QUESTION_CHARS],
            self._knowledge,
            self._today(),
        )

    def _parse(self, text: str, previous: Question | None) -> LocalParse:
        whole = self._parse_one(text, previous)
        if whole.final:
            return whole
        if joined := self._parse_joined(text, previous):
            return joined
        if not ("\n" in text or "also" in text or ") " in text or ", and " in text or _ENDED.search(text)):
            return whole  # nothing below splits it
        parts = [part for part in _BOUNDARY.split(text) if part.strip(" ?!.")]
        if not 1 < len(parts) <= 2 * _MAX_QUESTIONS or len(text) > 1000:
            return whole
        if sum(1 for part in parts if _is_question(part)) < 2:
            return whole  # one question with its context around it
        several = self._parse_parts(parts, previous)
        if several is not None and _is_one_comparison(several.questions, whole.questions[0]):
            return whole
        if several is None or (not several.final and not self._worth_splitting(several, whole)):
            return whole
        return several

    def _parse_joined(self, text: str, previous: Question | None) -> LocalParse | None:
        """Two questions in one sentence, where each is surely one; None for everything else."""
        match = _JOINED.search(text.lower())
        if match is None or len(text) > _LONGEST_OF_TWO or _ENDED.search(text):
            return None
        first = self._parse_one(text[: match.start()], previous)
        second = self._parse_one(text[match.end() :], first.questions[0])
        kinds = {first.questions[0].kind, second.questions[0].kind}
        if min(first.confidence, second.confidence) < _SURE_OF_EACH or kinds & {"out_of_scope", "help"}:
            return None
        if len(kinds) == 1 and not second.is_follow_up:
            return None  # "what does gpt-4o cost and what does sonnet cost" is one comparison
        if not is_complete(first.questions[0]) or not is_complete(second.questions[0]):
            return None
        if first.final or second.final or first.questions == second.questions:
            return None
        return LocalParse(
            questions=(*first.questions, *second.questions),
            confidence=min(first.confidence, second.confidence),
            explained=min(first.explained, second.explained),
            notes=(*first.notes, *second.notes),
        )

    def _parse_one(self, text: str, previous: Question | None) -> LocalParse:
        annotation = self.annotate(text)
        intent = intents.choose(annotation, self._knowledge.facts)
        explained = annotation.explained()
        impossible = _impossible(annotation)
        if impossible:
            return LocalParse(
                questions=(OutOfScope(reason="impossible", detail=impossible),),
                confidence=1.0,
                explained=explained,
                final=True,
            )
        if previous is not None:
            annotation = self._in_full(annotation, previous)
            if previous.kind in _ON_GPUS and not annotation.gpus:
                found = self._knowledge.hardware.providers_in(annotation.text, context=True)
                annotation = replace(annotation, clouds=[Named(*cloud) for cloud in found])
            patched = patch(previous, annotation, intent, self._today())
            if patched is not None:
                if patched.kind == "estimate" or patched.kind == "compare" or patched.kind == "capacity":
                    patched = builders.with_unread(patched, annotation, previous)
                patched = with_densities(patched, annotation.densities)
                return LocalParse(
                    is_follow_up=True,
                    questions=(patched,),
                    confidence=max(0.7, intent.confidence),
                    explained=explained,
                )
        question = builders.build(intent.kind, annotation, self._today())
        confidence = intent.confidence * (0.5 + 0.5 * explained)
        if intent.kind in ("help", "usage"):
            confidence = intent.confidence
        if getattr(question, "unread", ()):
            confidence *= 0.6  # an LLM may know what they count
        question, notes = finished(question, annotation)
        if unused := notes_on_unused(question, annotation):
            confidence *= 0.6
            notes += unused
        return LocalParse(
            questions=(question,),
            confidence=round(confidence, 3),
            explained=round(explained, 3),
            notes=notes,
            chatter=question.kind == "out_of_scope"
            and previous is None
            and not speaks_of_the_field(annotation),
        )

    def _in_full(self, annotation: Annotation, previous: Question) -> Annotation:
        """ "And mini?", "and on azure?": the thread's model with what the message adds to its name."""
        ref = _model_of(previous)
        counts = any(
            quantity.value != 1 for quantity in annotation.quantities
        )  # "the lite one" counts nothing
        if ref is None or annotation.models or counts or len(annotation.words) > 5:
            return annotation
        variant = _VARIANT.search(annotation.folded)
        if variant is not None:
            family = _VARIANT_NAME.sub("", ref.mention)
            full = self.annotate(f"what about {family} {variant.group(1)}")
        elif annotation.providers:
            full = self.annotate(f"what about {ref.mention} on {annotation.providers[0].id}")
        else:
            return annotation
        return full if full.models else annotation

    def _parse_parts(self, parts: list[str], previous: Question | None) -> LocalParse | None:
        """Each sentence as a question of its own, or as a follow-up of the one before it; None where one of them is none."""
        questions: list[Question] = []
        confidences: list[float] = []
        for part in parts:
            part = _with_models_of(questions, part)
            parse = self._parse_one(part, questions[-1] if questions else previous)
            if parse.final:
                return parse  # an impossible number in one part: nothing is answered around it
            if parse.questions[0].kind in ("out_of_scope", "help"):
                continue
            if parse.confidence < 0.6:
                return None
            question = parse.questions[0]
            own = _is_question(part)
            if questions and not own and not parse.is_follow_up:
                return None  # a statement with a topic of its own is context of the whole
            if questions and parse.is_follow_up and (not own or _only_the_period(questions[-1], question)):
                questions[-1] = (
                    question  # "gpt-4o or haiku? 5k in, 1k out": the second sentence completes the first
                )
            elif question not in questions:
                questions.append(question)
                confidences.append(parse.confidence)
        if len(questions) < 2:
            return None
        return LocalParse(
            questions=tuple(questions[:_MAX_QUESTIONS]), confidence=min(confidences), explained=1.0
        )

    def _worth_splitting(self, several: LocalParse, whole: LocalParse) -> bool:
        """Several sentences are several questions only if each can be answered alone; else they are context of one."""
        return all(is_complete(question) for question in several.questions)


_WHICH_OF_THEM = LazyPattern(
    r"\b(?:which|what|who|welche\w*|was|lequel|laquelle|quel\w*|cu[aá]l|kaun\w*)\b.*\b(?:cheap\w*|dear\w*|expensive|günstig\w*|billig\w*|teurer|cher|chère|barat[oa]|car[oa]|sast[aei])\b"
)


def _with_models_of(questions: list[Question], part: str) -> str:
    """ "Price of gpt-4o? And of opus? Which is cheaper?": the models that the message has named are those that are meant."""
    named = [
        question.models[0].mention for question in questions if question.kind == "price" and question.models
    ]
    if len(dict.fromkeys(named)) < 2 or not _WHICH_OF_THEM.search(fold(part)):
        return part
    return f"{part.rstrip(' ?!.')}: {' or '.join(dict.fromkeys(named))}?"


_LONGEST_OF_TWO = 400
_SURE_OF_EACH = 0.7


_ASKING = LazyPattern(
    r"^\W*(?:(?:btw|oh|so|ok|okay|well|plus|then|by the way|ps|übrigens|au fait|por cierto)\W+)*(?:compare|calculate|estimate|tell me|give me|show me|prices? (?:of|for)|costs? (?:of|for)|vergleich\w*|berechne|preis|kosten|compare[rz]?|calcule[rz]?|prix|compara|calcula|precio|and|also|what|how|which|when|why|who|is|are|does|do|can|could|would|should|und|was|wie|et|combien|y|cu[aá]nto|aur|kitna)\b"
)


_ENDLESS = LazyPattern(
    r"\b(?:infinite(?:ly many)?|infinity|endless|unendlich\w*|infinit[oaé]\w*|nan) (?:\w+ )?(?:requests?|calls?|tokens?|users?|messages?|anfragen|requêtes|peticiones)\b|∞"
)


def _impossible(annotation: Annotation) -> str:
    """The words of a quantity that cannot be: a negative or an endless one."""
    for quantity in annotation.quantities:
        if quantity.negative:
            return annotation.text[quantity.start : quantity.end]
    endless = _ENDLESS.search(annotation.folded)
    return endless.group() if endless and (annotation.models or annotation.quantities) else ""


_VARIANT = LazyPattern(
    r"^\W*(?:(?:and|or|what about|how about|with|und|et|y|aur|ok|okay)\W+)*(?:the )?(mini|nano|lite|pro|turbo|max)(?: (?:one|version|model|variant))?\W*$"
)
_VARIANT_NAME = re.compile(r"[- ](?:mini|nano|lite|pro|turbo|max)$", re.IGNORECASE)


def _model_of(question: Question) -> ModelRef | None:
    """The one model that a question is about."""
    if question.kind == "estimate":
        return question.stages[0].model
    if question.kind == "capacity":
        return question.model
    return question.models[0] if question.kind == "price" and len(question.models) == 1 else None


def _is_one_comparison(parts: tuple[Question, ...], whole: Question) -> bool:
    """ "Haiku or luna? Which is cheaper for 3k requests a day?": the models in one sentence, the workload in the next."""
    if len(parts) != 2 or whole.kind != "compare" or len(whole.models) < 2 or whole.workload is None:
        return False
    first, second = parts
    if first.kind != "compare" or second.kind != "compare":
        return False
    return first.workload is None and not second.models and first.models == whole.models


def _is_question(part: str) -> bool:
    return asks(part) or part.rstrip().endswith("?")


def asks(sentence: str) -> bool:
    """Whether a sentence asks something itself, instead of adding to the one before it."""
    return _ASKING.search(fold(sentence)) is not None


def _only_the_period(before: Question, after: Question) -> bool:
    """Whether the second sentence adds no more than "and what is that per month?" to the first."""
    if not isinstance(before, _PERIODIC) or not isinstance(after, _PERIODIC) or before.kind != after.kind:
        return False
    return replace(after, want_per=before.want_per) == before


_PERIODIC = (EstimateQuestion, CompareQuestion, CapacityQuestion, SelfHostingQuestion)


def is_complete(question: Question) -> bool:
    """Whether a question has what an answer needs, without asking back."""
    if question.kind == "estimate":
        return all(
            stage.model is not None
            and (
                (stage.workload.input is not None and stage.workload.output is not None)
                or stage.workload.volume is not None
                or stage.workload.volume_input is not None
                or stage.workload.volume_output is not None
            )
            for stage in question.stages
        )
    if question.kind == "price" or question.kind == "history":
        return bool(question.models)
    if question.kind == "capacity":
        return question.budget is not None and question.model is not None
    if question.kind == "compare":
        return len(question.models) != 1 or bool(question.variants) or question.objective != "side_by_side"
    return question.kind not in ("out_of_scope", "help")
