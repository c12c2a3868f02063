"""Questions in Discord with nothing scripted: the real router, knowledge base and ledger behind the real client, under simcord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from servers.seen import discord_markdown as texts

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.client import AicostClient
from bot.router import Router
from bot.settings import Settings


@pytest.fixture
async def real_router(data_dir: Path) -> AsyncIterator[Router]:
    opened = await Router.open(Settings(data_dir=data_dir))
    yield opened
    await opened.close()


@pytest.fixture
def adapter(real_router: Router, data_dir: Path) -> DiscordAdapter:
    return DiscordAdapter(Settings(data_dir=data_dir, discord_token="x"), real_router, shard_count=1)


@pytest.fixture
def simcord_bot(adapter: DiscordAdapter) -> AicostClient:
    return adapter.client


async def test_an_estimate_and_its_follow_up(simcord_env: Any, adapter: DiscordAdapter) -> None:
    guild = simcord_env.create_guild()
    channel = guild.create_text_channel("costs")
    alice = guild.add_member(simcord_env.create_user("alice"))
    assert adapter.client.user is not None
    bot = adapter.client.user.mention

    await alice.send(channel, f"{bot} 10k requests a day, 500 in / 200 out, gpt-4o")
    first = texts(channel.last_message)
    assert "$32.50" in first
    assert "receipt r-" in first
    await alice.send(channel, f"{bot} and with batch?")
    assert "$16.25" in texts(channel.last_message)

    bob = guild.add_member(simcord_env.create_user("bob"))
    await bob.send(channel, f"{bot} price of o3", reply_to=None)
    await bob.send(channel, f"{bot} per year", reply_to=channel.history()[1])
    assert "a year" in texts(channel.last_message)


async def test_a_question_about_nothing_is_answered_politely(
    simcord_env: Any, adapter: DiscordAdapter
) -> None:
    user = simcord_env.create_user("carol")
    await user.send_dm("@everyone **hello** [x](https://evil.example) <@123456789012345678>")
    reply = user.dm_channel.last_message
    assert not reply.mention_everyone
    assert "](https://evil" not in texts(reply)
