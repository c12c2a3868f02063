"""Discord messages as the core's `Message`: which ones are meant for the bot, what they ask, and which thread they continue.

Threads: in a thread (or a direct message) everybody continues what was asked there last. In an ordinary channel each user has a
conversation of their own, so that two people asking at once do not mix. A reply to one of the bot's answers continues that answer,
whoever writes it, or its author's conversation where the answer is forgotten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import discord

from bot.messages import Message

PLATFORM: Final = "discord"

_EMOJI_OR_TIME = re.compile(r"<(?:a?:\w{1,40}:\d{1,25}|t:-?\d{1,20}(?::\w)?)>")
_CODE_OR_BOLD = re.compile(r"`+|\*\*|\|\|")
_USER, _ROLE, _CHANNEL = (
    re.compile(r"<@!?(\d{1,25})>"),
    re.compile(r"<@&(\d{1,25})>"),
    re.compile(r"<#(\d{1,25})>"),
)

_ANSWER = "answer to "
"""Start of the conversations that go on from an answer."""

_MAY_ASK = (discord.MessageType.default, discord.MessageType.reply)

_MOST_TEXT = 8000
"""Characters that are looked at; Discord lets nobody write more than 4,000."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands, and so where its answer goes."""

    channel_id: int
    message_id: int

    @property
    def key(self) -> str:
        """The name under which the ledger knows the event; a message id never comes twice."""
        return f"{self.channel_id}/{self.message_id}"

    @classmethod
    def of(cls, message: Message) -> Place | None:
        """The place of a message that this adapter made, also after a restart; None if it holds none."""
        for key in message.dedup_keys:
            channel, _, event = key.partition("/")
            if channel.isdecimal() and event.isdecimal():
                return cls(int(channel), int(event))
        return None


def concerns(event: discord.Message, me: discord.ClientUser) -> bool:
    """Whether a message asks the bot: it mentions the bot or its role, answers one of the bot's messages, or is direct."""
    if event.author.bot or event.webhook_id is not None or event.type not in _MAY_ASK:
        return False
    return event.guild is None or _mentions(event, me) or answered_message(event, me) is not None


def answered_message(event: discord.Message, me: discord.ClientUser) -> discord.Message | None:
    """The bot's own message that this one replies to."""
    reference = event.reference
    if event.type is not discord.MessageType.reply or reference is None:
        return None
    original = reference.resolved or reference.cached_message
    return original if isinstance(original, discord.Message) and original.author.id == me.id else None


def hidden(event: discord.Message, me: discord.ClientUser) -> bool:
    """Whether Discord keeps the words of a message from the bot, which it does unless the message mentions the bot itself."""
    return not event.content and event.guild is not None and me not in event.mentions


def to_message(event: discord.Message, me: discord.ClientUser) -> Message:
    """The core's view of a Discord message that `concerns` the bot."""
    channel = event.channel
    parent = channel.parent_id if isinstance(channel, discord.Thread) else channel.id
    own, ours = own_thread(event), answer_key(event.id)
    answered = answered_message(event, me)
    return Message(
        platform=PLATFORM,
        text=question_text(event, me),
        user=str(event.author.id),
        workspace="" if event.guild is None else str(event.guild.id),
        channel=str(parent),
        thread=own if answered is None else _answer_key_of(answered),
        also_threads=(ours,) if answered is None else (own, ours),
        dedup_keys=(Place(channel.id, event.id).key,),
        private=event.guild is None,
    )


def turn_of(message: Message) -> tuple[str, str, str, str]:
    """The conversation whose messages are answered one after the other: the author's, or the thread's."""
    threads = (message.thread, *message.also_threads)
    own = next((thread for thread in threads if not thread.startswith(_ANSWER)), message.thread)
    return message.in_thread(own)


def own_thread(event: discord.Message) -> str:
    """The conversation that a message continues when it replies to nothing."""
    if isinstance(event.channel, discord.Thread):
        return thread_key(event.channel.id)
    return "direct" if event.guild is None else user_key(event.author.id)


def thread_key(channel_id: int) -> str:
    """Conversation of a Discord thread."""
    return f"thread {channel_id}"


def user_key(user_id: int) -> str:
    """Conversation of one user in an ordinary channel."""
    return f"user {user_id}"


def answer_key(message_id: int) -> str:
    """Conversation that goes on from one answer: named by its question, or by itself where the question was deleted."""
    return f"{_ANSWER}{message_id}"


def _answer_key_of(answer: discord.Message) -> str:
    reference = answer.reference
    question = None if reference is None else reference.message_id
    return answer_key(answer.id if question is None else question)


def question_text(event: discord.Message, me: discord.ClientUser) -> str:
    """What was asked, without the mention of the bot and without Discord's markup; a bare mention asks for help."""
    names = {user.id: user.display_name for user in event.mentions}
    roles = {role.id: role.name for role in event.role_mentions}
    mine = _own_role_id(event)

    def user(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return " " if number == me.id else f"@{names.get(number, 'someone')}"

    def role(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return " " if number == mine else f"@{roles.get(number, 'role')}"

    text = event.content[:_MOST_TEXT]
    text = _CHANNEL.sub("#channel", _ROLE.sub(role, _USER.sub(user, text)))
    text = _CODE_OR_BOLD.sub("", _EMOJI_OR_TIME.sub(" ", text)).strip()
    return text or "help"


def _mentions(event: discord.Message, me: discord.ClientUser) -> bool:
    mine = _own_role_id(event)
    return me in event.mentions or any(role.id == mine for role in event.role_mentions)


def _own_role_id(event: discord.Message) -> int | None:
    """The role that Discord made for the bot; people pick it from the list by mistake, since it has the bot's name."""
    role = event.guild.self_role if event.guild is not None else None
    return None if role is None else role.id
