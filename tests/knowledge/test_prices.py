"""What the price book answers where genai-prices would stay silent: missing terms, resellers, history, impossible counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from knowledge.base import KnowledgeBase
from knowledge.errors import NoPriceError, QuantityError
from knowledge.prices import STANDARD, PriceTerms, RateCard, Shortlist
from knowledge.records import Model

BATCH = PriceTerms(processing="batch")
NOVEMBER = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def prices(compiled_knowledge):
    with KnowledgeBase.open(compiled_knowledge) as base:
        yield base.prices


@pytest.fixture(scope="module")
def every_model(compiled_knowledge):
    with KnowledgeBase.open(compiled_knowledge) as base:
        rows = base.connection.execute("select provider, id, name from models order by rowid").fetchall()
    return [model(provider, model_id, name) for provider, model_id, name in rows]


def model(provider: str, model_id: str, name: str = "") -> Model:
    return Model(rowid=0, provider=provider, id=model_id, name=name or model_id, maker="")


def test_a_day_of_ten_thousand_requests(prices):
    bill = prices.card(model("openai", "gpt-4o"), NOVEMBER).cost(
        {"input_tokens": 500, "output_tokens": 200}, requests=10_000
    )
    assert (bill.total, bill.input, bill.output) == (Decimal("32.50"), Decimal("12.5"), Decimal(20))
    assert [
        (charge.unit, charge.count, charge.rate, charge.per, charge.amount) for charge in bill.charges
    ] == [
        ("input_tokens", 5_000_000, Decimal("2.5"), 1_000_000, Decimal("12.5")),
        ("output_tokens", 2_000_000, Decimal(10), 1_000_000, Decimal(20)),
    ]


def test_cached_tokens_are_part_of_the_input(prices):
    card = prices.card(model("openai", "gpt-4o"), NOVEMBER)
    bill = card.cost({"input_tokens": 500, "cache_read_tokens": 300})
    assert {charge.unit: charge.count for charge in bill.charges} == {
        "input_tokens": 200,
        "cache_read_tokens": 300,
    }
    assert bill.total == (200 * Decimal("2.5") + 300 * Decimal("1.25")) / 1_000_000


def test_a_tier_is_chosen_by_one_request_and_holds_for_all_of_it(prices, every_model):
    card = next(card for card in prices.cards(every_model, NOVEMBER) if card.rates["input_tokens"].tiers)
    rate = card.rates["input_tokens"]
    above, dearer = rate.tiers[0]
    at, over = card.cost({"input_tokens": above}), card.cost({"input_tokens": above + 1})
    assert (at.charges[0].tier_above, at.total) == (None, rate.price * above / rate.per)
    assert (over.charges[0].tier_above, over.total) == (above, dearer * (above + 1) / rate.per)
    many = card.cost({"input_tokens": 1000}, requests=above)
    assert many.charges[0].tier_above is None


def test_the_shortest_sound_is_billed_as_ten_seconds(prices):
    card = prices.card(model("groq", "whisper-large-v3"), NOVEMBER)
    assert card.cost({"audio_seconds": 1}).total == card.cost({"audio_seconds": 10}).total > 0
    assert card.cost({"input_audio_seconds": 1}).total == card.cost({"audio_seconds": 10}).total
    assert card.cost({"audio_seconds": 0}).total == 0
    assert card.cost({"audio_seconds": 3600}).total == card.rates["audio_seconds"].price


def test_terms_have_their_own_rates_and_say_which_are_standard(prices):
    gpt = model("openai", "gpt-4o")
    standard, batch = prices.card(gpt, NOVEMBER), prices.card(gpt, NOVEMBER, BATCH)
    assert batch.rates["input_tokens"].price * 2 == standard.rates["input_tokens"].price
    assert batch.at_standard == {"cache_read_tokens", "web_searches", "storage_searches"}
    assert batch.terms == BATCH
    assert standard.at_standard == frozenset()


@pytest.mark.parametrize(
    "terms",
    [
        BATCH,
        PriceTerms(processing="true"),
        PriceTerms(service_tier="flex"),
        PriceTerms(extra={"route": "nowhere"}),
    ],
    ids=str,
)
def test_missing_terms_are_never_the_standard_price(prices, terms):
    llama = model("groq", "llama-3.1-8b-instant", "Llama 3.1 8B")
    assert prices.card(llama, NOVEMBER).rates
    with pytest.raises(NoPriceError, match=f"No {terms} price is on record for Llama 3.1 8B at Groq"):
        prices.card(llama, NOVEMBER, terms)
    assert not prices.has_terms(llama, terms, NOVEMBER)
    assert list(prices.cards([llama], NOVEMBER, terms)) == []


def test_two_special_terms_at_once_have_no_price_unless_one_rate_is_for_both(prices):
    with pytest.raises(NoPriceError, match="batch flex service tier"):
        prices.card(model("openai", "gpt-5"), NOVEMBER, PriceTerms(processing="batch", service_tier="flex"))


def test_terms_before_their_first_day_say_from_when_they_hold(prices):
    gpt = model("openai", "gpt-4o")
    (first, *_) = [change.valid_from for change in prices.history(gpt, BATCH)]
    with pytest.raises(NoPriceError, match=f"from {first.isoformat()} on"):
        prices.card(gpt, datetime(2024, 6, 1, tzinfo=UTC), BATCH)


@pytest.mark.parametrize("word", ["default", "standard"])
def test_naming_the_standard_price_is_the_standard_price(prices, word):
    for name in ("gpt-4o", "gpt-3.5-turbo-instruct"):
        card = prices.card(model("openai", name), NOVEMBER, PriceTerms(service_tier=word))
        assert card.rates == prices.card(model("openai", name), NOVEMBER).rates
    batch = PriceTerms(processing="batch", service_tier=word)
    assert prices.card(model("openai", "gpt-4o"), NOVEMBER, batch).rates["output_tokens"].price == 5


def test_special_terms_are_those_with_rates_of_their_own(prices):
    found = prices.special_terms(model("openai", "gpt-4o"), NOVEMBER)
    assert BATCH in found
    assert PriceTerms(service_tier="default") not in found
    assert prices.special_terms(model("groq", "llama-3.1-8b-instant"), NOVEMBER) == []


def test_a_reseller_without_a_price_of_its_own_says_whose_it_is(prices):
    card = prices.card(model("azure", "gpt-4o"), NOVEMBER)
    assert card.rates == prices.card(model("openai", "gpt-4o"), NOVEMBER).rates
    assert card.via == "openai"
    assert card.comment.startswith("via fallback: Microsoft Azure lists no price of its own")
    assert card.source.id == "price-openai"
    with pytest.raises(NoPriceError, match="No batch price"):
        prices.card(model("azure", "gpt-4o"), NOVEMBER, BATCH)
    assert prices.special_terms(model("azure", "gpt-4o"), NOVEMBER) == []


@pytest.mark.parametrize(
    ("provider", "name"), [("openai", "gpt-7"), ("nobody", "gpt-4o"), ("github-copilot", "gpt-4o")]
)
def test_unknown_is_unknown_and_not_free(prices, provider, name):
    with pytest.raises(NoPriceError, match="No price is on record"):
        prices.card(model(provider, name), NOVEMBER)
    with pytest.raises(NoPriceError, match="No price is on record"):
        prices.card(model(provider, name), NOVEMBER, BATCH)


def test_usage_without_a_rate_is_named_and_not_in_the_total(prices):
    card = prices.card(model("openai", "text-embedding-3-small"), NOVEMBER)
    bill = card.cost({"input_tokens": 1000, "output_tokens": 5, "web_searches": 0})
    assert bill.unpriced == ("output_tokens",)
    assert bill.total == card.cost({"input_tokens": 1000}).total
    with pytest.raises(NoPriceError, match="output_tokens"):
        card.total({"input_tokens": 1000, "output_tokens": 5})


def test_a_part_without_a_rate_is_charged_as_its_whole(prices):
    card = prices.card(model("openai", "gpt-4"), NOVEMBER)
    assert card.rate_for("cache_read_tokens") is card.rates["input_tokens"]
    assert card.rate_for("web_searches") is card.rates.get("web_searches")
    bill = card.cost({"input_tokens": 1000, "cache_read_tokens": 400})
    assert [charge.unit for charge in bill.charges] == ["input_tokens"]
    assert bill.unpriced == ()


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": -1},
        {"input_tokens": Decimal("NaN")},
        {"input_tokens": Decimal("Infinity")},
        {"input_tokens": 10**19},
        {"input_tokens": 1.5},
        {"input_tokens": True},
        {"requests": 3},
        {"prompt_tokens": 3},
        {"input_tokens": 100, "cache_read_tokens": 101},
        {"input_tokens": 100, "cache_read_tokens": 60, "cache_write_tokens": 60},
        {"cache_read_tokens": 5},
    ],
    ids=str,
)
def test_impossible_usage_is_refused(prices, usage):
    card = prices.card(model("anthropic", "claude-opus-4-5"), NOVEMBER)
    with pytest.raises(QuantityError):
        card.cost(usage)
    with pytest.raises(QuantityError):
        card.total(usage)


@pytest.mark.parametrize("requests", [-1, Decimal("NaN"), Decimal("sNaN"), 10**19, 0.5])
def test_impossible_numbers_of_requests_are_refused(prices, requests):
    card = prices.card(model("openai", "gpt-4o"), NOVEMBER)
    for price in (
        card.cost,
        card.total,
        lambda usage, requests: list(Shortlist([card]).totals(usage, requests=requests)),
    ):
        with pytest.raises(QuantityError):
            price({"input_tokens": 5}, requests=requests)


def test_more_cached_than_input_is_refused_even_where_cached_has_no_rate(prices):
    with pytest.raises(QuantityError, match="cannot be more than input_tokens"):
        prices.card(model("openai", "gpt-4"), NOVEMBER).cost({"input_tokens": 1, "cache_read_tokens": 2})


def test_history_tells_days_and_hours(prices):
    changes = prices.history(model("deepseek", "deepseek-v4-pro"))
    into = [change for change in changes if change.unit == "input_tokens"]
    assert [change.valid_from for change in into[:2]] == [None, date(2026, 8, 17)]
    assert into[0].rate.price < into[1].rate.price
    assert into[-1].hours == ("06:00:00", "10:00:00")


def test_the_price_of_a_day_and_of_an_hour(prices):
    deepseek = model("deepseek", "deepseek-v4-pro")

    def price(on: datetime) -> Decimal:
        return prices.card(deepseek, on).rates["input_tokens"].price

    assert price(datetime(2026, 8, 16, 23, 59, tzinfo=UTC)) == Decimal("0.435")
    assert price(datetime(2026, 8, 17, tzinfo=UTC)) == Decimal("0.66")
    assert price(datetime(2026, 11, 20, 7, tzinfo=UTC)) == Decimal("1.32")
    assert price(datetime(2026, 11, 20, 7)) == Decimal("1.32")  # noqa: DTZ001 - without a zone it is UTC
    assert prices.card(deepseek, datetime(2026, 8, 17, tzinfo=UTC)).valid_from == date(2026, 8, 17)
    assert prices.card(deepseek, datetime(2026, 11, 20, 7, tzinfo=UTC)).hours == ("06:00:00", "10:00:00")


def test_many_cards_are_those_of_each_model(compiled_knowledge, every_model):
    """Read all at once or one by one: the same rates, in the order asked for."""
    usage = {"input_tokens": 150_000, "cache_read_tokens": 100_000, "output_tokens": 700}
    with KnowledgeBase.open(compiled_knowledge) as at_once, KnowledgeBase.open(compiled_knowledge) as singly:
        cards = list(at_once.prices.cards(every_model, NOVEMBER))
        singles: list[RateCard] = []
        for one in every_model:
            singles.extend(singly.prices.cards([one], NOVEMBER))
        assert [(card.model, card.rates, card.source) for card in cards] == [
            (card.model, card.rates, card.source) for card in singles
        ]
        shortlist = Shortlist(cards)
        found = {
            (card.model.provider, card.model.id): total for card, total in shortlist.totals(usage, requests=3)
        }
    whole = {(card.model.provider, card.model.id): card.cost(usage, requests=3) for card in cards}
    assert found == {key: bill.total for key, bill in whole.items() if not bill.unpriced}
    assert len(found) > 1500
    least = shortlist.cheapest(usage, requests=3, limit=5)
    assert [total for _, total in least] == sorted(found.values())[:5]
    assert all(found[(card.model.provider, card.model.id)] == total for card, total in least)


def test_a_card_that_is_asked_for_again_is_that_of_its_day(prices):
    """Also where the last card on record is the one that holds now."""
    gpt, deepseek = model("openai", "gpt-4o"), model("deepseek", "deepseek-v4-flash")
    assert prices.card(gpt) is prices.card(gpt) is next(prices.cards([gpt]))
    batch = prices.card(gpt, None, BATCH)
    assert prices.card(gpt, None, PriceTerms(service_tier="default")).terms == PriceTerms(
        service_tier="default"
    )
    assert prices.card(gpt).terms == STANDARD
    assert prices.card(gpt, None, BATCH) is batch
    assert prices.card(deepseek, NOVEMBER.replace(hour=7)).hours
    assert not prices.card(deepseek, NOVEMBER).hours


def test_a_dated_price_and_the_one_before_it(prices, every_model):
    now = datetime.now(UTC).date()
    lasts = [(one, changes[-1]) for one in every_model if (changes := prices.history(one))]
    dated = [
        (one, last) for one, last in lasts if last.valid_from and last.valid_from <= now and not last.hours
    ]
    assert len(dated) > 100
    for one, last in dated:
        first_day = datetime(last.valid_from.year, last.valid_from.month, last.valid_from.day, tzinfo=UTC)
        for _ in range(2):
            assert prices.card(one).valid_from == last.valid_from
            assert [card.valid_from for card in prices.cards([one])] == [last.valid_from]
            assert prices.card(one, first_day).valid_from == last.valid_from
            assert [card.valid_from for card in prices.cards([one], first_day - timedelta(days=1))] != [
                last.valid_from
            ]


def test_the_source_is_the_provider_s_own_page(prices):
    source = prices.card(model("openai", "gpt-4o"), NOVEMBER).source
    assert source.url == "https://developers.openai.com/api/docs/pricing"
    assert source.title.startswith("OpenAI list prices, from genai-prices ")
    assert source.as_of


def test_terms_compare_by_value():
    assert PriceTerms(extra={"route": "x"}) == PriceTerms.of({"route": "x"})
    assert len({PriceTerms(processing="batch"), BATCH, STANDARD, PriceTerms()}) == 2
    assert (str(BATCH), str(PriceTerms(service_tier="flex")), str(STANDARD)) == (
        "batch",
        "flex service tier",
        "",
    )


def test_lines_are_those_of_the_usage_when_the_bill_was_made(prices):
    card = prices.card(model("openai", "gpt-4o"), NOVEMBER)
    usage = {"input_tokens": 1000, "output_tokens": 200}
    for _ in range(4):
        bill = card.cost(usage, requests=3)
        usage["input_tokens"] += 1
        made = usage["input_tokens"] - 1
        assert [charge.count for charge in bill.charges] == [3 * made, 600]
        assert bill.total == sum(charge.amount for charge in bill.charges) == bill.input + bill.output
    with pytest.raises(AttributeError):
        bill.price  # noqa: B018
