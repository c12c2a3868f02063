"""`aicost serve` is stopped and killed between a question and its answer: nothing is lost, and nothing comes twice unknowingly."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from servers.fake_discord import TOKEN, FakeDiscord, eventually
from servers.fake_slack import FakeSlack
from servers.serving import PATIENCE, answers


async def test_what_a_stop_cuts_off_is_answered_once_by_the_next_start(
    serve: Any, discord_server: FakeDiscord, data_dir: Path
) -> None:
    await _cut_off_and_restart(serve, discord_server, signal.SIGTERM, 0)


async def test_what_a_crash_cuts_off_is_answered_once_by_the_next_start(
    serve: Any, discord_server: FakeDiscord, data_dir: Path
) -> None:
    await _cut_off_and_restart(serve, discord_server, signal.SIGKILL, -signal.SIGKILL)


async def _cut_off_and_restart(
    serve: Any, discord_server: FakeDiscord, end: signal.Signals, status: int
) -> None:
    asked = asyncio.Event()
    silent = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await silent.wait()
        writer.close()

    llm = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = llm.sockets[0].getsockname()[1]
    discord = {"DISCORD_TOKEN": TOKEN, "DISCORD_API_URL": discord_server.url}
    first = await serve(
        **discord,
        AICOST_PARSER="llm",
        AICOST_LLM_BASE_URL=f"http://127.0.0.1:{port}/v1",
        AICOST_LLM_TIMEOUT="60",
    )
    await first.ready()
    question = await discord_server.ask("10k requests a day, 500 in / 200 out, gpt-4o")
    async with asyncio.timeout(PATIENCE):
        await asked.wait()
    first.send(end)
    assert await first.status() == status
    assert discord_server.posts == []
    silent.set()
    llm.close()

    second = await serve(**discord)
    await eventually(lambda: discord_server.posts, PATIENCE)
    await second.ready()
    await discord_server.ask("10k requests a day, 500 in / 200 out, gpt-4o", message_id=question)
    last = await discord_server.ask("price of gpt-4o")
    await eventually(lambda: len(discord_server.posts) == 2, PATIENCE)
    assert [post["message_reference"]["message_id"] for post in discord_server.posts] == [question, last]
    assert await second.end() == 0


@pytest.mark.parametrize(
    ("kind", "copies"), [("direct_message", 1), ("mention", 2)], ids=["where it may look", "where it may not"]
)
async def test_an_answer_in_slack_just_before_a_crash_is_looked_for_and_in_doubt_comes_twice_rather_than_never(
    serve: Any, slack: FakeSlack, data_dir: Path, kind: str, copies: int
) -> None:
    tokens = {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
    }
    first = await serve(**tokens)
    await first.ready()
    slack.confirming = asyncio.Event()
    await slack.send(getattr(slack, kind)("price of gpt-4o"))
    await slack.wait_for_posts(1, PATIENCE)
    await first.kill()
    (stored,) = answers(data_dir)
    assert stored["delivered_at"] is None

    slack.confirming.set()
    second = await serve(**tokens)
    await eventually(lambda: answers(data_dir)[0]["delivered_at"], PATIENCE)
    assert await second.end() == 0
    assert len(slack.posts) == copies
    assert all(stored["receipt"] in post.text for post in slack.posts)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_an_answer_that_was_not_posted_before_the_end_is_posted_by_the_next_start(
    serve: Any, discord_server: FakeDiscord, data_dir: Path, end: signal.Signals
) -> None:
    discord = {"DISCORD_TOKEN": TOKEN, "DISCORD_API_URL": discord_server.url}
    first = await serve(**discord)
    await first.ready()
    discord_server.post_fails = True
    question = await discord_server.ask("10k requests a day, 500 in / 200 out, gpt-4o")
    await eventually(lambda: "a reply could not be posted" in first.log, PATIENCE)
    first.send(end)
    await first.status()
    (stored,) = answers(data_dir)
    assert discord_server.posts == []

    discord_server.post_fails = False
    second = await serve(**discord)
    await eventually(lambda: discord_server.posts, PATIENCE)
    assert await second.end() == 0
    (post,) = discord_server.posts
    assert post["message_reference"]["message_id"] == question
    assert stored["receipt"] in str(post["components"])
    assert [answer["receipt"] for answer in answers(data_dir)] == [stored["receipt"]]


@pytest.mark.parametrize("nonces_forgotten", [False, True], ids=["within minutes", "later"])
async def test_an_answer_that_was_posted_just_before_a_crash_is_not_posted_again(
    serve: Any, discord_server: FakeDiscord, data_dir: Path, nonces_forgotten: bool
) -> None:
    discord = {"DISCORD_TOKEN": TOKEN, "DISCORD_API_URL": discord_server.url}
    first = await serve(**discord)
    await first.ready()
    discord_server.answering.clear()
    await discord_server.ask("10k requests a day, 500 in / 200 out, gpt-4o")
    await eventually(lambda: discord_server.posts, PATIENCE)
    await first.kill()
    assert [answer["delivered_at"] for answer in answers(data_dir)] == [None]

    discord_server.answering.set()
    if nonces_forgotten:
        discord_server.forget_nonces()
    second = await serve(**discord)
    await eventually(lambda: answers(data_dir)[0]["delivered_at"], PATIENCE)
    assert await second.end() == 0
    assert len(discord_server.posts) == 1
