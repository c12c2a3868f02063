"""No answer is lost on its last steps: a Slack in trouble is tried again, and what may have been posted is looked for first."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from servers.fake_slack import FakeSlack
from slack_parts import ScriptedRouter, ScriptedTicket, simple_answer, slack_settings

from adapters.slack.app import SlackAdapter
from adapters.slack.events import from_command, from_event
from bot.answers import Answer
from bot.messages import Message
from bot.router import Router
from bot.settings import Settings

QUESTION = "10k requests a day, 500 in / 200 out, gpt-4o"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.slack.desk._WAIT_FIRST", 0.01)


async def test_an_answer_is_reported_as_delivered_once_slack_has_it(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    await slack.send(slack.mention("one"))
    await slack.send(slack.command("two"))
    await slack.wait_for_posts(2)
    await delivered(router, 2)
    assert sorted(router.delivered_texts) == ["one", "two"]


async def test_an_answer_that_slack_refuses_for_good_is_given_up(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    slack.absent_from = {"C0GONE"}
    await slack.send(slack.mention("one", channel="C0GONE"))
    await slack.settle()
    assert router.problems == ["Slack refused the answer: not_in_channel"]
    assert router.delivered_texts == []


async def test_a_long_outage_delays_answers_and_loses_none(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter
) -> None:
    slack.fail_next("chat.postMessage", times=6, status=503, error="service_unavailable")
    slack.fail_next("conversations.replies", times=2, error="internal_error")
    await slack.send(slack.direct_message("one", ts="1700000000.000100"))
    await slack.send(slack.direct_message("two", thread_ts="1700000000.000100"))
    posts = await slack.wait_for_posts(2)
    assert ["You asked: one" in posts[0].text, "You asked: two" in posts[1].text] == [True, True]
    await delivered(router, 2)
    assert router.delivered_texts == ["one", "two"]


@pytest.mark.parametrize(
    ("kind", "readable", "copies"),
    [("direct_message", False, 1), ("mention", True, 1), ("mention", False, 2)],
    ids=["direct message", "channel that may be read", "channel that may not be read"],
)
async def test_a_post_whose_confirmation_is_lost_is_looked_for_where_slack_allows_it(
    slack: FakeSlack,
    adapter: SlackAdapter,
    router: ScriptedRouter,
    kind: str,
    readable: bool,
    copies: int,
) -> None:
    slack.readable = {"C0GENERAL"} if readable else set()
    slack.torn = 1
    await slack.send(getattr(slack, kind)("one"))
    await delivered(router, 1)
    assert len(slack.posts) == copies


async def restarted(slack: FakeSlack, router: ScriptedRouter, folder: Path) -> None:
    """A process that starts with what `router.left` holds, and ends when it has seen to it."""
    expected = len(router.left)
    adapter = SlackAdapter(slack_settings(slack, folder), router)
    await adapter.start()
    await slack.wait_connected()
    await delivered(router, expected)
    await adapter.stop()


async def delivered(router: ScriptedRouter, count: int) -> None:
    """Wait until the router was told of this many deliveries."""
    async with asyncio.timeout(8):
        while len(router.delivered_texts) < count:  # noqa: ASYNC110  # the router has nothing to wait on
            await asyncio.sleep(0.01)


async def test_a_stored_answer_is_posted_after_a_restart_unless_it_stands_there_already(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    payload = slack.direct_message("one", ts="1700000000.000100")
    message = from_event(payload, "U0BOT")
    assert message is not None
    stored = simple_answer("Made before the restart")
    for posts in (
        1,
        1,
    ):  # the first start posts it; the second is told again, as if it had died before `delivered`
        router.left = [ScriptedTicket(message, stored)]
        router.delivered_texts = []
        await restarted(slack, router, tmp_path)
        assert len(slack.posts) == posts
    assert "Made before the restart" in slack.posts[0].text
    assert slack.posts[0].thread_ts == "1700000000.000100"
    assert router.answered == []


async def test_a_stored_answer_for_one_user_is_sent_again_since_nobody_can_look_for_it(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    message = from_command(slack.command("one"))
    assert message is not None
    router.left = [ScriptedTicket(message, simple_answer("Made before the restart"))]
    await restarted(slack, router, tmp_path)
    (post,) = slack.posts
    assert (post.via, post.user) == ("chat.postEphemeral", "U0ANN")


async def test_somebody_who_quotes_the_receipt_is_not_taken_for_the_bot(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = from_event(slack.direct_message("one", ts="1700000000.000100"), "U0BOT")
    assert message is not None
    stored = simple_answer("Made before the restart")
    quoted = {"type": "message", "user": "U0ANN", "text": f"where is {stored.receipt}?", "ts": "1700000001.0"}
    monkeypatch.setattr(
        FakeSlack, "_replies", lambda *_: web.json_response({"ok": True, "messages": [quoted, "junk"]})
    )
    router.left = [ScriptedTicket(message, stored)]
    await restarted(slack, router, tmp_path)
    assert len(slack.posts) == 1


async def test_a_token_that_is_revoked_while_at_work_is_told_and_costs_no_answer(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter, caplog: pytest.LogCaptureFixture
) -> None:
    slack.fail_next("chat.postMessage", times=2, error="token_revoked")
    await slack.send(slack.direct_message("one"))
    await slack.wait_for(lambda: not adapter.connected)
    assert "Slack refused SLACK_BOT_TOKEN (token_revoked)." in str(adapter.failure)
    await slack.wait_for_posts(1)
    assert router.problems == []
    assert caplog.text.count("Slack refused SLACK_BOT_TOKEN") == 1


async def test_an_answer_that_was_never_posted_is_posted_by_the_next_process(
    slack: FakeSlack, data_dir: Path
) -> None:
    """With the real router and ledger: the first process dies between answering and posting."""
    settings = slack_settings(slack, data_dir)
    message = from_event(slack.mention(QUESTION, ts="1700000000.000100"), "U0BOT")
    assert message is not None
    first = await answered_and_gone(settings, message)
    core = await Router.open(settings)
    adapter = SlackAdapter(settings, core)
    await adapter.start()
    (post,) = await slack.wait_for_posts(1)
    assert first.receipt in post.text
    await slack.settle(0.1)
    assert (await core.ledger.report()).totals.questions == 1
    await adapter.stop()
    await core.close()
    core = await Router.open(settings)
    assert await core.unfinished("slack") == []
    await core.close()


async def answered_and_gone(settings: Settings, message: Message) -> Answer:
    core = await Router.open(settings)
    ticket = await core.admit(message)
    assert ticket is not None
    reply = await core.answer(ticket)
    await core.close()
    assert reply.answer is not None
    return reply.answer
