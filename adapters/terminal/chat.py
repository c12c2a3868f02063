"""`aicost chat`: a conversation in the terminal, where each question may refer to the one before.

Earlier lines are remembered for the arrow keys while the conversation lasts, and written nowhere: how long texts are kept is
the ledger's business, and one setting.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from adapters.terminal.output import Line, say, show
from adapters.terminal.render import answer_document
from adapters.terminal.session import message, new_thread, open_router

if TYPE_CHECKING:
    from bot.router import Router

PROMPT = "aicost> "
_LEAVE = frozenset({"exit", "quit", "bye"})


@click.command()
def chat() -> None:
    """Ask one question after the other. Follow-ups such as "and with batch?" work.

    The arrow keys bring earlier lines back. "new" starts a new conversation; "exit" or Ctrl-D leaves.
    """
    with suppress(ImportError):  # absent from some Pythons; then there is no line editing
        import readline  # noqa: F401 - `input` edits lines and remembers them once it is imported
    with asyncio.Runner() as runner:
        router = runner.run(open_router())
        try:
            _converse(runner, router)
        finally:
            runner.run(router.close())


def _converse(runner: asyncio.Runner, router: Router) -> None:
    thread = new_thread()
    while (text := _next_line()) is not None:
        word = text.strip().lower().lstrip("/")
        if word in _LEAVE:
            return
        if word == "new":
            thread = new_thread()
            show([Line("A new conversation; what is next?")])
        elif word:
            _answer(runner, router, text, thread)


def _answer(runner: asyncio.Runner, router: Router, text: str, thread: str) -> None:
    try:
        reply = runner.run(router.ask(message(text, thread)))
    except KeyboardInterrupt:
        say("Stopped. Ctrl-D leaves.")
        return
    if reply.answer is not None:
        show([*answer_document(reply.answer, reply.notices), Line()])


def _next_line() -> str | None:
    """The next line that the person enters, None at the end of the input."""
    if sys.stdin is None:
        return None  # the shell closed it: `aicost chat <&-`
    while True:
        try:
            return input(PROMPT if sys.stdin.isatty() else "")
        except EOFError:
            if sys.stdin.isatty():
                click.echo()
            return None
        except KeyboardInterrupt:
            if not sys.stdin.isatty():
                raise
            click.echo("\n(Ctrl-D leaves)")
