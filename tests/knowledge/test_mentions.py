"""Which models, providers and makers a sentence names, and what only looks like one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.base import KnowledgeBase
from knowledge.catalogue import Catalogue


@pytest.fixture(scope="module")
def catalogue(compiled_knowledge: Path) -> Iterator[Catalogue]:
    with KnowledgeBase.open(compiled_knowledge) as knowledge:
        yield knowledge.catalogue


def models_in(catalogue: Catalogue, text: str) -> list[str]:
    """What stands in the text and what it was read as: "haiku=claude-haiku-5-5", "gpt-7=unknown"."""
    found = []
    for mention in catalogue.mentions(text):
        if mention.resolution is not None:
            model = mention.resolution.model
            found.append(f"{mention.text}={model.id if model else mention.resolution.how}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10k requests a day, 500 in / 200 out, gpt-4o", "gpt-4o=gpt-4o"),
        ("gpt-4o 500 tokens", "gpt-4o=gpt-4o"),
        ("o3 10k requests", "o3=o3"),
        ("gpt 4 1000 requests", "gpt 4=gpt-4"),
        ("gpt-4o at 2 requests per second for 3 months", "gpt-4o=gpt-4o"),
        ("gpt-4o 2 years ago, in 2024, on 2024-06-01", "gpt-4o=gpt-4o"),
        ("claude sonnet 4.5 200k context", "claude sonnet 4.5=claude-sonnet-4-5"),
        ("5 sonnet calls", "sonnet=claude-sonnet-5-5"),
        ("sonnet 5 calls a day", "sonnet 5=claude-sonnet-5"),
        ("sonnet 5 5 requests", "sonnet 5=claude-sonnet-5"),
        ("claude opus 4 5 price", "claude opus 4 5=claude-opus-4-5"),
        ("sonnet 4 million tokens", "sonnet=claude-sonnet-5-5"),
        ("gemini flash 2 million tokens", "gemini flash=gemini-3.8-flash"),
        ("haiku 3x per day for 4 weeks", "haiku=claude-haiku-5-5"),
        ("claude 5 users", "claude=claude-sonnet-5-5"),
        ("sonnet 5-10 requests", "sonnet=claude-sonnet-5-5"),
        ("llama 3 70b 10 requests", "llama 3 70b=meta-llama/Llama-3-70b-chat-hf"),
        ("translate a 300 page book with claude opus 5.5", "claude opus 5.5=claude-opus-5-5"),
        ("transcribe 100 hours with whisper", "whisper=whisper-1"),
        ("whisper 10 hours of audio", "whisper=whisper-1"),
    ],
)
def test_numbers_beside_a_name_are_read_right(catalogue: Catalogue, text: str, expected: str) -> None:
    assert models_in(catalogue, text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "run command a in the terminal",
        "a nova star, the sol, in a flash, meta level, an ada course, large or mini",
        "turbo mode in/out, sonar waves, the Phi coefficient, co1d o-ring",
        "cost of training a 70b model on 2T tokens with 512 H100s",
        "my magnum opus, an opus codec, step 3 of 5, the seed 42",
        "meta-analysis of cloud costs by clause 4.5",
        "max tokens 500, temperature 0.7, top p 0.9",
        "k3 chip, m3 mac, v2 release, r2 bucket",
        "the fireworks were nice together",
        "claude code for 10 developers, chatgpt plus subscription, llama index",
        "",
    ],
)
def test_ordinary_words_are_no_models(catalogue: Catalogue, text: str) -> None:
    assert models_in(catalogue, text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpt-7 price", "gpt-7"),
        ("what about gpt 7?", "gpt 7"),
        ("claude-foo-9 please", "claude-foo-9"),
        ("llama-5-9000b on groq", "llama-5-9000b"),
        ("mistral ultra, 5 users", "mistral ultra"),
        ("gpt-4o ultra or nothing", "gpt-4o ultra"),
        ("gpt-4o-ultra 10k requests", "gpt-4o-ultra"),
        ("how much is sora video", "sora"),
        ("gpt-2 training cost", "gpt-2"),
        ("claude 9", "claude 9"),
    ],
)
def test_names_of_no_model_are_found_as_unknown(catalogue: Catalogue, text: str, expected: str) -> None:
    assert models_in(catalogue, text) == [f"{expected}=unknown"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gtp4o 10k requests", "gtp4o=gpt-4o"),
        ("price of cluade sonnet 5.5?", "cluade sonnet 5.5=claude-sonnet-5-5"),
        ("gemni flash", "gemni flash=gemini-3.8-flash"),
        ("use lama 3.3 70b", "lama 3.3 70b=meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("depseek r1 cost", "depseek r1=deepseek-reasoner"),
    ],
)
def test_misspelt_names_are_found(catalogue: Catalogue, text: str, expected: str) -> None:
    assert models_in(catalogue, text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("was kostet gpt-4o mini pro tag", ["gpt-4o mini=gpt-4o-mini"]),
        ("gpt 5 pro monat", ["gpt 5=gpt-5"]),
        ("combien coûte claude sonnet 4,5 ?", ["claude sonnet 4,5=claude-sonnet-4-5"]),
        ("¿Cuánto cuesta gemini 2.5 pro por mes?", ["gemini 2.5 pro=gemini-2.5-pro"]),
        ("मुझे gpt-4o का cost बताओ", ["gpt-4o=gpt-4o"]),
        ("gpt-4o-mini vs. o3-mini, which?", ["gpt-4o-mini=gpt-4o-mini", "o3-mini=o3-mini"]),
        ("gpt-4o/claude haiku", ["gpt-4o=gpt-4o", "claude haiku=claude-haiku-5-5"]),
        ("GPT-4O,gpt-4o-mini,o3", ["GPT-4O=gpt-4o", "gpt-4o-mini=gpt-4o-mini", "o3=o3"]),
        ("Sonnet 4.5 or 5.5?", ["Sonnet 4.5=claude-sonnet-4-5", "5.5=claude-sonnet-5-5"]),
        ("gpt-5 mini and nano", ["gpt-5 mini=gpt-5-mini", "nano=gpt-5-nano"]),
        ("gemini 2.5 pro vs 2.5 flash", ["gemini 2.5 pro=gemini-2.5-pro", "2.5 flash=gemini-2.5-flash"]),
        ("{'model': 'gpt-4o', 'prompt_tokens': 3098}", ["gpt-4o=gpt-4o"]),
        ("a gpt-4o-based app with claude-like quality", ["gpt-4o=gpt-4o", "claude=claude-sonnet-5-5"]),
        ("claude opus 4.8 fast, gpt-4o batch", ["claude opus 4.8=claude-opus-4-8", "gpt-4o=gpt-4o"]),
        ("grok 4 fast, gpt-5 image input", ["grok 4 fast=grok-4-fast-reasoning", "gpt-5=gpt-5"]),
        (
            "command r+, nova pro and nano banana",
            ["command r+=command-r-plus", "nova pro=amazon.nova-pro-v1:0"],
        ),
        ("GPT-4o. 4.1 mini", ["GPT-4o=gpt-4o", "4.1 mini=gpt-4.1-mini"]),
    ],
)
def test_names_are_found_in_sentences(catalogue: Catalogue, text: str, expected: list[str]) -> None:
    assert models_in(catalogue, text)[: len(expected)] == expected


@pytest.mark.parametrize(
    ("text", "providers"),
    [
        ("llama 3.3 70b on groq", ["groq"]),
        ("sonnet via amazon bedrock and gpt-4o", ["aws", None]),
        ("haiku and sonnet on bedrock", ["aws", "aws"]),
        ("compare gpt-4o and claude sonnet 5.5 on bedrock", [None, "aws"]),
        ("azure gpt-4o 1M tokens", ["azure"]),
        ("sonnet 5.5 (bedrock)", ["aws"]),
        ("on groq, llama 3.3 70b", ["groq"]),
        ("AWS Bedrock price for Claude Sonnet 4.5", ["aws"]),
        ("use Together AI for llama 70b", ["together"]),
        ("mixtral 8x7b hosted on together", ["together"]),
        ("openai/gpt-4o vs openrouter/anthropic/claude-sonnet-4.5", [None, "openrouter"]),
        ("claude sonnet 4.5 auf vertex", ["google"]),
        ("gpt-4o mini sur azure, combien ?", ["azure"]),
        ("is llama 70b on groq cheaper than gpt-4o-mini?", ["groq", None]),
    ],
)
def test_the_provider_named_for_a_model_is_found(
    catalogue: Catalogue, text: str, providers: list[str | None]
) -> None:
    mentions = [mention for mention in catalogue.mentions(text) if mention.kind == "model"]
    assert [mention.provider for mention in mentions] == providers
    for mention in mentions:
        assert mention.resolution is not None
        assert mention.resolution.how != "provider_missing"


def test_a_provider_that_does_not_sell_the_model_is_said(catalogue: Catalogue) -> None:
    (mention, provider) = catalogue.mentions("gemini flash on groq")
    assert mention.resolution is not None
    assert mention.resolution.how == "provider_missing"
    assert (provider.kind, provider.provider) == ("provider", "groq")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("how much did OpenAI lose in 2024", [("OpenAI", "openai")]),
        ("is anthropic dearer than google?", [("anthropic", "anthropic"), ("google", "google")]),
        ("cheapest claude model with 200k context", [("claude", "anthropic")]),
        ("gemini models", [("gemini", "google")]),
        ("the best model from mistral", [("mistral", "mistral")]),
        ("what did Zuckerberg say about Meta's spending", [("Meta", "meta")]),
        ("Nvidia and Alibaba", [("Nvidia", "nvidia"), ("Alibaba", "alibaba")]),
        ("the meta level of an amazon order", []),
    ],
)
def test_makers_are_found(catalogue: Catalogue, text: str, expected: list[tuple[str, str]]) -> None:
    makers = [
        (mention.text, mention.maker) for mention in catalogue.mentions(text) if mention.kind == "maker"
    ]
    assert makers == expected


def test_names_pasted_from_an_api_are_found_whole(catalogue: Catalogue) -> None:
    for model_id in (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "meta-llama/Llama-3.3-70B-Instruct",
        "gpt-4o-mini-2024-07-18",
        "text-embedding-3-large",
        "claude-opus-4-1-20250805",
        "gemini-2.5-flash-lite",
        "qwen3-235b-a22b-instruct",
    ):
        (mention,) = [m for m in catalogue.mentions(f"what does {model_id} cost?") if m.kind == "model"]
        assert mention.text == model_id
        assert mention.resolution is not None
        assert mention.resolution.model is not None


def test_a_long_text_is_searched_to_its_end(catalogue: Catalogue) -> None:
    text = "lorem ipsum 42 " * 250 + "gpt-4o"
    (mention,) = catalogue.mentions(text)
    assert text[mention.start : mention.end] == "gpt-4o"


def test_of_a_list_without_end_so_many_models_are_read_as_a_question_can_be_about(
    catalogue: Catalogue,
) -> None:
    names = [f"gpt-{number}.{part}" for number in range(10, 20) for part in range(10)]
    found = [mention.text for mention in catalogue.mentions(", ".join(names))]
    assert 40 < len(found) < len(names)
    assert found == names[: len(found)]
    assert len(catalogue.mentions(", ".join(["gpt-4o", "o3"] * 100))) == 200
