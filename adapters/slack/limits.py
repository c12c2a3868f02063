"""What Slack accepts in a message: the limits of Block Kit as data, each with where it was read, and a validator over them.

The SDK's own classes check only some of these and drop fields that they do not know, so aicost builds plain dicts and checks them
here. `problems` knows the blocks that aicost sends and those that it may soon send; any other block type is a problem.
Lengths are counted in UTF-16 units, which is never less than the number of characters, so that both ways of counting agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: the largest number that Slack accepts, and where it was read."""

    most: int
    source: str


_REFERENCE = "docs.slack.dev/reference/block-kit"
_SPEC = "nicklambourne/slackblocks spec/limits.json, 2026-08-17"
_MESSAGES = "docs.slack.dev/reference/methods/chat.postMessage"

LIMITS: Mapping[str, Limit] = {
    "blocks": Limit(50, f"{_REFERENCE}/blocks"),
    "message_size": Limit(13_200, "undocumented; observed in slackapi/bolt-js issues 2509 and 2867"),
    "message_text": Limit(40_000, _MESSAGES),
    "section_text": Limit(3_000, _SPEC),
    "section_fields": Limit(10, _SPEC),
    "section_field": Limit(2_000, _SPEC),
    "header_text": Limit(150, _SPEC),
    "context_elements": Limit(10, _SPEC),
    "context_text": Limit(
        2_000, f"{_REFERENCE}/composition-objects/text-object allows 3,000; aicost stays below"
    ),
    "actions_elements": Limit(25, _SPEC),
    "button_text": Limit(75, _SPEC),
    "button_value": Limit(2_000, _SPEC),
    "identifier": Limit(255, _SPEC),
    "url": Limit(3_000, _SPEC),
    "alt_text": Limit(2_000, _SPEC),
    "markdown_text": Limit(12_000, f"{_REFERENCE}/blocks/markdown-block; summed over the message"),
    "tables": Limit(1, "slack_sdk models/blocks/blocks.py (TableBlock)"),
    "table_rows": Limit(100, f"{_REFERENCE}/blocks/table-block"),
    "table_cells": Limit(20, f"{_REFERENCE}/blocks/table-block"),
}

SAFE_MESSAGE_SIZE = 12_000
"""What aicost keeps all blocks of a message under, counted as JSON: how Slack counts towards `message_size` is not documented."""

SAFE_TEXT = 3_900
"""What aicost keeps the fallback text under: an update above 4,000 characters may be refused."""

_RICH_INLINE = {
    "text": "text",
    "link": "url",
    "emoji": "name",
    "user": "user_id",
    "usergroup": "usergroup_id",
    "channel": "channel_id",
    "broadcast": "range",
    "date": "timestamp",
    "color": "value",
}
"""Inline elements of rich text and the field that each must have."""


def units(text: str) -> int:
    """Length of a text in UTF-16 units; a lone surrogate counts as one."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def size(blocks: list[Block]) -> int:
    """Length of the blocks as compact JSON, in UTF-16 units: the strictest reading of Slack's total."""
    return units(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def problems(blocks: Any) -> list[str]:
    """Everything in `blocks` that Slack would refuse, each with its place ("/blocks/0/text: …"); empty when all is well."""
    if not isinstance(blocks, list):
        return ["/blocks: must be a list"]
    found = list(_count("/blocks", blocks, "blocks"))
    for position, block in enumerate(blocks):
        place = f"/blocks/{position}"
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            found.append(f"{place}: must be an object with a type")
            continue
        check = _CHECKS.get(block["type"])
        if check is None:
            found.append(f"{place}: unsupported type {block['type']!r}")
            continue
        found.extend(check(place, block))
        if "block_id" in block:
            found.extend(_text(f"{place}/block_id", block["block_id"], "identifier"))
    tables = sum(1 for block in blocks if isinstance(block, dict) and block.get("type") == "table")
    if tables > LIMITS["tables"].most:
        found.append(f"/blocks: {tables} tables, at most {LIMITS['tables'].most}")
    markdown = sum(
        units(str(block.get("text", "")))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "markdown"
    )
    if markdown > LIMITS["markdown_text"].most:
        found.append(f"/blocks: {markdown} characters of markdown, at most {LIMITS['markdown_text'].most}")
    return found


def too_long(blocks: list[Block]) -> bool:
    """Whether all blocks together are more than Slack takes in one message (its error is `msg_blocks_too_long`)."""
    return size(blocks) > LIMITS["message_size"].most


def _text(place: str, text: Any, limit: str, *, least: int = 1) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"{place}: must be a string"
    elif units(text) < least:
        yield f"{place}: must be more than 0 characters"
    elif units(text) > LIMITS[limit].most:
        yield f"{place}: {units(text)} characters, at most {LIMITS[limit].most}"


def _count(place: str, items: Any, limit: str, *, least: int = 1) -> Iterator[str]:
    if not isinstance(items, list):
        yield f"{place}: must be a list"
    elif not least <= len(items) <= LIMITS[limit].most:
        yield f"{place}: {len(items)} items, {least} to {LIMITS[limit].most} allowed"


def _text_object(place: str, value: Any, limit: str, *, plain: bool = False) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: must be a text object"
        return
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if value.get("type") not in kinds:
        yield f"{place}/type: must be {' or '.join(kinds)}"
    if "emoji" in value and value.get("type") != "plain_text":
        yield f"{place}/emoji: only plain_text has it"
    yield from _text(f"{place}/text", value.get("text"), limit)


def _section(place: str, block: Block) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield f"{place}: needs text or fields"
    if "text" in block:
        yield from _text_object(f"{place}/text", block["text"], "section_text")
    if "fields" in block:
        yield from _count(f"{place}/fields", block["fields"], "section_fields")
        for position, field in enumerate(_items(block["fields"])):
            yield from _text_object(f"{place}/fields/{position}", field, "section_field")
    if "accessory" in block:
        yield from _element(f"{place}/accessory", block["accessory"])


def _header(place: str, block: Block) -> Iterator[str]:
    yield from _text_object(f"{place}/text", block.get("text"), "header_text", plain=True)


def _context(place: str, block: Block) -> Iterator[str]:
    yield from _count(f"{place}/elements", block.get("elements"), "context_elements")
    for position, element in enumerate(_items(block.get("elements"))):
        inner = f"{place}/elements/{position}"
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(inner, element)
        else:
            yield from _text_object(inner, element, "context_text")


def _image(place: str, block: Block) -> Iterator[str]:
    if "slack_file" not in block:
        yield from _text(f"{place}/image_url", block.get("image_url"), "url")
    yield from _text(f"{place}/alt_text", block.get("alt_text"), "alt_text")


def _actions(place: str, block: Block) -> Iterator[str]:
    yield from _count(f"{place}/elements", block.get("elements"), "actions_elements")
    for position, element in enumerate(_items(block.get("elements"))):
        yield from _element(f"{place}/elements/{position}", element)


def _element(place: str, element: Any) -> Iterator[str]:
    if not isinstance(element, dict) or element.get("type") != "button":
        yield f"{place}: only buttons are known here"
        return
    yield from _text_object(f"{place}/text", element.get("text"), "button_text", plain=True)
    yield from _text(f"{place}/action_id", element.get("action_id"), "identifier")
    if "value" in element:
        yield from _text(f"{place}/value", element["value"], "button_value")
    if element.get("style", "primary") not in ("primary", "danger"):
        yield f"{place}/style: must be primary or danger"


def _rich_text(place: str, block: Block) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not elements:
        yield f"{place}/elements: must be a list with at least one element"
    for position, element in enumerate(_items(elements)):
        inner = f"{place}/elements/{position}"
        kind = element.get("type") if isinstance(element, dict) else None
        if kind == "rich_text_list":
            if element.get("style") not in ("bullet", "ordered"):
                yield f"{inner}/style: must be bullet or ordered"
            if not _items(element.get("elements")):
                yield f"{inner}/elements: must be a list with at least one element"
            for row, item in enumerate(_items(element.get("elements"))):
                yield from _rich_section(f"{inner}/elements/{row}", item, ("rich_text_section",))
        else:
            yield from _rich_section(
                inner, element, ("rich_text_section", "rich_text_preformatted", "rich_text_quote")
            )


def _rich_section(place: str, section: Any, kinds: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(section, dict) or section.get("type") not in kinds:
        yield f"{place}: must be {' or '.join(kinds)}"
        return
    if not isinstance(section.get("elements"), list):
        yield f"{place}/elements: must be a list"
    for position, element in enumerate(_items(section.get("elements"))):
        inner = f"{place}/elements/{position}"
        needed = _RICH_INLINE.get(element.get("type", "")) if isinstance(element, dict) else None
        if needed is None:
            yield f"{inner}: unknown element"
        elif element["type"] == "text":
            yield from _text(f"{inner}/text", element.get("text"), "message_size")
        elif element["type"] == "link":
            yield from _text(f"{inner}/url", element.get("url"), "url")
            if "text" in element:
                yield from _text(f"{inner}/text", element["text"], "message_size")
        elif needed not in element:
            yield f"{inner}/{needed}: is missing"


def _markdown(place: str, block: Block) -> Iterator[str]:
    yield from _text(f"{place}/text", block.get("text"), "markdown_text")


def _table(place: str, block: Block) -> Iterator[str]:
    yield from _count(f"{place}/rows", block.get("rows"), "table_rows")
    for row, cells in enumerate(_items(block.get("rows"))):
        yield from _count(f"{place}/rows/{row}", cells, "table_cells")
        for column, cell in enumerate(_items(cells)):
            inner = f"{place}/rows/{row}/{column}"
            kind = cell.get("type") if isinstance(cell, dict) else None
            if kind == "raw_text":
                yield from _text(f"{inner}/text", cell.get("text"), "message_size")
            elif kind == "rich_text":
                yield from _rich_text(inner, cell)
            elif kind != "raw_number":
                yield f"{inner}: must be raw_text, raw_number or rich_text"


def _divider(place: str, block: Block) -> Iterator[str]:
    yield from ()


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_CHECKS: Mapping[str, Callable[[str, Block], Iterator[str]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
    "image": _image,
    "rich_text": _rich_text,
    "markdown": _markdown,
    "table": _table,
}
