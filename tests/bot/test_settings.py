"""Settings: whence they come, and that what is wrong is refused at start with its name, what is wrong with it, and an example."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from bot.errors import SettingError
from bot.settings import SETTINGS, Settings


def load(folder: Path, *, dotenv: str = "", toml: str = "", **environ: str) -> Settings:
    if dotenv:
        (folder / ".env").write_text(dotenv, encoding="utf-8")
    if toml:
        (folder / "aicost.toml").write_text(toml, encoding="utf-8")
    return Settings.load({"AICOST_DATA_DIR": str(folder), **environ}, folder)


def test_the_environment_goes_before_dotenv_and_that_before_toml(tmp_path: Path) -> None:
    toml = 'aicost_port = 1\nAICOST_HOST = "in toml"\nAICOST_ADMINS = ["U1", "slack:U2"]\nAICOST_COMPOSE = true\n'
    dotenv = "# a comment\nexport AICOST_PORT=2\nAICOST_HOST='in dotenv'\nUNRELATED=1\n"
    settings = load(tmp_path, toml=toml, dotenv=dotenv, AICOST_PORT="3")
    assert (settings.port, settings.host) == (3, "in dotenv")
    assert (settings.admins, settings.compose) == (("U1", "slack:U2"), True)


def test_an_empty_value_is_none_and_openais_names_are_honoured(tmp_path: Path) -> None:
    settings = load(tmp_path, AICOST_BUDGET_DAY_USD=" ", OPENAI_API_KEY="sk-1", AICOST_LLM_API_KEY="")
    assert (settings.budget_day_usd, settings.llm_api_key) == (None, "sk-1")


WRONG: Mapping[str, str] = {
    "AICOST_PARSER": "gpt",
    "AICOST_COMPOSE": "maybe",
    "AICOST_LLM_BASE_URL": "localhost:8000",
    "AICOST_LLM_TIMEOUT": "8 s",
    "AICOST_BUDGET_DAY_USD": "-1",
    "AICOST_BUDGET_MONTH_USD": "lots",
    "AICOST_RATE_PER_MINUTE": "0",
    "AICOST_TIMEZONE": "Mars/Olympus",
    "AICOST_CURRENCY": "XYZ",
    "AICOST_RETENTION_DAYS": "-1",
    "AICOST_ADMINS": "U1,slack:",
    "AICOST_PORT": "http",
    "SLACK_BOT_TOKEN": "xapp-1",
    "SLACK_APP_TOKEN": "xoxb-1",
    "SLACK_API_URL": "https://slack.com/api",
    "DISCORD_API_URL": "discord.com",
}


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_wrong_value_is_refused_with_an_example_that_is_right(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingError) as caught:
        load(tmp_path, **{name: value})
    assert caught.value.what.startswith(name)
    [setting] = [setting for setting in SETTINGS if setting.name == name]
    assert caught.value.remedy == f"Example: {name}={setting.example}"
    load(tmp_path, **{name: setting.example})


@pytest.mark.parametrize("code", ["USD", "eur", "GBP"])
def test_currencies_that_have_a_rate_are_taken(tmp_path: Path, code: str) -> None:
    assert load(tmp_path, AICOST_CURRENCY=code).currency == code.upper()


@pytest.mark.parametrize("place", ["environ", "dotenv", "toml"])
def test_a_misspelt_name_is_refused_wherever_it_stands(tmp_path: Path, place: str) -> None:
    given = {
        "environ": {"AICOST_BUGDET_DAY_USD": "1"},
        "dotenv": {"dotenv": "AICOST_BUGDET_DAY_USD=1\n"},
        "toml": {"toml": 'AICOST_BUGDET_DAY_USD = "1"\n'},
    }
    with pytest.raises(SettingError, match=r"AICOST_BUGDET_DAY_USD is no setting.*AICOST_BUDGET_DAY_USD\?"):
        load(tmp_path, **given[place])


def test_what_kubernetes_and_developers_set_is_no_misspelling(tmp_path: Path) -> None:
    load(
        tmp_path, AICOST_DEBUG="1", AICOST_SERVICE_HOST="10.0.0.7", AICOST_PORT_8080_TCP="tcp://10.0.0.7:8080"
    )


@pytest.mark.parametrize(
    ("dotenv", "line"),
    [
        ("AICOST_PORT=1\nAICOST_PARSER local\n", 2),
        ("=3\n", 1),
        ('A=1\n\nAICOST_HOST="open\n', 3),
        ("AICOST_PARSER\n", 1),
    ],
)
def test_a_broken_line_of_dotenv_is_refused_with_its_number(tmp_path: Path, dotenv: str, line: int) -> None:
    with pytest.raises(
        SettingError, match=rf"\.env, line {line}, is no NAME=value\. Example: AICOST_PARSER="
    ):
        load(tmp_path, dotenv=dotenv)


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("AICOST_PARSER = local\n", r"aicost\.toml is no TOML: .*line 1"),
        ("AICOST_PORT = 1\nAICOST_PORT = 2\n", r"aicost\.toml is no TOML: .*line 2"),
        ('[aicost]\nparser = "local"\n', r"aicost\.toml: aicost is no setting"),
        ("AICOST_PORT = {number = 1}\n", r"aicost\.toml: AICOST_PORT is a table"),
        ("parser = 1\n", r"aicost\.toml: parser is no setting"),
    ],
)
def test_a_broken_toml_is_refused_with_its_place(tmp_path: Path, toml: str, problem: str) -> None:
    with pytest.raises(SettingError, match=problem) as caught:
        load(tmp_path, toml=toml)
    assert caught.value.remedy == 'Example: AICOST_PARSER = "local"'


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    for name in (".env", "aicost.toml"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00")
        with pytest.raises(SettingError, match="cannot be read"):
            Settings.load({}, tmp_path)
        (tmp_path / name).unlink()


def test_amounts_are_exact(tmp_path: Path) -> None:
    assert load(tmp_path, AICOST_BUDGET_DAY_USD="$0.10").budget_day_usd == Decimal("0.10")
