"""What the operator must know reaches the log once, and each administrator once, with an answer to a question of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from servers.openai_server import OpenAIServer

from bot.messages import Message
from bot.news import News
from bot.parsing.llm.dialect import forget_dialects
from bot.router import Router
from bot.settings import Settings

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    forget_dialects()
    with OpenAIServer() as running:
        yield running


def asked(user: str, platform: str = "slack", text: str = "price of gpt-4o") -> Message:
    return Message(platform=platform, text=text, user=user, operator=platform == "terminal")


async def notices(router: Router, user: str, platform: str = "slack") -> str:
    return " ".join((await router.ask(asked(user, platform))).notices)


async def test_a_damaged_ledger_is_told_to_the_log_and_to_each_administrator_once(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data_dir / "ledger.db").write_bytes(b"this is no database\n" * 500)
    router = await Router.open(Settings(data_dir=data_dir, admins=("U1", "U2")))
    told = [await notices(router, user) for user in ("U9", "U1", "U1", "U2", "U9")]
    assert ["is damaged" in text for text in told] == [False, True, False, True, False]
    assert await notices(router, "U1", "terminal") == ""  # there the log is what the person sees
    await router.close()
    assert caplog.text.count("is damaged") == 1


async def test_a_budget_that_is_used_up_is_told_to_the_log_and_to_administrators_once(
    data_dir: Path, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    llm: dict[str, Any] = {"llm_base_url": server.base_url, "llm_model": "gpt-4o-mini", "parser": "llm"}
    settings = Settings(data_dir=data_dir, admins=("U1",), budget_day_usd=Decimal("0.000001"), **llm)
    router = await Router.open(settings)
    told = [await notices(router, user) for user in ("U9", "U1", "U1")]
    await router.close()
    warning = "100 % of the total budget of $0.000001 a day is used"
    assert [warning in text for text in told] == [False, True, False]
    assert all("is used up" in text for text in told)  # why the LLM was not asked concerns everybody
    assert caplog.text.count(warning) == 1
    assert server.bills == []


async def test_a_ledger_that_cannot_be_opened_is_explained_to_those_who_can_mend_it(data_dir: Path) -> None:
    (data_dir / "ledger.db").mkdir()
    router = await Router.open(Settings(data_dir=data_dir, admins=("U1",)))
    assert await notices(router, "U9") == "This answer is not on record."
    for user, platform in (("U1", "slack"), ("root", "terminal")):
        assert str(data_dir) in await notices(router, user, platform)
    await router.close()


def test_news_end_with_what_they_speak_of_and_do_not_pile_up() -> None:
    news = News(Settings(data_dir=Path(), admins=("U1", "U2")))
    news.add("for today", NOW + timedelta(hours=12))
    news.add("for ever")
    assert news.for_asker(asked("U1"), NOW) == ("for today", "for ever")
    assert news.for_asker(asked("U2"), NOW + timedelta(days=1)) == ("for ever",)
    for number in range(50):
        news.add(f"piece {number}")
    assert news.for_asker(asked("U2"), NOW)[0] == "piece 30"
