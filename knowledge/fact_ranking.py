"""Orders facts by how well they answer a question, and says of each whether it does.

The score adds up five agreements: of the subject, of the terms (both ways: what of the question the card covers, and what of the
card's metric the question never asked for), of the period, of a whole alias, and of the words at large (BM25). The rules of
confidence are not a threshold on that sum: each of them is a reason why a card would be the wrong answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from knowledge.fact_reading import Profile, Reader, Reading
from knowledge.fact_relations import Relations
from knowledge.periods import Agreement, Period

if TYPE_CHECKING:
    from knowledge.facts import Fact

_RELATED = 0.75
_MATCHED = 0.5
"""From this weight on a term counts as covered: it stands in the statement of the card at least, not just in its source's title."""
_ENOUGH = 0.45
"""Least share of a question's terms, by rarity, that an answer about a named subject covers."""
_ENOUGH_UNNAMED = 0.6
"""The same for a question that names no subject, or a card that has none."""
_STRANGE = 3.0
"""What a word that no card holds counts in the share: the subject itself may be that word."""
_CHATTER = 0.8
"""What any plain word that the card lacks counts where a subject is named: people add words of no matter."""
_RARE = 3.9
"""Rarity of a word that four or five cards hold."""
_JUDGED = 30
"""So many of the best are judged at least; an answer never stands below that."""
_DISTINCTIVE = 0.8
"""Weight of a term that stands in a card's subject, metric or aliases."""
_PERIOD_SCORES: Mapping[Agreement, float] = {"same": 4.0, "within": 2.5, "around": 0.5, "apart": -6.0}
_YEARLY = 0.15
"""What a year later counts where no period is asked for."""
_YEARLY_NAMED, _LATEST, _OLDEST = 0.7, 1.0, 5.0
"""The same where a subject is named, and besides where the newest is asked for; up to so many years."""
_PART_OF_YEAR = 2.5
"""What a quarter lacks where years are asked for."""


class Ranked(NamedTuple):
    """A fact's place in the order for one question."""

    id: str
    score: float
    confident: bool


class _Asked(NamedTuple):
    """One term of a question."""

    name: str
    rarity: float
    is_strong: bool
    weights: Mapping[str, float]
    """How much each card (by its id) has of the term, by itself or by a related one; cards that have nothing are left out."""


class _Question(NamedTuple):
    """A question with all that is the same for every card."""

    reading: Reading
    asked: tuple[_Asked, ...]
    either: tuple[_Asked, ...]
    """Terms of which a card need only cover one."""
    weight: float
    names: frozenset[str]
    """Its terms, and its subjects with a "#" in front."""
    today: float
    """As a year with a fraction."""
    known: frozenset[str]
    """Ids of the cards that are known by its words: a whole alias, or a word that hardly any other card has ("Chinchilla")."""
    above: tuple[frozenset[str], ...]
    """What each of its subjects belongs to."""


class _MetricTerm(NamedTuple):
    """One term of a card's metric with those related to it; `rarity` is what it costs when nobody asked for it."""

    names: frozenset[str]
    rarity: float
    narrows: bool


class Ranking:
    """Ranks the facts of one knowledge base."""

    def __init__(
        self,
        profiles: Sequence[Profile],
        facts: Mapping[str, Fact],
        periods: Mapping[str, Period],
        reader: Reader,
    ) -> None:
        self._profiles = {profile.id: profile for profile in profiles}
        self._facts = facts
        self._periods = periods
        self._reader = reader
        self._holders: dict[str, dict[str, float]] = {}
        """Each term's weight in the cards that hold it."""
        self._phrases: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        """The aliases of more than one word with their cards, by their first term."""
        for profile in profiles:
            for term, weight in profile.terms.items():
                self._holders.setdefault(term, {})[profile.id] = weight
            for phrase in profile.phrases:
                self._phrases.setdefault(phrase[0], []).append((profile.id, phrase))
        self._weights: dict[str, Mapping[str, float]] = {}
        self._rarity = {
            term: math.log(1 + len(profiles) / (len(holders) + 0.5))
            for term, holders in self._holders.items()
        }
        self.relations = Relations(profiles, reader.subjects)
        self._metrics = {profile.id: self._measure(profile) for profile in profiles}
        self._freshness = {profile.id: self._lateness(profile.id) for profile in profiles}
        self._short = {
            name for name, period in periods.items() if 1 <= (period.end - period.start).days < 360
        }
        self._end = {profile.id: self._last_year(profile.id) for profile in profiles}
        self._order = {identity: place for place, identity in enumerate(self._profiles)}

    def rank(self, reading: Reading, candidates: Mapping[str, float], limit: int = 10) -> list[Ranked]:
        """The best of the candidates (ids with their BM25 score) in order, those that tell of the same thing side by side;
        at least `limit` of them where there are so many."""
        question = self._question(reading)
        scored = []
        for identity, bm25 in candidates.items():
            score, narrows = self._score(question, self._profiles[identity], bm25)
            scored.append((-score, self._order[identity], identity, narrows))
        scored.sort()
        judged = [
            Ranked(identity, round(-score, 4), self._answers(question, self._profiles[identity], narrows))
            for score, _, identity, narrows in scored[: max(_JUDGED, 2 * limit)]
        ]
        ranked = self._side_by_side(judged, (*question.asked, *question.either))
        turns = reading.alternatives and bool(reading.subjects)
        return self._in_turns(ranked, reading.subjects) if turns else ranked

    def _question(self, reading: Reading) -> _Question:
        lexicon, index = self._reader.lexicon, self._reader.subjects
        asked = []
        for term in reading.terms:
            is_strong = lexicon.is_strong(term)
            known = self._rarity.get(term)
            rarity = _STRANGE if known is None else known if is_strong else 0.6 * known
            asked.append(_Asked(term, rarity, is_strong, self._weights_of(term)))
        either = tuple(term for term in asked if term.name in reading.either)
        asked = [term for term in asked if term.name not in reading.either]
        names = frozenset((*reading.terms, *(f"#{name}" for name in reading.subjects)))
        return _Question(
            reading=reading,
            asked=tuple(asked),
            either=either,
            weight=sum(term.rarity for term in asked) + max((term.rarity for term in either), default=0.0),
            names=names,
            known=frozenset(self._known_by(names, reading.terms)),
            above=tuple(index.ancestors(name) for name in reading.subjects),
            today=_as_year(datetime.now(UTC).date()),
        )

    def _weights_of(self, name: str) -> Mapping[str, float]:
        found = self._weights.get(name)
        if found is None:
            related = self._reader.lexicon.related(name)
            found = weights = dict(self._holders.get(name, ()))
            for other in related:
                for identity, weight in self._holders.get(other, {}).items():
                    weights[identity] = max(weights.get(identity, 0.0), _RELATED * weight)
            if related or found:  # names that no card and no word list knows are without end
                self._weights[name] = found
        return found

    def _known_by(self, names: frozenset[str], terms: Sequence[str]) -> Iterator[str]:
        for name in names:
            for identity, phrase in self._phrases.get(name, ()):
                if names.issuperset(phrase):
                    yield identity
        for term in terms:
            if term[0] != "@" and self._rarity.get(term, 0.0) >= _RARE:
                least = _MATCHED if term[0].isdigit() else _DISTINCTIVE
                for identity, weight in self._holders[term].items():
                    if weight >= least:
                        yield identity

    def _score(self, question: _Question, profile: Profile, bm25: float) -> tuple[float, bool]:
        """The score, and whether the card's metric is narrower than what was asked for."""
        identity = profile.id
        reading, fact = question.reading, self._facts[identity]
        covered = 0.0
        for term in question.asked:
            if weight := term.weights.get(identity):
                covered += term.rarity * weight
        if question.either:
            covered += max(term.rarity * term.weights.get(identity, 0.0) for term in question.either)
        agreement = self._period_agreement(reading, profile) if reading.periods else None
        unnamed = -1.0 if reading.periods else self._freshness[identity]
        if not reading.periods and reading.subjects:
            yearly = _YEARLY_NAMED + _LATEST * reading.wants_latest
            unnamed -= _PART_OF_YEAR if reading.wants_annual and identity in self._short else 0.0
            unnamed -= yearly * min(max(question.today - self._end[identity], 0.0), _OLDEST)
        excess, narrows = self._excess(question, profile)
        score = (
            6.0 * self.relations.score(question.reading, question.above, profile)
            + (10.0 * covered / question.weight if question.weight else 0.0)
            + (_PERIOD_SCORES[agreement] if agreement else unnamed)
            - (2.5 if fact.value is not None else 1.0) * excess
            + (1.5 if identity in question.known else 0.0)
            + 0.1 * min(bm25, 12.0)
            + 0.8 * profile.preference
            + self._tense(question, fact)
            - (0.8 if reading.wants_amount and fact.value is None else 0.0)
        )
        return score, narrows

    def _answers(self, question: _Question, profile: Profile, narrows: bool) -> bool:
        """Whether a card is an answer: no reason speaks against it."""
        fact = self._facts[profile.id]
        if question.reading.wants_amount and fact.value is None and fact.unit is None:
            return False
        # Without a subject on either side only what the card is filed under says that it is meant.
        least = _MATCHED if question.reading.subjects or self.relations.required(profile) else _DISTINCTIVE
        if any(term.is_strong and _weight(term, profile) < least for term in question.asked):
            return False
        if question.either and all(_weight(term, profile) < least for term in question.either):
            return False
        is_known = profile.id in question.known
        if narrows and not is_known:
            return False
        return (
            self._is_of_the_time(question.reading, profile)
            and self.relations.answers(question.reading, profile, is_known)
            and self._says_enough(question, profile, is_known)
        )

    # --- terms ----------------------------------------------------------------------------------------------------

    def _excess(self, question: _Question, profile: Profile) -> tuple[float, bool]:
        """The share of the metric that nobody asked for, and whether a narrowing concept is part of it."""
        total, metric = self._metrics[profile.id]
        unasked = 0.0
        narrowed = False
        for term in metric:
            if term.names.isdisjoint(question.names):
                unasked += term.rarity
                narrowed = narrowed or term.narrows
        return (unasked / total if total else 0.0), narrowed

    def _measure(self, profile: Profile) -> tuple[float, tuple[_MetricTerm, ...]]:
        """The metric of a card as `_excess` wants it, and its whole weight."""
        lexicon = self._reader.lexicon
        terms = []
        total = 0.0
        for name in profile.metric:
            rarity = self._rarity.get(name, 0.0)
            total += rarity
            is_weak = name.startswith("@") and not lexicon.is_strong(name)
            terms.append(
                _MetricTerm(
                    frozenset((name, *lexicon.related(name))),
                    0.5 * rarity if is_weak else rarity,
                    lexicon.narrows(name),
                )
            )
        return total, tuple(terms)

    def _says_enough(self, question: _Question, profile: Profile, is_known: bool) -> bool:
        """Whether the card covers enough of the question, and the question asks for something that a card can be about."""
        reading, asked = question.reading, question.asked
        total = covered = 0.0
        for term in (*asked, *question.either):
            weight = _weight(term, profile)
            if term in question.either and weight == 0.0:
                continue
            is_chatter = reading.subjects and weight == 0.0 and not term.name.startswith("@")
            total += min(term.rarity, _CHATTER) if is_chatter else term.rarity
            covered += term.rarity * weight
        share = covered / total if total else 0.0
        is_quotation = "@view" in reading.terms and any(
            self._reader.subjects.kind(name) == "person" and name in profile.everything
            for name in reading.subjects
        )
        named = bool(reading.subjects) and bool(self.relations.required(profile))
        # A card that joins all parties named ("the Anthropic SpaceX deal") is about nothing else.
        joins = len(reading.subjects) > 1 and not reading.alternatives
        if joins and profile.everything.issuperset(reading.subjects) and not any(t.is_strong for t in asked):
            return True
        if share < (_ENOUGH if named or is_quotation else _ENOUGH_UNNAMED):
            return False
        has_measure = bool(question.either) or any(term.is_strong for term in asked)
        return has_measure or is_known or is_quotation or (named and share >= _ENOUGH_UNNAMED)

    # --- time -----------------------------------------------------------------------------------------------------

    def _period_agreement(self, reading: Reading, profile: Profile) -> Agreement | None:
        """The best agreement with any period asked for; None where either side names none."""
        period = self._periods.get(profile.id)
        if period is None or not reading.periods:
            return None
        agreements = [asked.agreement(period) for asked in reading.periods]
        return max(agreements, key=lambda agreement: _PERIOD_SCORES[agreement])

    def _is_of_the_time(self, reading: Reading, profile: Profile) -> bool:
        if not reading.periods:
            return True
        agreement = self._period_agreement(reading, profile) if reading.periods else None
        if agreement is None:
            statement = self._facts[profile.id].statement
            return any(str(period.end.year) in statement for period in reading.periods)
        return agreement in ("same", "within")

    def _lateness(self, identity: str) -> float:
        """Where no period is asked for, later beats earlier and a whole year beats a part of one or several."""
        period = self._periods.get(identity)
        if period is None or period.until:
            return 0.0
        days = (period.end - period.start).days
        is_whole = 360 <= days <= 370 or days < 1
        return _YEARLY * (period.end.year - 2020) - (0.0 if is_whole else 0.4 if days < 360 else 0.6)

    def _last_year(self, identity: str) -> float:
        """When a card was true, as a year; what has no date, and an amount of no money, is as good as ever."""
        period, fact = self._periods.get(identity), self._facts[identity]
        ages = fact.value is None or (fact.unit or "").startswith("USD")
        return math.inf if period is None or period.until or not ages else _as_year(period.end)

    def _tense(self, question: _Question, fact: Fact) -> float:
        if "@forecast" in question.reading.terms:
            return 0.8 if fact.qualifier == "projected" else 0.0
        period = None if question.reading.periods else self._periods.get(fact.id)
        ahead = (
            period is not None
            and _as_year(period.start) <= question.today < _as_year(period.end)
            and not period.until
        )
        if fact.qualifier == "projected" and question.reading.wants_latest:
            return -1.0
        return -1.0 if ahead else -0.35 if fact.qualifier == "projected" else 0.0

    # --- order ----------------------------------------------------------------------------------------------------

    def _side_by_side(self, ranked: list[Ranked], asked: tuple[_Asked, ...]) -> list[Ranked]:
        """Moves sources about the same subject, measure and period up to the best of them; what answers stands first."""
        ranked = sorted(ranked, key=lambda entry: not entry.confident)
        groups: dict[object, list[Ranked]] = {}
        for entry in ranked:
            groups.setdefault(self._sameness(entry.id, asked), []).append(entry)
        return [entry for group in groups.values() for entry in group]

    def _in_turns(self, ranked: list[Ranked], subjects: Sequence[str]) -> list[Ranked]:
        """The answers about each of the names that stand side by side in turns, so that the first few speak of all of them."""
        piles: dict[str, list[Ranked]] = {name: [] for name in subjects}
        rest: list[Ranked] = []
        for entry in ranked:
            near = self.relations.nearness[entry.id]
            own = max(subjects, key=lambda name: near.get(name, 0.0))
            (piles[own] if entry.confident and own in near else rest).append(entry)
        turns = zip_longest(*piles.values())
        return [*(entry for turn in turns for entry in turn if entry is not None), *rest]

    def _sameness(self, identity: str, asked: tuple[_Asked, ...]) -> object:
        """Facts with the same sameness may contradict each other."""
        fact, profile = self._facts[identity], self._profiles[identity]
        if fact.value is None:
            return identity
        shared = tuple(
            term.name for term in asked if term.is_strong and _weight(term, profile) >= _RELATED * _RELATED
        )
        return (profile.identity, shared, fact.period, fact.unit) if shared else identity


def _as_year(day: date) -> float:
    return day.year + day.month / 12


def _weight(term: _Asked, profile: Profile) -> float:
    return term.weights.get(profile.id, 0.0)
