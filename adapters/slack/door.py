"""What stands in front of Bolt when Slack delivers over HTTP: only what Slack signed, and only what has the shape of a payload.

Bolt raises for timestamps that are no numbers, lists instead of objects and the like, and answers those with status 500; and it
loses every form whose text holds the word "payload". So requests are read, verified and parsed here, and handed to Bolt as JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

MAX_BODY = 512 * 1024
"""Bytes of a request; Slack's largest (a long message, once as text and once as blocks) stays well below."""

_WINDOW = 300
"""Seconds that a signature may be old or early, as Slack recommends."""

_READ_SECONDS = 5.0
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_IDENTITIES = ("team", "user", "channel", "enterprise")


class Refused(Exception):
    """A request that is not let in, with the HTTP status (always 4xx) that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


async def read_payload(request: web.Request, signing_secret: str) -> dict[str, Any]:
    """The payload of a signed request. Raises `Refused` for anything that Slack would not send."""
    if request.method != "POST":
        raise Refused(405, "only POST")
    body = await _read(request)
    verify(
        body,
        request.headers.get("X-Slack-Request-Timestamp", ""),
        request.headers.get("X-Slack-Signature", ""),
        signing_secret,
        time.time(),
    )
    payload = parse(body, request.content_type)
    if not _well_formed(payload):
        raise Refused(400, "not a payload of Slack")
    return payload


def verify(body: bytes, timestamp: str, signature: str, signing_secret: str, now: float) -> None:
    """Check Slack's signature (HMAC-SHA256 over version, timestamp and raw body). Raises `Refused`."""
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        raise Refused(401, "invalid request")
    expected = hmac.new(signing_secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    if abs(now - int(timestamp)) > _WINDOW or not hmac.compare_digest(
        f"v0={expected.hexdigest()}", signature
    ):
        raise Refused(401, "invalid request")


def parse(body: bytes, content_type: str) -> dict[str, Any]:
    """The object in a body: JSON, JSON in the form field `payload`, or a form's fields. Raises `Refused`."""
    try:
        text = body.decode("utf-8")
        if content_type == "application/json" or text.startswith("{"):
            data = json.loads(text)
        else:
            fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100, errors="strict"))
            data = json.loads(fields["payload"]) if "payload" in fields else fields
    except (ValueError, RecursionError):
        raise Refused(400, "not readable") from None
    if not isinstance(data, dict):
        raise Refused(400, "not an object")
    return data


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY:
        raise Refused(413, "too large")
    body = bytearray()
    try:
        async with asyncio.timeout(_READ_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    raise Refused(413, "too large")
    except TimeoutError:
        raise Refused(408, "too slow") from None
    except (web.RequestPayloadError, OSError):
        raise Refused(400, "not readable") from None
    return bytes(body)


def _well_formed(payload: dict[str, Any]) -> bool:
    """Whether a payload has a known kind, and those types in it that Bolt takes for granted."""
    if not all(isinstance(payload.get(key), str | dict | None) for key in _IDENTITIES):
        return False
    for key in ("authorizations", "response_urls"):
        items = payload.get(key) or []
        if not isinstance(items, list) or not all(
            isinstance(item, dict) and key not in item for item in items
        ):
            return False
    kind, command = payload.get("type"), payload.get("command")
    if not isinstance(command, str | None):
        return False
    if kind == "event_callback":
        event = payload.get("event")
        return (
            isinstance(event, dict)
            and isinstance(event.get("type"), str)
            and "authorizations" not in event
            and all(isinstance(event.get(key), str | dict | None) for key in _IDENTITIES)
        )
    if kind == "url_verification":
        return isinstance(payload.get("challenge"), str)
    return isinstance(kind, str) or isinstance(command, str)
