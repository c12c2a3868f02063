"""`aicost serve`: one process for all configured platforms and HTTP; it starts them, and ends them in order on SIGTERM or Ctrl-C.

HTTP comes first, so that health checks get an answer while the knowledge base is compiled (in a thread). A platform that refuses
our settings ends the start with a clear error; one that cannot be reached is tried again by its adapter, and `/readyz` names it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from adapters.platform import PlatformAdapter
from bot.errors import AicostError
from bot.settings import Settings

if TYPE_CHECKING:
    from adapters.metrics import Metrics
    from adapters.web import ServiceState
    from bot.router import Router

    OpenRouter = Callable[[Settings, Metrics], Awaitable[Router]]

log = logging.getLogger(__name__)

_PLATFORMS_STOP = 4.0
"""Seconds within which all platforms together must have stopped; then they are cut off."""

_LEDGER_CLOSE = 0.8
_LAST_RESORT = 5.4
"""Seconds after a signal at which the process ends whatever still runs, such as a half compiled knowledge base."""


@dataclass(frozen=True, slots=True)
class _Platform:
    """Where a platform's adapter is, and the library that it needs."""

    module: str
    library: str


_PLATFORMS = {
    "slack": _Platform("adapters.slack.app", "slack_bolt"),
    "discord": _Platform("adapters.discord.adapter", "discord"),
}


def run(settings: Settings | None = None) -> int:
    """Serve in this process until it is told to stop, and give its exit status (0). Raises `AicostError` when it cannot start."""
    asyncio.run(serve(settings or Settings.load()))
    return 0


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. For a process of its own: it takes over logging and signals, and ends within six seconds."""
    _check_installed(settings)
    from adapters.logs import set_up

    set_up(settings)
    stop = asyncio.Event()
    _stop_on_signals(stop)
    await Service(settings).run_until(stop)


def configured(settings: Settings) -> tuple[str, ...]:
    """The platforms that the settings name, by any of their tokens."""
    slack = settings.slack_bot_token or settings.slack_app_token or settings.slack_signing_secret
    return tuple(name for name, present in (("slack", slack), ("discord", settings.discord_token)) if present)


class Service:
    """Everything that one process serves."""

    def __init__(self, settings: Settings, open_router: OpenRouter | None = None) -> None:
        from adapters.web import ServiceState, WebServer

        self.settings = settings
        self.state: ServiceState = ServiceState(platforms=self._connections, failures=self._failures)
        self.web = WebServer(self.state, settings.host, settings.port)
        self._open_router = open_router or _open_counting_router
        self._names = configured(settings)
        self._adapters: dict[str, PlatformAdapter] = {}
        self._router: Router | None = None

    async def run_until(self, stop: asyncio.Event) -> None:
        """Start, serve until `stop` is set, and end everything. Raises `AicostError` when something cannot be started."""
        await self.web.start()
        log.info("listening on %s", self.web.url)
        starting = asyncio.create_task(self._start(), name="start")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stopping
            log.info("stopping")
        finally:
            stopping.cancel()
            starting.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self._stop()
            log.info("stopped")

    def _connections(self) -> dict[str, bool]:
        return {name: name in self._adapters and self._adapters[name].connected for name in self._names}

    def _failures(self) -> dict[str, str]:
        return {name: str(a.failure) for name, a in self._adapters.items() if a.failure is not None}

    async def _start(self) -> None:
        router = self._router = await self._open_router(self.settings, self.state.metrics)
        self.state.pending = None
        if not self._names:
            log.warning(
                "no platform is configured: set DISCORD_TOKEN, or SLACK_BOT_TOKEN with SLACK_APP_TOKEN or SLACK_SIGNING_SECRET."
                " Until then aicost serves HTTP only."
            )
            return
        if not self.settings.llm_configured:
            log.info("no LLM is configured: questions are read by the local parser alone")
        for name in self._names:
            # Importing a platform's library takes a good part of a second, in which HTTP must be answered.
            await asyncio.to_thread(import_module, _PLATFORMS[name].module)
            self._adapters[name] = _adapter(name, self.settings, router)
        self.state.slack_events = getattr(self._adapters.get("slack"), "handle_http", None)
        try:
            async with asyncio.TaskGroup() as group:
                for adapter in self._adapters.values():
                    group.create_task(adapter.start())
        except ExceptionGroup as failures:
            refusals = [error for error in failures.exceptions if isinstance(error, AicostError)]
            raise (refusals or failures.exceptions)[0] from None
        connected = [name for name, is_connected in self._connections().items() if is_connected]
        waiting = [name for name in self._names if name not in connected]
        log.info(
            "started%s%s",
            f", connected to {', '.join(connected)}" if connected else "",
            f", not connected yet to {', '.join(waiting)}" if waiting else "",
        )

    async def _stop(self) -> None:
        """End the platforms first (they finish what is in work), then HTTP, then the ledger."""
        self.state.pending = "stopping"
        await _within(_PLATFORMS_STOP, *(adapter.stop() for adapter in self._adapters.values()))
        await self.web.stop()
        if self._router is not None:
            await _within(_LEDGER_CLOSE, self._router.close())


async def _open_counting_router(settings: Settings, metrics: Metrics) -> Router:
    from adapters.counting import CountingRouter

    limiter = None
    if configured(settings):  # else there is nobody to limit, and the library may not be installed
        from bot.rate_limit import RateLimiter

        limiter = await asyncio.to_thread(RateLimiter, settings.rate_per_minute)
    router = await CountingRouter.open(settings, _progress_log(), limiter)
    assert isinstance(router, CountingRouter)
    router.metrics = metrics
    return router


def _adapter(name: str, settings: Settings, router: Router) -> PlatformAdapter:
    if name == "slack":
        from adapters.slack.app import SlackAdapter

        return SlackAdapter(settings, router)
    from adapters.discord.adapter import DiscordAdapter

    return DiscordAdapter(settings, router)


def _check_installed(settings: Settings) -> None:
    """Raise `AicostError` when a library is missing that these settings need; all of them are optional extras."""
    wanted = [("aiohttp", "aicost serve", "all")]
    for name in configured(settings):
        wanted += [(library, name.capitalize(), name) for library in (_PLATFORMS[name].library, "limits")]
    for library, what, extra in wanted:
        if find_spec(library) is None:
            raise AicostError(
                f"{what} needs a library that is not installed ({library}).",
                f"Install it: pip install 'aicost-bot[{extra}]'",
            )


def _progress_log() -> Callable[[str, int, int], None]:
    """Says once that the knowledge base is being compiled, if it is."""
    said = False

    def progress(step: str, done: int, total: int) -> None:
        nonlocal said
        if not said:
            said = True
            log.info("compiling the knowledge base; this is needed once, and HTTP answers meanwhile")

    return progress


async def _within(seconds: float, *work: Coroutine[Any, Any, None]) -> None:
    """Let the work end within `seconds`, and log what went wrong in it."""
    if not work:
        return
    tasks = [asyncio.create_task(coroutine) for coroutine in work]
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, asyncio.CancelledError):
            log.warning("something did not stop in time and was cut off")
        elif isinstance(result, BaseException):
            log.error("something failed while stopping", exc_info=result)


def _stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` at the first SIGTERM or SIGINT, and end the process at the second, or when stopping takes too long."""

    def on_signal(name: str) -> None:
        if stop.is_set():
            log.warning("received %s again: ending at once", name)
            os._exit(0)
        log.info("received %s", name)
        stop.set()
        # A thread that compiles the knowledge base cannot be cancelled, and Python would wait for it. The file is replaced only
        # when it is complete, so that it does no harm to end in the middle.
        last_resort = threading.Timer(_LAST_RESORT, os._exit, (0,))
        last_resort.daemon = True
        last_resort.start()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number.name)
