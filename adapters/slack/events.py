"""Slack's payloads become `Message`s here; anything that is no question to the bot becomes None.

Guarantees: never raises, whatever the shape of the payload; the text is cut to its length limit before any pattern sees it; what a
person typed comes out as typed (Slack's entities, links, mentions and emphasis are undone); every message carries all the names
under which Slack may deliver it again.

Conversations: in a channel a thread is one (`thread` is the timestamp of its root); a direct message is a thread of its own too,
and besides that the whole direct-message channel is a wider one, so that a follow-up works inside and outside of the thread; slash
commands, which cannot be used in threads, form one conversation for each user and channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.messages import MAX_QUESTION_CHARS, Message

HELP = "help"
"""What an empty command or a bare mention asks for."""

COMMAND_THREAD = "command:"
"""Start of `Message.thread` for slash commands; the user's id follows."""

WIDER_THREAD = "direct-messages"
"""Thread name under which a whole direct-message channel is one conversation."""

_MESSAGE_KEY = "message:"
"""Start of the dedup key that holds a message's channel and timestamp."""

_PERSONAL_SUBTYPES = frozenset({None, "", "file_share", "thread_broadcast"})
"""Subtypes of messages that a person wrote as a question; all others are edits, deletions, joins, bots and the like."""

_CONTROL = re.compile(r"<([@#!]|https?:|mailto:|tel:|slack:)([^<>|]*)(?:\|([^<>]*))?>")
_EMPHASIS = re.compile(
    r"(?<![\w*])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])"
    r"|(?<!\w)_(?=[^\s_])([^_\n]+)(?<=[^\s_])_(?!\w)"
    r"|(?<![\w~])~(?=\S)([^~\n]+)(?<=\S)~(?![\w~])"
)
_BACKTICKS = re.compile("`+")


def from_event(body: Mapping[str, Any], bot_user: str) -> Message | None:
    """The question in an Events API payload (`app_mention`, or a person's direct message), or None."""
    event = body.get("event")
    if not isinstance(event, dict):
        return None
    kind, channel, user, ts = (_string(event, key) for key in ("type", "channel", "user", "ts"))
    direct = (
        kind == "message" and (event.get("channel_type") or ("im" if channel.startswith("D") else "")) == "im"
    )
    if not direct and kind != "app_mention":
        return None
    if event.get("bot_id") or user in ("", bot_user) or not channel or not ts:
        return None
    if _string(event, "subtype") not in _PERSONAL_SUBTYPES:
        return None
    keys = [f"{_MESSAGE_KEY}{channel}:{ts}"]
    if event_id := _string(body, "event_id"):
        keys.append(f"event:{event_id}")
    return Message(
        platform="slack",
        text=typed(_string(event, "text")) or HELP,
        user=user,
        workspace=_string(body, "team_id") or _string(event, "team"),
        channel=channel,
        thread=_string(event, "thread_ts") or ts,
        also_threads=(WIDER_THREAD,) if direct else (),
        dedup_keys=tuple(keys),
        private=direct,
    )


def from_command(body: Mapping[str, Any]) -> Message | None:
    """The question in a slash command, or None when the payload is no whole command."""
    user, channel, trigger = (_string(body, key) for key in ("user_id", "channel_id", "trigger_id"))
    if not user or not channel:
        return None
    return Message(
        platform="slack",
        text=typed(_string(body, "text")) or HELP,
        user=user,
        workspace=_string(body, "team_id"),
        channel=channel,
        thread=COMMAND_THREAD + user,
        dedup_keys=(f"trigger:{trigger}",) if trigger else (),
        private=True,
    )


def is_command(message: Message) -> bool:
    """Whether a message came as a slash command, whose answer only its user sees."""
    return message.thread.startswith(COMMAND_THREAD)


def sent_at(message: Message) -> str | None:
    """Slack's timestamp of a message, also of one that comes out of the ledger; None for a command."""
    start = f"{_MESSAGE_KEY}{message.channel}:"
    return next((key.removeprefix(start) for key in message.dedup_keys if key.startswith(start)), None)


def typed(text: str) -> str:
    """What a person typed, from Slack's encoding of it: no user mentions, labels for links, no entities, no emphasis marks."""
    text = text[:MAX_QUESTION_CHARS].replace("\u00a0", " ")
    text = _CONTROL.sub(_label, text)
    text = _EMPHASIS.sub(lambda match: match[1] or match[2] or match[3], text)
    text = _BACKTICKS.sub("", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _label(match: re.Match[str]) -> str:
    """The words of one `<…>` control sequence: nothing for mentions, the label or address of a link, a date's own words."""
    kind, target, label = match[1], match[2], match[3]
    if kind == "@":
        return " "
    if kind == "#":
        return f"#{label}" if label else " "
    if kind == "!":
        return label if label and target.startswith("date^") else " "
    return label or (target if kind == "mailto:" else kind + target)


def _string(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
