"""The Bolt app: it listens for questions, hands them over to be taken up, and acknowledges everything else.

Bolt acknowledges an event before it runs the event's listener; a question must be in the ledger by then, so it is taken up in the
listener's middleware, and the listener itself has nothing left to do. A slash command is acknowledged by its listener.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from adapters.slack.client import sdk_log
from adapters.slack.events import from_command, from_event
from bot.messages import Message

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger(__name__)

EVENTS = ("app_mention", "message")
"""Types of events that hold questions; the manifest subscribes to `app_mention` and `message.im`."""


class TakeUp(Protocol):
    """Puts a question into the ledger; raises when that was not possible and Slack should send it again."""

    async def __call__(self, message: Message, response_url: str | None = None) -> None: ...


class NotTakenUp(Exception):
    """A question could not be put into the ledger, and Slack should send it again."""


def new_app(client: AsyncWebClient, bot_user: str, bot_id: str, take_up: TakeUp) -> AsyncApp:
    """A Bolt app for one workspace whose bot is already known, so that no event has to wait for `auth.test`."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=None, bot_user_id=bot_user, bot_id=bot_id, bot_token=client.token
        )

    # Bolt warns when the environment variables that it reads by itself are set beside what it is given here.
    level = sdk_log.level
    sdk_log.setLevel(logging.ERROR)
    try:
        app = AsyncApp(
            name="aicost",
            logger=sdk_log,
            client=client,
            authorize=authorize,
            request_verification_enabled=False,  # `door` has done it, and Socket Mode needs none
            ssl_check_enabled=False,
            raise_error_for_unhandled_request=True,
            attaching_conversation_kwargs_enabled=False,
        )
    finally:
        sdk_log.setLevel(level)

    async def hand_over(message: Message | None, response_url: str | None = None) -> None:
        if message is not None:
            try:
                await take_up(message, response_url)
            except Exception as error:
                raise NotTakenUp from error

    async def take_up_event(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> None:
        await hand_over(from_event(body, bot_user))
        await next()

    async def done() -> None:
        """Bolt acknowledges the event."""

    for event in EVENTS:
        app.event(event, middleware=[take_up_event])(done)

    async def take_up_command(body: dict[str, Any], ack: AsyncAck) -> None:
        url = body.get("response_url")
        await hand_over(from_command(body), url if isinstance(url, str) else None)
        await ack()

    app.command(re.compile(""))(take_up_command)  # whatever the operator calls the command
    app.error(_on_error)
    return app


async def _on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
    """What nobody listens for is acknowledged, or Slack would send it again; a failure of ours is not, so that it does.

    Any other error is Bolt's own, raised while it looked for something in a payload that Slack would not send.
    """
    if isinstance(error, BoltUnhandledRequestError):
        if body.get("type") == "app_rate_limited":
            log.warning("Slack delivers no events for now: more than 30,000 came within an hour")
        return BoltResponse(status=200, body="")
    if isinstance(error, NotTakenUp):
        log.error("a Slack question could not be taken up", exc_info=error.__cause__)
        return BoltResponse(status=503, body={"error": "the question could not be taken up"})
    log.warning(
        "a payload of a shape that Slack does not send was refused: %s: %s", type(error).__name__, error
    )
    return BoltResponse(status=400, body={"error": "not a payload of Slack"})
