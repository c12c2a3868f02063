"""`aicost tokens`: how many tokens a text is for a model, and what sending it costs."""

from __future__ import annotations

import sys
from typing import Any

import click

from adapters.terminal.options import json_option, read_text
from adapters.terminal.output import Line, show, write_json
from adapters.terminal.session import clean, opened_knowledge
from bot.answers import plain
from bot.presentation import format_amount
from bot.price_lists import count_tokens


@click.command()
@click.argument("text", nargs=-1, type=click.UNPROCESSED)
@click.option("--file", "path", help='Count the text of this file ("-": standard input).')
@click.option("--model", "mention", help="For this model; else by OpenAI's current encoding.")
@click.option("--provider", help="Who sells the model, when not its maker.")
@json_option
def tokens(
    text: tuple[str, ...], path: str | None, mention: str | None, provider: str | None, as_json: bool
) -> None:
    """Count the tokens of TEXT, of a file, or of what is piped in.

    \b
    aicost tokens --model gpt-4o "some text"
    aicost tokens --file prompt.md
    """
    if text and path:
        raise click.UsageError("Give either a TEXT or --file, not both.")
    if not text and path is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError('Give a TEXT, --file, or pipe one in: aicost tokens "some text".')
        path = "-"
    words = clean(" ".join(text)) if path is None else read_text(path)
    with opened_knowledge() as knowledge:
        found = count_tokens(knowledge, words, None if mention is None else clean(mention), provider)
    counted, model, note, bill = found.tokens, found.model, found.note, found.input_usd
    result: dict[str, Any] = {
        "tokens": counted.count,
        "exact": counted.exact,
        "basis": counted.basis,
        "characters": len(words),
        "model": model.id if model else None,
        "provider": model.provider if model else None,
        "input_usd": None if bill is None else plain(bill),
        "note": note,
    }
    if as_json:
        write_json(result, indent=2)
        return
    about = "" if counted.exact else "about "
    cost = (
        f" — {format_amount(bill, 'USD')} as input of {model.display_name}"
        if bill is not None and model
        else ""
    )
    show(
        [
            Line(f"{about}{counted.count:,} tokens{cost}", "bold"),
            *(Line(s, indent=2) for s in (counted.basis, note) if s),
        ]
    )
