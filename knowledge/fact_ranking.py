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
_RAREST = 3.0
"""Words that no card holds count like this in the share, not by their rarity: people add words of no matter."""
_PERIOD_SCORES: Mapping[Agreement, float] = {"same": 4.0, "within": 2.5, "around": 0.5, "apart": -6.0}
_OPTIONAL = frozenset({"person", "cloud"})
"""Kinds that a card may have without their being asked for: whoever says it, or wherever it is for rent."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A fact's place in the order for one question."""

    id: str
    score: float
    confident: bool


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
        self._order = {identity: place for place, identity in enumerate(self._profiles)}

    def about(self, subjects: Iterable[str]) -> list[str]:
        """Ids of the facts about some subjects, or about what belongs to them."""
        return [identity for name in subjects for identity in self._by_subject.get(name, ())]

    def rank(self, reading: Reading, candidates: Mapping[str, float]) -> list[Ranked]:
        """The candidates in order, those that tell of the same thing side by side."""
        scored = [
            self._judge(reading, self._profiles[identity], bm25) for identity, bm25 in candidates.items()
        ]
        scored.sort(key=lambda entry: (-entry.score, self._order[entry.id]))
        return self._side_by_side(scored, reading)

    def _judge(self, reading: Reading, profile: Profile, bm25: float) -> Ranked:
        fact = self._facts[profile.id]
        subject = self._subject_score(reading, profile)
        covered, strong_covered = self._coverage(reading, profile)
        excess, narrowed = self._excess(reading, profile)
        agreement = self._period_agreement(reading, profile)
        aliased = self._holds_alias(reading, profile)
        score = (
            6.0 * subject
            + 10.0 * covered
            + (
                _PERIOD_SCORES[agreement]
                if agreement
                else (-1.0 if reading.periods else self._freshness(reading, fact))
            )
            - 2.5 * excess
            + (1.5 if aliased else 0.0)
            + 0.15 * min(bm25, 12.0)
            + 0.4 * profile.preference
            + self._tense(reading, fact)
            - (0.8 if reading.wants_amount and fact.value is None else 0.0)
        )
        confident = (
            strong_covered
            and (not narrowed or aliased)
            and self._is_about_the_subject(reading, profile)
            and self._is_of_the_time(reading, agreement, fact)
            and self._says_enough(reading, profile, covered, aliased)
        )
        return Ranked(profile.id, round(score, 4), confident)

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

    def _weight(self, term: str, profile: Profile) -> float:
        """How much a card has of a term, by itself or by a related one."""
        weight = profile.terms.get(term, 0.0)
        if weight < 1.0:
            for other in self._reader.lexicon.related(term):
                weight = max(weight, _RELATED * profile.terms.get(other, 0.0))
        return weight

    def _coverage(self, reading: Reading, profile: Profile) -> tuple[float, bool]:
        """The share of the question's terms that the card covers, and whether each strong concept is among them."""
        lexicon = self._reader.lexicon
        total = covered = 0.0
        strong_covered = True
        for term in reading.terms:
            rarity = self._rarity.get(term)
            if rarity is None:
                rarity = _RAREST
            weight = self._weight(term, profile)
            is_strong = lexicon.is_strong(term)
            if not is_strong:
                rarity *= 0.6
            total += rarity
            covered += rarity * weight
            if is_strong and weight < _MATCHED:
                strong_covered = False
        return (covered / total if total else 0.0), strong_covered

    def _excess(self, reading: Reading, profile: Profile) -> tuple[float, bool]:
        """The share of the metric that nobody asked for, and whether a narrowing concept is part of it."""
        lexicon = self._reader.lexicon
        asked = set(reading.terms)
        total = unasked = 0.0
        narrowed = False
        for term in profile.metric:
            rarity = self._rarity.get(term, _RAREST)
            total += rarity
            if term in asked or asked.intersection(lexicon.related(term)):
                continue
            unasked += rarity
            narrowed = narrowed or lexicon.narrows(term)
        return (unasked / total if total else 0.0), narrowed

    def _holds_alias(self, reading: Reading, profile: Profile) -> bool:
        asked = {*reading.terms, *(f"#{name}" for name in reading.subjects)}
        return any(asked.issuperset(phrase) for phrase in profile.phrases)

    def _says_enough(self, reading: Reading, profile: Profile, covered: float, aliased: bool) -> bool:
        lexicon = self._reader.lexicon
        has_measure = any(lexicon.is_strong(term) for term in reading.terms)
        is_quotation = "@view" in reading.terms and any(
            self._reader.subjects.kind(name) == "person" and name in profile.everything
            for name in reading.subjects
        )
        named = bool(reading.subjects) and bool(self._required(profile))
        enough = covered >= (_ENOUGH if named or is_quotation else _ENOUGH_UNNAMED)
        return enough and (has_measure or aliased or is_quotation or (named and covered >= _ENOUGH_UNNAMED))

    # --- time -----------------------------------------------------------------------------------------------------

    def _period_agreement(self, reading: Reading, profile: Profile) -> Agreement | None:
        """The best agreement with any period asked for; None where either side names none."""
        period = self._periods.get(profile.id)
        if period is None or not reading.periods:
            return None
        agreements = [asked.agreement(period) for asked in reading.periods]
        return max(agreements, key=lambda agreement: _PERIOD_SCORES[agreement])

    def _is_of_the_time(self, reading: Reading, agreement: Agreement | None, fact: Fact) -> bool:
        if not reading.periods:
            return True
        if agreement is None:
            return any(str(period.end.year) in fact.statement for period in reading.periods)
        return agreement in ("same", "within")

    def _freshness(self, reading: Reading, fact: Fact) -> float:
        """Where no period is asked for, later beats earlier and a whole year beats a part of one or several."""
        period = self._periods.get(fact.id)
        if period is None or period.until:
            return 0.0
        days = (period.end - period.start).days
        whole_year = 360 <= days <= 370
        return 0.15 * (period.end.year - 2020) - (
            0.0 if whole_year or days < 1 else 0.4 if days < 360 else 0.6
        )

    def _tense(self, reading: Reading, fact: Fact) -> float:
        if "@forecast" in reading.terms:
            return 0.8 if fact.qualifier == "projected" else 0.0
        return -0.35 if fact.qualifier == "projected" else 0.0

    # --- order ----------------------------------------------------------------------------------------------------

    def _side_by_side(self, ranked: list[Ranked], reading: Reading) -> list[Ranked]:
        """Moves sources about the same subject, measure and period up to the best of them; what answers stands first."""
        ranked = sorted(ranked, key=lambda entry: not entry.confident)
        groups: dict[object, list[Ranked]] = {}
        for entry in ranked:
            groups.setdefault(self._sameness(entry, reading), []).append(entry)
        return [entry for group in groups.values() for entry in group]

    def _sameness(self, entry: Ranked, reading: Reading) -> object:
        """Facts with the same sameness may contradict each other."""
        profile = self._profiles[entry.id]
        strong = frozenset(
            term
            for term in reading.terms
            if self._reader.lexicon.is_strong(term) and self._weight(term, profile) >= _RELATED * _RELATED
        )
        fact = self._facts[entry.id]
        return (
            (profile.identity, strong, fact.period, fact.unit)
            if strong and fact.value is not None
            else entry.id
        )
