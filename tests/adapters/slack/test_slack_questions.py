"""Questions reach the bot over Socket Mode by mention, direct message and slash command, and are answered where they were asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from servers.fake_slack import BOT_ID, BOT_USER, TEAM, FakeSlack
from slack_parts import ScriptedRouter

from adapters.slack.app import SlackAdapter


async def test_a_mention_is_answered_in_its_thread(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    await slack.send(slack.mention("price of gpt-4o", ts="1700000000.000100"))
    (post,) = await slack.wait_for_posts(1)
    assert (post.via, post.channel, post.thread_ts, post.user) == (
        "chat.postMessage",
        "C0GENERAL",
        "1700000000.000100",
        None,
    )
    assert "You asked: price of gpt-4o" in post.everything
    assert (post.params["unfurl_links"], post.params["unfurl_media"]) == (False, False)
    assert "link_names" not in post.params
    message = router.admitted[0]
    assert (message.platform, message.workspace, message.channel, message.user, message.private) == (
        "slack",
        TEAM,
        "C0GENERAL",
        "U0ANN",
        False,
    )


async def test_a_mention_inside_a_thread_belongs_to_that_thread(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    await slack.send(slack.mention("price of gpt-4o", ts="1700000000.000100"))
    await slack.wait_for_posts(1)
    await slack.send(slack.mention("and with batch?", ts="1700000009.000200", thread_ts="1700000000.000100"))
    posts = await slack.wait_for_posts(2)
    assert posts[1].thread_ts == "1700000000.000100"
    assert "and with batch? (after: price of gpt-4o)" in posts[1].everything


async def test_different_threads_of_a_channel_know_nothing_of_each_other(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)
    await slack.send(slack.mention("and with batch?"))
    posts = await slack.wait_for_posts(2)
    assert "after:" not in posts[1].everything


@pytest.mark.parametrize("inside", [True, False], ids=["in the thread", "beside the thread"])
async def test_a_follow_up_in_a_direct_message_works(
    slack: FakeSlack, adapter: SlackAdapter, inside: bool
) -> None:
    await slack.send(slack.direct_message("price of gpt-4o", ts="1700000000.000100"))
    (first,) = await slack.wait_for_posts(1)
    assert (first.channel, first.thread_ts) == ("D0ANN", "1700000000.000100")
    more = {"thread_ts": "1700000000.000100"} if inside else {}
    await slack.send(slack.direct_message("and with batch?", ts="1700000009.000200", **more))
    posts = await slack.wait_for_posts(2)
    assert posts[1].thread_ts == ("1700000000.000100" if inside else "1700000009.000200")
    assert "and with batch? (after: price of gpt-4o)" in posts[1].everything


async def test_an_earlier_thread_of_direct_messages_keeps_its_own_memory(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    await slack.send(slack.direct_message("price of gpt-4o", ts="1700000000.000100"))
    await slack.wait_for_posts(1)
    await slack.send(slack.direct_message("price of o3", ts="1700000005.000100"))
    await slack.wait_for_posts(2)
    await slack.send(slack.direct_message("and with batch?", thread_ts="1700000000.000100"))
    posts = await slack.wait_for_posts(3)
    assert "(after: price of gpt-4o)" in posts[2].everything


async def test_a_command_is_answered_to_its_user_alone(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    await slack.send(slack.command("price of gpt-4o"))
    (post,) = await slack.wait_for_posts(1)
    assert (post.via, post.user, post.params["response_type"]) == ("response_url", "U0ANN", "ephemeral")
    assert router.admitted[0].private
    await slack.send(slack.command("and with batch?"))
    posts = await slack.wait_for_posts(2)
    assert "(after: price of gpt-4o)" in posts[1].everything


async def test_commands_of_two_people_in_a_channel_are_two_conversations(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    await slack.send(slack.command("price of gpt-4o", user="U0ANN"))
    await slack.wait_for_posts(1)
    await slack.send(slack.command("and with batch?", user="U0BOB"))
    posts = await slack.wait_for_posts(2)
    assert "after:" not in posts[1].everything


@pytest.mark.parametrize("kind", ["command", "mention", "direct_message"])
async def test_nothing_asked_means_help(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter, kind: str
) -> None:
    await slack.send(getattr(slack, kind)("  "))
    await slack.wait_for_posts(1)
    assert router.admitted[0].text == "help"


IGNORED: dict[str, dict[str, Any]] = {
    "a bot": {"bot_id": "B0OTHER", "subtype": "bot_message"},
    "a bot with a user": {"bot_id": "B0OTHER"},
    "the bot itself": {"user": BOT_USER, "bot_id": BOT_ID},
    "an edit": {"subtype": "message_changed", "message": {"text": "x"}},
    "a deletion": {"subtype": "message_deleted"},
    "somebody joining": {"subtype": "channel_join"},
    "a channel's message without a mention": {"channel_type": "channel"},
    "no user": {"user": None},
}


@pytest.mark.parametrize("more", IGNORED.values(), ids=IGNORED.keys())
async def test_what_is_no_question_is_acknowledged_and_ignored(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter, more: dict[str, Any]
) -> None:
    await slack.send(slack.direct_message("price of gpt-4o", **more))
    await slack.send(slack.direct_message("the end"))
    await slack.wait_for_posts(1)
    assert [message.text for message in router.admitted] == ["the end"]


async def test_events_that_nobody_listens_for_are_acknowledged(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    await slack.send(slack.event({"type": "reaction_added", "user": "U0ANN"}))
    await slack.send(slack.event({"type": "app_home_opened", "user": "U0ANN", "tab": "home"}))
    await slack.send({"type": "block_actions", "user": {"id": "U0ANN"}, "actions": [{"action_id": "x"}]})
    await slack.send({"type": "app_rate_limited", "team_id": TEAM, "minute_rate_limited": 1})
    assert len(slack.acks) == 4
    assert slack.posts == []


async def test_an_event_is_in_the_ledger_before_it_is_acknowledged(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    open_ledger = asyncio.Event()
    router.before_admission = open_ledger.wait
    mention = await slack.send(slack.mention("price of gpt-4o"), wait_ack=False)
    command = await slack.send(slack.command("price of gpt-4o"), wait_ack=False)
    await slack.settle()
    assert slack.acks == {}
    open_ledger.set()
    await slack.wait_for(lambda: {mention, command} <= slack.acks.keys())


async def test_an_event_that_could_not_be_taken_up_is_not_acknowledged(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    router.admission_error = RuntimeError("boom")
    await slack.send(slack.mention("price of gpt-4o"), wait_ack=False)
    await slack.send(slack.command("price of gpt-4o"), wait_ack=False)
    await slack.settle()
    assert slack.acks == {}
    router.admission_error = None
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)


async def test_events_are_acknowledged_while_answers_take_their_time(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    router.gate = asyncio.Event()
    await slack.send(slack.mention("one"))
    await slack.send(slack.command("two"))
    assert slack.posts == []
    router.gate.set()
    await slack.wait_for_posts(2)


async def test_a_repeated_delivery_is_answered_once(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    mention, command = slack.mention("price of gpt-4o"), slack.command("price of gpt-4o")
    for retry in range(3):
        await slack.send(mention, retry=retry)
        await slack.send(command)
    await slack.wait_for_posts(2)
    await slack.settle()
    assert (len(slack.posts), len(router.answered)) == (2, 2)


async def test_a_delivery_repeated_while_the_ledger_is_slow_is_answered_once(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    """Even by a router that cannot recognise repetitions, as when the ledger is locked by another program."""
    open_ledger = asyncio.Event()
    router.before_admission = open_ledger.wait
    mention, command = slack.mention("price of gpt-4o"), slack.command("price of gpt-4o")
    ids = {await slack.send(payload, wait_ack=False) for payload in (mention, command) * 3}
    await slack.settle()
    assert slack.acks == {}
    router.seen = NothingSeen()
    open_ledger.set()
    await slack.wait_for(lambda: ids <= slack.acks.keys())
    await slack.wait_for_posts(2)
    await slack.settle()
    assert len(slack.posts) == 2


class NothingSeen(set[str]):
    def update(self, *others: Any) -> None:
        """Forget at once."""


async def test_one_message_that_comes_as_two_events_is_answered_once(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    same = {"ts": "1700000000.000100", "channel": "D0ANN"}
    await slack.send(slack.mention("price of gpt-4o", **same))
    await slack.send(slack.direct_message(f"<@{BOT_USER}> price of gpt-4o", **same))
    await slack.wait_for_posts(1)
    await slack.settle()
    assert len(slack.posts) == 1


async def test_a_thread_is_answered_in_the_order_of_its_questions(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    router.gate = asyncio.Event()
    words = ["one", "two", "three", "four"]
    for word in words:
        await slack.send(slack.mention(word, thread_ts="1700000000.000100"))
    router.gate.set()
    posts = await slack.wait_for_posts(4)
    assert [word for post in posts for word in words if f"You asked: {word}" in post.text] == words


async def test_a_slow_conversation_holds_up_no_other(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    router.gate = asyncio.Event()
    await slack.send(slack.mention("slow", channel="C0SLOW"))
    await slack.wait_for(lambda: len(router.admitted) == 1)
    await slack.settle(0.05)
    slow, router.gate = router.gate, None
    await slack.send(slack.mention("quick", channel="C0QUICK"))
    (post,) = await slack.wait_for_posts(1)
    assert post.channel == "C0QUICK"
    slow.set()
    await slack.wait_for_posts(2)


async def test_broken_envelopes_do_no_harm(slack: FakeSlack, adapter: SlackAdapter) -> None:
    socket = slack._open_socket()
    for text in (
        "{}",
        "not json",
        "[]",
        '{"type": "events_api"}',
        '{"type": 5, "envelope_id": {}, "payload": []}',
    ):
        await socket.send_str(text)
    for event in ("text", [], None, {}, {"type": 7}, {"type": "app_mention", "text": 5, "user": {}, "ts": 1}):
        await slack.send(slack.event(event), wait_ack=False)  # type: ignore[arg-type]
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)
