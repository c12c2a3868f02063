"""How many hours a day something runs, where the text names them by the clock: "between 9 and 17", "9am-6pm", "von 8 bis 18 Uhr"."""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.reading.spans import LazyPattern

_CLOCK = r"(\d{1,2})(?:[:.](\d{2}))? ?(am|pm|a\.m\.|p\.m\.|uhr|h(?![a-z])|o'clock)?"
_BETWEEN = LazyPattern(
    rf"\b(?:between|from|zwischen|von|entre|de|desde|las)\s+(?:las )?{_CLOCK}\s*(?:and|to|till|until|und|bis|et|à|a|y|-|–)\s*(?:las )?{_CLOCK}(?![\w%$€£₹]|[.,]\d)"
)
_DASHED = LazyPattern(
    rf"(?<![\w.,$€£₹]){_CLOCK}\s*(?:-|–|to|till|until|bis|à)\s*{_CLOCK}(?![\w%$€£₹]|[.,]\d)"
)
_UNIT_BEHIND = LazyPattern(r"^ ?(?:k|tokens?|words?|pages?|requests?|calls?|messages?|users?|in|out|times)\b")
_NOON = 12
_DAY = 24


_PART_OF_HOURS = LazyPattern(
    r"\bfor (\d{1,2}) (?:minutes?|mins?) (?:every|per|each|an|of every|in every) hour\b|\b(\d{1,2}) minuten (?:pro|jede|in jeder) stunde\b"
)


def opening_hours(folded: str) -> tuple[Decimal, tuple[int, int]] | None:
    """The hours a day and where the text says so; a range of anything else ("between 500 and 800 tokens") is none."""
    part = _PART_OF_HOURS.search(folded)
    if part is not None:
        return Decimal(part.group(1) or part.group(2)) * _DAY / 60, part.span()
    for pattern in (_BETWEEN, _DASHED):
        for match in pattern.finditer(folded):
            first, first_minutes, first_half, last, last_minutes, last_half = match.groups()
            marked = first_half or last_half or first_minutes or last_minutes
            if (pattern is _DASHED and not marked) or _UNIT_BEHIND.search(folded[match.end() :]):
                continue
            start, end = _time(first, first_minutes, first_half), _time(last, last_minutes, last_half)
            if end <= start and end <= _NOON and first_half in (None, "am", "a.m."):
                end += _NOON  # "9 to 5"
            if start <= _DAY and end <= _DAY and 0 < end - start < _DAY:
                return end - start, match.span()
    return None


def _time(hour: str, minutes: str | None, half: str | None) -> Decimal:
    value = Decimal(hour) + Decimal(minutes or 0) / 60
    return value + _NOON if half in ("pm", "p.m.") and value < _NOON else value
