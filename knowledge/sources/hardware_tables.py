"""Works out the typed tables (GPUs, rentals, fine-tuning prices, throughputs, utilisations, rules) from the fact cards.

`data/hardware.yaml` says which card states which number; where a number stands only in a card's sentence, it must be found there.
Rentals, prices and throughputs are read off every card of their topic, so that a new card is enough to add one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.facts import Fact
from knowledge.gpu_names import gpu_mentions
from knowledge.periods import parse_period
from knowledge.sources.yaml_lines import LocatedMapping, mistake, read_yaml
from knowledge.subjects import SubjectIndex

if TYPE_CHECKING:
    from sqlite_utils import Database

HARDWARE_FILE = Path(__file__).parent.parent / "data" / "hardware.yaml"

_QUANTITIES = ("dense_bf16_tflops", "memory_gb", "watts")
_FORM = re.compile(r"\b(?:SXM\d?|PCIe|NVL|\d{2,3} ?GB)\b")
_SIZE = re.compile(r"(\d+)B")
_COUNTS = {"one": 1, "two": 2, "four": 4, "eight": 8}
# Terms of a rental by the words of its card, the first that fits; the number is how far back they stand among prices to assume.
_TERMS = (
    ("capacity block", re.compile(r"capacity block", re.I), 4),
    ("marketplace", re.compile(r"verified offers|marketplace", re.I), 3),
    ("Community Cloud", re.compile(r"community cloud", re.I), 3),
    ("serverless", re.compile(r"serverless", re.I), 2),
    ("dedicated deployment", re.compile(r"dedicated deployment", re.I), 2),
    ("Secure Cloud", re.compile(r"secure cloud", re.I), 0),
    ("on demand", re.compile(r""), 0),
)


def preferred_facts() -> dict[str, int]:
    """Cards that stand before or behind others which answer the same question."""
    preferred: dict[str, int] = dict(read_yaml(HARDWARE_FILE)["preferred_facts"])
    return preferred


def write_hardware(db: Database, facts: Sequence[Fact], subjects: SubjectIndex) -> dict[str, int]:
    """Writes the typed tables and returns the preference of the cards whose rental price is the one to assume.

    Raises KnowledgeError for an entry of `hardware.yaml` that no card bears out.
    """
    content = read_yaml(HARDWARE_FILE)
    by_id = {fact.id: fact for fact in facts}
    rentals = _rentals(facts, subjects, list(content["assumed_rental_providers"]))
    _create(db)
    known = _write_gpus(db, content["gpus"], by_id)
    for gpu in dict.fromkeys(row["gpu"] for row in rentals):
        if gpu not in known:
            db.table("gpus").insert({"name": gpu, "aliases": ""})
    db.table("rentals").insert_all(rentals)
    db.table("fine_tuning_prices").insert_all(_fine_tuning(facts, subjects))
    db.table("throughputs").insert_all(_throughputs(facts, subjects))
    db.table("utilisations").insert_all(
        {"model": fact.subject, "percent": format(fact.value, "f"), "fact": fact.id}
        for fact in facts
        if fact.unit == "percent"
        and fact.metric.startswith("model FLOPs utilisation")
        and fact.value is not None
    )
    rules = content["rules"]
    db.table("rules").insert_all(
        {"name": name, **_number(rules[name], rules.key_lines[name], by_id)} for name in rules
    )
    return _rental_preferences(rentals)


def _rental_preferences(rentals: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """3 for the card of the price to assume for a GPU, 1 for the one to assume at a provider."""
    preferences: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for row in rentals:
        first_of_all, first_there = (row["gpu"], "") not in seen, (row["gpu"], row["provider"]) not in seen
        seen.update({(row["gpu"], ""), (row["gpu"], row["provider"])})
        if first_of_all or first_there:
            preferences[row["fact"]] = max(preferences.get(row["fact"], 0), 3 if first_of_all else 1)
    return preferences


def _create(db: Database) -> None:
    tables: dict[str, dict[str, Any]] = {
        "gpus": {"name": str, "aliases": str},
        "gpu_specifications": {"gpu": str, "quantity": str, "value": str, "high": str, "fact": str},
        "rentals": {
            "gpu": str, "provider": str, "usd_per_hour": str, "as_of": str, "spot": int, "terms": str, "variant": str,
            "fact": str, "note": str, "rank": int,
        },
        "fine_tuning_prices": {
            "provider": str, "model": str, "method": str, "parameters_from": str, "parameters_to": str, "low": str, "high": str,
            "per": str, "as_of": str, "fact": str, "facts": str, "statements": str,
        },
        "throughputs": {
            "model": str, "precision": str, "gpu": str, "gpus": int, "direction": str, "tokens_per_second": str,
            "conditions": str, "fact": str,
        },
        "utilisations": {"model": str, "percent": str, "fact": str},
        "rules": {"name": str, "value": str, "high": str, "fact": str},
    }  # fmt: skip
    for name, columns in tables.items():
        db.table(name).create(columns, strict=True)


def _write_gpus(db: Database, entries: Any, facts: Mapping[str, Fact]) -> set[str]:
    for entry in entries:
        name = entry["name"]
        db.table("gpus").insert({"name": name, "aliases": "|".join(entry.get("aliases", ()))})
        db.table("gpu_specifications").insert_all(
            {"gpu": name, "quantity": quantity, **_number(entry[quantity], entry.key_lines[quantity], facts)}
            for quantity in _QUANTITIES
            if quantity in entry
        )
    return {entry["name"] for entry in entries}


def _number(entry: str | LocatedMapping, line: int, facts: Mapping[str, Fact]) -> dict[str, str | None]:
    """The number that an entry of `hardware.yaml` points to; one that it repeats must stand in the card's sentence."""
    identity = entry if isinstance(entry, str) else entry["fact"]
    fact = facts.get(identity)
    if fact is None:
        raise mistake(HARDWARE_FILE, line, f"there is no fact {identity!r}")
    if isinstance(entry, str):
        if fact.value is None:
            raise mistake(HARDWARE_FILE, line, f"the fact {identity!r} has no value")
        return {"value": format(fact.value, "f"), "high": None, "fact": identity}
    stated = set(re.findall(r"\d[\d,]*(?:\.\d+)?", fact.statement))
    numbers = {key: str(entry[key]) for key in ("value", "high") if key in entry}
    for number in numbers.values():
        if number not in stated:
            raise mistake(HARDWARE_FILE, line, f"the fact {identity!r} does not state the number {number}")
    return {"value": numbers["value"], "high": numbers.get("high"), "fact": identity}


def _rentals(facts: Sequence[Fact], subjects: SubjectIndex, assumed: Sequence[str]) -> list[dict[str, Any]]:
    """Every hourly price of a GPU at a provider, in the order in which they are assumed."""
    rows = [
        row
        for fact in facts
        if "GPU rental prices" in fact.topics
        for row in _rentals_of(fact, subjects, assumed)
    ]
    rows.sort(key=lambda row: row["order"])
    for rank, row in enumerate(rows):
        row["rank"] = rank
        del row["order"]
    return rows


def _rentals_of(fact: Fact, subjects: SubjectIndex, assumed: Sequence[str]) -> Iterator[dict[str, Any]]:
    clouds = _named(fact, subjects, "cloud")
    if fact.value is None or not (fact.unit or "").startswith("USD/hour") or len(clouds) != 1:
        return
    price, note = fact.value, None
    node = re.fullmatch(r"USD/hour per (\d+)-GPU node", fact.unit or "")
    if node:
        size = Decimal(node[1])
        price = fact.value / size
        if price * size != fact.value:
            return
        note = f"one of {size} GPUs of a node at ${fact.value} an hour"
    terms, back = next(
        (name, back) for name, words, back in _TERMS if words.search(f"{fact.metric} {fact.statement}")
    )
    variant = " ".join(dict.fromkeys(_FORM.findall(fact.subject)))
    plain = back == 0
    order = (
        0 if plain and clouds[0] in assumed else back + 1,
        -_ordinal(fact.period),
        "NVL" in variant or "PCIe" in variant,
        assumed.index(clouds[0]) if clouds[0] in assumed else len(assumed),
    )
    for gpu in dict.fromkeys(name for _, _, name in gpu_mentions(fact.subject)):
        yield {
            "gpu": gpu,
            "provider": clouds[0],
            "usd_per_hour": format(price.normalize(), "f"),
            "as_of": fact.period,
            "spot": int(bool(re.search(r"\bspot\b", fact.metric))),
            "terms": terms,
            "variant": variant,
            "fact": fact.id,
            "note": note,
            "order": order,
        }


def _ordinal(period: str | None) -> int:
    return parse_period(period).end.toordinal() if period else 0


def _named(fact: Fact, subjects: SubjectIndex, *kinds: str) -> list[str]:
    names = (mention.subject for mention in subjects.mentions(fact.subject, context=True))
    return list(dict.fromkeys(name for name in names if name and subjects.kind(name) in kinds))


def _fine_tuning(facts: Sequence[Fact], subjects: SubjectIndex) -> list[dict[str, Any]]:
    """One row a price; a lowest and a highest price of the same thing become one row."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for fact in facts:
        per = (fact.unit or "").removeprefix("USD/")
        if (
            "fine-tuning prices" not in fact.topics
            or fact.value is None
            or per not in ("1M training tokens", "hour")
        ):
            continue
        models = _named(fact, subjects, "model", "family")
        providers = _named(fact, subjects, "cloud") or _named(fact, subjects, "company")
        sizes = [Decimal(size) * 10**9 for size in _SIZE.findall(fact.subject)] if not models else []
        row = rows.setdefault(
            (fact.subject, per),
            {
                "provider": providers[0],
                "model": models[0] if models else None,
                "method": "reinforcement" if "reinforcement" in fact.metric else None,
                "parameters_from": format(sizes[0], "f") if len(sizes) > 1 else None,
                "parameters_to": format(sizes[-1], "f") if sizes else None,
                "low": fact.value,
                "high": fact.value,
                "per": per,
                "as_of": fact.period,
                "fact": fact.id,
                "facts": [],
                "statements": [],
            },
        )
        row["low"], row["high"] = min(row["low"], fact.value), max(row["high"], fact.value)
        row["facts"].append(fact.id)
        row["statements"].append(fact.statement)
    return [
        {
            **row,
            "low": format(row["low"], "f"),
            "high": format(row["high"], "f"),
            "facts": json.dumps(row["facts"]),
            "statements": json.dumps(row["statements"], ensure_ascii=False),
        }
        for row in rows.values()
    ]


def _throughputs(facts: Sequence[Fact], subjects: SubjectIndex) -> Iterator[dict[str, Any]]:
    for fact in facts:
        gpus = gpu_mentions(fact.subject)
        if fact.unit != "tokens/s" or fact.value is None or not gpus:
            continue
        model = fact.subject.partition(" on ")[0]
        precision = re.search(r"\((FP\d+|BF16|INT\d)\)", model)
        before = fact.subject[: gpus[0][0]].split()
        yield {
            "model": re.sub(r"\s*\([^)]*\)", "", model),
            "precision": precision[1] if precision else None,
            "gpu": gpus[0][2],
            "gpus": None if "node" in fact.subject else _COUNTS.get(before[-1] if before else "", 1),
            "direction": "input" if fact.metric.startswith("input") else "output",
            "tokens_per_second": format(fact.value, "f"),
            "conditions": fact.metric,
            "fact": fact.id,
        }
