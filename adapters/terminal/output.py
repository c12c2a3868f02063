"""How commands write: documents of lines and tables, plain where the output is piped, laid out and coloured on a terminal.

Piped text has one item a line at its full length, for grep and other programs. On a terminal rich wraps to the window, and honours
NO_COLOR and TERM; it is imported only there. No control character of any text reaches the terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from bot.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

Style = Literal["", "bold", "dim", "green", "yellow", "red"]

WIDEST = 110
"""Columns that lines are wrapped to at most; longer ones are hard to read on a wide screen."""

_SHOWN = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (*range(32), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\t\n"
}
"""C0 and C1 controls (escape sequences start with one) and the marks that reorder text; tab and newline stay."""


class Line(NamedTuple):
    """A paragraph; wrapped lines keep its indent."""

    text: str = ""
    style: Style = ""
    indent: int = 0


class Table(NamedTuple):
    """Rows of texts below `headers` (none: no heading); columns named in `right` are aligned to the right."""

    rows: Sequence[Sequence[str]]
    headers: Sequence[str] = ()
    right: frozenset[int] = frozenset()
    indent: int = 0


Document = Sequence[Line | Table]


def printable(text: str) -> str:
    """The text without characters that a terminal would obey instead of show."""
    return text.translate(_SHOWN)


def say(sentence: str) -> None:
    """Print a sentence for the person at the terminal to stderr, beside the output."""
    click.echo(f"aicost: {printable(sentence)}", err=True)


def show(document: Document) -> None:
    """Write a document to stdout in the manner that fits it."""
    if sys.stdout is not None and sys.stdout.isatty():
        _show_on_terminal(document)
    else:
        _write("\n".join(line for block in document for line in _plain_lines(block)))


def write_json(data: Any, *, indent: int | None = None) -> None:
    """Write one JSON value and a newline, at once; non-ASCII characters are escaped where stdout's encoding lacks them."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    _write(json.dumps(data, ensure_ascii=encoding != "utf8", indent=indent))


def _write(text: str) -> None:
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"The output cannot be written ({error.strerror}).") from error


def _plain_lines(block: Line | Table) -> list[str]:
    if isinstance(block, Line):
        return [" " * block.indent + part for part in printable(block.text).split("\n")]
    rows = [
        [printable(cell) for cell in row]
        for row in (*([block.headers] if block.headers else []), *block.rows)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        " " * block.indent
        + "  ".join(
            cell.rjust(width) if index in block.right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _show_on_terminal(document: Document) -> None:
    from rich.console import Console

    console = Console(markup=False, highlight=False, emoji=False)
    console.width = min(console.width, WIDEST)
    for block in document:
        if isinstance(block, Line) and block.text.startswith(("https://", "http://")):
            # An address that was broken into lines could not be clicked or copied.
            console.print(" " * block.indent + printable(block.text), style=block.style, soft_wrap=True)
        else:
            console.print(_rich(block))


def _rich(block: Line | Table) -> RenderableType:
    from rich.padding import Padding
    from rich.table import Table as RichTable
    from rich.text import Text

    inner: RenderableType
    if isinstance(block, Line):
        inner = Text(printable(block.text), style=block.style)
    else:
        inner = RichTable(
            box=None,
            show_header=bool(block.headers),
            header_style="dim",
            padding=(0, 2, 0, 0),
            pad_edge=False,
        )
        columns = len(block.headers or (block.rows[0] if block.rows else ()))
        for index in range(columns):
            numeric = index in block.right
            inner.add_column(
                Text(printable(block.headers[index])) if block.headers else "",
                justify="right" if numeric else "left",
                no_wrap=numeric,
                overflow="fold",
            )
        for row in block.rows:
            inner.add_row(*(Text(printable(cell)) for cell in row))
    return Padding(inner, (0, 0, 0, block.indent), expand=False) if block.indent else inner
