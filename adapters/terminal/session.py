"""What commands open and close: settings, the knowledge base (with its progress on first use), the router, the ledger."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING

from bot.messages import Message
from bot.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from bot.router import Router
    from bot.spend.ledger import Ledger
    from knowledge.base import KnowledgeBase


async def open_router() -> Router:
    """A router by the settings, which the caller closes; shows progress while the knowledge base is compiled."""
    settings = Settings.load()
    from bot.router import Router

    with build_progress() as progress:
        return await Router.open(settings, progress)


@asynccontextmanager
async def opened_router() -> AsyncIterator[Router]:
    """A router by the settings, closed at the end."""
    router = await open_router()
    try:
        yield router
    finally:
        await router.close()


@contextmanager
def opened_knowledge() -> Iterator[KnowledgeBase]:
    """The knowledge base alone, for commands that need no question read; shows progress while it is compiled."""
    settings = Settings.load()
    from knowledge.base import KnowledgeBase

    with build_progress() as progress:
        knowledge = KnowledgeBase.open(settings.data_dir, progress)
    with knowledge:
        yield knowledge


@asynccontextmanager
async def opened_ledger() -> AsyncIterator[Ledger]:
    """The ledger alone; raises StorageError when it cannot be opened."""
    settings = Settings.load()
    from bot.spend.budgets import total_budgets
    from bot.spend.ledger import Ledger

    budgets = total_budgets(settings.budget_day_usd, settings.budget_month_usd, settings.timezone)
    ledger = await Ledger.open(settings.data_dir, settings.retention_days, budgets=budgets)
    try:
        yield ledger
    finally:
        await ledger.close()


@contextmanager
def build_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A callback for the progress of a build: a bar on a terminal, one line elsewhere, nothing when it is never called."""
    bar: Progress | None = None
    announced = False

    def advance(step: str, done: int, total: int) -> None:
        nonlocal bar, announced
        if sys.stderr is None:
            return
        if not announced:
            announced = True
            if sys.stderr.isatty():
                bar = _bar()
                bar.start()
                bar.add_task(step, total=total)
            else:
                sys.stderr.write("aicost: compiling the knowledge base\n")
                sys.stderr.flush()
        if bar is not None:
            bar.update(bar.task_ids[0], description=step, completed=done, total=total)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()


@contextmanager
def working(on: str) -> Iterator[None]:
    """Shows on a terminal that something is being done that may take seconds; nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(on)):
        yield


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("compiling the knowledge base:"),
        BarColumn(bar_width=24),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def message(text: str, thread: str = "") -> Message:
    """A question from this terminal; an empty `thread` is a conversation of one question."""
    return Message(
        platform="terminal",
        text=clean(text),
        user=user_name(),
        thread=thread,
        private=True,
        operator=True,
    )


def new_thread() -> str:
    """A name for a conversation that no other has."""
    return os.urandom(8).hex()


def clean(text: str) -> str:
    """Text from outside as characters that can be stored and shown; lone surrogates (bytes that were no UTF-8) are none."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


@cache
def user_name() -> str:
    """Who sits at the terminal; a number where the system knows no name, as in a container."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())
