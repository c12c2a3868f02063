"""What a text must hold for a regular expression to match: a few literals, of which every match contains one.

To look for a literal takes a thirtieth of a microsecond, to try a long alternation at each character of a question several, and to
compile it half a millisecond. Most of the bot's patterns are about something that a question does not speak of at all.

`python -m bot.parsing.reading.needed_literals` works the literals out for all patterns of the package and writes them to `literal_table.py`,
which holds them by the pattern's text: one that was changed since is tried on every text until this is run again, but never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as _codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from bot.parsing.reading.spans import LazyPattern, key_of

_MOST = 24
"""More literals take longer than most patterns."""
_SHORTEST = 3
"""Of letters alone; shorter ones are in every text."""
_USUAL = frozenset(
    """
    token tokens request requests message messages call calls user users prompt prompts question input output model models cost price
    rate month year day week word words page pages api how many how much what and per the for
    """.split()
)
"""Words of most questions, which tell nothing."""


def patterns() -> list[str]:
    """The text of every `LazyPattern` of this package that stands in a module's constants, in order, each once."""
    import importlib
    import pkgutil

    import bot.parsing

    found: set[str] = set()
    for module in pkgutil.walk_packages(bot.parsing.__path__, "bot.parsing."):
        for value in vars(importlib.import_module(module.name)).values():
            found.update(pattern.source for pattern in _held(value))
    return sorted(found)


def _held(value: object) -> Iterator[LazyPattern]:
    if isinstance(value, LazyPattern):
        yield value
    elif isinstance(value, dict):
        for held in value.values():
            yield from _held(held)
    elif isinstance(value, tuple | list):
        for held in value:
            yield from _held(held)


def table() -> str:
    """The module `literal_table.py`."""
    lines = [
        f"    {key_of(source):#016x}: {literals!r},"
        for source in patterns()
        if (literals := needed_literals(source))
    ]
    return "\n".join((_HEAD, *sorted(lines), "}\n"))


_HEAD = '''"""Literals of which every match of a pattern contains one, by the pattern; written by `python -m bot.parsing.reading.needed_literals`."""

from __future__ import annotations

# fmt: off
NEEDED: dict[int, tuple[str, ...]] = {'''


def needed_literals(source: str) -> tuple[str, ...]:
    """Texts of which every match of a pattern contains at least one; empty where none are known that are worth a look."""
    parsed = _parser.parse(source)
    if parsed.state.flags & re.IGNORECASE:
        return ()
    found = sorted(_best_of(parsed) or (), key=lambda literal: (len(literal), literal))
    return tuple(one for at, one in enumerate(found) if not any(shorter in one for shorter in found[:at]))


def _best_of(items: Any) -> frozenset[str] | None:
    """The most telling set of literals that a sequence of the parsed pattern needs; None where it needs none."""
    found: list[frozenset[str]] = []
    run = ""
    for code, value in items:
        if code is _codes.LITERAL:
            run += chr(value)
            continue
        found.append(frozenset([run]))
        run = ""
        needed = _needed_by(code, value)
        if needed is not None:
            found.append(needed)
    found.append(frozenset([run]))
    best = max(found, key=_worth)
    return best if _worth(best) > (0, 0) else None


def _needed_by(code: Any, value: Any) -> frozenset[str] | None:
    if code is _codes.SUBPATTERN:
        _, flags, _, items = value
        return None if flags & re.IGNORECASE else _best_of(items)
    if code is _codes.BRANCH:
        sets = [_best_of(items) for items in value[1]]
        return None if None in sets else frozenset().union(*(one for one in sets if one))
    if code in (_codes.MAX_REPEAT, _codes.MIN_REPEAT, _codes.POSSESSIVE_REPEAT):
        least, _, items = value
        return _best_of(items) if least else None
    if code is _codes.ATOMIC_GROUP:
        return _best_of(value)
    if code is _codes.ASSERT:
        return _best_of(value[1])
    if code is _codes.IN and all(kind is _codes.LITERAL for kind, _ in value):
        return frozenset(chr(letter) for _, letter in value)
    return None


def _worth(literals: frozenset[str]) -> tuple[int, int]:
    """How seldom a text holds one of some literals by chance: their shortest decides, then their number."""
    shortest = min(map(_length, literals), default=0)
    return (shortest, -len(literals)) if shortest >= _SHORTEST and len(literals) <= _MOST else (0, 0)


def _length(literal: str) -> int:
    """A sign is as telling as three letters, a usual word as one."""
    word = literal.strip()
    return 1 if word in _USUAL else len(literal) + 2 * (not word.isalnum() and bool(word))


if __name__ == "__main__":
    from pathlib import Path

    Path(__file__).with_name("literal_table.py").write_text(table(), encoding="utf-8")
