"""What a person sees of an answer: the texts of a Slack post and of a Discord message, without their markup."""

from __future__ import annotations

from typing import Any

import discord
from servers.fake_slack import Post

from bot.answers import Answer
from bot.presentation import figure_rows


def slack_lines(post: Post) -> list[str]:
    """The lines of a post's blocks."""
    return [line for block in post.blocks for line in _lines(block)]


def _lines(block: dict[str, Any]) -> list[str]:
    """The texts of a block's lowest lists of elements, each joined."""
    elements = block.get("elements", [])
    if all("elements" not in element for element in elements):
        return ["".join(element.get("text", "") for element in elements)]
    return [line for element in elements for line in _lines(element)]


def discord_markdown(message: discord.Message) -> str:
    """All text of a Components V2 message, as markdown."""
    found: list[str] = []
    waiting: list[Any] = list(message.components)
    while waiting:
        component = waiting.pop(0)
        found += [component.content] if isinstance(component, discord.TextDisplay) else []
        waiting = [*getattr(component, "children", ()), *waiting]
    return "\n".join(found)


def slack_shows(post: Post, answer: Answer) -> None:
    """All figures of an answer, and its headline, stand in a post: in its blocks as well as in its text."""
    blocks = slack_lines(post)
    assert answer.headline in blocks[0]
    for label, amount in figure_rows(answer.figures):
        assert any(f"{label}: {amount}" in line for line in blocks), (label, amount, blocks)
        assert f"{label}: {amount}" in post.text


def discord_shows(message: discord.Message, answer: Answer) -> None:
    """All figures of an answer, and its headline, stand in a message."""
    markdown_shows(discord_markdown(message), answer)


def markdown_shows(markdown: str, answer: Answer) -> None:
    """All figures of an answer, and its headline, stand in Discord's markdown."""
    text = markdown.replace("\\", "").replace("**", "")
    assert answer.headline in text
    for label, amount in figure_rows(answer.figures):
        assert f"{label}: {amount}" in text, (label, amount, text)
