"""What Slack sends as text and shape, and what comes out of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.fake_slack import BOT_USER

from adapters.slack.events import from_command, from_event, is_command, sent_at, typed
from bot.messages import MAX_QUESTION_CHARS


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("<@U0BOT> price of gpt-4o", "price of gpt-4o"),
        ("<@U0BOT|aicost> price of gpt-4o", "price of gpt-4o"),
        ("price <@U0BOT> of gpt-4o", "price   of gpt-4o"),
        ("AT&amp;T &lt;5k requests&gt;", "AT&T <5k requests>"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("is <http://claude.ai|claude.ai> cheaper", "is claude.ai cheaper"),
        ("see <https://openai.com/pricing>", "see https://openai.com/pricing"),
        ("mail <mailto:ann@example.com|ann@example.com>", "mail ann@example.com"),
        ("usage in <#C123|general>", "usage in #general"),
        ("<!here> price of o3", "price of o3"),
        ("<!subteam^S1|@team> price of o3", "price of o3"),
        ("since <!date^1700000000^{date}|Nov 14, 2023>", "since Nov 14, 2023"),
        ("*price* of _gpt-4o_ in `batch` ~now~", "price of gpt-4o in batch now"),
        ("```price of gpt_4_turbo```", "price of gpt_4_turbo"),
        ("5*3 requests * 2, ~500 in and ~200 out", "5*3 requests * 2, ~500 in and ~200 out"),
        ("<10k requests> & more", "<10k requests> & more"),
        ("10k\u00a0requests", "10k requests"),
    ],
)
def test_text_comes_out_as_it_was_typed(sent: str, meant: str) -> None:
    assert typed(sent) == meant


@given(st.text() | st.text(alphabet="<>|&*_~`@!#:htpsmail ;lgt", max_size=400))
def test_any_text_is_read(text: str) -> None:
    assert len(typed(text)) <= MAX_QUESTION_CHARS


@pytest.mark.parametrize("piece", ["<@", "<!date^", "*a ", "_", "~x", "`", "&lt;", "<https:|", "*_~"])
def test_a_megabyte_of_markup_is_cut_before_any_pattern_sees_it(piece: str) -> None:
    assert len(typed(piece * (1_000_000 // len(piece)))) <= MAX_QUESTION_CHARS


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just("im") | st.just("app_mention"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=5,
)
fields = ["type", "channel", "channel_type", "user", "ts", "thread_ts", "text", "bot_id", "subtype", "team"]
events = st.fixed_dictionaries({}, optional=dict.fromkeys(fields, anything)) | anything
bodies = st.fixed_dictionaries(
    {},
    optional={
        "event": events,
        "event_id": anything,
        "team_id": anything,
        "user_id": anything,
        "channel_id": anything,
    },
)


@given(bodies)
def test_a_payload_of_any_shape_is_a_message_or_nothing(body: dict[str, Any]) -> None:
    for message in (from_event(body, BOT_USER), from_command(body)):
        assert message is None or (message.text and message.user and message.channel and message.thread)


def event(**more: Any) -> dict[str, Any]:
    inner = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.5", "text": "price of o3", **more}
    return {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": inner}


def test_an_event_bears_all_names_under_which_it_may_come_again() -> None:
    message = from_event(event(), BOT_USER)
    assert message is not None
    assert set(message.dedup_keys) == {"event:Ev1", "message:C1:1.5"}
    assert message.conversation == ("slack", "T1", "C1", "1.5")
    assert message.also_threads == ()
    assert sent_at(message) == "1.5"


def test_a_file_with_a_question_and_a_broadcast_reply_are_questions() -> None:
    for subtype in ("file_share", "thread_broadcast"):
        message = from_event(event(type="message", channel_type="im", subtype=subtype), BOT_USER)
        assert message is not None
        assert message.private
        assert (message.thread, message.also_threads) == ("1.5", ("direct-messages",))


def test_a_command_bears_its_trigger() -> None:
    body = {
        "user_id": "U1",
        "channel_id": "C1",
        "team_id": "T1",
        "trigger_id": "7.8.x",
        "text": "price of o3",
    }
    message = from_command(body)
    assert message is not None
    assert message.dedup_keys == ("trigger:7.8.x",)
    assert message.conversation == ("slack", "T1", "C1", "command:U1")
    assert is_command(message)
    assert message.also_threads == ()
    assert sent_at(message) is None
