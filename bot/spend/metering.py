"""The metered client: the only place that calls an LLM. No call goes out before its row is in the ledger, and every row is
settled.

What a row says in the end:

| what happened | status | charged |
| --- | --- | --- |
| an answer with plausible usage | settled | what the server reported |
| an answer without usage, or with an impossible one | settled | own count, marked estimated |
| nothing was sent (no connection), or the server refused with an HTTP error | failed | nothing |
| sent, but no whole answer came (time-out, reset, far too long) | failed | its reservation, estimated: it may be billed |
| an error that nobody foresaw, ours or a library's | failed | its reservation, estimated: it may be billed |
| the process died | reserved | its reservation, until the ledger's next start marks it lost |

The OpenAI SDK's own retries are off: each HTTP request is a row, and the retries here end with the caller's deadline.
Raises `LlmCallError` when no answer was had. A ledger that cannot be written (`StorageError`) or a budget without room
(`Refusal`) speaks before anything is sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from bot.errors import AicostError
from bot.spend.call_failures import LlmCallError, from_status, from_transport
from bot.spend.calls import CallOutcome, CallRequest, CallStatus, CallUsage
from bot.spend.completions import Completion, read_answer
from bot.spend.own_price import OPENAI_BASE_URL, OwnPrice, Priced, without_password
from bot.spend.tally import Tally
from bot.spend.token_bounds import input_bound

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from knowledge.base import KnowledgeBase

log = logging.getLogger(__name__)

ChatMessage = dict[str, str]

_T = TypeVar("_T")

MAX_TRIES = 3
"""HTTP requests for one answer, as long as the deadline allows them."""
MAX_ANSWER_BYTES = 256_000
"""A longer answer is cut off: no parse is that long, and a hostile server must not fill the memory."""
_CONNECT_SECONDS = 3.0
_FIRST_WAIT_SECONDS = 0.4
_LEAST_SECONDS_FOR_A_CALL = 0.3  # less is not worth a request
_NOTHING = CallUsage()
_SETTLE_SECONDS = 2.0
"""How long an answer waits at most for its row to be settled, and no longer than to the deadline but for a moment; a slow disk
settles later, in the background."""
_A_MOMENT = 0.5
_SETTLE_AGAIN_AFTER = (0.5, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds after which a row is settled anew that could not be: another program's lock, a disk that was full for a minute."""


class CallBook(Protocol):
    """The ledger as calls see it (`bot.spend.ledger.Ledger`, or `NullLedger` where there is none)."""

    async def reserve_call(self, request: CallRequest, *, patience: float = ...) -> int: ...

    async def settle_call(self, call_id: int, outcome: CallOutcome) -> None: ...

    async def load_server(self, base_url: str, model: str) -> str | None: ...

    async def save_server(self, base_url: str, model: str, dialect_json: str) -> None: ...


class MeteredClient:
    """Calls one model at one OpenAI-compatible server, on the books of one ledger; safe to use from many tasks of one loop."""

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: str | None,
        model: str,
        books: CallBook,
        knowledge: KnowledgeBase | None = None,
    ) -> None:
        self.base_url = base_url or OPENAI_BASE_URL
        self.model = model
        self._api_key = api_key or "none"  # a server of one's own needs no key, but the SDK some text
        self.books = books
        self._knowledge = knowledge
        self.price = OwnPrice(self.base_url, model, knowledge)
        self._client: AsyncOpenAI | None = None
        self._background: set[asyncio.Task[Any]] = set()
        self.closing = asyncio.Event()

    async def prepare(self) -> None:
        """Import the SDK and build the client (a second, cold), so that no question's deadline has to pay for it.

        Raises `LlmCallError` for an address that cannot be one.
        """
        if self._client is None:
            client = await asyncio.to_thread(self._connect)
            self._client = self._client or client

    def _connect(self) -> AsyncOpenAI:
        import httpx2
        from openai import AsyncOpenAI

        try:
            _ = urlsplit(self.base_url).port  # one out of range raises here; the SDK would raise on sending
            client = AsyncOpenAI(base_url=self.base_url, api_key=self._api_key, max_retries=0)
        except (ValueError, ImportError, httpx2.InvalidURL) as error:  # also a proxy of an unknown kind
            raise LlmCallError(
                "unreachable", "The language model's address cannot be used.", detail=str(error)
            ) from error
        _ = client.chat.completions.with_streaming_response  # the SDK imports its resources on first use
        return client

    async def close(self) -> None:
        """Wait for rows that are still being settled, each once more, then close connections."""
        self.closing.set()
        if self._background:
            await asyncio.wait(self._background, timeout=_SETTLE_SECONDS)
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        parameters: dict[str, Any],
        *,
        query_id: int | None,
        output_limit: int,
        seconds: float,
        tally: Tally,
    ) -> Completion:
        """One answer, tried up to `MAX_TRIES` times within `seconds`.

        `parameters` go to the server as they are (`response_format`, `temperature` …); `output_limit` is what to reserve for.
        Every try is on the books before it is sent, and counted in `tally`. Raises `LlmCallError`, `Refusal` and `StorageError`.
        """
        await self.prepare()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        wait = _FIRST_WAIT_SECONDS
        for attempt in range(MAX_TRIES):
            try:
                return await self._once(messages, parameters, query_id, output_limit, deadline, tally)
            except LlmCallError as error:
                pause = wait if error.retry_after is None else error.retry_after
                ends_too_late = loop.time() + pause + _LEAST_SECONDS_FOR_A_CALL > deadline
                if not error.passing or attempt + 1 == MAX_TRIES or ends_too_late:
                    raise
                log.info("the LLM server failed (%s); trying again in %.1f s", error.failure, pause)
                await asyncio.sleep(pause)
                wait *= 2
        raise AssertionError("unreachable: the last try returns or raises")

    async def _once(
        self,
        messages: Sequence[ChatMessage],
        parameters: dict[str, Any],
        query_id: int | None,
        output_limit: int,
        deadline: float,
        tally: Tally,
    ) -> Completion:
        reserved = CallUsage(
            input_tokens=input_bound(messages, parameters), output_tokens=output_limit, estimated=True
        )
        loop = asyncio.get_running_loop()
        if deadline - loop.time() < _LEAST_SECONDS_FOR_A_CALL:
            raise _too_late()
        row = _Row(self, reserved, tally, deadline)
        try:
            async with asyncio.timeout_at(deadline):
                await row.reserve(query_id, patience=deadline - loop.time() - _LEAST_SECONDS_FOR_A_CALL)
                body = await self._send(messages, parameters, deadline)
        except LlmCallError as error:
            await row.fail(error)
            raise
        except (TimeoutError, asyncio.CancelledError) as stopped:
            late = _too_late()
            await row.fail(late)
            if isinstance(stopped, TimeoutError):
                raise late from None
            raise
        except BaseException as error:
            await row.fail(_unforeseen(error))
            raise
        # from here on the answer is there: neither the deadline nor a cancelled question may cost its row the usage
        return await asyncio.shield(self.run_to_end(self._settle(row, messages, parameters, body)))

    async def _settle(
        self, row: _Row, messages: Sequence[ChatMessage], parameters: dict[str, Any], body: bytes
    ) -> Completion:
        try:
            completion, usage = read_answer(body, input_limit=_request_bytes(messages, parameters))
            if usage is None:
                usage = await self._own_count(messages, parameters, completion)
        except BaseException as error:
            await row.fail(_unforeseen(error))
            raise
        await row.settle(usage)
        return completion

    async def _send(
        self, messages: Sequence[ChatMessage], parameters: dict[str, Any], deadline: float
    ) -> bytes:
        import httpx2
        import openai

        if self._client is None:
            raise LlmCallError("unreachable", "The connection to the language model was closed.")
        left = max(0.05, deadline - asyncio.get_running_loop().time())
        timeout = httpx2.Timeout(left, connect=min(left, _CONNECT_SECONDS))
        create: Any = self._client.chat.completions.with_streaming_response.create
        body = bytearray()
        try:
            async with create(
                model=self.model, messages=list(messages), timeout=timeout, **parameters
            ) as response:
                async for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise LlmCallError("oversized", "The language model's answer was far too long.")
        except openai.APIStatusError as error:
            raise from_status(error) from error
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise from_transport(error) from error
        except (openai.OpenAIError, ValueError) as error:  # ValueError: a key that no HTTP header can hold
            raise LlmCallError(
                "refused", "The request to the language model's server could not be made.", detail=str(error)
            ) from error
        return bytes(body)

    async def _own_count(
        self, messages: Sequence[ChatMessage], parameters: dict[str, Any], completion: Completion
    ) -> CallUsage:
        """Usage as counted here, for a server that reports none; the schema is sent along and counts as input."""
        sent = "\n".join(message["content"] for message in messages)
        if "response_format" in parameters:
            sent += json.dumps(parameters["response_format"], separators=(",", ":"))
        got = completion.text or ""
        return CallUsage(
            input_tokens=await self._count(sent),
            output_tokens=await self._count(got),
            estimated=True,
            response_model=completion.model,
        )

    async def _count(self, text: str) -> int:
        if self._knowledge is not None:
            try:
                # loading a tokenizer takes a second, which the event loop must not wait for
                counted = await asyncio.to_thread(self._knowledge.tokens.count, text, self.price.model)
                return counted.count
            except AicostError as error:
                log.warning("no tokenizer to count with: %s", error)
        return -(-len(text) // 4)

    async def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the beginning of `close`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)

    def run_to_end(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Start work that a cancelled question must not cancel; `close` waits for it."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task


class _Row:
    """One row of the ledger, from its reservation to its settlement."""

    def __init__(self, client: MeteredClient, reserved: CallUsage, tally: Tally, deadline: float) -> None:
        self._client = client
        self._reserved = reserved
        self._tally = tally
        self._deadline = deadline
        self._call_id: int | None = None
        self._sent_at = 0.0

    async def reserve(self, query_id: int | None, *, patience: float) -> None:
        """Write the row, waiting up to `patience` seconds for calls under way to leave room in a budget.

        Raises `StorageError` when it cannot be written and `Refusal` when a budget has no room; nothing may be sent then.
        """
        client, price = self._client, self._client.price
        request = CallRequest(
            query_id=query_id,
            provider=price.provider or "",
            model=client.model,
            base_url=without_password(client.base_url),
            input_tokens=self._reserved.input_tokens,
            output_tokens=self._reserved.output_tokens,
            cost=price.price(self._reserved).cost,
        )
        writing = asyncio.ensure_future(client.books.reserve_call(request, patience=max(0.0, patience)))
        try:
            self._call_id = await asyncio.shield(writing)
        except asyncio.CancelledError:
            # the ledger's thread may write the row all the same: release it, since nothing was sent
            client.run_to_end(self._release(writing))
            raise
        self._sent_at = time.perf_counter()

    async def _release(self, writing: asyncio.Future[int]) -> None:
        try:
            self._call_id = await writing
        except AicostError:
            return
        await self._write(CallOutcome(usage=_NOTHING, cost=Decimal(0), status="failed", error="timeout"))

    async def settle(self, usage: CallUsage) -> None:
        """The call was answered and used this much."""
        await self._finish(usage, self._client.price.price(usage), "settled", None)

    async def fail(self, error: LlmCallError) -> None:
        """The call was not answered; where the provider may bill it nevertheless, it is charged at its reservation."""
        if self._call_id is None:  # stopped before the row was written, so nothing was sent
            return
        charged, priced = _NOTHING, Priced(Decimal(0))
        if error.may_be_billed:
            charged, priced = self._reserved, self._client.price.price(self._reserved)
        await self._finish(charged, priced, "failed", error.failure)

    async def _finish(self, usage: CallUsage, priced: Priced, status: CallStatus, error: str | None) -> None:
        self._tally.add(usage, priced.cost)
        outcome = CallOutcome(
            usage=usage,
            cost=priced.cost,
            status=status,
            error=error,
            price_source=priced.source,
            price_as_of=priced.as_of,
            latency_ms=round((time.perf_counter() - self._sent_at) * 1000),
        )
        task = self._client.run_to_end(self._write(outcome))
        left = self._deadline - asyncio.get_running_loop().time()
        await asyncio.wait([task], timeout=max(_A_MOMENT, min(left, _SETTLE_SECONDS)))

    async def _write(self, outcome: CallOutcome) -> None:
        """Settle the row; a ledger that cannot be written just now is tried again, for the usage is known only here."""
        assert self._call_id is not None
        for pause in (*_SETTLE_AGAIN_AFTER, None):
            try:
                await self._client.books.settle_call(self._call_id, outcome)
            except AicostError as problem:
                if pause is None or self._client.closing.is_set():
                    log.warning("call %d stays reserved in the ledger: %s", self._call_id, problem)
                    return
                await self._client.sleep(pause)
            else:
                return


def _too_late() -> LlmCallError:
    return LlmCallError("timeout", "The language model took too long to answer.")


def _unforeseen(error: BaseException) -> LlmCallError:
    """What the books say of an error of no known kind: it may have come after the request was sent."""
    if isinstance(error, LlmCallError):
        return error
    return LlmCallError("broken", "The call of the language model broke off.", detail=repr(error))


def _request_bytes(messages: Sequence[ChatMessage], parameters: dict[str, Any]) -> int:
    return len(json.dumps([*messages, parameters], ensure_ascii=False).encode())
