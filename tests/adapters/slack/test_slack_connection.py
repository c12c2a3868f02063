"""Starting, stopping, losing and regaining the connection to Slack."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from servers.fake_slack import TEAM, FakeSlack
from slack_parts import ScriptedRouter, ScriptedTicket, slack_settings

from adapters.slack import app as app_module
from adapters.slack import connection
from adapters.slack.app import SlackAdapter
from bot.errors import AicostError, SettingError
from bot.messages import Message


async def start(slack: FakeSlack, router: ScriptedRouter, folder: Path, **changes: Any) -> SlackAdapter:
    adapter = SlackAdapter(slack_settings(slack, folder, **changes), router)
    await adapter.start()
    return adapter


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slack_bot_token": "xoxb-wrong"}, "Slack refused SLACK_BOT_TOKEN (invalid_auth)"),
        ({"slack_app_token": "xapp-wrong"}, "Slack refused SLACK_APP_TOKEN (invalid_auth)"),
        ({"http": True, "slack_bot_token": "xoxb-wrong"}, "Slack refused SLACK_BOT_TOKEN (invalid_auth)"),
    ],
)
async def test_a_wrong_token_ends_the_start_with_its_name(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(AicostError) as caught:
        await start(slack, router, tmp_path, **changes)
    assert caught.value.what.startswith(said)
    assert caught.value.remedy
    assert "wrong" not in str(caught.value)  # the token itself is in no message


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"slack_bot_token": None}, "SLACK_BOT_TOKEN"),
        ({"slack_app_token": None, "slack_signing_secret": None}, "SLACK_APP_TOKEN"),
    ],
)
async def test_a_missing_setting_is_named(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path, missing: dict[str, Any], named: str
) -> None:
    with pytest.raises(SettingError, match=named):
        await start(slack, router, tmp_path, **missing)
    assert slack.calls == []


async def test_connected_follows_the_connection(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    adapter = SlackAdapter(slack_settings(slack, tmp_path), router)
    assert not adapter.connected
    await adapter.start()
    assert adapter.connected
    await adapter.stop()
    assert not adapter.connected


async def test_every_request_goes_to_the_configured_address(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a proxy for the internet nor Bolt's own environment variables change where a loopback Slack is sought."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-the-environment")
    adapter = await start(slack, router, tmp_path)
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.send(slack.command("price of gpt-4o"))
    await slack.wait_for_posts(2)
    await adapter.stop()
    assert {call.token for call in slack.called("chat.postMessage")} == {slack.bot_token}
    assert len(slack.called("auth.test")) == 1


async def test_slack_down_at_the_start_is_tried_again(
    router: ScriptedRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "_RETRY_FIRST", 0.05)
    async with FakeSlack() as slack:
        port = slack.port
    adapter = SlackAdapter(slack_settings(slack, tmp_path), router)
    await adapter.start()
    assert not adapter.connected
    async with FakeSlack(port=port) as slack:
        await slack.wait_connected()
        await slack.send(slack.mention("price of gpt-4o"))
        await slack.wait_for_posts(1)
        assert adapter.connected
        await adapter.stop()


@pytest.mark.parametrize(
    "failure", [{"status": 503}, {"status": 429, "retry_after": 3600}, {"error": "internal_error"}]
)
async def test_slack_in_trouble_at_the_start_is_tried_again(
    slack: FakeSlack,
    router: ScriptedRouter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: dict[str, Any],
) -> None:
    monkeypatch.setattr(app_module, "_RETRY_FIRST", 0.05)
    slack.fail_next("auth.test", **failure)
    adapter = await start(slack, router, tmp_path)
    await slack.wait_connected()
    await adapter.stop()


@pytest.mark.parametrize("down_at_first", [False, True])
async def test_a_defect_while_connecting_is_shown_and_tried_again(
    slack: FakeSlack,
    router: ScriptedRouter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    down_at_first: bool,
) -> None:
    monkeypatch.setattr(app_module, "_RETRY_FIRST", 0.2)
    monkeypatch.setattr(app_module, "_GREETING", 0.1)
    place = (SlackAdapter, "_open") if down_at_first else (connection.SlackConnection, "connect")
    works, left = getattr(*place), 1

    async def breaks_once(*arguments: Any) -> Any:
        nonlocal left
        if left and (slack.called("auth.test")):
            left -= 1
            raise RuntimeError("a defect")
        return await works(*arguments)

    monkeypatch.setattr(*place, breaks_once)
    if down_at_first:
        slack.fail_next("auth.test", status=503)
    adapter = await start(slack, router, tmp_path)
    await slack.wait_for(lambda: adapter.failure is not None)
    assert "RuntimeError" in str(adapter.failure)
    assert not adapter.connected
    await slack.wait_connected()
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)
    assert adapter.failure is None
    assert adapter.connected
    await adapter.stop()
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets"])
async def test_a_connection_that_slack_replaces_is_renewed(
    slack: FakeSlack, adapter: SlackAdapter, reason: str
) -> None:
    await slack.disconnect(reason)
    await slack.wait_connected(2)
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)
    assert adapter.connected
    assert adapter.failure is None


async def test_a_connection_that_breaks_is_renewed(slack: FakeSlack, adapter: SlackAdapter) -> None:
    await slack._open_socket().close()
    await slack.wait_connected(2)
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)
    assert adapter.connected


async def test_socket_mode_switched_off_ends_the_connection_for_good(
    slack: FakeSlack, adapter: SlackAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    await slack.disconnect("link_disabled")
    await slack.settle()
    assert len(slack.called("apps.connections.open")) == 1
    assert not adapter.connected
    assert adapter.failure is not None
    assert "link_disabled" in str(adapter.failure)
    assert [r.message for r in caplog.records if r.levelno >= logging.ERROR] == [str(adapter.failure)]


async def test_a_token_revoked_later_ends_the_connection_for_good(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    slack.app_token = "xapp-another"
    await slack.disconnect("refresh_requested")
    await slack.wait_for(lambda: len(slack.called("apps.connections.open")) == 2)
    await slack.settle()
    assert len(slack.called("apps.connections.open")) == 2
    assert not adapter.connected
    assert "SLACK_APP_TOKEN (invalid_auth)" in str(adapter.failure)


async def test_a_used_websocket_address_is_not_tried_for_ever(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_ATTEMPT", 0.3)
    monkeypatch.setattr(app_module, "_GREETING", 0.1)
    slack.stale_addresses = 1
    adapter = await start(slack, router, tmp_path)
    assert not adapter.connected
    await slack.wait_connected()
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)
    assert adapter.connected
    await adapter.stop()


async def test_the_log_of_a_lost_connection_has_no_traceback(
    slack: FakeSlack, adapter: SlackAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    slack.fail_next("apps.connections.open", error="internal_error")
    await slack.disconnect("refresh_requested")
    await slack.wait_for(lambda: len(slack.called("apps.connections.open")) == 2)
    await slack.settle(0.1)
    assert caplog.records
    assert not any(record.exc_info for record in caplog.records)


async def test_a_stop_finishes_what_is_nearly_done(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    adapter = await start(slack, router, tmp_path)
    slack.slow = 0.4
    await slack.send(slack.mention("price of gpt-4o"))
    await adapter.stop()
    assert len(slack.posts) == 1


async def test_a_stop_takes_less_than_three_seconds_and_leaves_no_task(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    before = asyncio.all_tasks()
    adapter = await start(slack, router, tmp_path)
    router.gate = asyncio.Event()  # never opened
    for _ in range(5):
        await slack.send(slack.mention("price of gpt-4o"))
    async with asyncio.timeout(3):  # what `serve` counts on: it has six seconds for all platforms
        await adapter.stop()
    assert router.answered == []
    await slack.settle(0.1)
    left = {
        task
        for task in asyncio.all_tasks() - before
        if "adapters.slack" in repr(task) or "slack_sdk" in repr(task)
    }
    assert left == set()


async def test_stopping_twice_or_before_the_start_does_no_harm(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    adapter = SlackAdapter(slack_settings(slack, tmp_path), router)
    await adapter.stop()
    await adapter.start()
    await adapter.stop()
    await adapter.stop()


def left_over(**changes: Any) -> ScriptedTicket:
    values: dict[str, Any] = {
        "platform": "slack",
        "text": "price of gpt-4o",
        "user": "U0ANN",
        "workspace": TEAM,
        "channel": "C0GENERAL",
        "thread": "1700000000.000100",
    }
    return ScriptedTicket(Message(**{**values, **changes}))


async def test_what_was_left_unanswered_is_answered_at_the_next_start(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    router.left = [
        left_over(),
        left_over(channel="D0ANN", private=True),
        left_over(thread="command:U0ANN", private=True),
    ]
    adapter = await start(slack, router, tmp_path)
    await slack.wait_for_posts(3)
    await adapter.stop()
    places = {(post.via, post.channel, post.thread_ts, post.user) for post in slack.posts}
    assert places == {
        ("chat.postMessage", "C0GENERAL", "1700000000.000100", None),
        ("chat.postMessage", "D0ANN", "1700000000.000100", None),
        ("chat.postEphemeral", "C0GENERAL", None, "U0ANN"),
    }


async def test_a_left_over_command_of_a_channel_without_the_bot_is_answered_by_direct_message(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    slack.absent_from = {"C0GENERAL"}
    router.left = [left_over(thread="command:U0ANN", private=True)]
    adapter = await start(slack, router, tmp_path)
    (post,) = await slack.wait_for_posts(1)
    await adapter.stop()
    assert (post.via, post.channel) == ("chat.postMessage", "U0ANN")
