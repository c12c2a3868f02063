"""A fake Slack and an adapter connected to it over Socket Mode, with a scripted router behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from servers.fake_slack import FakeSlack
from slack_parts import ScriptedRouter, slack_settings

from adapters.slack.app import SlackAdapter


@pytest.fixture
def router() -> ScriptedRouter:
    return ScriptedRouter()


@pytest.fixture
async def adapter(slack: FakeSlack, router: ScriptedRouter, tmp_path: Path) -> AsyncIterator[SlackAdapter]:
    adapter = SlackAdapter(slack_settings(slack, tmp_path), router)
    await adapter.start()
    yield adapter
    await adapter.stop()
