"""The LLM parser with a real model: Gemma 3 270M in llama.cpp, on the CPU, over its OpenAI-compatible HTTP server.

So small a model understands next to nothing and copies, invents and repeats, which is what grounding is for. Asserted is
what must hold with any model whatever; how much it understood is printed.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from typed_values import model_words, numbers

from bot.messages import Message
from bot.parsing.llm.dialect import dialect_of, forget_dialects
from bot.parsing.llm.parser import LlmParser
from bot.settings import Settings
from bot.spend.ledger import Ledger
from knowledge.base import KnowledgeBase

# What is asked, the kind that a person would call it, and the numbers that stand in it.
QUESTIONS: tuple[tuple[str, str, frozenset[int]], ...] = (
    ("10k requests a day, 500 in / 200 out, gpt-4o", "estimate", frozenset([10_000, 500, 200])),
    ("price of claude sonnet 4.5", "price", frozenset()),
    (
        "cheapest model with a 200k context window for 2M tokens a day?",
        "compare",
        frozenset([200_000, 2_000_000]),
    ),
    ("how much did OpenAI lose in 2024", "fact", frozenset()),
    ("how many requests of 2000 tokens does $50 buy on gpt-4o-mini", "capacity", frozenset([2_000, 50])),
    ("train a 7b model on 2 trillion tokens on 64 H100", "training", frozenset([7 * 10**9, 2 * 10**12, 64])),
)


async def test_a_real_model_on_the_cpu(
    server_address: str, compiled_knowledge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forget_dialects()
    settings = Settings(
        data_dir=tmp_path, llm_base_url=server_address, llm_model="gemma-3-270m", llm_timeout=60
    )
    ledger = await Ledger.open(tmp_path, 30)
    lines: list[str] = []
    right = 0
    with KnowledgeBase.open(compiled_knowledge) as knowledge:
        parser = LlmParser.connect(settings, knowledge, ledger)
        for text, kind, expected in QUESTIONS:
            admission = await ledger.admit(Message(platform="terminal", text=text))
            reading = await parser.parse(text, None, admission.query_id)
            got = "none" if reading.question is None else reading.question.kind
            found = numbers(reading.question)
            right += got == kind
            lines.append(
                f"{'right' if got == kind else 'wrong'}  {got:12} {len(expected & found)}/{len(expected)} numbers "
                f"{reading.spend.input_tokens:4} + {reading.spend.output_tokens:3} tokens  {text}"
            )
            assert found <= {Decimal(n) for n in expected} | {Decimal(1)}, (
                "a number that the text does not hold"
            )
            assert all(name.lower() in text.lower() for name in model_words(reading.question))
            assert reading.error is None or reading.question is None
            assert reading.spend.llm_calls >= 1
        assert dialect_of(server_address, "gemma-3-270m").format == "json_schema"
        await parser.close()
    await ledger.close()
    calls = list(sqlite3.connect(tmp_path / "ledger.db").execute("SELECT status, estimated FROM llm_calls"))
    assert calls.count(("settled", 0)) >= len(QUESTIONS), "llama.cpp reports usage, and it is on the books"
    assert {status for status, _ in calls} == {"settled"}
    with capsys.disabled():
        print(f"\nGemma 3 270M called {right} of {len(QUESTIONS)} questions by their kind:")
        print("\n".join(lines))
