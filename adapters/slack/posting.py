"""Answers go out to Slack: each to where its question was asked, in time with Slack's rate limits, in some form in any case.

A channel takes about one message a second (short bursts are let through); Slack's own 429 is waited for by the client. Blocks that
Slack refuses are left away and the text is sent alone. An ephemeral answer whose `response_url` is used up, or lost in a restart,
goes out by `chat.postEphemeral`, and where the bot may not post, as a direct message to the user who asked.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.client import UNREACHABLE, error_code, error_messages, is_temporary, webhook_client
from adapters.slack.events import is_command
from adapters.slack.render import Rendered
from bot.messages import Message

log = logging.getLogger(__name__)

_SECONDS_PER_POST = 1.0
_BURST = 4
"""Posts that a channel may get at once after a pause."""

_TRIES = (0.5, 2.0, 5.0)
"""Seconds between attempts to post one answer while Slack cannot be reached or is in trouble."""

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Failures after which Slack has certainly not got the request, so that sending it again doubles nothing."""

_BLOCK_ERRORS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes: a thread of a channel, or to one user only (`ephemeral`), preferably by a `response_url`."""

    channel: str
    user: str
    thread_ts: str | None = None
    ephemeral: bool = False
    response_url: str | None = None

    @classmethod
    def of(cls, message: Message, response_url: str | None = None) -> Address:
        """Where a message's answer goes; a message from the ledger has no `response_url` any more."""
        if is_command(message):
            return cls(message.channel, message.user, ephemeral=True, response_url=response_url)
        return cls(message.channel, message.user, thread_ts=message.thread or None)


class Pacer:
    """Lets one post a second through for each channel, after a burst of a few."""

    def __init__(self, interval: float = _SECONDS_PER_POST, burst: int = _BURST) -> None:
        self._interval = interval
        self._slack = interval * (burst - 1)
        self._due: dict[str, float] = {}

    def delay(self, channel: str, now: float) -> float:
        """Seconds that the post which is announced by this call has to wait."""
        if len(self._due) > 1_000:
            self._due = {name: due for name, due in self._due.items() if due > now}
        due = max(self._due.get(channel, now), now)
        self._due[channel] = due + self._interval
        return max(0.0, due - now - self._slack)

    async def wait(self, channel: str) -> None:
        """Wait until the channel can take the next post."""
        await asyncio.sleep(self.delay(channel, asyncio.get_running_loop().time()))


class Poster:
    """Posts rendered answers."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client = client
        self._session = session
        self._pacer = Pacer()

    async def post(self, address: Address, message: Rendered) -> bool:
        """Post one answer; False (and a line in the log) when Slack did not take it in any form."""
        await self._pacer.wait(address.channel)
        try:
            if not address.ephemeral:
                await self._call(
                    "chat.postMessage", message, channel=address.channel, thread_ts=address.thread_ts
                )
            elif not (address.response_url and await self._respond(address.response_url, message)):
                await self._whisper(address, message)
        except SlackApiError as error:
            log.error("an answer could not be posted to %s: %s", address.channel, error_code(error))
            return False
        except UNREACHABLE as error:
            log.error(
                "an answer could not be posted to %s: %s: %s", address.channel, type(error).__name__, error
            )
            return False
        return True

    async def _respond(self, url: str, message: Rendered) -> bool:
        """Answer by `response_url`; False when Slack does not take it, for what reason ever."""
        bodies = [_body(message), _body(Rendered(message.text, []))]
        for body in bodies:
            try:
                response = await webhook_client(url, self._session).send_dict(
                    {"response_type": "ephemeral", **body}
                )
            except (SlackApiError, ValueError, *UNREACHABLE) as error:
                log.warning("a response_url did not work: %s: %s", type(error).__name__, error)
                return False
            if response.status_code == 200:
                return True
            log.warning("a response_url was refused: %s %s", response.status_code, response.body[:200])
            if "block" not in response.body:
                return False
        return False

    async def _whisper(self, address: Address, message: Rendered) -> None:
        try:
            await self._call("chat.postEphemeral", message, channel=address.channel, user=address.user)
        except SlackApiError as error:
            log.warning(
                "no ephemeral answer in %s (%s): sending a direct message", address.channel, error_code(error)
            )
            await self._call("chat.postMessage", message, channel=address.user)

    async def _call(self, method: str, message: Rendered, **where: Any) -> None:
        params = {key: value for key, value in where.items() if value is not None}
        try:
            await self._send(method, {**params, **_body(message)})
        except SlackApiError as error:
            if error_code(error) not in _BLOCK_ERRORS or not message.blocks:
                raise
            log.error(
                "Slack refused the blocks of an answer (%s): %s", error_code(error), error_messages(error)
            )
            await self._send(method, {**params, **_body(Rendered(message.text, []))})

    async def _send(self, method: str, body: dict[str, Any]) -> None:
        for wait in _TRIES:
            try:
                await self._client.api_call(method, json=body)
                return
            except SlackApiError as error:
                if not is_temporary(error) or error_code(error) == "ratelimited":
                    raise
                reason = error_code(error)
            except _NOT_SENT as error:
                reason = type(error).__name__
            log.warning("an answer could not be posted (%s); next attempt in %.1f s", reason, wait)
            await asyncio.sleep(wait)
        await self._client.api_call(method, json=body)


def _body(message: Rendered) -> dict[str, Any]:
    """`mrkdwn` off and `link_names` unset: the text is shown as it stands. Links are never unfurled."""
    body: dict[str, Any] = {
        "text": message.text,
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return {**body, "blocks": message.blocks} if message.blocks else body
