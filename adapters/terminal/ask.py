"""`aicost ask`: one question from the command line, or a stream of them from stdin."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from adapters.terminal.output import say, show, write_json
from adapters.terminal.session import message, new_thread, opened_router

if TYPE_CHECKING:
    from bot.messages import Reply

MAX_TURNS = 100
"""Turns that one line of `--stdin` may have."""


class QuestionCommand(click.Command):
    """A command whose arguments are words: "-5" is one, while "--jsno" in front of them is a mistyped option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {name for option in self.get_params(ctx) for name in option.opts}
        for word in args:
            if word == "--" or not word.startswith("--"):
                break
            if word not in known and " " not in word:
                raise click.NoSuchOption(word, possibilities=sorted(known), ctx=ctx)
        return super().parse_args(ctx, args)


@click.command(
    cls=QuestionCommand, context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]}
)
@click.argument("question", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON object.")
@click.option(
    "--stdin",
    "from_stdin",
    is_flag=True,
    help='Read one JSON object {"turns": ["…", …]} a line; print one answer a line, to the last turn.',
)
def ask(question: tuple[str, ...], as_json: bool, from_stdin: bool) -> int:
    """Answer QUESTION with exact, cited figures.

    \b
    aicost ask "10k requests a day, 500 in / 200 out, gpt-4o"
    aicost ask price of claude sonnet 4.5
    aicost ask --stdin < questions.jsonl

    The exit status is 0 for an answer (or a question back), 1 when there is none to give, 2 for an error, for a line of --stdin
    that cannot be read, and for an answer that could not be put on record.
    """
    if from_stdin:
        if question:
            raise click.UsageError("--stdin reads the questions from standard input; leave the words out.")
        return asyncio.run(_answer_stream())
    if not question:
        raise click.UsageError('Ask something, such as: aicost ask "price of gpt-4o".')
    return asyncio.run(_answer_one(" ".join(question), as_json))


async def _answer_one(text: str, as_json: bool) -> int:
    async with opened_router() as router:
        reply = await router.ask(message(text))
    assert reply.answer is not None, "a message without dedup keys repeats nothing"
    if as_json:
        for notice in reply.notices:
            say(notice)
        write_json(reply.answer.to_json())
        return _status(reply)
    from adapters.terminal.render import answer_document

    show(answer_document(reply.answer, reply.notices))
    return _status(reply)


def _status(reply: Reply) -> int:
    """That of the answer; 2 where it was given but the books could not be written."""
    assert reply.answer is not None
    return reply.answer.exit_status if reply.recorded else 2


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for unreachable cycles less often: a question leaves few, and looking takes a twelfth of the time of a stream."""
    before = gc.get_threshold()
    gc.set_threshold(5_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _answer_stream() -> int:
    from adapters.terminal.stream import LineError, answer_lines
    from bot.answers import Answer

    def refuse(sentence: str) -> dict[str, Any]:
        return Answer(status="error", kind="error", headline=sentence).to_json()

    told: set[str] = set()
    unrecorded = False
    async with opened_router() as router:

        async def answer(line: dict[str, Any]) -> dict[str, Any]:
            nonlocal unrecorded
            turns = line.get("turns")
            if not isinstance(turns, list) or not turns or not all(isinstance(turn, str) for turn in turns):
                raise LineError(
                    'has no "turns", a list of one or more texts, such as {"turns": ["price of gpt-4o"]}.'
                )
            if len(turns) > MAX_TURNS:
                raise LineError(f"has more than {MAX_TURNS} turns.")
            thread = new_thread() if len(turns) > 1 else ""
            for turn in turns:
                reply = await router.ask(message(turn, thread))
            for notice in set(reply.notices) - told:
                told.add(notice)
                say(notice)
            unrecorded = unrecorded or not reply.recorded
            assert reply.answer is not None, "a message without dedup keys repeats nothing"
            return reply.answer.to_json()

        with _rare_collections():
            refused = await answer_lines(answer, refuse)
    return 2 if refused or unrecorded else 0
