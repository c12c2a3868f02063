"""From quantities to a workload: which number is how often, how much goes in, how much comes out.

The rules here are about words, not about cost: what a slot left empty means is the answerer's decision.
"""

from __future__ import annotations

import re
from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.reading.quantity import COUNTED, Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.growth import growth_of, growth_steps, multiplied
from bot.parsing.workload.shares import batched_share_in_words, is_batched_share
from bot.parsing.workload.workload_counts import CountsReader
from bot.parsing.workload.workload_sizes import SizesReader
from bot.questions import Period, Workload
from knowledge.lazy_dataclass import replace

_HUNDRED = Decimal(100)


_SHARE_WORDS = (
    (LazyPattern(r"\bhalf\b|\bhälfte\b|\bmoitié\b|\bmitad\b|\baadha\b"), Decimal("0.5")),
    (LazyPattern(r"\b(?:a|one) third\b"), Decimal(1) / 3),
    (LazyPattern(r"\btwo[- ]thirds\b"), Decimal(2) / 3),
    (LazyPattern(r"\b(?:a|one) quarter\b"), Decimal("0.25")),
    (LazyPattern(r"\bthree[- ]quarters\b"), Decimal("0.75")),
)


_OPENING_HOURS = LazyPattern(
    r"\b(\d{1,2}(?:\.\d+)?)[- ](?:business|office|working|opening|operating) hours?\b"
)


_SYSTEM_CACHED = LazyPattern(
    r"\bcach\w*[^.;?!]{0,30}\bsystem|\bsystem[- ](?:prompt|message|instructions?)[^;?!]{0,40}\b(?:ge)?cach\w*"
    r"|\bsystem ?prompt\w*[^;?!]{0,40}cach\w*"
)
_TURN_WORDS = LazyPattern(r"\b(?:turns?|back[- ]and[- ]forth|rounds?|exchanges?)\b")


def build_workload(annotation: Annotation, quantities: list[Quantity] | None = None) -> Workload:
    """The workload that the text describes; slots that it does not fill stay empty."""
    if quantities is not None:
        return _Builder(annotation, quantities).build()
    if annotation.workload is None:
        annotation.workload = _Builder(annotation, annotation.quantities).build()
    return annotation.workload


def describes_workload(workload: Workload) -> bool:
    """Whether a workload says anything about how much is sent."""
    return any(
        value is not None
        for value in (
            workload.requests, workload.users, workload.input, workload.output,
            workload.audio_seconds, workload.web_searches, workload.volume, workload.volume_input, workload.volume_output,
        )
    )  # fmt: skip


def period_of(workload: Workload) -> Period | None:
    """The period that a workload is stated for, or None for a one-off."""
    return workload.requests_per or workload.requests_per_user_per or workload.volume_per


def as_request(workload: Workload) -> Workload:
    """A workload whose stated volumes are the size of one request."""
    return replace(
        workload,
        input=workload.input or workload.volume_input,
        output=workload.output or workload.volume_output,
        volume_input=None,
        volume_output=None,
    )


class _Builder(CountsReader, SizesReader):
    """Fills a workload: counts, then sizes, then shares and modifiers."""

    def build(self) -> Workload:
        """The workload that the quantities describe."""
        self.read_counts()
        self.read_sizes()
        self.split_volume()
        self.read_audio()
        self._shares()
        self._range_of_counts()
        self._modifiers()
        self._volumes_of_users()
        return self.workload

    def _volumes_of_users(self) -> None:
        """ "10 developers, 3M input and 200k output tokens each a day": volumes of each, which add up."""
        workload = self.workload
        if workload.users is None or workload.requests_per_user is not None or workload.volume_per is None:
            return
        into = workload.volume_input or workload.input
        out = workload.volume_output or workload.output
        users = workload.users
        if workload.volume is not None and into is None and out is None:
            volume = replace(workload.volume, amount=workload.volume.amount * users)
            self._set(users=None, requests=None, volume=volume)
            return
        if into is None or out is None:
            return
        self._set(
            users=None,
            requests=None,
            input=None,
            output=None,
            volume_input=replace(into, amount=into.amount * users),
            volume_output=replace(out, amount=out.amount * users),
        )

    def _range_of_counts(self) -> None:
        """ "7-8k calls a day": the lower end is reckoned with, the upper one as a multiple of it."""
        for quantity in self.quantities:
            counted = quantity.unit in COUNTED or (not quantity.unit and quantity.per is not None)
            if counted and quantity.high is not None and 0 < quantity.value < quantity.high:
                self._set(upper_factor=quantity.high / quantity.value)
                return

    def _shares(self) -> None:
        for quantity in self.quantities:
            if quantity.unit != "percent":
                continue
            share = quantity.value / _HUNDRED
            clause = self.annotation.clause(quantity)
            grows = growth_of(self.annotation, quantity)
            if grows is not None:
                steps = growth_steps(self.annotation, grows)
                self._set(growth_share=share, growth_per=grows, growth_steps=steps)
            elif is_batched_share(self.annotation, quantity):
                self._set(batch_share=share)
            elif quantity.role == "cached" or "cach" in clause or "repeated" in clause or "reused" in clause:
                self._set(cached_share=share)
            elif re.search(
                r"\b(?:buffer|retr\w+|overhead|margin|headroom|extra|aufschlag|puffer|fail\w*)\b", clause
            ):
                self._set(overhead_share=share)
            elif (
                self.annotation.has("cached")
                and self.workload.cached_share is None
                and not self.annotation.has("utilisation", "mfu")
            ):
                self._set(cached_share=share)
        more = multiplied(self.annotation.folded)
        if more is not None and self.workload.growth_share is None:
            self._set(growth_share=more, growth_per="month", growth_steps=Decimal(1))
        self._cached_system_prompt()
        if (
            self.workload.cached_share is None
            and self.annotation.has("cached")
            and self.workload.cached is None
        ):
            for pattern, share in _SHARE_WORDS:
                match = pattern.search(self.annotation.folded)
                if match and "cach" in self.annotation.folded[max(0, match.start() - 40) : match.end() + 60]:
                    self._set(cached_share=share)
                    break

    def _cached_system_prompt(self) -> None:
        """ "3k system prompt, cached": what is sent again each time is what is read from the cache."""
        workload, annotation = self.workload, self.annotation
        if workload.system_prompt is None or not annotation.has("cached") or annotation.has("no_cache"):
            return
        if (
            workload.cached_share is None
            and workload.cached is None
            and _SYSTEM_CACHED.search(annotation.folded)
        ):
            self._set(cached=workload.system_prompt)

    def _modifiers(self) -> None:
        annotation = self.annotation
        if annotation.has("batch") and not annotation.has("no_batch"):
            share = self.workload.batch_share or batched_share_in_words(annotation)
            partly = share is not None and share != 1
            self._set(batch=not partly, batch_share=share if partly else None)
        for cue, tier in (("flex", "flex"), ("priority", "priority"), ("fast_mode", "fast")):
            if annotation.has(cue):
                self._set(service_tier=tier)
        if annotation.open_hours is not None:
            self._set(hours_per_day=annotation.open_hours)
        elif annotation.has("office_hours"):
            stated = _OPENING_HOURS.search(annotation.folded)
            self._set(hours_per_day=Decimal(stated.group(1)) if stated else Decimal(8))
        hours = next(
            (
                q
                for q in self.quantities
                if q.unit == "hours"
                and (
                    q.per == "day"
                    or re.search(r"\b(?:business|office|working|opening)\b", annotation.clause(q))
                )
            ),
            None,
        )
        if hours is not None:
            self._set(hours_per_day=hours.value)
        if annotation.span is not None and self.workload.growth_steps is None:
            self._set(span=annotation.span)
