"""How aicost speaks to Slack's Web API: one HTTP session, bounded waits, patience with rate limits, and errors in plain words.

Every client uses the operator's `SLACK_API_URL`, so that nothing goes to slack.com behind a proxy's or GovSlack's back.
"""

from __future__ import annotations

import ipaddress
import logging
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.proxy_env_variable_loader import load_http_proxy_from_env
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import AicostError

SLACK_API_URL = "https://slack.com/api/"

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
_LONGEST_WAIT = 60
"""Seconds of `Retry-After` up to which a request waits and is sent again."""

_RATE_LIMIT_TRIES = 3

_TEMPORARY = frozenset(
    {"fatal_error", "internal_error", "ratelimited", "request_timeout", "service_unavailable"}
)
"""Errors of the Web API that go away by themselves."""

UNREACHABLE = (aiohttp.ClientError, TimeoutError, OSError)
"""What is raised when Slack cannot be reached at all."""


class _OneLine(logging.Filter):
    """The SDK logs each lost connection with a traceback; operators need the sentence only."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.levelno >= logging.WARNING:
            record.exc_info = record.exc_text = None
        return True


sdk_log = logging.getLogger("adapters.slack.sdk")
"""The logger that Slack's libraries get. Its level is set, because they take NOTSET for DEBUG and would format every payload."""
sdk_log.addFilter(_OneLine())
sdk_log.setLevel(logging.WARNING)


class _RateLimitRetry(AsyncRateLimitErrorRetryHandler):
    """Waits as long as Slack asks, unless that is longer than anybody would wait for an answer."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or response.status_code != 429:
            return False
        wait = next((v for k, v in response.headers.items() if k.lower() == "retry-after"), ["1"])[0]
        return wait.isascii() and wait.isdigit() and int(wait) <= _LONGEST_WAIT


def _waits_for_rate_limits() -> AsyncRetryHandler:
    return _RateLimitRetry(max_retry_count=_RATE_LIMIT_TRIES)


def new_session() -> aiohttp.ClientSession:
    """The HTTP session that all of an adapter's requests share; its owner closes it."""
    return aiohttp.ClientSession(timeout=_TIMEOUT)


def web_client(token: str, api_url: str | None, session: aiohttp.ClientSession) -> AsyncWebClient:
    """A Web API client for the bot token. A broken connection is the caller's to repair: what was sent may have arrived."""
    base_url = api_url or SLACK_API_URL
    client = AsyncWebClient(
        token=token,
        base_url=base_url,
        timeout=int(_TIMEOUT.total or 10),
        session=session,
        logger=sdk_log,
        retry_handlers=[_waits_for_rate_limits()],
    )
    client.proxy = proxy_for(base_url)
    return client


def webhook_client(url: str, session: aiohttp.ClientSession) -> AsyncWebhookClient:
    """A client for one `response_url`."""
    client = AsyncWebhookClient(
        url,
        timeout=int(_TIMEOUT.total or 10),
        session=session,
        logger=sdk_log,
        retry_handlers=[AsyncConnectionErrorRetryHandler(), _waits_for_rate_limits()],
    )
    client.proxy = proxy_for(url)
    return client


def proxy_for(url: str) -> str | None:
    """The environment's proxy for an address. Unlike the SDK alone, loopback and `NO_PROXY` hosts are reached directly."""
    host = urlsplit(url).hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return None if loopback or urllib.request.proxy_bypass(host) else load_http_proxy_from_env(sdk_log)


def error_code(error: SlackApiError) -> str:
    """Slack's name for what went wrong ("invalid_auth"), or the HTTP status where there is no name."""
    data = getattr(error.response, "data", error.response)
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) and code else f"HTTP {_status(error) or 'error'}"


def error_messages(error: SlackApiError) -> list[str]:
    """Slack's explanations of a refusal; for `invalid_blocks` they name the place in the blocks."""
    data = getattr(error.response, "data", error.response)
    if not isinstance(data, dict):
        return []
    metadata = data.get("response_metadata")
    said = metadata.get("messages") if isinstance(metadata, dict) else None
    errors = data.get("errors")
    return [
        str(m)
        for m in [*(said if isinstance(said, list) else []), *(errors if isinstance(errors, list) else [])]
    ]


def is_temporary(error: SlackApiError) -> bool:
    """Whether trying again later may help."""
    status = _status(error)
    return error_code(error) in _TEMPORARY or status == 429 or status >= 500


def retry_after(error: SlackApiError) -> float:
    """Seconds that Slack asks us to wait, 0 when it does not say."""
    headers = getattr(error.response, "headers", None) or {}
    text = next((str(value) for key, value in headers.items() if key.lower() == "retry-after"), "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def refused(setting: str, error: SlackApiError) -> AicostError:
    """A token that Slack does not take, in words for the operator."""
    where = {
        "SLACK_BOT_TOKEN": "the Bot User OAuth Token (xoxb-…) from OAuth & Permissions",
        "SLACK_APP_TOKEN": "an app-level token (xapp-…) with the scope connections:write from Basic Information",
    }[setting]
    return AicostError(
        f"Slack refused {setting} ({error_code(error)}).",
        f"Use {where} in your app's settings on api.slack.com.",
    )


def unreachable(api_url: str | None, error: BaseException | str) -> str:
    """Why there is no connection, for the operator's log."""
    reason = error if isinstance(error, str) else f"{type(error).__name__}: {error}".rstrip(": ")
    return f"Slack cannot be reached at {api_url or SLACK_API_URL} ({reason})"


def _status(error: SlackApiError) -> int:
    response: Any = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    return status if isinstance(status, int) else 0
