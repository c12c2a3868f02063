"""Rented GPUs at several providers and on special terms, tuning by the hour, announced prices."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bot.answering.dispatch import answer_questions
from bot.answers import Answer
from bot.parsing.local import LocalParser
from bot.settings import Settings
from knowledge.base import KnowledgeBase
from knowledge.currency import rate_to_usd

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def answer_to(knowledge: KnowledgeBase, plain_settings: Settings):  # type: ignore[no-untyped-def]
    parser = LocalParser(knowledge, today=NOW.date)

    def answer(text: str) -> Answer:
        return answer_questions(parser.parse(text).questions, knowledge, plain_settings, NOW)

    return answer


def test_providers_stand_side_by_side(answer_to, knowledge: KnowledgeBase) -> None:  # type: ignore[no-untyped-def]
    rates = {name: knowledge.hardware.rental("H100", name).usd_per_hour for name in ("Google Cloud", "AWS")}
    named = answer_to("gcp vs aws h100")
    assert [figure.amount for figure in named.figures[:2]] == list(rates.values())
    cheapest = answer_to("where is an h100 cheaper, gcp or aws")
    assert cheapest.figures[0].amount == min(rates.values())


def test_terms_pick_the_offer(answer_to, knowledge: KnowledgeBase) -> None:  # type: ignore[no-untyped-def]
    community = knowledge.hardware.rental("H100", "RunPod", "community")
    assert community.terms == "Community Cloud"
    assert answer_to("runpod community cloud h100 price").figures[0].amount == community.usd_per_hour


@pytest.mark.parametrize(
    ("text", "hours"),
    [("an A100 at runpod for the weekend", 48), ("A100 at runpod for 36h", 36), ("one A100, all year", 8760)],
)
def test_lengths_of_time_in_words(answer_to, knowledge: KnowledgeBase, text: str, hours: int) -> None:  # type: ignore[no-untyped-def]
    rate = knowledge.hardware.rental("A100", "RunPod").usd_per_hour
    assert answer_to(text).figures[0].amount == rate * hours


def test_more_hours_than_a_day_has_are_refused(answer_to) -> None:  # type: ignore[no-untyped-def]
    assert answer_to("an H100 for 30 hours a day").status == "error"


def test_an_unknown_gpu_is_no_obstacle_where_its_price_is_stated(answer_to) -> None:  # type: ignore[no-untyped-def]
    stated = answer_to("a 3090 at $0.25/h doing 60 tok/s: $ per million tokens?")
    assert stated.figures[0].amount == pytest.approx(Decimal("0.25") / (60 * 3600) * 10**6)
    assert answer_to("price of a 3090 per hour").status == "not_found"


def test_reinforcement_tuning_is_billed_by_the_hour(answer_to) -> None:  # type: ignore[no-untyped-def]
    rate = answer_to("how much is o4-mini RFT an hour").figures[0]
    assert rate.per == "hour"
    assert answer_to("o4-mini RFT for 3 hours").figures[0].amount == 3 * rate.amount


def test_tuning_without_epochs_is_one_pass(answer_to) -> None:  # type: ignore[no-untyped-def]
    once = answer_to("fine-tune gpt-4o mini on 2M tokens")
    assert (
        once.figures[0].amount == answer_to("fine-tune gpt-4o mini on 2M tokens, 1 epoch").figures[0].amount
    )
    assert any("One epoch" in note for note in once.assumptions)


def test_announced_prices_are_told(answer_to, knowledge: KnowledgeBase) -> None:  # type: ignore[no-untyped-def]
    model = knowledge.catalogue.resolve("gemini 4 argon").model
    assert model is not None
    dates = {change.valid_from for change in knowledge.prices.history(model)}
    coming = next((day for day in dates if day is not None and day > date(2026, 11, 22)), None)
    if coming is None:
        pytest.skip("the installed price list announces nothing for this model any more")
    told = answer_to("when will the gemini 4 argon price go up and to what")
    assert told.kind == "history"
    assert Decimal(coming.strftime("%Y%m%d")) in [f.amount for f in told.figures if f.unit == "date"]
    assert coming.isoformat() in told.headline


def test_a_price_asked_for_in_euros_is_in_euros_first(answer_to) -> None:  # type: ignore[no-untyped-def]
    assert answer_to("haiku 5.5 price in euros").figures[0].unit == "EUR"


def test_weights_that_do_not_fit_are_said_to(answer_to) -> None:  # type: ignore[no-untyped-def]
    assert "does not fit" in answer_to("self-host llama 405b on 2 H100 vs gpt-4o api, break even?").headline
    assert "fits only in 8 bits" in answer_to("llama 70b on one H100, monthly cost").headline
    assert "bits" not in answer_to("llama 70b on 4 H100s, monthly cost").headline


def test_the_derivation_ends_at_the_headline(answer_to) -> None:  # type: ignore[no-untyped-def]
    monthly = answer_to("gpt-5.4, 5k requests a day, 1.5k in 300 out, monthly")
    assert monthly.steps[-1].amount == monthly.figures[0].amount
    assert monthly.steps[-1].count == 30
    labels = [figure.label for figure in monthly.figures]
    assert len(labels) == len(set(labels))


def test_what_costs_more_is_no_negative_saving(answer_to) -> None:  # type: ignore[no-untyped-def]
    dearer = answer_to("priority vs standard price gpt-5.4")
    assert dearer.figures[0].unit == "percent"
    assert dearer.figures[0].amount > 0
    assert dearer.figures[0].label.startswith("More")


def test_a_gpu_hour_in_euros_is_converted(answer_to) -> None:  # type: ignore[no-untyped-def]
    rate = rate_to_usd("EUR", NOW.date())
    assert rate is not None
    told = answer_to("my gpu costs 1.2 eur an hour and does 900 tokens per second, price per million tokens")
    assert told.figures[0].amount == pytest.approx(Decimal("1.2") * rate.usd / (900 * 3600) * 10**6)


def test_a_fleet_for_a_time_is_its_bill_also_when_it_trains(answer_to, knowledge: KnowledgeBase) -> None:  # type: ignore[no-untyped-def]
    rate = knowledge.hardware.rental("H100").usd_per_hour
    assert answer_to("2000 H100s for 90 days training run, cost?").figures[0].amount == 2000 * 90 * 24 * rate


def test_lengths_turn_into_each_other(answer_to) -> None:  # type: ignore[no-untyped-def]
    assert answer_to("how many words per token").figures[0].amount == Decimal("0.75")
    assert answer_to("how many tokens per page").figures[0].amount == pytest.approx(
        Decimal(500) / Decimal("0.75")
    )


@pytest.mark.parametrize(
    ("text", "unit", "count"),
    [
        ("ocr of 40,000 pages with mistral-ocr-latest", "input_document_pages", 40_000),
        ("3 million characters of speech with tts-1", "input_characters", 3_000_000),
    ],
)
def test_what_is_not_priced_by_tokens_is_priced_by_its_own_unit(
    answer_to, knowledge: KnowledgeBase, text: str, unit: str, count: int
) -> None:  # type: ignore[no-untyped-def]
    told = answer_to(text)
    assert told.figures[0].model is not None
    model = knowledge.catalogue.get(told.figures[0].provider or "", told.figures[0].model)
    rate = knowledge.prices.card(model).rates[unit]
    assert told.figures[0].amount == rate.price * count / rate.per


def test_tokens_of_a_model_without_a_token_price_are_not_free(answer_to) -> None:  # type: ignore[no-untyped-def]
    refused = answer_to("cost of 1M input tokens on whisper-1")
    assert refused.status == "not_found"
    assert not refused.figures


def test_rates_without_a_currency_or_an_hour_are_the_gpu_s(answer_to) -> None:  # type: ignore[no-untyped-def]
    assert answer_to("64 H100 over 3 months at 2.10/h").figures[0].amount == Decimal("2.1") * 64 * 2160
    free = answer_to("6B params, 120B tokens on h100 at 2.5 usd").figures[0].amount
    assert free == answer_to("6B params, 120B tokens on h100 at $2.5 per gpu hour").figures[0].amount


def test_tuning_two_models_side_by_side(answer_to) -> None:  # type: ignore[no-untyped-def]
    both = answer_to("fine-tuning gpt-4o-mini vs gpt-4o on 5M tokens, cost?")
    alone = answer_to("fine-tuning gpt-4o on 5M tokens, cost?")
    assert alone.figures[0] in both.figures


@pytest.mark.parametrize(
    "text",
    [
        "Dauer des Trainings: 7B, 300B Tokens, 128 H100",
        "¿cuánto tarda entrenar 7B con 300B tokens en 128 H100?",
        "128 H100s, N=7B, D=300B training - duration?",
    ],
)
def test_training_times_in_other_words(answer_to, text: str) -> None:  # type: ignore[no-untyped-def]
    days = answer_to("how many days to train 7B on 300B tokens with 128 H100").figures[0]
    assert days.unit == "days"
    assert answer_to(text).figures[0].amount == days.amount


def test_a_ten_page_document(answer_to) -> None:  # type: ignore[no-untyped-def]
    assert (
        answer_to("a ten-page document is how many tokens").figures[0].amount
        == answer_to("tokens in 10 pages").figures[0].amount
    )


def test_the_cheapest_cloud_is_taken_for_a_fleet(answer_to, knowledge: KnowledgeBase) -> None:  # type: ignore[no-untyped-def]
    least = min(rental.usd_per_hour for rental in knowledge.hardware.rentals("H100"))
    assert answer_to("cheapest cloud for 8 h100s for a month").figures[0].amount == least * 8 * 720


def test_hours_of_a_named_gpu_are_no_gpus(answer_to, knowledge: KnowledgeBase) -> None:  # type: ignore[no-untyped-def]
    rate = knowledge.hardware.rental("H100").usd_per_hour
    assert answer_to("price of 1000 H100 hours").figures[0].amount == 1000 * rate


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("how many H100s do I need for llama 70b in fp16?", 2),
        ("how many H200 to run a 671b in fp8", 5),
        ("how many 4090s for a 32b in 4 bit", 1),
    ],
)
def test_gpus_that_hold_the_weights(answer_to, text: str, gpus: int) -> None:  # type: ignore[no-untyped-def]
    first = answer_to(text).figures[0]
    assert (first.amount, first.unit) == (gpus, "GPUs")


def test_two_companies_are_looked_up_one_by_one(answer_to) -> None:  # type: ignore[no-untyped-def]
    both = answer_to("who makes more revenue, openai or anthropic? 2024 numbers")
    alone = [answer_to(f"{name} revenue 2024").figures[0] for name in ("openai", "anthropic")]
    assert list(both.figures[:2]) == alone


def test_a_family_has_the_history_of_its_newest_name(answer_to) -> None:  # type: ignore[no-untyped-def]
    told = answer_to("when did mistral medium get more expensive")
    assert told.figures[0].model == "mistral-medium-latest"
    assert any("history" in note for note in told.assumptions)


def test_no_epochs_are_refused_and_a_field_is_read(answer_to) -> None:  # type: ignore[no-untyped-def]
    assert answer_to("fine-tune gpt-4o on 1M tokens for 0 epochs").status == "error"
    four = answer_to("fine-tune gpt-4o on 1M tokens, n_epochs=4").figures[0].amount
    assert four == 4 * answer_to("fine-tune gpt-4o on 1M tokens, 1 epoch").figures[0].amount


def test_a_run_in_labels(answer_to) -> None:  # type: ignore[no-untyped-def]
    told = answer_to("cost est for pretraining: params 34B tokens 700B gpu B200")
    assert told.figures[0] == answer_to("cost of training 34B params on 700B tokens on B200").figures[0]


def test_weekday_hours_of_a_month(answer_to, knowledge: KnowledgeBase) -> None:  # type: ignore[no-untyped-def]
    rate = knowledge.hardware.rental("A100").usd_per_hour
    told = answer_to("how much is a month of 2xA100 if i only run it on weekdays 8h")
    assert told.figures[0].amount == 2 * 22 * 8 * rate


def test_sound_is_not_priced_as_text(answer_to) -> None:  # type: ignore[no-untyped-def]
    refused = answer_to("gpt-4o audio input price")
    assert (refused.status, refused.figures) == ("not_found", ())
    answered = answer_to("gpt-realtime audio price")
    assert {figure.per for figure in answered.figures} >= {
        "1M input audio tokens",
        "1M output audio tokens",
    }
    assert "output audio" in answered.headline


def test_boxes_with_gpus_each(answer_to, knowledge: KnowledgeBase) -> None:  # type: ignore[no-untyped-def]
    rate = knowledge.hardware.rental("H100").usd_per_hour
    assert answer_to("2 h100 boxes with 8 gpus each, monthly rent").figures[0].amount == 16 * 720 * rate


def test_many_gpus_are_told_in_full(answer_to) -> None:  # type: ignore[no-untyped-def]
    assert answer_to("99999999 H100 for a day").headline.startswith("100 million × H100")
