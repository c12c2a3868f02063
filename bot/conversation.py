"""The memory of a thread: its last typed question, so that "and with batch?" has something to refer to.

The ledger holds it, so it survives a restart and is shared by processes; the object is kept in memory beside the JSON it was
written as, so that only a question from another process (or from before a restart) has to be validated again.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from bot.messages import Message
from bot.questions import Question, question_from_json, question_to_json

log = logging.getLogger(__name__)

Conversation = tuple[str, str, str, str]

_KEPT_THREADS = 1000
"""Threads whose question object is kept in memory."""


class ThreadStore(Protocol):
    """Where threads are stored; the ledger is one."""

    async def load_thread(self, conversation: Conversation) -> str | None: ...

    async def save_thread(
        self, conversation: Conversation, question_json: str, also_threads: Sequence[str] = ()
    ) -> None: ...


class Conversations:
    """Last typed question of each thread."""

    def __init__(self, store: ThreadStore) -> None:
        self._store = store
        self._objects: OrderedDict[Conversation, tuple[str, Question]] = OrderedDict()

    async def last_question(self, message: Message) -> Question | None:
        """The question that a follow-up patches: the last one of the message's thread, else of the first wider thread with one."""
        for thread in (message.thread, *message.also_threads):
            question = await self._last_of(message.in_thread(thread)) if thread else None
            if question is not None:
                return question
        return None

    async def _last_of(self, conversation: Conversation) -> Question | None:
        stored = await self._store.load_thread(conversation)
        if stored is None:
            return None
        kept = self._objects.get(conversation)
        if kept is not None and kept[0] == stored:
            return kept[1]
        try:
            return question_from_json(json.loads(stored))
        except ValueError:  # written by another version: the thread starts anew
            log.warning("a stored question of thread %s cannot be read any more", conversation)
            return None

    async def remember(self, message: Message, question: Question) -> None:
        """Make `question` the one that the next message of the thread, and of the wider ones, can refer to."""
        threads = [thread for thread in dict.fromkeys((message.thread, *message.also_threads)) if thread]
        if not threads:
            return
        text = json.dumps(question_to_json(question), separators=(",", ":"))
        for thread in threads:
            conversation = message.in_thread(thread)
            self._objects[conversation] = (text, question)
            self._objects.move_to_end(conversation)
        while len(self._objects) > _KEPT_THREADS:
            self._objects.popitem(last=False)
        await self._store.save_thread(message.in_thread(threads[0]), text, threads[1:])
