"""How much: what goes in, what comes out, volumes and their mix, audio, lengths given by one another."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.quantity_labels import input_label
from bot.parsing.reading.relative_lengths import PARTS, relative_length
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.workload_draft import WorkloadDraft, size_of
from knowledge.lazy_dataclass import replace

_HUNDRED = Decimal(100)
_FRESH = LazyPattern(r"\b(?:fresh|uncached|non-cached|new) (?:input|prompt|tokens?)\b|\bfrisch\w*\b")
_HALVES = LazyPattern(
    r"\bhalf (?:of (?:it|them|that) )?(?:is |as )?(?:in|input)\b|\bhalf[- ](?:and[- ])?half\b|\b50[/:]50\b|\bhälfte (?:ein|input)|\bmoitié entrée|\bmitad (?:de )?entrada|\baadha (?:in|input)\b"
)


_PART = LazyPattern(
    r"\b(half|quarter|third|fifth|tenth|two[ -]thirds|three[ -]quarters|hälfte|drittel|viertel)(?: of (?:them|it|that|those|these|which|the tokens|all)| davon)?"
    r"(?: is| are| being| as| goes?| ist| sind)*(?: the)? (output|input|prompt|completion|in|out|ausgabe|eingabe)\b"
)
_LONGEST = Decimal(12_000_000)
"""Tokens that no single request can have."""
_BESIDE = 24
"""Characters beside a length in which a word like "total" is about it."""


_WRITTEN = frozenset(
    ["summary", "summaries", "zusammenfassung", "reply", "replies", "review", "reviews", "report", "reports"]
)


_SPEECH_MODEL = LazyPattern(r"whisper|transcribe|voxtral|\btts\b|scribe|realtime")


_SECONDS = {"seconds": Decimal(1), "minutes": Decimal(60), "hours": Decimal(3600)}


_OUT = LazyPattern(r"\b(?:outputs?|ausgabe\w*|sortie|salida|generated|generating)\b")
_INTO = LazyPattern(r"\b(?:inputs?|eingabe\w*|entrée|entrada|prompts?)\b")
_AS_LONG = LazyPattern(r"\b(?:same|equal|gleich\w*|ebenso|même|misma|mismo|igual|as long|utna|utni)\b")
_LITTLE = LazyPattern(
    r"\b(?:negligible|ignore|ignoring|no|zero|little|hardly any|almost no|without|vernachlässig\w*|négligeable)\b"
)
_CHUNKS = LazyPattern(r"\b(?:chunks?|passages?|snippets?|excerpts?|abschnitte?n?|extraits?|fragmentos?)\b")
"""What is retrieved and sent along with a question."""
_ADDED = LazyPattern(r"^[^,;.]{0,24}(?:\+|\bplus\b)[^,;.]{0,12}$")
_SHORTENED = LazyPattern(r"\b(?:summari[sz]|condens|shorten|compress|zusammenfass|résum|resum)\w*\b[^.;]*$")
"""Verbs whose object is read, also where it is something that others write ("summarise a 30-page report")."""


_ONE_THING = LazyPattern(
    r"\b(?:the same|this|that|my|one|same) (?:\w+ )?(?:prompt|request|call|question|query|document|doc|transcript|contract|email|message)\b(?! (?:volume|rate|count))"
)
_SOURCE = LazyPattern(
    r"\b(?:from|out of|based on|given|using|aus|à partir de|a partir de)\s+(?:(?:an?|the|each|one|every|their|eine[mnr]?|un|une|una|\d+|about|~)\s*)?$"
)
_BOTH_WAYS = LazyPattern(
    r"\b(?:each way|both ways|in (?:each|both) directions?|each direction|in and out each|in/out each|each for (?:input and output|in and out)"
    r"|in beide richtungen|hin und zurück|dans (?:les deux sens|chaque sens)|en cada sentido|ida y vuelta|dono taraf)\b"
)


def _without_parts(sizes: list[Quantity]) -> list[Quantity]:
    """ "6 chunks of 400 tokens, question 60 tokens, so 2,460 in": a total that is stated leaves its parts out."""
    sent = [q for q in sizes if q.role in ("", "input") and q.per is None]
    for whole in sent:
        parts = [q for q in sent if q is not whole and q.unit == whole.unit]
        if len(parts) >= 2 and whole.role == "input" and sum(q.value for q in parts) == whole.value:
            return [q for q in sizes if not any(q is part for part in parts)]
    return sizes


class SizesReader(WorkloadDraft):
    """Reads how much is sent and received."""

    def read_sizes(self) -> None:
        sizes = [q for q in self.quantities if q.is_size]
        sizes = self._summands(sizes)
        items = self._has_items()
        single = self.annotation.has("one_request") or any(
            q.item_noun or q.role == "system" or self._mentions_system_prompt(q) for q in sizes
        )
        single = single or _ONE_THING.search(self.annotation.folded) is not None
        sizes.sort(
            key=lambda q: q.role not in ("input", "output")
        )  # what is said plainly comes before what is guessed
        sizes = self._in_order(_without_parts(sizes), items)
        for quantity in sizes:
            role = quantity.role
            if role == "cache_write" or (quantity.value == 0 and role == "cached"):
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
            if self._is_sent_again(quantity, sizes):
                self._set(system_prompt=size_of(quantity), cached=size_of(quantity))
                continue
            is_volume = self._is_volume(quantity, items, single)
            self._place(quantity, is_volume)
        self._of_each_user(sizes)
        self._outside_of_the_input()
        self._relative_output()
        workload = self.workload
        if (
            not items
            and workload.requests is None
            and (workload.input or workload.output)
            and workload.users is None
        ):
            self._set(
                requests=Decimal(1),
                requests_per=self.annotation.loose_period,
                input=workload.input or workload.volume_input,
                output=workload.output or workload.volume_output,
                volume_input=None,
                volume_output=None,
            )

    def _of_each_user(self, sizes: list[Quantity]) -> None:
        """ "10 devs at 3M input and 200k output tokens each per day": volumes of each user, with no number of requests."""
        workload = self.workload
        timed = next((q for q in sizes if q.per is not None), None)
        shared = any(q.per_thing in ("each", "user") for q in sizes)
        if workload.users is None or timed is None or not shared:
            return
        if workload.requests is not None or workload.requests_per_user is not None:
            return
        changes: dict[str, object] = {"users": None, "volume_per": timed.per}
        for name in ("input", "output"):
            size = getattr(workload, name) or getattr(workload, f"volume_{name}")
            changes[name] = None
            changes[f"volume_{name}"] = replace(size, amount=size.amount * workload.users) if size else None
        self._set(**changes)

    def _summands(self, sizes: list[Quantity]) -> list[Quantity]:
        """ "8,000 tokens of diff + 1,000 tokens of instructions": what is added to an input is one, too."""
        marked = list(sizes)
        for at in range(len(marked) - 1):
            one, other = marked[at], marked[at + 1]
            between = self.annotation.folded[one.end : other.start]
            if not one.role and other.role == "input" and _ADDED.search(between):
                marked[at] = replace(one, role="input")
        return marked

    def _outside_of_the_input(self) -> None:
        """A pasted usage of Anthropic's reports cached tokens beside the input, not as a part of it."""
        folded = self.annotation.folded
        cached, into = self.workload.cached, self.workload.input or self.workload.volume_input
        beside = "cache_read_input_tokens" in folded or _FRESH.search(folded)
        if not beside or cached is None or into is None:
            return
        written = sum((q.value for q in self.quantities if q.role == "cache_write"), Decimal(0))
        whole = replace(into, amount=into.amount + cached.amount + written)
        self._set(**{"input" if self.workload.input else "volume_input": whole})

    def _relative_output(self) -> None:
        """ "Output twice as long": a length given by the other one."""
        workload = self.workload
        both = workload.input or workload.output or workload.volume
        if (
            both is not None
            and (workload.input is None or workload.output is None)
            and _BOTH_WAYS.search(self.annotation.folded)
        ):
            self._set(input=both, output=both, volume=None)
        factor = relative_length(self.annotation.folded)
        if factor is None:
            return
        for known, missing in (("input", "output"), ("volume_input", "volume_output")):
            size = getattr(self.workload, known)
            if size is not None and getattr(self.workload, missing) is None:
                self._set(**{missing: replace(size, amount=size.amount * factor)})
        if factor == 1 and self.workload.output is not None and self.workload.input is None:
            self._set(
                input=self.workload.output
            )  # "writes a 400 word essay, the answer is of the same length"

    def _in_order(self, sizes: list[Quantity], items: bool) -> list[Quantity]:
        """Two lengths of a request without a word of direction: the first goes in, the second comes out."""
        unmarked = [q for q in sizes if not q.role and q.per_thing in ("", "each") and (q.per is None)]
        if not items or len(unmarked) != 2 or len(sizes) != 2 or unmarked[0].unit == "bytes":
            return sizes
        first, second = sorted(unmarked, key=lambda q: q.start)
        if self._role_of_unmarked(first) == "output":
            return sizes
        return [replace(first, role="input"), replace(second, role="output")]

    def _is_sent_again(self, quantity: Quantity, sizes: list[Quantity]) -> bool:
        """ "The same 20k-token handbook with every question (cached)": a part of each request that is read from the cache."""
        if quantity.role or quantity.per or self.workload.cached is not None or self.workload.system_prompt:
            return False
        return "cach" in self.annotation.clause(quantity) and any(
            q.role == "input" and q is not quantity for q in sizes
        )

    def _mentions_system_prompt(self, quantity: Quantity) -> bool:
        near = self.annotation.folded[max(0, quantity.start - 18) : quantity.end + 18]
        return (
            "system" in near
            and self.workload.system_prompt is None
            and not any(q.role == "system" for q in self.quantities)
            and quantity.role in ("", "input")
            and bool(re.search(r"system[- ]?(?:prompt|message)", near))
        )

    def _is_volume(self, quantity: Quantity, items: bool, single: bool) -> bool:
        if quantity.unit == "tokens" and quantity.value >= _LONGEST:
            return True
        if quantity.per is not None and quantity.per != "second":
            return not (items and quantity.value < 100_000)
        if quantity.per_thing in ("item", "each", "user", "conversation"):
            return False
        folded = self.annotation.folded
        beside = folded[max(0, quantity.start - _BESIDE) : quantity.end + _BESIDE]
        total = re.search(
            r"\b(?:total|overall|altogether|combined|insgesamt|in all)\b", beside
        ) and re.search(
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
        elif role == "input" and workload.input is not None and self._adds_another_unit(quantity):
            self._set(system_prompt=size)
        elif role == "input" and workload.input is not None and self._adds_up(quantity):
            self._set(input=replace(workload.input, amount=workload.input.amount + size.amount))
        elif role == "output" and workload.output is None:
            self._set(output=size)
        elif role == "" and workload.input is not None and self._adds_up(quantity):
            self._set(input=replace(workload.input, amount=workload.input.amount + size.amount))
        elif role == "" and workload.volume is None and workload.input is None:
            self._set(volume=size)

    def _adds_another_unit(self, quantity: Quantity) -> bool:
        """ "The whole 30-page document + 50 tokens": both are sent, and only tokens can be added to tokens."""
        workload = self.workload
        if (
            workload.input is None
            or workload.system_prompt is not None
            or quantity.unit == workload.input.unit
        ):
            return False
        return any(
            re.search(r"(?:\+|\bplus\b)\s*(?:an?|the|about|~)?\s*$", self.annotation.folded[: q.start][-16:])
            for q in self.quantities
            if q.is_size and q.role in ("", "input")
        )

    def _adds_up(self, quantity: Quantity) -> bool:
        """ "12 chunks of 400 tokens plus a 60 token question": one more part of the same input."""
        assert self.workload.input is not None
        outputs = [
            q for q in self.quantities if q.is_size and q.role == "output" and q.start < quantity.start
        ]
        same = quantity.unit == self.workload.input.unit
        if same and _CHUNKS.search(self.annotation.folded[quantity.start : quantity.end]):
            return True
        if quantity.role == "input" and any(
            q.is_size and q.role == "input" and q.start < out.start
            for q in self.quantities
            for out in outputs
        ):
            ahead = self.annotation.folded[max(0, quantity.start - 40) : quantity.start]
            if not re.search(r"(?:\bplus\b|\+|\bzuzüglich\b|\bmás\b)[^.;]*$", ahead):
                return False  # "5k in, 400 out and 6k in, 300 out" are two requests
        before = self.annotation.folded[max(0, quantity.start - 26) : quantity.start]
        behind = self.annotation.folded[quantity.end : quantity.end + 28]
        if re.search(r"^(?:\s+(?:of )?[a-z]+)?\s*,?\s*(?:\bplus\b|\+)", behind):
            return quantity.unit == self.workload.input.unit
        same_unit = quantity.unit == self.workload.input.unit
        folded = self.annotation.folded
        labelled = [
            q
            for q in self.quantities
            if q.is_size
            and ((q.role == "input" and input_label(folded, q)) or (not q.role and q.item_noun == "prompt"))
        ]
        if same_unit and len(labelled) >= 2 and any(q is quantity for q in labelled):
            return True  # "history 800, question 60"
        return same_unit and bool(
            re.search(r"\bplus\b|\+|\band (?:an?|the) |\band ~?$|\bund (?:eine?|die) ", before)
        )

    def _role_of_unmarked(self, quantity: Quantity) -> Literal["input", "output", ""]:
        """What is read goes in; what is written ("generate 300-word posts") comes out; bare tokens of a request stay undecided."""
        if _CHUNKS.search(self.annotation.folded[quantity.start : quantity.end]):
            return "input"
        clause = self.annotation.folded[max(0, quantity.start - 48) : quantity.start]
        if _SOURCE.search(clause) or (self.workload.input is not None and self._adds_up(quantity)):
            return "input"
        if clause.endswith((" from ", " aus ")):
            return "input"
        if re.search(
            r"\b(?:generat\w*|writ(?:e|es|ing)|produc(?:e|es|ed|ing)|draft\w*|creat(?:e|es|ed|ing)|schreib\w*|erzeug\w*|écri\w*|génér\w*|escrib\w*|gener\w*|output\w*|likh\w*)\b",
            clause,
        ):
            return "output"
        if quantity.item_noun in _WRITTEN and not _SHORTENED.search(clause):
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

    def split_volume(self) -> None:
        """ "5M tokens, half in half out", "80% input": a volume with a stated mix."""
        volume = self.workload.volume
        if volume is None:
            return
        if self.workload.volume_output is not None and self.workload.volume_input is None:
            self._set(volume_input=volume, volume=None)
            return
        share = self.annotation.mix
        if _HALVES.search(self.annotation.folded):
            share = Decimal("0.5")
        worded = _PART.search(self.annotation.folded)
        if worded is not None:
            stated = PARTS[worded.group(1)]
            share = stated if worded.group(2) in ("input", "prompt", "in", "eingabe") else 1 - stated
        for quantity in self.quantities:
            if (
                quantity.unit == "percent"
                and quantity.role in ("input", "output")
                and "cach" not in self.annotation.clause(quantity)
            ):
                part = quantity.value / _HUNDRED
                share = part if quantity.role == "input" else 1 - part
                break
        slot = self._only_direction() if share is None else None
        if slot is not None:
            of_one = self.workload.requests is not None or self.workload.users is not None
            self._set(**{slot.removeprefix("volume_") if of_one else slot: volume, "volume": None})
        if share is None or not 0 <= share <= 1:
            return
        into = replace(volume, amount=volume.amount * share, high=None)
        out = replace(volume, amount=volume.amount * (1 - share), high=None)
        if self.workload.requests is not None or self.workload.users is not None:
            self._set(input=into, output=out, volume=None)
        else:
            self._set(volume_input=into, volume_output=out, volume=None)

    def _only_direction(self) -> Literal["volume_input", "volume_output"] | None:
        """ "5M tokens of sonnet output": the one direction that the text names, wherever it stands."""
        if _AS_LONG.search(self.annotation.folded):
            return None
        out, into = _OUT.search(self.annotation.folded), _INTO.search(self.annotation.folded)
        if (
            len(self.annotation.sizes) != 1
            or bool(out) == bool(into)
            or _LITTLE.search(self.annotation.folded)
        ):
            return None
        return "volume_output" if out else "volume_input"

    def read_audio(self) -> None:
        """ "40 hours of audio": a length of sound, not of time."""
        named = any(_SPEECH_MODEL.search(m.ref.mention.lower()) for m in self.annotation.models)
        if not named and not self.annotation.has("audio"):
            return
        length = next((q for q in self.quantities if q.unit in _SECONDS), None)
        if length is None:
            return
        text = self.workload.input or self.workload.volume_input or self.workload.volume
        if not named and text is not None:
            return  # "a 3 hour meeting's transcript of 27,000 words" is read as text
        self._set(audio_seconds=length.value * _SECONDS[length.unit])
        span = self.annotation.span
        if span is not None and span.amount == length.value and f"{span.unit}s" == length.unit:
            self.annotation.span = None  # the recording's own length
        workload = self.workload
        if workload.requests is None and workload.users is None:
            self._set(volume_per=length.per or self.annotation.loose_period or self.annotation.want_per)
