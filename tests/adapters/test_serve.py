"""`aicost serve` as a process of its own: it starts, answers a platform, and ends as an operator expects; nothing is lost."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from servers.fake_discord import TOKEN, FakeDiscord, eventually
from servers.fake_slack import FakeSlack
from servers.serving import PATIENCE, answers

from adapters.serve import configured
from adapters.serve import serve as run_service
from bot.errors import AicostError
from bot.settings import Settings


async def test_a_question_in_discord_is_answered_counted_and_the_end_is_clean(
    serve: Any, discord_server: FakeDiscord, data_dir: Path
) -> None:
    process = await serve(DISCORD_TOKEN=TOKEN, DISCORD_API_URL=discord_server.url)
    await process.ready()
    await discord_server.ask("10k requests a day, 500 in / 200 out, gpt-4o")
    await eventually(lambda: discord_server.posts, PATIENCE)
    assert "$32.50" in str(discord_server.posts[0]["components"])

    status, metrics = await process.get("/metrics")
    assert status == 200
    assert 'aicost_questions_total{platform="discord"} 1' in metrics
    assert 'aicost_answers_total{parser="local",platform="discord",status="answered"} 1' in metrics
    assert 'aicost_platform_connected{platform="discord"} 1' in metrics

    assert await process.end() == 0
    assert "Traceback" not in process.log
    assert TOKEN not in process.log
    assert (data_dir / "ledger.db").exists()


async def test_one_process_serves_slack_and_discord(
    serve: Any, discord_server: FakeDiscord, slack: FakeSlack, data_dir: Path
) -> None:
    discord_server.welcoming.clear()
    process = await serve(
        DISCORD_TOKEN=TOKEN,
        DISCORD_API_URL=discord_server.url,
        SLACK_API_URL=slack.api_url,
        SLACK_BOT_TOKEN=slack.bot_token,
        SLACK_APP_TOKEN=slack.app_token,
    )
    await slack.wait_connected(seconds=PATIENCE)
    await eventually(lambda: discord_server.sessions, PATIENCE)
    status, body = await process.get("/readyz")
    assert (status, body["missing"]) == (503, ["discord"])
    discord_server.welcoming.set()
    await process.ready()

    await slack.send(slack.mention("price of gpt-4o"))
    (post,) = await slack.wait_for_posts(1, PATIENCE)
    await discord_server.ask("price of gpt-4o")
    await eventually(lambda: discord_server.posts, PATIENCE)
    assert "$2.50" in post.everything
    assert "$2.50" in str(discord_server.posts[0]["components"])
    assert await process.end() == 0
    assert "Traceback" not in process.log
    for secret in (slack.bot_token, slack.app_token, TOKEN):
        assert secret not in process.log


async def test_signed_requests_of_slack_come_in_by_http(serve: Any, slack: FakeSlack, data_dir: Path) -> None:
    process = await serve(
        SLACK_API_URL=slack.api_url,
        SLACK_BOT_TOKEN=slack.bot_token,
        SLACK_SIGNING_SECRET=slack.signing_secret,
    )
    await process.ready()
    door = f"{await process.url()}/slack/events"
    status, _ = await slack.post_signed(door, slack.mention("price of gpt-4o"))
    assert status == 200
    (post,) = await slack.wait_for_posts(1, PATIENCE)
    assert "$2.50" in post.everything

    status, _ = await slack.post_signed(door, slack.mention("again"), {"X-Slack-Signature": "v0=" + "0" * 64})
    assert status == 401
    status, _ = await slack.post_signed(door, b"x" * 1_000_000)
    assert status == 413
    assert (await process.get("/healthz"))[0] == 200
    assert await process.end() == 0


async def test_from_an_empty_folder_it_answers_http_while_it_prepares(serve: Any, tmp_path: Path) -> None:
    process = await serve(AICOST_DATA_DIR=str(tmp_path / "empty"))
    assert (await process.get("/healthz"))[0] == 200
    status, body = await process.get("/readyz")
    assert (status, body["missing"]) == (503, ["knowledge base"])
    await process.ready()
    assert "no platform is configured: set DISCORD_TOKEN" in process.log
    assert await process.end() == 0


async def test_a_signal_while_the_knowledge_base_is_compiled_ends_it_as_well(
    serve: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "empty"
    process = await serve(AICOST_DATA_DIR=str(folder))
    await eventually(lambda: "compiling the knowledge base" in process.log, PATIENCE)
    assert await process.end() == 0
    assert "Traceback" not in process.log


async def test_ctrl_c_ends_it_with_status_0(serve: Any, data_dir: Path) -> None:
    process = await serve()
    await process.ready()
    process.send(signal.SIGINT)
    assert await process.status() == 0
    assert "received SIGINT" in process.log
    assert "Traceback" not in process.log


async def test_a_wrong_discord_token_is_said_in_one_sentence(
    serve: Any, discord_server: FakeDiscord, data_dir: Path
) -> None:
    process = await serve(DISCORD_TOKEN="wrong-token", DISCORD_API_URL=discord_server.url)
    assert await process.status() == 2
    assert process.lines[-1].startswith("aicost: Discord refused DISCORD_TOKEN. Copy the token")
    assert "Traceback" not in process.log
    assert "wrong-token" not in process.log


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"AICOST_PORT": "80800"}, "aicost: AICOST_PORT must be a whole number from 0 to 65535"),
        ({"AICOST_HOST": "192.0.2.1"}, "aicost: AICOST_HOST is no address of this machine (192.0.2.1)"),
        ({"DISCORD_API_URL": "discord.com"}, "aicost: DISCORD_API_URL must be an http or https address"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "aicost: SLACK_APP_TOKEN is missing"),
    ],
    ids=["port", "host", "api-url", "half-of-slack"],
)
async def test_a_setting_that_cannot_be_used_is_named(
    serve: Any, data_dir: Path, settings: dict[str, str], sentence: str
) -> None:
    process = await serve(**settings)
    assert await process.status() == 2
    assert process.lines[-1].startswith(sentence)
    assert "Traceback" not in process.log


async def test_a_port_in_use_is_named(serve: Any, data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await serve(AICOST_PORT=str(taken.getsockname()[1]))
        assert await process.status() == 2
    assert "aicost: AICOST_PORT cannot be used, because another program listens" in process.lines[-1]
    assert "Traceback" not in process.log


async def test_a_platform_that_ends_the_connection_for_good_is_named_with_its_reason(
    serve: Any, discord_server: FakeDiscord, slack: FakeSlack, data_dir: Path
) -> None:
    process = await serve(
        DISCORD_TOKEN=TOKEN,
        DISCORD_API_URL=discord_server.url,
        SLACK_API_URL=slack.api_url,
        SLACK_BOT_TOKEN=slack.bot_token,
        SLACK_APP_TOKEN=slack.app_token,
    )
    await process.ready()
    await slack.disconnect("link_disabled")
    await eventually(lambda: "Socket Mode off" in process.log, PATIENCE)
    status, body = await process.get("/readyz")
    assert (status, body["missing"]) == (503, ["slack"])
    assert body["platforms"][0]["failure"].startswith("Slack switched Socket Mode off")
    assert body["platforms"][1] == {"name": "discord", "connected": True, "failure": None}

    await discord_server.close_session(4004)
    await eventually(lambda: "Discord refused DISCORD_TOKEN" in process.log, PATIENCE)
    status, body = await process.get("/readyz")
    assert (status, body["missing"]) == (503, ["slack", "discord"])
    assert body["platforms"][1]["failure"].startswith("Discord refused DISCORD_TOKEN.")
    assert (await process.get("/healthz"))[0] == 200
    assert await process.end() == 0
    assert "Traceback" not in process.log


async def test_a_platform_that_cannot_be_reached_is_waited_for(
    serve: Any, discord_server: FakeDiscord, data_dir: Path
) -> None:
    url = discord_server.url
    await discord_server.stop()
    process = await serve(DISCORD_TOKEN=TOKEN, DISCORD_API_URL=url)
    await eventually(lambda: "Discord is not connected" in process.log, PATIENCE)
    status, body = await process.get("/readyz")
    assert (status, body["missing"]) == (503, ["discord"])
    assert await process.end() == 0
    assert "Traceback" not in process.log


async def test_a_user_who_asks_too_much_is_told_when_to_ask_again(
    serve: Any, discord_server: FakeDiscord, data_dir: Path
) -> None:
    process = await serve(DISCORD_TOKEN=TOKEN, DISCORD_API_URL=discord_server.url, AICOST_RATE_PER_MINUTE="1")
    await process.ready()
    for text in ("price of gpt-4o", "price of o3"):
        await discord_server.ask(text)
    await eventually(lambda: len(discord_server.posts) == 2, PATIENCE)
    first, second = (str(post["components"]) for post in discord_server.posts)
    assert "$2.50" in first
    assert re.search(r"more than 1 question within a minute\. Please try again in \d+ s\.", second)
    assert [answer["status"] for answer in answers(data_dir)] == ["answered", "error"]


async def test_the_operators_log_has_what_is_wrong_with_the_ledger_once(serve: Any, data_dir: Path) -> None:
    (data_dir / "ledger.db").write_bytes(b"this is no database\n" * 500)
    process = await serve()
    await process.ready()
    assert await process.end() == 0
    assert process.log.count("is damaged; it was set aside") == 1


def test_a_library_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.serve.find_spec", lambda name: None if name == "limits" else name)
    with pytest.raises(
        AicostError, match=r"not installed \(limits\)\. Install it: pip install 'aicost-bot\[discord\]'"
    ):
        asyncio.run(run_service(Settings(data_dir=tmp_path, discord_token="x")))


def test_which_platforms_are_configured(tmp_path: Path) -> None:
    assert configured(Settings(data_dir=tmp_path)) == ()
    assert configured(Settings(data_dir=tmp_path, discord_token="x", slack_signing_secret="y")) == (
        "slack",
        "discord",
    )


async def test_a_platform_that_cannot_be_reached_is_not_called_connected(
    serve: Any, discord_server: FakeDiscord, data_dir: Path
) -> None:
    process = await serve(
        DISCORD_TOKEN=TOKEN,
        DISCORD_API_URL=discord_server.url,
        SLACK_API_URL="http://127.0.0.1:9/api/",
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_APP_TOKEN="xapp-1",
    )
    await eventually(lambda: " started" in process.log, PATIENCE)
    [line] = [line for line in process.lines if " started" in line]
    assert "not connected yet to slack" in line
    assert "connected to slack" not in line.replace("not connected yet to slack", "")
    assert await process.end() == 0
