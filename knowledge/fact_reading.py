"""Reads a question, and a card, into what they can be compared by: subjects, terms and periods.

Both go through the same words, names and dates, so a card is found by whatever way of saying it the word lists know. A card is read
once, when the knowledge base is compiled (`Profile`); a question each time it is asked (`Reading`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from knowledge.lazy_dataclass import dataclass
from knowledge.periods import Period, parse_period, periods_in
from knowledge.subjects import SubjectIndex, SubjectMention, inside
from knowledge.wording import Lexicon, Term, Word, words_in

if TYPE_CHECKING:
    from knowledge.facts import Fact

# How much it counts where in a card a term stands.
_METRIC, _UNIT, _ALIAS, _SUBJECT, _TOPIC, _STATEMENT, _TITLE = 1.0, 0.9, 0.9, 0.8, 0.65, 0.55, 0.4

# "LLM inference at GPT-4 level" is not about GPT-4.
_ASIDE = re.compile(r"\([^)]*\)|\bat [^,]*? level\b")
# Between two names of one kind these make alternatives of them: "OpenAI and Anthropic", "H100 vs H200".
_ALTERNATIVES = re.compile(
    r"(?:,|/|&|\b(?:and|or|vs|versus|und|oder|et|ou|y|o|gegen|than|compared\s+(?:to|with)|against)\b)", re.I
)
_AMOUNT = re.compile(
    r"\bhow\s+(?:much|many|big|large|high)|\bwie\s*(?:viele?|hoch)|\bcombien|\bcu[aá]nt[oa]s?|\bkitn[aei]",
    re.IGNORECASE,
)
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent|current(?:ly)?|right now|now|today|these days|as of|aktuell\w*|derzeit|neueste\w*"
    r"|actuel\w*|actual\w*)\b",
    re.IGNORECASE,
)
_ASKED_BY_THE_WAY = frozenset({"@cost", "@size"})
"""Of "how much is X losing" and "how big is the run rate", which ask for the loss and the rate."""
_ANNUAL = re.compile(
    r"\b(?:annual\w*|yearly|(?:per|a|each|every) year|full[- ]year|jährlich\w*|annuel\w*|anual\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Profile:
    """What a card is about. `identity` are the subjects it belongs to, `about` those in its metric or said aside,
    `spoken` those that its sentence or aliases name."""

    id: str
    identity: tuple[str, ...]
    about: tuple[str, ...]
    spoken: tuple[str, ...]
    terms: Mapping[str, float]
    """Each term with the weight of the weightiest place where it stands."""
    metric: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]
    """Aliases of more than one word, each as its terms and subjects: a question that holds all of one is about this card."""
    preference: int = 0
    """Breaks ties between sources that answer the same question."""

    @cached_property
    def everything(self) -> frozenset[str]:
        """All subjects that occur in the card."""
        return frozenset((*self.identity, *self.about, *self.spoken))


class Reading(NamedTuple):
    """What a question asks for."""

    subjects: tuple[str, ...]
    unknown: tuple[str, ...]
    """Names in the question that no fact speaks of ("GPT-7", "Apple")."""
    corrected: tuple[str, ...]
    """Subjects that were found only by mending a slip of the pen."""
    alternatives: bool
    """Whether the names stand side by side ("X and Y"), so that an answer about one of them answers its part."""
    terms: tuple[str, ...]
    either: frozenset[str]
    """Concepts of which one is enough, because the question joins them ("revenue and loss")."""
    words: tuple[str, ...]
    """The words that stand for no concept, as written (folded)."""
    periods: tuple[Period, ...]
    wants_amount: bool
    wants_annual: bool = False
    """Whether whole years are asked for."""
    wants_latest: bool = False
    """Whether the newest is asked for ("latest", "current"), however short a time it is of."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to look for."""
        return not (self.subjects or self.terms or self.unknown)


class Reader:
    """Reads questions and cards by one word list and one list of subjects."""

    def __init__(self, lexicon: Lexicon, subjects: SubjectIndex) -> None:
        self.lexicon = lexicon
        self.subjects = subjects

    def question(self, text: str, subjects: Sequence[str] = (), periods: Sequence[str] = ()) -> Reading:
        """Reads a question; `subjects` and `periods` are known of it beforehand and count as if they stood in it."""
        words = words_in(text)
        context = any(term.name in _GPU_CONTEXT for term in self.lexicon.terms(words))
        mentions = self.subjects.mentions(text, context=context, correct=True)
        dates = periods_in(text)
        words = _without(words, mentions, self.subjects, [(start, end) for start, end, _ in dates])
        found_terms = self.lexicon.terms(words, correct=True)
        terms = [term.name for term in found_terms]
        if any(self.lexicon.is_strong(name) for name in terms if name not in _ASKED_BY_THE_WAY):
            by_the_way = [term.name for term in found_terms if term.words[0].text == "how"]
            terms = [name for name in terms if name not in by_the_way or name not in _ASKED_BY_THE_WAY]
        kinds = {self.subjects.kind(mention.subject) for mention in mentions if mention.subject}
        if {"cloud", "gpu"} <= kinds and not any(self.lexicon.is_strong(term) for term in terms):
            terms.append("@cost")  # "lambda h100" asks for nothing else
        named = [mention.subject for mention in mentions if mention.subject]
        unknown = [mention.text for mention in mentions if mention.subject is None]
        for subject in subjects:
            found = [
                mention.subject
                for mention in self.subjects.mentions(subject, context=True)
                if mention.subject
            ]
            named += found
            unknown += [] if found else [subject]
        asked = [period for _, _, period in dates]
        for period in periods:
            asked += _explicit_period(period)
        return Reading(
            subjects=tuple(dict.fromkeys(named)),
            unknown=tuple(dict.fromkeys(unknown)),
            corrected=tuple(
                dict.fromkeys(mention.subject or "" for mention in mentions if mention.corrected)
            ),
            alternatives=_are_alternatives(text, mentions),
            terms=tuple(dict.fromkeys(terms)),
            either=self._joined(text, found_terms),
            words=tuple(
                dict.fromkeys(word.text for term in found_terms if not term.is_concept for word in term.words)
            ),
            periods=tuple(dict.fromkeys(asked)),
            wants_amount=bool(_AMOUNT.search(text)),
            wants_annual=bool(_ANNUAL.search(text)),
            wants_latest=bool(_LATEST.search(text)),
        )

    def _joined(self, text: str, terms: Sequence[Term]) -> frozenset[str]:
        strong = [term for term in terms if self.lexicon.is_strong(term.name)]
        joined: set[str] = set()
        for first, second in pairwise(strong):
            gap = text[first.words[-1].end : second.words[0].start]
            if first.words != second.words and _ALTERNATIVES.fullmatch(gap.strip()):
                joined |= {first.name, second.name}
        return frozenset(joined)

    def card(self, fact: Fact, preference: int = 0) -> Profile:
        """Reads a card."""
        identity, about = self._identity(fact)
        in_metric = [name for name in self._names(fact.metric) if name not in identity]
        weights: dict[str, float] = {}
        metric = self._words(fact.metric)
        for texts, weight in (
            ((fact.metric,), _METRIC),
            ((_ASIDE.sub(" ", fact.subject),), _SUBJECT),
            ((fact.unit or "",), _UNIT),
            (fact.aliases, _ALIAS),
            (fact.topics, _TOPIC),
            ((fact.statement, fact.qualifier), _STATEMENT),
            ((fact.source.title, fact.source.publisher or "", fact.subject), _TITLE),
        ):
            for text in texts:
                for term in self._words(text):
                    weights[term] = max(weight, weights.get(term, 0.0))
        is_said = "statements" in fact.topics or any(
            self.subjects.kind(name) == "person" for name in identity
        )
        if is_said:
            weights.update({"@view": _METRIC, "@who": _METRIC})
        return Profile(
            id=fact.id,
            identity=identity,
            about=tuple(dict.fromkeys((*about, *in_metric))),
            spoken=tuple(dict.fromkeys(self._names(" · ".join((fact.statement, *fact.aliases))))),
            terms=weights,
            metric=metric,
            phrases=tuple(phrase for phrase in map(self._phrase, fact.aliases) if len(phrase) > 1),
            preference=preference,
        )

    def passage(self, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The terms and the subjects of a piece of running text."""
        words = words_in(text)
        mentions = self.subjects.mentions(text, context=True, words=words)
        terms = self.lexicon.terms(_without(words, mentions, self.subjects))
        return (
            tuple(dict.fromkeys(term.name for term in terms)),
            tuple(dict.fromkeys(mention.subject for mention in mentions if mention.subject)),
        )

    def _identity(self, fact: Fact) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if fact.subject in self.subjects.subjects:
            return (fact.subject,), ()
        whole = self._names(fact.subject)
        outside = self._names(_ASIDE.sub(" ", fact.subject))
        return tuple(dict.fromkeys(outside)), tuple(
            dict.fromkeys(name for name in whole if name not in outside)
        )

    def _names(self, text: str) -> list[str]:
        return [mention.subject for mention in self.subjects.mentions(text, context=True) if mention.subject]

    def _words(self, text: str) -> tuple[str, ...]:
        return self.passage(text)[0]

    def _phrase(self, alias: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._words(alias), *(f"#{name}" for name in self._names(alias)))))


def _without(
    words: Sequence[Word],
    mentions: Sequence[SubjectMention],
    subjects: SubjectIndex,
    others: Sequence[tuple[int, int]] = (),
) -> list[Word]:
    """The words outside of names and dates. A GPU leaves the word "gpu" behind, since "used H100" means a used GPU."""
    gpus = {
        mention.start: mention.end
        for mention in mentions
        if mention.subject and subjects.kind(mention.subject) == "gpu"
    }
    spans = sorted([*((mention.start, mention.end) for mention in mentions), *others])
    if not spans:
        return list(words)
    kept: list[Word] = []
    for word, is_named in zip(words, inside(words, spans), strict=True):
        if not is_named:
            kept.append(word)
        elif word.start in gpus:
            kept.append(Word("gpu", word.start, gpus[word.start]))
    return kept


_GPU_CONTEXT = frozenset(
    {
        "@fine_tune",
        "@rent",
        "@hour",
        "@gpu",
        "@gpu_hours",
        "@serverless",
        "@spot",
        "@lora",
        "@batch",
        "@train",
    }
)


def _explicit_period(text: str) -> list[Period]:
    try:
        return [parse_period(text)]
    except ValueError:
        return [period for _, _, period in periods_in(text)]


def _are_alternatives(text: str, mentions: Sequence[SubjectMention]) -> bool:
    gaps = (text[first.end : second.start] for first, second in pairwise(mentions))
    return any(_ALTERNATIVES.search(gap) for gap in gaps)
