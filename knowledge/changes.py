"""What changed in the price list, noticed whenever a knowledge base takes the place of an older one.

Each change is a line in `price_changes.jsonl` beside the knowledge base, which is only ever added to, and a row of the table
`price_changes`, which is filled from it; so the record survives a knowledge base that is thrown away.

kind       old       new
changed    price     price     the price in force today is another one
new        -         price     a price where there was none
gone       price     -         no price where there was one
announced  -         price     a price that holds from `valid_from` on, which is still to come
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from knowledge import freshness
from knowledge.pricelist import CardEntry, PriceList

if TYPE_CHECKING:
    from sqlite_utils import Database

FILE_NAME = "price_changes.jsonl"


class PriceDifference(NamedTuple):
    """One price that was changed; amounts are US dollars for `per` of the unit, `terms` a JSON object ({}: standard)."""

    kind: str
    provider: str
    model: str
    terms: str
    unit: str
    above_input_tokens: int | None
    old: str | None
    new: str | None
    per: int
    valid_from: str | None
    seen_at: str
    source: str


class _Place(NamedTuple):
    """What has one price: a unit of a model under terms, in a tier; on a day still to come, or today (None)."""

    provider: str
    model: str
    terms: str
    unit: str
    above: int | None
    valid_from: str | None


def differences(old: dict[_Place, str], new: PriceList, now: datetime) -> list[PriceDifference]:
    """What a reader of the old list should know about the new one."""
    per = {unit["usage_key"]: unit["per"] for unit in new["units"]}
    state = _state_of_list(new, now.date())
    found = []
    for place in sorted(old.keys() | state.keys(), key=lambda place: tuple(str(part) for part in place)):
        before, after = old.get(place), state.get(place)
        if place.valid_from is not None:
            if after is None or before == after:
                continue  # an announcement that was taken back shows when its day comes, if at all
            kind = "announced"
        elif before is None:
            kind = "new"
        elif after is None:
            kind = "gone"
        elif Decimal(before) != Decimal(after):
            kind = "changed"
        else:
            continue
        found.append(
            PriceDifference(
                kind=kind,
                provider=place.provider,
                model=place.model,
                terms=place.terms,
                unit=place.unit,
                above_input_tokens=place.above,
                old=before,
                new=after,
                per=per.get(place.unit, 1_000_000),
                valid_from=place.valid_from,
                seen_at=now.isoformat(timespec="seconds"),
                source=new["title"],
            )
        )
    return found


def new_changes(path: Path, prices: PriceList) -> list[PriceDifference]:
    """What `prices` changes against the knowledge base that stands at `path`, if a readable one does."""
    if freshness.damage(path) is not None:
        return []
    now = datetime.now(UTC)
    try:
        with closing(freshness.connect(path)) as connection:
            old = _state_of_file(connection, now.date())
    except sqlite3.DatabaseError:  # of another schema: nothing to compare with
        return []
    found = differences(old, prices, now)
    # A build that was killed between record and file does not note the same change again.
    known = {_what(change) for change in recorded(path.parent)} if found else set()
    return [change for change in found if _what(change) not in known]


def record(folder: Path, changes: Iterable[PriceDifference]) -> None:
    """Add changes to the record, for good."""
    lines = [json.dumps(change._asdict()) + "\n" for change in changes]
    if lines:
        with (folder / FILE_NAME).open("a", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())


def recorded(folder: Path) -> Iterator[PriceDifference]:
    """All changes on record, oldest first; a line that a crash left unfinished is passed over."""
    try:
        lines = (folder / FILE_NAME).read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            yield PriceDifference(**json.loads(line))
        except (ValueError, TypeError):
            continue


def write_changes(db: Database, folder: Path, fresh: Iterable[PriceDifference]) -> None:
    """Fill the table `price_changes` of a new knowledge base with the record and what it adds itself."""
    db.table("price_changes").insert_all(change._asdict() for change in (*recorded(folder), *fresh))


def _what(change: PriceDifference) -> tuple[Any, ...]:
    """A change without when it was seen. A price that goes back and forth on one day is noted once."""
    return (*change[:10], change.seen_at[:10])


def _state_of_list(prices: PriceList, today: date) -> dict[_Place, str]:
    state: dict[_Place, str] = {}
    for provider in prices["providers"]:
        for model in provider["models"]:
            state.update(_state(provider["id"], model["id"], model["cards"], today))
    return state


def _state_of_file(connection: sqlite3.Connection, today: date) -> dict[_Place, str]:
    rows = connection.execute(
        "select m.provider, m.id, c.id, c.terms, c.valid_from, c.hours_from, c.hours_to, r.unit, r.price, r.above_input_tokens "
        "from models m join rate_cards c on c.model = m.rowid left join rates r on r.card = c.id order by c.id, r.id"
    )
    models: dict[tuple[str, str], dict[int, CardEntry]] = {}
    for provider, model, card, terms, valid_from, start, end, unit, price, above in rows:
        cards = models.setdefault((provider, model), {})
        if card not in cards:
            cards[card] = CardEntry(
                terms=json.loads(terms),
                valid_from=valid_from,
                hours=(start, end) if start else None,
                rates=[],
            )
        if unit is not None:
            cards[card]["rates"].append({"unit": unit, "price": price, "above": above, "minimum": None})
    state: dict[_Place, str] = {}
    for (provider, model), cards in models.items():
        state.update(_state(provider, model, cards.values(), today))
    return state


def _state(
    provider: str, model: str, cards: Iterable[CardEntry], today: date
) -> Iterator[tuple[_Place, str]]:
    """The prices in force today, outside of dearer hours, and those to come."""
    in_force: dict[str, list[CardEntry]] = {}
    for card in cards:
        if card["hours"] is not None:
            continue
        terms = json.dumps(card["terms"], sort_keys=True)
        if card["valid_from"] is not None and card["valid_from"] > today.isoformat():
            for rate in card["rates"]:
                place = _Place(provider, model, terms, rate["unit"], rate["above"], card["valid_from"])
                yield place, rate["price"]
        else:
            in_force.setdefault(terms, []).append(card)
    for terms, group in in_force.items():
        # Standard cards come in order of time and the last counts; of special ones the first.
        for rate in group[-1 if terms == "{}" else 0]["rates"]:
            yield _Place(provider, model, terms, rate["unit"], rate["above"], None), rate["price"]
