"""A `Reply` becomes one Slack message: Block Kit dicts and a fallback text.

Guarantees, for any answer whatever: the message is within the limits of `limits.py`; nothing in it can notify anybody; no text
that came from a user, a model or a source is read as markup. Texts therefore go into rich text and plain text elements, where
Slack reads no markup at all; mrkdwn is used only for the links of sources, which are built here from escaped parts. What does
not fit is left out in order of importance, and the message says how to see all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from adapters.slack.limits import LIMITS, SAFE_MESSAGE_SIZE, SAFE_TEXT, Block, size, units
from bot.answers import Answer, Citation
from bot.messages import Reply
from bot.presentation import figure_rows, footer, format_citation, sections

_LINE = 500
"""Length at which one line of an answer is cut."""

_HEADLINE = 1_000
_ASSUMPTIONS = "Assumptions"
_FRAME = 400
"""Room reserved for what surrounds the lines of one part (block, title, note of omission), in characters of JSON."""

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, direction overrides (they can reverse a figure's digits) and lone surrogates (no JSON can carry them)."""

_URL_ESCAPES = {ord(c): f"%{ord(c):02X}" for c in "<>|\"'`^{}\\ "}


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message: `blocks` for people, `text` for notifications, screen readers, and a Slack that refuses the blocks."""

    text: str
    blocks: list[Block]


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a message: how much it matters (lower is more), its lines, and how some of the lines become a block."""

    rank: int
    lines: Sequence[Any]
    draw: Callable[[Sequence[Any]], Block]
    most: int = 12
    """Lines that are shown even where there is room for more."""


def render(reply: Reply) -> Rendered:
    """The message for a reply that has an answer."""
    answer = reply.answer
    if answer is None:
        raise ValueError("a repeated message has no answer to render")
    return Rendered(text=_fallback(answer, reply.notices), blocks=_blocks(answer, reply.notices))


def clean(text: str) -> str:
    """A text without characters that cannot be shown; line ends stay."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clip(text: str, most: int) -> str:
    """A text of at most `most` UTF-16 units, ended by "…" where it was cut."""
    if units(text) <= most:
        return text
    text = text[: most - 1]
    while units(text) > most - 1:
        text = text[: len(text) - max(1, (units(text) - most + 1) // 2)]
    return text + "…"


def escape(text: str) -> str:
    """A text for mrkdwn or a message's `text`: exactly `&`, `<` and `>` are escaped, as Slack asks."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def literal(text: str, most: int = _LINE) -> str:
    """A text for rich text and plain text elements, which take everything as it is, cut to one line's length.

    An invisible word joiner follows each "<", so that the text stays harmless even where something downstream reads it as mrkdwn.
    """
    return clip(clean(text).replace("<", "<\u2060"), most)


def link(citation: Citation) -> str:
    """A source as mrkdwn: a link where it has a web address, its words otherwise."""
    words = escape(clip(_calm(clean(format_citation(citation))), 200)).replace("|", "¦") or "source"
    url = _address(citation.url)
    return f"<{escape(url)}|{words}>" if url else words


def _calm(text: str) -> str:
    """Words for mrkdwn whose emphasis marks are not read as such: an invisible word joiner stands before and after each."""
    return re.sub(r"([*_~`])", "\u2060\\1\u2060", text.replace("\n", " "))


def _address(url: str | None) -> str | None:
    """A web address as it may stand in a link, or None when it is none, or too long."""
    if not url:
        return None
    url = clean(url).replace("\n", "").translate(_URL_ESCAPES)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return url if usable and units(url) <= 1_000 else None


def _blocks(answer: Answer, notices: tuple[str, ...]) -> list[Block]:
    parts = [_Part(0, [answer.headline], _headline)]
    if notices:
        parts.append(_Part(1, notices, _small("")))
    if answer.figures:
        parts.append(_Part(3, figure_rows(answer.figures), _figures, most=20))
    for position, section in enumerate(sections(answer)):
        if section.title == _ASSUMPTIONS:
            parts.append(_Part(6, section.lines, _small(section.title)))
        else:
            parts.append(
                _Part(4 if not section.title else 7 + position, section.lines, _listed(section.title))
            )
    if answer.citations:
        parts.append(_Part(5, list(dict.fromkeys(map(link, answer.citations))), _sources))
    parts.append(_Part(2, [footer(answer)], _small("")))
    return _fit(parts, answer.receipt)


def _fit(parts: Sequence[_Part], receipt: str) -> list[Block]:
    """The blocks of all parts, in order, with as many lines of each as the message has room for, the important parts first."""
    room = SAFE_MESSAGE_SIZE - _FRAME
    kept = [0] * len(parts)
    for index in sorted(range(len(parts)), key=lambda i: parts[i].rank):
        part = parts[index]
        empty = size([part.draw([])])
        room -= empty
        for line in part.lines:
            cost = size([part.draw([line])]) - empty + 8
            if cost > room or kept[index] >= part.most:
                break
            room -= cost
            kept[index] += 1
        if not kept[index]:
            room += empty
    blocks = [part.draw(part.lines[:count]) for part, count in zip(parts, kept, strict=True) if count]
    omitted = sum(len(part.lines) - count for part, count in zip(parts, kept, strict=True))
    if omitted:
        blocks.insert(len(blocks) - 1, _small("")([_omission(omitted, receipt)]))
    return blocks


def _omission(count: int, receipt: str) -> str:
    more = f"… {count} more line{'s' if count > 1 else ''}"
    return f"{more}: aicost explain {clip(clean(receipt), 60)} shows all" if receipt.strip() else more


def _headline(lines: Sequence[str]) -> Block:
    return _rich([_run([_words(line, _HEADLINE, bold=True) for line in lines])])


def _figures(rows: Sequence[tuple[str, str]]) -> Block:
    return _rich([_bullets([[_words(f"{label}: "), _words(amount, bold=True)] for label, amount in rows])])


def _listed(title: str) -> Callable[[Sequence[str]], Block]:
    def draw(lines: Sequence[str]) -> Block:
        bullets = _bullets([[_words(line)] for line in lines])
        return _rich([_run([_words(title, bold=True)]), bullets] if title else [bullets])

    return draw


def _small(title: str) -> Callable[[Sequence[str]], Block]:
    def draw(lines: Sequence[str]) -> Block:
        heading = [f"{title}:"] if title else []
        listed = (
            [f"• {literal(line, 300)}" for line in lines] if title else [literal(line, 300) for line in lines]
        )
        text = clip("\n".join([*heading, *listed]), LIMITS["context_text"].most)
        element = {"type": "plain_text", "text": text if text.strip() else " ", "emoji": False}
        return {"type": "context", "elements": [element]}

    return draw


def _sources(links: Sequence[str]) -> Block:
    """One context block; a link must never be cut in its middle, so those that do not fit in one element start the next."""
    elements: list[str] = ["Sources:"]
    for text in links:
        if units(elements[-1]) + units(text) + 3 > LIMITS["context_text"].most:
            elements.append(text)
        else:
            elements[-1] += f" · {text}" if elements[-1] != "Sources:" else f" {text}"
    return {
        "type": "context",
        "elements": [
            {"type": "mrkdwn", "text": text} for text in elements[: LIMITS["context_elements"].most]
        ],
    }


def _rich(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": elements}


def _run(elements: list[Block]) -> Block:
    return {"type": "rich_text_section", "elements": elements}


def _bullets(rows: list[list[Block]]) -> Block:
    return {"type": "rich_text_list", "style": "bullet", "elements": [_run(row) for row in rows]}


def _words(text: str, most: int = _LINE, *, bold: bool = False) -> Block:
    shown = literal(text, most)
    element: Block = {"type": "text", "text": shown if shown else " "}
    return {**element, "style": {"bold": True}} if bold else element


def _fallback(answer: Answer, notices: tuple[str, ...]) -> str:
    """The whole answer as escaped text, in one piece below Slack's limit, the headline first."""
    lines = [answer.headline, *notices]
    lines.extend(f"{label}: {amount}" for label, amount in figure_rows(answer.figures))
    for section in sections(answer):
        lines.extend([f"{section.title}:", *section.lines] if section.title else section.lines)
    sources = [f"{format_citation(c)} {_address(c.url) or ''}".rstrip() for c in answer.citations]
    lines.extend(["Sources:", *dict.fromkeys(sources)] if sources else [])
    foot = escape(clip(clean(footer(answer)), 300))
    shown: list[str] = []
    room = SAFE_TEXT - units(foot) - 10
    for line in lines:
        text = escape(clip(clean(line), _LINE))
        room -= units(text) + 1
        if room < 0:
            shown.append("…")
            break
        shown.append(text)
    return "\n".join([*shown, foot]).strip() or "…"
