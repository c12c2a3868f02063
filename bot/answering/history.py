"""How a model's price has changed: then and now, and every change that the price list knows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.rates import card_citation, moment, ordered_units, rate_figure, rate_summary
from bot.answers import Answer, Citation, Figure
from bot.errors import AicostError
from bot.presentation import format_amount
from bot.questions import HistoryQuestion, ModelRef
from knowledge.lazy_dataclass import replace
from knowledge.prices import PriceChange, RateCard
from knowledge.records import FIRST_PRICES, Model

_ANNOUNCED = "announced from"
_UNITS = ("input_tokens", "cache_read_tokens", "output_tokens")


def answer_history(question: HistoryQuestion, context: Context) -> Answer:
    """Today's rates and those of the day asked for (or before the last change), with every dated change on record."""
    if not question.models:
        raise NoAnswer("clarify", "Which model's price history do you want?")
    ahead = question.since is not None and question.since > context.today
    question = _up_to_today(question, context)
    for day in (question.since, question.until):
        context.refuse_day(day if day is None else max(day, FIRST_PRICES))
    figures: list[Figure] = []
    citations: list[Citation] = []
    headlines: list[str] = []
    details: list[str] = []
    for ref in question.models:
        model = _with_history(ref, context.model(ref), context)
        headline, own = _one(question, model, context, citations, details)
        headlines.append(headline)
        figures.extend(_announced_first(own) if ahead else own)
    return answered(
        "history",
        " ".join(headlines),
        figures=tuple(figures),
        assumptions=tuple(context.notes),
        citations=unique_citations(citations),
        details=tuple(details),
    )


def _up_to_today(question: HistoryQuestion, context: Context) -> HistoryQuestion:
    """A question about what is to come asks for what is announced, which is among all that is told of a price."""
    since, until = question.since, question.until
    if until is not None and until > context.today:
        until = None
    if since is not None and since >= context.today:
        since = None
    return replace(question, since=since, until=until)


def _with_history(ref: ModelRef, model: Model, context: Context) -> Model:
    """A family whose newest member is too new for a history: its name that always means the newest ("mistral-medium-latest")."""
    if ref.how != "family" or any(change.valid_from for change in context.knowledge.prices.history(model)):
        return model
    try:
        latest = context.knowledge.catalogue.get(
            model.provider, f"{'-'.join(ref.mention.lower().split())}-latest"
        )
    except AicostError:
        return model
    if not any(change.valid_from for change in context.knowledge.prices.history(latest)):
        return model
    context.note(f"The history is that of {latest.display_name}.")
    return latest


def _announced_first(figures: list[Figure]) -> list[Figure]:
    """Where the question is about what is to come, the announced rates stand first."""
    return sorted(figures, key=lambda figure: _ANNOUNCED not in figure.label)


def _one(
    question: HistoryQuestion, model: Model, context: Context, citations: list[Citation], details: list[str]
) -> tuple[str, list[Figure]]:
    prices = context.knowledge.prices
    now = prices.card(model, moment(question.until))
    citations.append(card_citation(now))
    changes = [
        change for change in prices.history(model) if change.valid_from is not None and change.unit in _UNITS
    ]
    days = sorted({change.valid_from for change in changes if change.valid_from is not None})
    details.extend(_change_lines(model, changes, days))
    past = [day for day in days if day <= context.today]
    announced, coming = _announced(model, [day for day in days if day > context.today], now, context)
    if not past:
        headline = f"{model.display_name}: no change of its price is on record; it is {rate_summary(now)}."
        if coming:
            headline = f"{model.display_name}: {rate_summary(now)} now{announced}."
        return headline, [*_rate_figures(now, context, " (now)"), *coming]
    before = _day_before(question, past)
    then = prices.card(model, moment(before))
    label = f" ({before.isoformat()})" if question.since else f" (before {past[-1].isoformat()})"
    figures = [
        *_rate_figures(then, context, label),
        *_between(model, [day for day in past if before < day], now, context),
        *_rate_figures(now, context, " (now)" if question.until is None else f" ({question.until})"),
        *coming,
    ]
    figures.append(_date_figure(f"{model.display_name}, last change", past[-1], model))
    until = "now" if question.until is None else f"on {question.until}"
    was, is_now = f"{rate_summary(then)} {label.strip(' ()')}", f"{rate_summary(now)} {until}"
    return f"{model.display_name}: {was}, {is_now}{_percent(then, now)}{announced}.", figures


def _between(model: Model, days: list[date], now: RateCard, context: Context) -> list[Figure]:
    """The rates after each change between the day before them and the last one, which holds now."""
    figures: list[Figure] = []
    for day in days:
        card = context.knowledge.prices.card(model, moment(day))
        if card.valid_from != now.valid_from:
            figures += _rate_figures(card, context, f" (from {day.isoformat()})")
    return figures


def _announced(model: Model, days: list[date], now: RateCard, context: Context) -> tuple[str, list[Figure]]:
    """Prices that the list names for a later day, as words and figures."""
    if not days:
        return "", []
    day = days[0]
    card = context.knowledge.prices.card(model, moment(day))
    context.note("An announced price; it can still change.")
    figures = [
        *_rate_figures(card, context, f" ({_ANNOUNCED} {day.isoformat()})"),
        _date_figure(f"{model.display_name}, next change", day, model),
    ]
    return f"; announced from {day.isoformat()}: {rate_summary(card)}{_percent(now, card)}", figures


def _date_figure(label: str, day: date, model: Model) -> Figure:
    return Figure(
        label=label,
        amount=Decimal(day.strftime("%Y%m%d")),
        unit="date",
        model=model.id,
        provider=model.provider,
    )


def _day_before(question: HistoryQuestion, days: list[date]) -> date:
    if question.since is not None:
        return question.since
    return date.fromordinal(days[-1].toordinal() - 1)


def _rate_figures(card: RateCard, context: Context, suffix: str) -> list[Figure]:
    return [rate_figure(card, unit, context, suffix=suffix) for unit in ordered_units(card) if unit in _UNITS]


def _percent(then: RateCard, now: RateCard) -> str:
    old, new = then.rates.get("input_tokens"), now.rates.get("input_tokens")
    if old is None or new is None or not old.price or old.price == new.price:
        return (
            "" if old is not None and new is not None and old.price != new.price else ", unchanged for input"
        )
    change = (new.price / old.price - 1) * 100
    return f", {format_amount(abs(change), 'percent')} {'more' if change > 0 else 'less'} for input"


def _change_lines(model: Model, changes: list[PriceChange], days: list[date]) -> list[str]:
    lines = []
    for day in days:
        rates = {change.unit: change.rate for change in changes if change.valid_from == day}
        words = {"input_tokens": "in", "cache_read_tokens": "cached", "output_tokens": "out"}
        parts = ", ".join(f"{format_amount(rates[u].price, 'USD')} {words[u]}" for u in _UNITS if u in rates)
        lines.append(f"From {day.isoformat()}: {model.display_name} {parts} per 1M tokens.")
    return lines
