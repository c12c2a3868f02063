"""The settings of aicost: environment over `.env` over `aicost.toml` over defaults, each value checked once at start.

A wrong value is refused with its name, what is wrong with it, and an example. The table `SETTINGS` is the only list of them: the
README's table and `aicost doctor` are made from it. Reading settings must take a few milliseconds, because each question in a
terminal pays for it; importing pydantic-settings alone takes longer than a whole answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from bot.errors import SettingError
from bot.setting_files import check_names, read_dotenv, read_toml
from knowledge.lazy_dataclass import dataclass

Parse = Callable[[str], Any]


class _Refused(ValueError):
    """Why a value cannot be used; the sentence follows the setting's name."""


def _choice(*allowed: str) -> Parse:
    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise _Refused(f"must be one of {', '.join(allowed)}, not {text!r}")
        return text.lower()

    return parse


def _switch(text: str) -> bool:
    if text.lower() in ("on", "true", "yes", "1"):
        return True
    if text.lower() in ("off", "false", "no", "0"):
        return False
    raise _Refused(f"must be on or off, not {text!r}")


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _Refused(f"must be an http or https address, not {text!r}")
    return text


def _slack_api_url(text: str) -> str:
    if not _url(text).endswith("/api/"):
        raise _Refused(f"must end in /api/, not be {text!r}")
    return text


def _usd(text: str) -> Decimal:
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        raise _Refused(f"must be an amount in USD, not {text!r}") from None
    if not amount.is_finite() or amount < 0:
        raise _Refused(f"must be zero or more, not {text!r}")
    return amount


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise _Refused(f"must be a number of seconds, not {text!r}") from None
    if not 0 < seconds <= 600:
        raise _Refused(f"must lie between 0 and 600 seconds, not be {text!r}")
    return seconds


def _whole(low: int, high: int) -> Parse:
    def parse(text: str) -> int:
        if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or not low <= int(text) <= high:
            raise _Refused(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def _timezone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise _Refused(f"must be an IANA time zone, not {text!r}") from None
    return text


def _currency(text: str) -> str:
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise _Refused(f"must be an ISO 4217 code of three letters, not {text!r}")
    code = text.upper()
    if code != "USD":
        from knowledge.currency import rate_to_usd

        if rate_to_usd(code, datetime.now(UTC).date()) is None:
            raise _Refused(f"must be a currency that the European Central Bank lists, not {text!r}")
    return code


def _prefix(*prefixes: str) -> Parse:
    def parse(text: str) -> str:
        if not text.startswith(prefixes):
            raise _Refused(f"must start with {' or '.join(prefixes)}")
        if any(c.isspace() for c in text):
            raise _Refused("must not hold white space")
        return text

    return parse


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _people(text: str) -> tuple[str, ...]:
    names = _names(text)
    for name in names:
        if any(c.isspace() for c in name) or name.startswith(":") or name.endswith(":"):
            raise _Refused(f"must be ids of users, separated by commas, and {name!r} is none")
    return names


def _path(text: str) -> Path:
    if "\0" in text:
        raise _Refused("must be a path, and a path holds no NUL character")
    return Path(text).expanduser()


def _text(text: str) -> str:
    return text


@dataclass(frozen=True)
class Setting:
    """One setting: its environment name, its attribute of `Settings`, how a text is read, and words for people."""

    name: str
    attribute: str
    parse: Parse
    meaning: str
    example: str
    secret: bool = False
    fallback: str | None = None
    """Another variable that is honoured when this one is unset."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "AICOST_DATA_DIR",
        "data_dir",
        _path,
        "where knowledge.db, ledger.db and your own YAML live",
        "/var/lib/aicost",
    ),
    Setting(
        "AICOST_PARSER", "parser", _choice("auto", "local", "llm"), "which parser reads a question", "auto"
    ),
    Setting("AICOST_COMPOSE", "compose", _switch, "let the LLM put cited facts into sentences", "off"),
    Setting(
        "AICOST_LLM_BASE_URL",
        "llm_base_url",
        _url,
        "any OpenAI-compatible server",
        "http://127.0.0.1:8000/v1",
        fallback="OPENAI_BASE_URL",
    ),
    Setting("AICOST_LLM_MODEL", "llm_model", _text, "the model that parses", "gpt-5-nano"),
    Setting(
        "AICOST_LLM_API_KEY", "llm_api_key", _text, "its key", "sk-…", secret=True, fallback="OPENAI_API_KEY"
    ),
    Setting("AICOST_LLM_TIMEOUT", "llm_timeout", _seconds, "seconds for one parse, all tries together", "8"),
    Setting(
        "AICOST_BUDGET_DAY_USD", "budget_day_usd", _usd, "what the bot's own LLM calls may cost a day", "1.50"
    ),
    Setting("AICOST_BUDGET_MONTH_USD", "budget_month_usd", _usd, "the same for a month", "20"),
    Setting(
        "AICOST_RATE_PER_MINUTE",
        "rate_per_minute",
        _whole(1, 100_000),
        "questions a user may ask a minute",
        "60",
    ),
    Setting("AICOST_TIMEZONE", "timezone", _timezone, "time zone of budgets and reports", "Europe/Berlin"),
    Setting("AICOST_CURRENCY", "currency", _currency, "currency that answers add to US dollars", "EUR"),
    Setting(
        "AICOST_RETENTION_DAYS",
        "retention_days",
        _whole(0, 36_500),
        "days that question texts are kept (0: never stored)",
        "90",
    ),
    Setting(
        "AICOST_ADMINS",
        "admins",
        _people,
        "users that may see everybody's usage",
        "slack:U012AB3CD,discord:80351110224678912",
    ),
    Setting("AICOST_HOST", "host", _text, "address of the HTTP server of aicost serve", "127.0.0.1"),
    Setting("AICOST_PORT", "port", _whole(0, 65_535), "its port", "8080"),
    Setting(
        "SLACK_BOT_TOKEN",
        "slack_bot_token",
        _prefix("xoxb-", "xoxe."),
        "Slack bot token",
        "xoxb-…",
        secret=True,
    ),
    Setting(
        "SLACK_APP_TOKEN",
        "slack_app_token",
        _prefix("xapp-"),
        "Slack app token; selects Socket Mode",
        "xapp-…",
        secret=True,
    ),
    Setting(
        "SLACK_SIGNING_SECRET",
        "slack_signing_secret",
        _text,
        "signing secret; without an app token it selects signed HTTP",
        "8f742231b10e…",
        secret=True,
    ),
    Setting(
        "SLACK_CLIENT_ID", "slack_client_id", _text, "for installation in many workspaces", "12345.67890"
    ),
    Setting("SLACK_CLIENT_SECRET", "slack_client_secret", _text, "the same", "3f5a…", secret=True),
    Setting(
        "SLACK_API_URL",
        "slack_api_url",
        _slack_api_url,
        "Slack's Web API (GovSlack, a proxy)",
        "https://slack.com/api/",
    ),
    Setting("DISCORD_TOKEN", "discord_token", _text, "Discord bot token", "MTIz…", secret=True),
    Setting(
        "DISCORD_API_URL",
        "discord_api_url",
        _url,
        "Discord's API with its version (a proxy)",
        "https://discord.com/api/v10",
    ),
)


def _default_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path("aicost", appauthor=False)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, checked. Build one with `Settings.load()`."""

    data_dir: Path
    parser: Literal["auto", "local", "llm"] = "auto"
    compose: bool = False
    llm_base_url: str | None = None
    llm_model: str = "gpt-5-nano"
    llm_api_key: str | None = None
    llm_timeout: float = 8.0
    budget_day_usd: Decimal | None = None
    budget_month_usd: Decimal | None = None
    rate_per_minute: int = 60
    timezone: str = "UTC"
    currency: str = "USD"
    retention_days: int = 90
    admins: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8080
    slack_bot_token: str | None = None
    slack_app_token: str | None = None
    slack_signing_secret: str | None = None
    slack_client_id: str | None = None
    slack_client_secret: str | None = None
    slack_api_url: str | None = None
    discord_token: str | None = None
    discord_api_url: str | None = None

    @property
    def llm_configured(self) -> bool:
        """Whether an LLM can be asked at all: a key, or a server of one's own that may need none."""
        return bool(self.llm_api_key or self.llm_base_url)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
        """Read the settings from `environ` (default: the process's), then `folder`'s `.env` and `aicost.toml`.

        Raises `SettingError` for the first value that cannot be used, and for what looks like a setting of aicost and is none.
        """
        environ = os.environ if environ is None else environ
        folder = Path.cwd() if folder is None else folder
        known = {setting.name for setting in SETTINGS}
        in_file = read_dotenv(folder / ".env")
        check_names(environ, known)
        check_names(in_file, known, ".env: ")
        sources = (environ, in_file, read_toml(folder / "aicost.toml", known))
        values: dict[str, Any] = {}
        for setting in SETTINGS:
            text = _first(sources, setting)
            if text is None:
                continue
            try:
                values[setting.attribute] = setting.parse(text)
            except _Refused as refused:
                raise SettingError(setting.name, str(refused), setting.example) from None
        if "data_dir" not in values:
            values["data_dir"] = _default_data_dir()
        return cls(**values)


def _first(sources: tuple[Mapping[str, str], ...], setting: Setting) -> str | None:
    """The first source that has a value wins; an empty value is no value, as `VAR=` in a compose file means."""
    names = (setting.name, setting.fallback) if setting.fallback else (setting.name,)
    for name in names:
        for source in sources:
            text = source.get(name, "").strip()
            if text:
                return text
    return None


assert {setting.attribute for setting in SETTINGS} == set(Settings.__annotations__)
