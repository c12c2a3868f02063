"""Orders facts by how well they answer a question, and says of each whether it does.

The score adds up five agreements: of the subject, of the terms (both ways: what of the question the card covers, and what of the
card's metric the question never asked for), of the period, of a whole alias, and of the words at large (BM25). The rules of
confidence are not a threshold on that sum: each of them is a reason why a card would be the wrong answer.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.fact_reading import Profile, Reader, Reading
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
_OPTIONAL = frozenset({"person", "cloud"})
"""Kinds that a card may have without their being asked for: whoever says it, or wherever it is for rent."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A fact's place in the order for one question."""

    id: str
    score: float
    confident: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """One term of a question."""

    name: str
    rarity: float
    is_strong: bool
    related: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _MetricTerm:
    """One term of a card's metric; `rarity` is what it costs when nobody asked for it."""

    name: str
    rarity: float
    narrows: bool
    related: tuple[str, ...]


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
        counts = Counter(term for profile in profiles for term in profile.terms)
        self._rarity = {term: math.log(1 + len(profiles) / (count + 0.5)) for term, count in counts.items()}
        self._by_subject: dict[str, list[str]] = defaultdict(list)
        for profile in profiles:
            for name in {*profile.identity, *profile.about}:
                for other in (name, *reader.subjects.ancestors(name)):
                    self._by_subject[other].append(profile.id)
        self._metrics = {profile.id: self._measure(profile) for profile in profiles}
        self._freshness = {profile.id: self._lateness(profile.id) for profile in profiles}
        self._order = {identity: place for place, identity in enumerate(self._profiles)}

    def about(self, subjects: Iterable[str]) -> list[str]:
        """Ids of the facts about some subjects, or about what belongs to them."""
        return [identity for name in subjects for identity in self._by_subject.get(name, ())]

    def rank(self, reading: Reading, candidates: Mapping[str, float], limit: int = 10) -> list[Ranked]:
        """The best of the candidates (ids with their BM25 score) in order, those that tell of the same thing side by side;
        at least `limit` of them where there are so many."""
        asked = self._asked(reading)
        scored = [
            (self._score(reading, asked, self._profiles[identity], bm25), identity)
            for identity, bm25 in candidates.items()
        ]
        scored.sort(key=lambda entry: (-entry[0], self._order[entry[1]]))
        judged = [
            Ranked(identity, round(score, 4), self._answers(reading, asked, self._profiles[identity]))
            for score, identity in scored[: max(_JUDGED, 2 * limit)]
        ]
        return self._side_by_side(judged, asked)

    def _asked(self, reading: Reading) -> tuple[_Asked, ...]:
        lexicon = self._reader.lexicon
        asked = []
        for term in reading.terms:
            is_strong = lexicon.is_strong(term)
            known = self._rarity.get(term)
            rarity = _STRANGE if known is None else known if is_strong else 0.6 * known
            asked.append(_Asked(term, rarity, is_strong, lexicon.related(term)))
        return tuple(asked)

    def _score(self, reading: Reading, asked: tuple[_Asked, ...], profile: Profile, bm25: float) -> float:
        fact = self._facts[profile.id]
        total = covered = 0.0
        for term in asked:
            total += term.rarity
            covered += term.rarity * _weight(term, profile)
        agreement = self._period_agreement(reading, profile)
        unnamed = -1.0 if reading.periods else self._freshness[profile.id]
        time = _PERIOD_SCORES[agreement] if agreement else unnamed
        excess, _ = self._excess(reading, profile)
        return (
            6.0 * self._subject_score(reading, profile)
            + (10.0 * covered / total if total else 0.0)
            + time
            - (2.5 if fact.value is not None else 1.0) * excess
            + (1.5 if self._is_known_by(reading, profile) else 0.0)
            + 0.15 * min(bm25, 12.0)
            + 0.7 * profile.preference
            + self._tense(reading, fact)
            - (0.8 if reading.wants_amount and fact.value is None else 0.0)
        )

    def _answers(self, reading: Reading, asked: tuple[_Asked, ...], profile: Profile) -> bool:
        """Whether a card is an answer: no reason speaks against it."""
        if any(term.is_strong and _weight(term, profile) < _MATCHED for term in asked):
            return False
        is_known = self._is_known_by(reading, profile)
        if self._excess(reading, profile)[1] and not is_known:
            return False
        return (
            self._is_of_the_time(reading, profile)
            and self._is_about_the_subject(reading, profile)
            and self._says_enough(reading, asked, profile, is_known)
        )

    # --- subjects -------------------------------------------------------------------------------------------------

    def _subject_score(self, reading: Reading, profile: Profile) -> float:
        """From 0 to 1 how much of the named subjects the card is about; below 0 for a card about somebody nobody named."""
        if not reading.subjects:
            return -0.25 if self._required(profile) else 0.0
        total = sum(self._closeness(name, profile) for name in reading.subjects)
        return total / len(reading.subjects)

    def _closeness(self, asked: str, profile: Profile) -> float:
        index = self._reader.subjects
        if asked in profile.identity:
            return 1.0
        if any(asked in index.ancestors(name) for name in profile.identity):
            return 0.8 if index.kind(asked) == "family" else 0.65
        if asked in profile.about:
            return 0.8
        if asked in profile.spoken:
            return 0.5
        return 0.25 if index.ancestors(asked) & set(profile.identity) else 0.0

    def _required(self, profile: Profile) -> list[str]:
        """The subjects of a card that must have been named for it to be an answer."""
        return [name for name in profile.identity if self._reader.subjects.kind(name) not in _OPTIONAL]

    def _is_about_the_subject(self, reading: Reading, profile: Profile) -> bool:
        index = self._reader.subjects
        if reading.unknown and not (reading.alternatives and reading.subjects):
            return False
        identity = set(profile.identity)
        required = self._required(profile)
        asked = set(reading.subjects)
        if required:
            # One of the card's own subjects is named, by its name, its family's or its maker's …
            direct = {
                name
                for name in asked
                if name in identity or any(name in index.ancestors(one) for one in identity)
            }
            # … or the product that the metric names belongs to the card's subject ("what does ChatGPT cost to run").
            direct |= {name for name in asked if name in profile.about and index.ancestors(name) & identity}
            # … or the card speaks of the whole family of the model that was named.
            direct |= {
                name
                for name in asked
                if any(index.kind(one) == "family" and one in index.ancestors(name) for one in identity)
            }
            if not direct:
                return False
        else:
            direct = asked & profile.everything
        closure = profile.everything | {name for one in profile.everything for name in index.ancestors(one)}
        missing = {name for name in asked - direct if name not in closure}
        if not missing:
            return True
        kinds = {index.kind(name) for name in direct}
        return reading.alternatives and bool(direct) and all(index.kind(name) in kinds for name in missing)

    # --- terms ----------------------------------------------------------------------------------------------------

    def _excess(self, reading: Reading, profile: Profile) -> tuple[float, bool]:
        """The share of the metric that nobody asked for, and whether a narrowing concept is part of it."""
        total, metric = self._metrics[profile.id]
        asked = reading.terms
        unasked = 0.0
        narrowed = False
        for term in metric:
            if term.name in asked or any(other in asked for other in term.related):
                continue
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
                    name, 0.5 * rarity if is_weak else rarity, lexicon.narrows(name), lexicon.related(name)
                )
            )
        return total, tuple(terms)

    def _is_known_by(self, reading: Reading, profile: Profile) -> bool:
        """Whether the question holds a whole alias of the card, or a word that hardly any other card has ("Chinchilla")."""
        for term in reading.terms:
            if term[0] != "@" and self._rarity.get(term, 0.0) >= _RARE:
                weight = profile.terms.get(term, 0.0)
                if weight >= (_MATCHED if term[0].isdigit() else _DISTINCTIVE):
                    return True
        return any(
            all(part[1:] in reading.subjects if part[0] == "#" else part in reading.terms for part in phrase)
            for phrase in profile.phrases
        )

    def _says_enough(
        self, reading: Reading, asked: tuple[_Asked, ...], profile: Profile, is_known: bool
    ) -> bool:
        """Whether the card covers enough of the question, and the question asks for something that a card can be about."""
        total = covered = 0.0
        for term in asked:
            weight = _weight(term, profile)
            is_chatter = reading.subjects and weight == 0.0 and not term.name.startswith("@")
            total += min(term.rarity, _CHATTER) if is_chatter else term.rarity
            covered += term.rarity * weight
        share = covered / total if total else 0.0
        is_quotation = "@view" in reading.terms and any(
            self._reader.subjects.kind(name) == "person" and name in profile.everything
            for name in reading.subjects
        )
        named = bool(reading.subjects) and bool(self._required(profile))
        if share < (_ENOUGH if named or is_quotation else _ENOUGH_UNNAMED):
            return False
        has_measure = any(term.is_strong for term in asked)
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
        agreement = self._period_agreement(reading, profile)
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
        return 0.15 * (period.end.year - 2020) - (0.0 if is_whole else 0.4 if days < 360 else 0.6)

    def _tense(self, reading: Reading, fact: Fact) -> float:
        if "@forecast" in reading.terms:
            return 0.8 if fact.qualifier == "projected" else 0.0
        return -0.35 if fact.qualifier == "projected" else 0.0

    # --- order ----------------------------------------------------------------------------------------------------

    def _side_by_side(self, ranked: list[Ranked], asked: tuple[_Asked, ...]) -> list[Ranked]:
        """Moves sources about the same subject, measure and period up to the best of them; what answers stands first."""
        ranked = sorted(ranked, key=lambda entry: not entry.confident)
        groups: dict[object, list[Ranked]] = {}
        for entry in ranked:
            groups.setdefault(self._sameness(entry.id, asked), []).append(entry)
        return [entry for group in groups.values() for entry in group]

    def _sameness(self, identity: str, asked: tuple[_Asked, ...]) -> object:
        """Facts with the same sameness may contradict each other."""
        fact, profile = self._facts[identity], self._profiles[identity]
        if fact.value is None:
            return identity
        shared = tuple(
            term.name for term in asked if term.is_strong and _weight(term, profile) >= _RELATED * _RELATED
        )
        return (profile.identity, shared, fact.period, fact.unit) if shared else identity


def _weight(term: _Asked, profile: Profile) -> float:
    """How much a card has of a term, by itself or by a related one."""
    weight = profile.terms.get(term.name, 0.0)
    if weight < 1.0:
        for other in term.related:
            weight = max(weight, _RELATED * profile.terms.get(other, 0.0))
    return weight
