"""Pasted tables as sentences: each cell with its column's heading, or its row's label, so that the rules for sentences read them.

"| model | calls/day | in | out |" over "| gpt-5.4 | 900 | 2k | 300 |" becomes "gpt-5.4, 900 calls/day, 2k in, 300 out".
"""

from __future__ import annotations

import re

_RULE = re.compile(r"^[\s|:+\-=─┼]+$")
_DIGIT = re.compile(r"\d")
_MODEL_HEADING = re.compile(
    r"^(?:model|modell|modèle|modelo|llm|name|provider|step|stage|use ?case|task|team|feature|service|workload|agent)s?$",
    re.I,
)
_MOST_CELL = 60
_FEWEST_CELLS = 2
_MOST_ROWS = 12


def sentences_of_tables(text: str) -> str:
    """`text` with each table of two rows or more rewritten; other texts unchanged."""
    if "\n" not in text or not ("|" in text or "\t" in text or "," in text or ";" in text):
        return text
    lines = text.split("\n")
    result: list[str] = []
    at = 0
    while at < len(lines):
        separator = _separator(lines, at)
        if separator is None:
            result.append(lines[at])
            at += 1
            continue
        rows = []
        while at < len(lines) and (separator in lines[at] or _RULE.match(lines[at])) and lines[at].strip():
            if not _RULE.match(lines[at]):
                rows.append(_cells(lines[at], separator))
            at += 1
        result.append(_said(rows))
    return "\n".join(result)


def _separator(lines: list[str], at: int) -> str | None:
    """What divides the cells of the table that begins at this line, if one does."""
    for separator in ("|", "\t", ";", ","):
        following = [line for line in lines[at : at + 3] if line.strip() and not _RULE.match(line)][:2]
        if len(following) < 2 or not lines[at].strip() or _RULE.match(lines[at]):
            continue
        first, second = (_cells(line, separator) for line in following)
        if len(first) < _FEWEST_CELLS or len(first) != len(second):
            continue
        if any(len(cell) > _MOST_CELL for cell in (*first, *second)):
            continue
        if _is_heading(first) and len(first) > _FEWEST_CELLS and any(map(_is_number, second)):
            return separator
        pairs = separator in "|\t" and len(first) == _FEWEST_CELLS
        if pairs and (_is_number(second[1]) and not _is_number(first[0])):
            return separator
    return None


def _cells(line: str, separator: str) -> list[str]:
    return [
        cell.strip(" *`") for cell in line.strip().strip("|" if separator == "|" else " ").split(separator)
    ]


def _is_heading(cells: list[str]) -> bool:
    return all(cell and not _is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    return bool(re.match(r"^[~≈$€£]?\s?\d", cell))


def _said(rows: list[list[str]]) -> str:
    heading, *data = rows
    if len(heading) == _FEWEST_CELLS:
        pairs = rows if _is_number(heading[1]) or _DIGIT.search(heading[1]) else data
        return "\n".join(f"{row[0]}: {row[-1]}" for row in pairs)
    said = []
    for row in data[:_MOST_ROWS]:
        cells = []
        for name, cell in zip(heading, row, strict=False):
            plain = re.sub(r"[()\[\]#_]+", " ", name).strip()
            cells.append(cell if _MODEL_HEADING.match(plain) or not _is_number(cell) else f"{cell} {plain}")
        said.append(", ".join(cell for cell in cells if cell))
    return ";\n".join(said) + "."
