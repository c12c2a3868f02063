"""Discord for `aicost serve`: connects, relays each question to the router, and posts the reply beneath it.

An event is in the ledger before anything is done about it. A reply is posted until Discord takes it or refuses it for good; what a
stop or a crash cuts off is taken up at the next start. The reply's nonce is the question's id, so that Discord itself drops a
second copy sent within a few minutes; later the reply is looked for beneath its question first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import discord

from adapters.discord import events
from adapters.discord.client import DISCORD_API_URL, AicostClient, use_api
from adapters.discord.events import Place
from adapters.discord.posting import NONCE_HOLDS, TROUBLE, Poster, passes
from adapters.discord.render import hint
from adapters.platform import STOP_GRACE, Turns
from bot.errors import AicostError
from bot.messages import Reply

if TYPE_CHECKING:
    from bot.router import Router, Ticket
    from bot.settings import Settings

log = logging.getLogger(__name__)

_TYPING_AFTER = 0.8
"""Seconds of work after which the channel shows that an answer is coming; most answers are there sooner."""

_AT_ONCE = 64
"""Questions that are answered at the same time; further ones wait (they are in the ledger by then)."""

_RETRY_FIRST, _RETRY_MOST = 1.0, 60.0
"""Seconds between attempts to reach Discord: the first wait, doubled each time up to the longest."""

_WAIT_FIRST, _WAIT_MOST = 0.5, 60.0
"""Seconds between attempts to post one reply, doubled each time; within each, discord.py waits and repeats as Discord asks."""

_NOBODY_WAITS = timedelta(hours=1)
"""Age of a question after which its answer is not posted any more; a later start leaves it alone too."""

_GOODBYE = 1.0
"""Seconds that Discord gets to confirm the end of the connection."""

_REFUSED_CODES = {4004: "the token", 4013: "the intents", 4014: "the intents"}
"""Close codes of the gateway that will not get better by trying again."""

_HINT = "Discord shows me your words only when you mention me: please ask again with @{name}, or leave the reply ping on."
_HINTED_USERS = 1000


class DiscordAdapter:
    """A `PlatformAdapter` for Discord."""

    name = "discord"

    def __init__(self, settings: Settings, router: Router, *, shard_count: int | None = None) -> None:
        """`shard_count`: a fixed number of shards instead of the number that Discord recommends."""
        self._settings = settings
        self._router = router
        self._shard_count = shard_count
        self._turns = Turns()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._work: set[asyncio.Task[None]] = set()
        self._runner: asyncio.Task[None] | None = None
        self._stopping = False
        self._took_up = False
        self._hinted: OrderedDict[tuple[int, int], None] = OrderedDict()
        self.failure: AicostError | None = None
        self.client = self._new_client()
        self._poster = Poster(lambda: self.client)

    @property
    def connected(self) -> bool:
        """Whether every shard has an open session with Discord."""
        return self.failure is None and self.client.connected

    async def start(self) -> None:
        """Log in, keep connected in the background, and take up what is unanswered.

        Raises `AicostError` when Discord refuses the token; an unreachable Discord is tried again and again.
        """
        use_api(self._settings.discord_api_url)
        first_attempt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._runner = asyncio.create_task(self._run(first_attempt), name="discord")
        try:
            await first_attempt
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Finish what is in work within `STOP_GRACE`, and disconnect; new events go to the ledger only."""
        self._stopping = True
        if self._work:
            await asyncio.wait(self._work, timeout=STOP_GRACE)
        if self._work:
            log.warning("%d Discord questions are left to the next start", len(self._work))
        await _cancelled(*self._work)
        await self._close_client()
        if self._runner is not None:
            await _cancelled(self._runner)

    def _new_client(self) -> AicostClient:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = (
            False  # a bot of words needs no voice libraries
        )
        return AicostClient(self.receive, self._shard_count)

    async def _run(self, first_attempt: asyncio.Future[None]) -> None:
        """Log in and stay connected; a failure before the first login is reported to `first_attempt`."""
        wait = _RETRY_FIRST
        while not self._stopping:
            try:
                await self.client.login(self._settings.discord_token or "")
                wait = _RETRY_FIRST
                if not first_attempt.done():
                    first_attempt.set_result(None)
                if not self._took_up:  # once a process: later, what is unfinished is this process's own work
                    self._took_up = True
                    await self.take_up_unfinished()
                await self.client.connect()
                problem = "the connection was closed"
            except (discord.LoginFailure, discord.PrivilegedIntentsRequired):
                return self._refuse(first_attempt, "the token")
            except discord.ConnectionClosed as error:
                if error.code in _REFUSED_CODES:
                    return self._refuse(first_attempt, _REFUSED_CODES[error.code])
                problem = f"the gateway closed the connection with code {error.code}"
            except discord.HTTPException as error:
                problem = f"{self._api} answered {error.status} {error.response.reason}"
                if error.status == 404:
                    problem += (
                        " (DISCORD_API_URL must be the whole base, such as https://discord.com/api/v10)"
                    )
            except (OSError, TimeoutError, aiohttp.ClientError, discord.DiscordException) as error:
                problem = f"{type(error).__name__}: {error}"
            except Exception:
                log.exception("the connection to Discord failed in an unforeseen way")
                problem = "an unforeseen error"
            if self._stopping:
                return None
            if not first_attempt.done():
                first_attempt.set_result(None)
            log.warning("Discord is not connected, because %s. Next attempt in %.0f s.", problem, wait)
            await self._close_client()
            await asyncio.sleep(wait)
            wait = min(wait * 2, _RETRY_MOST)
            self.client = self._new_client()
        return None

    @property
    def _api(self) -> str:
        return self._settings.discord_api_url or DISCORD_API_URL

    def _refuse(self, first_attempt: asyncio.Future[None], what: str) -> None:
        if first_attempt.done():
            self._fail(what)
        else:
            first_attempt.set_exception(_refusal(what))

    def _fail(self, what: str) -> None:
        if self.failure is None:
            self.failure = _refusal(what)
            log.error("%s Discord stays disconnected until the next start.", self.failure)

    async def _close_client(self) -> None:
        """Say goodbye, and hang up when that does not go through."""
        with contextlib.suppress(OSError, aiohttp.ClientError):
            try:
                async with asyncio.timeout(_GOODBYE):
                    await self.client.close()
            except TimeoutError:
                await self.client.http.close()

    def receive(self, event: discord.Message) -> None:
        """Take a message of the gateway; those that do not concern the bot are dropped."""
        me = self.client.user
        if me is not None and events.concerns(event, me):
            self._own(self._take(event, me))

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a Discord question failed in an unforeseen way", exc_info=error)

    async def _take(self, event: discord.Message, me: discord.ClientUser) -> None:
        if events.hidden(event, me):
            await self._hint(event, me)
            return
        message = events.to_message(event, me)
        ticket = await self._router.admit(message)
        if ticket is not None and not self._stopping:
            await self._answer(ticket, Place(event.channel.id, event.id))

    async def take_up_unfinished(self) -> None:
        """See to what an earlier process put into the ledger and did not deliver."""
        for ticket in await self._router.unfinished(events.PLATFORM):
            place = Place.of(ticket.message)
            if place is None:
                log.error(
                    "question %d cannot be answered: its place in Discord is not on record", ticket.query_id
                )
                await self._router.delivered(ticket, "its place in Discord is not on record")
            else:
                self._own(self._answer(ticket, place))

    async def _answer(self, ticket: Ticket, place: Place) -> None:
        async with self._turns.turn(events.turn_of(ticket.message)):
            async with self._room:
                typing = asyncio.create_task(self._type_soon(place))
                try:
                    reply = await self._router.answer(ticket)
                finally:
                    await _cancelled(typing)
            await self._deliver(ticket, reply, place)

    async def _type_soon(self, place: Place) -> None:
        """Show that the bot is at work, once it takes long."""
        await asyncio.sleep(_TYPING_AFTER)
        with contextlib.suppress(discord.DiscordException, OSError, aiohttp.ClientError):
            await self.client.get_partial_messageable(place.channel_id).typing()

    async def _deliver(self, ticket: Ticket, reply: Reply, place: Place) -> None:
        """Post a reply, once, until Discord takes it or refuses it for good, or nobody waits any more."""
        nobody_waits = ticket.message.received_at + _NOBODY_WAITS
        began = time.monotonic()
        wait = _WAIT_FIRST
        while True:
            may_be_there = ticket.stored is not None or time.monotonic() - began > NONCE_HOLDS
            try:
                posted = None
                if not (may_be_there and await self._poster.posted(place)):
                    posted = await self._poster.post(reply, place)
            except TROUBLE as error:
                problem = f"{type(error).__name__}: {error}"
                if isinstance(error, discord.HTTPException) and error.status == 401:
                    self._fail("the token")
                if not passes(error):
                    log.error("Discord takes no reply in channel %d (%s)", place.channel_id, problem)
                    await self._router.delivered(ticket, f"Discord refused the reply: {problem}")
                    return
                if datetime.now(UTC) + timedelta(seconds=wait) > nobody_waits:
                    log.error("a reply could not be posted in time (%s)", problem)
                    return
                log.warning("a reply could not be posted (%s); next attempt in %.1f s", problem, wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, _WAIT_MOST)
            else:
                await self._router.delivered(ticket)
                if (
                    posted is not None and posted.reference is None
                ):  # the question is gone, and cannot name the answer
                    await self._router.also_remember(ticket, events.answer_key(posted.id))
                return

    async def _hint(self, event: discord.Message, me: discord.ClientUser) -> None:
        """Say once to a user in a channel why the bot does not answer a message whose words it cannot see."""
        key = (event.channel.id, event.author.id)
        if key in self._hinted:
            return
        self._hinted[key] = None
        if len(self._hinted) > _HINTED_USERS:
            self._hinted.popitem(last=False)
        with contextlib.suppress(discord.HTTPException, OSError, aiohttp.ClientError):
            await self._poster.send(
                Place(event.channel.id, event.id), content=hint(_HINT.format(name=me.name))
            )


def _refusal(what: str) -> AicostError:
    return AicostError(
        f"Discord refused {'DISCORD_TOKEN' if what == 'the token' else what + ' of this bot'}.",
        "Copy the token of the bot from the Discord developer portal (Bot, Reset Token) into DISCORD_TOKEN.",
    )


async def _cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
