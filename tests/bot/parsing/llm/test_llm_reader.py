"""The tolerant reader: the form in whatever a model wrote, and nothing but the form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.llm.reader import MAX_ITEMS, MAX_STRING, as_form, read_form
from bot.parsing.llm.schema import KINDS, PROMPT, PROMPT_WITH_SHAPE, SCHEMA
from bot.questions import Question

FORM = {
    "models": ["gpt-4o"],
    "quantities": [{"text": "10k requests", "role": "requests", "per": "day"}],
    "want": "cost",
    "want_per": None,
    "kind": "estimate",
    "follow_up": False,
}
WRITTEN = json.dumps(FORM)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(WRITTEN, id="bare"),
        pytest.param(f"  \n{WRITTEN}\n", id="white space"),
        pytest.param(f"```json\n{WRITTEN}\n```", id="code fence"),
        pytest.param(f"Sure! Here is the form:\n{WRITTEN}\nHope this helps.", id="between sentences"),
        pytest.param(f'<think>{{"kind": "help"}} hmm</think>{WRITTEN}', id="after thoughts"),
        pytest.param(WRITTEN.replace("}]", "},]"), id="trailing comma"),
        pytest.param(f'{{"error": null}} {WRITTEN}', id="after another object"),
        pytest.param(WRITTEN.replace('"estimate"', '"Estimate"'), id="other case"),
        pytest.param(WRITTEN[:-1] + ', "price": "$0.42", "answer": {"usd": 12}}', id="more fields"),
    ],
)
def test_the_form_is_found(text: str) -> None:
    assert read_form(text) == FORM


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("It costs $12.50 a day.", id="an answer"),
        pytest.param(WRITTEN[:60], id="half of it"),
        pytest.param('{"kind": "payment"}', id="unknown kind"),
        pytest.param('{"kind": ["price"]}', id="kind of another type"),
        pytest.param('{"cost_usd": 12.5}', id="another schema"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param("<!doctype html><style>a{b:c}</style>", id="html"),
        pytest.param("{" * 50_000, id="deep objects"),
        pytest.param('{"kind":' * 20_000, id="deep values"),
        pytest.param('{"a":' + "[" * 100_000, id="deep lists"),
        pytest.param("<think>" + WRITTEN, id="thoughts without end"),
    ],
)
def test_without_a_form_there_is_none(text: str) -> None:
    assert read_form(text) is None


def test_what_does_not_fit_is_left_out() -> None:
    form = as_form(
        {
            "kind": "estimate",
            "models": ["gpt-4o", 7, "", "x" * (MAX_STRING + 1), None],
            "quantities": [
                {"text": "500 in", "role": "input", "per": "request", "value": "999999"},
                {"text": "5", "role": "price", "per": None},
                {"text": 5, "role": "input"},
                "10k requests",
                {"text": "2 users", "role": "users", "per": "fortnight"},
            ],
            "want": "money",
            "want_per": 3,
            "follow_up": "yes",
        }
    )
    assert form == {
        "kind": "estimate",
        "models": ["gpt-4o"],
        "quantities": [
            {"text": "500 in", "role": "input", "per": "request"},
            {"text": "2 users", "role": "users", "per": None},
        ],
        "want": None,
        "want_per": None,
        "follow_up": False,
    }


def test_lists_are_bounded() -> None:
    form = as_form(
        {"kind": "compare", "models": ["m"] * 10_000, "quantities": [FORM["quantities"][0]] * 10_000}
    )
    assert form is not None
    assert len(form["models"]) == len(form["quantities"]) == MAX_ITEMS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(KINDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FORM, "text"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_gives_a_form_or_none(data: object) -> None:
    form = as_form(data)
    assert form is None or (set(form) == set(SCHEMA["properties"]) and as_form(form) == form)


@given(st.text(alphabet='{}[]",:kindprice \\', max_size=60))
def test_any_text_gives_a_form_or_none(text: str) -> None:
    form = read_form(text)
    assert form is None or form["kind"] in KINDS


def walk(schema: object) -> list[dict[str, object]]:
    """Every schema inside a schema."""
    if isinstance(schema, list):
        return [found for item in schema for found in walk(item)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(found for value in schema.values() for found in walk(value))]


def test_the_schema_is_strict_and_has_no_place_for_a_value() -> None:
    for part in walk(SCHEMA):
        assert not {"default", "$ref", "anyOf", "number", "integer"} & set(part)
        assert part.get("type") not in ("number", "integer")
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])  # type: ignore[call-overload]


def test_kinds_are_those_of_the_typed_questions() -> None:
    from typing import get_args

    assert len(KINDS) == len(get_args(Question)) == len(set(KINDS))


def test_prompts_hold_no_figure_and_no_example_to_copy() -> None:
    assert not any(c.isdigit() or c in "$€" for c in PROMPT + PROMPT_WITH_SHAPE)
