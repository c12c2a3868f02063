"""What a quantity is per: the words behind it that say a day, a user, a GPU-hour, a million tokens.

The base of the reader of numbers: it holds the words around one number, and marks those that belong to it.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal

from bot.parsing.reading.language import Language
from bot.parsing.reading.lexicon import ADVERB_PERIODS, COST_WORDS, PERIOD_MARKERS, PERIODS, UNITS
from bot.parsing.reading.numbers import Number
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import Word
from knowledge.lazy_dataclass import replace

_PER_THINGS: dict[str, str] = {"requests": "item", "items": "item", "messages": "item", "images": "item",
                               "conversations": "conversation", "users": "user", "gpus": "gpu", "gpu_hours": "gpu_hour", "parameters": "parameter"}  # fmt: skip
DAYS_OF_WORK = frozenset(["weekday", "workday", "werktag", "arbeitstag", "businessday"])
WORKDAY = frozenset(
    [
        "working",
        "business",
        "work",
        "week",
        "arbeits",
        "jour",
        "ouvré",
        "ouvrable",
        "laborable",
        "hábil",
        "habil",
    ]
)
_LOOK_AHEAD = 7
_LOOK_BACK = 6


class RateReader:
    """The surroundings of one number, and what it is per."""

    def __init__(
        self,
        text: str,
        words: list[Word],
        number: Number,
        floor: int,
        limit: int,
        consumed: set[int],
        language: Language = "en",
    ) -> None:
        self.language = language
        self.number = number
        self.text = text
        self.consumed = consumed
        at = bisect_left(words, (number.end,))  # words are in order, and begin with their place
        line_end = text.find("\n", number.end)
        last = limit if line_end < 0 else min(limit, line_end)
        if text.startswith(". ", number.end):
            last = number.end  # the sentence ends with the number: "1.1k/300. requests?"
        self.after = [w for w in words[at : at + _LOOK_AHEAD + 4] if w.start < last]
        first = bisect_left(words, (number.start,))
        line_start = max(floor, text.rfind("\n", 0, number.start))
        self.before = [w for w in words[max(0, first - _LOOK_BACK) : first] if line_start <= w.start]
        self.next_number = limit
        self.end = number.end
        self.start = number.start

    def read_rate(self, quantity: Quantity, at: int) -> tuple[Quantity, int]:
        """Everything of the form "a day", "/day", "per user per day", "each", "daily" right behind the quantity."""
        while at < len(self.after):
            word = self.after[at].text
            if (
                word in ("on", "for", "with")
                and at + 2 < len(self.after)
                and self.after[at + 1].text == "\0model"
            ):
                if self.starts_period(at + 2) and quantity.unit != "money":
                    at += 2  # "10k requests on gpt-4o per day"
                    continue
                break
            if word in ADVERB_PERIODS:
                following = self.after[at + 1].text if at + 1 < len(self.after) else ""
                if following in COST_WORDS or quantity.per:
                    break
                quantity = replace(quantity, per=PERIODS[word])
                at = self.take(at)
                continue
            if (
                word in ("cada", "each", "chacun", "chacune")
                and at + 1 < len(self.after)
                and self.after[at + 1].text in ("uno", "una", "one")
            ):
                quantity = replace(quantity, per_thing=quantity.per_thing or "each")
                at = self.take(self.take(at))
                continue
            if word not in PERIOD_MARKERS and word not in ("in", "-"):
                break
            if word == "in" and not (
                at + 2 < len(self.after)
                and self.after[at + 1].text in ("a", "one")
                and self.after[at + 2].text in PERIODS
            ):
                break
            step = at + 2 if word == "in" else at + 1
            while step < len(self.after) and self.after[step].text in (
                "single",
                "calendar",
                "unique",
                "active",
                "-",
                "new",
                "1",
                "api",
                "llm",
                "gpu",
            ):
                if (
                    self.after[step].text == "gpu"
                    and UNITS.get(self.after[step + 1].text if step + 1 < len(self.after) else "") == "hours"
                ):
                    break
                step += 1
            target = self.after[step].text if step < len(self.after) else ""
            workday = (
                target in WORKDAY
                and step + 1 < len(self.after)
                and PERIODS.get(self.after[step + 1].text) == "day"
            )
            if workday:
                step += 1
                target = self.after[step].text
            if target in DAYS_OF_WORK:
                workday, target = True, "day"
            hour_of_gpu = self._hour_behind(step) if target == "\0model" else 0
            if hour_of_gpu:
                quantity = replace(quantity, per_thing="gpu_hour")  # "$1.80 per H100-hour"
                at = self.take(hour_of_gpu)
            elif target in ("quarter", "quartal", "trimestre", "trimester") and quantity.per is None:
                quantity = replace(quantity, per="month", value=quantity.value / 3)
                at = self.take(step)
            elif (
                target == "gpu"
                and step + 1 < len(self.after)
                and UNITS.get(self.after[step + 1].text) == "hours"
            ):
                quantity = replace(quantity, per_thing="gpu_hour")
                at = self.take(step + 1)
            elif target in PERIODS and (quantity.per is None):
                quantity = replace(quantity, per=PERIODS[target], workdays=quantity.workdays or workday)
                at = self.take(step)
                if at < len(self.after) and self.after[at].text in WORKDAY:
                    quantity = replace(quantity, workdays=True)  # "por día laborable"
                    at = self.take(at)
            elif UNITS.get(target) in _PER_THINGS:
                quantity = replace(quantity, per_thing=_PER_THINGS[UNITS[target]])
                at = self.take(step)
            elif quantity.unit == "money" and self._per_tokens(quantity, target, step):
                return replace(quantity, per_thing="tokens", per_tokens=self._token_basis(target, step)), at
            elif word == "each":
                quantity = replace(quantity, per_thing=quantity.per_thing or "each")
                at = self.take(at)
            else:
                break
        return quantity, at

    def _hour_behind(self, step: int) -> int:
        """Where "hour" stands behind a GPU's name, or 0."""
        for at in range(step + 1, min(step + 3, len(self.after))):
            if UNITS.get(self.after[at].text) == "hours":
                return at
        return 0

    def starts_period(self, at: int) -> bool:
        if at >= len(self.after):
            return False
        word = self.after[at].text
        following = self.after[at + 1].text if at + 1 < len(self.after) else ""
        return word in ADVERB_PERIODS or (word in PERIOD_MARKERS and following in PERIODS)

    def _per_tokens(self, quantity: Quantity, target: str, step: int) -> bool:
        if target in ("million", "mtok", "m", "mm", "k", "ktok", "token", "tokens", "thousand", "mil", "mio"):
            return True
        return target == "" and self.next_number < len(self.text)

    def _token_basis(self, target: str, step: int) -> Decimal:
        if target in ("k", "ktok", "thousand"):
            return Decimal(1000)
        if target in ("token", "tokens"):
            return Decimal(1)
        return Decimal(10) ** 6

    def take(self, at: int) -> int:
        """Mark the word at `at` as part of this quantity; the index behind it."""
        self.consumed.add(self.after[at].start)
        self.end = max(self.end, self.after[at].end)
        return at + 1
