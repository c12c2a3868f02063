"""A scripted router behind the real adapter, and the adapter's real client under simcord."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_router import ScriptedRouter

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.client import AicostClient
from bot.settings import Settings


@pytest.fixture
def router() -> ScriptedRouter:
    return ScriptedRouter()


@pytest.fixture
def adapter(router: ScriptedRouter, tmp_path: Path) -> DiscordAdapter:
    return DiscordAdapter(Settings(data_dir=tmp_path, discord_token="x"), router, shard_count=1)  # type: ignore[arg-type]


@pytest.fixture
def simcord_bot(adapter: DiscordAdapter) -> AicostClient:
    return adapter.client
