"""GPUs, rental prices and rules: typed, exact, each with its card; unknown is unknown."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from fact_base import FACTS, compile_facts, connection
from hypothesis import given
from hypothesis import strategies as st

from knowledge import gpu_names
from knowledge.errors import KnowledgeError, NoPriceError, UnknownNameError
from knowledge.facts import FactBase
from knowledge.gpu_names import gpu_mentions
from knowledge.hardware import Hardware
from knowledge.rules import RuleBook
from knowledge.sources import hardware_tables


@pytest.fixture(scope="module")
def hardware() -> Hardware:
    return Hardware(connection())


@pytest.fixture(scope="module")
def rules() -> RuleBook:
    return RuleBook(connection())


@pytest.fixture(scope="module")
def facts() -> FactBase:
    return FactBase(connection())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("8xH100", ["H100"]),
        ("8x H100 SXM", ["H100"]),
        ("64 h100s for a week", ["H100"]),
        ("an H100's price", ["H100"]),
        ("A100 80GB", ["A100"]),
        ("2 x a100-80gb", ["A100"]),
        ("nvidia b200", ["B200"]),
        ("H200, L40S or T4s", ["H200", "L40S", "T4"]),
        ("RTX 4090", ["RTX 4090"]),
        ("rtx4090", ["RTX 4090"]),
        ("on a 4090?", ["RTX 4090"]),
        ("two 3090s", ["RTX 3090"]),
        ("MI300X and mi 325x", ["MI300X", "MI325X"]),
        ("GB200 NVL72", ["GB200"]),
        ("TPU v5e or trainium2", ["TPU v5e", "Trainium2"]),
        ("H400", ["H400"]),
        ("rtx 6000 ada, A6000", ["RTX 6000 Ada", "RTX A6000"]),
        ("AWS H100", ["H100"]),
        ("4090 requests a day", []),
        ("3090 in / 500 out", []),
        ("$4090 a month", []),
        ("14090 and 4090.5 and 4,090", []),
        ("a 100 tokens", []),
        ("gpt-4090", []),
        ("p4de.24xlarge", []),
        ("", []),
    ],
)
def test_gpus_in_text(text: str, names: list[str]) -> None:
    assert [name for _, _, name in gpu_mentions(text)] == names


def test_a_mention_holds_form_and_memory_but_not_the_count() -> None:
    text = "rent 8x H100 SXM 80GB now"
    ((start, end, _),) = gpu_mentions(text)
    assert text[start:end] == "H100 SXM 80GB"


@given(st.text(alphabet="8xH100 sA4090RTXMI-.gb", max_size=60))
def test_mentions_stand_in_order_within_the_text(text: str) -> None:
    last = 0
    for start, end, name in gpu_mentions(text):
        assert last <= start < end <= len(text)
        assert name
        last = end


@pytest.mark.parametrize(
    ("mention", "name"),
    [
        ("8x h100s", "H100"),
        ("NVIDIA A100 80GB", "A100"),
        ("4090", "RTX 4090"),
        ("geforce rtx 4090", "RTX 4090"),
        ("l40s", "L40S"),
    ],
)
def test_find(hardware: Hardware, mention: str, name: str) -> None:
    assert hardware.find(mention).name == name


@pytest.mark.parametrize("mention", ["MI300X", "H300", "RTX 5090", "abacus", ""])
def test_an_unknown_gpu_is_unknown(hardware: Hardware, mention: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        hardware.find(mention)
    assert error.value.kind == "GPU"


def test_specifications(hardware: Hardware) -> None:
    h100 = hardware.gpus["H100"]
    assert (h100.dense_bf16_tflops, h100.memory_gb, h100.watts) == (Decimal(989), Decimal(80), Decimal(700))
    assert h100.source is not None
    assert hardware.gpus["RTX 4090"].dense_bf16_tflops is None
    assert hardware.gpus["L40S"].watts == Decimal(350)


def test_every_number_stands_in_its_card(hardware: Hardware, facts: FactBase) -> None:
    for gpu in hardware.gpus.values():
        for quantity, source in gpu.sources:
            value = getattr(gpu, quantity)
            fact = facts.get(source.id)
            assert value == fact.value or f"{value:,}" in fact.statement


def test_the_price_to_assume_is_the_newest_of_a_plain_gpu_cloud(hardware: Hardware) -> None:
    rental = hardware.rental("H100")
    assert (rental.provider, rental.usd_per_hour, rental.as_of) == ("RunPod", Decimal("3.99"), "2026-11-09")
    assert not rental.spot
    clouds = {"RunPod", "Lambda", "Together AI", "CoreWeave"}
    for gpu in hardware.gpus:
        chosen = hardware.rental(gpu)
        rivals = [
            row
            for row in hardware.rentals(gpu)
            if row.provider in clouds and row.terms in ("on demand", "Secure Cloud")
        ]
        assert chosen in rivals
        assert (chosen.as_of or "") == max(row.as_of or "" for row in rivals)


@pytest.mark.parametrize(
    ("provider", "price", "terms"),
    [
        ("aws", "6.88", "on demand"),
        ("Amazon", "6.88", "on demand"),
        ("google cloud", "10.9791", "on demand"),
        ("gcp", "10.9791", "on demand"),
        ("google", "10.9791", "on demand"),
        ("azure", "12.29", "on demand"),
        ("Lambda Labs", "3.99", "on demand"),
        ("runpod", "3.99", "Secure Cloud"),
        ("together", "3.99", "on demand"),
        ("vast", "2.4024", "marketplace"),
        ("modal", "3.9492", "serverless"),
        ("fireworks", "7", "dedicated deployment"),
        ("coreweave", "6.155", "on demand"),
    ],
)
def test_the_price_of_a_provider(hardware: Hardware, provider: str, price: str, terms: str) -> None:
    rental = hardware.rental("h100", provider)
    assert (rental.usd_per_hour, rental.terms) == (Decimal(price), terms)


def test_a_node_is_divided_exactly_and_says_so(hardware: Hardware) -> None:
    rental = hardware.rental("h100", "coreweave")
    assert rental.usd_per_hour * 8 == Decimal("49.24")
    assert rental.note == "one of 8 GPUs of a node at $49.24 an hour"
    assert hardware.rental("h200", "aws").terms == "capacity block"


def test_all_prices_newest_first(hardware: Hardware) -> None:
    dates = [rental.as_of or "" for rental in hardware.rentals("h100")]
    assert len(dates) > 10
    assert dates == sorted(dates, reverse=True)
    assert {rental.provider for rental in hardware.rentals("h100", "aws")} == {"AWS"}


def test_every_rental_is_its_card(hardware: Hardware, facts: FactBase) -> None:
    for gpu in hardware.gpus:
        for rental in hardware.rentals(gpu):
            fact = facts.get(rental.fact)
            assert rental.usd_per_hour in (fact.value, (fact.value or 0) / 8)
            assert gpu.removeprefix("RTX ") in fact.statement
            assert rental.source == fact.source
            assert rental.statement == fact.statement


def test_no_price_is_no_price(hardware: Hardware) -> None:
    with pytest.raises(NoPriceError, match="B200 at AWS"):
        hardware.rental("b200", "aws")
    with pytest.raises(UnknownNameError, match="GPU provider"):
        hardware.rental("h100", "hetzner")
    with pytest.raises(UnknownNameError, match="MI300X"):
        hardware.rentals("MI300X")


@pytest.mark.parametrize(
    ("text", "providers"),
    [
        ("8 h100 on Lambda vs AWS and together ai", ["Lambda", "AWS", "Together AI"]),
        ("lambda h100", ["Lambda"]),
        ("h100 at modal", ["Modal"]),
        ("Amazon EC2, GCP and MS Azure", ["AWS", "Google Cloud", "Azure"]),
        ("we work together on a100s", []),
        ("how much do an h100 and an a100 cost together", []),
        ("a lambda function on gpt-4o", []),
        ("modal verbs", []),
    ],
)
def test_providers_in_text(hardware: Hardware, text: str, providers: list[str]) -> None:
    assert [name for _, _, name in hardware.providers_in(text)] == providers


# --- rules ------------------------------------------------------------------------------------------------------------


def test_rules_have_their_card(rules: RuleBook, facts: FactBase) -> None:
    assert rules.rule("flops_per_parameter_per_token").value == 6
    assert rules.rule("words_per_token").value == Decimal("0.75")
    assert rules.rule("tokens_per_parameter").value == 20
    typical = rules.rule("utilisation_of_peak_percent")
    assert (typical.value, typical.high) == (30, 50)
    for rule in rules.rules.values():
        assert rule.statement == facts.get(rule.fact).statement
    with pytest.raises(UnknownNameError, match="rule"):
        rules.rule("nothing")


def test_fine_tuning_prices(rules: RuleBook) -> None:
    (gpt_4o,) = rules.fine_tuning(model="gpt-4o")
    assert (gpt_4o.provider, gpt_4o.low, gpt_4o.high, gpt_4o.per) == ("OpenAI", 25, 25, "1M training tokens")
    (mini,) = rules.fine_tuning(provider="openai", model="GPT-4o mini")
    assert mini.low == 3
    (together,) = rules.fine_tuning(provider="Together AI", parameters=Decimal(70_000_000_000))
    assert (together.low, together.high) == (Decimal("2.9"), Decimal("8"))
    assert len(together.facts) == 2
    assert rules.fine_tuning(provider="Together AI", parameters=Decimal(200_000_000_000)) == []
    assert rules.fine_tuning(model="gpt-4.1") == []
    assert [price.method for price in rules.fine_tuning(model="o4-mini")] == ["reinforcement"]


def test_throughputs_and_utilisations(rules: RuleBook) -> None:
    found = {
        (row.model, row.gpu, row.gpus): row.tokens_per_second
        for row in rules.throughputs
        if row.direction == "output"
    }
    assert found["Llama 3.3 70B", "H100", 2] == 4205
    assert found["Llama 3.1 405B", "H100", 8] == 2919
    assert found["DeepSeek-V3/R1", "H800", None] == 14_800
    assert {row.model: row.percent for row in rules.utilisations}["PaLM 540B"] == Decimal("46.2")


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("value: 350", "value: 351", "does not state the number 351"),
        ("dense_bf16_tflops: h100-bf16-tflops", "dense_bf16_tflops: h100-bf16", "no fact 'h100-bf16'"),
        ("rule-6nd", "rule-mfu-typical", "has no value"),
    ],
)
def test_a_number_that_no_card_bears_out_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, problem: str
) -> None:
    content = hardware_tables.HARDWARE_FILE.read_text()
    assert before in content
    path = tmp_path / "hardware.yaml"
    path.write_text(content.replace(before, after, 1))
    monkeypatch.setattr(hardware_tables, "HARDWARE_FILE", path)
    with pytest.raises(KnowledgeError, match=problem):
        compile_facts(tmp_path / "knowledge.db", FACTS)


def test_a_new_card_is_enough_for_a_new_price(tmp_path: Path) -> None:
    card = """
- id: lambda-h100-2027
  subject: Lambda H100 SXM 80GB
  metric: H100 SXM 80GB rental price, on-demand
  value: 4.10
  unit: USD/hour
  period: '2027-01-05'
  qualifier: reported
  statement: Lambda listed the H100 SXM 80GB at $4.10 per GPU-hour (2027-01-05).
  topics: [GPU rental prices]
  aliases: []
  source: {title: Price list}
"""
    cards = tmp_path / "facts.yaml"
    cards.write_text(FACTS.read_text() + card)
    path = tmp_path / "knowledge.db"
    compile_facts(path, cards)
    connection = sqlite3.connect(path)
    assert Hardware(connection).rental("h100").usd_per_hour == Decimal("4.10")
    first = FactBase(connection).search("h100 price per hour")[0]
    assert first.fact is not None
    assert first.fact.id == "lambda-h100-2027"


_PIECES = """
    rtx gtx mi g b h a v r p t k m l 100 200 300x 4090 50 ti gaudi - 3 tpu v5e trainium inferentia 2 800 h20 a10g l40s t4 p40 k80
    m60 3060 s 6000 pro ada x × . $ 8x
""".split()


@given(st.lists(st.sampled_from([*_PIECES, " "]), max_size=7).map("".join))
def test_the_quick_look_misses_no_gpu(text):
    assert gpu_names.may_name_gpu(text) or not gpu_names.gpu_pattern().search(text)
