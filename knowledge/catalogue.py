"""The models and providers of the price list, and the way from what people write to one of them.

`resolve` never guesses silently: its result says how a name was read ("sonnet" is a family, "cluade" was corrected), and a name
that no model has is unknown, with suggestions. Everything is read-only and safe to use from several threads.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Literal

from knowledge.errors import UnknownNameError
from knowledge.lazy_dataclass import dataclass
from knowledge.makers import PROVIDER_SPELLINGS
from knowledge.mentions import named_in
from knowledge.model_finder import ModelFinder
from knowledge.name_index import NameIndex, Row
from knowledge.name_reader import NameReader
from knowledge.ranking import Found, How
from knowledge.records import Modality, Model, Provider
from knowledge.resolver import Resolver
from knowledge.spellings import fold, id_parts, name_parts, spelling

_LONGEST_NAME = 160
_MOST_NAMED = 48
"""Different models that one text is read for."""
_MOST_REMEMBERED = 4096
_COLUMNS = "rowid, provider, id, name, maker, family, version, modality, context_window, deprecated, preview, open_weights, comment"


@dataclass(frozen=True)
class Resolution:
    """What a mention means.

    `how`: "exact"; "family" (the newest of a family); "corrected" (letters were); "ambiguous" (several fit: `candidates`, best
    first); "unknown" (`candidates` are suggestions); "provider_missing" (known, but not sold there; `candidates` are where it is).
    An ambiguous result has a `model` when only the host is open: the model is known, its maker does not sell it, and `model` is
    the host assumed by rule. `note` is a sentence for the reader, None when nothing needs saying.
    """

    mention: str
    how: How
    model: Model | None
    candidates: tuple[Model, ...] = ()
    note: str | None = None
    corrected: bool = False
    """Whether letters were, whatever else `how` says."""


@dataclass(frozen=True)
class Mention:
    """A model, provider or maker named in a text; `text[start:end]` is what stands there.

    `provider` is the provider's id; for a model, the one that the text names for it (None: none named); for a maker, its own API
    (None: it sells none). `maker` is the maker's id, where `kind` is "maker".
    """

    start: int
    end: int
    text: str
    kind: Literal["model", "provider", "maker"]
    resolution: Resolution | None = None
    provider: str | None = None
    maker: str | None = None


class Catalogue:
    """All models at all providers, by id and by whatever people call them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._models: dict[int, Model] = {}
        self._by_id: dict[tuple[str, str], Model] = {}
        self._remembered: dict[tuple[str, str | None], Resolution] = {}
        self._chosen = lru_cache(maxsize=64)(self._choose)
        self._members: dict[tuple[str, str], list[Model]] = {}
        """The models of a line at a provider."""

    @cached_property
    def providers(self) -> Mapping[str, Provider]:
        """Providers by id."""
        rows = self._connection.execute(
            "select id, name, pricing_url, comment, is_maker, fallback_providers from providers order by id"
        )
        return {
            row[0]: Provider(
                id=row[0],
                name=row[1],
                pricing_url=row[2],
                comment=row[3],
                is_maker=bool(row[4]),
                fallback_providers=tuple(json.loads(row[5] or "[]")),
            )
            for row in rows
        }

    @cached_property
    def _index(self) -> NameIndex:
        return NameIndex.load(self._connection)

    @cached_property
    def _resolver(self) -> Resolver:
        fallbacks = {provider.id: provider.fallback_providers for provider in self.providers.values()}
        names = {provider.id: provider.name for provider in self.providers.values()}
        return Resolver(self._index, fallbacks, names)

    @cached_property
    def _reader(self) -> NameReader:
        return NameReader(self._connection, self._index, self._resolver, self.providers)

    @cached_property
    def _finder(self) -> ModelFinder:
        return ModelFinder(self._index)

    def get(self, provider: str, model_id: str) -> Model:
        """The model with exactly this id at this provider. Raises UnknownNameError."""
        known = self._by_id.get((provider, model_id))
        if known is not None:
            return known
        row = self._connection.execute(
            "select rowid from models where provider = ? and id = ?", (provider, model_id)
        ).fetchone()
        if row is None:
            if provider not in self.providers:
                raise UnknownNameError("provider", provider, self._like_provider(provider))
            raise UnknownNameError("model", model_id, self.suggest(model_id))
        model = self._by_id[provider, model_id] = self._model(row[0])
        return model

    def provider_id(self, spelled: str) -> str:
        """The provider that a spelling means ("bedrock" → "aws"). Raises UnknownNameError."""
        if spelled in self.providers:
            return spelled
        folded = fold(spelled).strip()
        found = PROVIDER_SPELLINGS.get(" ".join(folded.replace("-", " ").replace("_", " ").split()))
        for provider in self.providers.values():
            if folded in (provider.id, fold(provider.name)):
                found = provider.id
        if found is None or found not in self.providers:
            raise UnknownNameError("provider", spelled, self._like_provider(folded))
        return found

    def _like_provider(self, spelled: str) -> list[str]:
        from rapidfuzz import process

        found = process.extract(
            fold(spelled), [*self.providers, *PROVIDER_SPELLINGS], score_cutoff=75, limit=5
        )
        known = (PROVIDER_SPELLINGS.get(name, name) for name, *_ in found)
        return list(dict.fromkeys(name for name in known if name in self.providers))[:3]

    def resolve(self, mention: str, provider: str | None = None) -> Resolution:
        """The model that a mention means, at the provider if one is given (an id or a spelling), else where the mention says, else
        at its maker's own API. Raises UnknownNameError only for a provider that is not known."""
        place = None if provider is None else self.provider_id(provider)
        key = (mention, place)
        found = self._remembered.get(key)
        if found is None:
            found = self._resolve(mention, place)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    def _resolve(self, mention: str, provider: str | None) -> Resolution:
        if len(mention) > _LONGEST_NAME:
            return Resolution(mention, "unknown", None, (), "That is too long for a model's name.")
        reading = self._reader.read(mention, provider)
        if reading.found is None:
            return self._unknown(mention, reading.near)
        return self._resolution(mention, reading.found, reading.provider, reading.host)

    def _unknown(self, mention: str, near: Sequence[int]) -> Resolution:
        note = f"I know no model called {mention.strip()!r}."
        return Resolution(mention, "unknown", None, tuple(map(self._model, near)), note)

    def _resolution(
        self, mention: str, found: Found, provider: str | None, host: str | None = None
    ) -> Resolution:
        model = self._model(found.row.rowid) if found.row is not None else None
        candidates = tuple(self._model(row.rowid) for row in found.others)
        note: str | None = None
        said = mention.strip()
        if host is not None:
            places = ", ".join(self.providers[candidate.provider].name for candidate in candidates[:4])
            note = f"No prices of {host} are on record; {candidates[0].display_name} is sold by {places}."
        elif found.how == "provider_missing" and provider is not None:
            places = ", ".join(self.providers[candidate.provider].name for candidate in candidates[:4])
            note = f"{self.providers[provider].name} lists no price for {candidates[0].display_name}; sold by {places}."
        elif model is None:
            note = f"{said!r} fits several models: {', '.join(candidate.display_name for candidate in candidates[:5])}."
        elif found.how in ("family", "corrected") or found.family or found.corrected:
            note = f"Read {said!r} as {model.display_name}" + (f", {found.note}." if found.note else ".")
        elif found.note:
            note = f"{model.display_name}: {found.note}."
        if model is not None and model.deprecated:
            note = (
                f"{note} It is no longer offered." if note else f"{model.display_name} is no longer offered."
            )
        return Resolution(mention, found.how, model, candidates, note, found.corrected)

    def _model(self, rowid: int) -> Model:
        model = self._models.get(rowid)
        if model is None:
            row = self._connection.execute(
                f"select {_COLUMNS} from models where rowid = ?", (rowid,)
            ).fetchone()
            model = self._models[rowid] = _record(row)
        return model

    def _several(self, rowids: Sequence[int]) -> list[Model]:
        """Many models at once, in the order of their rows' numbers."""
        unread = ",".join(str(rowid) for rowid in rowids if rowid not in self._models)
        rows = self._connection.execute(f"select {_COLUMNS} from models where rowid in ({unread})")
        for row in rows.fetchall():
            self._models.setdefault(row[0], _record(row))
        return [self._models[rowid] for rowid in rowids]

    def suggest(self, name: str) -> list[str]:
        """Ids of up to five models that a name may have meant, best first; for messages about a name that is not known."""
        resolution = self.resolve(name[:_LONGEST_NAME])
        found = [resolution.model] if resolution.model else []
        return list(dict.fromkeys(model.id for model in (*found, *resolution.candidates)))[:5]

    def mentions(self, text: str) -> list[Mention]:
        """All models, providers and makers named in a text, in order, not overlapping, the longest reading of each; of a long list
        of models so many as a question can be about."""
        found: list[Mention] = []
        different: set[tuple[str, str | None]] = set()
        for name in named_in(text, self._finder, self.providers.__contains__):
            said = text[name.start : name.end]
            provider = name.provider
            resolution = None
            if name.kind == "model":
                different.add((name.read_as or said, provider))
                if len(different) > _MOST_NAMED:
                    break
                resolution = self.resolve(name.read_as or said, provider)
                if name.shared and resolution.how == "provider_missing":
                    provider = None
                    resolution = self.resolve(name.read_as or said)
            found.append(Mention(name.start, name.end, said, name.kind, resolution, provider, name.maker))
        return found

    def models(
        self,
        *,
        provider: Sequence[str] = (),
        maker: Sequence[str] = (),
        min_context: int | None = None,
        modality: Modality | None = "text",
        include_deprecated: bool = False,
        include_preview: bool = True,
    ) -> list[Model]:
        """The models that fulfil all conditions, makers' own APIs first, then by provider and maker, newest first.

        `provider` and `maker` are ids; `min_context` counts tokens and leaves out models whose context window is not known;
        `modality` None takes all.
        """
        chosen = self._chosen(
            tuple(provider), tuple(maker), min_context, modality, include_deprecated, include_preview
        )
        return list(chosen)

    def _choose(
        self,
        provider: tuple[str, ...],
        maker: tuple[str, ...],
        min_context: int | None,
        modality: Modality | None,
        include_deprecated: bool,
        include_preview: bool,
    ) -> list[Model]:
        conditions: list[str] = []
        values: list[object] = []
        for column, wanted in (("provider", provider), ("maker", maker)):
            if wanted:
                conditions.append(f"{column} in ({', '.join('?' * len(wanted))})")
                values += wanted
        if min_context is not None:
            conditions.append("context_window >= ?")
            values.append(min_context)
        if modality is not None:
            conditions.append("modality = ?")
            values.append(modality)
        if not include_deprecated:
            conditions.append("not deprecated")
        if not include_preview:
            conditions.append("not preview")
        where = f"where {' and '.join(conditions)}" if conditions else ""
        rows = self._connection.execute(f"select rowid from models {where}", values).fetchall()
        models = self._several([row[0] for row in rows])
        models.sort(
            key=lambda model: (model.maker, tuple(-number for number in (*model.version, -1)), model.id)
        )
        models.sort(key=lambda model: (self._index.row(model.rowid).own < 0, model.provider))
        return models

    def newest(self, family: str, provider: str | None = None) -> Model | None:
        """The newest generally available member of a family ("claude sonnet", "gemini flash"), None when there is none."""
        return self.resolve(family, provider).model

    def sellers(self, model: Model) -> list[Model]:
        """The same model at every provider that lists it, the maker's own API first, discontinued offers last."""
        rows: dict[int, Row] = {}
        for pieces in (id_parts(model.id), name_parts(model.name)):
            for row in self._resolver.sellers(spelling(pieces)):
                rows.setdefault(row.rowid, row)
        same_line = [row for row in rows.values() if row.line == self._index.row(model.rowid).line]
        return [self._model(row.rowid) for row in same_line]

    def siblings(self, model: Model) -> list[Model]:
        """What may replace a model: text models of the same line at the same provider, generally available, of the same
        generation (the first number of the version) or newer; newest first, without the model itself."""
        key = (self._index.row(model.rowid).line, model.provider)
        members = self._members.get(key)
        if members is None:
            rows = self._resolver.members(*key)
            members = self._members[key] = self._several([row.rowid for row in rows])
        generation = model.version[:1]
        return [other for other in members if other.version[:1] >= generation and other.rowid != model.rowid]


def _record(row: Sequence[object]) -> Model:
    (
        rowid,
        provider,
        model_id,
        name,
        maker,
        family,
        version,
        modality,
        window,
        deprecated,
        preview,
        weights,
        comment,
    ) = row
    return Model(
        rowid=rowid,  # type: ignore[arg-type]
        provider=provider,  # type: ignore[arg-type]
        id=model_id,  # type: ignore[arg-type]
        name=name,  # type: ignore[arg-type]
        maker=maker,  # type: ignore[arg-type]
        family=family,  # type: ignore[arg-type]
        version=tuple(json.loads(version or "[]")),  # type: ignore[arg-type]
        modality=modality,  # type: ignore[arg-type]
        context_window=window,  # type: ignore[arg-type]
        deprecated=bool(deprecated),
        preview=bool(preview),
        open_weights=None if weights is None else bool(weights),
        comment=comment,  # type: ignore[arg-type]
    )
