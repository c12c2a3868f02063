"""Many cards at once against each card by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.base import KnowledgeBase
from knowledge.errors import QuantityError
from knowledge.prices import PriceTerms, Shortlist

NOVEMBER = datetime(2026, 11, 22, tzinfo=UTC)
KEYS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "web_searches",
    "input_audio_tokens",
)
# Around the thresholds of context tiers, and beyond what fits a sum.
COUNTS = st.sampled_from(
    [0, 1, 700, 128_000, 128_001, 200_000, 200_001, 272_001, 10**9, 10**17, Decimal("0.5"), Decimal(200_001)]
)


@pytest.fixture(scope="module")
def shortlist(compiled_knowledge) -> Iterator[Shortlist]:
    with KnowledgeBase.open(compiled_knowledge) as knowledge:
        models = knowledge.catalogue.models(modality=None, include_deprecated=True)
        yield Shortlist(knowledge.prices.cards(models, NOVEMBER))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), COUNTS, max_size=4))
def test_the_cheapest_are_the_least_totals(shortlist, usage):
    each = list(shortlist.totals(usage, requests=7))
    expected = sorted(each, key=lambda entry: entry[1])
    found = shortlist.cheapest(usage, requests=7, limit=len(shortlist.cards))
    assert [(card.model.id, total) for card, total in found] == [
        (card.model.id, total) for card, total in expected
    ]
    assert shortlist.cheapest(usage, requests=7) == found[:1]


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), COUNTS, max_size=3), st.integers(1, 5))
def test_a_limit_cuts_the_same_list(shortlist, usage, limit):
    assert shortlist.cheapest(usage, limit=limit) == shortlist.cheapest(usage, limit=10**6)[:limit]


@pytest.mark.parametrize("count", [-1, Decimal("NaN"), 0.5, 10**19])
def test_impossible_counts_are_refused(shortlist, count):
    for ask in (shortlist.cheapest, lambda usage: list(shortlist.totals(usage))):
        with pytest.raises(QuantityError):
            ask({"input_tokens": count})


def test_a_price_book_remembers_it(compiled_knowledge):
    with KnowledgeBase.open(compiled_knowledge) as knowledge:
        models = knowledge.catalogue.models(maker=["openai"])
        kept = knowledge.prices.shortlist(models)
        assert [card.model for card in kept.cards] == [card.model for card in knowledge.prices.cards(models)]
        assert knowledge.prices.shortlist(list(models)).cards == kept.cards
        assert knowledge.prices.shortlist(models[:5]).cards == kept.cards[:5]
        batch = knowledge.prices.shortlist(models, terms=PriceTerms(processing="batch"))
        assert 0 < len(batch.cards) < len(kept.cards)
        past = knowledge.prices.shortlist(models, datetime(2024, 6, 1, tzinfo=UTC))
        assert past.cards != kept.cards


def test_an_empty_one_has_no_cheapest():
    assert Shortlist([]).cheapest({"input_tokens": 5}) == []
    assert list(Shortlist([]).totals({"input_tokens": 5})) == []
