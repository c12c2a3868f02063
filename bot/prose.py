"""Holds sentences that a language model wrote against the facts that they cite: what does not stand there is not said.

A model may choose and order; it may not state. One sentence passes only if

- it is plain text, cites facts that were handed out, and quotes nothing but their words;
- one of these facts alone bears all its names, dates and amounts: each amount by its value, its unit and the words around it, the
  names in the fact's order; an amount goes with its fact's subject, period and hedge ("about", "projected");
- every other word is a word of the cited facts (of that one fact, where there is an amount), or means the same by the word list, or
  is one of a closed list that states nothing;
- it denies what its facts deny, and nothing else.

The rules reject much that is true and are meant to: the price of a rejection is that a person reads the facts as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from bot.parsing.reading.numbers import Number, read_numbers
from bot.parsing.reading.spans import fold
from knowledge.periods import Period, parse_period, periods_in
from knowledge.wording import Word, stem, words_in

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase

MAX_SENTENCES = 8
MAX_SENTENCE = 400
"""Characters."""

_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "usd": "USD", "dollar": "USD", "eur": "EUR", "euro": "EUR"}
_PLAIN = re.compile(r"[A-Za-zÀ-ɏ0-9 .,;:'’\"“”()%$€£&/+–—-]+")
_LINK_LIKE = re.compile(r"[^\W\d_]\.[^\W\d_]{2,}")
_QUOTED = re.compile(r"[\"“]([^\"“”]*)[\"”]|[\"“”].*")
_SIGN_BEFORE = re.compile(r"([$€£])\s?$")
_CURRENCY_AFTER = re.compile(r"\s?(?:([$€£])|(usd|dollar|eur|euro)s?\b)")
_PERCENT_AFTER = re.compile(r"\s?(?:%|percent\b|per cent\b)")

_CLAUSE_END = re.compile(
    r"[;:()—–]|,(?=\s)|\b(?:although|though|while|whereas|which|because|but|after|before|despite)\b",
    re.IGNORECASE,
)

_CONNECTING = frozenset(
    """a an the and or but as at by for from in into of on onto to with within this that these those it its itself their they them
    he she his her who whom which what whose where when while also too another other others such own is are was were be been being
    has have had do does did put puts figure figures account accounts source sources reach reached stood amounted company companies
    firm firms there however still even further moreover besides meanwhile overall then among between apart""".split()
)
"""Words that a sentence may hold whatever its facts say: none of them counts, compares, denies, gives a reason, attributes,
or names a length of time."""
_BEFORE_DATES = frozenset(
    "in for of during by through since until from to between and early mid late".split()
)
_ATTRIBUTING = frozenset("according show shows showed said say says report reports reported".split())
_OF_A_YEAR = frozenset("net operating revenue loss losses profit capital spending costs".split())
_DENIALS = frozenset("not no never nor neither none cannot without unless hardly".split())


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words.split())


_POSSIBLE = _stems(
    """may might could would can probably likely possible possibly expect forecast project projection plan estimate guide suggest
    theoretical potential should will"""
)
_ROUGHLY = _stems(
    "about roughly nearly around approximately close almost some over more than least most up low high"
)
"""Words that make a statement less than certain, and an amount less than exact or a bound."""

Name = tuple[str, str]
"""A kind of name, and what is named."""


@dataclass(frozen=True)
class Evidence:
    """One retrieved fact, or the words of a document: what a sentence may rest on."""

    id: str
    statement: str
    subject: str = ""
    period: str | None = None


@dataclass(frozen=True)
class Sentence:
    """One sentence and the ids of the facts that it cites."""

    text: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class _Amount:
    start: int
    end: int
    value: Decimal
    high: Decimal | None
    unit: str
    """A currency, `percent` or, for everything else, empty."""

    def equals(self, other: _Amount) -> bool:
        return (self.value, self.high, self.unit) == (other.value, other.high, other.unit)


class _Unfounded(Exception):
    """Why a sentence does not stand; for the log."""


class Judge:
    """Judges prose over one set of facts."""

    def __init__(self, evidence: Iterable[Evidence], knowledge: KnowledgeBase) -> None:
        self._facts = {item.id: _Said(item.statement, knowledge, item) for item in evidence}
        self._knowledge = knowledge

    def fault(self, sentences: Sequence[Sentence]) -> str | None:
        """Why the prose may not be shown, without any of its words; None when every sentence stands."""
        if not 0 < len(sentences) <= MAX_SENTENCES:
            return f"{len(sentences)} sentences"
        for number, sentence in enumerate(sentences, start=1):
            try:
                self._check(sentence)
            except _Unfounded as unfounded:
                return f"sentence {number}: {unfounded}"
        return None

    def _check(self, sentence: Sentence) -> None:
        if not sentence.facts or not all(id in self._facts for id in sentence.facts):
            raise _Unfounded("no fact, or an unknown one, is cited")
        cited = [self._facts[id] for id in dict.fromkeys(sentence.facts)]
        _check_shape(sentence.text, cited)
        said = _Said(sentence.text, self._knowledge)
        grounds = [[fact] for fact in cited]
        if len(cited) > 1 and not said.amounts and all(_shares_names(fact, said) for fact in cited):
            grounds.append(cited)
        faults = [_fault_on(ground, said) for ground in grounds]
        if None not in faults:
            raise _Unfounded(str(faults[-1]))


def _fault_on(ground: Sequence[_Said], said: _Said) -> str | None:
    """Why some facts together do not bear a sentence."""
    if not any(_bears(fact, said) for fact in ground):
        return "no cited fact alone holds its names, dates and amounts"
    years = {year for fact in ground for year in fact.loose_years}
    if not all(year in years or year[1] in _OF_A_YEAR for year in said.loose_years):
        return "a year where an amount would stand"
    known = frozenset().union(*(fact.meanings for fact in ground))
    if not all(word.text in _CONNECTING or said.meaning(word) & known for word in said.free_words):
        return "a word of its own"
    if said.denies != any(fact.denies for fact in ground):
        return "a denial is added or lost"
    if any(fact.stems & _POSSIBLE for fact in ground) and not said.stems & _POSSIBLE:
        return "what is only expected is said as certain"
    return None


def _check_shape(text: str, cited: Sequence[_Said]) -> None:
    """Plain text of some length, without anything that a platform would take for a link or markup, and without invented quotes."""
    if not 0 < len(text) <= MAX_SENTENCE or not _PLAIN.fullmatch(text) or not text.rstrip('"”').endswith("."):
        raise _Unfounded("no plain sentence")
    statements = [fact.text.casefold() for fact in cited]
    for match in _LINK_LIKE.finditer(text):
        if not any(match.group().casefold() in statement for statement in statements):
            raise _Unfounded("something like a link")
    for match in _QUOTED.finditer(text):
        quoted = (match.group(1) or "").casefold().strip(" .,")
        if not quoted or not any(quoted in statement for statement in statements):
            raise _Unfounded("a quotation that is none")


def _shares_names(fact: _Said, said: _Said) -> bool:
    """Whether a sentence that rests on several facts speaks of what this one of them speaks of."""
    names, own = frozenset(said.names), frozenset(fact.names) | fact.subject_names
    return fact.subject_names <= names and (not names or bool(names & own))


def _bears(fact: _Said, said: _Said) -> bool:
    """Whether one fact holds all names, dates and amounts of a sentence, and they stand to each other as in the fact."""
    names, own = frozenset(said.names), frozenset(fact.names)
    if not names <= (own or fact.subject_names) or not said.periods <= fact.periods:
        return False
    if len(own) > 1 and not _is_in_order(said.names, fact.names):
        return False
    if len(fact.own_periods) > 1 and not _is_in_order(said.names_and_periods, fact.names_and_periods):
        return False
    if not said.amounts:
        return True
    return (
        fact.subject_names & own <= names
        and bool(not fact.own_periods or said.periods & fact.own_periods)
        and bool(not fact.stems & _ROUGHLY or said.stems & _ROUGHLY)
        and all(_stands(amount, said, fact) for amount in said.amounts)
    )


def _is_in_order(some: Sequence[object], all_: Sequence[object]) -> bool:
    """Whether some things stand among others in the same order, none of them more often."""
    rest = iter(all_)
    return all(any(item == other for other in rest) for item in some)


def _stands(amount: _Amount, said: _Said, fact: _Said) -> bool:
    """Whether an amount is one of the fact's, and the words around it are those around the fact's."""
    dated = len(fact.own_periods) > 1
    around = said.around(amount, dated=dated)
    for own in fact.amounts:
        if not own.equals(amount) or not _says_the_same(amount, said, own, fact):
            continue
        around_own = fact.around(own, dated=dated)
        others = [fact.around(other, dated=dated) for other in fact.amounts if not other.equals(amount)]
        if (others or not amount.unit) and around != around_own and not around & around_own:
            continue
        if not any(around & other - around_own for other in others):
            return True
    return False


def _says_the_same(amount: _Amount, said: _Said, own: _Amount, fact: _Said) -> bool:
    """Whether all words of the clause in the fact are said, and the amount's own clause says no others ("cost of revenue")."""
    stated, claimed = fact.clause_words(own), said.clause_words(amount)
    anywhere = said.meanings
    return all(word & anywhere for word in stated) and all(
        any(mine & theirs for theirs in stated) for mine in claimed
    )


class _Said:
    """What a text says, as far as code can tell."""

    def __init__(self, text: str, knowledge: KnowledgeBase, evidence: Evidence | None = None) -> None:
        self.text = text
        self._knowledge = knowledge
        self._evidence = evidence
        self._words = words_in(text)
        self._periods = periods_in(text)
        self._named = _named(text, knowledge)
        masked = [(start, end) for start, end, _ in (*self._named, *self._periods)]
        folded = fold(text)
        self.amounts = [_amount(number, folded) for number in read_numbers(folded, masked=masked)]
        self._spans = [(start, end) for start, end, _ in self._periods]
        self._spans += [(amount.start, amount.end) for amount in self.amounts]
        self._meanings: dict[str, frozenset[str]] = {}

    @cached_property
    def names(self) -> list[Name]:
        """Everything named, in order, each mention."""
        return [name for _, _, name in sorted(self._named)]

    @cached_property
    def names_and_periods(self) -> list[Name | Period]:
        """The names and the dates, in order, each mention."""
        places: list[tuple[int, Name | Period]] = [(start, name) for start, _, name in sorted(self._named)]
        places += [(start, period) for start, _, period in self._periods]
        return [what for _, what in sorted(places, key=lambda place: place[0])]

    @cached_property
    def subject_names(self) -> frozenset[Name]:
        """The names of the card's subject."""
        subject = self._evidence.subject if self._evidence else ""
        return frozenset(name for _, _, name in _named(subject, self._knowledge))

    @cached_property
    def own_periods(self) -> frozenset[Period]:
        """The times that the text itself names."""
        return frozenset(period for _, _, period in self._periods)

    @cached_property
    def periods(self) -> frozenset[Period]:
        """The same, and that of the card."""
        if self._evidence is None or not self._evidence.period:
            return self.own_periods
        try:
            return self.own_periods | {parse_period(self._evidence.period)}
        except ValueError:
            return self.own_periods

    @cached_property
    def loose_years(self) -> list[tuple[str, str]]:
        """The bare years that follow no word of time, each with the word after it ("the 2024 revenue", "it cost 2025 to train")."""
        found = []
        for start, end, _ in self._periods:
            before = next((word.text for word in reversed(self._words) if word.end <= start), "")
            after = next((word.text for word in self._words if word.start >= end), "")
            if self.text[start:end].isdecimal() and before not in _BEFORE_DATES:
                found.append((self.text[start:end], after))
        return found

    @cached_property
    def free_words(self) -> list[Word]:
        """The words that are no part of a date or an amount."""
        return [
            word
            for word in self._words
            if not any(start <= word.start and word.end <= end for start, end in self._spans)
        ]

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(stem(word.text) for word in self._words) | {word.text for word in self._words}

    @cached_property
    def denies(self) -> bool:
        return any(word.text in _DENIALS for word in self._words) or "n't" in fold(self.text)

    @cached_property
    def meanings(self) -> frozenset[str]:
        """What all its words mean, and those of its subject."""
        about = words_in(self._evidence.subject) if self._evidence else []
        return frozenset().union(*(self.meaning(word) for word in (*self._words, *about)))

    def meaning(self, word: Word) -> frozenset[str]:
        """The stem of a word and the concepts of the word list that it stands for."""
        known = self._meanings.get(word.text)
        if known is None:
            terms = self._knowledge.facts.read(word.text).terms
            concepts = {term for term in terms if term.startswith("@")}
            plural = word.text.removesuffix("s") if word.text[-2:-1].isdigit() else word.text  # "H100s"
            known = self._meanings[word.text] = frozenset({stem(plural), *concepts})
        return known

    def around(self, amount: _Amount, *, dated: bool) -> frozenset[str]:
        """The meanings of the words, no names, that stand nearer to an amount than to any other one; the dates too, if `dated`."""
        found: set[str] = set()
        for word in self.free_words:
            is_own = word.text in _CONNECTING or self._is_in_name(word)
            if not is_own and self._nearest(word.start, word.end) is amount:
                found |= self.meaning(word)
        for start, end, period in self._periods:
            if dated and self._nearest(start, end) is amount:
                found.add(f"{period.start} to {period.end}")
        return frozenset(found)

    def clause_words(self, amount: _Amount) -> list[frozenset[str]]:
        """The meanings of each content word, no names and no hedges, in the clause that an amount stands in."""
        first = max((m.end() for m in _CLAUSE_END.finditer(self.text) if m.end() <= amount.start), default=0)
        last = min(
            (m.start() for m in _CLAUSE_END.finditer(self.text) if m.start() >= amount.end),
            default=len(self.text),
        )
        return [
            self.meaning(word)
            for word in self.free_words
            if first <= word.start < last
            and word.text not in _CONNECTING
            and word.text not in _BEFORE_DATES | _ATTRIBUTING
            and stem(word.text) not in _ROUGHLY
            and not self._is_in_name(word)
        ]

    def _is_in_name(self, word: Word) -> bool:
        return any(start <= word.start and word.end <= end for start, end, _ in self._named)

    def _nearest(self, start: int, end: int) -> _Amount:
        return min(self.amounts, key=lambda amount: max(amount.start - end, start - amount.end))


def _named(text: str, knowledge: KnowledgeBase) -> list[tuple[int, int, Name]]:
    """Companies, models, people and hardware in a text, as every part of the knowledge base finds them."""
    found: list[tuple[int, int, Name]] = [
        (start, end, ("subject", subject)) for start, end, subject in knowledge.facts.subjects_in(text)
    ]
    for mention in knowledge.catalogue.mentions(text):
        named = " ".join(word.text for word in words_in(mention.text))
        if mention.kind != "model":
            named = mention.maker or mention.provider or named
        found.append((mention.start, mention.end, (mention.kind, named)))
    found += [(start, end, ("gpu", gpu)) for start, end, gpu in knowledge.hardware.mentions(text)]
    return found


def _amount(number: Number, folded: str) -> _Amount:
    """A number with the sign or word of its currency, or its percent sign."""
    value = -number.value if number.negative else number.value
    end = number.end
    unit = ""
    if percent := _PERCENT_AFTER.match(folded, end):
        unit, end = "percent", percent.end()
    elif after := _CURRENCY_AFTER.match(folded, end):
        unit, end = _CURRENCIES[after.group(1) or after.group(2)], after.end()
    if sign := _SIGN_BEFORE.search(folded[: number.start]):
        unit = _CURRENCIES[sign.group(1)]
    return _Amount(number.start, end, value, number.high, unit)
