"""What a pattern is said to need is in everything that it matches, so that no match is passed by."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.reading.literal_table import NEEDED
from bot.parsing.reading.needed_literals import needed_literals, patterns
from bot.parsing.reading.spans import LazyPattern, fold, key_of

QUESTIONS = Path(__file__).parents[3] / "questions"


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
        (r"(?:abc){2,}", ("abc",)),
        (r"(?:ab){2,}", ()),
        (r"a{2}", ()),
        (r"\d(?= seats)", (" seats",)),
        (r"\d(?! seats)", ()),
    ],
)
def test_what_patterns_need(source: str, literals: tuple[str, ...]) -> None:
    assert sorted(needed_literals(source)) == sorted(literals)


def test_no_match_of_the_bots_own_patterns_is_passed_by() -> None:
    matches = 0
    for source in patterns():
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


def test_what_the_table_says_of_a_pattern_is_what_it_needs() -> None:
    known = {source: NEEDED[key_of(source)] for source in patterns() if key_of(source) in NEEDED}
    assert known == {source: needed_literals(source) for source in known}
    assert len({key_of(source) for source in patterns()}) == len(patterns())


def test_a_pattern_in_the_table_finds_what_any_other_does(monkeypatch: pytest.MonkeyPatch) -> None:
    source = r"\bgpu[- ](?:box|node)\b"
    monkeypatch.setitem(NEEDED, key_of(source), needed_literals(source))
    lazy = LazyPattern(source)
    assert lazy.search("no such thing") is None
    assert list(lazy.finditer("no such thing")) == []
    found = lazy.search("one gpu box")
    assert found is not None
    assert found.span() == (4, 11)
    assert [match.group() for match in lazy.finditer("a gpu box, a gpu node")] == ["gpu box", "gpu node"]
