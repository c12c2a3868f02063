"""A fake Slack, a fake Discord, and `aicost serve` processes that do not outlive their test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from servers.fake_discord import FakeDiscord
from servers.fake_slack import FakeSlack
from servers.serving import Serving


@pytest.fixture
async def discord_server() -> AsyncIterator[FakeDiscord]:
    server = FakeDiscord()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as server:
        yield server


@pytest.fixture
async def serve() -> AsyncIterator[Any]:
    """Starts processes that do not outlive the test."""
    started: list[Serving] = []

    async def start(**settings: str) -> Serving:
        started.append(await Serving.start(**settings))
        return started[-1]

    yield start
    for process in started:
        await process.kill()
