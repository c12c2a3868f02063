"""An OpenAI-compatible server on loopback that bills, misbehaves on request, and remembers both.

    with OpenAIServer() as server:
        server.will(says({"kind": "help", …}), fails(429, retry_after=1))
        … AICOST_LLM_BASE_URL=server.base_url …
        assert server.billed_tokens == …

It runs in a thread of its own, so a test may use it from its own event loop or from a child process. Each reply of `will`
serves one request, in order; when they are used up, `answer` is asked (by default: the parse that `knows` holds for the
question). Nothing is shared with the code under test: tokens are counted by a rule of the server's own (four characters are
a token, a prompt seen before is cached), as a provider's count is not aicost's either.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import web

Usage = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One reply. `content` is what the model says; `raw` replaces the whole body; `fault` is what goes wrong on the wire."""

    content: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    content_type: str = "application/json"
    usage: Usage | Literal["counted"] | None = "counted"
    finish_reason: str = "stop"
    refusal: str | None = None
    fault: Literal["none", "hang", "reset", "reset_in_body", "drip"] = "none"
    delay: float = 0.0
    """Seconds before the reply."""
    bills: bool = True


def says(content: object, **more: Any) -> Reply:
    """A completion; anything but a string is written as JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    return Reply(content=text, **more)


def fails(
    status: int,
    message: str = "The server had an error",
    *,
    retry_after: float | None = None,
    delay: float = 0.0,
) -> Reply:
    """An HTTP error in OpenAI's form; errors are not billed."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    body = json.dumps({"error": {"message": message, "type": "error", "param": None, "code": None}})
    return Reply(status=status, raw=body, headers=headers, bills=False, delay=delay)


def html(status: int = 200) -> Reply:
    """A proxy's page where JSON should be."""
    page = "<!doctype html><html><body><h1>Welcome to nginx! $0.42</h1></body></html>"
    return Reply(status=status, raw=page, content_type="text/html", bills=False)


def hangs(content: object = "") -> Reply:
    """The request is taken (and billed) and never answered."""
    return says(content, fault="hang")


def resets(content: object = "", *, in_body: bool = False) -> Reply:
    """The connection breaks after the request was taken: before the answer, or in the middle of it."""
    return says(content, fault="reset_in_body" if in_body else "reset")


def drips(content: object) -> Reply:
    """The answer comes one byte at a time, so slowly that it never ends."""
    return says(content, fault="drip")


@dataclass(frozen=True)
class Bill:
    """What the server charged for one request."""

    model: str
    input: int
    cached: int
    output: int
    reasoning: int = 0
    question: str = ""


class OpenAIServer:
    """See the module. `refuses` names request fields and response formats that are answered with 400, as other servers do."""

    def __init__(
        self,
        *,
        refuses: tuple[str, ...] = (),
        answer: Callable[[dict[str, Any]], object] | None = None,
        api_key: str | None = None,
    ) -> None:
        self.refuses = set(refuses)
        self.requests: list[dict[str, Any]] = []
        self.bills: list[Bill] = []
        self.knows: dict[str, object] = {}
        self.base_url = ""
        self._answer = answer or self._known_parse
        self._api_key = api_key
        self._replies: deque[Reply] = deque()
        self._seen_prompts: set[str] = set()
        self.request_came = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="openai-server", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def will(self, *replies: Reply) -> None:
        """Answer the next requests with these, one each."""
        self._replies.extend(replies)

    @property
    def billed_tokens(self) -> tuple[int, int, int]:
        """Input, cached input and output tokens billed since the start."""
        return (
            sum(b.input for b in self.bills),
            sum(b.cached for b in self.bills),
            sum(b.output for b in self.bills),
        )

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the test server did not start")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._completions)
        app.router.add_get("/v1/models", self._models)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "test-model", "object": "model"}]})

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.request_came.set()
        if self._api_key and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return _plain(fails(401, "Incorrect API key provided"))
        refusal = self._refusal(body)
        if refusal:
            return _plain(fails(400, refusal))
        reply = self.next_reply(body)
        await asyncio.sleep(reply.delay)
        usage = self._bill(body, reply) if reply.bills else None
        return await self._send(request, reply, _body(body, reply, usage))

    def next_reply(self, body: dict[str, Any]) -> Reply:
        """What to answer to a request."""
        return self._replies.popleft() if self._replies else says(self._answer(body))

    def _refusal(self, body: dict[str, Any]) -> str | None:
        response_format = body.get("response_format") or {}
        for name in sorted(self.refuses):
            if response_format.get("type") == name:
                return (
                    f"Invalid parameter: 'response_format' of type '{name}' is not supported with this model."
                )
            if name in body:
                return f"Unsupported parameter: '{name}' is not supported with this model."
        return None

    def _known_parse(self, body: dict[str, Any]) -> object:
        return self.knows.get(question_of(body), {"kind": "out_of_scope"})

    def _bill(self, body: dict[str, Any], reply: Reply) -> Usage:
        texts = [str(m.get("content", "")) for m in body["messages"]]
        prompt = sum(_tokens(text) for text in texts)
        cached = _tokens(texts[0]) if texts[0] in self._seen_prompts else 0
        self._seen_prompts.add(texts[0])
        bill = Bill(
            str(body.get("model")), prompt, cached, _tokens(reply.content), question=question_of(body)
        )
        if isinstance(reply.usage, dict):
            usage = reply.usage
        else:
            usage = {
                "prompt_tokens": bill.input,
                "completion_tokens": bill.output,
                "total_tokens": bill.input + bill.output,
                "prompt_tokens_details": {"cached_tokens": bill.cached},
                "completion_tokens_details": {"reasoning_tokens": 0},
            }
        self.bills.append(bill)
        return usage

    async def _send(self, request: web.Request, reply: Reply, text: str) -> web.StreamResponse:
        if reply.fault == "hang":
            await asyncio.Event().wait()
        if reply.fault == "reset":
            _abort(request)
            return web.Response()
        if reply.fault == "none":
            return web.Response(
                text=text, status=reply.status, headers=reply.headers, content_type=reply.content_type
            )
        response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
        await response.prepare(request)
        if reply.fault == "reset_in_body":
            await response.write(text.encode()[: len(text) // 2])
            _abort(request)
            return response
        for byte in text.encode():
            await response.write(bytes([byte]))
            await asyncio.sleep(0.2)
        return response


def question_of(body: dict[str, Any]) -> str:
    """The user's question inside a request of the LLM parser; empty in any other request."""
    try:
        return str(json.loads(body["messages"][-1]["content"])["question"])
    except (ValueError, KeyError, TypeError):
        return ""


def _tokens(text: str) -> int:
    return -(-len(text) // 4)


def _plain(reply: Reply) -> web.Response:
    return web.Response(
        text=reply.raw or "", status=reply.status, headers=reply.headers, content_type=reply.content_type
    )


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _body(body: dict[str, Any], reply: Reply, usage: Usage | None) -> str:
    if reply.raw is not None:
        return reply.raw
    completion: dict[str, Any] = {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1,
        "model": body.get("model"),
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": reply.content, "refusal": reply.refusal},
                "finish_reason": reply.finish_reason,
            }
        ],
    }
    if reply.usage is not None:
        completion["usage"] = usage
    return json.dumps(completion)
