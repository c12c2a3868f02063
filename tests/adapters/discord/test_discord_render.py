"""What a reply looks like in Discord: nothing in it is markup that is not ours, and Discord's limits hold whatever the answer."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from discord.utils import escape_mentions
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_router import ESTIMATE

from adapters.discord.limits import CONTENT, LAYOUT_COMPONENTS, LAYOUT_TEXT, layout_problems, length
from adapters.discord.render import layout, plain_content
from adapters.discord.text import escape, escape_within, link, safe_url
from bot.answers import Answer, Citation, Figure, Lever, Status
from bot.messages import Message, Reply

QUESTION = Message(platform="discord", text="q")


def payload(answer: Answer, *notices: str) -> list[dict[str, Any]]:
    return layout(Reply(message=QUESTION, answer=answer, notices=notices)).to_components()


def shown(answer: Answer, *notices: str) -> str:
    (container,) = payload(answer, *notices)
    return "\n".join(part["content"] for part in container["components"] if "content" in part)


def unescaped(markdown: str) -> str:
    """What Discord shows for a text without markup: a backslash before punctuation stands for that character."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", markdown).replace("@\u200b", "@")


def test_an_answer_reads_from_headline_to_footer() -> None:
    lines = shown(ESTIMATE, "The budget of today is used up.").split("\n")
    assert lines == [
        "**10,000 requests a day to gpt-4o (OpenAI) cost $32.50 a day, $975 a month.**",
        "• Cost: **$32.50 a day**",
        "• Cost: **$975 a month**",
        "**Ways to pay less**",
        "• Batch: $16.25 a day, saves $16.25 (50 %)",
        "-# **Assumptions**",
        "-# • A month is 30 days.",
        "-# • No input is cached.",
        "-# **Sources**",
        "-# • [OpenAI prices (2026-11-20)](https://openai.com/api/pricing)",
        "-# The budget of today is used up.",
        "-# This answer used no LLM and cost $0 · receipt r-7f3a",
    ]


@pytest.mark.parametrize("status", ["answered", "clarify", "not_found", "out_of_scope", "error"])
def test_every_status_has_a_colour(status: Status) -> None:
    (container,) = payload(replace(ESTIMATE, status=status))
    assert container["accent_color"] > 0


MARKUP = [
    "**bold** __under__ *it* _it_ ~~gone~~ ||spoiler||",
    "`code` ```\nblock\n```",
    "[masked](https://evil.example) <https://evil.example> https://evil.example",
    "<@123456789012345678> <@&123456789012345678> <#123456789012345678> </usage:1234> <id:home>",
    "<t:1700000000:R> :smile: <:smile:123456789012345678>",
    "# heading",
    "- list",
    "1. list",
    "> quote",
    ">>> quote",
    "-# small",
    "back\\slash \\*",
    "\u202egnidaer\u202c zero\u200bwidth",
]


@pytest.mark.parametrize("text", MARKUP)
def test_an_escaped_text_holds_no_live_markup(text: str) -> None:
    escaped = escape(text)
    assert re.search(r"(?<!\\)(?:\\\\)*[*_~|`\[\]<>]", escaped) is None
    assert re.search(r"(?<!\\):/", escaped) is None
    assert re.match(r"#|[-+] |\d+\. |-#", escaped) is None
    assert escape_mentions(escaped) == escaped
    assert "\n" not in escaped
    assert "\u202e" not in escaped


@given(st.text())
def test_an_escaped_text_reads_as_the_text_does(text: str) -> None:
    visible = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    assert unescaped(escape(text)) == visible


@given(st.text(max_size=400), st.integers(min_value=2, max_value=300))
def test_a_shortened_text_fits_and_begins_as_the_text_does(text: str, limit: int) -> None:
    short = escape_within(text, limit)
    assert length(short) <= limit
    whole = unescaped(escape(text))
    assert whole.startswith(unescaped(short).removesuffix("…").rstrip())


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https://user@evil.example/",
        "https://a b",
        "https://[::1",
        "discord://x",
        "",
        None,
        "https://a.example/\n@everyone",
    ],
)
def test_only_an_address_that_a_browser_should_open_becomes_a_link(url: str | None) -> None:
    assert safe_url(url) is None
    assert link("Prices", url, 500) == "Prices"


def test_a_link_ends_where_its_address_ends() -> None:
    markdown = link("List [2026] @everyone", "https://a.example/x)(y>*_`?q=1%20&r=@everyone#top", 500)
    assert markdown == (
        "[List \\[2026\\] @\u200beveryone](https://a.example/x%29%28y%3E%2A_%60?q=1%20&r=%40everyone#top)"
    )


def test_an_address_that_is_too_long_is_left_out() -> None:
    assert link("Prices", "https://a.example/" + "x" * 600, 500) == "Prices"


WORDS = st.one_of(st.text(max_size=40), st.sampled_from(["*" * 900, "A sentence. " * 60]))
AMOUNTS = st.decimals(min_value=0, max_value=Decimal(10) ** 15, allow_nan=False, places=6)
FIGURES = st.builds(
    Figure,
    label=WORDS,
    amount=AMOUNTS,
    unit=st.sampled_from(["USD", "tokens", "percent"]),
    per=st.sampled_from([None, "day"]),
)
CITATIONS = st.builds(
    Citation,
    id=st.text(max_size=5),
    title=WORDS,
    url=st.one_of(st.none(), st.just("https://openai.com/api/pricing"), WORDS),
    as_of=st.one_of(st.none(), st.just("2026-11-20")),
)
LEVERS = st.builds(Lever, name=st.just("batch"), label=WORDS, amount=AMOUNTS, saving=AMOUNTS)
ANSWERS = st.builds(
    Answer,
    status=st.sampled_from(["answered", "clarify", "not_found", "out_of_scope", "error"]),
    kind=st.just("estimate"),
    headline=st.text(max_size=3000),
    figures=st.lists(FIGURES, max_size=30).map(tuple),
    details=st.lists(WORDS, max_size=12).map(tuple),
    assumptions=st.lists(WORDS, max_size=12).map(tuple),
    citations=st.lists(CITATIONS, max_size=8).map(tuple),
    levers=st.lists(LEVERS, max_size=5).map(tuple),
    receipt=st.sampled_from(["", "r-7f3a"]),
)


@settings(max_examples=50)
@given(ANSWERS, st.lists(WORDS, max_size=4))
def test_whatever_the_answer_discord_takes_it(answer: Answer, notices: list[str]) -> None:
    reply = Reply(message=QUESTION, answer=answer, notices=tuple(notices))
    assert layout_problems(layout(reply).to_components()) == []
    assert length(plain_content(reply)) <= CONTENT.most


def test_a_long_answer_keeps_part_of_everything_and_says_that_lines_are_missing() -> None:
    many = tuple(Figure(label=f"model {n}", amount=Decimal(n), unit="USD", per="day") for n in range(300))
    answer = replace(ESTIMATE, figures=many, details=("detail " * 60,) * 20, assumptions=("assumption",) * 3)
    text = shown(answer)
    for part in (
        "model 0:",
        "detail",
        "Batch:",
        "assumption",
        "[OpenAI prices",
        "left out here; aicost explain r-7f3a",
    ):
        assert part in text
    assert length(text) > 3500


def test_a_source_of_several_facts_is_named_once() -> None:
    twice = (*ESTIMATE.citations, replace(ESTIMATE.citations[0], id="p2"))
    assert shown(replace(ESTIMATE, citations=twice)).count("[OpenAI prices") == 1


def test_a_short_answer_says_nothing_about_missing_lines() -> None:
    assert "left out" not in shown(ESTIMATE)


def test_the_check_knows_every_limit() -> None:
    text = {"type": 10, "content": "x" * LAYOUT_TEXT.most}
    assert layout_problems([text]) == []
    assert layout_problems([{"type": 17, "components": [text, {"type": 10, "content": "y"}]}]) == [
        "4001 characters in all text displays of a message (at most 4000)"
    ]
    line = {"type": 14}
    assert layout_problems([line] * LAYOUT_COMPONENTS.most) == []
    assert layout_problems([{"type": 17, "components": [line] * 40}]) == [
        "41 components of a message, nested ones counted (at most 40)"
    ]
    assert layout_problems([{"type": 10, "content": " "}]) == ["an empty text display"]
    assert layout_problems([]) == ["no component at all"]
    assert length("a😀") == 3
