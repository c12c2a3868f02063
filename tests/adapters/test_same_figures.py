"""The same question gives the same figures wherever it is asked: in a terminal, in Slack over Socket Mode, in Discord.

Nothing is scripted: `aicost ask` runs as a process, the real slack_bolt against a fake Slack, the real discord.py under simcord.
The terminal's JSON is what the others are held against, twice: the answer that the ledger has must have exactly its figures, and
what a person sees must show each of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from servers.fake_slack import FakeSlack
from servers.seen import discord_shows, slack_shows
from servers.serving import aicost

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.client import AicostClient
from adapters.slack.app import SlackAdapter
from bot.answers import Answer
from bot.router import Router
from bot.settings import Settings

ESTIMATE = "10k requests a day, 500 in / 200 out, gpt-4o"
CONVERSATIONS = {
    "estimate": [ESTIMATE],
    "price": ["price of claude sonnet 4.5"],
    "fact": ["how much did OpenAI lose in 2024?"],
    "comparison": ["gpt-4o or claude haiku 4.5 for 2M tokens a day?"],
    "follow-up": [ESTIMATE, "and with batch?"],
    "second follow-up": [ESTIMATE, "and with batch?", "per year"],
}

conversations = pytest.mark.parametrize("turns", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())


@pytest.fixture
async def router(data_dir: Path) -> AsyncIterator[Router]:
    opened = await Router.open(Settings(data_dir=data_dir))
    yield opened
    await opened.close()


@pytest.fixture
def adapter(router: Router, data_dir: Path) -> DiscordAdapter:
    return DiscordAdapter(Settings(data_dir=data_dir, discord_token="x"), router, shard_count=1)


@pytest.fixture
def simcord_bot(adapter: DiscordAdapter) -> AicostClient:
    return adapter.client


async def in_terminal(turns: list[str]) -> Answer:
    """The answer to the last turn, as `aicost ask` prints it for programs."""
    if len(turns) == 1:
        printed = await aicost("ask", "--json", turns[0])
    else:
        printed = await aicost("ask", "--stdin", stdin=json.dumps({"turns": turns}) + "\n")
    answer = Answer.from_json(json.loads(printed))
    assert answer.status == "answered"
    assert answer.figures
    return answer


def on_record(data_dir: Path, platform: str) -> list[Any]:
    """The figures of the last answer on a platform, as the ledger has them."""
    with closing(sqlite3.connect(data_dir / "ledger.db")) as ledger:
        (text,) = ledger.execute(
            "SELECT answer FROM queries WHERE platform = ? ORDER BY id DESC LIMIT 1", (platform,)
        ).fetchone()
    figures: list[Any] = json.loads(text)["figures"]
    return figures


@conversations
async def test_slack_gives_the_terminals_figures(router: Router, data_dir: Path, turns: list[str]) -> None:
    expected = await in_terminal(turns)
    async with FakeSlack() as slack:
        settings = Settings(
            data_dir=data_dir,
            slack_api_url=slack.api_url,
            slack_bot_token=slack.bot_token,
            slack_app_token=slack.app_token,
        )
        bot = SlackAdapter(settings, router)
        await bot.start()
        for count, text in enumerate(turns, 1):
            await slack.send(slack.mention(text, thread_ts="1700000000.000100"))
            await slack.wait_for_posts(count)
        slack_shows(slack.posts[-1], expected)
        assert on_record(data_dir, "slack") == expected.to_json()["figures"]

        for count, text in enumerate(turns, len(turns) + 1):
            await slack.send(slack.command(text))
            await slack.wait_for_posts(count)
        slack_shows(slack.posts[-1], expected)
        assert on_record(data_dir, "slack") == expected.to_json()["figures"]
        await bot.stop()


@conversations
async def test_discord_gives_the_terminals_figures(
    simcord_env: Any, adapter: DiscordAdapter, data_dir: Path, turns: list[str]
) -> None:
    expected = await in_terminal(turns)
    guild = simcord_env.create_guild()
    channel = guild.create_text_channel("costs")
    alice = guild.add_member(simcord_env.create_user("alice"))
    assert adapter.client.user is not None
    for text in turns:
        await alice.send(channel, f"{adapter.client.user.mention} {text}")
    discord_shows(channel.last_message, expected)
    assert on_record(data_dir, "discord") == expected.to_json()["figures"]
