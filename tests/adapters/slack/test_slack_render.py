"""Any answer becomes a message within Slack's limits in which nobody's text is markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from slack_parts import simple_answer

from adapters.slack import limits
from adapters.slack.render import Rendered, clip, escape, link, render
from bot.answers import Answer, Citation, Figure, Lever, Spend, Step
from bot.messages import Message, Reply

MESSAGE = Message(platform="slack", text="?")
PINGS = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!subteam^S1>",
    "<@U0ANN>",
    "<#C1|x>",
    "<https://evil.example|gpt-4o>",
]
TRICKS = [
    "*",
    "_",
    "~",
    "`",
    "```",
    "&amp;",
    "&lt;",
    "|",
    ">",
    "@here",
    ":tada:",
    "\u202e",
    "\x00",
    "\ud800",
    "😀",
    "\n",
    "\u2028",
]

texts = (
    st.text(max_size=40)
    | st.lists(st.sampled_from(PINGS + TRICKS) | st.text(max_size=10), max_size=8).map("".join)
    | st.sampled_from(["x" * 5_000, "😀" * 3_000, '"\\' * 2_000, "<&>" * 1_500, ""])
)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**15), max_value=10**15)
units = st.sampled_from(
    ["USD", "EUR", "tokens", "requests", "percent", "ratio", "date", "GPU-hours"]
) | st.text(max_size=8)
urls = (
    st.none()
    | texts
    | st.sampled_from(["https://a.example/x?y=1&z=<2>|3", "javascript:alert(1)", "http://[", "https://"])
)
figures = st.builds(Figure, label=texts, amount=amounts, unit=units, per=st.none() | texts)
citations = st.builds(
    Citation, id=texts, title=texts, url=urls, as_of=st.none() | texts, quote=st.none() | texts
)
steps = st.builds(
    Step,
    label=texts,
    amount=amounts,
    unit=units,
    count=st.none() | amounts,
    count_unit=texts,
    rate=st.none() | amounts,
)
levers = st.builds(
    Lever, name=texts, label=texts, amount=amounts, saving=amounts, unit=units, per=st.none() | texts
)


def some(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Usually a few, now and then very many."""
    few = st.lists(items, max_size=4).map(tuple)
    return few | st.builds(lambda item, count: (item,) * count, items, st.sampled_from([15, 60, 200]))


answers = st.builds(
    Answer,
    status=st.sampled_from(["answered", "clarify", "not_found", "out_of_scope", "error"]),
    kind=texts,
    headline=texts,
    figures=some(figures),
    assumptions=some(texts),
    citations=some(citations),
    steps=some(steps),
    levers=some(levers),
    details=some(texts),
    spend=st.builds(
        Spend, st.integers(0, 9), st.integers(0, 10**6), st.integers(0, 10**6), st.none() | amounts
    ),
    receipt=texts,
)


def rendered(answer: Answer, *notices: str) -> Rendered:
    return render(Reply(message=MESSAGE, answer=answer, notices=notices))


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string in blocks with the key that it stands under; text objects are named by their type."""
    if isinstance(value, dict):
        named = value["type"] if value.get("type") in ("mrkdwn", "plain_text") else key
        for name, inner in value.items():
            yield from strings(inner, f"{named}.{name}" if named else name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str):
        yield key, value


def without_links(mrkdwn: str) -> str:
    """mrkdwn without the links that we built: an address without any special character, and words without `<` and `>`."""
    return re.sub(r"<https?://[^<>|\s]+\|[^<>|]+>", "", mrkdwn)


@given(answers, some(texts))
def test_any_answer_is_within_slacks_limits(answer: Answer, notices: tuple[str, ...]) -> None:
    message = rendered(answer, *notices)
    assert limits.problems(message.blocks) == []
    assert limits.size(message.blocks) <= limits.SAFE_MESSAGE_SIZE
    assert 0 < limits.units(message.text) < 4_000
    json.dumps([message.text, message.blocks], ensure_ascii=False).encode(
        "utf-8"
    )  # no lone surrogate is left


@given(answers, some(texts))
def test_no_text_of_anybody_is_markup(answer: Answer, notices: tuple[str, ...]) -> None:
    message = rendered(answer, *notices)
    assert not re.search("[<>]", message.text)
    for key, text in strings(message.blocks):
        if key == "mrkdwn.text":
            assert not re.search("[<>]", without_links(text))
        assert not re.search(r"<[!@#a-z]", without_links(text) if key == "mrkdwn.text" else text)
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)
    kinds = {element["type"] for element in walk(message.blocks)}
    assert kinds <= {
        "rich_text", "rich_text_section", "rich_text_list", "text", "context", "plain_text", "mrkdwn"
    }  # fmt: skip


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


@given(st.text(), st.integers(1, 50))
def test_a_clipped_text_is_a_beginning_of_the_text(text: str, most: int) -> None:
    clipped = clip(text, most)
    assert limits.units(clipped) <= most
    assert clipped == text or (clipped.endswith("…") and text.startswith(clipped[:-1]))


@given(texts)
def test_escaping_can_be_undone(text: str) -> None:
    escaped = escape(text)
    assert not re.search("[<>]", escaped)
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


def test_a_usual_answer_shows_everything_once() -> None:
    answer = Answer(
        status="answered",
        kind="estimate",
        headline="$32.50 a day with gpt-4o",
        figures=(Figure(label="Cost", amount=Decimal("32.5"), unit="USD", per="day"),),
        steps=(Step(label="Input", amount=Decimal("12.5"), count=Decimal(5_000_000), count_unit="tokens"),),
        levers=(
            Lever(name="batch", label="Batch", amount=Decimal("16.25"), saving=Decimal("16.25"), per="day"),
        ),
        assumptions=("30 days a month",),
        citations=(
            Citation(
                id="s",
                title="OpenAI list prices",
                url="https://openai.com/pricing?a=1&b=2",
                as_of="2026-08-21",
            ),
        ),
        receipt="r-1234567890",
    )
    message = rendered(answer, "The budget of this month is used up.")
    shown = json.dumps(message.blocks, ensure_ascii=False)
    for words in (
        "$32.50 a day with gpt-4o",
        "The budget of this month is used up.",
        "Calculation",
        "Ways to pay less",
        "• 30 days a month",
        "<https://openai.com/pricing?a=1&amp;b=2|OpenAI list prices (2026-08-21)>",
        "r-1234567890",
    ):
        assert shown.count(words) == 1, words
    assert message.blocks[0]["elements"][0]["elements"][0]["style"] == {"bold": True}
    assert "shows all" not in shown
    assert message.text.startswith("$32.50 a day with gpt-4o\n")
    assert "https://openai.com/pricing?a=1&amp;b=2" in message.text


def test_what_does_not_fit_is_counted_and_can_be_seen_elsewhere() -> None:
    many = tuple(Figure(label=f"model-{n}", amount=Decimal(n), unit="USD", per="day") for n in range(100))
    answer = Answer(
        status="answered", kind="compare", headline="100 models", figures=many, receipt="r-1234567890"
    )
    shown = json.dumps(rendered(answer).blocks, ensure_ascii=False)
    assert "model-0: " in shown
    assert "… 80 more lines: aicost explain r-1234567890 shows all" in shown


def test_the_important_parts_survive_a_flood_of_details() -> None:
    flood = tuple("x" * 400 for _ in range(50))
    answer = Answer(
        status="answered",
        kind="fact",
        headline="The headline",
        figures=simple_answer("").figures,
        citations=simple_answer("").citations,
        details=flood,
        assumptions=flood,
        receipt="r-1234567890",
    )
    shown = json.dumps(rendered(answer, "A notice.").blocks, ensure_ascii=False)
    for words in ("The headline", "A notice.", "Input: ", "OpenAI list prices", "receipt r-1234567890"):
        assert words in shown


def test_a_source_that_is_cited_twice_is_named_once() -> None:
    twice = tuple(
        Citation(id=name, title="OpenAI list prices", url="https://openai.com/pricing") for name in "ab"
    )
    message = rendered(Answer(status="answered", kind="price", headline="x", citations=twice))
    assert str(message.blocks).count("OpenAI list prices") == 1
    assert message.text.count("OpenAI list prices") == 1


def test_a_source_without_a_web_address_is_no_link() -> None:
    assert (
        link(Citation(id="s", title="your contract <b>", url="javascript:alert(1)"))
        == "your contract &lt;b&gt;"
    )
    assert (
        link(Citation(id="s", title="a|b", url="https://x.example/a|b c>"))
        == "<https://x.example/a%7Cb%20c%3E|a¦b>"
    )
