"""From what people write to one model: measured on a set of spellings, and held to laws."""

from __future__ import annotations

import json
import string
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.base import KnowledgeBase
from knowledge.catalogue import Catalogue, Resolution
from knowledge.errors import UnknownNameError

SPELLINGS = [
    json.loads(line)
    for line in (Path(__file__).parent / "name_spellings.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def catalogue(compiled_knowledge: Path) -> Iterator[Catalogue]:
    with KnowledgeBase.open(compiled_knowledge) as knowledge:
        yield knowledge.catalogue


def told(resolution: Resolution) -> tuple[str, str | None]:
    model = resolution.model
    return resolution.how, f"{model.provider}/{model.id}" if model else None


def is_right(resolution: Resolution, expected: dict[str, Any]) -> bool:
    model = f"{expected['provider']}/{expected['model']}" if expected["model"] else None
    candidates = {f"{candidate.provider}/{candidate.id}" for candidate in resolution.candidates}
    return told(resolution) == (expected["how"], model) and candidates >= set(expected.get("candidates", ()))


def test_spellings_are_read_as_people_mean_them(catalogue: Catalogue) -> None:
    wrong = [
        (expected["spelling"], told(catalogue.resolve(expected["spelling"])))
        for expected in SPELLINGS
        if not is_right(catalogue.resolve(expected["spelling"]), expected)
    ]
    accuracy = 1 - len(wrong) / len(SPELLINGS)
    print(f"{len(SPELLINGS)} spellings, {accuracy:.2%} right")
    assert len(SPELLINGS) >= 300
    assert accuracy >= 0.98, wrong


@pytest.mark.parametrize("how", ["unknown", "provider_missing"])
def test_no_name_that_means_nothing_is_given_a_model(catalogue: Catalogue, how: str) -> None:
    spellings = [expected["spelling"] for expected in SPELLINGS if expected["how"] == how]
    assert [spelling for spelling in spellings if catalogue.resolve(spelling).model] == []


def test_every_id_means_its_own_model_at_its_provider(catalogue: Catalogue) -> None:
    models = catalogue.models(modality=None, include_deprecated=True)
    assert len(models) > 2000
    for model in models:
        resolution = catalogue.resolve(model.id, model.provider)
        assert (resolution.how, resolution.model) == ("exact", model)
        assert catalogue.get(model.provider, model.id) == model


def test_spacing_case_and_punctuation_never_matter(catalogue: Catalogue) -> None:
    for model in catalogue.models(provider=["openai", "anthropic", "x-ai", "moonshotai", "zai"]):
        if not model.version or catalogue.resolve(model.id).model != model:
            continue
        for variant in (
            model.id.upper(),
            model.id.replace("-", "_"),
            f"the {model.id}",
            model.id.replace("-", "\u2011"),
        ):
            assert catalogue.resolve(variant).model == model, variant


@pytest.mark.parametrize(
    "word", ["gpt", "claude", "gemini", "sonnet", "haiku", "opus", "grok", "kimi", "glm", "deepseek"]
)
def test_a_family_is_its_newest_generally_available_text_member(catalogue: Catalogue, word: str) -> None:
    model = catalogue.newest(word)
    assert model is not None
    assert model.modality == "text"
    assert not model.deprecated
    assert not model.preview
    line = model.family.split(" ")[0]
    family = [
        other
        for other in catalogue.models(provider=[model.provider], include_preview=False)
        if other.family.split(" ")[0] == line and word in (line, *other.family.split(" "))
    ]
    assert model.version == max(other.version for other in family)


def test_the_notes_say_what_was_read_and_why(catalogue: Catalogue) -> None:
    assert catalogue.resolve("gpt-4o").note is None
    assert "Claude Haiku 5.5" in (catalogue.resolve("haiku").note or "")
    assert "Claude Sonnet 5.5" in (catalogue.resolve("cluade sonnet 5.5").note or "")
    assert "OpenAI's list price stands in" in (catalogue.resolve("gpt-4o on azure").note or "")
    assert "no longer offered" in (catalogue.resolve("gemini 2.0 flash").note or "")
    assert "Groq lists no price" in (catalogue.resolve("gemini flash on groq").note or "")
    assert "mistral-large-4" in (catalogue.resolve("mistral-large").note or "")


def test_a_model_without_an_api_of_its_maker_names_its_hosts(catalogue: Catalogue) -> None:
    resolution = catalogue.resolve("llama 3.3 70b")
    assert resolution.how == "ambiguous"
    assert resolution.model == resolution.candidates[0]
    assert len({model.provider for model in resolution.candidates}) == len(resolution.candidates) > 3
    assert {model.version for model in resolution.candidates} == {(3, 3)}


def test_a_provider_may_be_given_as_people_call_it(catalogue: Catalogue) -> None:
    assert told(catalogue.resolve("haiku", "AWS Bedrock")) == told(catalogue.resolve("haiku", "aws"))
    assert catalogue.provider_id("vertex") == "google"
    with pytest.raises(UnknownNameError, match="openrouter"):
        catalogue.resolve("haiku", "opnrouter")
    with pytest.raises(UnknownNameError, match="gpt-4o"):
        catalogue.get("openai", "gpt-4o-ultra")


def test_an_unknown_name_gets_suggestions_of_its_line(catalogue: Catalogue) -> None:
    assert "gpt-6.1-sol" in catalogue.suggest("gpt-7")
    assert catalogue.suggest("gpt-4o-ultra")[0] == "gpt-4o"
    assert all(name.startswith("claude") for name in catalogue.suggest("claude-foo-9"))
    assert catalogue.suggest("zzzz") == []


def test_siblings_are_plain_text_models_of_the_generation_at_the_same_place(catalogue: Catalogue) -> None:
    opus = catalogue.get("anthropic", "claude-opus-5-5")
    siblings = catalogue.siblings(opus)
    assert "claude-haiku-5-5" in [model.id for model in siblings]
    assert opus not in siblings
    assert all(model.provider == "anthropic" and model.version >= (5,) for model in siblings)
    mini = [model.id for model in catalogue.siblings(catalogue.get("openai", "gpt-4o"))]
    assert "gpt-4o-mini" in mini
    assert not {"gpt-4o-realtime-preview", "gpt-4o-transcribe", "gpt-oss-120b", "gpt-3.5-turbo"} & set(mini)


def test_sellers_are_all_who_list_a_model(catalogue: Catalogue) -> None:
    sellers = catalogue.sellers(catalogue.get("anthropic", "claude-sonnet-5-5"))
    assert sellers[0].provider == "anthropic"
    assert {"aws", "google", "openrouter"} <= {model.provider for model in sellers}
    assert {model.version for model in sellers} == {(5, 5)}


def test_models_are_filtered(catalogue: Catalogue) -> None:
    found = catalogue.models(maker=["anthropic"], provider=["aws", "google"], min_context=500_000)
    assert found
    for model in found:
        assert model.maker == "anthropic"
        assert model.provider in ("aws", "google")
        assert (model.context_window or 0) >= 500_000
        assert model.modality == "text"
        assert not model.deprecated
    assert any(model.deprecated for model in catalogue.models(include_deprecated=True))
    assert all(not model.preview for model in catalogue.models(include_preview=False))
    assert catalogue.models(provider=["nobody"]) == []


def test_several_threads_may_resolve_at_once(compiled_knowledge: Path) -> None:
    with KnowledgeBase.open(compiled_knowledge) as knowledge:
        found: list[tuple[str, str | None]] = []

        def resolve() -> None:
            found.extend(
                told(knowledge.catalogue.resolve(expected["spelling"])) for expected in SPELLINGS[:60]
            )

        threads = [threading.Thread(target=resolve) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4 * 60
        assert len(set(found)) == len(
            {told(knowledge.catalogue.resolve(e["spelling"])) for e in SPELLINGS[:60]}
        )


PIECES = """
gpt 4o - claude sonnet 5.5 on bedrock llama 70b 3.3 10k requests / . mini vs and gpt-7 cluade 1 000 pro tag : flash groq
r1 o3 + İ ß 😀
"""
WORDS = st.sampled_from([*PIECES.split(), " ", " ", " ", "\n"])


@given(
    st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map("".join)),
    st.sampled_from([None, "aws", "openai"]),
)
def test_any_text_resolves_to_something_said(catalogue: Catalogue, text: str, provider: str | None) -> None:
    resolution = catalogue.resolve(text, provider)
    assert resolution.mention == text
    if resolution.how in ("exact", "family", "corrected"):
        assert resolution.model is not None
    if resolution.how in ("unknown", "provider_missing"):
        assert resolution.model is None
        assert resolution.note


@given(st.one_of(st.text(max_size=400), st.lists(WORDS, max_size=60).map("".join)))
def test_mentions_stand_where_they_say(catalogue: Catalogue, text: str) -> None:
    end = 0
    for mention in catalogue.mentions(text):
        assert end <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.text
        assert (mention.resolution is not None) == (mention.kind == "model")
        end = mention.end


@given(
    st.integers(min_value=0, max_value=9999),
    st.sampled_from([*string.ascii_lowercase, "k", " tokens", " million", "%"]),
)
def test_a_count_after_a_name_never_changes_the_model(catalogue: Catalogue, count: int, unit: str) -> None:
    mentions = catalogue.mentions(f"gpt-4o-mini {count + 10}{unit} each")
    assert [told(mention.resolution) for mention in mentions if mention.resolution] == [
        ("exact", "openai/gpt-4o-mini")
    ]


@given(
    st.sampled_from(
        [
            "gpt",
            "claude sonnet",
            "opus",
            "gemini flash",
            "llama",
            "grok",
            "deepseek v",
            "mistral large",
            "kimi k",
            "o",
        ]
    ),
    st.sampled_from([" ", "-", ""]),
    st.integers(min_value=1, max_value=120).map(lambda tenths: f"{tenths / 10:g}"),
    st.sampled_from(["", " mini", " 70b", " pro", "-turbo", " 8b"]),
)
def test_a_number_is_never_replaced_by_another(
    catalogue: Catalogue, name: str, joint: str, version: str, tier: str
) -> None:
    model = catalogue.resolve(f"{name}{joint}{version}{tier}").model
    if model is not None:
        spellings = catalogue._connection.execute(
            "select name from names where model_rowid = ? and kind = 'parts'", (model.rowid,)
        )
        parts = {part.lstrip("kmor") for (spelling,) in spellings for part in spelling.split(" ")}
        assert version in parts
        assert tier not in (" 70b", " 8b") or tier.strip() in parts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price of llama 3.3 70b on deepinfra", "llama 3.3 70b on deepinfra"),
        ("deepinfra llama 3.3 70b, 1M in", "deepinfra llama 3.3 70b"),
        ("what does sonnet 4.5 cost on oracle cloud?", "sonnet 4.5"),
        ("gpt-4o via replicate", "gpt-4o via replicate"),
    ],
)
def test_a_seller_without_prices_is_not_passed_over(catalogue: Catalogue, text: str, said: str) -> None:
    [mention] = catalogue.mentions(text)
    assert mention.text == said
    assert mention.resolution is not None
    assert (mention.resolution.how, mention.resolution.model) == ("provider_missing", None)
    assert "on record" in (mention.resolution.note or "")
    assert mention.resolution.candidates


def test_words_that_are_also_hosts_name_none(catalogue: Catalogue) -> None:
    for text in ("can gpt-4o replicate this", "gpt-4o in an oracle database", "qwen max from alibaba"):
        [mention, *_] = catalogue.mentions(text)
        assert mention.resolution is not None
        assert mention.resolution.how != "provider_missing"
