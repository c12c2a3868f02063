"""Quantities: a number, what it counts, its role (input, output, cached …) and what it is per (a day, a user, a request).

Reads one text into `Quantity` spans by looking at the words around each number. Which question they belong to is decided later; a value
that stands here is always the value of words in the text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.parsing.language import Language
from bot.parsing.lexicon import (
    ADJECTIVES,
    ADVERB_PERIODS,
    COST_WORDS,
    FILLERS,
    PERIOD_MARKERS,
    PERIODS,
    ROLES,
    STOPWORDS,
    UNITS,
)
from bot.parsing.numbers import Number, read_numbers
from bot.parsing.spans import Word, split_words
from bot.questions import Period
from knowledge.wording import is_one_slip

SIZE_UNITS = frozenset(["tokens", "words", "characters", "pages", "bytes"])
CURRENCIES = {"usd": "USD", "cents": "USD", "eur": "EUR", "gbp": "GBP", "inr": "INR"}
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"}
_TIME_UNITS = frozenset(["seconds", "minutes", "hours", "days", "weeks", "months", "years"])
_COUNTED = frozenset(
    ["requests", "items", "conversations", "messages", "turns", "users", "images", "examples"]
)
_PER_THINGS: dict[str, str] = {"requests": "item", "items": "item", "messages": "item", "images": "item",
                               "conversations": "conversation", "users": "user", "gpus": "gpu", "gpu_hours": "gpu_hour"}  # fmt: skip
_BYTE_FACTORS = {"kb": 10**3, "kilobytes": 10**3, "mb": 10**6, "megabytes": 10**6, "gb": 10**9, "gigabytes": 10**9,
                 "tb": 10**12, "terabytes": 10**12}  # fmt: skip
_DAYS_OF_WORK = frozenset(["weekday", "workday", "werktag", "arbeitstag", "businessday"])
_WORKDAY = frozenset(["working", "business", "work", "week", "arbeits", "jour", "ouvré", "laborable"])
_CLAUSE_ENDS = frozenset([",", ";", "?", "!", "(", ")"])
_SINGULAR_ROLES = frozenset(["prompt", "completion", "response", "reply", "answer", "generation"])
_MODEL_WORDS = frozenset(["model", "llm", "modell", "modèle", "modelo", "network", "transformer"])
_MODEL_SUFFIXES = frozenset(
    ["m", "mm", "mn", "b", "bn", "t", "million", "billion", "trillion", "millionen", "milliarden"]
)
_COMMON_UNITS = ("requests", "request", "tokens", "messages", "queries", "calls", "prompts", "users", "words", "pages",
                 "documents", "emails", "conversations", "questions", "tickets")  # fmt: skip
_LEFT_OUTPUT = frozenset(
    [
        "summary",
        "summaries",
        "zusammenfassung",
        "résumé",
        "resumen",
        "translation",
        "reply",
        "review",
        "report",
    ]
)
"""Things that are written, where they stand before their length ("a summary of 200 words")."""
_SENDERS = frozenset(["bots", "teams", "apps", "services", "sites", "departments", "stores", "shops"])
_MOST_NUMBERS = 48
"""No question holds more; a pasted table of numbers is read up to here."""
_LOOK_AHEAD = 7
_LOOK_BACK = 6


@dataclass(frozen=True, slots=True, kw_only=True)
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


def read_quantities(
    text: str, language: Language = "en", masked: Sequence[tuple[int, int]] = ()
) -> list[Quantity]:
    """All quantities in `text` (folded), in order. Numbers inside `masked` ranges (names of models and GPUs) are none."""
    numbers = read_numbers(text, language, masked)[:_MOST_NUMBERS]
    if not numbers:
        return []
    words = _words_between(text, numbers, masked)
    quantities: list[Quantity] = []
    consumed: set[int] = set()
    for index, number in enumerate(numbers):
        limit = numbers[index + 1].start if index + 1 < len(numbers) else len(text)
        floor = numbers[index - 1].end if index else 0
        quantities.append(_Reader(text, words, number, floor, limit, consumed).read())
    quantities = _join_products(text, _join_intervals(text, _join_ranges(text, quantities)))
    return _share_roles(text, _join_money_rates(quantities))


def _words_between(text: str, numbers: Sequence[Number], masked: Sequence[tuple[int, int]]) -> list[Word]:
    """The words outside numbers; a masked range is one opaque word, so that a model's name ends a look-around."""
    characters = list(text)
    for number in numbers:
        for at in range(number.start, number.end):
            characters[at] = " "
    opaque: list[Word] = []
    for start, end in masked:
        opaque.append(Word(start, end, "\0model"))
        for at in range(start, min(end, len(characters))):
            characters[at] = " "
    words = split_words("".join(characters))
    return sorted([*words, *opaque], key=lambda word: word.start)


def _start_of(word: Word) -> int:
    return word.start


class _Reader:
    """Reads the surroundings of one number."""

    def __init__(
        self, text: str, words: list[Word], number: Number, floor: int, limit: int, consumed: set[int]
    ) -> None:
        self.number = number
        self.text = text
        self.consumed = consumed
        at = bisect_left(words, number.end, key=_start_of)
        self.after = [w for w in words[at : at + _LOOK_AHEAD + 4] if w.start < limit]
        first = bisect_left(words, number.start, key=_start_of)
        self.before = [w for w in words[max(0, first - _LOOK_BACK) : first] if floor <= w.start]
        self.next_number = limit
        self.end = number.end
        self.start = number.start

    def read(self) -> Quantity:
        number = self.number
        quantity = Quantity(
            start=number.start,
            end=number.end,
            value=number.value,
            high=number.high,
            scale=number.scale,
            suffix=number.suffix,
            negative=number.negative,
        )
        quantity = self._negated(self._currency_before(quantity))
        quantity, at = self._unit_and_role(quantity)
        quantity = self._role_before(quantity)
        quantity, at = self._per(quantity, at)
        quantity = replace(quantity, start=self.start, end=max(self.end, quantity.end))
        if quantity.unit == "tokens" and self._is_basis():
            quantity = replace(quantity, per_thing="basis")
        elif quantity.unit in ("tokens", "") and quantity.per is None and self._is_threshold():
            quantity = replace(quantity, unit="tokens", per_thing="threshold")
        return self._settle(quantity)

    def _is_basis(self) -> bool:
        """ "price per 1M tokens": what a rate is quoted for, no volume."""
        before = self.before[-1].text if self.before else ""
        return before in ("per", "pro", "par", "por", "je") and self.number.value in (1, 1000, 10**6)

    def _is_threshold(self) -> bool:
        """ "Above 200k tokens": where a price changes, no volume."""
        before = self.before[-1].text if self.before else ""
        return (
            before in ("above", "over", "beyond", "past", "exceeding", "über", "más", ">")
            and self.number.value >= 32_000
        )

    def _currency_before(self, quantity: Quantity) -> Quantity:
        if self.before and self.before[-1].text in _SIGNS and self.before[-1].end >= self.number.start - 1:
            self.start = self.before[-1].start
            return replace(quantity, unit="money", currency=_SIGNS[self.before[-1].text])
        if self.before and UNITS.get(self.before[-1].text) in ("usd", "eur", "gbp", "inr"):
            self.start = self.before[-1].start
            return replace(quantity, unit="money", currency=CURRENCIES[UNITS[self.before[-1].text]])
        return quantity

    def _negated(self, quantity: Quantity) -> Quantity:
        """ "minus 40 requests", "-$20"."""
        before = [w for w in self.before if w.text not in _SIGNS]
        if not before:
            return quantity
        sign = before[-1]
        apart = sign.start == 0 or self.text[sign.start - 1] in " (,:="
        if sign.text in ("minus", "negative") or (
            sign.text == "-" and apart and self.text[sign.end] in _SIGNS
        ):
            self.start = min(self.start, sign.start)
            return replace(quantity, negative=True)
        return quantity

    def _unit_and_role(self, quantity: Quantity) -> tuple[Quantity, int]:
        at = 0
        steps = 0
        while at < len(self.after) and steps < _LOOK_AHEAD:
            steps += 1
            word = self.after[at].text
            following = self.after[at + 1].text if at + 1 < len(self.after) else ""
            unit, role = UNITS.get(word), ROLES.get(word)
            if word == "\0model" and not quantity.unit and UNITS.get(following) in _COUNTED:
                at += 1  # "12k gpt-5.5 requests"
                continue
            if word in _MODEL_WORDS and not quantity.unit and self.number.suffix in _MODEL_SUFFIXES:
                quantity = replace(quantity, unit="parameters", noun=word)  # "a 400M model"
                at = self._take(at)
                break
            if word in ("gpu", "gpu-") and UNITS.get(following) == "hours" and not quantity.unit:
                quantity = replace(quantity, unit="gpu_hours", noun="gpu hours")
                at = self._take(self._take(at))
                break
            if word == "of" and following in ("them", "those", "these") and not quantity.unit:
                quantity = replace(quantity, unit="items", noun=following)
                at = self._take(at + 1)
                break
            if word == "-" or (
                word in FILLERS
                and word not in UNITS
                and word not in ROLES
                and word
                not in (
                    "with",
                    "to",
                    "at",
                    "under",
                    "over",
                    "is",
                    "are",
                    "more",
                    "less",
                    "than",
                    ":",
                    "=",
                    "up",
                )
            ):
                at += 1
                continue
            if word in ADVERB_PERIODS and following in UNITS and not quantity.unit and quantity.per is None:
                quantity = replace(quantity, per=PERIODS[word])  # "10k daily requests"
                at = self._take(at)
                continue
            if word in COST_WORDS and word not in UNITS:
                break
            if unit in ("usd", "cents", "eur", "gbp", "inr") and quantity.unit in ("", "money"):
                quantity = replace(quantity, unit="money", currency=CURRENCIES[unit])
                if unit == "cents":
                    quantity = replace(quantity, value=quantity.value / 100)
                at = self._take(at)
                continue
            if quantity.unit == "money":
                break
            if word in (
                "en",
                "als",
                "as",
                "for",
                "im",
                "der",
                "an",
                "à",
                "l'",
                "d'",
                "la",
                "de",
                "the",
            ) and ROLES.get(following) in ("input", "output"):
                at += 1  # "300 en sortie"
                continue
            if (
                word in _SINGULAR_ROLES
                and not quantity.unit
                and quantity.value > 1
                and not self._starts_period(at + 1)
            ):
                quantity = replace(quantity, role=ROLES[word])  # "200 reply": a count would be plural
                at = self._take(at)
                continue
            if role and unit and following and UNITS.get(following) in SIZE_UNITS:
                quantity = replace(quantity, role=role)  # "500 prompt tokens"
                at = self._take(at)
                continue
            if (
                quantity.unit in SIZE_UNITS
                and (unit in _COUNTED or role in ("input", "output"))
                and word not in ("in", "out")
            ):
                quantity = self._size_of_item(quantity, word)
                at = self._take(at)
                continue
            if unit and not quantity.unit and not (word == "x" and following == ""):
                if unit == "times" and word != "times":
                    if following in UNITS or following in ADJECTIVES or following in ("the", "\0model"):
                        quantity = replace(quantity, unit="times") if following == "the" else quantity
                        at = self._take(at)
                        continue
                    break
                if word in PERIODS and self._follows_slash(at):
                    break
                quantity = replace(quantity, unit=unit, noun=word)
                at = self._take(at)
                if unit in ("requests", "items", "users", "conversations", "messages", "turns", "gpus"):
                    break
                continue
            if (
                word == "in"
                and following in ("the", "each", "every", "my", "our")
                and quantity.is_size
                and self._has_role(at + 2)
            ):
                at += 2  # "200 tokens in the response"
                continue
            if role and not quantity.role and self._role_fits(quantity, at, role):
                quantity = replace(quantity, role=role)
                at = self._take(at)
                continue
            if word in ADJECTIVES and word not in PERIODS:
                at += 1
                continue
            break
        if (
            (not quantity.unit or quantity.noun in _SENDERS)
            and not quantity.role
            and [w.text for w in self.before[-2:]] == ["each", "of"]
        ):
            if not quantity.unit and self.after:
                at = self._take(0)
            quantity = replace(quantity, unit="users")  # "each of 3 shops handles 700 …"
        if not quantity.unit and not quantity.role:
            quantity, at = self._misspelt(quantity)
        if not quantity.unit and not quantity.role:
            quantity, at = self._unknown_noun(quantity)
        if not quantity.unit and not quantity.role:
            quantity = self._labelled(quantity)
        return quantity, at

    def _misspelt(self, quantity: Quantity) -> tuple[Quantity, int]:
        """ "7500 requets": one slip away from a common unit."""
        for at, word in enumerate(self.after[:2]):
            if (
                len(word.text) >= 5
                and word.text.isalpha()
                and word.text not in STOPWORDS
                and word.text not in ADJECTIVES
            ):
                for unit in _COMMON_UNITS:
                    if is_one_slip(word.text, unit):
                        self._take(at)
                        return replace(quantity, unit=UNITS[unit], noun=unit), at + 1
        return quantity, 0

    def _labelled(self, quantity: Quantity) -> Quantity:
        """ "requests per day: 250": the unit stands in a label before the number."""
        if self.after and self.after[0].text == "\0model":
            return quantity
        words = [w for w in self.before if w.text not in ("|", "*", "-", "_")]
        if not words or (words[-1].text not in (":", "=") and len(words) == len(self.before)):
            return quantity
        label = [w for w in words if w.text not in (":", "=")][-4:]
        for word in label:
            unit = UNITS.get(word.text)
            if unit in _COUNTED and not quantity.unit:
                self.start = min(self.start, word.start)
                quantity = replace(quantity, unit=unit, noun=word.text)
            elif quantity.unit and word.text in PERIODS:
                quantity = replace(quantity, per=PERIODS[word.text])
        return quantity

    def _unknown_noun(self, quantity: Quantity) -> tuple[Quantity, int]:
        """A thing that no table knows, counted per period ("300 onboarding kits a week"): something that is sent once each."""
        for at in range(min(3, len(self.after))):
            word = self.after[at].text
            if not word.isalpha() or word in STOPWORDS or word in PERIODS or word in COST_WORDS:
                break
            following = self.after[at + 1].text if at + 1 < len(self.after) else ""
            after = self.after[at + 2].text if at + 2 < len(self.after) else ""
            if following in ADVERB_PERIODS or (following in PERIOD_MARKERS and after in PERIODS):
                self._take(at)
                return replace(quantity, unit="items", noun=word), at + 1
        return quantity, 0

    def _follows_slash(self, at: int) -> bool:
        return at > 0 and self.after[at - 1].text == "/"

    def _size_of_item(self, quantity: Quantity, word: str) -> Quantity:
        role = ROLES.get(word, "")
        item = word if word in UNITS else quantity.item_noun
        if role in ("input", "output") and not quantity.role:
            return replace(quantity, role=role, item_noun=item)
        return replace(quantity, item_noun=item)

    def _role_fits(self, quantity: Quantity, at: int, role: str) -> bool:
        """Whether a role word behind the number belongs to it, and not to the number that follows."""
        if quantity.unit and quantity.unit not in SIZE_UNITS and quantity.unit != "percent":
            return False
        word = self.after[at].text
        following = self.after[at + 1] if at + 1 < len(self.after) else None
        if word == "in" and following is not None:
            if following.text in ("the", "each", "every", "my", "our", "a", "an", "\0model", "total"):
                return False
            if (
                following.text in ROLES
                and ROLES[following.text] == "output"
                and following.text != "out"
                and self._next_is_number(at + 2)
            ):
                return False
        if word in ("in", "out") or not self._next_is_number(at + 1):
            return True
        left = self._left_role()
        return left is None or left.start in self.consumed

    def _has_role(self, at: int) -> str:
        for word in self.after[at : at + 3]:
            if word.text in ROLES:
                return ROLES[word.text]
        return ""

    def _next_is_number(self, at: int) -> bool:
        """Whether nothing but joints stands between the word before `at` and the next number."""
        rest = [w.text for w in self.after[at:]]
        return all(
            w in FILLERS or w in ("tokens", "token", ":", "=") for w in rest
        ) and self.next_number < len(self.text)

    def _left_role(self) -> Word | None:
        for word in reversed(self.before):
            if word.text in ROLES and word.text not in ("in", "out", "sent", "read"):
                return word
            if word.text in _LEFT_OUTPUT:
                return word
            if (
                word.text in FILLERS
                or UNITS.get(word.text) == "tokens"
                or word.text in ("|", "*")
                or word.text in ("-", "'", '"', "length", "count", "size", "into", "a", "an")
            ):
                continue
            return None
        return None

    def _role_before(self, quantity: Quantity) -> Quantity:
        if quantity.unit not in ("", "percent") and not quantity.is_size:
            return quantity
        if self.before and self.before[-1].text in (":", "="):  # "in: 500, out: 200"
            label = self.before[-2].text if len(self.before) > 1 else ""
            if label in ("in", "out"):
                return self._with_left_role(quantity, self.before[-2])
        left = self._left_role()
        if left is not None and left.start not in self.consumed and self._left_wins(quantity, left):
            return self._with_left_role(quantity, left)
        nearest = self.before[-1].text if self.before else ""
        if (
            not quantity.role
            and quantity.is_size
            and nearest in ("into", "to")
            and any(w.text in _SHORTENING for w in self.before)
        ):
            return replace(quantity, role="output")
        if not quantity.role and quantity.is_size and nearest == "into":
            return replace(quantity, role="output")
        return quantity

    def _left_wins(self, quantity: Quantity, left: Word) -> bool:
        """A label before the number ("output: 200") wins unless the number has a role of its own behind it."""
        if not quantity.role:
            return True
        between = self.text[left.end : self.number.start].strip()
        return (
            between in (":", "=", "")
            and quantity.role != ROLES[left.text]
            and self._role_is_next_label(quantity)
        )

    def _role_is_next_label(self, quantity: Quantity) -> bool:
        taken = [w for w in self.after if w.start in self.consumed and w.text in ROLES]
        if taken and self._next_is_number(self.after.index(taken[-1]) + 1):
            self.consumed.discard(taken[-1].start)
            return True
        return False

    def _with_left_role(self, quantity: Quantity, word: Word) -> Quantity:
        self.consumed.add(word.start)
        self.start = min(self.start, word.start)
        return replace(quantity, role=ROLES.get(word.text, "output"))

    def _per(self, quantity: Quantity, at: int) -> tuple[Quantity, int]:
        """Everything of the form "a day", "/day", "per user per day", "each", "daily" right behind the quantity."""
        while at < len(self.after):
            word = self.after[at].text
            if (
                word in ("on", "for", "with")
                and at + 2 < len(self.after)
                and self.after[at + 1].text == "\0model"
            ):
                if self._starts_period(at + 2) and quantity.unit != "money":
                    at += 2  # "10k requests on gpt-4o per day"
                    continue
                break
            if word in ADVERB_PERIODS:
                following = self.after[at + 1].text if at + 1 < len(self.after) else ""
                if following in COST_WORDS or quantity.per:
                    break
                quantity = replace(quantity, per=PERIODS[word])
                at = self._take(at)
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
                target in _WORKDAY
                and step + 1 < len(self.after)
                and PERIODS.get(self.after[step + 1].text) == "day"
            )
            if workday:
                step += 1
                target = self.after[step].text
            if target in _DAYS_OF_WORK:
                workday, target = True, "day"
            if (
                target == "gpu"
                and step + 1 < len(self.after)
                and UNITS.get(self.after[step + 1].text) == "hours"
            ):
                quantity = replace(quantity, per_thing="gpu_hour")
                at = self._take(step + 1)
            elif target in PERIODS and (quantity.per is None):
                quantity = replace(quantity, per=PERIODS[target], workdays=quantity.workdays or workday)
                at = self._take(step)
            elif UNITS.get(target) in _PER_THINGS:
                quantity = replace(quantity, per_thing=_PER_THINGS[UNITS[target]])
                at = self._take(step)
            elif quantity.unit == "money" and self._per_tokens(quantity, target, step):
                return replace(quantity, per_thing="tokens", per_tokens=self._token_basis(target, step)), at
            elif word == "each":
                quantity = replace(quantity, per_thing=quantity.per_thing or "each")
                at = self._take(at)
            else:
                break
        return quantity, at

    def _starts_period(self, at: int) -> bool:
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

    def _take(self, at: int) -> int:
        """Mark the word at `at` as part of this quantity; the index behind it."""
        self.consumed.add(self.after[at].start)
        self.end = max(self.end, self.after[at].end)
        return at + 1

    def _settle(self, quantity: Quantity) -> Quantity:
        """Resolve what only the unit can tell: "10.000 requests", "6.7 GB", "2 mtok", "500 in" (tokens)."""
        if (
            self.number.grouped_by_dot
            and (quantity.role in ("input", "output", "cached"))
            and not quantity.unit
        ):
            quantity = replace(quantity, value=quantity.value * 1000)
        elif self.number.grouped_by_dot and quantity.unit in (
            *_COUNTED,
            "tokens",
            "words",
            "characters",
            "pages",
        ):
            quantity = replace(quantity, value=quantity.value * 1000)
        if quantity.unit == "bytes":
            return replace(quantity, value=quantity.value * _BYTE_FACTORS.get(quantity.noun, 1))
        if quantity.noun == "mtok":
            return replace(quantity, value=quantity.value * 10**6)
        if quantity.noun == "ktok":
            return replace(quantity, value=quantity.value * 1000)
        return quantity


_SHORTENING = frozenset(
    [
        "summarise",
        "summarize",
        "summarizing",
        "summarising",
        "condense",
        "shorten",
        "compress",
        "boil",
        "down",
        "summary",
    ]
)


def _join_ranges(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "between 500 and 800 tokens" is one quantity with two ends."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        if (
            last is not None
            and not last.unit
            and last.high is None
            and text[last.end : quantity.start].strip() in ("and", "und", "et", "y")
            and text[: last.start].rstrip().endswith(("between", "zwischen", "entre"))
            and last.value < quantity.value
        ):
            joined[-1] = replace(
                quantity,
                start=last.start,
                value=last.value,
                high=quantity.value,
                role=quantity.role or last.role,
            )
        else:
            joined.append(quantity)
    return joined


_EVERY = frozenset(["every", "each", "alle", "cada", "jede", "toutes les", "har"])
_PERIOD_OF_UNIT: dict[str, Period] = {
    "seconds": "second", "minutes": "minute", "hours": "hour", "days": "day", "weeks": "week", "months": "month",
}  # fmt: skip


def _join_intervals(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "1 request every 10 seconds" is a rate: a tenth of a request a second."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.unit in _COUNTED
            and last.per is None
            and quantity.unit in _PERIOD_OF_UNIT
            and quantity.value > 0
            and text[last.end : quantity.start].strip() in _EVERY
        ):
            period = _PERIOD_OF_UNIT[quantity.unit]
            joined[-1] = replace(last, end=quantity.end, value=last.value / quantity.value, per=period)
        else:
            joined.append(quantity)
    return joined


def _join_products(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """ "10x1000 evals" is ten thousand of them."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        between = text[last.end : quantity.start].strip() if last is not None else ""
        bare = last is not None and last.unit in ("", "times") and not last.role and not last.per
        product = between in ("x", "×", "*") or (
            last is not None and between == "" and text[last.start : last.end].endswith(("x", "×"))
        )
        if last is not None and bare and product and quantity.unit not in ("money", "percent"):
            joined[-1] = replace(quantity, start=last.start, value=last.value * quantity.value)
        else:
            joined.append(quantity)
    return joined


def _join_money_rates(quantities: list[Quantity]) -> list[Quantity]:
    """ "$1 per 1M input tokens" is one rate, not a rate and a volume."""
    joined: list[Quantity] = []
    for quantity in quantities:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.per_thing == "tokens"
            and quantity.unit in ("", "tokens")
            and quantity.start - last.end < 12
        ):
            joined[-1] = replace(last, end=quantity.end, per_tokens=quantity.value, role=quantity.role)
        else:
            joined.append(quantity)
    return joined


_PART_OF = frozenset(["of the", "of", "out of", "out of the", "of our", "of my", "von den", "des", "de los"])
_PAIR_JOINTS = frozenset(["/", "->", "→", "+", ":", "|", "&", "in/", "to", ",", "and"])


def _share_roles(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """Complete pairs: "500/200" is input and output; "500 words in, 200 out" means words twice."""
    result = list(quantities)
    for index in range(len(result) - 1):
        first, second = result[index], result[index + 1]
        between = text[first.end : second.start].strip()
        bare = not first.unit and not first.role and not first.per and first.per_thing in ("", "each")
        second_fits = (not second.unit or second.is_size) and second.role in ("", "output", "input")
        if (
            bare
            and second_fits
            and (
                between in ("/", "->", "→", "|")
                or (between == ":" and (second.unit == "tokens" or first.value >= 20))
            )
            and not _is_date_like(first, second, text)
        ):
            unit = second.unit or "tokens"
            roles = ("output", "input") if second.role == "input" else ("input", "output")
            result[index] = replace(first, role=roles[0], unit=unit)
            result[index + 1] = replace(second, role=roles[1], unit=unit)
        elif (
            bare
            and (second.is_size or second.role)
            and between in _PART_OF
            and "cach" in text[second.end : second.end + 40]
        ):
            result[index] = replace(
                first, role="cached", unit=second.unit or "tokens"
            )  # "6k of the 8k prompt is cached"
        elif (
            first.role == "input"
            and not second.role
            and not second.per
            and second.per_thing in ("", "each", "item")
            and (second.is_size or (not second.unit and between in _PAIR_JOINTS))
            and not second.item_noun
        ):
            result[index + 1] = replace(second, role="output", unit=second.unit or first.unit or "tokens")
        elif (
            second.role == "output"
            and not first.role
            and (first.is_size or (not first.unit and between in _PAIR_JOINTS))
            and (not first.per and not first.item_noun and first.per_thing in ("", "each", "item"))
        ):
            result[index] = replace(first, role="input", unit=first.unit or second.unit or "tokens")
    return [_default_unit(q, result) for q in result]


def _default_unit(quantity: Quantity, all_quantities: list[Quantity]) -> Quantity:
    if quantity.unit or quantity.role not in ("input", "output", "cached", "reasoning", "system"):
        return quantity
    siblings = [q.unit for q in all_quantities if q.is_size and q.role in ("input", "output")]
    return replace(quantity, unit=siblings[0] if siblings else "tokens")


def _is_date_like(first: Quantity, second: Quantity, text: str) -> bool:
    """ "9/5" and "12/2024" are no token counts."""
    small = first.value <= 31 and second.value <= 31 and first.scale == second.scale == 1
    return small or (first.value <= 31 and 1990 <= second.value <= 2100)
