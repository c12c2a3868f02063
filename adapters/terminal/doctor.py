"""`aicost doctor`: how this installation is set up, and what does not work; secrets are never shown."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from adapters.terminal.checks import Check, examine
from adapters.terminal.options import json_option
from adapters.terminal.output import Line, Style, Table, show, write_json
from bot.settings import SETTINGS, Setting, Settings
from bot.spend.own_price import without_password

MASK = "•••• (set)"


@click.command()
@click.option(
    "--probe/--no-probe",
    default=None,
    help="Ask the LLM one question, or do not. By default only one of which nothing is on record is asked.",
)
@json_option
def doctor(probe: bool | None, as_json: bool) -> int:
    """Show the settings, and what of their set-up does not work.

    A new LLM is asked one question, once, to find out what its server understands; the price goes on the ledger. Slack and Discord
    are asked nothing. The exit status is 0 when all that is set up can work, 2 otherwise.
    """
    settings = Settings.load()
    values = {setting.name: masked(setting, getattr(settings, setting.attribute)) for setting in SETTINGS}
    checks = asyncio.run(examine(settings, probe=probe))
    works = all(check["ok"] for check in checks.values())
    if as_json:
        write_json({"ok": works, "settings": values, "checks": checks}, indent=2)
    else:
        show(_document(checks, values))
    return 0 if works else 2


def masked(setting: Setting, value: Any) -> str | None:
    """A setting's value for the eye: secrets hidden, also the one that an address may hold; None where nothing is set."""
    if value is None or value == ():
        return None
    if setting.secret:
        return MASK
    if isinstance(value, bool):
        return "on" if value else "off"
    return without_password(",".join(value) if isinstance(value, tuple) else str(value))


def _document(checks: dict[str, Check], values: dict[str, str | None]) -> list[Line | Table]:
    lines: list[Line | Table] = []
    for name, check in checks.items():
        style: Style = "" if check["ok"] else "red"
        lines.append(Line(f"{'ok ' if check['ok'] else 'BAD'}  {name}: {check['sentence']}", style))
    rows = [(name, "–" if value is None else value) for name, value in values.items()]
    return [*lines, Line(), Line("Settings", "green"), Table(rows, indent=2)]
