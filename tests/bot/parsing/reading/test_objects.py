"""The name that a question about a price asks for, whatever word it is."""

from __future__ import annotations

import pytest

from bot.parsing.local import LocalParser


@pytest.fixture
def parse(knowledge):
    return LocalParser(knowledge).parse


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("price of sonar", "sonar"),
        ("how much is nova lite", "regional.amazon.nova-2-lite-v1:0"),
        ("yi large pricing", "yi-large"),
        ("price of command a", "command-a"),
        ("what does inflection pi cost", "inflection/inflection-3-pi"),
        ("price of cluade opuss 5.5", "claude-opus-5-5"),
        ("pirce of cluade sonet 4.5", "claude-sonnet-4-5"),
        ("price of claude 3.5 sonnet v2", "claude-3-5-sonnet"),
        ("price of claude sonnet four point five", "claude-sonnet-4-5"),
        ("what does anthropic's latest cost", "claude-sonnet-5-5"),
        # What stands around a name is no part of it.
        ("how much is claude please", "claude-sonnet-5-5"),
        ("what does gpt-4o cost these days", "gpt-4o"),
        ("price of gpt-4o tokens", "gpt-4o"),
        ("price of haiku 4.5 per million tokens", "claude-haiku-4-5"),
    ],
)
def test_the_model_whose_price_is_asked(parse, text, model):
    [question] = parse(text).questions
    assert question.kind == "price"
    assert [ref.model for ref in question.models] == [model]


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("price of llama wool", "llama wool"),
        ("mistral gigantic 12 pricing", "mistral gigantic 12"),
        ("claude instant cost", "claude instant"),
        ("price of doubao", "doubao"),
        ("price of dall-e 3", "dall-e 3"),
    ],
)
def test_a_name_that_nobody_sells_is_not_another_models(parse, text, mention):
    [question] = parse(text).questions
    assert [(ref.mention, ref.model, ref.how) for ref in question.models] == [(mention, None, "unknown")]


@pytest.mark.parametrize(
    "text", ["price of training", "price of tokens", "price of the h100", "cost of inference"]
)
def test_words_of_costs_are_no_names(parse, text):
    for question in parse(text).questions:
        assert not getattr(question, "models", ())


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("10k requests a day on cluade opuss 4.5, 500 in / 200 out", "claude-opus-4-5"),
        ("cost of 1M input tokens with gemini flahs 2.5", "gemini-2.5-flash"),
        ("opuss 5.5 for 2k requests, 1000 in and 300 out", "claude-opus-5-5"),
        ("1000 calls on gpt 4 o mini, 500 in 200 out", "gpt-4o-mini"),
        ("gpt 4 o 500 in 200 out 1000 calls", "gpt-4o"),
        ("deep seek v3.2 1M in 1M out", "deepseek-v3.2"),
        ("grock 4 1M in 1M out", "grok-4-0709"),
        ("o3-mni 1M in 1M out", "o3-mini"),
    ],
)
def test_a_misspelt_tier_belongs_to_the_name(parse, text, model):
    [question] = parse(text).questions
    assert question.stages[0].model.model == model


@pytest.mark.parametrize("text", ["openai pricing", "price of google models", "anthropic prices"])
def test_a_makers_prices_are_those_of_its_models(parse, text):
    [question] = parse(text).questions
    assert question.kind == "compare"


def test_the_german_what_is_not_the_english_past(parse):
    [question] = parse("was kostet claude").questions
    assert question.kind == "price"
    [question] = parse("how much was spent on training by openai").questions
    assert question.kind == "fact"


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("¿gpt 4 o gpt 5?", ["gpt-4", "gpt-5"]),
        ("grog 4 times a day with gpt-4o, 500 in 200 out", ["gpt-4o"]),
    ],
)
def test_words_between_names_are_no_part_of_them(knowledge, text, models):
    annotation = LocalParser(knowledge).annotate(text)
    assert [named.ref.model for named in annotation.models] == models


@pytest.mark.parametrize("text", ["what was the price of gpt-4 in 2023", "what did gpt-4 cost in 2023"])
def test_a_past_price_is_no_cost_of_training(parse, text):
    [question] = parse(text).questions
    assert (question.kind, question.on.year) == ("price", 2023)
