"""The operator's contracts: what they make of the list, which of several counts, and each mistake with its line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlite_utils

from knowledge.base import FILE_NAME, KnowledgeBase
from knowledge.errors import KnowledgeError, NoPriceError
from knowledge.prices import STANDARD, PriceBook, PriceTerms, RateCard
from knowledge.records import Model
from knowledge.sources.contract_file import write_contracts

NOVEMBER = datetime(2026, 11, 20, tzinfo=UTC)
BATCH = PriceTerms(processing="batch")


@pytest.fixture
def folder(data_dir):
    """The data directory, with the knowledge base open for writing, so that no test compiles all of it."""
    database = sqlite_utils.Database(data_dir / FILE_NAME)
    yield data_dir, database
    database.close()


def compile_contracts(folder: tuple[Path, sqlite_utils.Database], text: str) -> PriceBook:
    data_dir, database = folder
    (data_dir / "contracts.yaml").write_text(text)
    for table in ("contract_models", "contract_rates", "contracts"):
        database.table(table).delete_where()
    with database.conn:
        write_contracts(database, data_dir)
    return PriceBook(database.conn)


def card(
    folder: tuple[Path, sqlite_utils.Database],
    text: str,
    provider: str,
    name: str,
    *,
    on: datetime = NOVEMBER,
    terms: PriceTerms = STANDARD,
) -> RateCard:
    model = Model(rowid=0, provider=provider, id=name, name=name, maker="")
    return compile_contracts(folder, text).card(model, on, terms)


def prices(found: RateCard) -> dict[str, Decimal]:
    return {unit: rate.price for unit, rate in found.rates.items()}


def test_percent_off_lowers_every_rate_and_tier_exactly(folder):
    plain = card(folder, "", "anthropic", "claude-sonnet-4-5")
    found = card(folder, "- {provider: anthropic, percent_off: 12.5}", "anthropic", "claude-sonnet-4-5")
    assert prices(found) == {unit: price * Decimal("0.875") for unit, price in prices(plain).items()}
    assert found.rates["input_tokens"].tiers == tuple(
        (above, price * Decimal("0.875")) for above, price in plain.rates["input_tokens"].tiers
    )
    assert found.rates["input_tokens"].tiers
    assert (found.contract, plain.contract) == (True, False)
    assert found.source.title == "your contract"
    assert found.comment.startswith("your contract: 12.5 % off the list price (Anthropic list prices")


def test_fixed_rates_replace_their_units_only(folder):
    contract = "- {name: MACC 4711, provider: azure, model: gpt-4o, rates: {input: 2.00, output: 8}}"
    found = card(folder, contract, "azure", "gpt-4o")
    assert prices(found) == {
        "input_tokens": 2,
        "output_tokens": 8,
        "cache_read_tokens": Decimal("1.25"),
        "web_searches": 10,
        "storage_searches": Decimal("2.5"),
    }
    assert found.source.publisher == "MACC 4711"
    assert (
        "; cache_read_tokens, web_searches, storage_searches at the list price (OpenAI list" in found.comment
    )
    assert card(folder, contract, "openai", "gpt-4o").contract is False
    bill = found.cost({"input_tokens": 1_000_000, "output_tokens": 500_000}, requests=3)
    assert bill.total == 18


def test_a_contract_gives_a_price_where_the_list_has_none(folder):
    found = card(
        folder,
        "- {provider: github-copilot, model: gpt-4o, rates: {input: 1, output: 2}}",
        "github-copilot",
        "gpt-4o",
    )
    assert prices(found) == {"input_tokens": 1, "output_tokens": 2}
    assert (
        found.comment
        == "your contract: fixed rates for input_tokens, output_tokens; the price list has none."
    )
    with pytest.raises(NoPriceError):
        card(folder, "- {provider: github-copilot, percent_off: 5}", "github-copilot", "gpt-4o")


def test_a_server_of_one_s_own_has_the_price_it_is_given(folder):
    contracts = "- {provider: own, model: Qwen-Local, rates: {input: 0, output: 0}}"
    found = card(folder, contracts, "own", "Qwen-Local")
    assert found.cost({"input_tokens": 500, "output_tokens": 20}).total == 0
    assert found.contract
    with pytest.raises(NoPriceError):
        card(folder, contracts, "own", "another")


@pytest.mark.parametrize(
    ("on", "under_contract"),
    [
        (datetime(2026, 9, 30, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 1, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), True),
        (datetime(2027, 1, 1, tzinfo=UTC), False),
    ],
)
def test_it_holds_from_its_first_to_its_last_day(folder, on, under_contract):
    contract = "- {provider: openai, percent_off: 50, from: 2026-10-01, to: 2026-12-31}"
    found = card(folder, contract, "openai", "gpt-4o", on=on)
    assert found.contract is under_contract
    assert found.rates["output_tokens"].price == (5 if under_contract else 10)
    assert found.valid_from == (date(2026, 10, 1) if under_contract else None)


def test_the_most_specific_contract_counts_then_the_last(folder):
    contracts = """
- {provider: anthropic, model: claude-sonnet-4-5, percent_off: 40}
- {model: claude-sonnet-4-5, percent_off: 30}
- {family: claude sonnet, percent_off: 20}
- {provider: anthropic, percent_off: 5}
- {provider: anthropic, percent_off: 10}
"""
    listed = card(folder, "", "anthropic", "claude-sonnet-4-5").rates["input_tokens"].price
    haiku = card(folder, "", "anthropic", "claude-haiku-4-5").rates["input_tokens"].price
    sonnet = card(folder, "", "anthropic", "claude-sonnet-4-6").rates["input_tokens"].price
    for name, full, percent in (
        ("claude-sonnet-4-5", listed, 40),
        ("claude-sonnet-4-6", sonnet, 20),
        ("claude-haiku-4-5", haiku, 10),
    ):
        found = card(folder, contracts, "anthropic", name)
        assert found.rates["input_tokens"].price == full * (100 - percent) / 100


def test_batch_has_its_own_contract_or_the_discount_for_all(folder):
    listed = card(folder, "", "openai", "gpt-4o", terms=BATCH)
    discount = card(folder, "- {provider: openai, percent_off: 10}", "openai", "gpt-4o", terms=BATCH)
    assert prices(discount)["input_tokens"] == prices(listed)["input_tokens"] * Decimal("0.9")
    standard_only = "- {provider: openai, model: gpt-4o, rates: {input: 2}}"
    assert card(folder, standard_only, "openai", "gpt-4o", terms=BATCH).contract is False
    batch_only = "- {provider: openai, model: gpt-4o, terms: batch, rates: {input: 0.5}}"
    assert prices(card(folder, batch_only, "openai", "gpt-4o", terms=BATCH))["input_tokens"] == Decimal("0.5")
    assert card(folder, batch_only, "openai", "gpt-4o").contract is False


def test_an_empty_file_is_no_contract(folder):
    for text in ("", "# nothing yet\n", "[]"):
        assert card(folder, text, "openai", "gpt-4o").contract is False


def test_the_knowledge_base_follows_the_file(data_dir):
    gpt = Model(rowid=0, provider="openai", id="gpt-4o", name="gpt 4o", maker="")
    (data_dir / "contracts.yaml").write_text("- {provider: openai, percent_off: 10}")
    with KnowledgeBase.open(data_dir) as base:
        assert base.prices.card(gpt).contract
        (only,) = base.prices.cards([gpt])
        assert only.contract
    (data_dir / "contracts.yaml").write_text("- {provider: openai, percent_off: 1O}")
    with pytest.raises(KnowledgeError, match=r"contracts\.yaml, line 1"):
        KnowledgeBase.open(data_dir)
    (data_dir / "contracts.yaml").unlink()
    with KnowledgeBase.open(data_dir) as base:
        assert not base.prices.card(gpt).contract


@pytest.mark.parametrize(
    ("line", "words", "text"),
    [
        (1, "no list of contracts", "provider: openai"),
        (2, "a list of fields", "\n- openai"),
        (3, "'percent' is no field", "- provider: openai\n\n  percent: 5"),
        (1, "needs a provider, a model or a family", "- {percent_off: 5}"),
        (2, "no provider 'opnai' is known; did you mean openai", "- percent_off: 5\n  provider: opnai"),
        (2, "no model 'gpt-4p' is known at openai; did you mean", "- provider: openai\n  model: gpt-4p\n  percent_off: 5"),
        (1, "no family 'claude sonet' is known; did you mean claude sonnet", "- {family: claude sonet, percent_off: 5}"),
        (2, "a server of your own needs a model and rates", "- percent_off: 5\n  provider: own"),
        (1, "not for both", "- {family: claude sonnet, model: gpt-4o, percent_off: 5}"),
        (1, "either percent_off or rates", "- {provider: openai}"),
        (1, "either percent_off or rates", "- {provider: openai, percent_off: 5, rates: {input: 1}}"),
        (2, "above 0 and up to 100, not 120", "- provider: openai\n  percent_off: 120"),
        (2, "above 0 and up to 100, not '5%'", "- provider: openai\n  percent_off: 5%"),
        (2, "'percent_off' stands here twice", "- percent_off: 5\n  percent_off: 6\n  provider: openai"),
        (3, "'inptu' is nothing that is charged for", "- provider: openai\n  rates:\n    inptu: 5"),
        (4, "'input_tokens' is the same as 'input'", "- provider: openai\n  rates:\n    input: 5\n    input_tokens: 5"),
        (3, "the price of input is US dollars per 1,000,000, not -5", "- provider: openai\n  rates:\n    input: -5"),
        (3, "the price of input is US dollars", "- provider: openai\n  rates:\n    input: 5 dollars"),
        (2, "rates name units and prices", "- provider: openai\n  rates: 5"),
        (3, "no plain number", "- provider: openai\n  rates:\n    input: .inf"),
        (3, "'to' is a day such as 2026-01-31, not '2026-02-30'", "- provider: openai\n  percent_off: 5\n  to: 2026-02-30"),
        (3, "ends (2025-01-01) before it begins", "- {provider: x-ai,\n percent_off: 5, from: 2026-01-01,\n to: 2025-01-01}"),
        (1, "terms are `batch`", "- {provider: openai, percent_off: 5, terms: [batch]}"),
        (1, "'name' is a text", "- {provider: openai, percent_off: 5, name: {}}"),
        (3, "did not find expected", "- provider: openai\n  percent_off: [5\n  to: 5"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_line(folder, line, words, text):
    with pytest.raises(KnowledgeError) as raised:
        compile_contracts(folder, text)
    assert raised.value.what.startswith(f"contracts.yaml, line {line}:")
    assert words in raised.value.what
