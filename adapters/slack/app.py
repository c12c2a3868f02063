"""Slack for `aicost serve`: connects over Socket Mode, or takes signed HTTP requests, and keeps one `Desk` busy.

Socket Mode is used when `SLACK_APP_TOKEN` is set. A token that Slack refuses ends `start` with an error; a Slack that cannot be
reached is tried again and again; a connection that Slack ends for good (Socket Mode switched off, token revoked) is not renewed,
`connected` is False from then on and `failure` says why. After an error that nobody foresaw, `failure` names it until one of the
further attempts works.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.errors import SlackApiError

from adapters.slack import client as slack
from adapters.slack import door
from adapters.slack.connection import SlackConnection, SocketHandler
from adapters.slack.desk import AdmittedMessage, Desk, QuestionRouter, cancelled
from adapters.slack.listeners import new_app
from adapters.slack.posting import Poster
from bot.errors import AicostError, SettingError

if TYPE_CHECKING:
    import aiohttp

    from bot.settings import Settings

log = logging.getLogger(__name__)

_GRACE = 1.8
"""Seconds that answers in work get at a stop."""

_RETRY_FIRST, _RETRY_MOST = 1.0, 60.0
"""Seconds between attempts to reach Slack at the start: the first wait, doubled each time up to the longest."""

_GREETING = 10.0
"""Seconds that `start` waits for Slack's greeting on the WebSocket; afterwards `connected` says when it came."""

T = TypeVar("T", bound=AdmittedMessage)


class SlackAdapter(Generic[T]):
    """A `PlatformAdapter` for one Slack workspace."""

    name = "slack"

    def __init__(self, settings: Settings, router: QuestionRouter[T]) -> None:
        self._settings = settings
        self._router = router
        self._session: aiohttp.ClientSession | None = None
        self._app: AsyncApp | None = None
        self._connection: SlackConnection | None = None
        self._desk: Desk[T] | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.failure: AicostError | None = None
        self._passing: AicostError | None = None
        """The `failure` that the next attempt may end."""

    @property
    def socket_mode(self) -> bool:
        """Whether events come over Slack's WebSocket (else they come signed to `handle_http`)."""
        return bool(self._settings.slack_app_token)

    @property
    def connected(self) -> bool:
        """Whether Slack's events reach this process now: greeted on the WebSocket, or ready for signed requests."""
        if self._app is None or self.failure is not None:
            return False
        return not self.socket_mode or (self._connection is not None and self._connection.ready)

    async def start(self) -> None:
        """Log in, connect, and take up what an earlier process left unanswered.

        Raises `SettingError` when a token is missing and `AicostError` when Slack refuses one. A Slack that cannot be reached is
        tried again in the background until `stop`.
        """
        if not self._settings.slack_bot_token:
            raise SettingError("SLACK_BOT_TOKEN", "is missing", "xoxb-…")
        if not self.socket_mode and not self._settings.slack_signing_secret:
            raise SettingError(
                "SLACK_APP_TOKEN", "is missing (or SLACK_SIGNING_SECRET, for signed HTTP)", "xapp-…"
            )
        self._session = slack.new_session()
        try:
            problem = await self._open(self._session)
        except BaseException:
            await self.stop()
            raise
        if problem is not None:
            self._connecting = asyncio.create_task(self._keep_opening(self._session, problem))
        elif self._connection is not None:
            self._connecting = asyncio.create_task(self._keep_connecting(self._connection))
            if not await self._connection.greeted(_GREETING):
                log.warning("Slack has not opened the Socket Mode connection yet; aicost keeps trying")

    async def stop(self) -> None:
        """Take nothing more, finish what is in work if two seconds are enough for it, and disconnect; three seconds in all."""
        self._app = None
        await cancelled([self._connecting] if self._connecting else [])
        if self._connection is not None:
            await self._connection.close()
        if self._desk is not None:
            await self._desk.close(_GRACE)
        if self._session is not None:
            await self._session.close()

    async def handle_http(self, request: web.Request) -> web.Response:
        """Answer one request to `/slack/events`: a 4xx for whatever Slack would not send, never a 500."""
        secret = self._settings.slack_signing_secret
        if self.socket_mode or not secret:
            return _refusal(404, "Slack's events come over Socket Mode here")
        try:
            payload = await door.read_payload(request, secret)
        except door.Refused as refused:
            return _refusal(refused.status, refused.reason)
        if self._app is None:
            return _refusal(503, "not connected to Slack")
        try:
            body = json.dumps(payload)
            bolt_request = AsyncBoltRequest(body=body, headers={"content-type": "application/json"})
            response = await self._app.async_dispatch(bolt_request)
        except Exception as error:  # Bolt raises anything for a shape that it does not expect; our own failures it turns into a 503
            log.warning(
                "a payload of a shape that Slack does not send was refused: %s: %s",
                type(error).__name__,
                error,
            )
            return _refusal(400, "not a payload of Slack")
        return await to_aiohttp_response(response)

    async def _keep_opening(self, session: aiohttp.ClientSession, problem: str) -> None:
        wait = _RETRY_FIRST
        failed: str | None = problem
        while failed is not None:
            log.warning("%s. Next attempt in %.0f s.", failed, wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, _RETRY_MOST)
            try:
                failed = await self._open(session)
            except AicostError as error:
                self._fail(error)
                return
            except Exception as error:
                failed = self._unforeseen(error)
        self._recovered()
        if self._connection is not None:
            await self._keep_connecting(self._connection)

    async def _keep_connecting(self, connection: SlackConnection) -> None:
        wait = _RETRY_FIRST
        while True:
            try:
                await connection.connect()
            except Exception as error:
                log.warning("%s. Next attempt in %.0f s.", self._unforeseen(error), wait)
            else:
                self._recovered()
                return
            await asyncio.sleep(wait)
            wait = min(2 * wait, _RETRY_MOST)
            connection.wss_uri = None  # an address is good for one attempt only

    async def _open(self, session: aiohttp.ClientSession) -> str | None:
        """One attempt to log in; what stands in its way when that may pass by itself. Raises `AicostError` when it will not."""
        token, app_token = self._settings.slack_bot_token or "", self._settings.slack_app_token
        api_url = self._settings.slack_api_url
        client = slack.web_client(token, api_url, session)
        trying = "SLACK_BOT_TOKEN"
        try:
            me = await client.auth_test()
            address = None
            if app_token:
                trying = "SLACK_APP_TOKEN"
                address = (await client.apps_connections_open(app_token=app_token)).get("url")
        except SlackApiError as error:
            if not slack.is_temporary(error):
                raise slack.refused(trying, error) from error
            return slack.unreachable(api_url, slack.error_code(error))
        except slack.UNREACHABLE as error:
            return slack.unreachable(api_url, error)
        # What an earlier process left is asked for before anything new can come in, which would be unfinished as well.
        left = await self._router.unfinished(self.name)
        bot_id = str(me.get("bot_id") or "")
        self._desk = Desk(self._router, Poster(client, session, bot_id, self._bad_token))
        self._app = new_app(client, str(me.get("user_id") or ""), bot_id, self._desk.take_up)
        if app_token:
            self._connection = SlackConnection(app_token, client, self._fail)
            self._connection.wss_uri = address
            SocketHandler(self._app, self._connection)
        self._desk.resume(left)
        return None

    def _unforeseen(self, error: Exception) -> str:
        """Log an error of no known kind and show it in `failure` until an attempt works."""
        log.exception("connecting to Slack failed in a way that was not foreseen")
        what = f"Connecting to Slack failed ({type(error).__name__})"
        if self.failure is None or self.failure is self._passing:
            self.failure = self._passing = AicostError(
                f"{what}; aicost keeps trying, its log has the details."
            )
        return what

    def _recovered(self) -> None:
        if self._passing is not None and self.failure is self._passing:
            self.failure = None
        self._passing = None

    def _bad_token(self, error: SlackApiError) -> None:
        self._fail(slack.refused("SLACK_BOT_TOKEN", error))

    def _fail(self, reason: AicostError) -> None:
        if self.failure is None or self.failure is self._passing:
            self.failure = reason
            log.error("%s", reason)


def _refusal(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
