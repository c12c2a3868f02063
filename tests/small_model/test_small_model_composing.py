"""Facts put into sentences by a real model on the CPU: whatever it writes, no number is shown that its facts do not hold.

So small a model copies questions, mixes facts up and adds to them; almost all of its prose is rejected, and the list of facts is
shown in its place. What it wrote and what became of it is printed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.answers import Answer
from bot.composing import NOTE, Judge
from bot.messages import Message
from bot.parsing.llm.dialect import forget_dialects
from bot.prose import Sentence
from bot.router import Router
from bot.settings import Settings

QUESTIONS = (
    "how much did OpenAI lose in 2024",
    "should a 10-person startup train its own model?",
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


async def test_no_number_of_a_real_models_own_is_shown(
    server_address: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forget_dialects()
    written: list[tuple[str, str | None]] = []
    judge = Judge.fault

    def told(self: Judge, sentences: list[Sentence]) -> str | None:
        fault = judge(self, sentences)
        written.extend((sentence.text, fault) for sentence in sentences)
        return fault

    monkeypatch.setattr(Judge, "fault", told)
    plain = await answers(Settings(data_dir=data_dir, parser="local"))
    settings = Settings(
        data_dir=data_dir,
        parser="local",
        compose=True,
        llm_base_url=server_address,
        llm_model="gemma-3-270m",
        llm_timeout=30,
    )
    composed = await answers(settings)
    for before, after in zip(plain, composed, strict=True):
        assert after.spend.llm_calls >= 1, "the model was asked"
        assert (after.headline, after.figures) == (before.headline, before.figures)
        if NOTE not in after.assumptions:
            assert after.details == before.details
        facts = " ".join((before.headline, *before.details, *(c.quote or "" for c in after.citations)))
        said = " ".join(after.details)
        sources = " ".join(f"{citation.title} {citation.as_of}" for citation in after.citations)
        assert set(_NUMBER.findall(said)) <= set(_NUMBER.findall(facts)) | set(_NUMBER.findall(sources))
    with capsys.disabled():
        print(f"\nGemma 3 270M wrote {len(written)} sentences for {len(QUESTIONS)} questions:")
        for text, fault in written:
            print(
                f"  {'shown   ' if fault is None else 'rejected'}  {text[:90]!r}{f' ({fault})' if fault else ''}"
            )


async def answers(settings: Settings) -> list[Answer]:
    router = await Router.open(settings)
    found = []
    for text in QUESTIONS:
        reply = await router.ask(Message(platform="terminal", text=text))
        assert reply.answer is not None
        assert reply.answer.status == "answered"
        found.append(reply.answer)
    await router.close()
    return found
