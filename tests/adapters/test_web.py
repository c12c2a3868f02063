"""The HTTP server of the service, over real sockets: what it says, and what slow or hostile clients get."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.metrics import Metrics
from adapters.web import MAX_BODY, ServiceState, WebServer
from bot.answers import Spend
from bot.errors import SettingError


@pytest.fixture
def state() -> ServiceState:
    return ServiceState()


@pytest.fixture
async def server(state: ServiceState) -> AsyncIterator[WebServer]:
    web_server = WebServer(state, "127.0.0.1", 0)
    await web_server.start()
    yield web_server
    await web_server.stop()


@pytest.fixture
async def client(server: WebServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def test_health_is_there_before_anything_is_ready(client: aiohttp.ClientSession) -> None:
    async with client.get("/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "ok"})
    async with client.get("/readyz") as response:
        assert response.status == 503
        assert (await response.json())["missing"] == ["knowledge base"]


async def test_readiness_names_the_platform_that_is_missing(
    client: aiohttp.ClientSession, state: ServiceState
) -> None:
    connected = {"slack": True, "discord": False}
    state.pending = None
    state.platforms = lambda: connected
    state.failures = lambda: {"discord": "Discord refused DISCORD_TOKEN."}
    async with client.get("/readyz") as response:
        assert response.status == 503
        assert await response.json() == {
            "ready": False,
            "platforms": [
                {"name": "slack", "connected": True, "failure": None},
                {"name": "discord", "connected": False, "failure": "Discord refused DISCORD_TOKEN."},
            ],
            "missing": ["discord"],
        }
    connected["discord"] = True
    async with client.get("/readyz") as response:
        assert response.status == 200
        assert (await response.json())["missing"] == []


async def test_nothing_configured_is_ready(client: aiohttp.ClientSession, state: ServiceState) -> None:
    state.pending = None
    async with client.get("/readyz") as response:
        assert (response.status, await response.json()) == (
            200,
            {"ready": True, "platforms": [], "missing": []},
        )


async def test_metrics_are_prometheus_text(client: aiohttp.ClientSession, state: ServiceState) -> None:
    state.platforms = lambda: {"discord": True}
    state.metrics.count("aicost_questions_total", platform="discord")
    state.metrics.spent(Spend(llm_calls=1, input_tokens=900, output_tokens=40, cost_usd=Decimal("0.000061")))
    state.metrics.answered(0.02)
    await (await client.get("/healthz")).release()
    async with client.get("/metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        lines = (await response.text()).splitlines()
    for line in (
        'aicost_questions_total{platform="discord"} 1',
        "aicost_llm_calls_total 1",
        'aicost_llm_tokens_total{direction="input"} 900',
        "aicost_llm_cost_usd_total 0.000061",
        'aicost_http_requests_total{route="/healthz",status="200"} 1',
        'aicost_answer_seconds_bucket{le="0.01"} 0',
        'aicost_answer_seconds_bucket{le="0.05"} 1',
        'aicost_answer_seconds_bucket{le="+Inf"} 1',
        "aicost_answer_seconds_count 1",
        'aicost_platform_connected{platform="discord"} 1',
    ):
        assert line in lines


def test_a_counter_that_nobody_declared_is_an_error() -> None:
    with pytest.raises(KeyError):
        Metrics().count("aicost_typo_total")


def test_a_label_cannot_break_its_quotes() -> None:
    metrics = Metrics()
    metrics.count("aicost_questions_total", platform='a"b\\c\nd')
    assert 'aicost_questions_total{platform="a\\"b\\\\c\\nd"} 1' in metrics.text({})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/healthz/../../etc/passwd", 404),
        ("POST", "/healthz", 405),
        ("GET", "/slack/events", 405),
        ("POST", "/slack/events", 404),
    ],
)
async def test_what_is_not_there_is_refused(
    client: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as response:
        assert response.status == status


async def test_slack_events_wait_for_the_adapter_and_then_reach_it(
    client: aiohttp.ClientSession, state: ServiceState
) -> None:
    state.platforms = lambda: {"slack": False}
    async with client.post("/slack/events", data="{}") as response:
        assert response.status == 503

    async def events(request: web.Request) -> web.Response:
        return web.Response(text=f"got {len(await request.read())} bytes")

    state.slack_events = events
    async with client.post("/slack/events", data="{}") as response:
        assert (response.status, await response.text()) == (200, "got 2 bytes")


async def test_a_failure_of_ours_shows_no_details(
    client: aiohttp.ClientSession, state: ServiceState, caplog: pytest.LogCaptureFixture
) -> None:
    async def events(request: web.Request) -> web.Response:
        raise RuntimeError("the secret is 42")

    state.platforms = lambda: {"slack": True}
    state.slack_events = events
    async with client.post("/slack/events", data="{}") as response:
        assert response.status == 500
        assert "42" not in await response.text()
    assert "the secret is 42" in caplog.text


@pytest.mark.parametrize("path", ["/metrics", "/nowhere"])
async def test_a_large_body_is_refused(client: aiohttp.ClientSession, path: str) -> None:
    async with client.post(path, data=b"x" * (MAX_BODY + 1)) as response:
        assert response.status in (413, 404)
    async with client.get("/healthz", data=b"x" * (MAX_BODY + 1)) as response:
        assert response.status == 413


async def raw(server: WebServer, sent: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    "sent", [b"\x00\xff\xfe\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n"]
)
async def test_what_is_no_http_gets_400(server: WebServer, sent: bytes) -> None:
    assert (await raw(server, sent)).startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow:"])
async def test_a_connection_that_never_finishes_a_request_is_closed(
    state: ServiceState, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr("adapters.web._SWEEP", 0.05)
    monkeypatch.setattr("adapters.web._FIRST_REQUEST", 0.2)
    server = WebServer(state, "127.0.0.1", 0)
    await server.start()
    try:
        assert await raw(server, sent) == b""
    finally:
        await server.stop()


async def test_a_connection_that_made_a_request_may_stay(
    state: ServiceState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.web._SWEEP", 0.02)
    monkeypatch.setattr("adapters.web._FIRST_REQUEST", 0.05)
    server = WebServer(state, "127.0.0.1", 0)
    await server.start()
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for _ in range(2):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b'{"status": "ok"}' in await reader.readuntil(b"}")
            await asyncio.sleep(0.3)
    finally:
        writer.close()
        await server.stop()


async def test_a_port_that_is_taken_is_named(state: ServiceState) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingError,
            match=rf"AICOST_PORT cannot be used, because another program listens on 127\.0\.0\.1:{port}",
        ):
            await WebServer(state, "127.0.0.1", port).start()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "not a host"])
async def test_an_address_that_is_not_of_this_machine_is_named(state: ServiceState, host: str) -> None:
    with pytest.raises(SettingError, match="AICOST_HOST is no address of this machine"):
        await WebServer(state, host, 0).start()


async def test_a_handler_in_work_does_not_hold_up_the_end(state: ServiceState) -> None:
    never = asyncio.Event()

    async def events(request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    state.platforms = lambda: {"slack": True}
    state.slack_events = events
    server = WebServer(state, "127.0.0.1", 0)
    await server.start()
    async with aiohttp.ClientSession(server.url) as session:
        waiting: asyncio.Task[Any] = asyncio.create_task(
            session.post("/slack/events", data="{}").__aenter__()
        )
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await server.stop()
        with pytest.raises(aiohttp.ClientError):
            await waiting
