"""What every model costs, read from `knowledge.db`: today, on a day of the past, or under special terms such as batch.

A price that is not on record is a NoPriceError, never another model's price, another day's, or the standard price in place of
special terms. Where a provider lists none of its own and resells a maker's model at the maker's price (Azure and OpenAI), the
card says so in `via` and in its comment.

Which rates hold is decided as genai-prices documents it: of the standard ones the last whose start date and hours fit (else
the first), and for special terms each unit's first fitting rate over the standard one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from time import time

from knowledge.contracts import ContractBook, contract_card
from knowledge.errors import NoPriceError
from knowledge.pricesheets import Key, Sheet, read_all_sheets, read_sheets
from knowledge.ratecard import (
    STANDARD,
    Charge,
    Cost,
    PriceChange,
    PriceTerms,
    Rate,
    RateCard,
)
from knowledge.records import Model, Provider, Source
from knowledge.shortlist import Shortlist
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
    "Shortlist",
]

_MOST_SHORTLISTS = 32
_MANY = 400
"""From this number of unread models on, reading all is cheaper than choosing."""


class PriceBook:
    """Prices by model. Reads a model's rates once and keeps them; safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sheets: dict[Key, Sheet] = {}
        self._all_read = False
        self._shortlists: dict[tuple[PriceTerms, tuple[int, ...]], tuple[float, Shortlist]] = {}
        self._under_contract: dict[tuple[object, ...], tuple[RateCard | None, RateCard]] = {}
        """The list's card and what the contract made of it."""
        self._settled: dict[Key, tuple[float | None, RateCard]] = {}
        """Standard cards that no later one replaces, and from when (POSIX time; None: whenever): no need to look further."""

    def card(self, model: Model, on: datetime | None = None, terms: PriceTerms = STANDARD) -> RateCard:
        """The rates of `model` at the moment `on` (default: now; without a zone: UTC) under `terms`.

        Raises NoPriceError where none are on record, or none under these terms.
        """
        if terms is STANDARD:
            try:
                since, card = self._settled[model.provider, model.id]
            except KeyError:
                pass
            else:
                if since is None or (on is None and time() >= since):
                    return card
        moment = _utc(on)
        found = self._find(model, moment, terms)
        if found is None:
            raise self._no_price(model, moment, terms)
        return found

    def cards(
        self, models: Iterable[Model], on: datetime | None = None, terms: PriceTerms = STANDARD
    ) -> Iterator[RateCard]:
        """The rates of many models, in their order; those without such a price are left out."""
        models = list(models)
        moment = _utc(on)
        self._read_ahead(models)
        settled = self._settled if terms is STANDARD and on is None else {}
        today = moment.timestamp()
        for model in models:
            known = settled.get((model.provider, model.id))
            if known is not None and (known[0] is None or known[0] <= today):
                yield known[1]
                continue
            found = self._find(model, moment, terms)
            if found is not None:
                yield found

    def shortlist(
        self, models: Sequence[Model], on: datetime | None = None, terms: PriceTerms = STANDARD
    ) -> Shortlist:
        """The rates of many models side by side, for choosing among them; those without such a price are left out."""
        if on is not None:
            return Shortlist(self.cards(models, on, terms))
        key = (terms, tuple(map(attrgetter("rowid"), models)))
        minute = time() // 60  # no price changes within one
        made, kept = self._shortlists.get(key, (None, None))
        if kept is None or made != minute:
            kept = Shortlist(self.cards(models, None, terms))
            if len(self._shortlists) >= _MOST_SHORTLISTS:
                self._shortlists.clear()
            self._shortlists[key] = (minute, kept)
        return kept

    def list_card(
        self, model: Model, on: datetime | None = None, terms: PriceTerms = STANDARD
    ) -> RateCard | None:
        """The rates of the public price list, whatever the operator's contracts say; None where it has none."""
        return self._listed(self._sheet(model), model, _utc(on), terms)

    def has_terms(self, model: Model, terms: PriceTerms, on: datetime | None = None) -> bool:
        """Whether a price under these terms is on record."""
        return self._find(model, _utc(on), terms) is not None

    def special_terms(self, model: Model, on: datetime | None = None) -> list[PriceTerms]:
        """The special terms under which the model has other rates than the standard ones."""
        moment = _utc(on)
        found: dict[str, PriceTerms] = {}
        for block in self._sheet(model).special:
            if block.rates and block.active(moment):
                terms = PriceTerms.of(block.terms)
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

    def _find(self, model: Model, on: datetime, terms: PriceTerms) -> RateCard | None:
        sheet = self._sheet(model)
        card = self._listed(sheet, model, on, terms)
        return self._contracted(sheet, card, model, on, terms) if self._contracts else card

    def _contracted(
        self, sheet: Sheet, card: RateCard | None, model: Model, on: datetime, terms: PriceTerms
    ) -> RateCard | None:
        """The list's card, or what the operator's contract makes of it."""
        listed = (sheet.via or model.provider, model.id)
        contract = self._contracts.find(model.provider, listed, on.date(), terms.special())
        if contract is None or (card is None and not contract.rates):
            return card
        key = (model.provider, model.id, contract.rank, terms)
        made = self._under_contract.get(key)
        if made is None or made[0] is not card:
            made = self._under_contract[key] = (
                card,
                contract_card(contract, card, model, terms, self._units),
            )
        return made[1]

    def _listed(self, sheet: Sheet, model: Model, on: datetime, terms: PriceTerms) -> RateCard | None:
        standard = sheet.standard_at(on)
        if standard is None:
            return None
        key: tuple[int, ...] = (standard,)
        if terms is not STANDARD:
            special = sheet.special_at(on, terms.context())
            if special is None and terms.special():
                special = sheet.special_at(on, terms.special())
                if special is None:
                    return None
            key = (standard, *(special or ()))
        if key in sheet.cards:
            card = sheet.cards[key]
            if card is None or card.terms is terms or card.terms == terms:
                return card
        card = sheet.cards[key] = self._make(sheet, key, model, terms)
        if (
            card is not None
            and terms is STANDARD
            and key == (len(sheet.standard) - 1,)
            and card.hours is None
        ):
            self._settle(model, card)
        return card

    def _settle(self, model: Model, card: RateCard) -> None:
        """Note that no later card replaces this one."""
        if self._contracts:  # they come and go by the day
            return
        first = card.valid_from
        since = None
        if first is not None:
            since = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
        self._settled[(model.provider, model.id)] = (since, card)

    def _make(self, sheet: Sheet, key: tuple[int, ...], model: Model, terms: PriceTerms) -> RateCard | None:
        standard = sheet.standard[key[0]]
        special = [sheet.special[index] for index in key[1:]]
        over: dict[str, Rate] = {}
        for block in special:
            for unit, rate in block.rates.items():
                over.setdefault(unit, rate)
        rates = {**standard.rates, **over} if over else standard.rates
        if not rates:
            return None
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
            at_standard=frozenset(rates.keys() - over.keys()) if over else frozenset(),
            units=self._units,
        )

    def _no_price(self, model: Model, on: datetime, terms: PriceTerms) -> NoPriceError:
        seller = self._name(model.provider)
        known = self._providers.get(model.provider)
        look = f"Its price page: {known.pricing_url}" if known is not None and known.pricing_url else ""
        if self._find(model, on, STANDARD) is None:
            return NoPriceError(f"No price is on record for {model.display_name} at {seller}.", look)
        later = [
            block.valid_from
            for block in self._sheet(model).special
            if block.terms == terms.special() and block.valid_from is not None
        ]
        if later:
            look = f"There is one from {min(later).isoformat()} on; for the day before that, only the standard price is known."
        return NoPriceError(f"No {terms} price is on record for {model.display_name} at {seller}.", look)

    # ------------------------------------------------------------------ reading

    def _sheet(self, model: Model) -> Sheet:
        key = (model.provider, model.id)
        sheet = self._sheets.get(key)
        if sheet is None:
            sheet = self._sheets[key] = self._read(*key)
        return sheet

    def _read_ahead(self, models: Iterable[Model]) -> None:
        """Read the sheets of many models at once, instead of one by one when they are asked for."""
        if self._all_read:
            return
        unread = [key for key in ((model.provider, model.id) for model in models) if key not in self._sheets]
        if len(unread) > _MANY:
            self._sheets = {**read_all_sheets(self._connection), **self._sheets}
            self._all_read = True
        elif len(unread) > 1:
            self._sheets = {**read_sheets(self._connection, unread), **self._sheets}

    def _read(self, provider: str, model_id: str) -> Sheet:
        key = (provider, model_id)
        sheet = read_sheets(self._connection, [key]).get(key)
        if sheet is not None:
            return sheet
        known = self._providers.get(provider)
        for seller in known.fallback_providers if known is not None else ():
            other = (seller, model_id)
            sheet = read_sheets(self._connection, [other]).get(other)
            if sheet is not None:
                # Only the standard price: a reseller's batch or priority price is its own, and not on record.
                return Sheet(sheet.standard, via=seller)
        return Sheet()

    @cached_property
    def _contracts(self) -> ContractBook:
        return ContractBook(self._connection)

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
    def _sources(self) -> dict[str, Source]:
        """For each provider where its list prices were read."""
        title, as_of, publisher = self._connection.execute(
            "select title, as_of, publisher from sources where id = 'genai-prices'"
        ).fetchone()
        return {
            provider.id: Source(
                id=f"price-{provider.id}",
                title=f"{provider.name} list prices, from {title}",
                url=provider.pricing_url,
                as_of=as_of,
                publisher=publisher,
            )
            for provider in self._providers.values()
        }

    def _source(self, provider: str) -> Source:
        return self._sources[provider]

    def _name(self, provider: str) -> str:
        known = self._providers.get(provider)
        return known.name if known is not None else provider


def _utc(on: datetime | None) -> datetime:
    if on is None:
        return datetime.now(UTC)
    return on.replace(tzinfo=UTC) if on.tzinfo is None else on.astimezone(UTC)
