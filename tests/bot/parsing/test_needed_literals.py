"""What a pattern is said to need is in everything that it matches, so that no match is passed by."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot.parsing
from bot.parsing.needed_literals import needed_literals
from bot.parsing.spans import LazyPattern, fold

QUESTIONS = Path(__file__).parents[2] / "questions"


def _patterns(value: Any) -> Iterator[LazyPattern]:
    if isinstance(value, LazyPattern):
        yield value
    elif isinstance(value, dict):
        for held in value.values():
            yield from _patterns(held)
    elif isinstance(value, tuple | list):
        for held in value:
            yield from _patterns(held)


SOURCES = sorted(
    {
        pattern.compiled.pattern
        for module in pkgutil.iter_modules(bot.parsing.__path__)
        for value in vars(importlib.import_module(f"bot.parsing.{module.name}")).values()
        for pattern in _patterns(value)
    }
)
TEXTS = [
    fold(turn)
    for path in sorted(QUESTIONS.glob("*.jsonl"))
    if not path.name.startswith("holdout_")
    for line in path.read_text(encoding="utf-8").splitlines()
    for turn in json.loads(line)["turns"]
]


@pytest.mark.parametrize(
    ("source", "literals"),
    [
        (r"\bgpu[- ](?:box|node)\b", ("gpu",)),
        (r"\b(?:twice|double|half)\b (?:of )?that", ("that",)),
        (r"\b(?:deux|doble|double)\b", ("eux", "oble", "ouble")),
        (r"(\d+)\s*[:/]\s*(\d+)", ("/", ":")),
        (r"(?:per )?(?:page)?", ()),
        (r"\w+|\d+ seats", ()),
        (r"(?i)server", ()),
        (r"(?i:server)|cluster", ()),
        (r"(?:ab){2,}", ("ab",)),
        (r"a{2}", ()),
        (r"\d(?= seats)", (" seats",)),
        (r"\d(?! seats)", ()),
    ],
)
def test_what_patterns_need(source: str, literals: tuple[str, ...]) -> None:
    assert sorted(needed_literals(source)) == sorted(literals)


def test_no_match_of_the_bots_own_patterns_is_passed_by() -> None:
    matches = 0
    for source in SOURCES:
        pattern, literals = re.compile(source), needed_literals(source)
        if not literals:
            continue
        for text in TEXTS:
            if all(literal not in text for literal in literals):
                assert pattern.search(text) is None, (source, text)
            else:
                matches += 1
    assert matches


LETTERS = st.text("ab ", max_size=3)
PATTERNS = st.recursive(
    LETTERS.map(re.escape)
    | st.sampled_from(["[ab]", "[^a]", ".", r"\b", "^", "$", "(?=ab)", "(?!ab)", "(?<=a)"]),
    lambda inner: (
        st.builds("(?:{}|{})".format, inner, inner)
        | st.builds("{}{}".format, inner, inner)
        | st.builds("(?:{}){}".format, inner, st.sampled_from(["?", "*", "+", "{2}", "+?"]))
    ),
    max_leaves=12,
)


@given(PATTERNS, st.text("ab ", max_size=12))
def test_no_match_of_any_pattern_is_passed_by(source: str, text: str) -> None:
    literals = needed_literals(source)
    if literals and all(literal not in text for literal in literals):
        assert re.search(source, text) is None


def test_a_pattern_finds_the_same_however_often_it_is_used() -> None:
    lazy = LazyPattern(r"\bgpu[- ](?:box|node)\b")
    for _ in range(20):
        assert lazy.search("no such thing") is None
        found = lazy.search("one gpu box")
        assert found is not None
        assert found.span() == (4, 11)
