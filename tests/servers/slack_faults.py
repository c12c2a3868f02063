"""How the fake Slack reads a request, what it finds wrong with a message, and how it says no."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from adapters.slack import limits


@dataclass
class Failure:
    """How the next call of a method fails: with an error of the Web API, or with an HTTP status."""

    error: str = ""
    status: int = 200
    retry_after: int | None = None
    messages: tuple[str, ...] = ()


async def params_of(request: web.Request) -> dict[str, Any]:
    """The parameters of a call, from a JSON body, a form or the query; `blocks` of a form are JSON in a string."""
    params: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        params |= await request.json()
    else:
        params |= dict(await request.post())
    if isinstance(params.get("blocks"), str):
        params["blocks"] = json.loads(params["blocks"])
    return params


def refusal_of(params: dict[str, Any]) -> Failure | None:
    """What Slack finds wrong with a message."""
    blocks = params.get("blocks")
    if not params.get("text") and not blocks:
        return Failure("no_text")
    if blocks:
        if found := limits.problems(blocks):
            return Failure("invalid_blocks", messages=tuple(f"[ERROR] {problem}" for problem in found))
        if limits.too_long(blocks):
            return Failure("msg_blocks_too_long")
    return None


def failed(failure: Failure) -> web.Response:
    headers = {} if failure.retry_after is None else {"Retry-After": str(failure.retry_after)}
    data: dict[str, Any] = {"ok": False, "error": failure.error or "ratelimited"}
    if failure.messages:
        data["response_metadata"] = {"messages": list(failure.messages)}
    return web.json_response(data, status=failure.status, headers=headers)
