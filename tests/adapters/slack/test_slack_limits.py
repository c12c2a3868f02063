"""Each limit of Slack, met and broken by one."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.slack.limits import LIMITS, problems, size, too_long, units


def plain(length: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": "x" * length}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(3), "action_id": "a", **more}


AT_MOST: dict[str, Any] = {
    "blocks": lambda n: [{"type": "divider"}] * n,
    "section_text": lambda n: [{"type": "section", "text": mrkdwn(n)}],
    "section_fields": lambda n: [{"type": "section", "fields": [plain(1)] * n}],
    "section_field": lambda n: [{"type": "section", "fields": [mrkdwn(n)]}],
    "header_text": lambda n: [{"type": "header", "text": plain(n)}],
    "context_elements": lambda n: [{"type": "context", "elements": [plain(1)] * n}],
    "context_text": lambda n: [{"type": "context", "elements": [mrkdwn(n)]}],
    "actions_elements": lambda n: [{"type": "actions", "elements": [button()] * n}],
    "button_text": lambda n: [{"type": "actions", "elements": [button(text=plain(n))]}],
    "button_value": lambda n: [{"type": "actions", "elements": [button(value="x" * n)]}],
    "identifier": lambda n: [{"type": "divider", "block_id": "x" * n}],
    "url": lambda n: [{"type": "image", "image_url": "x" * n, "alt_text": "x"}],
    "alt_text": lambda n: [{"type": "image", "image_url": "x", "alt_text": "x" * n}],
    "markdown_text": lambda n: [
        {"type": "markdown", "text": "x" * (n - 5)},
        {"type": "markdown", "text": "xxxxx"},
    ],
    "tables": lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * n,
    "table_rows": lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * n}],
    "table_cells": lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * n]}],
}


def test_every_limit_has_a_source_and_a_case() -> None:
    assert all(limit.most > 0 and limit.source for limit in LIMITS.values())
    assert LIMITS.keys() - AT_MOST.keys() == {"message_size", "message_text"}


@pytest.mark.parametrize("name", AT_MOST)
def test_a_limit_may_be_reached_and_not_passed(name: str) -> None:
    build, most = AT_MOST[name], LIMITS[name].most
    assert problems(build(most)) == []
    found = problems(build(most + 1))
    assert found
    assert str(most) in found[0]


def test_all_blocks_together_have_a_limit() -> None:
    block = {"type": "section", "text": mrkdwn(2_900)}
    assert not too_long([block] * 4)
    assert too_long([block] * 5)
    assert size([block]) > 2_900


@pytest.mark.parametrize(
    "blocks",
    [
        "text",
        [],
        [5],
        [{}],
        [{"type": "unknown"}],
        [{"type": "section"}],
        [{"type": "section", "text": "text"}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}],
        [{"type": "header", "text": mrkdwn(3)}],
        [{"type": "context", "elements": []}],
        [{"type": "context"}],
        [{"type": "actions", "elements": [{"type": "menu"}]}],
        [{"type": "actions", "elements": [button(style="green")]}],
        [{"type": "rich_text", "elements": []}],
        [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
        [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}],
            }
        ],
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "blink"}]}]}],
        [{"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "dash", "elements": []}]}],
        [{"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}],
        [{"type": "table", "rows": [["x"]]}],
    ],
)
def test_what_is_no_message_is_named_with_its_place(blocks: Any) -> None:
    found = problems(blocks)
    assert found
    assert all(problem.startswith("/blocks") for problem in found)


def test_lengths_are_counted_as_slack_may_count_them() -> None:
    assert (units("ab"), units("😀"), units("\ud800")) == (2, 2, 1)
