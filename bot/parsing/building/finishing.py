"""What every reading of a text ends with, whoever made it, the rules or a language model: the text's own measures, and what to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parsing.reading.densities import density_notes, with_densities

if TYPE_CHECKING:
    from bot.parsing.annotate import Annotation
    from bot.questions import Question

_PRICED_BY_RECORD = frozenset(["estimate", "compare", "capacity", "price"])
_PRICE_BASES = frozenset(["tokens", "item", "each"])


def finished(question: Question, annotation: Annotation) -> tuple[Question, tuple[str, ...]]:
    """The question by the text's own densities ("400 words a page"), and notes on these and on prices that are not used."""
    notes = tuple(
        f"I use the price on record, not “{annotation.text[q.start : q.end]}”."
        for q in annotation.of_unit("money")
        if question.kind in _PRICED_BY_RECORD
        and not _limits(question)
        and (q.per_thing in _PRICE_BASES or q.per_tokens is not None)
    )
    in_own_measures = with_densities(question, annotation.densities)
    return in_own_measures, notes + density_notes(annotation.text, annotation.densities)


def _limits(question: Question) -> bool:
    """Whether prices in the text are limits of a comparison, which it keeps."""
    if question.kind != "compare":
        return False
    return (
        question.constraints.max_input_price is not None or question.constraints.max_output_price is not None
    )
