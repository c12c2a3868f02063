"""Answers go out to Slack: each to where its question was asked, in time with Slack's rate limits, in some form in any case.

A channel takes about one message a second (short bursts are let through); Slack's own 429 is waited for by the client. Blocks that
Slack refuses are left away and the text is sent alone. An ephemeral answer whose `response_url` is used up, or lost in a restart,
goes out by `chat.postEphemeral`, and where the bot may not post, as a direct message to the user who asked.

Each attempt ends in one of three ways: posted, `Refused` for good, or `Unavailable` for now; then the post may have reached Slack
all the same. Every answer shows its receipt, so `Poster.posted` can look for it among the bot's own messages of the thread. Slack
allows that in direct messages, in channels only with the scope channels:history (groups:history), and never for ephemeral messages.
Where it is not allowed, an answer comes twice rather than never.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.client import (
    UNREACHABLE,
    error_code,
    error_messages,
    is_temporary,
    retry_after,
    webhook_client,
)
from adapters.slack.events import is_command, sent_at
from adapters.slack.render import Rendered
from bot.messages import Message

log = logging.getLogger(__name__)

_SECONDS_PER_POST = 1.0
_BURST = 4
"""Posts that a channel may get at once after a pause."""

_BLOCK_ERRORS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})

_TOKEN_ERRORS = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
"""What Slack says of a token that it took before; the answers wait for a start with another one."""

_LOOKED_THROUGH = 100
"""Messages after a question among which its answer is looked for."""


class Refused(Exception):
    """Slack will not take an answer at this address; the text says why."""


class Unavailable(Exception):
    """An answer did not go through now; `wait` is how many seconds Slack wants us to wait, if it said so."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes: a thread of a channel, or to one user only (`ephemeral`), preferably by a `response_url`.

    `asked_at` is the timestamp of the question.
    """

    channel: str
    user: str
    thread_ts: str | None = None
    asked_at: str | None = None
    ephemeral: bool = False
    response_url: str | None = None

    @classmethod
    def of(cls, message: Message, response_url: str | None = None) -> Address:
        """Where a message's answer goes; a message from the ledger has no `response_url` any more."""
        if is_command(message):
            return cls(message.channel, message.user, ephemeral=True, response_url=response_url)
        return cls(message.channel, message.user, thread_ts=message.thread or None, asked_at=sent_at(message))


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
    """Posts rendered answers as the bot `bot_id`; `on_bad_token` is told when Slack does not take the bot's token any more."""

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        bot_id: str,
        on_bad_token: Callable[[SlackApiError], None],
    ) -> None:
        self._client = client
        self._session = session
        self._bot_id = bot_id
        self._on_bad_token = on_bad_token
        self._pacer = Pacer()

    async def post(self, address: Address, message: Rendered) -> None:
        """Post one answer. Raises `Refused` and `Unavailable`."""
        await self._pacer.wait(address.channel)
        try:
            if not address.ephemeral:
                await self._call(
                    "chat.postMessage", message, channel=address.channel, thread_ts=address.thread_ts
                )
            elif not (address.response_url and await self._respond(address.response_url, message)):
                await self._whisper(address, message)
        except SlackApiError as error:
            raise self._problem(error) from error
        except UNREACHABLE as error:
            raise Unavailable(_named(error)) from error

    async def posted(self, address: Address, receipt: str) -> bool:
        """Whether the answer with this receipt stands in its thread; False also where Slack does not let the bot look.

        Raises `Unavailable` when Slack cannot be asked now.
        """
        if address.ephemeral or address.thread_ts is None:
            return False
        try:
            answer = await self._client.conversations_replies(
                channel=address.channel,
                ts=address.thread_ts,
                oldest=address.asked_at,
                limit=_LOOKED_THROUGH,
            )
        except SlackApiError as error:
            if isinstance(problem := self._problem(error), Unavailable):
                raise problem from error
            log.info("aicost may not read %s (%s)", address.channel, error_code(error))
            return False
        except UNREACHABLE as error:
            raise Unavailable(_named(error)) from error
        messages = answer.get("messages")
        return any(
            isinstance(found, dict) and found.get("bot_id") == self._bot_id and receipt in json.dumps(found)
            for found in (messages if isinstance(messages, list) else [])
        )

    def _problem(self, error: SlackApiError) -> Refused | Unavailable:
        code = error_code(error)
        if code in _TOKEN_ERRORS:
            self._on_bad_token(error)
            return Unavailable(code)
        return Unavailable(code, retry_after(error)) if is_temporary(error) else Refused(code)

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
            if isinstance(self._problem(error), Unavailable):
                raise
            log.warning(
                "no ephemeral answer in %s (%s): sending a direct message", address.channel, error_code(error)
            )
            await self._call("chat.postMessage", message, channel=address.user)

    async def _call(self, method: str, message: Rendered, **where: Any) -> None:
        params = {key: value for key, value in where.items() if value is not None}
        try:
            await self._client.api_call(method, json={**params, **_body(message)})
        except SlackApiError as error:
            if error_code(error) not in _BLOCK_ERRORS or not message.blocks:
                raise
            log.error(
                "Slack refused the blocks of an answer (%s): %s", error_code(error), error_messages(error)
            )
            await self._client.api_call(method, json={**params, **_body(Rendered(message.text, []))})


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _body(message: Rendered) -> dict[str, Any]:
    """`mrkdwn` off and `link_names` unset: the text is shown as it stands. Links are never unfurled."""
    body: dict[str, Any] = {
        "text": message.text,
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return {**body, "blocks": message.blocks} if message.blocks else body
