"""The manifest that users paste asks for what the adapter listens to, and for no more."""

from __future__ import annotations

from pathlib import Path

import yaml

import adapters.slack
from adapters.slack.listeners import EVENTS

MANIFEST = yaml.safe_load((Path(adapters.slack.__file__).parent / "manifest.yaml").read_text("utf-8"))


def test_it_subscribes_to_the_events_that_are_listened_for() -> None:
    subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert sorted(subscribed) == ["app_mention", "message.im"]
    assert {name.split(".")[0] for name in subscribed} == set(EVENTS)


def test_it_asks_for_the_scopes_that_are_used() -> None:
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == {
        "app_mentions:read",
        "chat:write",
        "commands",
        "im:history",
    }


def test_people_can_write_to_the_bot_and_use_its_command() -> None:
    home = MANIFEST["features"]["app_home"]
    assert home["messages_tab_enabled"]
    assert not home["messages_tab_read_only_enabled"]
    (command,) = MANIFEST["features"]["slash_commands"]
    assert command["command"] == "/aicost"
    assert not command["should_escape"]
    assert MANIFEST["settings"]["socket_mode_enabled"]
