"""How many tokens a text, or a number of words, pages or characters, is, and what they cost."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.context import Context, NoAnswer, answered, unique_citations
from bot.answering.load import CHARACTERS_PER_TOKEN, WORDS_PER_PAGE, WORDS_PER_TOKEN, to_tokens
from bot.answering.rates import card_citation, card_notes
from bot.answers import Answer, Citation, Figure
from bot.presentation import format_amount
from bot.questions import Size, TokensQuestion
from knowledge.records import Model


def answer_tokens(question: TokensQuestion, context: Context) -> Answer:
    """The number of tokens (or of words, pages, characters that tokens make), and their cost as input where a model is named."""
    model = context.model(question.model) if question.model is not None else None
    notes: list[str] = []
    if question.text is not None:
        counted = context.knowledge.tokens.count(question.text, model)
        amount, unit = Decimal(counted.count), "tokens"
        notes.append(counted.basis)
        about = "" if counted.exact else "about "
        subject = "That text"
    elif question.size is not None:
        if question.tokens_each is not None:
            amount, unit = question.size.amount * question.tokens_each, "tokens"
        else:
            amount, unit = _converted(question.size, question.want, notes)
        about = "about "
        subject = format_amount(question.size.amount, question.size.unit)
    else:
        raise NoAnswer(
            "clarify",
            "Which text shall I count? Put it in quotes, or give its length in words, pages or characters.",
        )
    figures = [
        Figure(
            label=unit.capitalize(),
            amount=amount,
            unit=unit,
            model=model.id if model else None,
            provider=model.provider if model else None,
        )
    ]
    citations: list[Citation] = []
    headline = f"{subject} is {about}{format_amount(amount, unit)}"
    if model is not None:
        tokens = amount if unit == "tokens" else (question.size.amount if question.size else amount)
        cost, source = _cost(model, tokens, context)
        if cost is not None:
            figures.append(cost)
            citations.append(source)
            headline += f", {format_amount(cost.amount, 'USD')} as input of {model.display_name}"
    return answered(
        "tokens",
        f"{headline}.",
        figures=tuple(figures),
        assumptions=tuple(dict.fromkeys([*context.notes, *notes])),
        citations=unique_citations(citations),
    )


def _converted(size: Size, want: str, notes: list[str]) -> tuple[Decimal, str]:
    if want == size.unit == "tokens":
        raise NoAnswer("clarify", "That is a number of tokens already; which text or length shall I convert?")
    tokens = size.amount if size.unit == "tokens" else to_tokens(size, notes)
    if want == "tokens":
        return tokens, "tokens"
    if want == "words":
        notes.append("1 token = 0.75 English words.")
        return tokens * WORDS_PER_TOKEN, "words"
    if want == "pages":
        notes.append("1 page = 500 words, 1 token = 0.75 English words.")
        return tokens * WORDS_PER_TOKEN / WORDS_PER_PAGE, "pages"
    notes.append("1 token = 4 characters.")
    return tokens * CHARACTERS_PER_TOKEN, "characters"


def _cost(model: Model, tokens: Decimal, context: Context) -> tuple[Figure | None, Citation]:
    card = context.knowledge.prices.card(model)
    card_notes(card, context)
    if "input_tokens" not in card.rates:
        return None, card_citation(card)
    amount = card.cost({"input_tokens": tokens}).total
    figure = Figure(
        label="Cost as input",
        amount=amount,
        unit="USD",
        model=model.id,
        provider=model.provider,
        source=card.source.id,
    )
    return figure, card_citation(card)
