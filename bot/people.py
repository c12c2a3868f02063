"""Who a person is: a platform's name and that platform's id of the user, written `slack:U012AB3CD`.

Ids are only unique within a platform. A plain id is accepted where people write one (settings, commands) and means whoever has it;
where that would be people of several platforms, the ledger asks for the platform.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.errors import UsageError
from knowledge.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from bot.messages import Message
    from bot.settings import Settings

_QUALIFIED = re.compile(r"([a-z][a-z0-9_-]*):(.+)")


@dataclass(frozen=True)
class Person:
    """A user; without a platform, whoever has the id on any of them."""

    user: str
    platform: str = ""

    @classmethod
    def read(cls, text: str) -> Person:
        """The person that a text names, as `slack:U012AB3CD` or by the plain id. Raises `UsageError` for an empty one."""
        text = text.strip()
        if not text or text.endswith(":"):
            raise UsageError(f"{text!r} names no user.", "Give a user's id, such as slack:U012AB3CD.")
        qualified = _QUALIFIED.fullmatch(text)
        return cls(qualified[2], qualified[1]) if qualified else cls(text)

    def __str__(self) -> str:
        return f"{self.platform}:{self.user}" if self.platform else self.user

    def is_user(self, platform: str, user: str) -> bool:
        """Whether this is the user with that id on that platform."""
        return bool(user) and user == self.user and self.platform in ("", platform)


def is_administrator(message: Message, settings: Settings) -> bool:
    """Whether the settings name the person who asks as an administrator."""
    return any(Person.read(text).is_user(message.platform, message.user) for text in settings.admins)


def is_operator(message: Message, settings: Settings) -> bool:
    """Whether the person who asks runs this installation: whoever sits at its terminal, and its administrators."""
    return message.operator or is_administrator(message, settings)
