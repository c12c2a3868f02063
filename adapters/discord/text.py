"""Plain text as Discord markdown: escaped so that nothing in it is markup, a mention or a link; links only to a source's address.

Discord takes a backslash in front of any ASCII punctuation for the character itself. discord.py's `escape_markdown` lets addresses,
timestamps (<t:…>), emoji and channel mentions through, so the escaping is done here; `escape_mentions` then breaks the mentions.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from discord.utils import escape_mentions

from adapters.discord.limits import length

_ANYWHERE = re.compile(r"([\\`*_~|\[\]<>]|:(?=\S))")
"""Markup wherever it stands: emphasis, code, spoilers, links, mentions, timestamps; a colon makes addresses and emoji."""

_AT_START = re.compile(r"^([#+\-]|\d+(?=[.)]))")
"""Markup only at the start of a line: headings, small text, lists. (Quotes start with ">", which is escaped anywhere.)"""

_URL_SAFE = "/:?#!$&+,;=%~-._"
"""What stays as it is in an address; brackets, quotes and backslashes would end a masked link early, an @ could be a mention."""

ELLIPSIS = "…"


def escape(text: str) -> str:
    """One line of Discord markdown that reads exactly as `text` does; line breaks become spaces."""
    line = " ".join(_printable(text).split())
    escaped = _ANYWHERE.sub(r"\\\1", line)
    start = _AT_START.match(escaped)
    if start is not None:
        mark = start.group(1)
        escaped = f"{mark}\\{escaped[len(mark) :]}" if mark[0].isdigit() else f"\\{escaped}"
    return escape_mentions(escaped)


def escape_within(text: str, limit: int) -> str:
    """`escape(text)`, with as much of the text as gives at most `limit` characters, and an ellipsis where it was cut."""
    escaped = escape(text)
    if length(escaped) <= limit:
        return escaped
    low, high = 0, min(len(text), limit)
    while low < high:  # the longest piece that fits; escapes make it longer than its text
        middle = (low + high + 1) // 2
        if length(escape(text[:middle])) < limit:
            low = middle
        else:
            high = middle - 1
    return escape(text[:low]) + ELLIPSIS


def link(title: str, url: str | None, limit: int) -> str:
    """A masked link to `url`, or the bare title where the address is none that a browser should open, or is too long."""
    target = safe_url(url)
    if target is None or length(target) + 20 > limit:
        return escape_within(title, limit)
    return f"[{escape_within(title, limit - length(target) - 4)}]({target})"


def safe_url(url: str | None) -> str | None:
    """The address, quoted, if it is an http or https one that names a host and no user; else None."""
    if not url or any(character.isspace() or not character.isprintable() for character in url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return quote(url, safe=_URL_SAFE)


def _printable(text: str) -> str:
    """Without control characters, and without the marks that reorder or hide text."""
    return "".join(c if c.isprintable() else " " for c in text)
