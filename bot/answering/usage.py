"""What the bot has been asked and what its own LLM calls cost, from the ledger."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.context import Context, NoAnswer, answered
from bot.answers import Answer, Citation, Figure
from bot.presentation import format_amount
from bot.questions import UsageQuestion
from bot.spend.report import NONE

_SHOWN_GROUPS = 10


def answer_usage(question: UsageQuestion, context: Context) -> Answer:
    """Questions, calls, tokens and cost over the period; by user, channel, model … where asked."""
    books = context.books
    if books is None:
        raise NoAnswer("error", "The ledger cannot be read just now, so I cannot say what has been used.")
    report = books.report
    totals = report.totals
    figures = [
        Figure(label="Cost of LLM calls", amount=totals.cost_usd, unit="USD", source="ledger"),
        Figure(label="Questions", amount=Decimal(totals.questions), unit="questions", source="ledger"),
        Figure(label="LLM calls", amount=Decimal(totals.llm_calls), unit="calls", source="ledger"),
        Figure(label="Input tokens", amount=Decimal(totals.input_tokens), unit="tokens", source="ledger"),
        Figure(label="Output tokens", amount=Decimal(totals.output_tokens), unit="tokens", source="ledger"),
    ]
    for group in report.groups[:_SHOWN_GROUPS]:
        named = group.by != NONE
        figures.append(
            Figure(
                label=f"{question.by} {group.by}" if named else group.title(question.by),
                amount=group.totals.cost_usd,
                unit="USD",
                source="ledger",
            )
        )
    details = tuple(
        f"{group.title(question.by)}: {format_amount(Decimal(group.totals.questions), 'questions')},"
        f" {format_amount(Decimal(group.totals.llm_calls), 'LLM calls')}, {format_amount(group.totals.cost_usd, 'USD')}"
        for group in report.groups[:_SHOWN_GROUPS]
    )
    who = "your questions" if books.only_own else "all questions"
    when = question.period_name or (f"since {question.since.isoformat()}" if question.since else "all time")
    questions = format_amount(Decimal(totals.questions), "questions")
    calls = format_amount(Decimal(totals.llm_calls), "LLM calls")
    notes = [f"Counted: {who}, {when}, days in {context.settings.timezone}."]
    if books.only_own and not question.mine:
        notes.append("Only administrators (AICOST_ADMINS) see everybody's usage here.")
    if totals.unpriced:
        notes.append(f"The price of {totals.unpriced} calls is not known; they are not in the cost.")
    if totals.lost:
        notes.append(f"{totals.lost} calls were lost in a crash and are charged at what was reserved.")
    return answered(
        "usage",
        f"{when[:1].upper()}{when[1:]}: {questions}, {calls}, {format_amount(totals.cost_usd, 'USD')}.",
        figures=tuple(figures),
        details=details,
        assumptions=tuple(notes),
        citations=(Citation(id="ledger", title="aicost's own ledger", as_of=context.today.isoformat()),),
    )
