"""The question sets, asked of the real router; each conversation is judged by every part of its expectation.

At least 97 of 100 of the first set end right. The second set was written by somebody who had not seen the rules and is harder, the
third and the fourth in rounds, each question before it was asked (63 to 93 of 100 of a round of the fourth were right at once); the
held-out questions were never looked at while rules were written. Their floors are what is reached, so that it does not get worse.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from questions.formulas import value_of
from questions.scoring import Result, describe, faults, load, misleads, score, table

from knowledge.base import FILE_NAME

REQUIRED = {"first": 0.97, "second": 0.95, "third": 0.96, "fourth": 0.96, "held out": 0.94}
MOST_MISLEADING = 0.01
"""The share of all questions that may be answered with another figure than the right one; asking back is always better."""
FEWEST = 3000
FEWEST_HELD_OUT = 150


@pytest.fixture(scope="module")
def results(compiled_knowledge: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """The whole set, asked once."""
    folder = tmp_path_factory.mktemp("questions")
    shutil.copy(compiled_knowledge / FILE_NAME, folder)
    return asyncio.run(score(load(), folder))


def test_the_set_is_large_and_says_nothing_twice() -> None:
    cases = load()
    assert len(cases) >= FEWEST
    assert sum(case.holdout for case in cases) >= FEWEST_HELD_OUT
    conversations = [tuple(turn.casefold() for turn in case.turns) for case in cases]
    assert len(set(conversations)) == len(conversations)


def test_questions_are_answered_right(results: list[Result]) -> None:
    print(table(results))
    wrong = [describe(result) for result in results if result.faults and not result.case.holdout]
    print("\n".join(wrong))
    for name, required in REQUIRED.items():
        asked = [result for result in results if _set_of(result) == name]
        right = sum(not result.faults for result in asked)
        assert right >= required * len(asked), f"{name} set: {right} of {len(asked)} are right"


def _set_of(result: Result) -> str:
    if result.case.holdout:
        return "held out"
    of_kind = result.case.kind.partition("_")[0]
    return of_kind if of_kind in REQUIRED else "first"


def test_few_answers_mislead(results: list[Result]) -> None:
    misled = [result for result in results if misleads(result)]
    assert len(misled) <= MOST_MISLEADING * len(results), "\n".join(map(describe, misled))


def test_no_refusal_holds_a_price(results: list[Result]) -> None:
    refused = [result for result in results if result.answer["status"] != "answered"]
    assert refused
    for result in refused:
        assert not [figure for figure in result.answer["figures"] if figure["unit"] == "USD"], describe(
            result
        )


def test_a_wrong_answer_is_found_out() -> None:
    formula = {
        "calc": "llm",
        "provider": "openai",
        "model": "gpt-4o",
        "input": 500,
        "output": 200,
        "requests": 10,
    }
    figure = {
        "amount": str(value_of(formula)),
        "unit": "USD",
        "per": "day",
        "model": "gpt-4o",
        "provider": "openai",
    }
    right = {"status": "answered", "kind": "estimate", "figures": [figure], "citations": [], "headline": ""}
    expect = {
        "status": "answered",
        "kind": "estimate",
        "first": formula,
        "unit": "USD",
        "per": "day",
        "model": "gpt-4o",
    }
    assert not list(faults(expect, right))
    for change in ({"amount": "0.0326"}, {"unit": "EUR"}, {"per": None}, {"model": "gpt-4o-mini"}):
        assert list(faults(expect, {**right, "figures": [{**figure, **change}]})), change
    changes: tuple[dict[str, Any], ...] = ({"status": "clarify"}, {"kind": "price"}, {"figures": []})
    for changed in changes:
        assert list(faults(expect, {**right, **changed})), changed
    assert list(faults({"status": "not_found"}, {**right, "status": "not_found"})), "a refusal with a price"
    assert list(
        faults({"names": "model"}, {**right, "status": "clarify", "figures": [], "headline": "How much?"})
    )
