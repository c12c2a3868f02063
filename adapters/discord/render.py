"""A `Reply` as a Discord message of Components V2: headline, figures, reasons, assumptions, sources, and what the answer cost.

Every text comes from the core as plain text and is escaped here. When not all of it fits into Discord's limits, each part keeps a
share of the room, so that neither assumptions nor sources fall off the end of a long list, and a note says that lines are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord import ui

from adapters.discord.limits import CONTENT, LAYOUT_TEXT, length
from adapters.discord.text import escape, escape_within, link
from bot.answers import Answer, Status
from bot.messages import Reply
from bot.presentation import figure_rows, footer, format_citation, sections

_COLOURS: dict[Status, discord.Colour] = {
    "answered": discord.Colour.from_str("#2e7d6b"),
    "clarify": discord.Colour.from_str("#c98a1b"),
    "not_found": discord.Colour.from_str("#8a8f98"),
    "out_of_scope": discord.Colour.from_str("#8a8f98"),
    "error": discord.Colour.from_str("#b3413a"),
}
"""The stripe at the left; it never carries meaning that the headline does not say."""

_HEADLINE = 800
_LINE = 500
"""Characters that one headline, one line may take at most."""

_SMALL = "-# "
_BULLET = "• "


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines of markdown that stand together; `share` is the room that they keep when all is full."""

    lines: tuple[str, ...]
    share: int
    title: str = ""

    def markdown(self, count: int) -> str:
        """The title and the first `count` lines."""
        return "\n".join((self.title, *self.lines[:count]) if self.title else self.lines[:count])

    def fitting(self, room: int) -> int:
        """How many lines fit into `room` characters; none when only the title would."""
        used = length(self.title) + 1 if self.title else 0
        for count, line in enumerate(self.lines):
            used += length(line) + 1
            if used > room:
                return count
        return len(self.lines)


def layout(reply: Reply) -> ui.LayoutView:
    """The message for an answered `Reply`; keeps all of Discord's limits."""
    answer = _answer(reply)
    head = f"**{escape_within(answer.headline, _HEADLINE)}**"
    foot = _foot(answer, reply.notices)
    shown, cut = _fitted(
        _parts(answer), LAYOUT_TEXT.most - length(head) - length(foot) - len(_cut_note(answer)) - 2
    )
    if cut:
        foot = f"{_cut_note(answer)}\n{foot}"
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(text) for text in (head, *shown)]
    items.extend((ui.Separator(), ui.TextDisplay(foot)))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=_COLOURS[answer.status]))
    return view


def plain_content(reply: Reply) -> str:
    """Headline, figures and footer as an ordinary message, for when Discord refuses the layout."""
    answer = _answer(reply)
    foot = _foot(answer, ())
    room = CONTENT.most - length(foot) - 1
    text = f"**{escape_within(answer.headline, _HEADLINE)}**"
    for line in _figure_lines(answer):
        if length(text) + length(line) + 1 > room:
            break
        text = f"{text}\n{line}"
    return f"{text}\n{foot}"


def hint(sentence: str) -> str:
    """A sentence of the adapter's own, small."""
    return _SMALL + escape(sentence)


def _answer(reply: Reply) -> Answer:
    if reply.answer is None:
        raise ValueError("a repeated message has no answer to show")
    return reply.answer


def _parts(answer: Answer) -> list[_Part]:
    """The parts below the headline in reading order."""
    parts = [_Part(_figure_lines(answer), 1000)]
    for section in sections(answer):
        small = section.title == "Assumptions"
        prefix = _SMALL + _BULLET if small else _BULLET if section.title else ""
        lines = tuple(prefix + text for line in section.lines if (text := escape_within(line, _LINE)))
        title = f"{_SMALL if small else ''}**{escape(section.title)}**" if section.title else ""
        parts.append(_Part(lines, 600, title))
    sources = tuple(
        dict.fromkeys(  # several facts may stand in one source
            f"{_SMALL}{_BULLET}{link(format_citation(citation), citation.url, _LINE)}"
            for citation in answer.citations
        )
    )
    parts.append(_Part(sources, 500, f"{_SMALL}**Sources**"))
    return [part for part in parts if part.lines]


def _figure_lines(answer: Answer) -> tuple[str, ...]:
    rows = figure_rows(answer.figures)
    return tuple(f"{_BULLET}{escape_within(label, _LINE)}: **{escape(amount)}**" for label, amount in rows)


def _foot(answer: Answer, notices: Sequence[str]) -> str:
    lines = [_SMALL + escape_within(notice, _LINE // 2) for notice in notices[:3]]
    return "\n".join((*lines, _SMALL + escape(footer(answer))))


def _cut_note(answer: Answer) -> str:
    more = f"; aicost explain {escape(answer.receipt)} shows all of it" if answer.receipt else ""
    return f"{_SMALL}Some lines are left out here{more}."


def _fitted(parts: Sequence[_Part], room: int) -> tuple[list[str], bool]:
    """Markdown of as much of the parts as fits into `room`, and whether anything had to go.

    Each part is given its share first; what the others do not need goes to the parts in reading order.
    """
    needs = [length(part.markdown(len(part.lines))) + 1 for part in parts]
    quotas = [min(need, part.share) for need, part in zip(needs, parts, strict=True)]
    wanted = sum(quotas)
    if wanted > room:
        quotas = [quota * room // wanted for quota in quotas]
    spare = room - sum(quotas)
    for index, need in enumerate(needs):
        more = max(0, min(need - quotas[index], spare))
        quotas[index] += more
        spare -= more
    counts = [part.fitting(quota) for part, quota in zip(parts, quotas, strict=True)]
    shown = [part.markdown(count) for part, count in zip(parts, counts, strict=True) if count]
    return shown, any(count < len(part.lines) for part, count in zip(parts, counts, strict=True))
