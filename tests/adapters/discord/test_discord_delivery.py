"""No reply is lost on its last steps: a Discord in trouble is tried again, and what may have been posted is looked for first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted_router import ESTIMATE, ScriptedRouter, Ticket
from servers.fake_discord import CHANNEL_ID, TOKEN, USER_ID, FakeDiscord, eventually

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.client import use_api
from bot.messages import Message
from bot.settings import Settings


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.discord.adapter._WAIT_FIRST", 0.01)
    monkeypatch.setattr("adapters.discord.adapter._RETRY_FIRST", 0.05)


@pytest.fixture
async def connected(
    discord_server: FakeDiscord, router: ScriptedRouter, tmp_path: Path
) -> AsyncIterator[DiscordAdapter]:
    adapter = await started(discord_server, router, tmp_path)
    await eventually(lambda: adapter.connected)
    yield adapter
    await adapter.stop()
    use_api(None)


async def started(discord_server: FakeDiscord, router: ScriptedRouter, folder: Path) -> DiscordAdapter:
    settings = Settings(data_dir=folder, discord_token=TOKEN, discord_api_url=discord_server.url)
    adapter = DiscordAdapter(settings, router)  # type: ignore[arg-type]
    await adapter.start()
    return adapter


def left_over(number: int) -> Ticket:
    message = Message(
        platform="discord",
        text="gpt-4o",
        user=str(USER_ID),
        workspace="303",
        channel=str(CHANNEL_ID),
        thread=f"user {USER_ID}",
        dedup_keys=(f"{CHANNEL_ID}/{number}",),
    )
    return Ticket(message, 1, ESTIMATE)


async def test_a_reply_is_reported_as_delivered_once_discord_has_it(
    discord_server: FakeDiscord, connected: DiscordAdapter, router: ScriptedRouter
) -> None:
    discord_server.answering.clear()
    await discord_server.ask("gpt-4o")
    await eventually(lambda: discord_server.posts)
    await asyncio.sleep(0.05)
    assert router.delivered_texts == []
    discord_server.answering.set()
    await eventually(lambda: router.delivered_texts == ["gpt-4o"])


async def test_a_long_outage_delays_replies_and_loses_none(
    discord_server: FakeDiscord, connected: DiscordAdapter, router: ScriptedRouter
) -> None:
    discord_server.post_fails = True
    await discord_server.ask("one")
    await discord_server.ask("two")
    await asyncio.sleep(0.3)
    assert discord_server.posts == []
    discord_server.post_fails = False
    await eventually(lambda: router.delivered_texts == ["one", "two"])
    assert len(discord_server.posts) == 2


async def test_a_reply_outlives_the_connection_over_which_its_question_came(
    discord_server: FakeDiscord, connected: DiscordAdapter, router: ScriptedRouter
) -> None:
    discord_server.post_fails = True
    await discord_server.ask("one")
    await eventually(lambda: len(router.asked) == 1)
    await connected._close_client()  # as it is between two connections
    await asyncio.sleep(0.1)
    discord_server.post_fails = False
    await eventually(lambda: router.delivered_texts == ["one"])
    assert len(discord_server.posts) == 1


@pytest.mark.parametrize("status", [403, 404])
async def test_a_reply_that_discord_refuses_for_good_is_given_up(
    discord_server: FakeDiscord, connected: DiscordAdapter, router: ScriptedRouter, status: int
) -> None:
    discord_server.post_status = [status]
    await discord_server.ask("one")
    await eventually(lambda: router.problems)
    assert router.problems[0].startswith("Discord refused the reply: ")
    assert router.delivered_texts == discord_server.posts == []


async def test_a_token_that_is_revoked_while_at_work_is_told_and_costs_no_reply(
    discord_server: FakeDiscord, connected: DiscordAdapter, router: ScriptedRouter
) -> None:
    discord_server.post_status = [401, 401]
    await discord_server.ask("one")
    await eventually(lambda: not connected.connected)
    assert "Discord refused DISCORD_TOKEN." in str(connected.failure)
    await eventually(lambda: router.delivered_texts == ["one"])
    assert router.problems == []


async def test_a_stored_reply_is_posted_after_a_restart_unless_it_stands_there_already(
    discord_server: FakeDiscord, router: ScriptedRouter, tmp_path: Path
) -> None:
    for _ in range(
        2
    ):  # the first start posts it; the second is told again, as if it had died before `delivered`
        router.left_over = [left_over(77)]
        router.delivered_texts = []
        adapter = await started(discord_server, router, tmp_path)
        await eventually(lambda: router.delivered_texts)
        await adapter.stop()
        discord_server.forget_nonces()
    assert [post["message_reference"]["message_id"] for post in discord_server.posts] == [77]
    assert router.asked == []
    use_api(None)


async def test_where_the_bot_may_not_look_discord_still_knows_the_nonce(
    discord_server: FakeDiscord, router: ScriptedRouter, tmp_path: Path
) -> None:
    discord_server.readable = False
    for _ in range(2):
        router.left_over = [left_over(77)]
        router.delivered_texts = []
        adapter = await started(discord_server, router, tmp_path)
        await eventually(lambda: router.delivered_texts)
        await adapter.stop()
    assert len(discord_server.posts) == 1
    use_api(None)


async def test_a_question_without_a_place_is_closed(
    discord_server: FakeDiscord, router: ScriptedRouter, tmp_path: Path
) -> None:
    router.left_over = [Ticket(Message(platform="discord", text="lost", dedup_keys=("x",)), 1)]
    adapter = await started(discord_server, router, tmp_path)
    await eventually(lambda: router.problems == ["its place in Discord is not on record"])
    await adapter.stop()
    use_api(None)
