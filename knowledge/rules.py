"""What an answer reckons with besides prices: rules of thumb, fine-tuning prices, measured throughputs and utilisations.

Each row is read from a fact card, keeps the card's hedge, and carries its id and source, so that an answer can cite it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

from knowledge.errors import UnknownNameError
from knowledge.lazy_dataclass import dataclass
from knowledge.records import Source


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A number to reckon with; `high` is the upper end where the card gives a range."""

    name: str
    value: Decimal
    high: Decimal | None
    unit: str
    qualifier: str
    statement: str
    fact: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class FineTuningPrice:
    """What a provider charges for training somebody else's model on your data, in US dollars per `per`.

    `model` is None for a price by size: from `parameters_from` to `parameters_to` parameters, open where None. `low` and `high`
    differ where the price depends on the method (LoRA or full) or the size. `method` is "reinforcement" or None.
    """

    provider: str
    model: str | None
    method: str | None
    parameters_from: Decimal | None
    parameters_to: Decimal | None
    low: Decimal
    high: Decimal
    per: str
    """"1M training tokens" or "hour" (of core training time)."""
    as_of: str | None
    facts: tuple[str, ...]
    statements: tuple[str, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """Tokens a second that were measured for a model on some GPUs, all requests together."""

    model: str
    precision: str | None
    gpu: str
    gpus: int | None
    """None where the source says "a node" without a number."""
    direction: str
    """"output" or "input"."""
    tokens_per_second: Decimal
    conditions: str
    statement: str
    fact: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class Utilisation:
    """Model FLOPs utilisation (MFU) that a training run reached, as a percentage of the GPUs' dense peak."""

    model: str
    percent: Decimal
    conditions: str
    statement: str
    fact: str
    source: Source


class RuleBook:
    """The rules and measurements of a compiled knowledge base; safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """All rules by name (`flops_per_parameter_per_token`, `words_per_token`, …)."""
        rows = self._connection.execute(
            f"select r.name, r.value, r.high, f.unit, f.qualifier, f.statement, {_SOURCE} from rules r"
            " join facts f on f.id = r.fact order by r.rowid"
        )
        return {
            name: Rule(
                name=name,
                value=Decimal(value),
                high=None if high is None else Decimal(high),
                unit=unit,
                qualifier=qualifier,
                statement=statement,
                fact=source[0],
                source=_source(source),
            )
            for name, value, high, unit, qualifier, statement, *source in rows
        }

    def rule(self, name: str) -> Rule:
        """The rule of this name. Raises UnknownNameError."""
        try:
            return self.rules[name]
        except KeyError:
            raise UnknownNameError("rule", name, list(self.rules)) from None

    @cached_property
    def fine_tuning_prices(self) -> tuple[FineTuningPrice, ...]:
        """Hosted fine-tuning prices, by provider."""
        rows = self._connection.execute(
            "select p.provider, p.model, p.method, p.parameters_from, p.parameters_to, p.low, p.high, p.per, p.as_of, p.facts,"
            f" p.statements, {_SOURCE} from fine_tuning_prices p join facts f on f.id = p.fact order by p.rowid"
        )
        return tuple(
            FineTuningPrice(
                provider=provider,
                model=model,
                method=method,
                parameters_from=_decimal(parameters_from),
                parameters_to=_decimal(parameters_to),
                low=Decimal(low),
                high=Decimal(high),
                per=per,
                as_of=as_of,
                facts=tuple(json.loads(facts)),
                statements=tuple(json.loads(statements)),
                source=_source(source),
            )
            for provider, model, method, parameters_from, parameters_to, low, high, per, as_of, facts, statements, *source in rows
        )

    def fine_tuning(
        self, *, provider: str | None = None, model: str | None = None, parameters: Decimal | None = None
    ) -> list[FineTuningPrice]:
        """The fine-tuning prices that fit: of a provider, for a model by name, or for an open model of so many parameters.

        A price for a named model never stands in for another model; a price by size fits where the size lies within it.
        """
        return [
            price
            for price in self.fine_tuning_prices
            if (provider is None or price.provider.lower() == provider.lower())
            and (
                (model is not None and price.model is not None and price.model.lower() == model.lower())
                or (parameters is not None and price.model is None and _within(parameters, price))
                or (model is None and parameters is None)
            )
        ]

    @cached_property
    def throughputs(self) -> tuple[Throughput, ...]:
        """Measured inference throughputs."""
        rows = self._connection.execute(
            "select t.model, t.precision, t.gpu, t.gpus, t.direction, t.tokens_per_second, t.conditions, f.statement,"
            f" {_SOURCE} from throughputs t join facts f on f.id = t.fact order by t.rowid"
        )
        return tuple(
            Throughput(
                model=model,
                precision=precision,
                gpu=gpu,
                gpus=gpus,
                direction=direction,
                tokens_per_second=Decimal(tokens_per_second),
                conditions=conditions,
                statement=statement,
                fact=source[0],
                source=_source(source),
            )
            for model, precision, gpu, gpus, direction, tokens_per_second, conditions, statement, *source in rows
        )

    @cached_property
    def utilisations(self) -> tuple[Utilisation, ...]:
        """Model FLOPs utilisations that real training runs reached."""
        rows = self._connection.execute(
            f"select u.model, u.percent, f.metric, f.statement, {_SOURCE} from utilisations u"
            " join facts f on f.id = u.fact order by u.rowid"
        )
        return tuple(
            Utilisation(
                model=model,
                percent=Decimal(percent),
                conditions=conditions,
                statement=statement,
                fact=source[0],
                source=_source(source),
            )
            for model, percent, conditions, statement, *source in rows
        )


_SOURCE = "f.id, f.title, f.url, f.as_of, f.publisher"


def _source(row: list[str]) -> Source:
    identity, title, url, as_of, publisher = row
    return Source(id=identity, title=title, url=url, as_of=as_of, publisher=publisher)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _within(parameters: Decimal, price: FineTuningPrice) -> bool:
    return (price.parameters_from is None or price.parameters_from <= parameters) and (
        price.parameters_to is None or parameters <= price.parameters_to
    )
