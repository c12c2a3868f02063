"""What `aicost doctor` looks at: each check is a dictionary with `ok`, a `sentence` for a person, and details for a program.

Nothing leaves the machine, except for the question by which it is found out what the LLM's server understands.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from adapters.terminal.session import build_progress
from bot.answers import plain
from bot.errors import AicostError, StorageError
from bot.presentation import format_amount
from bot.settings import Settings
from bot.spend.own_price import without_password

if TYPE_CHECKING:
    from bot.parsing.llm.dialect import Dialect
    from bot.parsing.llm.parser import Probe
    from bot.spend.budgets import BudgetState
    from bot.spend.ledger import Ledger
    from bot.spend.null import NullLedger
    from knowledge.base import KnowledgeBase

Check = dict[str, Any]

_FORMATS = {
    "json_schema": "understands JSON schemas",
    "json_object": "understands JSON mode, but no schemas",
    "text": "understands neither JSON schemas nor JSON mode, which is asked for in words",
}


async def examine(settings: Settings, *, probe: bool | None) -> dict[str, Check]:
    """All checks by name, in the order in which they are shown.

    An LLM is asked one question, at its price, with `probe` or (None) if it is not on record what its server understands.
    """
    checks: dict[str, Check] = {}
    async with AsyncExitStack() as opened:
        knowledge: KnowledgeBase | None = None
        try:
            knowledge = opened.enter_context(_open_knowledge(settings))
        except AicostError as error:
            checks["knowledge base"] = _check(False, str(error))
        if knowledge is not None:
            checks["knowledge base"] = _knowledge(knowledge)
            checks["contract prices"] = _contracts(settings, knowledge)
            checks["documents"] = _documents(knowledge)
        ledger = await _ledger(settings, checks)
        opened.push_async_callback(ledger.close)
        checks["LLM"] = await _llm(settings, knowledge, ledger, probe=probe)
    checks["Slack"] = _slack(settings)
    checks["Discord"] = _discord(settings)
    return checks


def _check(ok: bool, sentence: str, **more: Any) -> Check:
    return {"ok": ok, "sentence": sentence, **more}


def _open_knowledge(settings: Settings) -> KnowledgeBase:
    from knowledge.base import KnowledgeBase

    with build_progress() as progress:
        return KnowledgeBase.open(settings.data_dir, progress)


def _knowledge(knowledge: KnowledgeBase) -> Check:
    found = knowledge.info()
    counts = ", ".join(
        f"{found['counts'][name]:,} {name}"
        for name in ("models", "rates", "facts")
        if name in found["counts"]
    )
    return _check(True, f"{found['path']}, compiled {found['built_at']}: {counts}", **found)


def _contracts(settings: Settings, knowledge: KnowledgeBase) -> Check:
    from knowledge.contracts import FILE_NAME

    path = settings.data_dir / FILE_NAME
    if not path.exists():
        return _check(True, f"none ({path} would hold them)", count=0)
    count = knowledge.info()["counts"]["contracts"]
    return _check(True, f"{_counted(count, 'contract')} in {path}", count=count)


def _documents(knowledge: KnowledgeBase) -> Check:
    try:
        documents = knowledge.facts.documents()
    except AicostError as error:
        return _check(False, str(error))
    passages = sum(document.passages for document in documents)
    sentence = (
        f"{_counted(len(documents), 'document')}, {_counted(passages, 'passage')}"
        if documents
        else "none (aicost kb add adds them)"
    )
    return _check(True, sentence, count=len(documents), passages=passages)


async def _ledger(settings: Settings, checks: dict[str, Check]) -> Ledger | NullLedger:
    """Check the ledger and the budgets in it, and give the ledger that calls would be booked on."""
    from bot.spend.budgets import total_budgets
    from bot.spend.ledger import Ledger
    from bot.spend.null import NullLedger

    configured = total_budgets(settings.budget_day_usd, settings.budget_month_usd, settings.timezone)
    ledger: Ledger | None = None
    try:
        ledger = await Ledger.open(settings.data_dir, settings.retention_days, budgets=configured)
        found, budgets = await ledger.info(), await ledger.budgets()
    except StorageError as error:
        if ledger is not None:
            await ledger.close()
        checks["ledger"] = _check(False, f"{error} Questions are answered, but nothing is recorded.")
        return NullLedger(str(error), configured)
    rows = found["rows"]
    sentence = f"{found['path']}: {rows['queries']:,} questions, {rows['llm_calls']:,} LLM calls"
    checks["ledger"] = _check(True, " ".join([sentence, *ledger.notices]), **found)
    checks["budgets"] = _budgets(budgets)
    return ledger


def _budgets(states: tuple[BudgetState, ...]) -> Check:
    listed = [state.budget.name for state in states]
    used_up = [
        state.budget.name for state in states if state.spent is not None and state.spent >= state.budget.limit
    ]
    sentence = ", ".join(listed) or "none: the bot's own LLM calls are not limited"
    if used_up:
        sentence += f"; used up, so that questions are read without an LLM: {', '.join(used_up)}"
    return _check(True, sentence, budgets=listed, used_up=used_up)


async def _llm(
    settings: Settings, knowledge: KnowledgeBase | None, ledger: Ledger | NullLedger, *, probe: bool | None
) -> Check:
    if settings.parser == "local":
        sentence = "not used: AICOST_PARSER is local, so the bot runs on the local parser alone"
        return _check(True, sentence, configured=settings.llm_configured)
    if not settings.llm_configured:
        needed = settings.parser == "llm"
        sentence = (
            "none is configured, so the bot runs on the local parser alone"
            " (AICOST_LLM_API_KEY or AICOST_LLM_BASE_URL sets one)"
        )
        return _check(
            not needed, sentence + (", although AICOST_PARSER is llm" if needed else ""), configured=False
        )
    where = without_password(settings.llm_base_url) if settings.llm_base_url else "OpenAI"
    use = "for every question" if settings.parser == "llm" else "for questions that the rules are not sure of"
    named = f"{settings.llm_model} at {where}"
    if probe is False:
        return _check(True, f"{named}, {use}; not asked now", configured=True)
    if knowledge is None:
        return _check(False, f"{named}; it cannot be probed without a knowledge base", configured=True)
    from bot.parsing.llm.parser import LlmParser

    parser = LlmParser.connect(settings, knowledge, ledger)
    try:
        known = None if probe else await parser.known_dialect()
        if known is not None:
            sentence = (
                f"{named}, {use}; it {_words(known)} (found out before; aicost doctor --probe asks anew)"
            )
            return _check(True, sentence, configured=True, dialect=_dialect(known))
        found = await parser.probe()
    finally:
        await parser.close()
    return _probed(named, found)


def _probed(named: str, found: Probe) -> Check:
    spend = found.spend
    price = "an unknown price" if spend.cost_usd is None else format_amount(spend.cost_usd, "USD")
    cost = f"{_counted(spend.llm_calls, 'call')}, {spend.input_tokens:,} tokens in, {spend.output_tokens:,} out, {price}"
    speaks = _words(found.dialect)
    sentence = f"{named} works; it {speaks} ({cost})" if found.works else f"{named}: {found.problem} ({cost})"
    return _check(
        found.works,
        sentence,
        configured=True,
        dialect=_dialect(found.dialect),
        spend={
            "llm_calls": spend.llm_calls,
            "input_tokens": spend.input_tokens,
            "output_tokens": spend.output_tokens,
            "cost_usd": None if spend.cost_usd is None else plain(spend.cost_usd),
        },
    )


def _dialect(dialect: Dialect) -> dict[str, Any]:
    return {
        "format": dialect.format,
        "temperature": dialect.temperature,
        "limit_name": dialect.limit_name,
        "effort": dialect.effort,
    }


def _words(dialect: Dialect) -> str:
    lacks = [
        *([] if dialect.temperature else ["temperature"]),
        *([] if dialect.limit_name else ["limit of output tokens"]),
    ]
    effort = f", reasoning effort {dialect.effort}" if dialect.effort else ""
    return _FORMATS[dialect.format] + (f", takes no {' and no '.join(lacks)}" if lacks else "") + effort


def _platforms(settings: Settings) -> tuple[str, ...]:
    # Named here and not imported: this folder must not depend on the other platforms, which `adapters.serve` brings together.
    names: tuple[str, ...] = import_module("adapters.serve").configured(settings)
    return names


def _slack(settings: Settings) -> Check:
    if "slack" not in _platforms(settings):
        return _check(True, "not configured", configured=False)
    if find_spec("slack_bolt") is None:
        sentence = "configured, but slack-bolt is missing: pip install 'aicost-bot[slack]'"
        return _check(False, sentence, configured=True)
    if not settings.slack_bot_token:
        return _check(False, "configured, but SLACK_BOT_TOKEN is missing", configured=True)
    if settings.slack_app_token:
        return _check(True, "Socket Mode", configured=True)
    if settings.slack_signing_secret:
        return _check(True, "signed HTTP at /slack/events", configured=True)
    sentence = "a bot token, but neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set"
    return _check(False, sentence, configured=True)


def _discord(settings: Settings) -> Check:
    if "discord" not in _platforms(settings):
        return _check(True, "not configured", configured=False)
    if find_spec("discord") is None:
        sentence = "configured, but discord.py is missing: pip install 'aicost-bot[discord]'"
        return _check(False, sentence, configured=True)
    return _check(True, "gateway", configured=True)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
