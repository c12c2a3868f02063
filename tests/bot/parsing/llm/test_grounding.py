"""Grounding: whatever a model puts into the form, the typed question holds the text's numbers and names and no others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typed_values import model_words, numbers

from bot.parsing.annotate import annotate
from bot.parsing.building.builders import build
from bot.parsing.llm.grounding import INVENTED_MODEL, INVENTED_NUMBER, ground
from bot.parsing.llm.schema import KINDS, PER, PERIODS, ROLES, WANTS
from bot.questions import (
    CapacityQuestion,
    CompareQuestion,
    EstimateQuestion,
    PriceQuestion,
    Question,
    question_to_json,
)
from knowledge.base import KnowledgeBase

TODAY = date(2026, 11, 22)
PLAIN = "10k requests a day, 500 in / 200 out, gpt-4o"


def form(kind: str, *quantities: tuple[str, str, str | None], **more: Any) -> dict[str, Any]:
    """A filled form."""
    return {
        "models": [],
        "quantities": [{"text": text, "role": role, "per": per} for text, role, per in quantities],
        "want": None,
        "want_per": None,
        "kind": kind,
        "follow_up": False,
        **more,
    }


def rules_alone(text: str, kind: str, knowledge: KnowledgeBase) -> Question:
    """What the rules build of a text when they are told its kind."""
    return build(kind, annotate(text, knowledge, TODAY), TODAY)  # type: ignore[arg-type]


def estimate(
    text: str, knowledge: KnowledgeBase, *quantities: tuple[str, str, str | None], **more: Any
) -> EstimateQuestion:
    question, _ = ground(form("estimate", *quantities, **more), text, None, knowledge, TODAY)
    assert isinstance(question, EstimateQuestion)
    return question


def test_a_form_without_quantities_loses_none(knowledge: KnowledgeBase) -> None:
    question = estimate(PLAIN, knowledge)
    assert numbers(question) == {Decimal(10_000), Decimal(500), Decimal(200)}
    assert model_words(question) == {"gpt-4o"}


def test_invented_numbers_and_models_are_left_out_and_said(knowledge: KnowledgeBase) -> None:
    hostile = form(
        "estimate",
        ("25,000 requests a day", "requests", "day"),
        ("$0.42", "money", "request"),
        ("80% cached", "cached", None),
        models=["gpt-9-ultra", "claude opus 4.5"],
    )
    question, dropped = ground(hostile, PLAIN, None, knowledge, TODAY)
    assert question == rules_alone(PLAIN, "estimate", knowledge)
    assert set(dropped) == {INVENTED_MODEL, INVENTED_NUMBER}


def test_what_is_said_of_inventions_holds_none_of_their_words(knowledge: KnowledgeBase) -> None:
    hostile = form("price", ("pay $999 at evil.example", "money", None), models=["<script>gpt-666</script>"])
    _, dropped = ground(hostile, "price of gpt-4o", None, knowledge, TODAY)
    assert dropped
    for sentence in dropped:
        assert not any(c.isdigit() or c in "<>$" for c in sentence)
        assert "evil" not in sentence


@pytest.mark.parametrize(
    ("words", "role"),
    [("500", "output"), ("500 in", "output"), ("200 out", "input"), ("10k requests", "input")],
)
def test_the_words_beside_a_number_win_over_the_form(knowledge: KnowledgeBase, words: str, role: str) -> None:
    question = estimate(PLAIN, knowledge, (words, role, None))
    assert question == rules_alone(PLAIN, "estimate", knowledge)


def test_the_form_says_what_the_words_leave_open(knowledge: KnowledgeBase) -> None:
    text = "gpt-4o, every day 1200 kiosks dictate, 900 tokens apiece and 80 come back"
    question = estimate(
        text,
        knowledge,
        ("1200 kiosks", "requests", "day"),
        ("900 tokens", "input", "request"),
        ("80", "output", "request"),
    )
    workload = question.stages[0].workload
    assert (workload.requests, workload.requests_per) == (Decimal(1200), "day")
    assert workload.input is not None
    assert workload.input.amount == Decimal(900)
    assert workload.output is not None
    assert workload.output.amount == Decimal(80)


@pytest.mark.parametrize("written", ["1200", "1,200", "1.2k", "twelve hundred"])
def test_a_number_may_be_written_in_another_way(knowledge: KnowledgeBase, written: str) -> None:
    text = "twelve hundred kiosks daily on gpt-4o"
    question, dropped = ground(form("estimate", (written, "requests", "day")), text, None, knowledge, TODAY)
    assert isinstance(question, EstimateQuestion)
    assert question.stages[0].workload.requests == Decimal(1200)
    assert dropped == ()


def test_a_part_of_a_number_is_not_that_number(knowledge: KnowledgeBase) -> None:
    question, dropped = ground(
        form("estimate", ("500", "output", None)), "gpt-4o with 1,500 tokens in", None, knowledge, TODAY
    )
    assert Decimal(500) not in numbers(question)
    assert dropped == (INVENTED_NUMBER,)


def test_a_period_needs_a_word_for_it(knowledge: KnowledgeBase) -> None:
    question = estimate(
        "10k requests, 500 in / 200 out, gpt-4o", knowledge, ("10k requests", "requests", "day")
    )
    assert question.stages[0].workload.requests_per is None
    assert estimate(PLAIN, knowledge, want_per="year").want_per != "year"


def test_batch_and_caching_need_a_word_for_them(knowledge: KnowledgeBase) -> None:
    workload = estimate(PLAIN, knowledge, ("500", "cached", None)).stages[0].workload
    assert not workload.batch
    assert (workload.cached, workload.cached_share) == (None, None)


def test_an_unknown_model_of_the_text_stays_unknown(knowledge: KnowledgeBase) -> None:
    question, dropped = ground(
        form("price", models=["zork-9 turbo"]), "what does zork-9 turbo cost?", None, knowledge, TODAY
    )
    assert isinstance(question, PriceQuestion)
    assert [(m.how, m.model) for m in question.models] == [("unknown", None)]
    assert dropped == ()


@pytest.mark.parametrize("words", ["requests", "10k", "a day", "in", "500 in / 200 out"])
def test_other_words_of_the_text_become_no_model(knowledge: KnowledgeBase, words: str) -> None:
    assert model_words(estimate(PLAIN, knowledge, models=[words])) == {"gpt-4o"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("price", "how much did they lose?"),
        ("history", "has it become cheaper?"),
        ("capacity", "how many requests on gpt-4o?"),
        ("tokens", "is it dear?"),
        ("price", PLAIN),
        ("history", "how many requests does $50 buy on gpt-4o?"),
        ("help", "price of gpt-4o"),
        ("out_of_scope", PLAIN),
    ],
)
def test_a_kind_that_the_text_does_not_bear_is_no_reading(
    knowledge: KnowledgeBase, kind: str, text: str
) -> None:
    assert ground(form(kind), text, None, knowledge, TODAY) == (None, ())


def test_what_is_wanted_is_taken_where_the_text_names_it(knowledge: KnowledgeBase) -> None:
    text = "we have $100 for haiku, 2000 tokens in and 300 out; the users that pays for?"
    wanted, _ = ground(form("capacity", want="users"), text, None, knowledge, TODAY)
    unsaid, _ = ground(form("capacity", want="pages"), text, None, knowledge, TODAY)
    assert isinstance(wanted, CapacityQuestion)
    assert isinstance(unsaid, CapacityQuestion)
    assert (wanted.want, unsaid.want) == ("users", rules_alone(text, "capacity", knowledge).want)  # type: ignore[union-attr]


def test_the_cheapest_may_be_asked_for_in_any_words(knowledge: KnowledgeBase) -> None:
    text = "which one is easiest on the wallet for 2M tokens a day?"
    question, _ = ground(form("compare", want="cheapest"), text, None, knowledge, TODAY)
    assert isinstance(question, CompareQuestion)
    assert question.objective == "cheapest"


def test_a_follow_up_patches_the_last_question(knowledge: KnowledgeBase) -> None:
    before = estimate(PLAIN, knowledge)
    after, dropped = ground(
        form("estimate", ("500 in", "input", None), models=["gpt-4o"], follow_up=True),
        "and with batch?",
        before,
        knowledge,
        TODAY,
    )
    assert isinstance(after, EstimateQuestion)
    assert after.stages[0].workload.batch
    assert numbers(after) == numbers(before)
    assert dropped == (), "what stands in the earlier question is no invention"


def test_a_follow_up_without_a_thread_is_a_question(knowledge: KnowledgeBase) -> None:
    question, _ = ground(form("estimate", follow_up=True), PLAIN, None, knowledge, TODAY)
    assert question == rules_alone(PLAIN, "estimate", knowledge)


@pytest.mark.parametrize("raw", [{}, {"kind": "payment"}, {"kind": None}, {"cost": 3}])
def test_no_form_no_question(knowledge: KnowledgeBase, raw: dict[str, Any]) -> None:
    assert ground(raw, PLAIN, None, knowledge, TODAY) == (None, ())


TEXTS = (
    PLAIN,
    "gpt-4o, every day 1200 kiosks dictate, 900 tokens apiece and 80 come back",
    "how many chats does $50 buy on haiku with 2k in and 300 back",
    "fine-tune llama 8b on 3000 of them, 500 tokens long, three rounds on 2 cards",
    "2M tokens a day on sonnet, 80% cached, batch, for 3 months",
    "a 7b thing, 2 trillion tokens, 64 H100 at $2.50 an hour",
    "price of gpt-4o and zork-9",
    "how much did OpenAI lose in 2024",
    "twelve hundred tickets daily, half a page each, 40 agents",
)
INVENTIONS = ("999999 requests", "$0.42", "1e30 tokens", "gpt-666", "claude-opus-99", "77% cached", "31337")


@st.composite
def forms(draw: st.DrawFn, text: str) -> dict[str, Any]:
    """A form whose words are cut from the text, or invented, or anything."""
    words = text.split()
    starts = st.integers(0, len(words) - 1)
    cuts = st.builds(
        lambda at, length: " ".join(words[at : at + length]).strip(","), starts, st.integers(1, 3)
    )
    pieces = st.one_of(cuts, cuts, cuts, st.sampled_from(INVENTIONS), st.text(max_size=12))
    claim = st.fixed_dictionaries(
        {"text": pieces, "role": st.sampled_from(ROLES), "per": st.sampled_from([None, *PER])}
    )
    return {
        "models": draw(st.lists(pieces, max_size=3)),
        "quantities": draw(st.lists(claim, max_size=6)),
        "want": draw(st.sampled_from([None, *WANTS])),
        "want_per": draw(st.sampled_from([None, *PERIODS])),
        "kind": draw(st.sampled_from(["estimate", *KINDS])),
        "follow_up": draw(st.booleans()),
    }


ASKED = st.sampled_from(TEXTS).flatmap(lambda text: st.tuples(st.just(text), forms(text)))


def readings(text: str, knowledge: KnowledgeBase) -> set[Decimal]:
    """All that code itself may make of a text's numbers: they, their percentages, and products of two of them."""
    annotation = annotate(text, knowledge, TODAY)
    found = {Decimal(1), Decimal(8)}  # one request; the length of an office day
    for quantity in annotation.quantities:
        found |= {quantity.value, quantity.value / 100, *([quantity.high] if quantity.high else [])}
        if quantity.per_tokens:
            found.add(quantity.value * (Decimal(10) ** 6 / quantity.per_tokens))
    if annotation.span is not None:
        found.add(annotation.span.amount)
    for kind in KINDS:  # numbers inside names ("llama 8b") and words ("half")
        found |= numbers(rules_alone(text, kind, knowledge))
    return found | {a * b for a in found for b in found}


@hypothesis_settings(max_examples=200)
@given(asked=ASKED)
def test_no_form_brings_in_a_number_or_a_model(
    knowledge: KnowledgeBase, asked: tuple[str, dict[str, Any]]
) -> None:
    text, raw = asked
    question, _ = ground(raw, text, None, knowledge, TODAY)
    assert numbers(question) <= readings(text, knowledge)
    assert all(name.lower() in text.lower() for name in model_words(question))


@hypothesis_settings(max_examples=100)
@given(asked=ASKED)
def test_a_follow_up_holds_only_what_text_and_thread_hold(
    knowledge: KnowledgeBase, asked: tuple[str, dict[str, Any]]
) -> None:
    text, raw = asked
    before = rules_alone(PLAIN, "estimate", knowledge)
    question, _ = ground(raw, text, before, knowledge, TODAY)
    said = readings(text, knowledge)
    assert numbers(question) <= said | numbers(before) | {a * b for a in numbers(before) for b in said}
    assert all(name.lower() in f"{text} {PLAIN}".lower() for name in model_words(question))


@hypothesis_settings(max_examples=60)
@given(raw=forms(PLAIN), text=st.text(max_size=60))
def test_any_text_and_form_give_a_question_or_none(
    knowledge: KnowledgeBase, raw: dict[str, Any], text: str
) -> None:
    question, _ = ground(raw, text, None, knowledge, TODAY)
    assert question is None or question_to_json(question)["kind"] in KINDS
