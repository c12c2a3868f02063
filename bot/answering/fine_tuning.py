"""What fine-tuning costs: hosted, per training token and epoch; or LoRA, QLoRA and full tuning on rented GPUs."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.compute import (
    DEFAULT_MFU,
    find_gpu,
    gpu_hours,
    gpu_price,
    peak_citation,
    stated_price,
    training_flops,
)
from bot.answering.context import Context, NoAnswer, answered, citation, unique_citations
from bot.answering.load import to_tokens
from bot.answers import Answer, Citation, Figure, Step
from bot.presentation import format_amount
from bot.questions import FineTuningQuestion
from knowledge.lazy_dataclass import replace
from knowledge.rules import FineTuningPrice

DEFAULT_EPOCHS = Decimal(1)
"""One pass over the data; said whenever it is used, since jobs often take two or three."""
PER_TRAINING_TOKENS = "1M training tokens"
PER_HOUR = "hour"
_MILLION = Decimal(10) ** 6


def answer_fine_tuning(question: FineTuningQuestion, context: Context) -> Answer:
    """Hosted prices where the model has one on record; rented GPUs where GPUs are named or the model is open."""
    if question.beside:
        return _side_by_side(question, context)
    hourly = _hourly_price(question, context)
    if hourly is not None:
        return _by_the_hour(question, hourly, context)
    if question.gpu is not None or question.hours is not None or question.usd_per_gpu_hour is not None:
        return _on_gpus(question, context)
    prices = _prices(question, context)
    if prices:
        return _hosted(question, prices, context)
    if question.parameters is not None:
        return _on_gpus(question, context)
    if question.model is not None and question.model.model is None and question.model.how == "unknown":
        context.model(question.model)
    if question.model is not None or question.model_name is not None:
        name = question.model.mention if question.model else question.model_name
        raise NoAnswer("not_found", f"No fine-tuning price of “{name}” is on record.", _known_prices(context))
    raise NoAnswer("clarify", "Which model shall be fine-tuned, and on how many tokens (or examples)?")


def _side_by_side(question: FineTuningQuestion, context: Context) -> Answer:
    """The same for several models: the first figure of each, then the rest."""
    refs = (question.model, *question.beside)
    answers = [answer_fine_tuning(replace(question, model=ref, beside=()), context) for ref in refs]
    return answered(
        "fine_tuning",
        " ".join(answer.headline for answer in answers),
        figures=(
            *(answer.figures[0] for answer in answers),
            *(figure for answer in answers for figure in answer.figures[1:]),
        ),
        steps=tuple(step for answer in answers for step in answer.steps),
        assumptions=tuple(dict.fromkeys(note for answer in answers for note in answer.assumptions)),
        citations=unique_citations([item for answer in answers for item in answer.citations]),
    )


def price_name(price: FineTuningPrice) -> str:
    """What a price is for, as a label: the model, or the provider with the sizes, and the method."""
    what = price.model or "open models"
    if price.model is None and price.parameters_to is not None:
        low = (
            f"{format_amount(price.parameters_from / 10**9, '')}B to " if price.parameters_from else "up to "
        )
        what = f"models of {low}{format_amount(price.parameters_to / 10**9, '')}B"
    method = f", {price.method}" if price.method else ""
    return f"{what} at {price.provider}{method}"


def _key(name: str) -> str:
    """A model's name without what people write in different ways: "GPT-4o mini" is "gpt4omini"."""
    return "".join(c for c in name.lower() if c.isalnum())


def _known_prices(context: Context) -> tuple[str, ...]:
    names = [price_name(price) for price in context.knowledge.rules.fine_tuning_prices]
    return (f"On record: {', '.join(names)}.",) if names else ()


def _prices(question: FineTuningQuestion, context: Context) -> list[FineTuningPrice]:
    """The prices per training token on record for the model by name, or for an open model of its size."""
    rules = context.knowledge.rules
    names = [
        name
        for name in (
            (question.model.model, question.model.mention) if question.model else (question.model_name,)
        )
        if name
    ]
    provider = _seller(question.provider, context) if question.provider else None
    keys = {_key(name.removeprefix("ft:")) for name in names}
    found = [
        price
        for price in rules.fine_tuning_prices
        if price.model is not None
        and _key(price.model) in keys
        and (provider is None or price.provider == provider)
    ]
    if not found and question.parameters is not None:
        found = rules.fine_tuning(provider=provider, parameters=question.parameters)
    return [price for price in found if price.per == PER_TRAINING_TOKENS and price.method is None]


def _hourly_price(question: FineTuningQuestion, context: Context) -> FineTuningPrice | None:
    """The price of an hour of training, for a model that is tuned at such a price and at no other."""
    if question.model is None or question.model.model is None or question.gpu or question.usd_per_gpu_hour:
        return None
    keys = {_key(question.model.model), _key(question.model.mention)}
    prices = [
        price
        for price in context.knowledge.rules.fine_tuning_prices
        if price.model is not None and _key(price.model) in keys
    ]
    by_hour = next((price for price in prices if price.per == PER_HOUR), None)
    by_tokens = any(price.per == PER_TRAINING_TOKENS for price in prices)
    return by_hour if question.method == "reinforcement" or not by_tokens else None


def _by_the_hour(question: FineTuningQuestion, price: FineTuningPrice, context: Context) -> Answer:
    """Reinforcement fine-tuning, which is billed by the hour of training."""
    citations = [citation(price.source, statement) for statement in price.statements]
    name, source = price_name(price), price.source.id
    rate = Figure(label=name, amount=price.low, unit="USD", per=PER_HOUR, source=source)
    figures: tuple[Figure, ...] = (rate,)
    steps: tuple[Step, ...] = ()
    if question.hours is None:
        context.note("Billed by the hour of training, whatever the tokens.")
        headline = f"{name}: {format_amount(price.low, 'USD')} per hour of training."
    else:
        amount = question.hours * price.low
        total = Figure(label=name, amount=amount, unit="USD", source=source)
        headline = f"{name}: {format_amount(amount, 'USD')} for {format_amount(question.hours, 'hours')} of training."
        figures = (total, rate)
        steps = (
            Step(
                label=name,
                count=question.hours,
                count_unit="hours",
                rate=price.low,
                rate_per=PER_HOUR,
                amount=amount,
            ),
        )
    return answered(
        "fine_tuning",
        headline,
        figures=figures,
        steps=steps,
        assumptions=tuple(dict.fromkeys(context.notes)),
        citations=unique_citations(citations),
    )


def _seller(provider: str, context: Context) -> str:
    """A provider as prices of fine-tuning name it ("Fireworks AI", where price lists say "Fireworks")."""
    name = context.provider_name(provider)
    sellers = {price.provider for price in context.knowledge.rules.fine_tuning_prices}
    return next((seller for seller in sellers if _key(seller).startswith(_key(name))), name)


def _tokens(question: FineTuningQuestion, notes: list[str]) -> Decimal | None:
    """Tokens of the dataset, once."""
    if question.examples is not None and question.tokens_per_example is not None:
        return question.examples * question.tokens_per_example
    if question.dataset is not None:
        return to_tokens(question.dataset, notes)
    return None


def _epochs(question: FineTuningQuestion, context: Context) -> Decimal:
    if question.epochs is None:
        context.note("One epoch (one pass over the data); each further one costs the same again.")
        return DEFAULT_EPOCHS
    if question.epochs <= 0:
        raise NoAnswer("error", "The number of epochs must be more than zero.")
    return question.epochs


def _hosted(question: FineTuningQuestion, prices: list[FineTuningPrice], context: Context) -> Answer:
    tokens = _tokens(question, context.notes)
    citations = [citation(price.source, statement) for price in prices for statement in price.statements]
    if tokens is None:
        if question.examples is not None:
            raise NoAnswer("clarify", "How many tokens does one example have?")
        figures = [
            Figure(
                label=price_name(price),
                amount=price.low,
                unit="USD",
                per="1M training tokens",
                source=price.source.id,
            )
            for price in prices
        ]
        return answered(
            "fine_tuning",
            "; ".join(
                f"{price_name(price)}: {format_amount(price.low, 'USD')} per 1M training tokens"
                for price in prices[:3]
            )
            + ".",
            figures=tuple(figures),
            assumptions=tuple(context.notes),
            citations=unique_citations(citations),
        )
    epochs = _epochs(question, context)
    trained = tokens * epochs
    figures = []
    steps = []
    for price in prices:
        amount = trained * price.low / _MILLION
        figures.append(Figure(label=price_name(price), amount=amount, unit="USD", source=price.source.id))
        steps.append(
            Step(
                label=price_name(price),
                count=trained,
                count_unit="training tokens",
                rate=price.low,
                rate_per="1M training tokens",
                amount=amount,
            )
        )
    for price in prices:
        if price.high != price.low:
            amount = trained * price.high / _MILLION
            figures.append(
                Figure(
                    label=f"{price_name(price)}, upper end", amount=amount, unit="USD", source=price.source.id
                )
            )
    figures.append(Figure(label="Training tokens", amount=trained, unit="tokens"))
    return answered(
        "fine_tuning",
        f"{price_name(prices[0])}: {format_amount(figures[0].amount, 'USD')} for {format_amount(tokens, 'tokens')}"
        f" × {format_amount(epochs, 'epochs')}.",
        figures=tuple(figures),
        steps=tuple(steps),
        assumptions=tuple(
            dict.fromkeys([*context.notes, "Training alone; running the tuned model is charged apart."])
        ),
        citations=unique_citations(citations),
    )


def _on_gpus(question: FineTuningQuestion, context: Context) -> Answer:
    """Rented GPUs: stated hours, or the compute of the method over the dataset."""
    gpu = find_gpu(question.gpu, context)
    price = gpu_price(gpu, stated_price(question, context), question.provider, context)
    citations: list[Citation] = [*price.citations]
    if question.hours is not None:
        needed = question.hours * (question.gpus or Decimal(1))
    else:
        needed = _computed_hours(question, context, citations)
    amount = needed * price.usd_per_hour
    figures = [
        Figure(label="GPU rental", amount=amount, unit="USD", source=citations[0].id if citations else None),
        Figure(label="GPU time", amount=needed, unit="GPU-hours"),
    ]
    return answered(
        "fine_tuning",
        f"{format_amount(amount, 'USD')} for {format_amount(needed, 'GPU-hours')} on {gpu.name}.",
        figures=tuple(figures),
        steps=(
            Step(
                label="Rental",
                count=needed,
                count_unit="GPU-hours",
                rate=price.usd_per_hour,
                rate_per="GPU-hour",
                amount=amount,
            ),
        ),
        assumptions=tuple(dict.fromkeys(context.notes)),
        citations=unique_citations(citations),
    )


def _computed_hours(question: FineTuningQuestion, context: Context, citations: list[Citation]) -> Decimal:
    if question.parameters is None:
        raise NoAnswer("clarify", "How many parameters does the model have (for example 7B)?")
    tokens = _tokens(question, context.notes)
    if tokens is None:
        raise NoAnswer("clarify", "How many tokens does the dataset have?")
    gpu = find_gpu(question.gpu, context)
    epochs = _epochs(question, context)
    flops = training_flops(question.parameters, tokens * epochs)
    if question.method in ("lora", "qlora"):
        # Frozen weights need no gradients of their own: forward and the gradient of activations, 4 of the 6 FLOPs.
        flops = flops * 4 / 6
        context.note("LoRA: 4 FLOPs per parameter and token (no gradients of the frozen weights).")
    else:
        context.note("Full fine-tuning: 6 FLOPs per parameter and token.")
    context.note(f"{format_amount(DEFAULT_MFU * 100, 'percent')} of the GPU's dense bf16 peak is used (MFU).")
    citations.extend(peak_citation(gpu))
    return gpu_hours(flops, gpu, DEFAULT_MFU)
