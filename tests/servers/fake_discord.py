"""A Discord of our own on loopback: the few REST routes and the gateway that a bot of words uses, for real sockets and processes.

simcord is the better Discord for everything that a user sees; this one is for what lies below: addresses, tokens, sessions, closing
codes, a failing network. One guild with one text channel; one user asks. Everything that arrives is recorded: `requests` (method,
path), `sessions` (each gateway connection with what it opened with), `posts` (each message of the bot).
"""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from adapters.discord.limits import layout_problems

TOKEN = "a-token-of-the-fake-discord"
BOT_ID, USER_ID, GUILD_ID, CHANNEL_ID = 101, 202, 303, 404
BOT_USER = {"id": str(BOT_ID), "username": "aicost", "discriminator": "0", "avatar": None, "bot": True}
USER = {"id": str(USER_ID), "username": "alice", "discriminator": "0", "avatar": None}
_TIME = "2026-11-22T10:00:00+00:00"
_V2 = 1 << 15


@dataclass
class Session:
    """One connection to the gateway."""

    socket: web.WebSocketResponse
    path: str
    query: dict[str, str]
    opened_with: dict[str, Any] = field(default_factory=dict)

    @property
    def resumes(self) -> bool:
        return self.opened_with.get("op") == 6


class FakeDiscord:
    """Runs on `start()`; `url` is what DISCORD_API_URL must be."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.sessions: list[Session] = []
        self.posts: list[dict[str, Any]] = []
        self.resume_url: str | None = None
        """What READY names for resuming; None: the same gateway."""
        self.identify_closes_with: int | None = None
        self.welcoming = asyncio.Event()
        """While clear, a session gets neither READY nor RESUMED."""
        self.welcoming.set()
        self.post_status: list[int] = []
        """Statuses that the next posts get instead of success."""
        self.post_fails = False
        """While set, no post is taken."""
        self.answering = asyncio.Event()
        """While clear, posts are taken and their requests are left without an answer."""
        self.answering.set()
        self.readable = True
        """Whether the bot may read the channel's messages."""
        self._ids = itertools.count(900_000_000_000_000_000)
        self._sequence = itertools.count(1)
        self._nonces: dict[str, dict[str, Any]] = {}
        self._messages: list[dict[str, Any]] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/api/v10"

    @property
    def gateway(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway"

    async def start(self, port: int = 0) -> None:
        app = web.Application(middlewares=[self._record])
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/elsewhere", self._gateway)
        api = "/api/v10"
        app.router.add_get(f"{api}/users/@me", self._me)
        app.router.add_get(f"{api}/oauth2/applications/@me", self._application)
        app.router.add_get(f"{api}/gateway/bot", self._gateway_bot)
        app.router.add_post(f"{api}/channels/{{channel}}/messages", self._post)
        app.router.add_get(f"{api}/channels/{{channel}}/messages", self._history)
        app.router.add_post(f"{api}/channels/{{channel}}/typing", self._typing)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def ask(self, text: str, *, message_id: int | None = None) -> int:
        """Let the user mention the bot in the channel; gives the id of the message."""
        number = next(self._ids) if message_id is None else message_id
        message = {
            **_message(number, USER, f"<@{BOT_ID}> {text}"),
            "guild_id": str(GUILD_ID),
            "mentions": [{**BOT_USER, "member": _member()}],
            "member": _member(),
        }
        await self.push("MESSAGE_CREATE", message)
        return number

    async def push(self, event: str, data: dict[str, Any]) -> None:
        """Send an event over the newest session."""
        await self.sessions[-1].socket.send_json({"op": 0, "t": event, "s": next(self._sequence), "d": data})

    async def invalidate_session(self) -> None:
        """Tell the bot that its session is over and cannot be resumed."""
        await self.sessions[-1].socket.send_json({"op": 9, "d": False})

    async def request_reconnect(self) -> None:
        """Tell the bot to connect again and resume."""
        await self.sessions[-1].socket.send_json({"op": 7, "d": None})

    async def close_session(self, code: int) -> None:
        await self.sessions[-1].socket.close(code=code)

    @web.middleware
    async def _record(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        if request.path.startswith("/api/") and request.headers.get("Authorization") != f"Bot {TOKEN}":
            return _json({"message": "401: Unauthorized", "code": 0}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    async def _me(self, request: web.Request) -> web.Response:
        return _json(BOT_USER)

    async def _application(self, request: web.Request) -> web.Response:
        application = {"id": str(BOT_ID), "name": "aicost", "description": "", "icon": None, "flags": 0}
        application |= {"bot_public": True, "bot_require_code_grant": False, "verify_key": "", "owner": USER}
        return _json(application)

    async def _gateway_bot(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return _json({"url": self.gateway, "shards": 1, "session_start_limit": limit})

    async def _typing(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    def forget_nonces(self) -> None:
        """Let some minutes pass, as far as nonces are concerned."""
        self._nonces.clear()

    async def _post(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.post_fails:
            return _json({"message": "not now"}, status=503)
        if self.post_status:
            return _json({"message": "not now", "code": 50035}, status=self.post_status.pop(0))
        if body.get("flags", 0) & _V2 and (problems := layout_problems(body["components"])):
            return _json({"message": "; ".join(problems), "code": 50035}, status=400)
        nonce = str(body.get("nonce"))
        if not (body.get("enforce_nonce") and nonce in self._nonces):
            self.posts.append({**body, "channel_id": request.match_info["channel"]})
            message = {**_message(next(self._ids), BOT_USER, ""), "flags": body.get("flags", 0)}
            if "message_reference" in body:
                message |= {"type": 19, "message_reference": body["message_reference"]}
            self._nonces[nonce] = message
            self._messages.append(message)
        taken = self._nonces[nonce]
        await self.answering.wait()
        return _json(taken)

    async def _history(self, request: web.Request) -> web.Response:
        if not self.readable:
            return _json({"message": "Missing Access", "code": 50001}, status=403)
        after = int(request.query.get("after", 0))
        return _json([message for message in reversed(self._messages) if int(message["id"]) > after])

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = Session(socket, request.path, dict(request.query))
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})
        async for frame in socket:
            if frame.type != WSMsgType.TEXT:
                break
            data = json.loads(frame.data)
            if data["op"] == 1:
                await socket.send_json({"op": 11})
            elif data["op"] in (2, 6):
                session.opened_with = data
                if data["op"] == 2 and self.identify_closes_with is not None:
                    await socket.close(code=self.identify_closes_with)
                    break
                self.sessions.append(session)
                await self.welcoming.wait()
                await self._welcome(data)
        return socket

    async def _welcome(self, opened_with: dict[str, Any]) -> None:
        if opened_with["op"] == 6:
            await self.push("RESUMED", {})
            return
        ready = {
            "v": 10,
            "user": BOT_USER,
            "guilds": [{"id": str(GUILD_ID), "unavailable": True}],
            "session_id": f"session-{len(self.sessions)}",
            "resume_gateway_url": self.resume_url or self.gateway,
            "application": {"id": str(BOT_ID), "flags": 0},
        }
        if "shard" in opened_with["d"]:
            ready["shard"] = opened_with["d"]["shard"]
        await self.push("READY", ready)
        await self.push("GUILD_CREATE", _guild())


async def eventually(condition: Any, seconds: float = 10.0) -> None:
    """Wait until `condition()` holds; fails with its source when it never does."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event to wait on
            await asyncio.sleep(0.02)


def _json(data: Any, status: int = 200) -> web.Response:
    """JSON as Discord labels it; discord.py takes a content type with a charset for plain text."""
    return web.Response(body=json.dumps(data), status=status, headers={"Content-Type": "application/json"})


def _member() -> dict[str, Any]:
    return {"roles": [], "joined_at": _TIME, "deaf": False, "mute": False, "flags": 0}


def _message(number: int, author: dict[str, Any], content: str) -> dict[str, Any]:
    return {
        "id": str(number),
        "channel_id": str(CHANNEL_ID),
        "author": author,
        "content": content,
        "timestamp": _TIME,
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "type": 0,
    }


def _guild() -> dict[str, Any]:
    everyone = {"id": str(GUILD_ID), "name": "@everyone", "permissions": "0", "position": 0, "color": 0}
    everyone |= {"hoist": False, "managed": False, "mentionable": False, "flags": 0}
    channel = {"id": str(CHANNEL_ID), "type": 0, "name": "costs", "position": 0, "permission_overwrites": []}
    return {
        "id": str(GUILD_ID),
        "name": "A guild",
        "owner_id": str(USER_ID),
        "unavailable": False,
        "member_count": 2,
        "large": False,
        "roles": [everyone],
        "channels": [{**channel, "parent_id": None, "nsfw": False}],
        "threads": [],
        "members": [{**_member(), "user": BOT_USER}],
        "emojis": [],
        "stickers": [],
        "features": [],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "preferred_locale": "en-US",
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "system_channel_flags": 0,
        "afk_timeout": 60,
    }
