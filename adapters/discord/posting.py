"""Replies go out to Discord, each beneath its question; and whether one stands there already.

The nonce of a reply is its question's id: Discord drops a second copy that comes within a few minutes, and returns the first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import discord

from adapters.discord.client import AicostClient
from adapters.discord.events import Place
from adapters.discord.render import layout, plain_content
from bot.messages import Reply

log = logging.getLogger(__name__)

NONCE_HOLDS = 60.0
"""Seconds after a first attempt within which Discord is trusted to recognise the nonce; its documentation says "a few minutes"."""

_LOOKED_THROUGH = 100
"""Messages after a question among which its reply is looked for."""

TROUBLE = (discord.HTTPException, OSError, aiohttp.ClientError, RuntimeError)
"""What a request may end in; aiohttp raises RuntimeError when its session is closed, as it is between two connections."""


def passes(error: BaseException) -> bool:
    """Whether trying again may help: no refusal, too many requests, trouble at Discord, or a token that a restart may mend."""
    return not isinstance(error, discord.HTTPException) or error.status in (401, 429) or error.status >= 500


class Poster:
    """Posts with whatever client `current` gives; a new one is made for each new login."""

    def __init__(self, current: Callable[[], AicostClient]) -> None:
        self._current = current

    async def post(self, reply: Reply, place: Place) -> discord.Message:
        """Post a reply, as plain text where Discord does not take its layout. Raises one of `TROUBLE`."""
        try:
            return await self.send(place, view=layout(reply))
        except discord.HTTPException as error:
            if error.status != 400:
                raise
            log.error("Discord refused the layout of a reply (%s); it is sent as plain text", error.text)
            return await self.send(place, content=plain_content(reply), suppress_embeds=True)

    async def send(self, place: Place, **parts: Any) -> discord.Message:
        """Post beneath a question, or on its own where the question is gone. Raises one of `TROUBLE`."""
        reference = discord.MessageReference(
            message_id=place.message_id, channel_id=place.channel_id, fail_if_not_exists=False
        )
        channel = self._client().get_partial_messageable(place.channel_id)
        return await channel.send(**parts, reference=reference, mention_author=False, nonce=place.message_id)

    async def posted(self, place: Place) -> bool:
        """Whether a reply stands beneath a question; False also where the bot may not read the channel, or the question is gone.

        Raises one of `TROUBLE`.
        """
        client = self._client()
        channel = client.get_partial_messageable(place.channel_id)
        try:
            async for found in channel.history(limit=_LOOKED_THROUGH, after=discord.Object(place.message_id)):
                answers = found.reference is not None and found.reference.message_id == place.message_id
                if answers and client.user is not None and found.author.id == client.user.id:
                    return True
        except (discord.Forbidden, discord.NotFound):
            return False
        return False

    def _client(self) -> AicostClient:
        client = self._current()
        if not client.logged_in:
            raise ConnectionError("not logged in")
        return client
