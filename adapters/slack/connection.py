"""Slack's WebSocket (Socket Mode), kept open: slack_sdk's client with three faults of it mended.

It reconnects by itself after every `disconnect`, lost connection and silent one. Mended are: a `disconnect` because Socket Mode was
switched off (`link_disabled`) or a token revoked later would be answered by reconnecting for ever; an address that could not be
connected to would be tried for ever, although it is good for one connection only; `close` leaves its tasks behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from adapters.slack.client import is_temporary, proxy_for, refused, sdk_log
from bot.errors import AicostError

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger(__name__)

_ATTEMPT = 20.0
"""Seconds after which an attempt to open the WebSocket is given up for a new address."""

_CLOSE = 0.6
"""Seconds that Slack has to answer our closing of the connection."""

LINK_DISABLED = AicostError(
    "Slack switched Socket Mode off for this app (link_disabled).",
    "Switch it on again under Socket Mode in your app's settings on api.slack.com, then start aicost anew.",
)


class SlackConnection(SocketModeClient):
    """One Socket Mode connection, renewed until `close` or until Slack ends it for good (`on_end` is called then, once)."""

    def __init__(
        self, app_token: str, web_client: AsyncWebClient, on_end: Callable[[AicostError], None]
    ) -> None:
        super().__init__(app_token=app_token, web_client=web_client, logger=sdk_log, ping_interval=5)
        self.proxy = proxy_for(web_client.base_url)
        self._on_end = on_end
        self._ended = False
        self._greeted: object = None
        self._news = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether Slack has greeted us on a connection that is still open: events reach this process now."""
        session = self.current_session
        return not self.closed and session is not None and session is self._greeted and not session.closed

    async def greeted(self, seconds: float) -> bool:
        """Wait for the first greeting; False when it did not come in time, or will not come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        return self.ready

    async def connect(self) -> None:
        """Open the WebSocket, with a new address whenever one did not lead to a connection in time."""
        while not self.closed:
            try:
                async with asyncio.timeout(_ATTEMPT):
                    await super().connect()  # type: ignore[no-untyped-call]
            except TimeoutError:
                self.wss_uri = None
            else:
                return

    async def issue_new_wss_url(self) -> str:
        try:
            return await super().issue_new_wss_url()
        except SlackApiError as error:
            if not is_temporary(error):
                self._end(refused("SLACK_APP_TOKEN", error))
            raise

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        kind = message.get("type")
        if kind == "hello":
            self._greeted = self.current_session
            self._news.set()
        elif kind == "disconnect" and message.get("reason") == "link_disabled":
            self._end(LINK_DISABLED)
            return
        await super().run_message_listeners(message, raw_message)

    def _end(self, reason: AicostError) -> None:
        self.closed = True
        self.auto_reconnect_enabled = False
        self._news.set()
        if not self._ended:
            self._ended = True
            self._on_end(reason)

    async def close(self) -> None:
        """Close the connection and everything that serves it, within a second."""
        tasks = [
            task
            for task in (self.message_processor, self.current_session_monitor, self.message_receiver)
            if task is not None
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE):
                await super().close()  # type: ignore[no-untyped-call]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.aiohttp_client_session.close()


class SocketHandler(AsyncBaseSocketModeHandler):
    """Hands what arrives on a `SlackConnection` to a Bolt app, and acknowledges it as Bolt says."""

    def __init__(self, app: AsyncApp, connection: SlackConnection) -> None:
        self.app = app
        self.client = connection
        self._bolt = app
        connection.socket_mode_request_listeners.append(self.handle)

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        started = time.time()
        response = await run_async_bolt_app(self._bolt, req)
        await send_async_response(client, req, response, started)
