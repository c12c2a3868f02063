"""`aicost cost`: exact arithmetic on given numbers, with nothing to be understood; once, or for each line of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import click

from adapters.terminal.amounts import exact_usd, rate_usd
from adapters.terminal.options import day, json_option, moment, number
from adapters.terminal.output import Line, Table, show, write_json
from adapters.terminal.price import per_words
from adapters.terminal.session import clean, opened_knowledge
from adapters.terminal.stream import LineError, answer_lines
from bot.answers import plain
from bot.errors import AicostError
from bot.price_lists import Bill, Request, bill, unit_names

_USAGE = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cached": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
}
"""Fields of a request, and the unit that each counts. `input` counts all input, the cached and cache-written part included."""


def _to_json(priced: Bill) -> dict[str, Any]:
    cost, card = priced.cost, priced.card
    return {
        "cost_usd": plain(cost.total),
        "input_usd": plain(cost.input),
        "output_usd": plain(cost.output),
        "model": card.model.id,
        "provider": card.model.provider,
        "note": priced.note,
        "unpriced": list(cost.unpriced),
        "at_standard": priced.at_standard,
        "source": card.source.id,
        "as_of": card.source.as_of,
    }


@click.command()
@click.argument("model", required=False)
@click.option("--input", "input_", type=number, help="Input tokens of one request, cached ones included.")
@click.option("--output", type=number, help="Output tokens of one request.")
@click.option("--cached", type=number, help="Input tokens that are read from the cache.")
@click.option("--cache-write", type=number, help="Input tokens that are written to the cache.")
@click.option("--requests", type=number, default="1", help="How many such requests: 10k")
@click.option("--batch", is_flag=True, help="At the batch price.")
@click.option(
    "--tier", type=click.Choice(["flex", "priority", "fast"]), help="At the price of this service tier."
)
@click.option("--on", type=day, help="At the prices of that day.")
@click.option("--provider", help="Who sells it, when not its maker.")
@click.option(
    "--stdin",
    "from_stdin",
    is_flag=True,
    help='Price one JSON object {"model", "provider", "input", "output", "cached", "cache_write", "requests", '
    '"on", "batch", "context"} a line.',
)
@json_option
def cost(
    model: str | None,
    input_: Decimal | None,
    output: Decimal | None,
    cached: Decimal | None,
    cache_write: Decimal | None,
    requests: Decimal,
    batch: bool,
    tier: str | None,
    on: datetime | None,
    provider: str | None,
    from_stdin: bool,
    as_json: bool,
) -> int:
    """Price requests to MODEL exactly. The exit status is 2 where a line of --stdin cannot be priced.

    \b
    aicost cost gpt-4o --input 500 --output 200 --requests 10k --batch
    aicost cost --stdin < requests.jsonl
    """
    if from_stdin:
        if model is not None:
            raise click.UsageError("--stdin reads the models from standard input; leave MODEL out.")
        return 2 if asyncio.run(_price_stream()) else 0
    if model is None:
        raise click.UsageError("Name a MODEL, such as: aicost cost gpt-4o --input 500 --output 200.")
    counts = zip(_USAGE.values(), (input_, output, cached, cache_write), strict=True)
    usage = {unit: count for unit, count in counts if count is not None}
    if not usage:
        raise click.UsageError("Say how many tokens one request has: --input, --output.")
    context = {"processing": "batch"} if batch else {}
    if tier:
        context["service_tier"] = tier
    request = Request(
        model=clean(model), provider=provider, usage=usage, requests=requests, on=on, context=context
    )
    with opened_knowledge() as knowledge:
        priced = bill(knowledge, request)
    if as_json:
        write_json(_to_json(priced), indent=2)
    else:
        show(_document(priced))
    return 0


async def _price_stream() -> int:
    with opened_knowledge() as knowledge:

        async def answer(line: dict[str, Any]) -> dict[str, Any]:
            try:
                return _to_json(bill(knowledge, _read_request(line)))
            except AicostError as error:
                raise LineError(f"cannot be priced: {error}") from error

        return await answer_lines(answer, lambda sentence: {"error": sentence})


_FIELDS = frozenset({"model", "provider", *_USAGE, "requests", "on", "batch", "context"})


def _read_request(line: Mapping[str, Any]) -> Request:
    unknown = line.keys() - _FIELDS
    if unknown:
        raise LineError(f"has a field {min(unknown)!r}, which is none of {', '.join(sorted(_FIELDS))}.")
    context = line.get("context") or {}
    if not isinstance(context, dict) or not all(isinstance(value, str) for value in context.values()):
        raise LineError('has a "context" that is no object of texts, such as {"service_tier": "flex"}.')
    batch = line.get("batch")
    if batch is not None and not isinstance(batch, bool):
        raise LineError('has a "batch" that is neither true nor false.')
    model, on = _text(line, "model"), _text(line, "on")
    if model is None:
        raise LineError('has no "model".')
    if not any(line.get(name) is not None for name in _USAGE):
        raise LineError(f"says of no tokens how many there are: {', '.join(_USAGE)}.")
    return Request(
        model=clean(model),
        provider=_text(line, "provider"),
        usage={unit: _count(line[name], name) for name, unit in _USAGE.items() if line.get(name) is not None},
        requests=1 if line.get("requests") is None else _count(line["requests"], "requests"),
        on=None if on is None else moment(on),
        context={"processing": "batch", **context} if batch else context,
    )


def _text(line: Mapping[str, Any], name: str) -> str | None:
    value = line.get(name)
    if value is not None and not isinstance(value, str):
        raise LineError(f'has a "{name}" that is no text.')
    return value or None


def _count(value: Any, name: str) -> Decimal | int:
    if isinstance(value, str):
        try:
            return number(value)
        except click.BadParameter as error:
            raise LineError(f'has a "{name}" that cannot be used: {error.message}') from None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise LineError(f'has a "{name}" that is no number.')
    return value


def _document(priced: Bill) -> list[Line | Table]:
    card, cost, request = priced.card, priced.cost, priced.request
    rows = [
        (
            charge.unit.replace("_", " ")
            + (f" (above {charge.tier_above:,} in)" if charge.tier_above else ""),
            f"{charge.count:,f}",
            f"× {rate_usd(charge.rate)} per {per_words(charge.per)}",
            f"= {exact_usd(charge.amount)}",
        )
        for charge in cost.charges
    ]
    notes = [
        priced.note,
        f"{request.requests:,f} requests" if request.requests != 1 else None,
        f"Terms: {card.terms}" if card.terms.context() else None,
        f"At the standard rate, because these terms have none: {unit_names(priced.at_standard)}"
        if priced.at_standard
        else None,
        f"Not in the total, because no price is on record: {unit_names(cost.unpriced)}"
        if cost.unpriced
        else None,
        card.comment if card.via else None,
        f"Source: {card.source.title}" + (f" ({card.source.as_of})" if card.source.as_of else ""),
    ]
    return [
        Line(f"{exact_usd(cost.total)} — {card.model.display_name} ({card.model.provider})", "bold"),
        *([Table(rows, right=frozenset({1, 3}), indent=2)] if rows else []),
        *(Line(note, indent=2) for note in notes if note),
    ]
