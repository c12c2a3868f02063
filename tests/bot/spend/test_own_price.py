"""The price of the bot's own calls: who is paid, and when no price is better than a wrong one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.spend.calls import CallUsage
from bot.spend.own_price import OwnPrice, provider_of
from knowledge.base import KnowledgeBase

USAGE = CallUsage(input_tokens=1000, cached_input_tokens=300, output_tokens=50)
LOOPBACK = "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("base_url", "provider"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://my-team.openai.azure.com/openai/v1", "azure"),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", "google"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1", "aws"),
        (LOOPBACK, None),
        ("https://api.openai.com.evil.example/v1", None),
        ("https://notapi.openai.com/v1", None),
    ],
)
def test_the_host_tells_the_provider(base_url: str, provider: str | None) -> None:
    assert provider_of(base_url) == provider


def test_every_provider_of_a_host_is_in_the_catalogue(knowledge: KnowledgeBase) -> None:
    from bot.spend.own_price import _HOSTS

    assert {provider for _, provider in _HOSTS} <= set(knowledge.catalogue.providers)


def test_a_known_host_charges_its_own_price(knowledge: KnowledgeBase) -> None:
    price = OwnPrice("https://api.openai.com/v1", "gpt-5-nano", knowledge)
    card = knowledge.prices.card(knowledge.catalogue.get("openai", "gpt-5-nano"))
    expected = card.cost({"input_tokens": 1000, "cache_read_tokens": 300, "output_tokens": 50}).total
    assert price.price(USAGE).cost == expected > 0


def test_a_gateway_passes_a_closed_model_on_at_its_makers_price(knowledge: KnowledgeBase) -> None:
    gateway = OwnPrice(LOOPBACK, "gpt-5-nano", knowledge)
    assert gateway.provider == "openai"
    assert gateway.price(USAGE) == OwnPrice("https://api.openai.com/v1", "gpt-5-nano", knowledge).price(USAGE)


@pytest.mark.parametrize(
    "model", ["gpt-oss-20b", "llama-3.1-8b-instant", "qwen2.5:0.5b", "my-own-model", "gpt-5-nanno", ""]
)
def test_on_a_machine_of_ones_own_the_price_is_not_known(knowledge: KnowledgeBase, model: str) -> None:
    own = OwnPrice(LOOPBACK, model, knowledge)
    assert (own.provider, own.price(USAGE).cost) == (None, None)


def test_a_model_that_the_provider_does_not_list_has_no_price(knowledge: KnowledgeBase) -> None:
    price = OwnPrice("https://api.groq.com/openai/v1", "gpt-5-nano", knowledge)
    assert (price.provider, price.price(USAGE).cost) == ("groq", None)


def test_without_a_knowledge_base_nothing_is_priced() -> None:
    assert OwnPrice(LOOPBACK, "gpt-5-nano", None).price(USAGE).cost is None


def test_the_operator_names_the_price_of_a_server_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "contracts.yaml").write_text(
        "- {provider: own, model: 'qwen2.5:0.5b', rates: {input: 0.10, output: 0.20}}\n"
        "- {provider: own, model: llama-3.1-8b-instant, rates: {input: 0, output: 0}}\n"
    )
    with KnowledgeBase.open(tmp_path) as knowledge:
        qwen = OwnPrice(LOOPBACK, "qwen2.5:0.5b", knowledge)
        assert qwen.provider == "own"
        assert qwen.price(CallUsage(input_tokens=1_000_000, output_tokens=500_000)).cost == Decimal("0.2")
        assert OwnPrice(LOOPBACK, "llama-3.1-8b-instant", knowledge).price(USAGE).cost == 0
        assert OwnPrice(LOOPBACK, "another", knowledge).price(USAGE).cost is None
        elsewhere = OwnPrice("https://api.groq.com/openai/v1", "llama-3.1-8b-instant", knowledge)
        assert elsewhere.provider == "groq"
        assert elsewhere.price(USAGE).cost != 0
