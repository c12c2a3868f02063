"""Where other price lists disagree with ours, and what the majority says.

Only list prices are compared, never contracts: unit by unit, under the same terms and in the same tier, on the same day. A
price that one side does not have is no disagreement. Prices within one percent of each other are the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from knowledge.prices import PriceBook, PriceTerms, RateCard
from knowledge.records import Model, Source

TOLERANCE = Decimal("0.01")

_QUERY = """
    select m.rowid, m.provider, m.id, m.name, o.terms, o.unit, o.above_input_tokens, o.source, o.price, o.per, o.their_name,
           o.url, o.as_of, o.note
    from opinions o join models m on m.rowid = o.model
    where (o.valid_from is null or o.valid_from <= :day) and (o.valid_until is null or o.valid_until > :day)
"""


class PriceOpinion(NamedTuple):
    """A price as one source states it, in US dollars for the `per` of the comparison."""

    source: Source
    price: Decimal
    their_name: str | None = None
    note: str | None = None


class Comparison(NamedTuple):
    """One price under several sources; `ours` is the one that answers are computed from."""

    model: Model
    terms: PriceTerms
    unit: str
    per: int
    above_input_tokens: int | None
    ours: PriceOpinion
    others: tuple[PriceOpinion, ...]

    @property
    def difference(self) -> Decimal:
        """The largest deviation from our price, as a share of ours (of theirs where ours is zero)."""
        return max(_difference(self.ours.price, other.price) for other in self.others)

    @property
    def agree(self) -> bool:
        """Whether all sources state our price, within the tolerance."""
        return self.difference <= TOLERANCE

    @property
    def majority(self) -> Decimal | None:
        """The price that more than half of the sources state (at least two); None where there is none."""
        opinions = (self.ours, *self.others)
        for one in opinions:
            same = sum(_difference(one.price, other.price) <= TOLERANCE for other in opinions)
            if same >= 2 and same * 2 > len(opinions):
                return one.price
        return None

    @property
    def verdict(self) -> str:
        """`agreed`, else what the majority says: `ours`, `theirs`, or `open` where there is none."""
        if self.agree:
            return "agreed"
        if self.majority is None:
            return "open"
        return "ours" if _difference(self.ours.price, self.majority) <= TOLERANCE else "theirs"


class OpinionBook:
    """Second and third opinions on the price list."""

    def __init__(self, connection: sqlite3.Connection, prices: PriceBook) -> None:
        self._connection = connection
        self._prices = prices

    def sources(self) -> list[Source]:
        """The other price lists that were compiled in."""
        rows = self._connection.execute(
            "select id, title, url, as_of, publisher from sources where id in (select source from opinions)"
        )
        return [Source(id=r[0], title=r[1], url=r[2], as_of=r[3], publisher=r[4]) for r in rows]

    def comparisons(
        self, models: Iterable[Model] | None = None, on: datetime | None = None
    ) -> Iterator[Comparison]:
        """Every price of these models (None: of all) that another source states too, in the order of the price list."""
        moment = on or datetime.now(UTC)
        titles = {source.id: source for source in self.sources()}
        if models is None:
            yield from self._compared("", {}, titles, moment)
        else:
            for model in models:
                one = {"provider": model.provider, "model": model.id}
                yield from self._compared("and m.provider = :provider and m.id = :model", one, titles, moment)

    def disagreements(
        self, models: Iterable[Model] | None = None, on: datetime | None = None
    ) -> list[Comparison]:
        """The comparisons in which some source differs by more than one percent."""
        return [comparison for comparison in self.comparisons(models, on) if not comparison.agree]

    def _compared(
        self, where: str, values: dict[str, str], titles: dict[str, Source], on: datetime
    ) -> Iterator[Comparison]:
        order = "order by m.rowid, o.terms, o.unit, o.above_input_tokens, o.source"
        rows = self._connection.execute(
            f"{_QUERY} {where} {order}", {"day": on.date().isoformat(), **values}
        ).fetchall()
        for _, group in groupby(rows, key=lambda row: row[:7]):
            yield from self._compare(list(group), titles, on)

    def _compare(
        self, rows: list[tuple[object, ...]], titles: dict[str, Source], on: datetime
    ) -> Iterator[Comparison]:
        rowid, provider, model_id, name, terms, unit, above = rows[0][:7]
        model = Model(
            rowid=int(str(rowid)), provider=str(provider), id=str(model_id), name=str(name), maker=""
        )
        asked = PriceTerms.of(json.loads(str(terms)))
        card = self._card(model, on, asked)
        rate = card.rates.get(str(unit)) if card is not None else None
        if card is None or rate is None or (asked.context() and unit in card.at_standard):
            return
        price = rate.price if above is None else dict(rate.tiers).get(int(str(above)))
        if price is None:
            return
        others = []
        for *_, source, text, per, their_name, url, as_of, note in rows:
            listed = titles[str(source)]
            own = Source(
                id=listed.id,
                title=listed.title,
                url=str(url) if url else listed.url,
                as_of=str(as_of) if as_of else listed.as_of,
                publisher=listed.publisher,
            )
            amount = Decimal(str(text)) * rate.per / int(str(per))
            others.append(PriceOpinion(own, amount, str(their_name), str(note) if note else None))
        yield Comparison(
            model=card.model,
            terms=asked,
            unit=str(unit),
            per=rate.per,
            above_input_tokens=None if above is None else int(str(above)),
            ours=PriceOpinion(card.source, price),
            others=tuple(others),
        )

    def _card(self, model: Model, on: datetime, terms: PriceTerms) -> RateCard | None:
        """The list's rates of that day, outside of the hours in which some models are dearer."""
        card = self._prices.list_card(model, on, terms)
        hour = 0
        while card is not None and card.hours is not None and hour < 24:
            card = self._prices.list_card(model, datetime.combine(on.date(), time(hour), UTC), terms)
            hour += 1
        return card


def _difference(one: Decimal, other: Decimal) -> Decimal:
    if one == other:
        return Decimal(0)
    return abs(one - other) / (one or other)
