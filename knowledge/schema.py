"""The tables of `knowledge.db` that hold prices and model names, and where every row comes from.

People open the file with Datasette or sqlite-utils, so a table is plain to read: money is exact decimal text in US dollars, a
date is ISO text in UTC, a mapping is a JSON object. A row that states something about the world carries `source` (a key of
`sources`) and `as_of`. The file is a compiled artefact: it is replaced as a whole and never edited in place.

    providers ─┬─ models ─┬─ rate_cards ── rates          price_list: a view that joins the four
               │          └─ names (spellings)            units: what a rate is charged for, and per how many
               └─ sources, meta
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Database

SCHEMA_VERSION = 5
"""Raised whenever a reader would misread a file of the version before; such a file is then compiled anew."""

_TABLES: dict[str, dict[str, Any]] = {
    # built_at, schema_version, fingerprint of the sources, versions of the packages
    "meta": {"columns": {"key": str, "value": str}, "pk": "key"},
    "sources": {
        "columns": {
            "id": str,
            "title": str,
            "url": str,
            "as_of": str,
            "publisher": str,
            "version": str,
            "note": str,  # how `as_of` was found
        },
        "pk": "id",
    },
    # What can be charged for. `dimensions` (JSON) orders units: a unit whose dimensions contain another's is a part of it.
    "units": {
        "columns": {"usage_key": str, "price_key": str, "per": int, "dimensions": str, "position": int},
        "pk": "usage_key",
    },
    "providers": {
        "columns": {
            "id": str,
            "name": str,
            "pricing_url": str,
            "pricing_urls": str,  # JSON array
            "comment": str,
            "description": str,
            "is_maker": int,
            "fallback_providers": str,  # JSON array of provider ids
            "api_pattern": str,  # regular expression over the base address of an API
            "match": str,  # JSON clause over names of the provider
            "model_match": str,  # JSON clause over names of its models
            "position": int,
            "source": str,
            "as_of": str,
        },
        "pk": "id",
        "not_null": {"name", "is_maker", "source"},
    },
    "models": {
        "columns": {
            "rowid": int,
            "provider": str,
            "id": str,
            "name": str,
            "maker": str,
            "family": str,
            "version": str,  # JSON array of integers
            "modality": str,
            "context_window": int,
            "deprecated": int,
            "preview": int,
            "open_weights": int,  # NULL where not known
            "comment": str,
            "description": str,
            "match": str,  # JSON clause over the spellings that an API accepts
            "source": str,
            "as_of": str,
        },
        "pk": "rowid",
        "not_null": {"provider", "id", "name", "maker", "deprecated", "preview", "source"},
        "foreign_keys": [("provider", "providers", "id")],
    },
    # One row for each set of rates that a model has: the standard ones in order of time, then those for special terms.
    "rate_cards": {
        "columns": {
            "id": int,
            "model": int,
            "position": int,  # order within the model: of standard cards the last active one counts, of terms the first
            "terms": str,  # JSON object, e.g. {"processing": "batch"}; {} is the standard price
            "valid_from": str,  # first day (UTC); NULL: since ever, as far as the source knows
            "hours_from": str,  # daily interval in UTC, from inclusive, to exclusive; it may pass midnight
            "hours_to": str,
            "source": str,
            "as_of": str,
        },
        "pk": "id",
        "not_null": {"model", "position", "terms", "source"},
        "foreign_keys": [("model", "models", "rowid")],
    },
    "rates": {
        "columns": {
            "id": int,
            "card": int,
            "position": int,
            "unit": str,
            "price": str,  # US dollars for `per` units, exact decimal text
            "per": int,
            "above_input_tokens": int,  # NULL: base rate; else the rate of a whole request with more input tokens than this
            "minimum": int,  # least count that is billed for one request, when anything is
            "source": str,
            "as_of": str,
        },
        "pk": "id",
        "not_null": {"card", "position", "unit", "price", "per", "source"},
        "foreign_keys": [("card", "rate_cards", "id"), ("unit", "units", "usage_key")],
    },
    # The operator's own prices; see knowledge/contracts.py.
    "contracts": {
        "columns": {
            "id": int,
            "name": str,
            "provider": str,
            "model": str,
            "family": str,
            "percent_off": str,
            "terms": str,  # JSON object; NULL where the contract names none
            "valid_from": str,
            "valid_to": str,  # last day
            "line": int,
            "source": str,
        },
        "pk": "id",
    },
    "contract_rates": {
        "columns": {"contract": int, "unit": str, "price": str, "per": int},
        "pk": ("contract", "unit"),
        "foreign_keys": [("contract", "contracts", "id"), ("unit", "units", "usage_key")],
    },
    # The models that a contract names, as the price list has them; none for a contract with a whole provider.
    "contract_models": {
        "columns": {"contract": int, "provider": str, "model": str},
        "pk": ("contract", "provider", "model"),
        "foreign_keys": [("contract", "contracts", "id")],
    },
    # What other price lists say about the same models; see knowledge/opinions.py.
    "opinions": {
        "columns": {
            "id": int,
            "source": str,
            "model": int,
            "their_name": str,
            "terms": str,
            "unit": str,
            "above_input_tokens": int,
            "price": str,
            "per": int,
            "valid_from": str,
            "valid_until": str,  # first day on which it no longer holds
            "url": str,
            "as_of": str,
            "note": str,  # the conditions of the other source
        },
        "pk": "id",
        "not_null": {"source", "model", "terms", "unit", "price", "per"},
        "foreign_keys": [("source", "sources", "id"), ("model", "models", "rowid")],
    },
    # What became another price when this file took the place of an older one; see knowledge/changes.py.
    "price_changes": {
        "columns": {
            "id": int,
            "kind": str,
            "provider": str,
            "model": str,
            "terms": str,
            "unit": str,
            "above_input_tokens": int,
            "old": str,
            "new": str,
            "per": int,
            "valid_from": str,
            "seen_at": str,
            "source": str,
        },
        "pk": "id",
        "not_null": {"kind", "provider", "model", "terms", "unit", "seen_at"},
    },
}

_PRICE_LIST = """
    select m.provider, m.id as model, m.name, c.terms, c.valid_from, c.hours_from, c.hours_to, r.unit, r.price, r.per,
           r.above_input_tokens, r.minimum, m.context_window, m.deprecated, r.source, r.as_of
    from rates r join rate_cards c on c.id = r.card join models m on m.rowid = c.model
    order by m.provider, m.id, c.position, r.position
"""


def create_tables(db: Database) -> None:
    """Create the empty tables, indexes and views in a new database."""
    for name, definition in _TABLES.items():
        db.table(name).create(
            definition["columns"],
            pk=definition["pk"],
            not_null=definition.get("not_null"),
            foreign_keys=definition.get("foreign_keys"),
            strict=True,
        )


def create_indexes(db: Database) -> None:
    """Add what speeds reading up; done last, because filling an indexed table takes longer."""
    db.table("models").create_index(["provider", "id"], unique=True)
    db.table("rate_cards").create_index(["model", "position"])
    db.table("rates").create_index(["card", "position"])
    db.table("opinions").create_index(["model"])
    db.create_view("price_list", _PRICE_LIST)
