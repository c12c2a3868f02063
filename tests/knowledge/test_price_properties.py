"""Our arithmetic against `genai_prices.calc_price`, to the last digit: every model, every variant, any usage, any date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.data_units import unit_data
from genai_prices.types import ConditionalPrice
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.base import KnowledgeBase
from knowledge.errors import NoPriceError, QuantityError
from knowledge.prices import PriceTerms, RateCard, Shortlist
from knowledge.records import Model

PROVIDERS = {provider.id: provider for provider in providers}
MODELS = [(provider, model) for provider in providers for model in provider.models]
COUNTS = st.one_of(
    st.integers(0, 3),
    st.integers(0, 2_000_000),
    st.integers(0, 10**15),
    st.decimals(0, 10**6, places=3, allow_nan=False, allow_infinity=False),
)


def record(provider: str, model_id: str) -> Model:
    return Model(rowid=0, provider=provider, id=model_id, name=model_id, maker="")


def contexts(model) -> list[dict[str, str]]:
    return [{}, *(dict(variant.when) for variant in model.price_variants or ())]


def moments(model) -> list[datetime]:
    """Now, long ago, far ahead, and both sides of every date and hour on which a price of the model changes."""
    found = [datetime.now(UTC), datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, 12, tzinfo=UTC)]
    standard = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    for entry in (*standard, *(model.price_variants or ())):
        start = getattr(entry.constraint, "start_date", None)
        if start is not None:
            midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
            found += [midnight - timedelta(microseconds=1), midnight]
        for name in ("start_time", "end_time"):
            hour = getattr(entry.constraint, name, None)
            if hour is not None:
                at = datetime.combine(datetime(2026, 11, 20, tzinfo=UTC), hour)
                found += [at - timedelta(microseconds=1), at]
    return found


def agree(card: RateCard, provider: str, model, usage, on: datetime, context: dict[str, str]) -> bool:
    """Whether both price the usage, and then alike. Both may refuse; only we may refuse what contradicts itself."""
    try:
        theirs = model.calc_price(
            genai_prices.Usage(**usage),
            PROVIDERS[provider],
            genai_request_timestamp=on,
            price_context=context,
        )
    except ValueError:
        theirs = None
    try:
        ours = card.bill(usage, 1)
    except QuantityError:
        assert theirs is None or contradicts(usage)
        for _ in range(3):  # at first, when it is compiled, and after
            with pytest.raises(QuantityError):
                card.cost(usage)
        return False
    for _ in range(3):
        again = card.cost(usage)
        assert (again.total, again.input, again.output) == (ours.total, ours.input, ours.output)
        assert (again.charges, again.unpriced) == (ours.charges, ours.unpriced)
    assert theirs is not None, usage
    assert (ours.total, ours.input, ours.output) == (
        theirs.total_price,
        theirs.input_price,
        theirs.output_price,
    )
    assert sum((charge.amount for charge in ours.charges), Decimal(0)) == pytest.approx(
        ours.total, rel=Decimal("1e-25")
    )
    whole = [total for _, total in Shortlist([card]).totals(usage)]
    assert whole == ([] if ours.unpriced else [ours.total])
    assert [total for _, total in Shortlist([card]).cheapest(usage)] == whole
    assert [card.total(usage)] == whole if whole else ours.unpriced  # compiled by now
    return True


def nothing_on_record(model, on: datetime, context: dict[str, str]) -> bool:
    """Whether genai-prices would answer with $0, or with the standard price in place of the variant."""
    prices = model.get_prices(on, context)
    return not any(price is not None for price in vars(prices).values()) or prices == model.get_prices(on)


def contradicts(usage) -> bool:
    dimensions = {key: unit_data[key]["dimensions"].items() for key in usage}
    return any(
        dimensions[whole] < dimensions[part] and usage[part] > usage[whole]
        for whole in usage
        for part in usage
    )


def consistent(draw, model) -> dict[str, int | Decimal]:
    """Usage in which every whole is at least the sum of its parts, in the units that the model has rates for and some others."""
    keys = draw(
        st.lists(st.sampled_from([key for key in unit_data if key != "requests"]), max_size=5, unique=True)
    )
    standard = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    by_price_key = {unit["price_key"]: key for key, unit in unit_data.items()}
    priced = [by_price_key[key] for entry in standard for key in vars(entry.prices)]
    wanted = {key for key in (*keys, *priced) if key != "requests"}
    usage: dict[str, int | Decimal] = {}
    for key in sorted(wanted, key=lambda key: -len(unit_data[key]["dimensions"])):
        parts = [
            usage[part]
            for part in usage
            if unit_data[key]["dimensions"].items() < unit_data[part]["dimensions"].items()
        ]
        usage[key] = sum(parts, draw(COUNTS))
    return usage


@pytest.fixture(scope="module")
def knowledge(compiled_knowledge):
    with KnowledgeBase.open(compiled_knowledge) as base:
        yield base


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_model_any_usage(knowledge, data):
    provider, model = data.draw(st.sampled_from(MODELS))
    context = data.draw(st.sampled_from(contexts(model)))
    on = data.draw(st.one_of(st.sampled_from(moments(model)), st.datetimes(timezones=st.just(UTC))))
    try:
        card = knowledge.prices.card(record(provider.id, model.id), on, PriceTerms.of(context))
    except NoPriceError:
        assert nothing_on_record(model, on, context)
        return
    free = {
        key: data.draw(COUNTS)
        for key in data.draw(st.sets(st.sampled_from(sorted(set(unit_data) - {"requests"})), max_size=4))
    }
    usage = data.draw(st.one_of(st.just(free), st.composite(consistent)(model)))
    agree(card, provider.id, model, usage, on, context)


def test_every_model_variant_and_moment(knowledge):
    """One rich usage through all that is on record, below and above every context tier."""
    priced = 0
    for provider, model in MODELS:
        standard = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
        thresholds = {
            tier.start
            for entry in (*standard, *(model.price_variants or ()))
            for price in vars(entry.prices).values()
            for tier in getattr(price, "tiers", ())
        }
        for context in contexts(model):
            for on in moments(model):
                try:
                    card = knowledge.prices.card(record(provider.id, model.id), on, PriceTerms.of(context))
                except NoPriceError:
                    assert nothing_on_record(model, on, context)
                    continue
                for size in {1_000_003, *thresholds, *(above + 1 for above in thresholds)}:
                    usage = rich_usage(card, size)
                    assert agree(card, provider.id, model, usage, on, context), (provider.id, model.id, usage)
                    priced += 1
    assert priced > 8_000


def rich_usage(card: RateCard, input_tokens: int) -> dict[str, int]:
    """A different count for each unit that has a rate; the whole of each is larger than its parts."""
    usage: dict[str, int] = {"input_tokens": input_tokens, "output_tokens": 700_001}
    for index, key in enumerate(sorted(card.rates)):
        if key not in usage and key != "requests":
            usage[key] = 3 + 7 * index if len(unit_data[key]["dimensions"]) > 2 else 400 + index
    for key in sorted(usage, key=lambda key: -len(unit_data[key]["dimensions"])):
        own = unit_data[key]["dimensions"].items()
        parts = sum(usage[part] for part in usage if own < unit_data[part]["dimensions"].items())
        if key != "input_tokens":
            usage[key] = max(usage[key], parts)
    return usage
