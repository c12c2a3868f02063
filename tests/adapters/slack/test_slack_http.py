"""Signed HTTP: the same questions as over Socket Mode, and a 4xx for whatever Slack would not send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers.fake_slack import TEAM, FakeSlack
from slack_parts import ScriptedRouter, slack_settings

from adapters.slack import door
from adapters.slack.app import SlackAdapter


@pytest.fixture
async def http_adapter(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> AsyncIterator[SlackAdapter]:
    adapter = SlackAdapter(slack_settings(slack, tmp_path, http=True), router)
    await adapter.start()
    yield adapter
    await adapter.stop()


@pytest.fixture
async def url(http_adapter: SlackAdapter) -> AsyncIterator[str]:
    async with Served(http_adapter) as address:
        yield address


class Served:
    """The adapter's handler behind a real HTTP server, as `aicost serve` mounts it."""

    def __init__(self, adapter: SlackAdapter) -> None:
        self._adapter = adapter

    async def __aenter__(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/slack/events", self._adapter.handle_http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return f"http://127.0.0.1:{port}/slack/events"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


async def test_questions_come_in_and_are_answered(
    slack: FakeSlack, http_adapter: SlackAdapter, url: str
) -> None:
    assert http_adapter.connected
    assert (await slack.post_signed(url, slack.mention("price of gpt-4o")))[0] == 200
    assert (await slack.post_signed(url, slack.direct_message("price of o3")))[0] == 200
    assert await slack.post_signed(url, slack.command("price of haiku")) == (200, "")
    posts = await slack.wait_for_posts(3)
    assert {post.via for post in posts} == {"chat.postMessage", "response_url"}
    assert slack.called("apps.connections.open") == []


async def test_retries_and_replays_are_answered_once(
    slack: FakeSlack, router: ScriptedRouter, http_adapter: SlackAdapter, url: str
) -> None:
    mention, command = slack.mention("price of gpt-4o"), slack.command("price of gpt-4o")
    for retry in range(3):
        headers = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"} if retry else {}
        assert (await slack.post_signed(url, mention, headers))[0] == 200
        assert (await slack.post_signed(url, command))[0] == 200
    await slack.wait_for_posts(2)
    await slack.settle()
    assert len(slack.posts) == 2


async def test_a_command_may_hold_the_word_payload(
    slack: FakeSlack, router: ScriptedRouter, url: str
) -> None:
    assert (await slack.post_signed(url, slack.command("10k requests with a payload of 500 tokens & 2 < 3")))[
        0
    ] == 200
    await slack.wait_for_posts(1)
    assert router.admitted[0].text == "10k requests with a payload of 500 tokens & 2 < 3"


async def test_slack_can_verify_the_address(slack: FakeSlack, url: str) -> None:
    status, text = await slack.post_signed(
        url, {"type": "url_verification", "challenge": "abc", "token": "x"}
    )
    assert status == 200
    assert "abc" in text


async def test_an_event_that_could_not_be_taken_up_is_sent_again(
    slack: FakeSlack, router: ScriptedRouter, url: str
) -> None:
    router.admission_error = RuntimeError("boom")
    mention = slack.mention("price of gpt-4o")
    assert (await slack.post_signed(url, mention))[0] == 503
    assert (await slack.post_signed(url, slack.command("price of gpt-4o")))[0] == 503
    router.admission_error = None
    assert (await slack.post_signed(url, mention))[0] == 200
    await slack.wait_for_posts(1)


BAD_HEADERS: dict[str, dict[str, str]] = {
    "no number": {"X-Slack-Request-Timestamp": "now"},
    "a float": {"X-Slack-Request-Timestamp": "1700000000.5"},
    "other digits": {"X-Slack-Request-Timestamp": "١٧٠٠٠٠٠٠٠٠"},
    "a huge number": {"X-Slack-Request-Timestamp": "9" * 5000},
    "a negative number": {"X-Slack-Request-Timestamp": "-1"},
    "nothing": {"X-Slack-Request-Timestamp": ""},
    "an old time": {"X-Slack-Request-Timestamp": str(int(time.time()) - 301)},
    "a coming time": {"X-Slack-Request-Timestamp": str(int(time.time()) + 1000)},
    "no signature": {"X-Slack-Signature": ""},
    "a signature of letters": {"X-Slack-Signature": "v0=ä" + "ß" * 63},
    "a short signature": {"X-Slack-Signature": "v0=00"},
    "another version": {"X-Slack-Signature": "v1=" + "0" * 64},
    "a wrong signature": {"X-Slack-Signature": "v0=" + "0" * 64},
}


@pytest.mark.parametrize("headers", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
async def test_what_slack_did_not_sign_is_refused(
    slack: FakeSlack, router: ScriptedRouter, url: str, headers: dict[str, str]
) -> None:
    assert (await slack.post_signed(url, slack.mention("price of gpt-4o"), headers))[0] == 401
    assert router.admitted == []


async def test_a_signature_is_good_for_its_own_time_only(slack: FakeSlack, url: str) -> None:
    """Signed correctly, but 301 seconds ago."""
    body = json.dumps(slack.mention("price of gpt-4o")).encode()
    for age, status in ((-301, 401), (301, 401), (-200, 200)):
        timestamp = str(int(time.time()) + age)
        headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": slack.sign(body, timestamp)}
        assert (await slack.post_signed(url, body, headers))[0] == status


BAD_BODIES: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{nonsense",
    "a list": b"[]",
    "a list of events": b'[{"type": "event_callback"}]',
    "a string": b'"text"',
    "a number": b"5",
    "null": b"null",
    "no type": b"{}",
    "no UTF-8": b'{"type": "\xff\xfe"}',
    "deeply nested": b'{"a":' * 100_000,
    "nested lists": b"[" * 100_000,
    "an event that is text": b'{"type": "event_callback", "event": "text"}',
    "an event that is a list": b'{"type": "event_callback", "event": []}',
    "no event": b'{"type": "event_callback"}',
    "an event without type": b'{"type": "event_callback", "event": {}}',
    "an event whose type is an object": b'{"type": "event_callback", "event": {"type": {}}}',
    "authorizations of text": b'{"type": "event_callback", "event": {"type": "x"}, "authorizations": ["x"]}',
    "a team of number": b'{"type": "event_callback", "event": {"type": "x"}, "team": 5}',
    "a user of list": b'{"type": "event_callback", "event": {"type": "message", "user": ["U"]}}',
    "a command of list": b'{"type": "event_callback", "event": {"type": "x"}, "command": []}',
    "actions of nothing": b'{"type": "block_actions", "user": {"id": "U1"}, "actions": []}',
    "a challenge of list": b'{"type": "url_verification", "challenge": []}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_signed_nonsense_is_refused(
    slack: FakeSlack, router: ScriptedRouter, url: str, body: bytes
) -> None:
    status, _ = await slack.post_signed(url, body)
    assert status == 400
    assert router.admitted == []


@pytest.mark.parametrize(
    "body", [b"payload=nonsense", b"payload=[]", b"payload=%7B", b"text=hello", b"&" * 5000, b"a=b" * 9]
)
async def test_signed_forms_of_nonsense_are_refused(slack: FakeSlack, url: str, body: bytes) -> None:
    status, _ = await slack.post_signed(url, body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 400


async def test_a_megabyte_of_text_is_refused(slack: FakeSlack, router: ScriptedRouter, url: str) -> None:
    event = json.dumps(slack.mention("x" * 1_000_000)).encode()
    form = urlencode(slack.command("x" * 1_000_000)).encode()
    assert (await slack.post_signed(url, event))[0] == 413
    assert (await slack.post_signed(url, form, {"Content-Type": "application/x-www-form-urlencoded"}))[
        0
    ] == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1000
            await asyncio.sleep(0)

    async with aiohttp.ClientSession() as session, session.post(url, data=chunks()) as response:
        assert response.status == 413
    assert router.admitted == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_only_posts_are_taken(url: str, method: str) -> None:
    async with aiohttp.ClientSession() as session, session.request(method, url) as response:
        assert response.status == 405


async def test_in_socket_mode_the_door_is_shut(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    both = slack_settings(slack, tmp_path, slack_signing_secret=slack.signing_secret)
    adapter = SlackAdapter(both, router)
    await adapter.start()
    async with Served(adapter) as address:
        assert (await slack.post_signed(address, slack.mention("price of gpt-4o")))[0] == 404
    await adapter.stop()


async def test_before_the_start_the_door_asks_to_come_again(
    slack: FakeSlack, router: ScriptedRouter, tmp_path: Path
) -> None:
    async with Served(SlackAdapter(slack_settings(slack, tmp_path, http=True), router)) as address:
        assert (await slack.post_signed(address, slack.mention("price of gpt-4o")))[0] == 503
        assert (await slack.post_signed(address, b"[]"))[0] == 400


NAMES = """
    type event event_id team team_id user user_id channel channel_id ts thread_ts text authorizations enterprise enterprise_id
    command trigger_id response_url response_urls payload view actions item message previous_message is_ext_shared_channel
    channel_type subtype bot_id challenge token id function_data assistant_thread context_team_id inputs user_team
"""
KEYS = st.sampled_from(sorted(set(NAMES.split())))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(
        ["event_callback", "app_mention", "message", "im", "url_verification", "block_actions", TEAM]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


FREE = st.dictionaries(KEYS, VALUES, max_size=10)
EVENTS = st.builds(
    lambda around, event, kind: {**around, "type": "event_callback", "event": {**event, "type": kind}},
    FREE,
    FREE,
    st.sampled_from(["app_mention", "message", "app_home_opened", "tokens_revoked", "function_executed", ""]),
)
COMMANDS = st.builds(lambda around, command: {**around, "command": command}, FREE, st.text(max_size=5))


@given(FREE | EVENTS | COMMANDS, st.booleans())
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_no_signed_object_of_any_shape_gives_a_server_error(payload: dict[str, Any], as_form: bool) -> None:
    async def deliver() -> int:
        async with FakeSlack() as slack:
            adapter = SlackAdapter(slack_settings(slack, Path(), http=True), ScriptedRouter())
            await adapter.start()
            async with Served(adapter) as address:
                text = json.dumps(payload)
                body = urlencode({"payload": text}).encode() if as_form else text.encode()
                kind = "application/x-www-form-urlencoded" if as_form else "application/json"
                status, _ = await slack.post_signed(address, body, {"Content-Type": kind})
            await adapter.stop()
            return status

    assert asyncio.run(deliver()) < 500


@given(
    st.binary(max_size=60),
    st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain", ""]),
)
def test_any_bytes_are_parsed_to_an_object_or_refused(body: bytes, kind: str) -> None:
    with contextlib.suppress(door.Refused):
        assert isinstance(door.parse(body, kind), dict)


@given(st.text(max_size=30), st.text(max_size=80))
def test_no_pair_of_headers_passes_or_breaks_the_check(timestamp: str, signature: str) -> None:
    with pytest.raises(door.Refused) as caught:
        door.verify(b"{}", timestamp, signature, "secret", time.time())
    assert caught.value.status == 401
