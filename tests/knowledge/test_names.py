"""What a model's id and display name say about it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.names import clause_spellings, describe, name_rows
from knowledge.spellings import fold, id_parts, joined, name_parts, parts, spelling, version_of


@pytest.mark.parametrize(
    ("provider", "model_id", "name", "maker", "family", "version"),
    [
        ("anthropic", "claude-sonnet-5-5", "Claude Sonnet 5.5", "anthropic", "claude sonnet", (5, 5)),
        ("aws", "global.anthropic.claude-opus-4-5-v1:0", None, "anthropic", "claude opus", (4, 5)),
        ("openrouter", "anthropic/claude-3.5-haiku", None, "anthropic", "claude haiku", (3, 5)),
        ("openai", "gpt-4o-mini", "gpt 4o mini", "openai", "gpt mini", (4, 0, 1)),
        ("openai", "o3-pro", "o3 Pro", "openai", "o pro", (3,)),
        ("fireworks", "glm-5p3", "GLM 5.3", "zai", "glm", (5, 3)),
        ("fireworks", "llama-v3p1-8b-instruct", "Llama 3.1 8B Instruct", "meta", "llama", (3, 1)),
        ("aws", "meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", "meta", "llama", (3, 3)),
        ("groq", "moonshotai/kimi-k2-instruct", "Kimi K2 1T 128k", "moonshotai", "kimi", (2,)),
        ("mistral", "mistral-small-2603", "Mistral Small 4", "mistral", "mistral small", (4,)),
        ("databricks", "databricks-qwen35-122b-a10b", "Qwen3.5 122B A10B", "alibaba", "qwen", (3, 5)),
        ("modal", "nvidia/GLM-5.3-Flash-NVFP4", "GLM 5.3 Flash NVFP4", "zai", "glm flash", (5, 3)),
        ("openrouter", "nousresearch/hermes-3-llama-3.1-70b", None, "nousresearch", "hermes llama", (3,)),
        ("groq", "deepseek-r1-distill-llama-70b", None, "deepseek", "deepseek distill llama", (1,)),
        ("azure", "text-embedding-3-small", None, "openai", "embedding small", (3,)),
        ("cohere", "embed-v4.0", "Embed v4.0", "cohere", "embedding", (4,)),
    ],
)
def test_a_name_tells_maker_family_and_version(
    provider: str, model_id: str, name: str | None, maker: str, family: str, version: tuple[int, ...]
) -> None:
    described = describe(provider, model_id, name)
    assert (described.maker, described.family, described.version) == (maker, family, version)


@pytest.mark.parametrize(
    ("model_id", "price_keys", "modality"),
    [
        ("gpt-5", {"input_mtok", "output_mtok"}, "text"),
        ("gemini-2.5-flash", {"input_mtok", "input_audio_mtok", "output_mtok"}, "text"),
        ("gpt-realtime-2", {"input_audio_mtok", "output_audio_mtok"}, "audio"),
        ("whisper-1", {"audio_hours"}, "audio"),
        ("chatgpt-image-latest", {"output_image_mtok"}, "image"),
        ("gemini-omni-1.1-flash", {"output_video_mtok"}, "video"),
        ("text-embedding-3-small", {"input_mtok"}, "embedding"),
        ("voyage-code-4", {"input_mtok"}, "embedding"),
        ("mistral-ocr-4-1", {"input_document_kpages"}, "ocr"),
        ("llama-guard-4-12b", {"input_mtok"}, "moderation"),
        ("bge-reranker-base", {"input_mtok"}, "rerank"),
        ("o3-deep-research", {"input_mtok", "output_mtok"}, "search"),
        ("gpt-rosalind-research", {"input_mtok", "output_mtok"}, "text"),
    ],
)
def test_names_and_units_tell_what_a_model_is_for(model_id: str, price_keys: set[str], modality: str) -> None:
    assert describe("openai", model_id, None, None, price_keys).modality == modality


def test_previews_and_open_weights_are_recognised() -> None:
    assert describe("google", "gemini-3.1-pro-preview", None).preview
    assert not describe("google", "gemini-3.8-flash", None).preview
    assert describe("groq", "openai/gpt-oss-120b", None).open_weights is True
    assert describe("openai", "gpt-5", None).open_weights is False
    assert describe("openrouter", "elorian/glimpse", None).open_weights is None


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("grok-4.20", "grok-4.3"),  # a decimal number
        ("pareto-26.9", "pareto-26.10"),  # a year and a month
        ("gpt-4", "gpt-4o"),
        ("gpt-4o", "gpt-4.1"),
        ("claude-3-7-sonnet", "claude-sonnet-4-0"),
        ("kimi-k2.7-code", "kimi-k3"),
    ],
)
def test_versions_order_a_line_by_age(older: str, newer: str) -> None:
    assert version_of(id_parts(older)) < version_of(id_parts(newer))


@pytest.mark.parametrize(
    "same",
    [
        (
            "claude-sonnet-5-5",
            "anthropic/claude-sonnet-5.5",
            "us.anthropic.claude-sonnet-5-5-v1:0",
            "Claude 5.5 Sonnet",
        ),
        ("gpt-4o-mini", "GPT 4o mini", "gpt4o-mini", "openai/gpt-4o-mini"),
        ("llama3-1-70b-instruct", "Meta-Llama-3.1-70B-Instruct-Turbo", "llama-v3p1-70b", "Llama 3.1 70B"),
        ("qwen3p8-max", "Qwen 3.8 Max", "qwen3.8-max"),
        ("mixtral-8x7b-instruct-v0:1", "Mixtral 8x7B"),
        ("Qwen3-235B-A22B-Instruct-FP8", "qwen3 235b"),
    ],
)
def test_spellings_of_one_model_have_the_same_core(same: tuple[str, ...]) -> None:
    cores = {frozenset(spelling(name_parts(text) if " " in text else id_parts(text)).core) for text in same}
    assert len(cores) == 1


@pytest.mark.parametrize(
    "different",
    [
        ("gpt-4", "gpt-4o", "gpt-4.1", "gpt-4-32k", "gpt-4-turbo"),
        ("llama-3-70b", "llama-3.1-70b", "llama-3-8b"),
        ("claude-sonnet-5", "claude-sonnet-5-5", "claude-opus-5"),
        ("grok-4.2", "grok-4.20"),
        ("command-r", "command-r-plus", "command-r7b"),
    ],
)
def test_different_models_have_different_cores(different: tuple[str, ...]) -> None:
    assert len({frozenset(spelling(id_parts(text)).core) for text in different}) == len(different)


@given(st.text(max_size=300))
def test_parts_stand_where_they_say(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    end = 0
    for piece in parts(folded):
        assert end <= piece.start < piece.end <= len(text)
        end = piece.end
    assert [piece.start for piece in joined(parts(folded))] == sorted(
        {piece.start for piece in joined(parts(folded))}
    )


@given(st.text(alphabet="gpt-4o.claude 5/:@v_(70b)", max_size=60), st.one_of(st.none(), st.text(max_size=40)))
def test_any_id_can_be_described(model_id: str, name: str | None) -> None:
    described = describe("openrouter", model_id, name)
    assert described.maker
    assert next(name_rows([(1, model_id, name, None)])) == (fold(model_id), 1, "id")


def test_only_literal_spellings_are_taken_from_a_match_clause() -> None:
    clause = {
        "or": [{"equals": "a"}, {"starts_with": "b"}, {"and": [{"equals": "c"}]}, {"or": [{"equals": "d"}]}]
    }
    assert list(clause_spellings(clause)) == ["a", "d"]


def test_a_display_name_that_leaves_out_what_tells_models_apart_is_no_spelling() -> None:
    rows = list(name_rows([(1, "gpt-4-32k", "gpt 4", json.dumps({"equals": "gpt-4-32k-0613"}))]))
    assert ("gpt 4", 1, "parts") not in rows
    assert ("gpt-4-32k-0613", 1, "alias") in rows
    assert ("gpt 4 32k @0613", 1, "parts") in rows


def test_a_display_name_of_two_versions_spells_both() -> None:
    names = {name for name, _, _ in name_rows([(1, "mistral-medium-3-1", "Mistral Medium 3 and 3.1", None)])}
    assert {"mistral medium 3", "mistral medium 3.1"} <= names
