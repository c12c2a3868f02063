"""Every token is on the books: what an LLM server billed for questions from all platforms is what `aicost usage` shows, exactly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from servers.fake_discord import TOKEN, FakeDiscord, eventually
from servers.fake_slack import FakeSlack
from servers.llm_forms import NURSES, NURSES_FORM
from servers.openai_server import OpenAIServer, fails, says
from servers.seen import markdown_shows, slack_shows
from servers.serving import PATIENCE, aicost

from bot.answers import Answer, plain

MODEL = "gpt-4o-mini"
OTHERS = [f"what do {n} little helpers take to sort mail, roughly, on gpt-4o" for n in range(3)]
"""Further questions, of which the server knows nothing: each costs a call, and the rules' reading is used."""


@pytest.fixture
def llm(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """The server, and an environment in which every question is put to it."""
    with OpenAIServer() as server:
        server.knows[NURSES] = NURSES_FORM
        monkeypatch.setenv("AICOST_PARSER", "llm")
        monkeypatch.setenv("AICOST_LLM_BASE_URL", server.base_url)
        monkeypatch.setenv("AICOST_LLM_MODEL", MODEL)
        yield server


def billed(server: OpenAIServer) -> dict[str, Any]:
    """The server's bills as the sums of a usage report; each is priced by genai-prices itself.

    A request that was refused is a call too, of no tokens.
    """
    cost = Decimal(0)
    for bill in server.bills:
        usage = genai_prices.Usage(
            input_tokens=bill.input, cache_read_tokens=bill.cached, output_tokens=bill.output
        )
        cost += genai_prices.calc_price(
            usage, model_ref=MODEL, provider_id="openai", genai_request_timestamp=datetime.now(UTC)
        ).total_price
    inputs, cached, outputs = server.billed_tokens
    return {
        "llm_calls": len(server.requests),
        "input_tokens": inputs,
        "cached_input_tokens": cached,
        "output_tokens": outputs,
        "cost_usd": plain(cost),
        "reserved": 0,
        "lost": 0,
    }


async def usage(*options: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(await aicost("usage", "--format", "json", *options))
    return report


async def asked(text: str) -> Answer:
    return Answer.from_json(json.loads(await aicost("ask", "--json", text)))


async def test_what_the_server_billed_is_what_usage_shows(
    llm: OpenAIServer, slack: FakeSlack, discord_server: FakeDiscord, serve: Any, data_dir: Path
) -> None:
    expected = await asked(NURSES)
    assert (expected.parser, expected.spend.llm_calls) == ("llm", 1)
    assert (await usage())["totals"] == {"questions": 1, **billed(llm)}

    service = await serve(
        DISCORD_TOKEN=TOKEN,
        DISCORD_API_URL=discord_server.url,
        SLACK_API_URL=slack.api_url,
        SLACK_BOT_TOKEN=slack.bot_token,
        SLACK_APP_TOKEN=slack.app_token,
    )
    await service.ready()
    # the same words once more cost nothing, and give the same figures
    await slack.send(slack.mention(NURSES))
    (post,) = await slack.wait_for_posts(1, PATIENCE)
    slack_shows(post, expected)
    await discord_server.ask(NURSES)
    await eventually(lambda: discord_server.posts, PATIENCE)
    markdown_shows(_text(discord_server.posts[0]["components"]), expected)
    assert len(llm.bills) == 1

    # a server that is busy, and a model that talks nonsense: the first is not billed, the second is, twice
    llm.will(fails(429, retry_after=0.1), says("It costs $12.50 a day."))
    await slack.send(slack.command(OTHERS[0]))
    await slack.wait_for_posts(2, PATIENCE)
    await discord_server.ask(OTHERS[1])
    await eventually(lambda: len(discord_server.posts) == 2, PATIENCE)
    await asyncio.gather(*(asked_without_checks(f"{OTHERS[2]}, {n} times a day") for n in range(3)))
    assert len(llm.bills) >= 6
    assert any(bill.cached for bill in llm.bills)
    totals = (await usage())["totals"]
    assert totals == {"questions": 8, **billed(llm)}
    assert Decimal(totals["cost_usd"]) > 0
    assert await service.end() == 0
    assert (await usage())["totals"] == totals

    by_platform = {group["by"]: group for group in (await usage("--by", "platform"))["groups"]}
    assert {name: group["questions"] for name, group in by_platform.items()} == {
        "terminal": 4,
        "slack": 2,
        "discord": 2,
    }
    assert sum(group["input_tokens"] for group in by_platform.values()) == totals["input_tokens"]
    assert sum(Decimal(group["cost_usd"]) for group in by_platform.values()) == Decimal(totals["cost_usd"])


async def asked_without_checks(text: str) -> None:
    await aicost("ask", "--json", text)


def _text(components: list[dict[str, Any]]) -> str:
    """All text of a Components V2 payload."""
    return "\n".join(
        "\n".join(filter(None, [component.get("content", ""), _text(component.get("components", []))]))
        for component in components
    )
