"""What crosses the border between a platform and the core: a `Message` in, a `Reply` out, and nothing else.

A platform adapter translates its event into a `Message` and renders a `Reply`. Neither holds markup: texts are plain,
and escaping them is the adapter's duty. Times are timezone-aware UTC.
"""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime

from bot.answers import Answer
from bot.people import Person
from knowledge.lazy_dataclass import dataclass

MAX_QUESTION_CHARS = 4000
"""A question is cut to this length before any pattern sees it."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One question as a platform delivered it.

    `dedup_keys` are all the names under which the same event may come again (event id, channel and timestamp,
    trigger id …); if any of them was seen before, the message is a repetition. `thread` names the conversation that a
    follow-up continues: messages with equal (platform, workspace, channel, thread) share it. `also_threads` are wider
    threads of the same channel: the message's question is remembered under each of them too, and where its own thread
    knows of no question yet, the first of them that knows one is continued.
    """

    platform: str
    """The adapter's name."""
    text: str
    user: str = ""
    workspace: str = ""
    channel: str = ""
    thread: str = ""
    also_threads: tuple[str, ...] = ()
    dedup_keys: tuple[str, ...] = ()
    private: bool = False
    """True where only the asking user sees the answer (a DM, an ephemeral reply)."""
    operator: bool = False
    """True where whoever asks runs this installation, as at its terminal."""
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if len(self.text) > MAX_QUESTION_CHARS:
            object.__setattr__(self, "text", self.text[:MAX_QUESTION_CHARS])

    @property
    def person(self) -> Person:
        """Who asks."""
        return Person(self.user, self.platform)

    @property
    def conversation(self) -> tuple[str, str, str, str]:
        """The key of the thread that this message belongs to."""
        return self.in_thread(self.thread)

    def in_thread(self, thread: str) -> tuple[str, str, str, str]:
        """The key of another thread of the same channel."""
        return (self.platform, self.workspace, self.channel, thread)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What to show for a `Message`; `answer` is None when the message repeats one that was taken up before."""

    message: Message
    answer: Answer | None
    notices: tuple[str, ...] = ()
    """Sentences for the user beside the answer, such as a budget that has run out."""
    recorded: bool = True
    """False where the ledger could not be written, so that question and answer are not on record."""

    @property
    def duplicate(self) -> bool:
        """True when nothing must be posted, because the event was seen before."""
        return self.answer is None
