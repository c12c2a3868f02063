"""The HTTP server of `aicost serve`: health, metrics, and the door for Slack's signed requests.

It answers from the first moment, also while the knowledge base is being compiled, and is robust against clients that are slow or
hostile: headers and bodies are limited in size, and a connection that does not finish its first request in time is closed.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from adapters.metrics import CONTENT_TYPE, Metrics
from bot.errors import SettingError

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_BODY = 256 * 1024
"""Bytes of a body; the Slack adapter, whose events may be larger, reads its own bodies and has its own limit."""

_FIRST_REQUEST = 10.0
"""Seconds within which a new connection must have sent the headers of a request."""

_KEEP_ALIVE = 30.0
_SWEEP = 2.0
_LAST_RESPONSES = 0.5
"""Seconds that a closing server gives to requests in work."""


@dataclass
class ServiceState:
    """What HTTP shows of the service; `serve` keeps it up to date."""

    metrics: Metrics = field(default_factory=Metrics)
    pending: str | None = "knowledge base"
    """What keeps the service as a whole from being ready: a part that is being prepared, or that it is stopping."""
    platforms: Callable[[], Mapping[str, bool]] = dict
    """Each configured platform and whether it is connected."""
    failures: Callable[[], Mapping[str, str]] = dict
    """Why a platform will stay disconnected until the next start, for those of which it is known."""
    slack_events: Handler | None = None
    """The Slack adapter's handler of signed requests, once there is one."""

    def missing(self) -> list[str]:
        """What the service still waits for; nothing when it is ready."""
        waiting = [self.pending] if self.pending else []
        return waiting + [name for name, connected in self.platforms().items() if not connected]


class WebServer:
    """Serves one `ServiceState` at one address."""

    def __init__(self, state: ServiceState, host: str, port: int) -> None:
        self._state = state
        self._host = host
        self._port = port
        self._spoken: set[object] = set()
        """Connections that have made a request; aiohttp closes those itself when they fall silent."""
        self._runner = web.AppRunner(
            self._app(), access_log=None, keepalive_timeout=_KEEP_ALIVE, shutdown_timeout=_LAST_RESPONSES
        )
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the server listens; the port is a real one also when 0 was asked for."""
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Listen. Raises `SettingError` when the address cannot be listened on."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise self._refused(error) from error
        except OverflowError as error:
            await self._runner.cleanup()
            raise SettingError("AICOST_PORT", "is no port", "8080") from error
        self._sweeper = asyncio.create_task(self._sweep(), name="web: close silent connections")

    async def stop(self) -> None:
        """Stop listening; requests in work get half a second."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        await self._runner.cleanup()

    def _refused(self, error: OSError) -> SettingError:
        where = f"{self._host}:{self._port}"
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            return SettingError("AICOST_HOST", f"is no address of this machine ({self._host})", "127.0.0.1")
        if error.errno == errno.EADDRINUSE:
            problem = (
                f"cannot be used, because another program listens on {where}; stop it or choose another port"
            )
        elif error.errno == errno.EACCES:
            problem = f"cannot be used, because this user may not listen on {where}; choose a port above 1023"
        else:
            problem = f"cannot be used: {error.strerror or error} ({where})"
        return SettingError("AICOST_PORT", problem, "8081")

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._readiness)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_post("/slack/events", self._slack_events)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count the request, refuse a large body, and let no error of ours out."""
        self._spoken.add(request.protocol)
        route = request.match_info.route.resource
        path = "other" if route is None else route.canonical
        status = 500
        try:
            if path != "/slack/events" and (request.content_length or 0) > MAX_BODY:
                raise web.HTTPRequestEntityTooLarge(
                    max_size=MAX_BODY, actual_size=request.content_length or 0
                )
            response = await handler(request)
            status = response.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        except Exception:
            log.exception("an HTTP request to %s failed", path)
            return web.json_response({"error": "internal error"}, status=500)
        finally:
            self._state.metrics.count("aicost_http_requests_total", route=path, status=str(status))
        return response

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readiness(self, request: web.Request) -> web.Response:
        missing = self._state.missing()
        failures = self._state.failures()
        platforms = [
            {"name": name, "connected": up, "failure": failures.get(name)}
            for name, up in self._state.platforms().items()
        ]
        body = {"ready": not missing, "platforms": platforms, "missing": missing}
        return web.json_response(body, status=503 if missing else 200)

    async def _metrics(self, request: web.Request) -> web.Response:
        text = self._state.metrics.text(self._state.platforms())
        return web.Response(text=text, headers={"Content-Type": CONTENT_TYPE})

    async def _slack_events(self, request: web.Request) -> web.StreamResponse:
        if "slack" not in self._state.platforms():
            return web.json_response({"error": "Slack is not configured here"}, status=404)
        if self._state.slack_events is None:
            return web.json_response({"error": "not ready yet"}, status=503, headers={"Retry-After": "5"})
        return await self._state.slack_events(request)

    async def _sweep(self) -> None:
        """Close connections that never get to their first request; aiohttp would wait for it for ever."""
        first_seen: dict[object, float] = {}
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP)
            server = self._runner.server
            connections = server.connections if server else []
            self._spoken.intersection_update(connections)
            silent = [connection for connection in connections if connection not in self._spoken]
            first_seen = {connection: first_seen.get(connection, loop.time()) for connection in silent}
            for connection in silent:
                if loop.time() - first_seen[connection] >= _FIRST_REQUEST - _SWEEP:
                    connection.force_close()
