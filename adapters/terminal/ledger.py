"""`aicost ledger`: what is stored of a person, and how it is forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from adapters.terminal.options import json_option
from adapters.terminal.output import Line, show, write_json
from adapters.terminal.session import opened_ledger

if TYPE_CHECKING:
    from bot.spend.privacy import Forgotten


@click.group()
def ledger() -> None:
    """Show what is stored of a user, or remove it."""


@ledger.command()
@click.argument("user")
def export(user: str) -> None:
    """Print all that is stored of USER, as JSON. USER is a platform's user id, such as slack:U012AB3CD."""
    write_json(asyncio.run(_export(user)), indent=2)


async def _export(user: str) -> dict[str, Any]:
    async with opened_ledger() as opened:
        return await opened.export(user)


@ledger.command()
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(user: str, yes: bool, as_json: bool) -> None:
    """Remove USER's name and words from the ledger. What was spent stays in all sums.

    The cache of parsed questions holds words but no names, so it is emptied for everybody; it fills again by itself.
    """
    if not yes:
        click.confirm(f"Remove all that is stored of {user!r}? This cannot be undone", abort=True, err=True)
    forgotten = asyncio.run(_forget(user))
    if as_json:
        write_json(asdict(forgotten), indent=2)
        return
    counts = asdict(forgotten)
    left = counts.pop("budgets_left")
    gone = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    lines = [Line(f"{gone} forgotten.")]
    if left:
        lines.append(
            Line(f"A budget still names them: aicost budget remove user {user} takes it away.", "yellow")
        )
    show(lines)


async def _forget(user: str) -> Forgotten:
    async with opened_ledger() as opened:
        return await opened.forget(user)
