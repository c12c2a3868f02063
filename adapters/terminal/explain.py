"""`aicost explain`: an earlier answer with its whole derivation, found by its receipt."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click

from adapters.terminal.options import json_option
from adapters.terminal.output import Line, show, write_json
from adapters.terminal.render import answer_document
from adapters.terminal.session import clean, opened_ledger
from bot.answers import Answer
from bot.errors import UnknownNameError


@click.command()
@click.argument("receipt", metavar="ID")
@json_option
def explain(receipt: str, as_json: bool) -> None:
    """Show again how an answer came about. What was understood, and each step of the calculation.

    ID is the receipt at the foot of the answer.
    """
    data = asyncio.run(_stored(clean(receipt.strip())))
    if as_json:
        write_json(data, indent=2)
        return
    understood = json.dumps(data["parsed"], indent=2, ensure_ascii=False)
    reader = "an LLM, held against the text" if data["parser"] == "llm" else "rules alone"
    show(
        [
            *answer_document(Answer.from_json(data)),
            Line(),
            Line(f"The question, as read by {reader}", "green"),
            Line(understood, "dim", indent=2),
        ]
    )


async def _stored(receipt: str) -> dict[str, Any]:
    async with opened_ledger() as ledger:
        data = await ledger.answer_by_receipt(receipt)
    if data is None:
        raise UnknownNameError("receipt", receipt)
    return data
