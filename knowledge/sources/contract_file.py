"""Checks the operator's `contracts.yaml` (described in `knowledge.contracts`) line by line and compiles it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.contracts import FILE_NAME, OWN
from knowledge.errors import KnowledgeError
from knowledge.sources.yaml_lines import LocatedList, mistake, read_yaml

if TYPE_CHECKING:
    from sqlite_utils import Database

_FIELDS = ("name", "provider", "model", "family", "percent_off", "rates", "terms", "from", "to")
_SHORT_NAMES = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cached_input": "cache_read_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
}
_ABSURD_RATE = Decimal(100_000)
"""US dollars per 1M tokens; the dearest on record is below 1,000, so this is another unit or a slip."""


def write_contracts(db: Database, data_dir: Path) -> None:
    """Check the operator's file and fill the tables contracts, contract_rates and contract_models.

    Raises KnowledgeError, naming the line, for the first mistake; a contract that is not understood is never passed over.
    """
    path = data_dir / FILE_NAME
    if not path.exists():
        return
    entries = read_yaml(path)
    if entries is None:
        return
    if not isinstance(entries, LocatedList):
        raise mistake(path, 1, "the file is no list of contracts (each begins with a dash)")
    for number, (entry, line) in enumerate(zip(entries, entries.item_lines, strict=True), start=1):
        _Entry(db, path, entry, line).write(number)


class _Entry:
    """One contract while it is checked against the models and units of the knowledge base."""

    def __init__(self, db: Database, path: Path, entry: Any, line: int) -> None:
        self._db = db
        self._path = path
        self._entry = entry
        self._line = line

    def write(self, number: int) -> None:
        if not isinstance(self._entry, dict):
            raise self._mistake(
                None, "a contract is a list of fields such as provider, model and percent_off"
            )
        for key in self._entry:
            if key not in _FIELDS:
                raise self._mistake(key, f"{key!r} is no field of a contract; known are {', '.join(_FIELDS)}")
        provider, model, family = (self._text(key) for key in ("provider", "model", "family"))
        models = self._models(provider, model, family)
        percent_off = self._percent_off()
        rates = list(self._rates())
        if (percent_off is None) == (not rates):
            raise self._mistake(None, "a contract has either percent_off or rates")
        first, last = self._day("from"), self._day("to")
        if first and last and last < first:
            raise self._mistake("to", f"the contract ends ({last}) before it begins ({first})")
        self._db.table("contracts").insert(
            {
                "id": number,
                "name": self._text("name"),
                "provider": provider,
                "model": model,
                "family": family,
                "percent_off": None if percent_off is None else str(percent_off),
                "terms": self._terms(),
                "valid_from": first,
                "valid_to": last,
                "line": self._line,
                "source": FILE_NAME,
            }
        )
        self._db.table("contract_rates").insert_all({"contract": number, **rate} for rate in rates)
        self._db.table("contract_models").insert_all(
            {"contract": number, "provider": seller, "model": name} for seller, name in models
        )

    def _models(self, provider: str | None, model: str | None, family: str | None) -> list[tuple[str, str]]:
        if provider is None and model is None and family is None:
            raise self._mistake(None, "a contract needs a provider, a model or a family")
        if model is not None and family is not None:
            raise self._mistake("family", "a contract is for a model or for a family, not for both")
        if provider == OWN:
            if model is None or self._entry.get("rates") is None:
                raise self._mistake("provider", "a server of your own needs a model and rates")
            return [(OWN, model)]
        sellers = self._sellers(provider) if provider is not None else []
        if model is None and family is None:
            return []
        key, value = ("id", model) if model is not None else ("family", family or "")
        rows = self._db.execute(
            f"select provider, id from models where lower({key}) = lower(?) order by rowid", [value]
        ).fetchall()
        found = [row for row in rows if not sellers or row[0] in sellers]
        if not found:
            where = f" at {provider}" if provider is not None else ""
            raise self._mistake(
                "model" if model is not None else "family",
                f"no {'model' if model is not None else 'family'} {value!r} is known{where}{self._near(key, value, sellers)}",
            )
        return found

    def _sellers(self, provider: str) -> list[str]:
        """The provider and those whose models it resells."""
        row = self._db.execute("select fallback_providers from providers where id = ?", [provider]).fetchone()
        if row is None:
            known = [name for (name,) in self._db.execute("select id from providers order by position")]
            raise self._mistake(
                "provider", f"no provider {provider!r} is known{_did_you_mean(provider, known)}"
            )
        return [provider, *json.loads(row[0])]

    def _near(self, key: str, value: str, sellers: list[str]) -> str:
        marks = ",".join("?" * len(sellers))
        where = f"where provider in ({marks})" if sellers else ""
        known = self._db.execute(f"select distinct {key} from models {where} order by {key}", sellers)
        return _did_you_mean(value, [name for (name,) in known])

    def _percent_off(self) -> Decimal | None:
        value = self._entry.get("percent_off")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value <= 100:
            raise self._mistake(
                "percent_off", f"percent_off is a number above 0 and up to 100, not {value!r}"
            )
        return Decimal(value)

    def _rates(self) -> Iterator[dict[str, Any]]:
        rates = self._entry.get("rates")
        if rates is None:
            return
        if not isinstance(rates, dict) or not rates:
            raise self._mistake("rates", "rates name units and prices, such as {input: 2.00, output: 8.00}")
        units = dict(self._db.execute("select usage_key, per from units").fetchall())
        seen: dict[str, str] = {}
        for key, price in rates.items():
            unit = str(_SHORT_NAMES.get(key, key))
            if unit not in units:
                known = ", ".join([*_SHORT_NAMES, "web_searches", "requests"])
                raise self._mistake(
                    "rates", f"{key!r} is nothing that is charged for; known are {known}, …", key
                )
            if unit in seen:
                raise self._mistake("rates", f"{key!r} is the same as {seen[unit]!r}", key)
            seen[unit] = key
            if (
                isinstance(price, bool)
                or not isinstance(price, int | Decimal)
                or not 0 <= price < _ABSURD_RATE
            ):
                raise self._mistake(
                    "rates", f"the price of {key} is US dollars per {units[unit]:,}, not {_shown(price)}", key
                )
            yield {"unit": unit, "price": format(Decimal(price), "f"), "per": units[unit]}

    def _terms(self) -> str | None:
        terms = self._entry.get("terms")
        if terms is None:
            return None
        if isinstance(terms, str):
            terms = {"processing": terms}
        if not isinstance(terms, dict) or not all(isinstance(value, str) for value in terms.values()):
            raise self._mistake("terms", "terms are `batch`, or pairs such as {service_tier: flex}")
        words = ("standard", "default")
        return json.dumps({key: value for key, value in terms.items() if value not in words}, sort_keys=True)

    def _day(self, key: str) -> str | None:
        value = self._entry.get(key)
        if value is None:
            return None
        try:
            return date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            raise self._mistake(key, f"{key!r} is a day such as 2026-01-31, not {_shown(value)}") from None

    def _text(self, key: str) -> str | None:
        value = self._entry.get(key)
        if value is None:
            return None
        if isinstance(value, dict | list | bool) or not str(value).strip():
            raise self._mistake(key, f"{key!r} is a text, not {_shown(value)}")
        return str(value).strip()

    def _mistake(self, key: str | None, what: str, inner: str | None = None) -> KnowledgeError:
        line = self._line
        if key is not None:
            line = self._entry.key_lines[key]
            if inner is not None:
                line = self._entry[key].key_lines[inner]
        return mistake(self._path, line, what)


def _did_you_mean(name: str, known: list[str]) -> str:
    from rapidfuzz import process

    near = [match for match, _, _ in process.extract(name, known, limit=3, score_cutoff=60)]
    return f"; did you mean {', '.join(near)}?" if near else ""


def _shown(value: object) -> str:
    """A value as it stands in the file."""
    return str(value) if isinstance(value, Decimal) else repr(value)
