"""Work that is shared while it is under way."""

from __future__ import annotations

import asyncio

import pytest

from bot.parsing.llm.deadline import Deadline
from bot.parsing.llm.shared import UnderWay
from bot.spend.call_failures import LlmCallError


class Work:
    """Work that ends when it is told to, and counts how often it was begun and ended."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.cancelled = 0
        self.error = error
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return self.begun


async def _asked(shared: UnderWay[int], work: Work, key: str = "key") -> asyncio.Task[int]:
    task = asyncio.ensure_future(shared.run(key, work))
    await asyncio.sleep(0)
    return task


async def test_the_same_work_is_begun_once() -> None:
    shared, work = UnderWay[int](), Work()
    asked = [await _asked(shared, work) for _ in range(50)]
    assert len(shared) == 1
    work.may_end.set()
    assert await asyncio.gather(*asked) == [1] * 50
    assert work.begun == 1
    assert len(shared) == 0


async def test_other_keys_are_other_work_and_so_is_a_later_asker() -> None:
    shared, work = UnderWay[int](), Work()
    asked = [await _asked(shared, work, key) for key in "abc"]
    work.may_end.set()
    await asyncio.gather(*asked)
    assert work.begun == 3
    assert await shared.run("a", work) == 4


async def test_everybody_gets_the_error() -> None:
    shared, work = UnderWay[int](), Work(ValueError("no"))
    asked = [await _asked(shared, work) for _ in range(3)]
    work.may_end.set()
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(result) for result in results] == ["no"] * 3
    assert len(shared) == 0


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    shared, work = UnderWay[int](), Work()
    first, second = await _asked(shared, work), await _asked(shared, work)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.may_end.set()
    assert await second == 1
    assert (work.begun, work.cancelled) == (1, 0)


async def test_work_that_nobody_wants_any_more_is_cancelled_and_can_be_begun_anew() -> None:
    shared, work = UnderWay[int](), Work()
    asked = [await _asked(shared, work) for _ in range(2)]
    for task in asked:
        task.cancel()
    await asyncio.wait(asked)
    again = await _asked(shared, work)
    work.may_end.set()
    assert await again == 2
    assert (work.begun, work.cancelled) == (2, 1)
    assert len(shared) == 0


async def test_one_who_waits_for_another_waits_no_longer_than_the_own_deadline() -> None:
    shared, work = UnderWay[int](), Work()
    first = asyncio.ensure_future(shared.ask("key", work, Deadline(60)))
    await asyncio.sleep(0)
    with pytest.raises(LlmCallError, match="too long"):
        await shared.ask("key", work, Deadline(0.05))
    work.may_end.set()
    assert await first == 1
    assert (work.begun, work.cancelled) == (1, 0)


async def test_a_deadline_begins_once() -> None:
    deadline = Deadline(5)
    begun = deadline.begin()
    await asyncio.sleep(0.01)
    assert deadline.begin() == begun
