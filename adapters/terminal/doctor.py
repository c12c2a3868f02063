"""`aicost doctor`: how this installation is set up, and what does not work; secrets are never shown."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import click

from adapters.terminal.options import json_option
from adapters.terminal.output import Line, Style, Table, show, write_json
from adapters.terminal.session import build_progress
from bot.errors import AicostError
from bot.settings import SETTINGS, Setting, Settings

MASK = "•••• (set)"


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """Show the settings, the state of knowledge base and ledger, and which platforms are set up.

    The exit status is 0 when all that is set up can work, 2 otherwise.
    """
    settings = Settings.load()
    found: dict[str, Any] = {
        "settings": {
            setting.name: masked(setting, getattr(settings, setting.attribute)) for setting in SETTINGS
        },
        "checks": {
            "knowledge base": _knowledge(settings),
            "ledger": asyncio.run(_ledger(settings)),
            "LLM": _llm(settings),
            "Slack": _slack(settings),
            "Discord": _discord(settings),
        },
    }
    works = all(check["ok"] for check in found["checks"].values())
    if as_json:
        write_json({"ok": works, **found}, indent=2)
    else:
        show(_document(found))
    return 0 if works else 2


def masked(setting: Setting, value: Any) -> str | None:
    """A setting's value for the eye: secrets hidden, also the one that an address may hold; None where nothing is set."""
    if value is None or value == ():
        return None
    if setting.secret:
        return MASK
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    if "://" in text and "@" in text:
        parts = urlsplit(text)
        return urlunsplit(parts._replace(netloc="••••@" + parts.netloc.rpartition("@")[2]))
    return text


def _check(ok: bool, sentence: str, **more: Any) -> dict[str, Any]:
    return {"ok": ok, "sentence": sentence, **more}


def _knowledge(settings: Settings) -> dict[str, Any]:
    from knowledge.base import KnowledgeBase

    try:
        with build_progress() as progress, KnowledgeBase.open(settings.data_dir, progress) as knowledge:
            found = knowledge.info()
    except AicostError as error:
        return _check(False, str(error))
    counts = ", ".join(
        f"{found['counts'][name]:,} {name}"
        for name in ("models", "rates", "facts")
        if name in found["counts"]
    )
    return _check(True, f"{found['path']}, compiled {found['built_at']}: {counts}", **found)


async def _ledger(settings: Settings) -> dict[str, Any]:
    from bot.spend.ledger import Ledger

    try:
        ledger = await Ledger.open(settings.data_dir, settings.retention_days)
        try:
            found, notices = await ledger.info(), ledger.notices
        finally:
            await ledger.close()
    except AicostError as error:
        return _check(False, f"{error} Questions are answered, but nothing is recorded.")
    rows = found["rows"]
    sentence = f"{found['path']}: {rows['queries']:,} questions, {rows['llm_calls']:,} LLM calls"
    return _check(True, " ".join([sentence, *notices]), **found)


def _llm(settings: Settings) -> dict[str, Any]:
    if settings.parser == "local":
        return _check(True, "not used: AICOST_PARSER is local", configured=settings.llm_configured)
    if settings.llm_configured:
        where = masked(_setting("llm_base_url"), settings.llm_base_url) or "OpenAI"
        return _check(
            True,
            f"{settings.llm_model} at {where}, for questions that the rules are not sure of",
            configured=True,
        )
    needed = settings.parser == "llm"
    sentence = "none is configured; the bot runs on the local parser alone (AICOST_LLM_API_KEY or AICOST_LLM_BASE_URL sets one)"
    return _check(
        not needed, sentence + (", although AICOST_PARSER is llm" if needed else ""), configured=False
    )


def _slack(settings: Settings) -> dict[str, Any]:
    if not settings.slack_bot_token and not settings.slack_client_id:
        return _check(True, "not configured", configured=False)
    if find_spec("slack_bolt") is None:
        return _check(
            False, "configured, but slack-bolt is missing: install aicost-bot[slack]", configured=True
        )
    if settings.slack_app_token:
        return _check(True, "Socket Mode", configured=True)
    if settings.slack_signing_secret:
        return _check(True, "signed HTTP at /slack/events", configured=True)
    return _check(
        False, "a token, but neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set", configured=True
    )


def _discord(settings: Settings) -> dict[str, Any]:
    if not settings.discord_token:
        return _check(True, "not configured", configured=False)
    if find_spec("discord") is None:
        return _check(
            False, "configured, but discord.py is missing: install aicost-bot[discord]", configured=True
        )
    return _check(True, "gateway", configured=True)


def _setting(attribute: str) -> Setting:
    return next(setting for setting in SETTINGS if setting.attribute == attribute)


def _document(found: dict[str, Any]) -> list[Line | Table]:
    lines: list[Line | Table] = []
    for name, check in found["checks"].items():
        style: Style = "" if check["ok"] else "red"
        lines.append(Line(f"{'ok ' if check['ok'] else 'BAD'}  {name}: {check['sentence']}", style))
    rows = [(name, "–" if value is None else value) for name, value in found["settings"].items()]
    return [*lines, Line(), Line("Settings", "green"), Table(rows, indent=2)]
