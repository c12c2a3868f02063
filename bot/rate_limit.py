"""How many questions one user may ask a minute; counted in this process's memory, so that a restart begins anew.

Only a service has a limit. The library is an extra of the platforms and is imported when a limiter is made.
"""

from __future__ import annotations

import time

from bot.errors import AicostError
from bot.messages import Message


class RateLimited(AicostError):
    """A user has asked more questions within a minute than are allowed; `seconds` is the time until the next one is."""

    def __init__(self, per_minute: int, seconds: int) -> None:
        questions = "1 question" if per_minute == 1 else f"{per_minute} questions"
        super().__init__(
            f"You have asked more than {questions} within a minute.", f"Please try again in {seconds} s."
        )
        self.seconds = seconds


class RateLimiter:
    """At most `per_minute` questions of one user within any sixty seconds (a moving window); refused ones do not count."""

    def __init__(self, per_minute: int) -> None:
        from limits import RateLimitItemPerMinute
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        self.per_minute = per_minute
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait(self, message: Message) -> float:
        """Count a question, and give 0; or, if it is one too many, the seconds until its user may ask again."""
        user = (message.platform, message.user)
        if self._limiter.hit(self._item, *user):
            return 0.0
        window = self._limiter.get_window_stats(self._item, *user)
        return min(max(window.reset_time - time.time(), 1.0), 60.0)
