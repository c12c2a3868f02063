"""What other price lists say, brought onto the models, units and terms of the knowledge base: the table `opinions`.

An importer yields quotes under the names of its own source. Here each is given to the model that the main price list would
price under that name. Where several names of one source mean the same model, the model's own id counts; failing that, a price
on which all agree; where they do not agree, the source has no opinion. A price of zero is none: these lists write 0 for what
they do not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sqlite_utils import Database


class Quote(NamedTuple):
    """One price as another source states it: US dollars for `per` of the unit; `above` is the tier's threshold."""

    provider: str
    name: str
    terms: Mapping[str, str]
    unit: str
    above: int | None
    price: Decimal
    per: int
    url: str | None = None
    as_of: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    """The first day on which it no longer holds."""
    note: str | None = None


class OpinionSource(NamedTuple):
    """Who says so: a row of the table `sources`."""

    id: str
    title: str
    url: str | None
    as_of: str | None
    publisher: str
    version: str | None
    note: str


def write_opinions(db: Database, source: OpinionSource, quotes: Iterable[Quote]) -> int:
    """Add a source and those of its quotes that are about known models; returns their number."""
    matcher = _Matcher(db)
    found: dict[tuple[Any, ...], list[Quote]] = {}
    for quote in quotes:
        model = matcher.find(quote.provider, quote.name) if quote.price > 0 else None
        if model is not None:
            terms = json.dumps(dict(quote.terms), sort_keys=True)
            key = (model, terms, quote.unit, quote.above, quote.valid_from, quote.valid_until)
            found.setdefault(key, []).append(quote)
    rows = []
    for (model, terms, unit, above, valid_from, valid_until), candidates in found.items():
        chosen = _choose(matcher.ids[model], candidates)
        if chosen is not None:
            rows.append(
                {
                    "source": source.id,
                    "model": model,
                    "their_name": chosen.name,
                    "terms": terms,
                    "unit": unit,
                    "above_input_tokens": above,
                    "price": format(chosen.price, "f"),
                    "per": chosen.per,
                    "valid_from": valid_from,
                    "valid_until": valid_until,
                    "url": chosen.url,
                    "as_of": chosen.as_of or source.as_of,
                    "note": chosen.note,
                }
            )
    db.table("sources").insert(source._asdict())
    db.table("opinions").insert_all(rows)
    return len(rows)


def _choose(model_id: str, candidates: list[Quote]) -> Quote | None:
    for quote in candidates:
        if quote.name.lower() == model_id.lower():
            return quote
    prices = {quote.price / quote.per for quote in candidates}
    return candidates[0] if len(prices) == 1 else None


class _Matcher:
    """Finds the model that a provider would bill under a name, by the match clauses of the main price list."""

    def __init__(self, db: Database) -> None:
        self.ids: dict[int, str] = {}
        self._exact: dict[tuple[str, str], int] = {}
        self._clauses: dict[str, list[tuple[Any, int]]] = {}
        self._seen: dict[tuple[str, str], int | None] = {}
        for rowid, provider, model_id, match in db.execute("select rowid, provider, id, match from models"):
            self.ids[rowid] = model_id
            self._exact[(provider, model_id.lower())] = rowid
            if match is not None:
                self._clauses.setdefault(provider, []).append((json.loads(match), rowid))

    def find(self, provider: str, name: str) -> int | None:
        key = (provider, name.lower())
        if key not in self._seen:
            self._seen[key] = self._exact.get(key) or next(
                (rowid for clause, rowid in self._clauses.get(provider, ()) if matches(clause, key[1])), None
            )
        return self._seen[key]


def matches(clause: Mapping[str, Any], name: str) -> bool:
    """Whether a match clause of the price list accepts a name, which must be in lower case."""
    ((kind, value),) = clause.items()
    match kind:
        case "equals":
            return bool(name == value.lower())
        case "starts_with":
            return name.startswith(value.lower())
        case "ends_with":
            return name.endswith(value.lower())
        case "contains":
            return value.lower() in name
        case "regex":
            return re.search(value, name) is not None
        case "or":
            return any(matches(part, name) for part in value)
        case "and":
            return all(matches(part, name) for part in value)
    return False
