"""Addresses, tokens and sessions: real discord.py over real sockets to a Discord on loopback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from discord.http import Route
from scripted_router import ScriptedRouter, Ticket
from servers.fake_discord import CHANNEL_ID, TOKEN, USER_ID, FakeDiscord, eventually
from yarl import URL

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.client import GatewayAddress, use_api
from bot.errors import AicostError
from bot.messages import Message
from bot.settings import Settings


@pytest.fixture
def quick_reconnect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts that a test need not sit through."""
    monkeypatch.setattr("adapters.discord.adapter._RETRY_FIRST", 0.05)


class Running:
    """Adapters that a test started, stopped at its end."""

    def __init__(self, folder: Path, router: ScriptedRouter) -> None:
        self._folder = folder
        self._router = router
        self._started: list[DiscordAdapter] = []

    async def start(self, url: str, token: str = TOKEN, **options: Any) -> DiscordAdapter:
        settings = Settings(data_dir=self._folder, discord_token=token, discord_api_url=url)
        adapter = DiscordAdapter(settings, self._router, **options)  # type: ignore[arg-type]
        self._started.append(adapter)
        await adapter.start()
        return adapter

    async def stop(self) -> None:
        for adapter in self._started:
            await adapter.stop()
        use_api(None)


@pytest.fixture
async def running(tmp_path: Path, router: ScriptedRouter) -> AsyncIterator[Running]:
    adapters = Running(tmp_path, router)
    yield adapters
    await adapters.stop()


async def test_a_question_is_answered_over_a_proxy(discord_server: FakeDiscord, running: Running) -> None:
    adapter = await running.start(discord_server.url + "/")
    await eventually(lambda: adapter.connected)
    question = await discord_server.ask("price of gpt-4o")
    await eventually(lambda: discord_server.posts)

    (post,) = discord_server.posts
    assert post["message_reference"]["message_id"] == question
    assert post["allowed_mentions"] == {"parse": [], "replied_user": False}
    (session,) = discord_server.sessions
    assert session.path == "/gateway"
    assert session.opened_with["d"]["intents"] & (1 << 15) == 0, "message content is a privileged intent"


async def test_a_fixed_number_of_shards_uses_the_address_of_gateway_bot(
    discord_server: FakeDiscord, running: Running
) -> None:
    adapter = await running.start(discord_server.url, shard_count=1)
    await eventually(lambda: adapter.connected)
    assert ("GET", "/api/v10/gateway/bot") in discord_server.requests


async def test_a_session_that_became_invalid_is_opened_again_at_the_same_gateway(
    discord_server: FakeDiscord, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.client.AicostClient.before_identify_hook", _no_wait)
    adapter = await running.start(discord_server.url)
    await eventually(lambda: adapter.connected)
    await discord_server.invalidate_session()
    await eventually(lambda: len(discord_server.sessions) == 2 and adapter.connected)

    assert [session.resumes for session in discord_server.sessions] == [False, False]
    await discord_server.ask("still there?")
    await eventually(lambda: discord_server.posts)


async def _no_wait(*_: Any, **__: Any) -> None:
    """discord.py waits five seconds before each further IDENTIFY."""


@pytest.mark.parametrize(
    ("named", "path"),
    [(None, "/gateway"), ("same host", "/elsewhere"), ("wss://gateway-us-east1-b.discord.gg", "/gateway")],
)
async def test_a_session_is_resumed_at_the_same_gateway_and_never_beside_the_proxy(
    discord_server: FakeDiscord, running: Running, named: str | None, path: str
) -> None:
    discord_server.resume_url = (
        discord_server.gateway.replace("/gateway", "/elsewhere") if named == "same host" else named
    )
    adapter = await running.start(discord_server.url)
    await eventually(lambda: adapter.connected)
    await discord_server.request_reconnect()
    await eventually(lambda: len(discord_server.sessions) == 2 and adapter.connected)

    resumed = discord_server.sessions[1]
    assert (resumed.resumes, resumed.path) == (True, path)
    assert resumed.query["v"] == "10"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("wss://gateway.discord.gg/", "wss://gateway-us-east1-b.discord.gg", True),
        ("wss://gateway.discord.gg/", "ws://127.0.0.1:8080", False),
        ("ws://127.0.0.1:8080/a", "ws://127.0.0.1:8080/b?v=10", True),
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8081", False),
        ("ws://127.0.0.1:8080", "wss://127.0.0.1:8080", False),
        ("wss://evil-discord.gg", "wss://gateway.discord.gg", False),
    ],
)
def test_which_addresses_belong_to_the_same_gateway(one: str, other: str, same: bool) -> None:
    assert GatewayAddress.same_gateway(URL(one), URL(other)) is same


async def test_a_wrong_token_is_refused_in_words(discord_server: FakeDiscord, running: Running) -> None:
    with pytest.raises(AicostError, match=r"Discord refused DISCORD_TOKEN\. Copy the token") as refusal:
        await running.start(discord_server.url, token="wrong")
    assert refusal.value.exit_status == 2
    assert len([path for _, path in discord_server.requests if path.endswith("/users/@me")]) == 1


async def test_a_token_that_is_refused_later_is_not_tried_again(
    discord_server: FakeDiscord, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    discord_server.identify_closes_with = 4004
    adapter = await running.start(discord_server.url)
    await eventually(lambda: "stays disconnected" in caplog.text)
    assert "Discord refused DISCORD_TOKEN." in caplog.text
    assert "Discord refused DISCORD_TOKEN." in str(adapter.failure)
    assert not adapter.connected


async def test_a_discord_that_is_not_there_yet_is_tried_until_it_is(
    discord_server: FakeDiscord, running: Running, quick_reconnect: None, caplog: pytest.LogCaptureFixture
) -> None:
    port = URL(discord_server.url).port
    assert port is not None
    await discord_server.stop()
    adapter = await running.start(discord_server.url)
    assert not adapter.connected
    assert "Discord is not connected, because" in caplog.text

    again = FakeDiscord()
    await again.start(port)
    try:
        await eventually(lambda: adapter.connected)
    finally:
        await running.stop()
        await again.stop()


async def test_an_address_that_is_no_api_is_named_in_the_log(
    discord_server: FakeDiscord, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = await running.start(discord_server.url + "/nowhere")
    assert not adapter.connected
    assert "answered 404" in caplog.text
    assert "DISCORD_API_URL must be the whole base" in caplog.text


async def test_a_lost_connection_comes_back_and_shows_as_lost_meanwhile(
    discord_server: FakeDiscord, running: Running
) -> None:
    adapter = await running.start(discord_server.url)
    await eventually(lambda: adapter.connected)
    discord_server.welcoming.clear()
    await discord_server.close_session(4000)
    await eventually(lambda: len(discord_server.sessions) == 2)
    assert not adapter.connected
    discord_server.welcoming.set()
    await eventually(lambda: adapter.connected)


async def test_what_was_left_over_is_answered_after_the_start(
    discord_server: FakeDiscord, running: Running, router: ScriptedRouter
) -> None:
    left = Message(
        platform="discord",
        text="gpt-4o",
        user=str(USER_ID),
        workspace="303",
        channel=str(CHANNEL_ID),
        thread=f"user {USER_ID}",
        dedup_keys=(f"{CHANNEL_ID}/77",),
    )
    router.left_over = [Ticket(left, 1)]
    await running.start(discord_server.url)
    await eventually(lambda: discord_server.posts)
    assert discord_server.posts[0]["message_reference"]["message_id"] == 77
    assert discord_server.posts[0]["nonce"] == "77"


async def test_a_post_that_meets_a_broken_network_is_tried_again_and_shown_once(
    discord_server: FakeDiscord, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.adapter._WAIT_FIRST", 0.01)
    adapter = await running.start(discord_server.url)
    await eventually(lambda: adapter.connected)
    send = adapter.client.http.request
    failures = [True, True]

    async def torn(route: Route, **options: Any) -> Any:
        answer = await send(route, **options)
        if route.method == "POST" and failures:
            failures.pop()
            raise ConnectionResetError("torn after Discord had taken it")
        return answer

    monkeypatch.setattr(adapter.client.http, "request", torn)
    await discord_server.ask("price of gpt-4o")
    await eventually(lambda: not failures)
    await asyncio.sleep(0.1)
    assert len(discord_server.posts) == 1


async def test_a_post_that_discord_limits_is_tried_again(
    discord_server: FakeDiscord, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.adapter._WAIT_FIRST", 0.01)
    adapter = await running.start(discord_server.url)
    await eventually(lambda: adapter.connected)
    discord_server.post_status = [429, 429]
    await discord_server.ask("price of gpt-4o")
    await eventually(lambda: discord_server.posts)
    assert "components" in discord_server.posts[0]


async def test_stopping_ends_every_task(discord_server: FakeDiscord, running: Running) -> None:
    before = asyncio.all_tasks()
    adapter = await running.start(discord_server.url)
    await eventually(lambda: adapter.connected)
    await discord_server.ask("price of gpt-4o")
    await adapter.stop()
    assert not adapter.connected
    left = {
        task for task in asyncio.all_tasks() - before if "discord" in repr(task).lower() and not task.done()
    }
    left = {task for task in left if "fake_discord" not in repr(task)}
    assert left == set()


async def test_discord_py_does_not_log_the_token(
    discord_server: FakeDiscord, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    adapter = await running.start(discord_server.url)
    await eventually(lambda: adapter.connected)
    assert "connected to Discord as aicost" in caplog.text
    assert TOKEN not in caplog.text
