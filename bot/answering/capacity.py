"""How much a budget buys: requests, tokens, users, or how long it lasts."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.bills import Bill, bill, steps
from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.exact import whole
from bot.answering.load import WORDS_PER_PAGE, WORDS_PER_TOKEN, convert, load_of
from bot.answering.money import in_usd
from bot.answering.rates import card_citation, card_notes, terms_for
from bot.answers import Answer, Figure
from bot.presentation import format_amount, per_words
from bot.questions import CapacityQuestion, Period
from knowledge.lazy_dataclass import replace
from knowledge.prices import RateCard
from knowledge.records import Model


def answer_capacity(question: CapacityQuestion, context: Context) -> Answer:
    """What the budget buys of what was asked for."""
    if question.budget is None:
        raise NoAnswer("clarify", "How large is the budget?")
    if question.budget.amount <= 0:
        raise NoAnswer("error", "A budget must be more than zero.")
    model = context.model(question.model, "On which model shall the budget be spent?")
    usd = in_usd(question.budget, context)
    if question.want in ("hours", "minutes"):
        return _audio(question, model, usd, context)
    workload = question.workload
    sized = any(
        size is not None
        for size in (
            workload.input,
            workload.output,
            workload.volume,
            workload.volume_input,
            workload.volume_output,
        )
    )
    if question.want in ("tokens", "input_tokens", "output_tokens", "words", "pages") and not sized:
        return _tokens(question, model, usd, context)
    if not sized:
        raise NoAnswer("clarify", "How many tokens (or words) go in and come out per request?")
    if workload.input is not None and workload.output is None and model.modality == "text":
        raise NoAnswer("clarify", "How many tokens (or words) come out per request?")
    if (
        workload.volume is not None
        and question.want in ("requests", "users")
        and model.modality == "text"
        and not workload.volume_per
    ):
        context.note("The question does not say how many of the tokens are output; all are taken as input.")
    if question.want == "days":
        return _lasting(question, model, usd, context)
    if question.want == "users":
        return _users(question, model, usd, context)
    return _requests(question, model, usd, context)


def _budget_words(question: CapacityQuestion) -> str:
    assert question.budget is not None
    return f"{format_amount(question.budget.amount, question.budget.currency)} {per_words(question.budget.per)}".strip()


def _figure(label: str, amount: Decimal, unit: str, per: str | None, card: RateCard) -> Figure:
    return Figure(
        label=label,
        amount=amount,
        unit=unit,
        per=per,
        model=card.model.id,
        provider=card.model.provider,
        source=card.source.id,
    )


def _requests(question: CapacityQuestion, model: Model, usd: Decimal, context: Context) -> Answer:
    assert question.budget is not None
    one = replace(
        question.workload,
        requests=Decimal(1),
        requests_per=None,
        users=None,
        requests_per_user=None,
        volume_per=None,
    )
    made = bill(model, one, context)
    if not made.total:
        raise NoAnswer(
            "error", f"{model.display_name} costs nothing for that, so there is no limit to count."
        )
    count = whole(usd / made.total)
    per: Period | None = question.budget.per
    noun = "conversations" if question.workload.turns else "requests"
    if question.want in ("pages", "words"):
        return _read_and_written(question, made, count, context)
    figures = [
        _figure("Requests" if noun == "requests" else "Conversations", count, "requests", per, made.card),
        _figure("Cost of one", made.total, "USD", "request", made.card),
    ]
    if question.want_per and per and question.want_per != per:
        converted = whole(
            convert(usd / made.total, per, question.want_per, question.workload, made.load.notes)
        )
        figures.insert(
            0,
            _figure(
                f"{noun.capitalize()} per {question.want_per}",
                converted,
                "requests",
                question.want_per,
                made.card,
            ),
        )
    bought = f"{format_amount(figures[0].amount, noun)} {per_words(figures[0].per)}".rstrip()
    users = question.workload.users
    if users:
        each = _figure(
            f"{noun.capitalize()} of each user",
            whole(figures[0].amount / users),
            "requests",
            figures[0].per,
            made.card,
        )
        bought += f", {format_amount(each.amount, noun)} for each of {format_amount(users, 'users')},"
        figures.insert(0, each)
    return answered(
        "capacity",
        f"{_budget_words(question)} buys {bought}"
        + f" on {model.display_name} ({context.provider_name(model.provider)}), at {format_amount(made.total, 'USD')} each.",
        figures=tuple(figures),
        steps=steps(made),
        assumptions=tuple(dict.fromkeys([*context.notes, *made.load.notes])),
        citations=unique_citations([card_citation(made.card)]),
    )


def _tokens(question: CapacityQuestion, model: Model, usd: Decimal, context: Context) -> Answer:
    """Input and output tokens (or the words and pages that they make) for the whole budget, each on its own."""
    assert question.budget is not None
    card = context.knowledge.prices.card(
        model, None, terms_for(model, context, question.workload.batch, question.workload.service_tier)
    )
    card_notes(card, context)
    order = ["input_tokens", "output_tokens"]
    if question.want == "output_tokens" or (question.written and question.want in ("words", "pages")):
        order.reverse()
    factor, unit = Decimal(1), "tokens"
    if question.want == "words":
        factor, unit = WORDS_PER_TOKEN, "words"
        context.note("1 token = 0.75 English words.")
    elif question.want == "pages":
        factor, unit = WORDS_PER_TOKEN / WORDS_PER_PAGE, "pages"
        context.note("1 page = 500 words, 1 token = 0.75 English words.")
    figures = []
    for key in order:
        rate = card.rates.get(key)
        if rate is not None and rate.price > 0:
            word = "input" if key == "input_tokens" else "output"
            figures.append(
                _figure(
                    f"{unit.capitalize()} of {word}",
                    whole(usd * rate.per / rate.price * factor),
                    unit,
                    question.budget.per,
                    card,
                )
            )
    if not figures:
        raise NoAnswer("not_found", f"No price per token is on record for {model.display_name}.")
    if any(rate.tiers for rate in card.rates.values()):
        context.note(f"{model.display_name} costs more for long requests; the base price is used.")
    parts = " or ".join(f"{format_amount(f.amount, f.label.lower())}" for f in figures)
    return answered(
        "capacity",
        f"{_budget_words(question)} buys {parts} on {model.display_name} ({context.provider_name(model.provider)}).",
        figures=tuple(figures),
        assumptions=tuple(context.notes),
        citations=unique_citations([card_citation(card)]),
    )


def _read_and_written(question: CapacityQuestion, made: Bill, count: Decimal, context: Context) -> Answer:
    """Pages (or words) that are read and answered by a stated share of their length."""
    assert question.budget is not None
    return answered(
        "capacity",
        f"{_budget_words(question)} pays for {format_amount(count, question.want)} on {made.model.display_name}"
        f" ({context.provider_name(made.model.provider)}), what is written about them included.",
        figures=(_figure(question.want.capitalize(), count, question.want, question.budget.per, made.card),),
        steps=steps(made),
        assumptions=tuple(dict.fromkeys([*context.notes, *made.load.notes])),
        citations=unique_citations([card_citation(made.card)]),
    )


_AUDIO = ("audio_seconds", "input_audio_seconds", "output_audio_seconds")


def _audio(question: CapacityQuestion, model: Model, usd: Decimal, context: Context) -> Answer:
    """How long a recording the budget pays for."""
    assert question.budget is not None
    card = context.knowledge.prices.card(model)
    card_notes(card, context)
    rate = next((card.rates[unit] for unit in _AUDIO if unit in card.rates), None)
    if rate is None or not rate.price:
        raise NoAnswer("not_found", f"No price for a length of audio is on record for {model.display_name}.")
    length = usd * rate.per / rate.price / (3600 if question.want == "hours" else 60)
    return answered(
        "capacity",
        f"{_budget_words(question)} pays for {format_amount(length, question.want)} of audio on {model.display_name}"
        f" ({context.provider_name(model.provider)}).",
        figures=(_figure("Audio", length, question.want, question.budget.per, card),),
        assumptions=tuple(context.notes),
        citations=unique_citations([card_citation(card)]),
    )


def _users(question: CapacityQuestion, model: Model, usd: Decimal, context: Context) -> Answer:
    assert question.budget is not None
    workload = question.workload
    if workload.requests_per_user is None:
        count = workload.requests
        if count is None:
            raise NoAnswer("clarify", "How many requests does one user send a day?")
        workload = replace(
            workload,
            requests=None,
            requests_per=None,
            requests_per_user=count,
            requests_per_user_per=workload.requests_per,
        )
    made = bill(model, replace(workload, users=Decimal(1)), context)
    budget_per: Period = question.budget.per or "month"
    if question.budget.per is None:
        context.note("The budget is taken as one a month.")
    each = made.per(budget_per)
    if not each:
        raise NoAnswer(
            "error", f"{model.display_name} costs nothing for that, so there is no limit to count."
        )
    count = whole(usd / each)
    return answered(
        "capacity",
        f"{_budget_words(question)} serves {format_amount(count, 'users')} on {model.display_name},"
        f" at {format_amount(each, 'USD')} per user {per_words(budget_per)}.",
        figures=(
            _figure("Users", count, "users", None, made.card),
            _figure("Cost per user", each, "USD", budget_per, made.card),
        ),
        steps=steps(made),
        assumptions=tuple(dict.fromkeys([*context.notes, *made.load.notes])),
        citations=unique_citations([card_citation(made.card)]),
    )


def _lasting(question: CapacityQuestion, model: Model, usd: Decimal, context: Context) -> Answer:
    made = bill(model, question.workload, context, load=load_of(question.workload))
    if made.load.per is None:
        raise NoAnswer("clarify", "How many requests are there a day?")
    daily = made.per("day")
    if not daily:
        raise NoAnswer("error", f"{model.display_name} costs nothing for that, so the budget lasts for ever.")
    lasting = usd / daily
    return answered(
        "capacity",
        f"{_budget_words(question)} lasts {format_amount(lasting, 'days')} on {model.display_name},"
        f" at {format_amount(daily, 'USD')} a day.",
        figures=(
            _figure("Lasts", lasting, "days", None, made.card),
            _figure("Cost", daily, "USD", "day", made.card),
        ),
        steps=steps(made),
        assumptions=tuple(dict.fromkeys([*context.notes, *made.load.notes])),
        citations=unique_citations([card_citation(made.card)]),
    )
