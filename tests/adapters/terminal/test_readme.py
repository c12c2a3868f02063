"""The README against the product's own tables: its settings, its commands, its examples, its links."""

from __future__ import annotations

import re
import shlex
from dataclasses import MISSING, fields
from pathlib import Path

import click
import pytest
from command_line import Run

from adapters.terminal.main import COMMANDS, cli
from bot.settings import SETTINGS, Settings

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")
SETTINGS_TABLE = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in README.partition("## Settings")[2].partition("## Conventions")[0].splitlines()
    if line.startswith("| `")
]
EXAMPLES = [
    line.strip().removeprefix("$ ") for line in README.splitlines() if re.match(r" {4}(\$ )?aicost ", line)
]
LOCAL = re.compile(r"aicost (ask|price|models|cost|tokens|facts|usage|budget|doctor)\b")
"""Examples that need neither a network nor an earlier answer."""
IN_SENTENCES = re.findall(r"`(aicost [a-z][^`…]*)`", README)


def _code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_the_settings_are_those_of_the_program_in_its_order() -> None:
    assert [name for names, *_ in SETTINGS_TABLE for name in _code(names)] == [s.name for s in SETTINGS]


def test_the_defaults_are_those_of_the_program() -> None:
    defaults = {field.name: field.default for field in fields(Settings)}
    attributes = {setting.name: setting for setting in SETTINGS}
    for names, _, default in SETTINGS_TABLE:
        shown = iter(_code(default))
        for setting in (attributes[name] for name in _code(names)):
            value = defaults[setting.attribute]
            if value is None or value is MISSING or value == ():
                continue
            assert setting.parse(next(shown)) == value, setting.name
        assert list(shown) == []


def test_the_variables_that_are_honoured_as_well_are_named() -> None:
    rows = {name: meaning for names, meaning, _ in SETTINGS_TABLE for name in _code(names)}
    for setting in SETTINGS:
        assert setting.fallback is None or setting.fallback in rows[setting.name]


def test_every_command_has_an_example() -> None:
    assert {shlex.split(line, comments=True)[1] for line in EXAMPLES} == set(COMMANDS)


@pytest.mark.parametrize("line", [*EXAMPLES, *IN_SENTENCES])
def test_every_command_line_is_one_that_the_program_takes(line: str) -> None:
    words = shlex.split(line.partition(" < ")[0], comments=True)[1:]
    context = cli.make_context("aicost", words, resilient_parsing=True)
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    if not isinstance(command, click.Group):
        command.make_context(command.name, words, parent=context)  # raises for what is no option or argument


@pytest.mark.parametrize("line", [line for line in EXAMPLES if LOCAL.match(line) and "<" not in line])
def test_every_example_works(line: str, aicost: Run) -> None:
    result = aicost(*shlex.split(line, comments=True)[1:])
    assert (result.status, result.err) == (0, "")


def test_the_first_example_prints_what_is_shown(aicost: Run) -> None:
    (words, shown), *_ = re.findall(r"^ {4}\$ aicost (.*)\n {4}(.*)$", README, re.MULTILINE)
    assert aicost(*shlex.split(words)).out.splitlines()[0] == shown


def test_every_link_leads_to_a_file() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_command_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"^ {4}make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_the_sizes_are_those_of_the_knowledge_base(aicost: Run) -> None:
    counts = aicost("kb", "info", "--json").json["counts"]
    assert f"{counts['providers']} providers, {counts['models']:,} models" in README
    assert f"{counts['facts']} cited cards" in README
