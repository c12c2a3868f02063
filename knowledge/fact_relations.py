"""How the subjects of a question and those of a fact card belong together: the same, one a part of the other, or strangers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from knowledge.fact_reading import Profile, Reading
from knowledge.subjects import SubjectIndex

_OPTIONAL = frozenset({"person", "cloud"})
"""Kinds that a card may have without their being asked for: whoever says it, or wherever it is for rent."""


_SORTS = {"person": "person", "cloud": "cloud", "gpu": "gpu"}
"""Kinds that are alternatives to their like only; a model may well stand beside a company."""


class Relations:
    """The subjects of all cards."""

    def __init__(self, profiles: Sequence[Profile], index: SubjectIndex) -> None:
        self._index = index
        self._by_subject: dict[str, list[str]] = defaultdict(list)
        for profile in profiles:
            speakers = {name for name in profile.spoken if index.kind(name) == "person"}
            for name in {*profile.identity, *profile.about, *speakers}:
                for other in (name, *index.ancestors(name)):
                    self._by_subject[other].append(profile.id)
        self._obliging = {
            profile.id: tuple(name for name in profile.identity if index.kind(name) not in _OPTIONAL)
            for profile in profiles
        }
        self.nearness = {profile.id: self._nearness(profile) for profile in profiles}
        """For each card its subjects and how near each is, from 0 to 1."""

    def about(self, subjects: Iterable[str]) -> list[str]:
        """Ids of the facts about some subjects, or about what belongs to them; about nobody in particular if none is named."""
        found = [identity for name in subjects for identity in self._by_subject.get(name, ())]
        return found or [identity for identity, required in self._obliging.items() if not required]

    def score(self, reading: Reading, above: Sequence[frozenset[str]], profile: Profile) -> float:
        """From 0 to 1 how much of the named subjects the card is about; below 0 for a card about somebody nobody named."""
        subjects = reading.subjects
        if not subjects:
            return -0.25 if self.required(profile) else 0.0
        closeness = self.nearness[profile.id]
        total = nearest = 0.0
        for name, ancestors in zip(subjects, above, strict=True):
            near = closeness.get(name) or (0.25 if ancestors.intersection(profile.identity) else 0.0)
            total += near
            nearest = max(nearest, near)
        # Of names side by side, being about one of them is all that a card can do.
        return nearest if reading.alternatives else total / len(subjects)

    def _nearness(self, profile: Profile) -> dict[str, float]:
        """Each subject that a card has to do with, and how near it is."""
        index = self._index
        near = dict.fromkeys(profile.spoken, 0.5)
        near.update(dict.fromkeys(profile.about, 0.8))
        for name in profile.identity:
            for other in index.ancestors(name):
                near[other] = max(near.get(other, 0.0), 0.8 if index.kind(other) == "family" else 0.5)
            near.update(dict.fromkeys(self._members(name), 0.8))
        near.update(dict.fromkeys(profile.identity, 1.0))
        return near

    def _members(self, name: str) -> list[str]:
        """The companies whose names make up that of a group ("Alphabet, Amazon, Meta and Microsoft")."""
        index = self._index
        if index.kind(name) != "group":
            return []
        return [one for one in index.subjects if one != name and one.partition(" (")[0] in name]

    def required(self, profile: Profile) -> tuple[str, ...]:
        """The subjects of a card that must have been named for it to be an answer."""
        return self._obliging[profile.id]

    def answers(self, reading: Reading, profile: Profile, is_known: bool) -> bool:
        """Whether nothing about the names of a question speaks against a card; `is_known`: it is known by its words."""
        index = self._index
        if reading.unknown and not (reading.alternatives and reading.subjects):
            return False
        identity = set(profile.identity)
        required = self.required(profile)
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
            # … or a person is named who says it.
            direct |= {name for name in asked if index.kind(name) == "person" and name in profile.everything}
            members = {one for name in required for one in self._members(name)}
            if is_known and len(asked & members) > 1 and asked <= members:
                return True
            if not direct:
                # What several add up to is asked for by naming nobody ("combined capex").
                return not asked and is_known and all(index.kind(name) == "group" for name in required)
        else:
            direct = asked & profile.everything
        closure = profile.everything | {name for one in profile.everything for name in index.ancestors(one)}
        missing = {name for name in asked - direct if name not in closure}
        if not missing:
            return True
        sorts = {_SORTS.get(index.kind(name), "maker") for name in direct}
        return (
            reading.alternatives
            and bool(direct)
            and all(_SORTS.get(index.kind(name), "maker") in sorts for name in missing)
        )
