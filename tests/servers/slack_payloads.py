"""Payloads as Slack sends them: mentions, direct messages and slash commands, each with new ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TEAM, BOT_USER, BOT_ID = "T0TEAM", "U0BOT", "B0BOT"


class Payloads:
    """The part of `FakeSlack` that makes payloads; it stands on a clock, numbers, and the making of response_urls."""

    numbers: Iterator[int]

    def now(self) -> float:
        raise NotImplementedError

    def new_response_url(self, channel: str, user: str) -> str:
        raise NotImplementedError

    def new_ts(self) -> str:
        return f"{int(self.now())}.{next(self.numbers):06d}"

    def event(self, event: dict[str, Any], event_id: str | None = None) -> dict[str, Any]:
        return {
            "token": "verification-token",
            "team_id": TEAM,
            "api_app_id": "A0APP",
            "event": event,
            "type": "event_callback",
            "event_id": event_id or f"Ev{next(self.numbers):08d}",
            "event_time": int(self.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }

    def mention(
        self, text: str, channel: str = "C0GENERAL", user: str = "U0ANN", **more: Any
    ) -> dict[str, Any]:
        """An `app_mention`; `more` are further fields of the event, such as `ts` and `thread_ts`."""
        event_id = more.pop("event_id", None)
        event = {
            "type": "app_mention",
            "user": user,
            "text": f"<@{BOT_USER}> {text}".strip(),
            "ts": self.new_ts(),
            "channel": channel,
            "team": TEAM,
            **more,
        }
        return self.event(event, event_id)

    def direct_message(
        self, text: str, channel: str = "D0ANN", user: str = "U0ANN", **more: Any
    ) -> dict[str, Any]:
        event_id = more.pop("event_id", None)
        event = {
            "type": "message",
            "channel_type": "im",
            "user": user,
            "text": text,
            "ts": self.new_ts(),
            "channel": channel,
            "team": TEAM,
            **more,
        }
        return self.event(event, event_id)

    def command(
        self, text: str, channel: str = "C0GENERAL", user: str = "U0ANN", **more: Any
    ) -> dict[str, Any]:
        return {
            "token": "verification-token",
            "team_id": TEAM,
            "team_domain": "example",
            "channel_id": channel,
            "channel_name": "general",
            "user_id": user,
            "user_name": "ann",
            "command": "/aicost",
            "text": text,
            "api_app_id": "A0APP",
            "is_enterprise_install": "false",
            "response_url": self.new_response_url(channel, user),
            "trigger_id": f"{next(self.numbers)}.1.abc",
            **more,
        }
