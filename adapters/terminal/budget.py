"""`aicost budget`: what the bot's own LLM calls may cost."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from adapters.terminal.options import json_option, number
from adapters.terminal.output import Line, Table, show, write_json
from adapters.terminal.session import opened_ledger
from bot.answers import plain
from bot.errors import UnknownNameError
from bot.presentation import format_amount
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.spend.budgets import BudgetPeriod, BudgetState, Scope

SCOPES = ("total", "workspace", "channel", "user")
_per_option = click.option(
    "--per",
    "period",
    type=click.Choice(["day", "month"]),
    default="day",
    show_default=True,
    help="Begins anew each …",
)


@click.group()
def budget() -> None:
    """Limit what the bot's own LLM calls may cost. Out of budget, it answers without an LLM."""


@budget.command("set")
@click.argument("scope", type=click.Choice(SCOPES))
@click.argument("subject_and_usd", nargs=-1, required=True, metavar="[ID] USD")
@_per_option
def set_(scope: Scope, subject_and_usd: tuple[str, ...], period: BudgetPeriod) -> None:
    """Set a budget in USD.

    It is for all, or for the workspace, channel or user with this ID ("*": each of them).

    \b
    aicost budget set total 20 --per month
    aicost budget set user slack:U012AB3CD 2 --per day
    """
    *subject, amount = subject_and_usd
    asyncio.run(_set(scope, _subject("set", scope, subject), number(amount.removeprefix("$")), period))


async def _set(scope: Scope, subject: str, limit: Decimal, period: BudgetPeriod) -> None:
    from bot.spend.budgets import Budget

    zone = Settings.load().timezone
    limited = Budget(limit=limit, period=period, scope=scope, subject=subject, time_zone=zone)
    async with opened_ledger() as ledger:
        limited = await ledger.set_budget(limited)
    show([Line(f"Set: {limited.name}.")])


@budget.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show all budgets and what is spent of each."""
    states = asyncio.run(_states())
    if as_json:
        write_json([_state_json(state) for state in states], indent=2)
    elif states:
        headers = ("scope", "id", "per", "limit", "spent", "begins anew (UTC)")
        show([Table([_row(state) for state in states], headers, right=frozenset({3, 4}))])
    else:
        show([Line("There is no budget; the bot's own LLM calls are not limited.")])


async def _states() -> tuple[BudgetState, ...]:
    async with opened_ledger() as ledger:
        return await ledger.budgets()


@budget.command("remove")
@click.argument("scope", type=click.Choice(SCOPES))
@click.argument("subject", nargs=-1, metavar="[ID]")
@_per_option
def remove(scope: Scope, subject: tuple[str, ...], period: BudgetPeriod) -> None:
    """Remove a budget. Those of the settings end with the setting."""
    asyncio.run(_remove(scope, _subject("remove", scope, subject), period))


async def _remove(scope: Scope, subject: str, period: BudgetPeriod) -> None:
    async with opened_ledger() as ledger:
        if not await ledger.remove_budget(scope, subject, period):
            raise UnknownNameError("budget", f"{scope} {subject} per {period}".replace("  ", " "))
    show([Line("Removed.")])


_EXAMPLE_IDS = {"total": "", "workspace": " T012AB3CD", "channel": " C012AB3CD", "user": " slack:U012AB3CD"}


def _subject(command: str, scope: Scope, words: list[str] | tuple[str, ...]) -> str:
    if len(words) != (0 if scope == "total" else 1):
        needs = "no id" if scope == "total" else "one id"
        example = f"aicost budget {command} {scope}{_EXAMPLE_IDS[scope]}{' 2' if command == 'set' else ''} --per day"
        raise click.UsageError(f"A {scope} budget takes {needs}. Example: {example}")
    return words[0] if words else ""


def _row(state: BudgetState) -> list[str]:
    limited = state.budget
    spent = "–" if state.spent is None else format_amount(state.spent, "USD")
    return [
        limited.scope,
        limited.subject,
        limited.period,
        format_amount(limited.limit, "USD"),
        spent,
        f"{state.resets_at:%Y-%m-%d %H:%M}",
    ]


def _state_json(state: BudgetState) -> dict[str, Any]:
    limited = state.budget
    return {
        "scope": limited.scope,
        "subject": limited.subject,
        "period": limited.period,
        "time_zone": limited.time_zone,
        "limit_usd": plain(limited.limit),
        "spent_usd": None if state.spent is None else plain(state.spent),
        "resets_at": state.resets_at.isoformat(),
    }
