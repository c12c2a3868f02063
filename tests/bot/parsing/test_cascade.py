"""Which parser reads: the rules where they are sure, the LLM where a number means nothing to them; nothing is left out unsaid."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from llm_case import FORM, TEXT, VALUES, Setup
from servers.openai_server import OpenAIServer, fails, says
from typed_values import numbers

from bot.answering.dispatch import answer_questions
from bot.answers import Answer
from bot.parsing.cascade import SURE, Cascade, LlmReader, Parsed
from bot.parsing.local import LocalParser
from bot.settings import Settings
from knowledge.base import KnowledgeBase

Policy = Literal["auto", "local", "llm"]

SURELY_READ = (
    "10k requests a day, 500 in / 200 out, gpt-4o",
    "price of claude sonnet 4.5",
    "how much did OpenAI lose in 2024",
    "cheapest model with 200k context for 2M tokens a day",
)
UNPLACED = {
    TEXT: ("80",),
    "we run 350 whatsits past gpt-4o, 1100 tokens and 90 otherwise": ("90",),
    "gpt-4o for 10k requests a day, 500 in 200 out, 37": ("37",),
    "gpt-4o: 4000 requests, 500 in, 100 out, 12 regions": ("12",),
    "cost of 5000 summaries on gpt-4o-mini, 3k tokens in 200 out, 45 teams": ("45",),
}
"""Texts with numbers to which no rule gives a meaning."""


async def parse(
    knowledge: KnowledgeBase, text: str, policy: Policy, llm: LlmReader | None, query_id: int = 0
) -> Parsed:
    return await Cascade(LocalParser(knowledge), llm, policy).parse(text, None, query_id)


def answer(knowledge: KnowledgeBase, parsed: Parsed, folder: Path) -> Answer:
    settings = Settings(data_dir=folder)
    return answer_questions(parsed.questions, knowledge, settings, datetime.now(UTC), None, parsed.notes)


@pytest.mark.parametrize("text", SURELY_READ)
async def test_what_the_rules_are_sure_of_costs_nothing(
    knowledge: KnowledgeBase, setup: Setup, server: OpenAIServer, text: str
) -> None:
    parsed = await parse(knowledge, text, "auto", setup.parser)
    assert (parsed.parser, parsed.spend.llm_calls) == ("local", 0)
    assert server.requests == []


@pytest.mark.parametrize("text", UNPLACED)
async def test_a_number_without_a_meaning_is_the_llms_to_read(
    knowledge: KnowledgeBase, setup: Setup, server: OpenAIServer, text: str
) -> None:
    assert LocalParser(knowledge).parse(text).confidence < SURE
    parsed = await parse(knowledge, text, "auto", setup.parser, setup.query_id)
    assert len(server.requests) == 1
    assert parsed.spend.llm_calls == 1


@pytest.mark.parametrize(("text", "unplaced"), UNPLACED.items())
@pytest.mark.parametrize("policy", ["auto", "local"])
async def test_without_an_llm_the_answer_names_it(
    knowledge: KnowledgeBase, tmp_path: Path, text: str, unplaced: tuple[str, ...], policy: Policy
) -> None:
    parsed = await parse(knowledge, text, policy, None)
    assert parsed.parser == "local"
    shown = answer(knowledge, parsed, tmp_path)
    assert shown.status in ("answered", "clarify")
    for number in unplaced:
        assert any(f"“{number}”" in sentence for sentence in (shown.headline, *shown.assumptions))


@pytest.mark.parametrize(("text", "unplaced"), UNPLACED.items())
@pytest.mark.parametrize("reply", [fails(401), says({**FORM, "quantities": []})], ids=["down", "of no help"])
async def test_an_llm_that_does_not_place_it_either_changes_nothing(
    knowledge: KnowledgeBase,
    setup: Setup,
    server: OpenAIServer,
    text: str,
    unplaced: tuple[str, ...],
    reply: Any,
) -> None:
    server.will(reply)
    parsed = await parse(knowledge, text, "auto", setup.parser, setup.query_id)
    assert len(server.requests) == 1
    shown = answer(knowledge, parsed, setup.folder)
    for number in unplaced:
        assert any(f"“{number}”" in sentence for sentence in (shown.headline, *shown.assumptions))


async def test_an_llm_that_places_it_is_believed(knowledge: KnowledgeBase, setup: Setup) -> None:
    parsed = await parse(knowledge, TEXT, "auto", setup.parser, setup.query_id)
    assert parsed.parser == "llm"
    assert [note.split(";")[0] for note in parsed.notes] == [
        "I read “900 tokens” as input",
        "I read “80” as output",
    ], "what only the LLM says about a number is told"
    assert numbers(parsed.questions[0]) >= VALUES
    shown = answer(knowledge, parsed, setup.folder)
    assert (shown.figures[0].amount, shown.figures[0].per) == (Decimal("3.66"), "day")


@pytest.mark.parametrize(
    "kind", ["usage", "self_hosting", "price", "fact", "help", "out_of_scope", "capacity"]
)
async def test_a_sure_kind_is_not_turned_into_another(
    knowledge: KnowledgeBase, setup: Setup, server: OpenAIServer, kind: str
) -> None:
    text = SURELY_READ[0]
    server.will(says({**FORM, "kind": kind}))
    parsed = await parse(knowledge, text, "llm", setup.parser, setup.query_id)
    assert len(server.requests) == 1
    assert parsed.spend.llm_calls == 1, "what was spent in vain is told"
    assert parsed.questions == LocalParser(knowledge).parse(text).questions


async def test_two_sure_questions_stay_two(
    knowledge: KnowledgeBase, setup: Setup, server: OpenAIServer
) -> None:
    text = "what does gpt-4o cost? and how much did OpenAI lose in 2024?"
    assert len(LocalParser(knowledge).parse(text).questions) == 2
    server.will(says({**FORM, "kind": "price", "quantities": []}))
    parsed = await parse(knowledge, text, "llm", setup.parser, setup.query_id)
    assert [question.kind for question in parsed.questions] == ["price", "fact"]


async def test_an_impossible_number_is_nobodys_to_read(
    knowledge: KnowledgeBase, setup: Setup, server: OpenAIServer
) -> None:
    parsed = await parse(knowledge, "-5 requests a day on gpt-4o, 500 in / 200 out", "llm", setup.parser)
    assert parsed.parser == "local"
    assert server.requests == []


CHATTER = (
    "make me a sandwich",
    "who wrote hamlet",
    "what's the weather in berlin",
    "¿quién ganó el partido ayer?",
    "translate 'good morning' into french",
    "lorem ipsum dolor sit amet",
)
UNUSUAL = (
    "what does my chatbot cost",
    "how much was stargate supposed to be",
    "sonar pro request fee?",
    "our llm is too slow and dear, any cheaper one",
    "is my gemini horoscope good",
    "人工知能の料金はいくらですか",
    "12 of them, thrice",
)


@pytest.mark.parametrize("text", CHATTER)
async def test_chatter_is_not_paid_for(
    knowledge: KnowledgeBase, setup: Setup, server: OpenAIServer, text: str
) -> None:
    parsed = await parse(knowledge, text, "auto", setup.parser)
    assert parsed.questions[0].kind == "out_of_scope"
    assert server.requests == []


@pytest.mark.parametrize("text", UNUSUAL)
def test_what_has_anything_of_the_field_is_no_chatter(knowledge: KnowledgeBase, text: str) -> None:
    assert not LocalParser(knowledge).parse(text).chatter


def test_in_a_thread_nothing_is_chatter(knowledge: KnowledgeBase) -> None:
    parser = LocalParser(knowledge)
    previous = parser.parse("10k requests a day, 500 in / 200 out, gpt-4o").questions[0]
    assert not parser.parse("and the other one", previous).chatter


@pytest.mark.parametrize("kind", ["fact", "estimate"])
async def test_a_model_that_takes_chatter_for_a_question_is_not_followed(
    knowledge: KnowledgeBase, setup: Setup, server: OpenAIServer, kind: str
) -> None:
    server.knows[CHATTER[1]] = {**FORM, "models": [], "quantities": [], "kind": kind}
    parsed = await parse(knowledge, CHATTER[1], "llm", setup.parser)
    assert len(server.requests) == 1
    assert (parsed.questions[0].kind, parsed.parser) == ("out_of_scope", "local")


@pytest.mark.parametrize("text", ["b200 power draw", "how much did the vatican spend on ai"])
async def test_a_model_does_not_make_the_bot_ask_back_where_the_rules_have_an_answer(
    knowledge: KnowledgeBase, setup: Setup, server: OpenAIServer, text: str
) -> None:
    server.knows[text] = {**FORM, "models": [], "quantities": [], "kind": "estimate"}
    rules = LocalParser(knowledge).parse(text)
    assert rules.confidence < SURE
    parsed = await parse(knowledge, text, "auto", setup.parser)
    assert len(server.requests) == 1
    assert (parsed.questions, parsed.parser) == (rules.questions, "local")
