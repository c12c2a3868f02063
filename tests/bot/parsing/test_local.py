"""The local parser: from words to typed questions, follow-ups as patches, and no text that it cannot take."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.local import LocalParser
from bot.questions import (
    CapacityQuestion,
    CompareQuestion,
    EstimateQuestion,
    PriceQuestion,
    Question,
    Workload,
    question_from_json,
    question_to_json,
)


def ask(parser: LocalParser, *turns: str) -> Question:
    """The typed question of the last turn of a thread."""
    previous: Question | None = None
    for turn in turns:
        previous = parser.parse(turn, previous).questions[0]
    assert previous is not None
    return previous


def workload(parser: LocalParser, *turns: str) -> Workload:
    question = ask(parser, *turns)
    assert isinstance(question, EstimateQuestion)
    return question.stages[0].workload


@pytest.mark.parametrize(
    "text",
    [
        "10k requests a day, 500 in / 200 out, gpt-4o",
        "gpt-4o: ten thousand calls per day, 500 input tokens and 200 output tokens each",
        "what would 10,000 daily requests cost on gpt-4o? prompts are 500 tokens, answers 200",
        "we run gpt-4o. every day 10k requests, 500/200. cost?",
        "cost for 10k req/day w/ 500 tokens in and 200 tokens out using GPT-4o",
        "gpt4o 500 in 200 out x 10k a day",
        "was kostet gpt-4o bei 10.000 Anfragen pro Tag mit 500 Tokens Eingabe und 200 Tokens Ausgabe",
        "combien coûte gpt-4o pour 10 000 requêtes par jour, 500 tokens en entrée et 200 en sortie",
        "cuánto cuesta gpt-4o con 10 mil peticiones por día, 500 tokens de entrada y 200 de salida",
        "gpt-4o ka kharcha kitna hoga 10k requests roz, 500 in 200 out",
    ],
)
def test_one_workload_in_many_words(parser: LocalParser, text: str) -> None:
    question = ask(parser, text)
    assert isinstance(question, EstimateQuestion)
    [stage] = question.stages
    assert stage.model is not None
    assert (stage.model.provider, stage.model.model) == ("openai", "gpt-4o")
    found = stage.workload
    assert (found.requests, found.requests_per) == (10_000, "day")
    assert found.input is not None
    assert found.output is not None
    assert (found.input.amount, found.output.amount) == (500, 200)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("price of claude sonnet 5.5", "price"),
        ("gpt-4o", "price"),
        ("how much is gpt-4o-mini in batch mode", "price"),
        ("gpt-4o vs claude haiku 4.5", "compare"),
        ("cheapest model with 200k context", "compare"),
        ("how much would batch save on gpt-4o for 10k requests of 1k in 200 out", "compare"),
        ("how many requests can I make for $50 on gpt-4o-mini, 1k in 500 out", "capacity"),
        ("how long will $20 last at 100 requests a day, 1k in 500 out, gpt-4o", "capacity"),
        ("how many tokens is 500 words", "tokens"),
        ('count tokens in "hello world"', "tokens"),
        ("how has the price of o3 changed", "history"),
        ("train a 7B model on 2T tokens", "training"),
        ("cost to train a 70b llm from scratch on 1.4T tokens with 512 H100s", "training"),
        ("fine-tune gpt-4o on 10M tokens for 3 epochs", "fine_tuning"),
        ("8 H100 for 3 days", "self_hosting"),
        ("H100 price per hour", "self_hosting"),
        ("when does self-hosting llama 70b on 2 H100 become cheaper than gpt-4o-mini?", "break_even"),
        ("should we train our own model?", "break_even"),
        ("how much did OpenAI lose in 2024?", "fact"),
        ("wieviel verlust hat openai 2024 gemacht", "fact"),
        ("what did Bret Taylor say about training your own model", "fact"),
        ("how much did GPT-4 cost to train", "fact"),
        ("usage last week by user", "usage"),
        ("how much has this bot cost us so far", "usage"),
        ("help", "help"),
        ("what can you do", "help"),
        ("", "help"),
        ("what's the weather today", "out_of_scope"),
        ("write me a poem about gpt-4o", "out_of_scope"),
    ],
)
def test_kinds(parser: LocalParser, text: str, kind: str) -> None:
    assert ask(parser, text).kind == kind


def test_users_and_what_each_sends(parser: LocalParser) -> None:
    found = workload(
        parser, "1000 users each sending 20 messages a day, 300 words in, 200 words out, on haiku"
    )
    assert (found.users, found.requests_per_user, found.requests_per_user_per) == (1000, 20, "day")
    assert found.input is not None
    assert (found.input.amount, found.input.unit) == (300, "words")


def test_a_conversation_has_turns(parser: LocalParser) -> None:
    found = workload(parser, "500 conversations of 8 turns a day, 100 tokens in, 250 out each turn, gpt-4o")
    assert (found.requests, found.requests_per, found.turns) == (500, "day", 8)


def test_documents_in_pages(parser: LocalParser) -> None:
    found = workload(parser, "summarize 1000 documents of 10 pages each into 200 words with gpt-4o")
    assert found.requests == 1000
    assert found.input is not None
    assert found.output is not None
    assert (found.input.amount, found.input.unit, found.output.amount, found.output.unit) == (
        10,
        "pages",
        200,
        "words",
    )


def test_a_context_window_is_a_demand_on_the_model(parser: LocalParser) -> None:
    question = ask(parser, "cheapest model with 200k context for 2M tokens a day?")
    assert isinstance(question, CompareQuestion)
    assert question.constraints.min_context == 200_000
    assert question.workload is not None
    assert question.workload.volume is not None
    assert (question.workload.volume.amount, question.workload.volume_per) == (2_000_000, "day")


def test_a_budget(parser: LocalParser) -> None:
    question = ask(parser, "what can I get for 50 bucks a month on haiku? 2k tokens in, 500 out")
    assert isinstance(question, CapacityQuestion)
    assert question.budget is not None
    assert (question.budget.amount, question.budget.per) == (50, "month")


def test_steps_of_a_pipeline(parser: LocalParser) -> None:
    question = ask(
        parser,
        "first classify 10k emails a day with haiku (300 in / 20 out), then answer 2k of them with sonnet (800 in / 300 out)",
    )
    assert isinstance(question, EstimateQuestion)
    assert [(s.workload.requests, s.workload.requests_per) for s in question.stages] == [
        (10_000, "day"),
        (2_000, "day"),
    ]


@pytest.mark.parametrize("text", ["-5 requests a day on gpt-4o", "gpt-4o with -200 tokens in and 100 out"])
def test_negative_counts_are_refused_by_name(parser: LocalParser, text: str) -> None:
    question = ask(parser, text)
    assert question.kind == "out_of_scope"
    assert question.reason == "impossible"
    assert question.detail


BASE = "10k requests a day, 500 in / 200 out, gpt-4o"


@pytest.mark.parametrize(
    ("follow_up", "changed"),
    [
        ("and with batch?", {"batch": True}),
        ("with 80% of the prompt cached", {"cached_share": Decimal("0.8")}),
        ("20k requests instead", {"requests": Decimal(20_000)}),
        ("same for 3x the requests", {"requests": Decimal(30_000)}),
        ("what if it's double", {"requests": Decimal(20_000)}),
        ("on the priority tier", {"service_tier": "priority"}),
    ],
)
def test_a_follow_up_changes_one_slot(parser: LocalParser, follow_up: str, changed: dict[str, Any]) -> None:
    before, after = workload(parser, BASE), workload(parser, BASE, follow_up)
    for name in Workload.__dataclass_fields__:
        assert getattr(after, name) == changed.get(name, getattr(before, name)), name


def test_a_follow_up_changes_the_model(parser: LocalParser) -> None:
    question = ask(parser, BASE, "what about haiku?")
    assert isinstance(question, EstimateQuestion)
    assert question.stages[0].model is not None
    assert question.stages[0].model.provider == "anthropic"
    assert question.stages[0].workload == workload(parser, BASE)


def test_a_follow_up_changes_the_period(parser: LocalParser) -> None:
    question = ask(parser, BASE, "per year")
    assert isinstance(question, EstimateQuestion)
    assert question.want_per == "year"


def test_a_follow_up_asks_for_a_comparison(parser: LocalParser) -> None:
    question = ask(parser, BASE, "compare that with claude sonnet 5.5")
    assert isinstance(question, CompareQuestion)
    assert [m.model for m in question.models] == ["gpt-4o", "claude-sonnet-5-5"]
    assert question.workload == workload(parser, BASE)


def test_a_reply_completes_a_question(parser: LocalParser) -> None:
    assert workload(parser, "10k requests a day on gpt-4o", "500 in, 200 out") == workload(parser, BASE)
    assert ask(parser, "10k requests a day, 500 in / 200 out", "gpt-4o") == ask(parser, BASE)


def test_a_complete_question_is_a_new_one(parser: LocalParser) -> None:
    question = ask(parser, BASE, "price of o3")
    assert isinstance(question, PriceQuestion)
    assert ask(parser, BASE, "and how much did OpenAI lose in 2024?").kind == "fact"


def test_two_questions_in_one_message(parser: LocalParser) -> None:
    parse = parser.parse("What does gpt-4o cost? And how much did OpenAI lose in 2024?")
    assert [question.kind for question in parse.questions] == ["price", "fact"]


def test_an_instruction_is_no_price(parser: LocalParser) -> None:
    assert workload(parser, "assume gpt-4o is free, 10k requests a day 500/200 on gpt-4o") == workload(
        parser, BASE
    )


@given(st.text(max_size=600))
def test_any_text_becomes_a_question_that_can_be_stored(parser: LocalParser, text: str) -> None:
    parse = parser.parse(text)
    assert 0 <= parse.confidence <= 1
    assert 0 <= parse.explained <= 1
    for question in parse.questions:
        assert question_from_json(question_to_json(question)) == question


WORDS = st.sampled_from(
    "10k 500 200 in out requests tokens a day per month gpt-4o haiku vs cheapest batch cached 80% $50 and with train 7B on "
    "2T H100 how many much cost what about openai lose 2024 users each / , ? - words pages context same instead".split()
)


@given(st.lists(WORDS, max_size=40), st.lists(WORDS, max_size=15))
def test_any_mix_of_our_own_words_is_parsed(parser: LocalParser, first: list[str], second: list[str]) -> None:
    previous = parser.parse(" ".join(first)).questions[0]
    parse = parser.parse(" ".join(second), previous)
    assert question_from_json(question_to_json(parse.questions[0])) == parse.questions[0]


@pytest.mark.parametrize(
    "seed",
    [
        "500 in 200 out ",
        "10k requests a day ",
        "gpt-4o ",
        "8x H100 ",
        "2024-01-01 ",
        "1,000 ",
        "a ",
        "millions ",
        "gpt-9, ",
        "what does ",
        '"',
        "(",
        "🤖",
        "नम",
        "x",
    ],
)
def test_no_text_takes_long(parser: LocalParser, seed: str) -> None:
    text = (seed * 4000)[:4000]
    started = time.perf_counter()
    parser.parse(text)
    assert time.perf_counter() - started < 2  # 50 ms is the aim; a runaway pattern takes minutes
