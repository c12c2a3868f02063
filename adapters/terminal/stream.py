"""JSON lines in, JSON lines out: what `--stdin` means to every command that has it.

Each input line gives exactly one output line, in order, written as soon as it is known, while the input is still open. A line that
cannot be used gives an error object and the stream goes on. One thread reads the input, so that the event loop never waits for it.
"""

from __future__ import annotations

import asyncio
import json
import select
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

from adapters.terminal.output import write_json
from bot.errors import UsageError

MAX_LINE_BYTES = 1 << 20
"""A longer line is refused, so that input without line ends cannot fill the memory."""

_CHUNK_BYTES = 1 << 16
_CHUNKS_AHEAD = 2
_LINES_AT_ONCE = 16
"""Lines being answered at the same time, so that one that waits for an LLM does not hold up the ones behind it, and the next
ones are read while the ledger commits."""

Line = bytes | None
"""One line without its end, or None for one that was too long."""


class LineError(Exception):
    """Why a line cannot be used; the sentence follows "Line 3 "."""


async def answer_lines(
    answer: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]], refuse: Callable[[str], dict[str, Any]]
) -> int:
    """Write, for each line of stdin, `answer(object)`, or `refuse(sentence)` where the line is no object that can be used.

    `answer` raises `LineError` for an object that it cannot use. Returns how many lines were refused.
    """
    refused = 0
    slots = asyncio.Semaphore(_LINES_AT_ONCE)

    async def one(number: int, line: Line, previous: asyncio.Task[None] | None) -> None:
        nonlocal refused
        try:
            try:
                result = await answer(parse_object(line))
            except LineError as error:
                result = refuse(f"Line {number} {error}")
                refused += 1
            if previous is not None:
                await previous
            write_json(result)
        finally:
            slots.release()

    number, last = 0, None
    try:
        async with asyncio.TaskGroup() as tasks:
            async for line in split_lines(stdin_chunks()):
                await slots.acquire()
                number += 1
                last = tasks.create_task(one(number, line, last))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    return refused


def parse_object(line: Line) -> dict[str, Any]:
    """The JSON object on a line, its fractions as `Decimal`. Raises `LineError`, with words for a person, for anything else."""
    if line is None:
        raise LineError(f"is longer than {MAX_LINE_BYTES:,} bytes.")
    if not line.strip():
        raise LineError("is empty.")
    try:
        data = json.loads(line.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise LineError(f"is not UTF-8 text (byte {error.start + 1}).") from None
    except json.JSONDecodeError as error:
        raise LineError(f"is not JSON ({error.msg} at character {error.pos + 1}).") from None
    except (ValueError, RecursionError):
        raise LineError(
            "holds a number or a nesting that JSON does not allow, or that is too large."
        ) from None
    if not isinstance(data, dict):
        raise LineError("is JSON, but not an object.")
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


async def split_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[Line]:
    """Lines of a byte stream without their ends; the last one may lack its end. None stands for a line that was too long."""
    pending = b""
    skipping = False
    async for chunk in chunks:
        *complete, pending = (pending + chunk).split(b"\n")
        for line in complete:
            yield None if skipping or len(line) > MAX_LINE_BYTES else line
            skipping = False
        if len(pending) > MAX_LINE_BYTES:
            pending, skipping = b"", True
    if pending or skipping:
        yield None if skipping else pending


async def stdin_chunks() -> AsyncIterator[bytes]:
    """What stdin holds, as it arrives. Raises `UsageError` when there is no stdin or it cannot be read."""
    if sys.stdin is None:
        raise UsageError(
            "There is no standard input to read from.",
            "Pipe the lines in, or give a question as an argument.",
        )
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    room = threading.Semaphore(_CHUNKS_AHEAD)

    def pump() -> None:
        item: bytes | OSError = b"-"
        while item and not isinstance(item, OSError):
            room.acquire()
            try:
                item = _read_stdin()
            except OSError as error:
                item = error
            try:
                loop.call_soon_threadsafe(arrived.put_nowait, item)
            except RuntimeError:  # the loop was closed; nobody wants the rest
                return

    threading.Thread(target=pump, name="stdin", daemon=True).start()
    while item := await arrived.get():
        if isinstance(item, OSError):
            raise UsageError(f"The standard input cannot be read ({item.strerror}).")
        room.release()
        yield item


def _read_stdin() -> bytes:
    """What is there now, at least a byte, or b"" at the end.

    Reads below Python's own buffer, whose lock would be held by a waiting thread and end the interpreter with a fatal error.
    """
    stream = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    while (data := stream.read(_CHUNK_BYTES)) is None:  # somebody made the pipe non-blocking
        select.select([stream], [], [])
    return bytes(data)
