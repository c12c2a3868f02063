"""A question that only an LLM reads, the form that reads it, and a parser on a real ledger to read it with."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.parsing.cascade import LlmReading
from bot.parsing.llm.parser import LlmParser
from bot.questions import EstimateQuestion, Question
from bot.spend.ledger import Ledger

TEXT = "gpt-4o, every day 1200 kiosks dictate, 900 tokens apiece and 80 come back"
FORM: dict[str, Any] = {
    "models": ["gpt-4o"],
    "quantities": [
        {"text": "1200 kiosks", "role": "requests", "per": "day"},
        {"text": "900 tokens", "role": "input", "per": "request"},
        {"text": "80", "role": "output", "per": "request"},
    ],
    "want": "cost",
    "want_per": None,
    "kind": "estimate",
    "follow_up": False,
}
VALUES = {Decimal(1200), Decimal(900), Decimal(80)}


class Setup:
    """A parser on a ledger, with one admitted question to book its calls on."""

    def __init__(self, parser: LlmParser, ledger: Ledger, query_id: int, folder: Path) -> None:
        self.parser = parser
        self.ledger = ledger
        self.query_id = query_id
        self.folder = folder

    async def parse(self, text: str = TEXT, previous: Question | None = None) -> LlmReading:
        return await self.parser.parse(text, previous, self.query_id)

    def rows(self) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.folder / "ledger.db")
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute("SELECT * FROM llm_calls ORDER BY id")]
        connection.close()
        return found


def values(reading: LlmReading) -> set[Decimal]:
    """The numbers of an estimate's workload."""
    assert isinstance(reading.question, EstimateQuestion), reading
    workload = reading.question.stages[0].workload
    sizes = [size.amount for size in (workload.input, workload.output) if size is not None]
    return {*sizes, *([workload.requests] if workload.requests is not None else [])}
