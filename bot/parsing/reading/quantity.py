"""What a quantity is: an amount in a text, what it counts, its role and what it is per."""

from __future__ import annotations

from decimal import Decimal

from bot.questions import Period
from knowledge.lazy_dataclass import dataclass

SIZE_UNITS = frozenset(["tokens", "words", "characters", "pages", "bytes"])


CURRENCIES = {"usd": "USD", "cents": "USD", "eur": "EUR", "gbp": "GBP", "inr": "INR"}


COUNTED = frozenset(
    ["requests", "items", "conversations", "messages", "turns", "users", "images", "examples"]
)


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """An amount at `text[start:end]`. `unit` is a meaning of `lexicon.UNITS`, "money", or "" where the text names none."""

    start: int
    end: int
    value: Decimal
    high: Decimal | None = None
    unit: str = ""
    noun: str = ""
    """The counting word as written ("emails")."""
    role: str = ""
    per: Period | None = None
    per_thing: str = ""
    """What else it is per: "user", "item" (a request, a document), "conversation", "gpu_hour", "gpu", "each", "tokens"."""
    per_tokens: Decimal | None = None
    """Token count of a money rate ("$2 per 1M tokens": 1,000,000)."""
    workdays: bool = False
    currency: str = ""
    scale: Decimal = Decimal(1)
    suffix: str = ""
    item_noun: str = ""
    """What the size is the size of ("500-word emails": emails)."""
    negative: bool = False

    @property
    def is_size(self) -> bool:
        """Whether this is a length of text."""
        return self.unit in SIZE_UNITS

    @property
    def counts_requests(self) -> bool:
        """Whether this counts things that each become one request."""
        return self.unit in ("requests", "items", "messages", "images")
