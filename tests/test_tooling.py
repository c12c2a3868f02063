"""What holds of the project as a whole: every command, its start, and what may stand in a committed file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from adapters.terminal.main import COMMANDS, cli

ROOT = Path(__file__).parents[1]

HEAVY = {
    "aiohttp",
    "discord",
    "genai_prices",
    "httpx2",
    "openai",
    "pydantic",
    "rich",
    "slack_bolt",
    "sqlite_utils",
    "tiktoken",
    "yaml",
}
"""Packages that a question in a terminal must not pay for."""

HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("debian", "org"),
        ("crates", "io"),
    )
)
"""Where packages are downloaded from; which of them is used is decided by the machine, never by a committed file."""


def _all_commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {sub}", command.commands[sub]) for sub in command.commands]
    return found


@pytest.mark.parametrize(
    ("name", "command"), _all_commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_explains_itself(name: str, command: click.Command) -> None:
    assert command.help
    assert not command.get_short_help_str(limit=80 - len("  explain  ") - 6).endswith("...")
    shown = command.get_help(click.Context(command, info_name=f"aicost {name}", terminal_width=80))
    assert max(map(len, shown.splitlines())) <= 80
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_commands_carry_the_names_under_which_they_are_listed() -> None:
    assert {name: cli.get_command(click.Context(cli), name).name for name in COMMANDS} == {  # type: ignore[union-attr]
        name: name for name in COMMANDS
    }


@pytest.mark.parametrize(
    "words", [["price of gpt-4o"], ["10k requests a day, 500 in / 200 out, gpt-4o"], ["asdf"]]
)
def test_a_question_in_a_terminal_loads_nothing_heavy(words: list[str], data_dir: Path) -> None:
    script = (
        "import sys\n"
        "from adapters.terminal.main import run\n"
        "status = run(['ask', *sys.argv[1:]])\n"
        "print('status', status, *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )

    def ask() -> set[str]:
        done = subprocess.run(
            [sys.executable, "-c", script, *words],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
        )
        word, status, *modules = done.stderr.splitlines()[-1].split()
        assert (word, status) != ("status", "2"), done.stdout + done.stderr
        return set(modules)

    ask()  # the first one may set up the ledger
    assert ask() & HEAVY == set()


def test_no_committed_file_names_a_package_host_or_a_path_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    forbidden = re.compile(
        rf"{'|'.join(map(re.escape, HOSTS))}|(?<![\w.])/wor[k]/(main|scratch|shared)|/roo[t]/"
    )
    found = [
        f"{name}: {match.group()}"
        for name in listed.decode().split("\0")
        if name and (ROOT / name).is_file()
        for match in forbidden.finditer((ROOT / name).read_text("utf-8", "replace"))
    ]
    assert found == []


def test_every_dependency_is_pinned() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {_normal(re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]) for requirement in wanted}
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert names - {_normal(name) for name in pins} == {"aicost-bot"}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_files_of_tests_have_names_of_their_own() -> None:
    # Two of the same name in different folders cannot be collected in one run.
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_continuous_integration_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [
        line
        for line in script.read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert [line.partition("  #")[0] for line in commands] == ["export CI=true", "make test"]
