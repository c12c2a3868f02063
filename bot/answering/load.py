"""A workload in exact numbers: how many requests in which period, and the tokens of one.

All conventions about units stand here, each with the sentence that states it: words, pages and characters in tokens, months in
days, conversations whose history is sent again. Counts stay exact decimals (a third of a token included); only display rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Literal

from bot.answering.context import NoAnswer
from bot.presentation import format_amount
from bot.questions import Period, Size, WorkingDays, Workload
from knowledge.lazy_dataclass import dataclass, replace

WORDS_PER_TOKEN = Decimal("0.75")
CHARACTERS_PER_TOKEN = Decimal(4)
WORDS_PER_PAGE = Decimal(500)
"""OpenAI's rule of thumb for English text, and a single-spaced page; see the README's conventions."""

_HOUR, _DAY = 3_600, 86_400
SECONDS: dict[Period, int] = {
    "second": 1, "minute": 60, "hour": _HOUR, "day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY, "year": 365 * _DAY,
}  # fmt: skip
"""Periods by convention (month 30 days, year 365); whole seconds, so that a rate per second is exact per day."""
_WORKING_SECONDS: dict[Period, int] = {**SECONDS, "week": 5 * _DAY, "month": 22 * _DAY, "year": 264 * _DAY}
_WEEK_OF_WORK = WorkingDays(days=Decimal(5), over="week")
_MOST_TURNS = 1000
_MOST_GROWTH = 520
"""Ten years of weeks."""
_MOST = Decimal(10) ** 18


@dataclass(kw_only=True)
class Load:
    """One request's tokens (or, for a conversation, each of its turns') and how often it is sent.

    `calls` are the requests that one unit of `count` consists of: a single one, or the turns of a conversation.
    `count` is per `per`, or in all when `per` is None. `high_calls` is the upper end where a size was a range.
    """

    calls: list[Call]
    count: Decimal = Decimal(1)
    per: Period | None = None
    noun: str = "requests"
    high_calls: list[Call] | None = None
    undirected: bool = False
    bare_volume: bool = False
    """True for a volume of tokens without a request size, which takes the base tier."""
    notes: list[str] = field(default_factory=list)
    workload: Workload = field(default_factory=Workload)

    @property
    def input_tokens(self) -> Decimal:
        """Input tokens of one unit of `count`, all its calls together."""
        return sum((call.input for call in self.calls), Decimal(0))

    @property
    def output_tokens(self) -> Decimal:
        """Output tokens of one unit of `count`."""
        return sum((call.output for call in self.calls), Decimal(0))

    @property
    def cached_tokens(self) -> Decimal:
        """Input tokens of one unit of `count` that are read from the cache."""
        return sum((call.cached for call in self.calls), Decimal(0))


@dataclass(frozen=True)
class Call:
    """The tokens of one request; `input` includes `cached`."""

    input: Decimal
    output: Decimal
    cached: Decimal = Decimal(0)
    audio_seconds: Decimal = Decimal(0)
    other: tuple[tuple[str, Decimal], ...] = ()
    """What is charged beside tokens or in their place, by the price book's units ("web_searches", "input_characters")."""

    def usage(self) -> dict[str, Decimal]:
        """As the price book wants it: unit to count."""
        if self.other:
            tokens = {
                "input_tokens": self.input,
                "output_tokens": self.output,
                "cache_read_tokens": self.cached,
            }
            return {**{unit: count for unit, count in tokens.items() if count}, **dict(self.other)}
        usage = {"input_tokens": self.input, "output_tokens": self.output}
        if self.cached:
            usage["cache_read_tokens"] = self.cached
        return usage


def to_tokens(size: Size, notes: list[str], *, high: bool = False) -> Decimal:
    """A length of text in tokens; the convention that was used is added to `notes`."""
    amount = size.high if high and size.high is not None else size.amount
    if amount > _MOST:
        raise NoAnswer(
            "error",
            f"{format_amount(amount, size.unit)} is more than anybody can send; please check the number.",
        )
    if size.unit == "tokens":
        return amount
    if size.unit == "words":
        _note(notes, "1 token = 0.75 English words.")
        return amount / WORDS_PER_TOKEN
    if size.unit == "pages":
        _note(notes, "1 page = 500 words, 1 token = 0.75 English words.")
        return amount * WORDS_PER_PAGE / WORDS_PER_TOKEN
    _note(
        notes,
        "1 token = 4 characters."
        if size.unit == "characters"
        else "1 token = 4 characters of one byte each.",
    )
    return amount / CHARACTERS_PER_TOKEN


def _note(notes: list[str], sentence: str) -> None:
    if sentence not in notes:
        notes.append(sentence)


def convert(amount: Decimal, source: Period, target: Period, workload: Workload, notes: list[str]) -> Decimal:
    """An amount per `source` as an amount per `target`; the convention that was used is added to `notes`."""
    if source == target:
        return amount
    if {source, target} == {"month", "year"}:
        return amount * 12 if target == "year" else amount / 12
    _conversion_note(source, target, workload, notes)
    seconds = _running_seconds(workload)
    short = ("second", "minute", "hour")
    if source in short and target not in short and workload.hours_per_day is not None:
        hours = workload.hours_per_day * seconds[target] / _DAY
        return amount * hours * _HOUR / seconds[source]
    return amount * seconds[target] / seconds[source]


def _running_seconds(workload: Workload) -> Mapping[Period, Decimal | int]:
    """Seconds of the days of each period on which requests are sent."""
    stated = workload.days_per
    if workload.workdays_only or stated == _WEEK_OF_WORK:
        return _WORKING_SECONDS
    if stated is None:
        return SECONDS
    share = stated.days / (SECONDS[stated.over] // _DAY)
    days = {over: share * SECONDS[over] / _DAY for over in _LONG}
    if stated.over == "month":
        days["year"] = 12 * stated.days
    elif stated.over == "year":
        days["month"] = stated.days / 12
    days[stated.over] = stated.days
    return {**SECONDS, **{over: days[over] * _DAY for over in _LONG}}


_LONG: tuple[Literal["week", "month", "year"], ...] = ("week", "month", "year")


def _conversion_note(source: Period, target: Period, workload: Workload, notes: list[str]) -> None:
    involved = {source, target}
    if workload.days_per is not None:
        stated = workload.days_per
        _note(notes, f"{format_amount(stated.days, 'days')} a {stated.over}, as the question says.")
        if stated == _WEEK_OF_WORK and involved & {"month", "year"}:
            _note(notes, "22 working days a month.")
    elif workload.workdays_only:
        _note(
            notes,
            "22 working days a month." if "week" not in involved else "5 working days a week, 22 a month.",
        )
    elif "month" in involved:
        _note(notes, "1 month = 30 days.")
    if "year" in involved and not workload.workdays_only and workload.days_per is None:
        _note(notes, "1 year = 365 days.")
    if workload.hours_per_day is not None and involved & {"second", "minute", "hour"}:
        _note(notes, f"{format_amount(workload.hours_per_day, 'hours')} a day.")


def describes_load(workload: Workload) -> bool:
    """Whether anything at all is said about how much is sent."""
    return workload != Workload()


def load_of(workload: Workload) -> Load:
    """The workload in numbers. Raises `NoAnswer` (clarify) with one short question where a size is missing."""
    notes: list[str] = []
    count, per = _count(workload, notes)
    if workload.audio_seconds is not None:
        return _audio(workload, count, per, notes)
    if workload.web_searches is not None and not _has_sizes(workload):
        searches = (("web_searches", workload.web_searches),)
        _note(notes, "The tokens of the searches are not included.")
        call = Call(Decimal(0), Decimal(0), other=searches)
        return Load(calls=[call], count=count, per=per, notes=notes, workload=workload)
    if workload.volume_input is not None or workload.volume_output is not None:
        return _volume(workload, notes)
    if workload.volume is not None and workload.input is None and workload.output is None:
        return _undirected(workload, count, per, notes)
    if workload.input is None and workload.output is None:
        raise NoAnswer("clarify", "How many tokens (or words) go in and come out per request?")
    if workload.input is None and workload.system_prompt is None:
        raise NoAnswer("clarify", "How many input tokens does one request have?")
    load = Load(calls=[], count=count, per=per, notes=notes, workload=workload)
    load.calls = _calls(workload, notes, high=False)
    if any(size is not None and size.high is not None for size in (workload.input, workload.output)):
        load.high_calls = _calls(workload, notes, high=True)
    if workload.turns is not None:
        load.noun = "conversations"
    return load


CHARGED_BY: dict[str, str] = {"input_characters": "characters", "input_document_pages": "pages"}
"""Units of price lists that stand in the place of input tokens, and the sizes that they count."""


def load_in(unit: str, workload: Workload) -> Load:
    """The workload of a model that is charged by `unit` of `CHARGED_BY`. Raises `NoAnswer` (clarify) where nobody says how many."""
    notes: list[str] = []
    count, per = _count(workload, notes)
    size = workload.input or workload.volume_input or workload.volume
    of_one = size is workload.input or workload.requests is not None
    wanted = CHARGED_BY[unit]
    if size is not None and size.unit != wanted and wanted == "characters":
        amount = to_tokens(size, notes) * CHARACTERS_PER_TOKEN
        _note(notes, "1 token = 4 characters.")
    elif size is None or size.unit != wanted:
        raise NoAnswer("clarify", f"That model is charged by {wanted}; how many are there?")
    else:
        amount = size.amount
    return Load(
        calls=[Call(Decimal(0), Decimal(0), other=((unit, amount),))],
        count=count if of_one else Decimal(1),
        per=per if of_one else workload.volume_per,
        notes=notes,
        workload=workload,
    )


def _has_sizes(workload: Workload) -> bool:
    sizes = (workload.input, workload.output, workload.volume, workload.volume_input, workload.volume_output)
    return any(size is not None for size in sizes)


def _count(workload: Workload, notes: list[str]) -> tuple[Decimal, Period | None]:
    """How many requests, and in which period."""
    if workload.users is not None and workload.requests is None:
        if workload.requests_per_user is None:
            raise NoAnswer("clarify", "How many requests does one user send a day?")
        count = workload.users * workload.requests_per_user
        per = workload.requests_per_user_per
        _note(notes, f"{format_amount(workload.users, 'users')} × {format_amount(workload.requests_per_user, 'requests')} each"
                     + (f" per {per}." if per else "."))  # fmt: skip
    else:
        count, per = (Decimal(1) if workload.requests is None else workload.requests), workload.requests_per
    if workload.overhead_share is not None:
        count *= 1 + workload.overhead_share
        _note(
            notes,
            f"{format_amount(workload.overhead_share * 100, 'percent')} more requests for retries and the like.",
        )
    count *= _growth(workload, notes)
    if workload.batch_share is not None and workload.batch_share > 1:
        share = format_amount(workload.batch_share * 100, "percent")
        raise NoAnswer("error", f"{share} of the requests cannot be batched; a share is at most 100 %.")
    if count > _MOST:
        raise NoAnswer(
            "error",
            f"{format_amount(count, 'requests')} is more than anybody can send; please check the number.",
        )
    return count, per


def _growth(workload: Workload, notes: list[str]) -> Decimal:
    """By what the requests have grown at the time that is asked about; a length of time is summed up by the bill."""
    if workload.growth_share is None or workload.growth_per is None:
        return Decimal(1)
    rate = f"{format_amount(workload.growth_share * 100, 'percent')} a {workload.growth_per}"
    if workload.growth_steps is None:
        _note(notes, f"Requests grow by {rate}, compounding; the first {workload.growth_per} is as stated.")
        return Decimal(1)
    if workload.growth_steps == 1:
        _note(notes, f"{format_amount(workload.growth_share * 100, 'percent')} more requests than today.")
        return 1 + workload.growth_share
    if workload.growth_steps > _MOST_GROWTH:
        raise NoAnswer("error", "That is too far ahead to reckon with growth; please ask for fewer periods.")
    _note(
        notes,
        f"After {format_amount(workload.growth_steps, workload.growth_per + 's')} of growth by {rate}, compounding.",
    )
    return (1 + workload.growth_share) ** workload.growth_steps


def _audio(workload: Workload, count: Decimal, per: Period | None, notes: list[str]) -> Load:
    """Audio by its length; text beside it (a prompt, a summary) counts as tokens."""
    assert workload.audio_seconds is not None
    into = to_tokens(workload.input, notes) if workload.input else Decimal(0)
    out = to_tokens(workload.output, notes) if workload.output else Decimal(0)
    counted = workload.requests is not None or workload.users is not None
    return Load(
        calls=[Call(into, out, audio_seconds=workload.audio_seconds)],
        count=count if counted else Decimal(1),
        per=per if counted else workload.volume_per,
        notes=notes,
        workload=workload,
    )


def _volume(workload: Workload, notes: list[str]) -> Load:
    """Volumes of stated direction: "1M input and 200k output tokens a day"."""
    into = to_tokens(workload.volume_input, notes) if workload.volume_input else Decimal(0)
    out = to_tokens(workload.volume_output, notes) if workload.volume_output else Decimal(0)
    cached = _cached(workload, into, notes)
    return Load(
        calls=[Call(into, out, cached)],
        per=workload.volume_per,
        notes=notes,
        bare_volume=True,
        workload=workload,
        noun="tokens",
    )


def _undirected(workload: Workload, count: Decimal, per: Period | None, notes: list[str]) -> Load:
    """Tokens of no stated direction: read as input; the answer also says what they cost as output."""
    assert workload.volume is not None
    tokens = to_tokens(workload.volume, notes)
    counted = workload.requests is not None or workload.users is not None
    return Load(
        calls=[Call(tokens, Decimal(0), _cached(workload, tokens, notes))],
        count=count if counted else Decimal(1),
        per=per if counted else workload.volume_per,
        undirected=True,
        bare_volume=not counted,
        notes=notes,
        workload=workload,
        noun="requests" if counted else "tokens",
    )


def _calls(workload: Workload, notes: list[str], *, high: bool) -> list[Call]:
    system = to_tokens(workload.system_prompt, notes, high=high) if workload.system_prompt else Decimal(0)
    into = to_tokens(workload.input, notes, high=high) if workload.input else Decimal(0)
    out = to_tokens(workload.output, notes, high=high) if workload.output else Decimal(0)
    reasoning = to_tokens(workload.reasoning, notes) if workload.reasoning else Decimal(0)
    if reasoning:
        _note(notes, "Reasoning tokens are billed as output.")
    other = (("web_searches", workload.web_searches),) if workload.web_searches else ()
    if workload.turns is None or workload.turns <= 1:
        total = system + into
        return [Call(total, out + reasoning, _cached(workload, total, notes), other=other)]
    turns = int(workload.turns)
    if turns > _MOST_TURNS:
        raise NoAnswer(
            "error",
            f"A conversation of {turns:,} turns is longer than I can price; please use at most {_MOST_TURNS:,}.",
        )
    _note(notes, f"Each of the {turns} turns sends the whole conversation so far again.")
    calls = []
    for turn in range(1, turns + 1):
        total = system + into * turn + out * (turn - 1)
        calls.append(Call(total, out + reasoning, _cached(workload, total, notes), other=other))
    return calls


def _cached(workload: Workload, input_tokens: Decimal, notes: list[str]) -> Decimal:
    if workload.cached_share is not None:
        if workload.cached_share > 1:
            share = format_amount(workload.cached_share * 100, "percent")
            raise NoAnswer("error", f"{share} cannot be cached; a share of the input is at most 100 %.")
        return input_tokens * workload.cached_share
    if workload.cached is not None:
        cached = to_tokens(workload.cached, notes)
        if cached > input_tokens:
            raise NoAnswer(
                "error",
                f"{format_amount(cached, 'cached tokens')} are more than the {format_amount(input_tokens, 'input tokens')}"
                " of a request; cached tokens are a part of the input.",
            )
        return cached
    return Decimal(0)


def with_cache(workload: Workload, share: Decimal) -> Workload:
    """The same workload with a share of its input read from the cache."""
    return replace(workload, cached_share=share, cached=None)
