"""The usual bot, to compare with: a price table in the prompt of every question, an answer in the model's own words.

Its table is counted in the forms in which people paste one, for each maker's own text models and for everything on record. What a
prompt cache saves it depends on how soon the next question comes: the cache of a beginning lives some minutes after its last use.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.answers import Answer
from bot.presentation import format_step
from knowledge.base import KnowledgeBase
from knowledge.makers import MAKERS
from knowledge.records import Model

PROMPT = """\
You answer questions about the cost of AI models. Use only the prices below (USD per 1M tokens; context in tokens), \
show the calculation, and say which model and provider the price is for.
"""
"""The prompt on top of the table."""

CACHE_MINUTES = 10
"""OpenAI keeps a beginning for 5 to 10 minutes after its last use (its documentation of prompt caching); the longer is taken."""
WORKING_HOURS = 8
QUESTIONS_A_DAY = (10, 100, 1000)


@dataclass(frozen=True)
class Table:
    """A table of prices as text."""

    name: str
    models: int
    text: str

    @property
    def prompt(self) -> str:
        return PROMPT + self.text


def tables(knowledge: KnowledgeBase) -> Iterator[Table]:
    """The tables that a usual bot may hold."""
    text = knowledge.catalogue.models(modality="text")
    first_party = [m for m in text if m.maker in MAKERS and m.provider in MAKERS[m.maker].apis]
    rows = _rows(knowledge, first_party)
    yield Table("makers' own APIs, CSV", len(rows), _as_csv(rows))
    yield Table("makers' own APIs, JSON", len(rows), _compact(rows))
    yield Table("makers' own APIs, indented JSON", len(rows), json.dumps(rows, indent=1, ensure_ascii=False))
    rows = _rows(knowledge, knowledge.catalogue.models(modality=None, include_deprecated=True))
    yield Table("everything on record, CSV", len(rows), _as_csv(rows))
    yield Table("everything on record, JSON", len(rows), _compact(rows))


def reply(answer: Answer) -> str:
    """What the usual bot would write to say what aicost says: the answer with what belongs to it, and the calculation.

    Sources, assumptions and ways to save, which aicost adds, are left out.
    """
    return "\n".join((answer.headline, *answer.details, *map(format_step, answer.steps)))


def hit_rate(questions_a_day: int) -> float:
    """The share of questions that find the table in the cache, if they come at random within working hours."""
    gap = WORKING_HOURS * 60 / questions_a_day
    return 1 - math.exp(-CACHE_MINUTES / gap)


def _rows(knowledge: KnowledgeBase, models: Iterable[Model]) -> list[dict[str, Any]]:
    """What the table says of each model; what is not known is left out."""
    units = {"input": "input_tokens", "cached_input": "cache_read_tokens", "output": "output_tokens"}
    rows = []
    for card in knowledge.prices.cards(models):
        rates = {name: card.rates[unit] for name, unit in units.items() if unit in card.rates}
        prices = {name: float(Decimal(rate.price) * 10**6 / rate.per) for name, rate in rates.items()}
        window = {"context": card.model.context_window} if card.model.context_window else {}
        rows.append({"provider": card.model.provider, "model": card.model.id, **prices, **window})
    return rows


def _as_csv(rows: list[dict[str, Any]]) -> str:
    """The tightest form of a table."""
    columns = ("provider", "model", "input", "cached_input", "output", "context")
    lines = [",".join(columns)]
    lines += [",".join(str(row.get(column, "")) for column in columns) for row in rows]
    return "\n".join(lines)


def _compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
