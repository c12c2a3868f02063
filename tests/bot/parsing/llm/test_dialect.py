"""Dialects: from one refusal to the next towards a request that the server takes."""

from __future__ import annotations

import pytest

from bot.parsing.llm.dialect import Dialect


@pytest.mark.parametrize(
    ("model", "effort", "temperature"),
    [
        ("gpt-5-nano", "minimal", False),
        ("gpt-5-mini-2025-08-07", "minimal", False),
        ("gpt-5.1", "none", False),
        ("o4-mini", "low", False),
        ("openai/gpt-5-nano", "minimal", False),
        ("gpt-5-chat-latest", None, True),
        ("gpt-4o-mini", None, True),
        ("llama3.1:8b", None, True),
        ("o200k", None, True),
    ],
)
def test_the_first_guess_follows_the_model_name(model: str, effort: str | None, temperature: bool) -> None:
    guess = Dialect.first_guess(model)
    assert (guess.effort, guess.temperature) == (effort, temperature)


@pytest.mark.parametrize(
    ("words", "change"),
    [
        (
            "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
            {"temperature": False},
        ),
        (
            "Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens' instead.",
            {"limit_name": "max_tokens"},
        ),
        ("'response_format' of type 'json_schema' is not supported", {"format": "json_object"}),
        ("Unrecognized request argument supplied", {"format": "json_object"}),
    ],
)
def test_a_refusal_changes_what_it_names(words: str, change: dict[str, object]) -> None:
    before = Dialect()
    after = before.after_refusal(words)
    assert after is not None
    changed = {name: getattr(after, name) for name in change}
    assert changed == change
    assert {
        n
        for n in ("format", "temperature", "limit_name", "effort")
        if getattr(after, n) != getattr(before, n)
    } == set(change)


def test_reasoning_effort_is_given_up_before_anything_else() -> None:
    after = Dialect.first_guess("gpt-5-nano").after_refusal("Unsupported value: 'reasoning_effort' minimal")
    assert after is not None
    assert "reasoning_effort" not in after.parameters()
    assert after.format == "json_schema"


@pytest.mark.parametrize(
    "words", ["", "temperature", "max_tokens max_completion_tokens", "reasoning temperature schema"]
)
def test_refusals_come_to_an_end(words: str) -> None:
    dialect: Dialect | None = Dialect.first_guess("gpt-5-nano")
    steps = 0
    while dialect is not None:
        dialect = dialect.after_refusal(words)
        steps += 1
        assert steps < 8


def test_parameters_of_the_plainest_dialect() -> None:
    plainest = Dialect(format="text", temperature=False, limit_name=None)
    assert plainest.parameters() == {}
