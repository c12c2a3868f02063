"""From quantities to a workload: which number is how often, how much goes in, how much comes out.

The rules here are about words, not about cost: what a slot left empty means is the answerer's decision.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from bot.parsing.annotate import Annotation
from bot.parsing.quantity import Quantity
from bot.parsing.spans import LazyPattern
from bot.questions import Period, Size, SizeUnit, Workload

_HUNDRED = Decimal(100)
_SHARE_WORDS = (
    (LazyPattern(r"\bhalf\b|\bhälfte\b|\bmoitié\b|\bmitad\b|\baadha\b"), Decimal("0.5")),
    (LazyPattern(r"\b(?:a|one) third\b"), Decimal(1) / 3),
    (LazyPattern(r"\btwo[- ]thirds\b"), Decimal(2) / 3),
    (LazyPattern(r"\b(?:a|one) quarter\b"), Decimal("0.25")),
    (LazyPattern(r"\bthree[- ]quarters\b"), Decimal("0.75")),
)
_PER_USER_WORDS = LazyPattern(
    r"\beach\b|\bper (?:user|person|head|seat|customer|employee)\b|\bapiece\b|\bje\b|\bpro (?:nutzer|kunde)\w*|\bchacun\b|\bcada uno\b|\bevery one\b"
)
_TURN_WORDS = LazyPattern(r"\b(?:turns?|back[- ]and[- ]forth|rounds?|exchanges?)\b")
_CONTEXT_WORDS = LazyPattern(r"\b(?:context|ctx|window|kontext\w*|contexte|contexto)\b")
_HALVES = LazyPattern(
    r"\bhalf (?:of (?:it|them|that) )?(?:is |as )?(?:in|input)\b|\bhalf[- ](?:and[- ])?half\b|\b50[/:]50\b|\bhälfte (?:ein|input)|\bmoitié entrée|\bmitad (?:de )?entrada"
)
_WRITTEN = frozenset(
    ["summary", "summaries", "zusammenfassung", "reply", "replies", "review", "reviews", "report", "reports"]
)
_SPEECH_MODEL = LazyPattern(r"whisper|transcribe|voxtral|\btts\b|scribe|realtime")
_SECONDS = {"seconds": Decimal(1), "minutes": Decimal(60), "hours": Decimal(3600)}
_ACTIVE: dict[str, Period] = {"dau": "day", "daus": "day", "mau": "month", "maus": "month"}
"""Daily and monthly active users: what each sends is per that period."""
_SINGLE_USE = Decimal(1000)
"""Counts beside a number of users that are below this (or below the users) are read as what one user does."""


def size_of(quantity: Quantity, unit: str | None = None) -> Size:
    """A quantity as a length of text."""
    name: SizeUnit = unit or quantity.unit or "tokens"  # type: ignore[assignment]
    return Size(amount=quantity.value, unit=name, high=quantity.high)


def is_context_window(annotation: Annotation, quantity: Quantity) -> bool:
    """ "with a 200k context window": a demand on the model, not a length of input."""
    if quantity.unit not in ("tokens", "") or quantity.per:
        return False
    if not annotation.has("context"):
        return False
    if annotation.of_unit("requests", "items") and not annotation.has("which", "cheapest"):
        return False  # "one request with 128k of context" is a length of input
    near = annotation.folded[max(0, quantity.start - 30) : quantity.end + 26]
    if not _CONTEXT_WORDS.search(near):
        return False
    role_is_context = quantity.role in ("", "input")
    return role_is_context and (
        quantity.value >= 4000 or bool(re.search(r"window|fenêtre|ventana|fenster|length", near))
    )


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
            workload.audio_seconds, workload.volume, workload.volume_input, workload.volume_output,
        )
    )  # fmt: skip


class _Builder:
    def __init__(self, annotation: Annotation, quantities: list[Quantity]) -> None:
        self.annotation = annotation
        self.quantities = [
            q
            for q in quantities
            if q.unit != "money"
            and q.per_thing not in ("basis", "threshold")
            and not is_context_window(annotation, q)
        ]
        self.workload = Workload()

    def build(self) -> Workload:
        self._counts()
        self._sizes()
        self._split_volume()
        self._audio()
        self._shares()
        self._modifiers()
        return self.workload

    def _set(self, **slots: object) -> None:
        self.workload = replace(self.workload, **slots)  # type: ignore[arg-type]

    # ---- how often -------------------------------------------------------------------------------------------

    def _counts(self) -> None:
        counted = [q for q in self.quantities if q.counts_requests or self._bare_count(q)]
        users = next((q for q in self.quantities if q.unit == "users"), None)
        conversations = next((q for q in self.quantities if q.unit == "conversations"), None)
        turns = next((q for q in self.quantities if q.unit == "turns"), None)
        if users is not None:
            counted = self._per_user(users, counted, conversations)
        if conversations is not None or turns is not None:
            counted = self._conversations(conversations, turns, counted, bool(users))
        self._requests(counted)
        self._periods()

    def _bare_count(self, quantity: Quantity) -> bool:
        """ "10k/day" beside sizes, or "10k a day": something that happens so often."""
        return (
            quantity.unit in ("", "times")
            and not quantity.role
            and quantity.per is not None
            and quantity.per_thing in ("", "user", "each")
        )

    def _per_user(
        self, users: Quantity, counted: list[Quantity], conversations: Quantity | None
    ) -> list[Quantity]:
        self._set(users=users.value)
        rest: list[Quantity] = []
        for quantity in [*counted, *([conversations] if conversations else [])]:
            clause = self.annotation.clause(quantity)
            explicit = (
                quantity.per_thing in ("user", "each")
                or users.per_thing == "each"
                or bool(_PER_USER_WORDS.search(clause))
            )
            small = quantity.value < _SINGLE_USE or quantity.value < users.value
            taken = self.workload.requests_per_user is not None
            if not taken and quantity.per_thing not in ("item", "conversation") and (explicit or small):
                period = quantity.per or users.per or self.annotation.loose_period
                self._set(requests_per_user=quantity.value, requests_per_user_per=period)
            elif quantity is not conversations:
                rest.append(quantity)
        if self.workload.requests_per_user is not None and self.workload.requests_per_user_per is None:
            self._set(requests_per_user_per=_ACTIVE.get(users.noun))
        if self.workload.requests_per_user is None and users.per is not None and not rest:
            self._set(requests_per_user=Decimal(1), requests_per_user_per=users.per)
        return rest

    def _conversations(
        self, conversations: Quantity | None, turns: Quantity | None, counted: list[Quantity], has_users: bool
    ) -> list[Quantity]:
        """Conversations are the requests; their messages are turns, each of which sends the history again."""
        if turns is None:
            turns = next(
                (q for q in counted if q.unit == "messages" and q.per_thing in ("", "conversation", "each")),
                None,
            )
            if turns is None:
                turns = next((q for q in counted if q.per_thing == "conversation"), None)
        if (
            turns is not None
            and conversations is None
            and turns.unit == "turns"
            and not counted
            and not has_users
        ):
            self._set(requests=Decimal(1))
        if turns is not None:
            self._set(turns=turns.value)
            counted = [q for q in counted if q is not turns]
        if conversations is not None and self.workload.requests_per_user is None:
            self._set(requests=conversations.value, requests_per=conversations.per)
            if turns is not None and turns.per and conversations.per is None:
                self._set(requests_per=turns.per)
        return counted

    def _requests(self, counted: list[Quantity]) -> None:
        """The count that says how often, times those that stand for each of it ("3 prompts per document")."""
        factor = Decimal(1)
        mains: list[Quantity] = []
        for quantity in counted:
            multiplies = (
                quantity.per_thing in ("item", "conversation")
                or (quantity.noun in _MULTIPLIED and quantity.per is None and self._repeats())
                or (quantity.per_thing == "each" and not quantity.per and bool(mains))
            )
            if multiplies and len(counted) > 1:
                factor *= quantity.value
            else:
                mains.append(quantity)
        main = _how_often(mains)
        if main is not None and self.workload.requests is None and self.workload.requests_per_user is None:
            self._set(requests=main.value * factor, requests_per=main.per)
        elif (
            main is not None
            and self.workload.requests_per_user is not None
            and main.per_thing in ("item", "user", "each")
        ):
            self._set(requests_per_user=self.workload.requests_per_user * main.value)

    def _repeats(self) -> bool:
        """Whether steps or samples are said to be each of a certain size, and so to multiply the calls."""
        return bool(
            re.search(
                r"\b(?:every|each|per) (?:step|sample|iteration|attempt|pass|variant|round|try|retry)\b|=\s*\d+ (?:\w+ )?steps?\b|samples? each\b",
                self.annotation.folded,
            )
        )

    def _periods(self) -> None:
        """A period that stands behind a size ("500 in, 200 out per day") or apart belongs to the requests when they have none."""
        workload = self.workload
        if workload.requests is not None and workload.requests_per is None:
            from_sizes = next((q.per for q in self.quantities if q.is_size and q.per), None)
            self._set(requests_per=from_sizes or self.annotation.loose_period)
        if workload.requests_per_user is not None and workload.requests_per_user_per is None:
            self._set(requests_per_user_per=self.annotation.loose_period)
        if any(q.workdays for q in self.quantities) or self.annotation.has("workdays"):
            self._set(workdays_only=True)

    # ---- how much --------------------------------------------------------------------------------------------

    def _sizes(self) -> None:
        sizes = [q for q in self.quantities if q.is_size]
        items = self._has_items()
        single = self.annotation.has("one_request") or any(q.item_noun for q in sizes)
        sizes.sort(
            key=lambda q: q.role not in ("input", "output")
        )  # what is said plainly comes before what is guessed
        sizes = self._in_order(sizes, items)
        for quantity in sizes:
            role = quantity.role
            if role == "cache_write" or quantity.value == 0 and role == "cached":
                continue
            if role in ("system", "cached", "reasoning"):
                slot = {"system": "system_prompt", "cached": "cached", "reasoning": "reasoning"}[role]
                if getattr(self.workload, slot) is None:
                    self._set(**{slot: size_of(quantity)})
                continue
            if role == "training" and self.annotation.has("training", "fine_tuning"):
                continue
            if self._mentions_system_prompt(quantity):
                self._set(system_prompt=size_of(quantity))
                continue
            is_volume = self._is_volume(quantity, items, single)
            self._place(quantity, is_volume)
        self._outside_of_the_input()
        self._relative_output()
        workload = self.workload
        if (
            not items
            and workload.requests is None
            and (workload.input or workload.output)
            and workload.users is None
        ):
            self._set(requests=Decimal(1))

    def _outside_of_the_input(self) -> None:
        """A pasted usage of Anthropic's reports cached tokens beside the input, not as a part of it."""
        folded = self.annotation.folded
        cached, into = self.workload.cached, self.workload.input or self.workload.volume_input
        if "cache_read_input_tokens" not in folded or cached is None or into is None:
            return
        written = sum((q.value for q in self.quantities if q.role == "cache_write"), Decimal(0))
        whole = replace(into, amount=into.amount + cached.amount + written)
        self._set(**{"input" if self.workload.input else "volume_input": whole})

    def _relative_output(self) -> None:
        """ "Output twice as long": a length given by the other one."""
        factor = _relative_length(self.annotation.folded)
        if factor is None:
            return
        for known, missing in (("input", "output"), ("volume_input", "volume_output")):
            size = getattr(self.workload, known)
            if size is not None and getattr(self.workload, missing) is None:
                self._set(**{missing: replace(size, amount=size.amount * factor)})

    def _in_order(self, sizes: list[Quantity], items: bool) -> list[Quantity]:
        """Two lengths of a request without a word of direction: the first goes in, the second comes out."""
        unmarked = [q for q in sizes if not q.role and q.per_thing in ("", "each") and (q.per is None)]
        if not items or len(unmarked) != 2 or len(sizes) != 2 or unmarked[0].unit == "bytes":
            return sizes
        first, second = sorted(unmarked, key=lambda q: q.start)
        if self._role_of_unmarked(first) == "output":
            return sizes
        return [replace(first, role="input"), replace(second, role="output")]

    def _has_items(self) -> bool:
        workload = self.workload
        return (
            workload.requests is not None
            or workload.requests_per_user is not None
            or workload.users is not None
        )

    def _mentions_system_prompt(self, quantity: Quantity) -> bool:
        near = self.annotation.folded[max(0, quantity.start - 18) : quantity.end + 18]
        return (
            "system" in near
            and self.workload.system_prompt is None
            and quantity.role in ("", "input")
            and bool(re.search(r"system[- ](?:prompt|message)", near))
        )

    def _is_volume(self, quantity: Quantity, items: bool, single: bool) -> bool:
        if quantity.per is not None and quantity.per != "second":
            return not (items and quantity.value < 100_000)
        if quantity.per_thing in ("item", "each", "user", "conversation"):
            return False
        total = re.search(
            r"\b(?:total|overall|altogether|combined|insgesamt|in all)\b", self.annotation.clause(quantity)
        )
        if total:
            return True
        if items:
            return False
        return not single and quantity.unit in ("tokens", "words", "characters", "bytes")

    def _place(self, quantity: Quantity, is_volume: bool) -> None:
        size = size_of(quantity)
        workload = self.workload
        if is_volume:
            slot = {"input": "volume_input", "output": "volume_output"}.get(quantity.role, "volume")
            if getattr(workload, slot) is None:
                self._set(**{slot: size})
                per = quantity.per or self.annotation.loose_period
                if per and workload.volume_per is None and workload.requests_per is None:
                    self._set(volume_per=per)
            return
        role = quantity.role
        if role not in ("input", "output"):
            role = self._role_of_unmarked(quantity)
        if role == "input" and workload.input is None:
            self._set(input=size)
        elif role == "input" and workload.input is not None and self._adds_up(quantity):
            self._set(input=replace(workload.input, amount=workload.input.amount + size.amount))
        elif role == "output" and workload.output is None:
            self._set(output=size)
        elif role == "" and workload.volume is None and workload.input is None:
            self._set(volume=size)

    def _adds_up(self, quantity: Quantity) -> bool:
        """ "12 chunks of 400 tokens plus a 60 token question": one more part of the same input."""
        assert self.workload.input is not None
        before = self.annotation.folded[max(0, quantity.start - 26) : quantity.start]
        behind = self.annotation.folded[quantity.end : quantity.end + 12]
        if re.search(r"^\s*(?:each |apiece )?(?:plus|\+)", behind):
            return quantity.unit == self.workload.input.unit
        same_unit = quantity.unit == self.workload.input.unit
        return same_unit and bool(
            re.search(r"\bplus\b|\+|\band (?:an?|the) |\band ~?$|\bund (?:eine?|die) ", before)
        )

    def _role_of_unmarked(self, quantity: Quantity) -> Literal["input", "output", ""]:
        """What is read goes in; what is written ("generate 300-word posts") comes out; bare tokens of a request stay undecided."""
        clause = self.annotation.folded[max(0, quantity.start - 48) : quantity.start]
        if re.search(
            r"\b(?:generat\w*|writ(?:e|es|ing)|produc\w*|draft\w*|creat\w*|schreib\w*|erzeug\w*|écri\w*|génér\w*|escrib\w*|gener\w*|output\w*|likh\w*)\b",
            clause,
        ):
            return "output"
        if quantity.item_noun in _WRITTEN:
            return "output"
        if quantity.item_noun in ("question", "questions", "query", "queries", "prompt", "prompts"):
            return "input"
        if self.workload.input is not None and self.workload.output is None:
            return "output"
        if (
            quantity.unit in ("pages", "bytes")
            or quantity.item_noun
            or quantity.unit in ("words", "characters")
        ):
            return "input"
        if any(q.role == "output" for q in self.quantities if q.is_size):
            return "input"
        return ""

    def _split_volume(self) -> None:
        """ "5M tokens, half in half out", "80% input": a volume with a stated mix."""
        volume = self.workload.volume
        if volume is None:
            return
        share = self.annotation.mix
        if _HALVES.search(self.annotation.folded):
            share = Decimal("0.5")
        for quantity in self.quantities:
            if (
                quantity.unit == "percent"
                and quantity.role in ("input", "output")
                and "cach" not in self.annotation.clause(quantity)
            ):
                part = quantity.value / _HUNDRED
                share = part if quantity.role == "input" else 1 - part
                break
        if share is None or not 0 <= share <= 1:
            return
        into = replace(volume, amount=volume.amount * share, high=None)
        out = replace(volume, amount=volume.amount * (1 - share), high=None)
        if self.workload.requests is not None or self.workload.users is not None:
            self._set(input=into, output=out, volume=None)
        else:
            self._set(volume_input=into, volume_output=out, volume=None)

    def _audio(self) -> None:
        """ "40 hours of audio": a length of sound, not of time."""
        named = any(_SPEECH_MODEL.search(m.ref.mention.lower()) for m in self.annotation.models)
        if not named and not self.annotation.has("audio"):
            return
        length = next((q for q in self.quantities if q.unit in _SECONDS), None)
        if length is None:
            return
        self._set(audio_seconds=length.value * _SECONDS[length.unit])
        workload = self.workload
        if workload.requests is None and workload.users is None:
            self._set(
                volume_per=length.per or self.annotation.loose_period or self.annotation.want_per, span=None
            )

    # ---- shares and modifiers --------------------------------------------------------------------------------

    def _shares(self) -> None:
        for quantity in self.quantities:
            if quantity.unit != "percent":
                continue
            share = quantity.value / _HUNDRED
            clause = self.annotation.clause(quantity)
            if quantity.role == "cached" or "cach" in clause or "repeated" in clause or "reused" in clause:
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

    def _modifiers(self) -> None:
        annotation = self.annotation
        if annotation.has("batch") and not annotation.has("no_batch"):
            self._set(batch=True)
        for cue, tier in (("flex", "flex"), ("priority", "priority"), ("fast_mode", "fast")):
            if annotation.has(cue):
                self._set(service_tier=tier)
        if annotation.has("office_hours"):
            self._set(hours_per_day=Decimal(8))
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
        if annotation.span is not None:
            self._set(span=annotation.span)


def period_of(workload: Workload) -> Period | None:
    """The period that a workload is stated for, or None for a one-off."""
    return workload.requests_per or workload.requests_per_user_per or workload.volume_per


_RELATIVE = LazyPattern(
    r"\b(?:(twice|double|doppelt|deux fois|doble)|(half)|(same|gleich|as long))\b(?: as| so)?(?: long| much| many| lange?| viel| length)?(?: as)?(?: (?:the|as|an|in|for))*(?: (?:input|prompt))?"
    r"[^.,;]{0,18}\b(?:outputs?|answers?|ausgabe|antwort\w*|sortie|salida|responses?|repl(?:y|ies))\b"
)


def _relative_length(folded: str) -> Decimal | None:
    """How long the output is, as a multiple of the input."""
    match = _RELATIVE.search(folded)
    if match is None:
        return None
    return Decimal(2) if match.group(1) else Decimal("0.5") if match.group(2) else Decimal(1)


_MULTIPLIED = frozenset(
    ["steps", "step", "samples", "iterations", "attempts", "passes", "variants", "rounds", "tries", "retries"]
)
"""Things that happen several times within each of something else."""


def _how_often(counts: list[Quantity]) -> Quantity | None:
    """Of several counts the one that is a rate; else the one of calls ("calls for 500 tickets"); else the largest."""
    if not counts:
        return None
    if len(counts) == 2 and counts[1].unit == "requests" and counts[0].unit == "items" and not counts[0].per:
        first, second = counts
        if first.value != 1 and second.value < first.value and not second.per:
            return replace(second, value=first.value * second.value)
    rates = [q for q in counts if q.per is not None]
    return max(rates, key=lambda q: q.start) if rates else max(counts, key=lambda q: q.value)


def as_request(workload: Workload) -> Workload:
    """A workload whose stated volumes are the size of one request."""
    return replace(
        workload,
        input=workload.input or workload.volume_input,
        output=workload.output or workload.volume_output,
        volume_input=None,
        volume_output=None,
    )
