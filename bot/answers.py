"""The answer: a headline, exact figures, where each comes from, and what it took to make.

`Answer.to_json` is a contract that other programs read (see the README): amounts are decimal strings, `unit` and `per` come from
closed lists (a fact keeps the unit of its card), the first figure is the one asked for, and an answer that is not `answered`
holds no price. Adapters render the same object; rounding happens there and in headlines, never in figures.
"""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import Any, Literal

from knowledge.lazy_dataclass import dataclass

Status = Literal["answered", "clarify", "not_found", "out_of_scope", "error"]
ParserName = Literal["local", "llm"]

EXIT_STATUS: dict[Status, int] = {"answered": 0, "clarify": 0, "not_found": 1, "out_of_scope": 1, "error": 2}
"""Exit status of `aicost ask` for each status of an answer."""


def plain(amount: Decimal) -> str:
    """Write an amount exactly, without exponent and without trailing zeros ("32.5", "1000000")."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One exact amount. `per` is None for a one-off amount; `source` is the id of a citation."""

    label: str
    amount: Decimal
    unit: str
    per: str | None = None
    model: str | None = None
    provider: str | None = None
    source: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "amount": plain(self.amount),
            "unit": self.unit,
            "per": self.per,
            "model": self.model,
            "provider": self.provider,
            "source": self.source,
        }


@dataclass(frozen=True, kw_only=True)
class Citation:
    """Where a figure comes from; `as_of` is an ISO date (or year) for which the source speaks."""

    id: str
    title: str
    url: str | None = None
    as_of: str | None = None
    quote: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "title": self.title, "url": self.url, "as_of": self.as_of, "quote": self.quote}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the derivation: `count` units at `rate` give `amount` ("500 input tokens × $2.50 / 1M = $0.00125")."""

    label: str
    amount: Decimal
    unit: str = "USD"
    count: Decimal | None = None
    count_unit: str = ""
    rate: Decimal | None = None
    rate_per: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "count": None if self.count is None else plain(self.count),
            "count_unit": self.count_unit,
            "rate": None if self.rate is None else plain(self.rate),
            "rate_per": self.rate_per,
            "amount": plain(self.amount),
            "unit": self.unit,
        }


@dataclass(frozen=True, kw_only=True)
class Lever:
    """A way to pay less, computed: the amount that it would cost and what that saves, in the headline's unit and period."""

    name: str
    label: str
    amount: Decimal
    saving: Decimal
    unit: str = "USD"
    per: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "amount": plain(self.amount),
            "saving": plain(self.saving),
            "unit": self.unit,
            "per": self.per,
        }


@dataclass(frozen=True)
class Spend:
    """What making the answer itself cost: LLM calls, their tokens, and USD (None where a price is not known)."""

    llm_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)

    def to_json(self) -> dict[str, Any]:
        return {
            "llm_calls": self.llm_calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": None if self.cost_usd is None else plain(self.cost_usd),
        }


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer to one message. `parsed` is the typed question as JSON, `receipt` the id for `aicost explain`."""

    status: Status
    kind: str
    headline: str
    figures: tuple[Figure, ...] = ()
    assumptions: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    steps: tuple[Step, ...] = ()
    levers: tuple[Lever, ...] = ()
    details: tuple[str, ...] = ()
    """Further sentences for a person: facts as stated by their sources, notes, examples of what to ask."""
    parsed: dict[str, Any] = field(default_factory=dict)
    parser: ParserName = "local"
    spend: Spend = field(default_factory=Spend)
    receipt: str = ""

    @property
    def exit_status(self) -> int:
        """Exit status of a terminal command that shows this answer."""
        return EXIT_STATUS[self.status]

    def to_json(self) -> dict[str, Any]:
        """The JSON object of the contract; `steps`, `levers` and `details` are additions to it."""
        return {
            "status": self.status,
            "kind": self.kind,
            "headline": self.headline,
            "figures": [f.to_json() for f in self.figures],
            "assumptions": list(self.assumptions),
            "citations": [c.to_json() for c in self.citations],
            "parsed": self.parsed,
            "parser": self.parser,
            "spend": self.spend.to_json(),
            "receipt": self.receipt,
            "steps": [s.to_json() for s in self.steps],
            "levers": [lever.to_json() for lever in self.levers],
            "details": list(self.details),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Answer:
        """The answer that `to_json` wrote, as it stands in the ledger."""

        def exact(text: str | None) -> Decimal | None:
            return None if text is None else Decimal(text)

        spend = data["spend"]
        steps = [{**s, "count": exact(s["count"]), "rate": exact(s["rate"])} for s in data["steps"]]
        return cls(
            status=data["status"],
            kind=data["kind"],
            headline=data["headline"],
            figures=tuple(Figure(**{**f, "amount": Decimal(f["amount"])}) for f in data["figures"]),
            assumptions=tuple(data["assumptions"]),
            citations=tuple(Citation(**c) for c in data["citations"]),
            steps=tuple(Step(**{**s, "amount": Decimal(s["amount"])}) for s in steps),
            levers=tuple(
                Lever(**{**v, "amount": Decimal(v["amount"]), "saving": Decimal(v["saving"])})
                for v in data["levers"]
            ),
            details=tuple(data["details"]),
            parsed=data["parsed"],
            parser=data["parser"],
            spend=Spend(**{**spend, "cost_usd": exact(spend["cost_usd"])}),
            receipt=data["receipt"],
        )
