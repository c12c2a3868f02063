"""An answer as terminal text: headline, details, small tables, assumptions, ways to save, sources, and its own cost."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.terminal.output import Line, Style, Table
from bot.answers import Answer, Citation, Step
from bot.presentation import (
    figure_rows,
    footer,
    format_amount,
    format_citation,
    format_lever,
)

Blocks = list[Line | Table]

_INDENT = 2


def answer_document(answer: Answer, notices: Sequence[str] = ()) -> Blocks:
    """The whole answer, in reading order; parts that it does not have are left out."""
    return [
        Line(answer.headline, _headline_style(answer)),
        *_part("", [Line(detail, indent=_INDENT) for detail in answer.details]),
        *_part("", _figures(answer)),
        *_part("Calculation", [_calculation(answer.steps)] if answer.steps else []),
        *_part("Ways to pay less", _bullets([format_lever(lever) for lever in answer.levers])),
        *_part("Assumptions", _bullets(answer.assumptions)),
        *_part("Sources", [line for citation in answer.citations for line in _source(citation)]),
        *_part("", [Line(notice, "yellow") for notice in notices]),
        *_part("", [Line(footer(answer), "dim")]),
    ]


def _headline_style(answer: Answer) -> Style:
    if answer.status == "answered":
        return "bold"
    return "red" if answer.status == "error" else "yellow"


def _part(title: str, blocks: Sequence[Line | Table]) -> Blocks:
    """A paragraph of its own, or nothing."""
    if not blocks:
        return []
    return [Line(), *([Line(title, "green")] if title else []), *blocks]


def _figures(answer: Answer) -> Blocks:
    """A table, where the headline cannot have said all; a single figure stands in the headline already."""
    if len(answer.figures) < 2:
        return []
    return [Table(figure_rows(answer.figures), right=frozenset({1}), indent=_INDENT)]


def _calculation(steps: Sequence[Step]) -> Table:
    return Table([_step_row(step) for step in steps], right=frozenset({1, 3}), indent=_INDENT)


def _step_row(step: Step) -> tuple[str, str, str, str]:
    counted = "" if step.count is None else format_amount(step.count, step.count_unit)
    rate = ""
    if step.rate is not None:
        rate = f"× {format_amount(step.rate, step.unit)}" + (f" per {step.rate_per}" if step.rate_per else "")
    return step.label, counted, rate, f"= {format_amount(step.amount, step.unit)}"


def _bullets(texts: Sequence[str]) -> Blocks:
    return [Line(f"- {text}", indent=_INDENT) for text in texts]


def _source(citation: Citation) -> Blocks:
    lines: Blocks = [Line(f"- {format_citation(citation)}", indent=_INDENT)]
    if citation.quote:
        lines.append(Line(f"“{citation.quote}”", "dim", indent=2 * _INDENT))
    if citation.url:
        lines.append(Line(citation.url, "dim", indent=2 * _INDENT))
    return lines
