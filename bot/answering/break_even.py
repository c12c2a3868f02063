"""From what volume on own hosting beats an API; and, without numbers, the routes to a model of one's own side by side."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.bills import bill
from bot.answering.compute import (
    DEFAULT_MFU,
    TOKENS_PER_PARAMETER,
    find_gpu,
    gpu_hours,
    gpu_price,
    peak_citation,
    stated_price,
    training_flops,
)
from bot.answering.context import Context, NoAnswer, answered, citation, unique_citations
from bot.answering.fine_tuning import PER_TRAINING_TOKENS, price_name
from bot.answering.fits import fit_sentence
from bot.answering.load import load_of
from bot.answering.money import in_usd
from bot.answering.rates import card_citation, card_notes, rate_summary
from bot.answering.self_hosting import hours_in
from bot.answers import Answer, Citation, Figure
from bot.errors import NoPriceError
from bot.presentation import format_amount
from bot.questions import BreakEvenQuestion, Period, SelfHostingQuestion
from knowledge.lazy_dataclass import replace
from knowledge.prices import RateCard

_MILLION = Decimal(10) ** 6
_BLEND = (Decimal(3), Decimal(1))
_MONTH: Period = "month"
_ROUTE_PARAMETERS = Decimal(7) * 10**9
"""The small model that the route "from scratch" is priced for: 7 billion parameters."""
_ROUTE_QUERIES = (
    "view on training your own model",
    "advice to founders on training models",
    "training your own model cost range",
    "fine-tuning as a cheaper alternative to training",
)


def answer_break_even(question: BreakEvenQuestion, context: Context) -> Answer:
    """The volume at which the fixed cost of hosting equals the API's bill."""
    if question.routes:
        return _routes(question, context)
    if question.model is None:
        raise NoAnswer("clarify", "Against which API model shall I compare (for example gpt-5-mini)?")
    model = context.model(question.model)
    card = context.knowledge.prices.card(model)
    card_notes(card, context)
    citations: list[Citation] = [card_citation(card)]
    monthly = _monthly_cost(question, context, citations)
    per_million = _api_price(question, card, context)
    if not per_million:
        raise NoAnswer("error", f"{model.display_name} costs nothing, so nothing breaks even with it.")
    tokens = monthly / per_million * _MILLION
    figures = [
        Figure(label="Break-even volume", amount=tokens, unit="tokens", per=_MONTH),
        Figure(
            label="Own hosting",
            amount=monthly,
            unit="USD",
            per=_MONTH,
            source=citations[-1].id if len(citations) > 1 else None,
        ),
        Figure(
            label=f"{model.display_name} per 1M tokens",
            amount=per_million,
            unit="USD",
            per="1M tokens",
            model=model.id,
            provider=model.provider,
            source=card.source.id,
        ),
    ]
    extra, sentence = _against_workload(question, context, monthly)
    figures.extend(extra)
    hosting = question.hosting
    if hosting.gpu is not None:
        gpu = find_gpu(hosting.gpu, context)
        sentence += fit_sentence(hosting.model_name, gpu, hosting.gpus or Decimal(1))
    context.note("Whether the GPUs can serve that volume is not checked; quality of the models may differ.")
    return answered(
        "break_even",
        f"Own hosting at {format_amount(monthly, 'USD')} a month pays off above {format_amount(tokens, 'tokens')} a month, "
        f"against {model.display_name} at {format_amount(per_million, 'USD')} per 1M tokens.{sentence}",
        figures=tuple(figures),
        assumptions=tuple(dict.fromkeys(context.notes)),
        citations=unique_citations(citations),
    )


def _monthly_cost(question: BreakEvenQuestion, context: Context, citations: list[Citation]) -> Decimal:
    """The fixed cost of hosting a month: as stated, or GPUs at a rental price round the clock."""
    if question.fixed_cost is not None:
        usd = in_usd(question.fixed_cost, context)
        factor = {"day": Decimal(30), "week": Decimal(30) / 7, "year": Decimal(1) / 12}.get(
            question.fixed_cost.per or _MONTH, Decimal(1)
        )
        return usd * factor
    hosting = question.hosting
    gpu = find_gpu(hosting.gpu, context)
    price = gpu_price(gpu, stated_price(hosting, context), hosting.provider, context)
    citations.extend(price.citations)
    count = hosting.gpus or Decimal(1)
    if hosting.gpus is None:
        context.note("One GPU.")
    if hosting.hours_per_day is None:
        context.note("The GPUs run 24 hours a day; 1 month = 30 days.")
    return count * price.usd_per_hour * hours_in(_MONTH, hosting)


def _api_price(question: BreakEvenQuestion, card: RateCard, context: Context) -> Decimal:
    """US dollars per million tokens: by the workload's own mix of input and output, else three to one."""
    workload = question.workload
    into, out = _BLEND
    if workload.input is not None and workload.output is not None:
        load = load_of(workload)
        into, out = load.input_tokens, load.output_tokens
    else:
        context.note("Three input tokens to one output token.")
    usage = {"input_tokens": into, "output_tokens": out}
    return card.cost(usage).total / (into + out) * _MILLION


def _against_workload(
    question: BreakEvenQuestion, context: Context, monthly: Decimal
) -> tuple[list[Figure], str]:
    """Where a volume is given: its API bill beside the hosting cost."""
    workload = question.workload
    if (
        workload.requests is None and workload.volume is None and workload.volume_input is None
    ) or question.model is None:
        return [], ""
    made = bill(context.model(question.model), workload, context)
    if made.load.per is None:
        return [], ""
    api = made.per(_MONTH)
    figure = Figure(
        label="API bill for your volume",
        amount=api,
        unit="USD",
        per=_MONTH,
        model=made.model.id,
        provider=made.model.provider,
        source=made.card.source.id,
    )
    cheaper = "the API" if api < monthly else "own hosting"
    difference = format_amount(abs(api - monthly), "USD")
    return (
        [figure],
        f" At your volume the API costs {format_amount(api, 'USD')} a month: {cheaper} is {difference} cheaper.",
    )


# ---- the routes -------------------------------------------------------------------------------------------------


def _routes(question: BreakEvenQuestion, context: Context) -> Answer:
    """API, fine-tuning, own hosting, training from scratch: what each costs at the least, and what cited people said."""
    figures: list[Figure] = []
    citations: list[Citation] = []
    _api_route(question, context, figures, citations)
    _tuning_route(context, figures, citations)
    _hosting_route(context, figures, citations)
    _scratch_route(context, figures, citations)
    details = _voices(context, citations)
    return answered(
        "break_even",
        "Four routes, from the cheapest to start with to the dearest: an API, fine-tuning, hosting an open model, training from"
        " scratch.",
        figures=tuple(figures),
        details=details,
        assumptions=tuple(context.notes),
        citations=unique_citations(citations),
    )


def _api_route(
    question: BreakEvenQuestion, context: Context, figures: list[Figure], citations: list[Citation]
) -> None:
    resolution = context.knowledge.catalogue.resolve(question.model.mention if question.model else "gpt")
    if resolution.model is None:
        return
    try:
        card = context.knowledge.prices.card(resolution.model)
    except NoPriceError:
        return
    into, out = _BLEND
    blended = card.cost({"input_tokens": into, "output_tokens": out}).total / (into + out) * _MILLION
    citations.append(card_citation(card))
    context.note(
        f"API: {card.model.display_name} ({rate_summary(card)}), three input tokens to one output token."
    )
    figures.append(
        Figure(
            label=f"API: {card.model.display_name}",
            amount=blended,
            unit="USD",
            per="1M tokens",
            model=card.model.id,
            provider=card.model.provider,
            source=card.source.id,
        )
    )


def _tuning_route(context: Context, figures: list[Figure], citations: list[Citation]) -> None:
    prices = [
        price for price in context.knowledge.rules.fine_tuning_prices if price.per == PER_TRAINING_TOKENS
    ]
    if not prices:
        return
    cheapest = min(prices, key=lambda price: price.low)
    citations.append(citation(cheapest.source, cheapest.statements[0]))
    figures.append(
        Figure(
            label=f"Fine-tuning: {price_name(cheapest)}",
            amount=cheapest.low,
            unit="USD",
            per=PER_TRAINING_TOKENS,
            source=cheapest.source.id,
        )
    )


def _hosting_route(context: Context, figures: list[Figure], citations: list[Citation]) -> None:
    gpu = find_gpu(None, context)
    price = gpu_price(gpu, None, None, context)
    citations.extend(price.citations)
    monthly = price.usd_per_hour * hours_in(_MONTH, SelfHostingQuestion())
    figures.append(
        Figure(
            label=f"Own hosting: one {gpu.name}, round the clock",
            amount=monthly,
            unit="USD",
            per=_MONTH,
            source=price.citations[0].id if price.citations else None,
        )
    )


def _scratch_route(context: Context, figures: list[Figure], citations: list[Citation]) -> None:
    gpu = find_gpu(None, context)
    quiet = replace(context, notes=[])
    price = gpu_price(gpu, None, None, quiet)
    flops = training_flops(_ROUTE_PARAMETERS, _ROUTE_PARAMETERS * TOKENS_PER_PARAMETER)
    cost = gpu_hours(flops, gpu, DEFAULT_MFU) * price.usd_per_hour
    context.note(
        "From scratch: 7 billion parameters, 20 tokens per parameter, 40 % MFU, the final run alone."
    )
    citations.extend(peak_citation(gpu))
    figures.append(Figure(label="Training 7B from scratch", amount=cost, unit="USD", source=citations[-1].id))


def _voices(context: Context, citations: list[Citation]) -> tuple[str, ...]:
    """What cited people and articles said about training one's own model."""
    lines: list[str] = []
    for query in _ROUTE_QUERIES:
        for hit in context.knowledge.facts.search(query, limit=2):
            if hit.fact is not None and hit.fact.value is None and hit.fact.statement not in lines:
                lines.append(hit.fact.statement)
                citations.append(citation(hit.fact.source, hit.fact.statement))
    return tuple(lines[:6])
