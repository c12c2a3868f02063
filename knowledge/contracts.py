"""The operator's own prices, from `contracts.yaml` in the data directory, laid over the list; labelled "your contract".

`knowledge.sources.contract_file` checks the file and compiles it; here its contracts are chosen and applied.

    - name: Enterprise agreement           free text, shown with the price
      provider: openai                     whose bill it is; with or without `model` or `family`; `own`: a server of your own
      model: gpt-4o                        one model, by the id that the price list uses
      family: claude sonnet                all models of a family
      percent_off: 12.5                    off every list price, or
      rates: {input: 2, output: 8}         fixed US dollars per 1M tokens (per 1,000 searches, …)
      terms: batch                         only for this processing (with rates: the rates of this processing)
      from: 2026-01-01                     first day (UTC)
      to: 2026-12-31                       last day (UTC)

A server of your own has no list price: `provider: own` with a `model`, by the name under which it answers, and `rates` gives one
(0 where it costs nothing a token).

Of several contracts that fit, the one for a model goes before one for a family and that before one for a whole provider; a
named provider before none; the last in the file before the others. Fixed rates replace the list's rates of the same units,
tiers included; other units keep their list price. Rates without `terms` are for standard processing only; a discount without
`terms` is for any.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Context, Decimal
from typing import NamedTuple

from knowledge.lazy_dataclass import replace
from knowledge.ratecard import PriceTerms, Rate, RateCard
from knowledge.records import Model, Source
from knowledge.units import UnitTree

FILE_NAME = "contracts.yaml"
TITLE = "your contract"
OWN = "own"
"""The provider of models on a server of the operator's own."""

_EXACT = Context(prec=60)


class Contract(NamedTuple):
    """One entry of the file. `models` are (provider, model id) it is for; empty: all of `provider`."""

    name: str | None
    provider: str | None
    models: frozenset[tuple[str, str]]
    rank: tuple[int, int, int]
    percent_off: Decimal | None
    rates: Mapping[str, Rate]
    terms: Mapping[str, str] | None
    first_day: date | None
    last_day: date | None

    def covers(self, seller: str, listed: tuple[str, str]) -> bool:
        """Whether the contract is for the model that the price list has as `listed` and `seller` bills."""
        if self.provider is not None and self.provider != seller:
            return False
        return not self.models or listed in self.models

    def holds(self, on: date, terms: Mapping[str, str]) -> bool:
        """Whether it applies on a day, under the special terms of a request (empty: standard)."""
        if (self.first_day and on < self.first_day) or (self.last_day and on > self.last_day):
            return False
        if self.terms is None:
            return not self.rates or not terms
        return self.terms == terms

    def apply(self, listed: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """The list's rates after the contract."""
        if self.percent_off is None:
            return {**listed, **self.rates}
        share = _EXACT.divide(_EXACT.subtract(Decimal(100), self.percent_off), Decimal(100))

        def less(price: Decimal) -> Decimal:
            return _EXACT.multiply(price, share)

        return {
            unit: Rate(
                unit,
                less(rate.price),
                rate.per,
                tuple((above, less(price)) for above, price in rate.tiers),
                rate.minimum,
            )
            for unit, rate in listed.items()
        }


class ContractBook:
    """The contracts of a knowledge base, the most important first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._contracts = sorted(_read(connection), key=lambda contract: contract.rank, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._contracts)

    def find(
        self, seller: str, listed: tuple[str, str], on: date, terms: Mapping[str, str]
    ) -> Contract | None:
        """The contract that decides a price, if any."""
        return next((c for c in self._contracts if c.covers(seller, listed) and c.holds(on, terms)), None)


def _read(connection: sqlite3.Connection) -> Iterator[Contract]:
    rates: dict[int, dict[str, Rate]] = {}
    for contract, unit, price, per in connection.execute(
        "select contract, unit, price, per from contract_rates"
    ):
        rates.setdefault(contract, {})[unit] = Rate(unit, Decimal(price), per)
    models: dict[int, set[tuple[str, str]]] = {}
    for contract, provider, model in connection.execute(
        "select contract, provider, model from contract_models"
    ):
        models.setdefault(contract, set()).add((provider, model))
    rows = connection.execute(
        "select id, name, provider, model, family, percent_off, terms, valid_from, valid_to from contracts order by id"
    )
    for number, name, provider, model, family, percent_off, terms, first, last in rows:
        yield Contract(
            name=name,
            provider=provider,
            models=frozenset(models.get(number, ())),
            rank=(2 if model else 1 if family else 0, int(provider is not None), number),
            percent_off=None if percent_off is None else Decimal(percent_off),
            rates=rates.get(number, {}),
            terms=None if terms is None else json.loads(terms),
            first_day=None if first is None else date.fromisoformat(first),
            last_day=None if last is None else date.fromisoformat(last),
        )


def contract_card(
    contract: Contract, listed: RateCard | None, model: Model, terms: PriceTerms, units: UnitTree
) -> RateCard:
    """The card of a model under a contract; `listed` is what the price list says, None where it says nothing."""
    source = Source(
        id=f"contract-{contract.rank[-1]}",
        title=TITLE,
        as_of=None if contract.first_day is None else contract.first_day.isoformat(),
        publisher=contract.name,
    )
    label = f"{TITLE} ({contract.name})" if contract.name else TITLE
    if contract.percent_off is not None:
        said = f"{label}: {contract.percent_off} % off the list price"
    else:
        said = f"{label}: fixed rates for {', '.join(contract.rates)}"
    if listed is None:
        return RateCard(
            model=model,
            rates=contract.rates,
            source=source,
            terms=terms,
            valid_from=contract.first_day,
            comment=f"{said}; the price list has none.",
            contract=True,
            units=units,
        )
    rates = contract.apply(listed.rates)
    kept = [unit for unit in rates if unit not in contract.rates] if contract.rates else []
    said += f"; {', '.join(kept)} at the list price" if kept else ""
    said += f" ({listed.source.title}, {listed.source.as_of})."
    return replace(
        listed,
        rates=rates,
        source=source,
        valid_from=contract.first_day or listed.valid_from,
        comment=f"{said} {listed.comment}" if listed.comment else said,
        contract=True,
    )
