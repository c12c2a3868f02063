"""The discord.py client: which events it asks for, whom it may mention (nobody), and where Discord is.

discord.py has Discord's addresses built in. `use_api` moves the REST part; `GatewayAddress` makes every connection to the gateway
go to the address that `gateway/bot` names, so that a proxy sees all of the traffic. Both rely on inner names of discord.py 2.7
(`Route.BASE`, `HTTPClient.ws_connect`, `get_bot_gateway`), which the tests drive over a real socket.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
from discord.http import HTTPClient, Route
from yarl import URL

log = logging.getLogger(__name__)

DISCORD_API_URL = "https://discord.com/api/v10"
_DISCORD_GATEWAY = ".discord.gg"


def use_api(url: str | None) -> None:
    """Send this process's REST calls to `url` (the whole base with its version), or to Discord itself for None.

    discord.py keeps the address in a class, so it holds for all clients of a process.
    """
    Route.BASE = (url or DISCORD_API_URL).rstrip("/")


class GatewayAddress:
    """Sends each gateway connection of one HTTP client to the address from `gateway/bot`.

    discord.py uses that address only for a first connection without a fixed shard count; with one, and for a new IDENTIFY after
    an invalid session, it uses a built-in address. An address for resuming (READY's `resume_gateway_url`) is kept where it belongs
    to the same gateway: the same host, or both are Discord's own.
    """

    FRESH = 60.0
    """Seconds for which an address is used without asking again."""

    def __init__(self, http: HTTPClient) -> None:
        self._connect = http.ws_connect
        self._ask = http.get_bot_gateway
        self._known: URL | None = None
        self._asked_at = -self.FRESH
        http.ws_connect = self.ws_connect  # type: ignore[method-assign]
        http.get_bot_gateway = self.get_bot_gateway  # type: ignore[method-assign]

    async def get_bot_gateway(self) -> Any:
        """Ask Discord (shards, address, session limits), and remember the address."""
        answer = await self._ask()
        self._known, self._asked_at = URL(answer[1]), time.monotonic()
        return answer

    async def ws_connect(self, url: str, *, compress: int = 0) -> Any:
        """Open `url`, or the gateway of `gateway/bot` with the query of `url` where that leads elsewhere."""
        wanted = URL(url)
        if self._known is None or not self.same_gateway(wanted, self._known):
            wanted = (await self._address()).update_query(wanted.query)
        return await self._connect(str(wanted), compress=compress)

    async def _address(self) -> URL:
        if self._known is None or time.monotonic() - self._asked_at > self.FRESH:
            try:
                await self.get_bot_gateway()
            except (discord.GatewayNotFound, OSError, aiohttp.ClientError):
                if self._known is None:
                    raise
        assert self._known is not None
        return self._known

    @staticmethod
    def same_gateway(one: URL, other: URL) -> bool:
        """Whether two addresses lead to the same gateway: the same server, or both are Discord's."""
        hosts = (one.host or "", other.host or "")
        if all(host.endswith(_DISCORD_GATEWAY) for host in hosts):
            return True
        return one.origin() == other.origin()


class AicostClient(discord.AutoShardedClient):
    """One connection to Discord, of as many shards as Discord asks for; tells `on_question` of each message.

    Only unprivileged intents: Discord then shows the words of direct messages and of messages that mention the bot, and no others.
    """

    def __init__(
        self, on_question: Callable[[discord.Message], None], shard_count: int | None = None
    ) -> None:
        super().__init__(
            intents=discord.Intents.default(),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0,  # nothing here waits until discord.py knows all guilds
            shard_count=shard_count,
        )
        self._on_question = on_question
        self._live: set[int] = set()
        self._used = False
        GatewayAddress(self.http)

    @property
    def connected(self) -> bool:
        """Whether every shard has an open session."""
        return self.shard_count is not None and len(self._live) == self.shard_count and not self.is_closed()

    @property
    def logged_in(self) -> bool:
        """Whether requests can be made."""
        return self.user is not None and not self.is_closed()

    async def login(self, token: str) -> None:
        self._used = True
        await super().login(token)

    async def close(self) -> None:
        if self._used:  # discord.py cannot close a client that never logged in
            await super().close()

    async def on_message(self, message: discord.Message) -> None:
        self._on_question(message)

    async def on_shard_connect(self, shard_id: int) -> None:
        self._live.add(shard_id)
        log.info("connected to Discord as %s, shard %d of %s", self.user, shard_id, self.shard_count)

    async def on_shard_resumed(self, shard_id: int) -> None:
        self._live.add(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        if shard_id in self._live:
            log.warning("lost the connection to Discord, shard %d; connecting again", shard_id)
        self._live.discard(shard_id)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("an event of Discord could not be handled: %s", event_method)
