"""How many questions a user may ask a minute, and what is said to one who asks more."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Message
from bot.rate_limit import RateLimiter
from bot.router import Router
from bot.settings import Settings


class Clock:
    """Stands in for the wall clock that the limiter reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000.0
        monkeypatch.setattr(time, "time", lambda: self.now)


def asked(user: str = "U1", platform: str = "slack", text: str = "price of gpt-4o", key: str = "") -> Message:
    return Message(
        platform=platform,
        text=text,
        user=user,
        dedup_keys=(key,) if key else (),
    )


def test_a_user_may_ask_so_many_questions_within_any_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    limiter = RateLimiter(3)
    for second in (0, 20, 40):
        clock.now = 1_800_000_000.0 + second
        assert limiter.wait(asked()) == 0
    clock.now += 5
    assert limiter.wait(asked()) == pytest.approx(15)  # the question at 0 s leaves the window at 60 s
    assert limiter.wait(asked("U2")) == 0
    assert limiter.wait(asked(platform="discord")) == 0
    clock.now += 15.5
    assert limiter.wait(asked()) == 0
    assert limiter.wait(asked()) == pytest.approx(19.5)


def test_refused_questions_do_not_prolong_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    limiter = RateLimiter(1)
    assert limiter.wait(asked()) == 0
    for _ in range(59):
        clock.now += 1
        assert limiter.wait(asked()) > 0
    clock.now += 1.5
    assert limiter.wait(asked()) == 0


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60), st.integers(1, 5))
def test_no_minute_holds_more_than_allowed_and_the_promised_wait_is_enough(
    pauses: list[float], per_minute: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        limiter = RateLimiter(per_minute)
        allowed: list[float] = []
        for pause in pauses:
            clock.now += pause
            wait = limiter.wait(asked())
            assert 0 <= wait <= 60
            if wait:
                clock.now += wait + 0.001
                assert limiter.wait(asked()) == 0
            allowed.append(clock.now)
        for index, first in enumerate(allowed):
            assert sum(first <= moment < first + 60 for moment in allowed[index:]) <= per_minute


@pytest.fixture
async def router(data_dir: Path) -> AsyncIterator[Router]:
    opened = await Router.open(Settings(data_dir=data_dir, rate_per_minute=2), limiter=RateLimiter(2))
    yield opened
    await opened.close()


async def test_one_question_too_many_is_refused_in_words_unread_and_on_the_books(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        reply = await router.ask(asked(key=str(number)))
        assert reply.answer is not None
        assert reply.answer.status == "answered"
        assert (await router.ask(asked(key=str(number)))).duplicate  # a repeated event is no further question
    monkeypatch.setattr(router._cascade, "parse", None)
    reply = await router.ask(asked(key="2"))
    assert reply.answer is not None
    assert (reply.answer.status, reply.answer.figures, reply.answer.spend.llm_calls) == ("error", (), 0)
    assert re.fullmatch(
        r"You have asked more than 2 questions within a minute\. Please try again in \d\d? s\.",
        reply.answer.headline,
    )
    stored = await router.ledger.answer_by_receipt(reply.answer.receipt)
    assert stored is not None
    assert stored["status"] == "error"
    assert (await router.ledger.report()).totals.questions == 3
    monkeypatch.undo()
    other = await router.ask(asked("U2"))
    assert other.answer is not None
    assert other.answer.status == "answered"


async def test_what_waits_for_its_turn_is_counted_when_it_came(router: Router) -> None:
    tickets = [await router.admit(asked(key=str(number))) for number in range(3)]
    assert [ticket is not None and ticket.not_before is None for ticket in tickets] == [True, True, False]
