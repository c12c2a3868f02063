"""Reads the rates of models from `knowledge.db` as they stand there: dated, by hour, and under special terms."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from knowledge.ratecard import Rate, RateCard

Key = tuple[str, str]
"""A provider's id and a model's id there."""

_RATES = "select card, unit, price, per, above_input_tokens, minimum from rates"
_CARDS = "select id, terms, valid_from, hours_from, hours_to, model from rate_cards"


class Block:
    """The rates that hold from a day on, at some hours, or under some terms (none: the standard price)."""

    __slots__ = ("_rates", "_rows", "always", "hours", "terms", "valid_from")

    def __init__(
        self,
        terms: Mapping[str, str],
        valid_from: date | None,
        hours: tuple[str, str] | None,
        rows: Iterable[tuple[Any, ...]],
    ) -> None:
        self.terms = terms
        self.valid_from = valid_from
        self.hours = hours
        self.always = valid_from is None and hours is None
        self._rows = rows
        self._rates: Mapping[str, Rate] | None = None

    @property
    def rates(self) -> Mapping[str, Rate]:
        """Unit to rate, in the order of the source."""
        if self._rates is None:
            self._rates = _rates_of(self._rows)
        return self._rates

    def active(self, on: datetime) -> bool:
        """Whether the rates hold at the moment `on`, which is in UTC."""
        if self.valid_from is not None and on.date() < self.valid_from:
            return False
        if self.hours is None:
            return True
        now = on.time()
        start, end = (time.fromisoformat(text) for text in self.hours)
        if end < start:  # past midnight
            return now >= start or now < end
        return start <= now < end


class Sheet:
    """All that is on record for one model at one provider. `via` is the provider whose list stands in, if any."""

    __slots__ = ("cards", "special", "standard", "via")

    def __init__(self, blocks: Iterable[Block] = (), via: str | None = None) -> None:
        blocks = list(blocks)
        self.standard = [block for block in blocks if not block.terms]
        self.special = [block for block in blocks if block.terms]
        self.via = via
        self.cards: dict[tuple[int, ...], RateCard | None] = {}
        """Cards made so far, by the blocks they are made of; None where these hold no rate."""

    def standard_at(self, on: datetime) -> int | None:
        """The standard block of a moment: the last active one, else the first."""
        for index in range(len(self.standard) - 1, -1, -1):
            block = self.standard[index]
            if block.always or block.active(on):
                return index
        return 0 if self.standard else None

    def special_at(self, on: datetime, terms: Mapping[str, str]) -> tuple[int, ...] | None:
        """The blocks that these terms call for, the most important first; None if the list has none for exactly them."""
        if not any(block.terms == terms and block.active(on) for block in self.special):
            return None
        return tuple(
            index
            for index, block in enumerate(self.special)
            if block.terms.items() <= terms.items() and block.active(on)
        )


def read_sheets(connection: sqlite3.Connection, wanted: Collection[Key]) -> dict[Key, Sheet]:
    """The sheets of some models; without those that their providers do not list."""
    keys: dict[int, Key] = {}
    for key in wanted:
        row = connection.execute("select rowid from models where provider = ? and id = ?", key).fetchone()
        if row is not None:
            keys[row[0]] = key
    models = ",".join(map(str, keys))
    cards = connection.execute(f"{_CARDS} where model in ({models}) order by model, position").fetchall()
    numbers = ",".join(str(card[0]) for card in cards)
    rates = _grouped(connection.execute(f"{_RATES} where card in ({numbers}) order by card, position, id"))
    blocks: dict[int, list[Block]] = {rowid: [] for rowid in keys}
    for card in cards:
        blocks[card[5]].append(_block(card, rates))
    return {keys[rowid]: Sheet(own) for rowid, own in blocks.items()}


def read_all_sheets(connection: sqlite3.Connection) -> dict[Key, Sheet]:
    """The sheets of all models, in about 15 ms."""
    # Ids ascend by model, card and position, so that plain scans come in order.
    rates = _grouped(connection.execute(f"{_RATES} order by id"))
    blocks: dict[int, list[Block]] = {}
    for card in connection.execute(f"{_CARDS} order by id"):
        blocks.setdefault(card[5], []).append(_block(card, rates))
    keys = connection.execute("select rowid, provider, id from models")
    return {(provider, model_id): Sheet(blocks.get(rowid, ())) for rowid, provider, model_id in keys}


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
    cards: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        cards.setdefault(row[0], []).append(row)
    return cards


def _block(card: tuple[Any, ...], rates: Mapping[int, list[tuple[Any, ...]]]) -> Block:
    number, terms, valid_from, hours_from, hours_to, _ = card
    return Block(
        {} if terms == "{}" else json.loads(terms),
        None if valid_from is None else date.fromisoformat(valid_from),
        None if hours_from is None else (hours_from, hours_to),
        rates.get(number, ()),
    )


def _rates_of(rows: Iterable[tuple[Any, ...]]) -> Mapping[str, Rate]:
    rates: dict[str, Rate] = {}
    for _, unit, price, per, above, minimum in rows:
        if above is None:
            rates[unit] = Rate(unit, Decimal(price), per, (), minimum)
        else:
            base = rates[unit]
            rates[unit] = Rate(unit, base.price, per, (*base.tiers, (above, Decimal(price))), minimum)
    return rates
