"""What the bot can do, and what it says to what it cannot."""

from __future__ import annotations

from bot.answering.context import Context, answered
from bot.answers import Answer
from bot.questions import HelpQuestion, OutOfScope

EXAMPLES = (
    "10k requests a day, 500 in / 200 out, gpt-5-mini",
    "price of claude sonnet",
    "cheapest model with 200k context for 2M tokens a day",
    "how many requests can I make for $50 on gemini flash, 1k in, 300 out",
    "train a 7B model on 2T tokens with H100s",
    "how much did OpenAI lose in 2024",
    "usage last week by user",
)
"""Questions of different kinds that work as they stand."""


def answer_help(question: HelpQuestion, context: Context) -> Answer:
    """What to ask, by example."""
    if question.thanks:
        return answered("help", "You are welcome. Ask me again whenever you want to know what AI costs.")
    return answered(
        "help",
        "Ask me what AI costs: prices, workloads, comparisons, budgets, training, hosting, what companies spent, and my own bill.",
        details=(
            *(f"“{example}”" for example in EXAMPLES),
            "Follow-ups work: “and with batch?”, “what about haiku?”, “per year”.",
            "No figure in my answers is written by a language model; each is computed from a cited source.",
        ),
    )


_REASONS = {
    "other_topic": "I only know about the cost of AI: prices, workloads, training, hosting, and what companies spent.",
    "not_understood": "I did not understand that as a question about the cost of AI; could you put it differently?",
    "language": "I understand English best, and the common forms in German, French, Spanish and Hinglish; could you rephrase that?",
    "empty": "What would you like to know?",
}


def answer_out_of_scope(question: OutOfScope, context: Context) -> Answer:
    """One friendly sentence and two examples; an impossible quantity is refused by name."""
    if question.reason == "impossible":
        return Answer(
            status="error",
            kind="error",
            headline=f"“{question.detail}” is no possible quantity: counts and prices are finite and not negative."
            " Please check the number.",
        )
    return Answer(
        status="out_of_scope",
        kind="out_of_scope",
        headline=_REASONS[question.reason],
        details=(f"For example: “{EXAMPLES[0]}” or “{EXAMPLES[5]}”.",),
    )
