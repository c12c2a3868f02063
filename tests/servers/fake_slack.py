"""A Slack of our own on loopback: Web API, Socket Mode, signed HTTP delivery and response_urls, with Slack's limits and its faults.

It answers as Slack does where aicost relies on it: tokens are checked, blocks are held against `adapters.slack.limits`, a
`response_url` works five times within thirty minutes, a WebSocket address is good for one connection, a method that the test
announced to fail fails. Everything that arrives is recorded: `calls` (each request), `posts` (each message that a person would
see), `acks` (each acknowledged envelope). What is not simulated: scopes, channel membership beyond `absent_from`, files, modals.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web
from servers.slack_faults import Failure, failed, params_of, refusal_of
from servers.slack_payloads import BOT_ID, BOT_USER, TEAM, Payloads

BOT_TOKEN = "xoxb-fake-1"
APP_TOKEN = "xapp-fake-1"
SIGNING_SECRET = "a-signing-secret-of-the-fake"
RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 30 * 60


@dataclass(frozen=True)
class Call:
    """One request to the Web API."""

    method: str
    token: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Post:
    """One message that Slack accepted. `user` is set when only that user sees it."""

    via: str
    channel: str
    text: str
    blocks: list[dict[str, Any]]
    params: dict[str, Any]
    thread_ts: str | None = None
    user: str | None = None
    ts: str = ""

    @property
    def everything(self) -> str:
        """All that a person may read in it, in one string."""
        return json.dumps([self.text, self.blocks], ensure_ascii=False)


@dataclass
class ResponseUrl:
    channel: str
    user: str
    made: float
    uses: int = 0


@dataclass
class FakeSlack(Payloads):
    """Use as `async with FakeSlack() as slack:`."""

    bot_token: str = BOT_TOKEN
    app_token: str = APP_TOKEN
    signing_secret: str = SIGNING_SECRET
    calls: list[Call] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    acks: dict[str, Any] = field(default_factory=dict)
    absent_from: set[str] = field(default_factory=set)
    """Channels in which the bot may not post."""
    readable: set[str] = field(default_factory=set)
    """Channels whose messages the bot may read; direct messages it may read anyway, as the manifest's scopes have it."""
    torn: int = 0
    """How many of the next posts are taken and then answered by a broken connection."""
    confirming: asyncio.Event | None = None
    """While set up and clear, posts are taken and their requests are left without an answer."""
    clock_ahead: float = 0.0
    """Seconds by which the fake's clock is ahead, for what expires."""
    slow: float = 0.0
    """Seconds that each post takes."""
    stale_addresses: int = 0
    """How many of the next WebSocket addresses lead nowhere."""
    port: int = 0
    """0: any free one."""

    def __post_init__(self) -> None:
        self._failures: dict[str, deque[Failure]] = defaultdict(deque)
        self.numbers = itertools.count(1)
        self._tickets: set[str] = set()
        self._sockets: list[web.WebSocketResponse] = []
        self._response_urls: dict[str, ResponseUrl] = {}
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.connections = 0

    async def __aenter__(self) -> FakeSlack:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self._link)
        app.router.add_post("/response/{key}", self._respond)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in list(self._sockets):
            await socket.close()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    # What a test arranges and waits for.

    def fail_next(self, method: str, times: int = 1, **how: Any) -> None:
        """Let the next calls of a method ("chat.postMessage", "response_url") fail."""
        self._failures[method].extend(Failure(**how) for _ in range(times))

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def wait_for(self, condition: Any, seconds: float = 8.0) -> None:
        """Wait until `condition()` holds; it is looked at after everything that arrives."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    async def wait_for_posts(self, count: int, seconds: float = 8.0) -> list[Post]:
        await self.wait_for(lambda: len(self.posts) >= count, seconds)
        return self.posts

    async def settle(self, seconds: float = 0.3) -> None:
        """Give whatever should not happen the time to happen."""
        await asyncio.sleep(seconds)

    def now(self) -> float:
        return time.time() + self.clock_ahead

    def new_response_url(self, channel: str, user: str) -> str:
        key = f"r{next(self.numbers)}"
        self._response_urls[key] = ResponseUrl(channel, user, self.now())
        return f"{self.url}/response/{key}"

    # Delivery over Socket Mode.

    async def wait_connected(self, count: int = 1, seconds: float = 8.0) -> None:
        """Wait until this many connections have been opened in all."""
        await self.wait_for(
            lambda: self.connections >= count and any(not s.closed for s in self._sockets), seconds
        )

    async def send(self, payload: dict[str, Any], *, retry: int = 0, wait_ack: bool = True) -> str:
        """Send one payload over the newest WebSocket, as an envelope; returns its id after it was acknowledged."""
        envelope_id = f"env-{next(self.numbers)}"
        is_command = "command" in payload
        envelope: dict[str, Any] = {
            "envelope_id": envelope_id,
            "payload": payload,
            "type": "slash_commands" if is_command else "events_api",
            "accepts_response_payload": is_command,
        }
        if not is_command:
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        await self._open_socket().send_json(envelope)
        if wait_ack:
            await self.wait_for(lambda: envelope_id in self.acks, 3.0)
        return envelope_id

    async def disconnect(self, reason: str) -> None:
        """Tell the newest connection that it ends, as Slack does before it closes it."""
        socket = self._open_socket()
        await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "fake"}})

    def _open_socket(self) -> web.WebSocketResponse:
        return next(socket for socket in reversed(self._sockets) if not socket.closed)

    # Delivery over HTTP.

    def sign(self, body: bytes, timestamp: str) -> str:
        base = b"v0:" + timestamp.encode() + b":" + body
        return "v0=" + hmac.new(self.signing_secret.encode(), base, hashlib.sha256).hexdigest()

    async def post_signed(
        self, url: str, payload: dict[str, Any] | bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Deliver a payload (or raw bytes) as Slack does; returns the status and the body of the answer."""
        if isinstance(payload, bytes):
            body, kind = payload, "application/json"
        elif "command" in payload:
            body, kind = urlencode(payload).encode(), "application/x-www-form-urlencoded"
        else:
            body, kind = json.dumps(payload).encode(), "application/json"
        timestamp = str(int(self.now()))
        sent = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": self.sign(body, timestamp),
            **(headers or {}),
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=sent, skip_auto_headers=("Content-Type",)) as response,
        ):
            return response.status, await response.text()

    # The server.

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        params = await params_of(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or str(
            params.pop("token", "")
        )
        self.calls.append(Call(method, token, params))
        try:
            answer = await self._answer(method, token, params)
            if self.confirming is not None and method.startswith("chat."):
                await self._note()
                await self.confirming.wait()
            if self.torn and method.startswith("chat.") and request.transport is not None:
                self.torn -= 1
                request.transport.abort()
            return answer
        finally:
            await self._note()

    async def _answer(self, method: str, token: str, params: dict[str, Any]) -> web.Response:
        if self._failures[method]:
            return failed(self._failures[method].popleft())
        expected = self.app_token if method == "apps.connections.open" else self.bot_token
        if token != expected:
            return failed(Failure("invalid_auth" if token else "not_authed"))
        match method:
            case "auth.test":
                return web.json_response(
                    {
                        "ok": True,
                        "url": "https://example.slack.com/",
                        "team": "Example",
                        "user": "aicost",
                        "team_id": TEAM,
                        "user_id": BOT_USER,
                        "bot_id": BOT_ID,
                        "is_enterprise_install": False,
                    }
                )
            case "apps.connections.open":
                ticket = f"t{next(self.numbers)}"
                if self.stale_addresses:
                    self.stale_addresses -= 1
                else:
                    self._tickets.add(ticket)
                return web.json_response(
                    {"ok": True, "url": f"ws://127.0.0.1:{self.port}/link?ticket={ticket}"}
                )
            case "chat.postMessage" | "chat.postEphemeral" | "chat.update":
                return await self._chat(method, params)
            case "conversations.replies":
                return self._replies(params)
            case "views.publish" | "views.open":
                return web.json_response({"ok": True, "view": {"id": "V1"}})
        return failed(Failure("unknown_method"))

    def _replies(self, params: dict[str, Any]) -> web.Response:
        channel = str(params.get("channel", ""))
        if not channel.startswith("D") and channel not in self.readable:
            return failed(Failure("missing_scope"))
        found = [
            {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "text": post.text, "blocks": post.blocks}
            | {"ts": post.ts, "thread_ts": post.thread_ts}
            for post in self.posts
            if (post.channel, post.thread_ts, post.via) == (channel, params.get("ts"), "chat.postMessage")
            and float(post.ts) > float(params.get("oldest") or 0)
        ]
        return web.json_response({"ok": True, "messages": found, "has_more": False})

    async def _chat(self, method: str, params: dict[str, Any]) -> web.Response:
        await asyncio.sleep(self.slow)
        refusal = refusal_of(params)
        channel = str(params.get("channel", ""))
        if not channel:
            refusal = Failure("channel_not_found")
        elif channel in self.absent_from:
            refusal = Failure("not_in_channel")
        elif method == "chat.postEphemeral" and not params.get("user"):
            refusal = Failure("user_not_in_channel")
        if refusal is not None:
            return failed(refusal)
        ts = self.new_ts()
        self.posts.append(
            Post(
                via=method,
                channel=channel,
                text=params.get("text", ""),
                blocks=params.get("blocks") or [],
                params=params,
                thread_ts=params.get("thread_ts"),
                user=params.get("user") if method == "chat.postEphemeral" else None,
                ts=ts,
            )
        )
        return web.json_response({"ok": True, "channel": channel, "ts": ts, "message_ts": ts})

    async def _respond(self, request: web.Request) -> web.Response:
        params = await params_of(request)
        self.calls.append(Call("response_url", "", params))
        try:
            if self._failures["response_url"]:
                failure = self._failures["response_url"].popleft()
                headers = {} if failure.retry_after is None else {"Retry-After": str(failure.retry_after)}
                return web.Response(status=failure.status, text=failure.error, headers=headers)
            known = self._response_urls.get(request.match_info["key"])
            if known is None or self.now() - known.made > RESPONSE_URL_SECONDS:
                return web.json_response({"ok": False, "error": "expired_url"}, status=404)
            if known.uses >= RESPONSE_URL_USES:
                return web.json_response({"ok": False, "error": "used_url"}, status=404)
            refusal = refusal_of(params)
            if refusal is not None:
                return web.Response(status=500, text=refusal.error)
            known.uses += 1
            alone = params.get("response_type", "ephemeral") == "ephemeral"
            self.posts.append(
                Post(
                    via="response_url",
                    channel=known.channel,
                    text=params.get("text", ""),
                    blocks=params.get("blocks") or [],
                    params=params,
                    user=known.user if alone else None,
                    ts=self.new_ts(),
                )
            )
            return web.Response(text="ok")
        finally:
            await self._note()

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="this address was used before")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": sum(not s.closed for s in self._sockets),
                "debug_info": {"host": "fake", "approximate_connection_time": 18060},
                "connection_info": {"app_id": "A0APP"},
            }
        )
        self.connections += 1
        await self._note()
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                answer = json.loads(message.data)
                self.acks[answer["envelope_id"]] = answer.get("payload")
                await self._note()
        await self._note()
        return socket
