"""What every model costs, read from `knowledge.db`: today, on a day of the past, or under special terms such as batch.

A price that is not on record is a NoPriceError, never another model's price, another day's, or the standard price in place of
special terms. Where a provider lists none of its own and resells a maker's model at the maker's price (Azure and OpenAI), the
card says so in `via` and in its comment.

Which rates hold is decided as genai-prices documents it: of the standard cards the last one whose start date and hours fit
(else the first), and for special terms each unit's first fitting rate over the standard one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

from knowledge.errors import NoPriceError
from knowledge.ratecard import (
    STANDARD,
    Charge,
    Cost,
    PriceChange,
    PriceTerms,
    Rate,
    RateCard,
    totals,
)
from knowledge.records import Model, Provider, Source
from knowledge.units import UnitTree

__all__ = [
    "STANDARD",
    "Charge",
    "Cost",
    "PriceBook",
    "PriceChange",
    "PriceTerms",
    "Rate",
    "RateCard",
    "totals",
]

_MANY = 40
"""From this number of unread models on, reading all at once is cheaper than one by one."""


class _Block(NamedTuple):
    """The rates that hold from a day on, at some hours, or under some terms."""

    terms: Mapping[str, str]
    valid_from: date | None
    hours: tuple[str, str] | None
    rates: Mapping[str, Rate]

    def active(self, on: datetime) -> bool:
        if self.valid_from is not None and on.date() < self.valid_from:
            return False
        if self.hours is None:
            return True
        now = on.time()
        start, end = (time.fromisoformat(text) for text in self.hours)
        if end < start:  # past midnight
            return now >= start or now < end
        return start <= now < end


class _Sheet(NamedTuple):
    """All that is on record for one model at one provider, and the cards made of it so far."""

    standard: tuple[_Block, ...]
    special: tuple[_Block, ...]
    via: str | None
    made: dict[tuple[int, ...], RateCard]


class PriceBook:
    """Prices by model. Reads a model's rates once and keeps them; safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sheets: dict[tuple[str, str], _Sheet] = {}
        self._all_read = False

    def card(self, model: Model, on: datetime | None = None, terms: PriceTerms = STANDARD) -> RateCard:
        """The rates of `model` at the moment `on` (default: now; without a zone: UTC) under `terms`.

        Raises NoPriceError where none are on record, or none under these terms.
        """
        sheet = self._sheet(model)
        moment = _utc(on)
        standard = _standard(sheet, moment)
        if standard is None:
            raise NoPriceError(
                f"No price is on record for {model.name} at {self._name(model.provider)}.",
                self._where_to_look(model.provider),
            )
        special = self._special(sheet, model, moment, terms) if terms.context() else ()
        made = sheet.made.get((standard, *special))
        if made is None or made.terms != terms:
            made = self._make(
                sheet, model, terms, sheet.standard[standard], [sheet.special[i] for i in special]
            )
            if not made.rates:
                raise NoPriceError(
                    f"No price is on record for {model.name} at {self._name(model.provider)}.",
                    self._where_to_look(model.provider),
                )
            sheet.made[(standard, *special)] = made
        return made

    def cards(
        self, models: Iterable[Model], on: datetime | None = None, terms: PriceTerms = STANDARD
    ) -> Iterator[RateCard]:
        """The rates of many models, in their order; those without such a price are left out."""
        models = list(models)
        moment = _utc(on)
        if not self._all_read and sum((m.provider, m.id) not in self._sheets for m in models) > _MANY:
            self._read_all()
        for model in models:
            try:
                yield self.card(model, moment, terms)
            except NoPriceError:
                continue

    def has_terms(self, model: Model, terms: PriceTerms, on: datetime | None = None) -> bool:
        """Whether a price under these terms is on record."""
        try:
            self.card(model, on, terms)
        except NoPriceError:
            return False
        return True

    def special_terms(self, model: Model, on: datetime | None = None) -> list[PriceTerms]:
        """The special terms under which the model has other rates than the standard ones."""
        sheet, moment = self._sheet(model), _utc(on)
        if sheet.via is not None:
            return []
        found: dict[str, PriceTerms] = {}
        for block in sheet.special:
            terms = PriceTerms.of(block.terms)
            if block.rates and block.active(moment) and terms.special():
                found.setdefault(str(terms), terms)
        return list(found.values())

    def history(self, model: Model, terms: PriceTerms = STANDARD) -> list[PriceChange]:
        """The rates on record in order of time, announced ones included; a model without dated rates has one entry a unit."""
        sheet = self._sheet(model)
        wanted = terms.special()
        blocks = [block for block in sheet.special if block.terms == wanted] if wanted else sheet.standard
        return [
            PriceChange(block.valid_from, unit, rate, block.hours)
            for block in blocks
            for unit, rate in block.rates.items()
        ]

    # ------------------------------------------------------------------ choosing

    def _special(self, sheet: _Sheet, model: Model, on: datetime, terms: PriceTerms) -> tuple[int, ...]:
        """The special blocks that hold, the most important first."""
        blocks = () if sheet.via is not None else sheet.special
        for wanted in (terms.context(), terms.special()):
            if any(block.terms == wanted and block.active(on) for block in blocks):
                return tuple(
                    index
                    for index, block in enumerate(blocks)
                    if block.active(on) and block.terms.items() <= wanted.items()
                )
        if not terms.special():
            return ()
        later = [b.valid_from for b in blocks if b.terms == terms.special() and b.valid_from is not None]
        if later:
            remedy = f"There is one from {min(later).isoformat()} on; before that only the standard price is known."
        else:
            remedy = f"Ask for the standard price. {self._where_to_look(model.provider)}"
        raise NoPriceError(
            f"No {terms} price is on record for {model.name} at {self._name(model.provider)}.", remedy
        )

    def _make(
        self, sheet: _Sheet, model: Model, terms: PriceTerms, standard: _Block, special: list[_Block]
    ) -> RateCard:
        over: dict[str, Rate] = {}
        for block in special:
            for unit, rate in block.rates.items():
                over.setdefault(unit, rate)
        rates = {**standard.rates, **over}
        starts = [block.valid_from for block in (standard, *special) if block.valid_from is not None]
        comment = model.comment
        if sheet.via is not None:
            said = (
                f"via fallback: {self._name(model.provider)} lists no price of its own for this model; "
                f"this is {self._name(sheet.via)}'s."
            )
            comment = f"{said} {comment}" if comment else said
        return RateCard(
            model=model,
            rates=rates,
            source=self._source(sheet.via or model.provider),
            terms=terms,
            valid_from=max(starts, default=None),
            hours=standard.hours,
            comment=comment,
            via=sheet.via,
            at_standard=frozenset(rates.keys() - over.keys()) if special and over else frozenset(),
            units=self._units,
        )

    # ------------------------------------------------------------------ reading

    def _sheet(self, model: Model) -> _Sheet:
        key = (model.provider, model.id)
        if key not in self._sheets:
            self._sheets[key] = self._read(*key)
        return self._sheets[key]

    def _read(self, provider: str, model_id: str) -> _Sheet:
        own = self._providers.get(provider)
        for seller in (provider, *(own.fallback_providers if own is not None else ())):
            row = self._connection.execute(
                "select rowid from models where provider = ? and id = ?", (seller, model_id)
            ).fetchone()
            if row is not None:
                cards = self._connection.execute(
                    "select id, terms, valid_from, hours_from, hours_to from rate_cards where model = ? order by position",
                    row,
                ).fetchall()
                marks = ",".join("?" * len(cards))
                rates = self._connection.execute(
                    "select card, unit, price, per, above_input_tokens, minimum from rates "
                    f"where card in ({marks}) order by card, position, id",
                    [card[0] for card in cards],
                )
                return _sheet_of(cards, _by_card(rates), None if seller == provider else seller)
        return _Sheet((), (), None, {})

    def _read_all(self) -> None:
        # Ids ascend by model, card and position, so that plain scans come in order.
        rates = _by_card(
            self._connection.execute(
                "select card, unit, price, per, above_input_tokens, minimum from rates order by id"
            )
        )
        keys = {
            rowid: (provider, model_id)
            for rowid, provider, model_id in self._connection.execute(
                "select rowid, provider, id from models"
            )
        }
        cards = self._connection.execute(
            "select id, terms, valid_from, hours_from, hours_to, model from rate_cards order by id"
        )
        for model, group in groupby(cards, key=lambda row: row[5]):
            if keys[model] not in self._sheets:
                self._sheets[keys[model]] = _sheet_of([row[:5] for row in group], rates, None)
        self._all_read = True

    @cached_property
    def _units(self) -> UnitTree:
        return UnitTree.read(self._connection)

    @cached_property
    def _providers(self) -> dict[str, Provider]:
        rows = self._connection.execute("select id, name, pricing_url, fallback_providers from providers")
        return {
            row[0]: Provider(
                id=row[0], name=row[1], pricing_url=row[2], fallback_providers=tuple(json.loads(row[3]))
            )
            for row in rows
        }

    @cached_property
    def _price_list(self) -> tuple[str, str, str]:
        """Title, date and publisher of the list that all prices come from."""
        return self._connection.execute(  # type: ignore[no-any-return]
            "select title, as_of, publisher from sources where id = 'genai-prices'"
        ).fetchone()

    def _source(self, provider: str) -> Source:
        title, as_of, publisher = self._price_list
        seller = self._providers[provider]
        return Source(
            id=f"price-{provider}",
            title=f"{seller.name} list prices, from {title}",
            url=seller.pricing_url,
            as_of=as_of,
            publisher=publisher,
        )

    def _name(self, provider: str) -> str:
        known = self._providers.get(provider)
        return known.name if known is not None else provider

    def _where_to_look(self, provider: str) -> str:
        known = self._providers.get(provider)
        return f"Its provider's page: {known.pricing_url}" if known is not None and known.pricing_url else ""


def _standard(sheet: _Sheet, on: datetime) -> int | None:
    for index in range(len(sheet.standard) - 1, -1, -1):
        if sheet.standard[index].active(on):
            return index
    return 0 if sheet.standard else None


def _by_card(rows: Iterable[tuple[Any, ...]]) -> dict[int, Mapping[str, Rate]]:
    cards: dict[int, dict[str, Rate]] = {}
    for card, unit, price, per, above, minimum in rows:
        rates = cards.setdefault(card, {})
        if above is None:
            rates[unit] = Rate(unit, Decimal(price), per, (), minimum)
        else:
            base = rates[unit]
            rates[unit] = Rate(unit, base.price, per, (*base.tiers, (above, Decimal(price))), minimum)
    return cards  # type: ignore[return-value]


def _sheet_of(
    cards: Iterable[tuple[Any, ...]], rates: Mapping[int, Mapping[str, Rate]], via: str | None
) -> _Sheet:
    standard: list[_Block] = []
    special: list[_Block] = []
    for card, terms, valid_from, hours_from, hours_to in cards:
        block = _Block(
            {} if terms == "{}" else json.loads(terms),
            None if valid_from is None else date.fromisoformat(valid_from),
            None if hours_from is None else (hours_from, hours_to),
            rates.get(card, {}),
        )
        (special if block.terms else standard).append(block)
    return _Sheet(tuple(standard), tuple(special), via, {})


def _utc(on: datetime | None) -> datetime:
    if on is None:
        return datetime.now(UTC)
    return on.replace(tzinfo=UTC) if on.tzinfo is None else on.astimezone(UTC)
