"""Everything that the rules see in a text, before anybody decides what it asks: names, quantities, times, cues, wanted periods.

An annotation is made once per message; intents and assemblers only read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.parsing.periods import read_periods, read_span
from bot.parsing.reading.compounds import names_apart, read_compounds
from bot.parsing.reading.cues import cue_words, find_cues
from bot.parsing.reading.dates import TimeSpan, read_dates
from bot.parsing.reading.densities import Density, read_densities, with_lengths
from bot.parsing.reading.language import Language, detect
from bot.parsing.reading.lexicon import (
    FILLERS,
    ROLES,
    STOPWORDS,
    UNITS,
)
from bot.parsing.reading.objects import object_of
from bot.parsing.reading.opening_hours import opening_hours
from bot.parsing.reading.quantities import read_quantities
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import Coverage, LazyPattern, Word, fold, split_words
from bot.parsing.reading.working_days import read_working_days
from bot.questions import ModelRef, Period, Span, WorkingDays, Workload
from knowledge.lazy_dataclass import dataclass, replace

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase
    from knowledge.catalogue import Mention, Resolution


@dataclass(frozen=True)
class NamedModel:
    """A model that the text names."""

    start: int
    end: int
    ref: ModelRef


@dataclass(frozen=True)
class Named:
    """A maker, provider, GPU or subject of facts that the text names; `id` is its name in the knowledge base."""

    start: int
    end: int
    id: str


@dataclass(kw_only=True)
class Annotation:
    """What the rules see in one message. Offsets refer to `text` and `folded` alike."""

    text: str
    folded: str
    language: Language
    words: list[Word]
    models: list[NamedModel]
    makers: list[Named]
    providers: list[Named]
    gpus: list[Named]
    clouds: list[Named]
    mix: Decimal | None
    """The share of input in a stated mix ("3:1 input to output": 0.75)."""
    subjects: list[Named]
    quantities: list[Quantity]
    times: list[TimeSpan]
    cues: dict[str, tuple[int, int]]
    coverage: Coverage
    want_per: Period | None = None
    loose_period: Period | None = None
    """A period that stands before or apart from what it belongs to ("every day we send 500 emails")."""
    span: Span | None = None
    quotes: list[str] = field(default_factory=list)
    working_days: WorkingDays | None = None
    open_hours: Decimal | None = None
    beside: list[Quantity] = field(default_factory=list)
    """Counts that are told, but are no part of what is sent."""
    densities: list[Density] = field(default_factory=list)
    """What the text says itself of words a page, tokens a word and the like."""
    workload: Workload | None = None
    """The workload that the whole text describes, once somebody has asked for it."""

    def has(self, *names: str) -> bool:
        """Whether any of these cues is in the text."""
        return not self.cues.keys().isdisjoint(names)

    def of_unit(self, *units: str) -> list[Quantity]:
        """The quantities that count one of these units."""
        return [q for q in self.quantities if q.unit in units]

    @property
    def sizes(self) -> list[Quantity]:
        """The quantities that are lengths of text."""
        found = [q for q in self.quantities if q.is_size or (not q.unit and q.role)]
        return [q for q in found if q.per_thing not in ("basis", "threshold")]

    def clause(self, quantity: Quantity) -> str:
        """The part of the sentence around a quantity, up to commas and full stops."""
        before = _CLAUSE_ENDS.split(self.folded[max(0, quantity.start - _CLAUSE) : quantity.start])[-1]
        after = _CLAUSE_ENDS.split(self.folded[quantity.end : quantity.end + _CLAUSE])[0]
        return f"{before}{self.folded[quantity.start : quantity.end]}{after}"

    def sentence(self, at: int) -> tuple[int, int]:
        """Where the sentence around a place in the text begins and ends."""
        start = max((m.end() for m in _SENTENCE_END.finditer(self.folded, 0, at)), default=0)
        end = _SENTENCE_END.search(self.folded, at)
        return start, end.start() if end else len(self.folded)

    def explained(self) -> float:
        """The share of the meaningful words that some rule has explained, from 0 to 1."""
        meaningful = [
            w
            for w in self.words
            if (w.text[0].isalnum()) and w.text not in STOPWORDS and w.text not in FILLERS
        ]
        if not meaningful:
            return 1.0
        return sum(
            1 for w in meaningful if self.coverage.covers(w) or w.text in UNITS or w.text in ROLES
        ) / len(meaningful)


_QUOTES = "\"'`“«„"
_QUOTED = re.compile(
    r"\"([^\"]+)\"|(?<!\w)'([^']+)'(?!\w)|`{1,3}([^`]+)`{1,3}|“([^”]+)”|«([^»]+)»|„([^“”]+)[“”]", re.DOTALL
)
_SENTENCE_END = re.compile(r"[?!\n]|\.(?=\s)")
_CLAUSE_ENDS = re.compile(r"[,;?!]|\.\s|\band\b")
_CLAUSE = 120
"""Characters on either side of a number that can be about it."""


def annotate(text: str, knowledge: KnowledgeBase, today: date) -> Annotation:
    """All that the rules see in `text`."""
    folded = fold(text)
    language = detect(folded)
    apart = names_apart(text, language)
    if apart is not text:
        folded = fold(apart)
    coverage = Coverage(len(folded))
    quoted = list(_QUOTED.finditer(text)) if any(mark in text for mark in _QUOTES) else []
    quotes = [next(group for group in match.groups() if group) for match in quoted]
    cues = find_cues(cue_words(folded), coverage)
    mentions = knowledge.catalogue.mentions(apart)
    models, makers, providers = _names(text, mentions)
    asked = (
        object_of(folded, mentions, coverage, knowledge.catalogue)
        if "price" in cues or "cost" in cues
        else None
    )
    if asked is not None:
        start, end, resolution = asked
        models = [NamedModel(start, end, model_ref(text[start:end], resolution))]
        makers, providers = (
            [n for n in named if not start <= n.start < end] for named in (makers, providers)
        )
    models = [
        _with_version(text, folded, model) for model in _at_provider(folded, models, providers, knowledge)
    ]
    gpus = [Named(start, end, name) for start, end, name in knowledge.hardware.mentions(text)]
    if gpus:
        by_gpus = Coverage(len(folded), ((g.start, g.end) for g in gpus))
        models = [m for m in models if m.ref.how != "unknown" or not by_gpus.touches(m.start, m.end)]
        by_models = Coverage(len(folded), ((m.start, m.end) for m in models))
        gpus = [g for g in gpus if not by_models.touches(g.start, g.end)]
    clouds = (
        [Named(start, end, name) for start, end, name in knowledge.hardware.providers_in(text)]
        if gpus
        else []
    )
    subjects = [Named(start, end, name) for start, end, name in knowledge.facts.subjects_in(text)]
    masked = [(m.start, m.end) for m in models]
    if "token" in folded:  # numbers inside a text to be counted count nothing themselves
        masked += [match.span() for match in quoted if " " in match.group().strip("'\"` ")]
    masked += [(n.start, n.end) for n in (*makers, *providers)]
    masked += [(_letters_from(folded, g), g.end) for g in gpus]
    mix, masked_mix = read_mix(folded)
    masked += masked_mix
    densities = [d for d in read_densities(folded, language) if not _touches_any(d, masked)]
    masked += [(d.start, d.end) for d in densities]
    masked += [match.span() for pattern in (_CLOCK, _OUT_OF) for match in pattern.finditer(folded)]
    open_hours = opening_hours(folded)
    if open_hours is not None:
        masked.append(open_hours[1])
    working_days = read_working_days(folded)
    if working_days is not None:
        masked.append(working_days[1])
    times = read_dates(folded, today, masked)
    quantities = with_lengths(read_quantities(folded, language, masked), densities)
    quantities = [q for q in quantities if not any(_is_one_of(q, density) for density in densities)]
    if working_days is not None:
        quantities = [_times_days(folded, q, working_days[1]) for q in quantities]
    times = [t for t in times if not _counts_something(t, quantities) and not _counts_gpus(t, gpus)]
    quantities = [q for q in quantities if not any(t.start < q.end and q.start < t.end for t in times)]
    words = read_compounds(split_words(folded), language)
    for name in (*makers, *providers, *gpus, *clouds, *subjects):
        coverage.add(name.start, name.end)
    for model in models:
        coverage.add(model.start, model.end)
    for quantity in quantities:
        coverage.add(quantity.start, quantity.end)
    for time in times:
        coverage.add(time.start, time.end)
    for density in densities:
        coverage.add(density.start, density.end)
    if open_hours is not None:
        coverage.add(*open_hours[1])
    if working_days is not None:
        coverage.add(*working_days[1])
        words = [w for w in words if not working_days[1][0] <= w.start < working_days[1][1]]
    annotation = Annotation(
        text=text,
        folded=folded,
        language=language,
        words=words,
        models=models,
        makers=makers,
        providers=providers,
        gpus=gpus,
        clouds=clouds,
        mix=mix,
        subjects=subjects,
        quantities=quantities,
        times=times,
        cues=cues,
        coverage=coverage,
        quotes=quotes,
        working_days=working_days[0] if working_days else None,
        open_hours=open_hours[0] if open_hours else None,
        densities=densities,
    )
    read_span(annotation)
    read_periods(annotation)
    if annotation.working_days is not None and annotation.working_days.over != "week":
        annotation.want_per = annotation.want_per or annotation.working_days.over
    return annotation


_TIMES_SIGN = re.compile(r"^\s*(?:x|×|\*|times|mal)\s*$")


def _times_days(folded: str, quantity: Quantity, days: tuple[int, int]) -> Quantity:
    """ "22 working days x 350 documents": so many on each of the days."""
    start, end = days
    between = folded[end : quantity.start] if quantity.start >= end else folded[quantity.end : start]
    if quantity.per is None and not quantity.is_size and _TIMES_SIGN.match(between):
        return replace(quantity, per="day")
    return quantity


_OUT_OF = re.compile(
    r"\b24 ?[/x] ?7\b|\b[1-9] (?:in|of) \d{1,2}(?= (?:of|users|customers|visitors|people|clients)\b)|\b\d{1,3} (?:out of|in every|of every|out of every) \d{1,3}\b(?! ?[k%])|\bthe other \d{1,2}\b(?! ?[k%])"
)
"""Shares in words, which are read as such, and "24/7"."""
_CLOCK = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?![\d:])(?=$|[\s,;)\]z])")
_MIX = LazyPattern(
    r"(?<![\w.])(\d{1,3}) ?[:/] ?(\d{1,3})(?= (?:input|in|ratio|split|mix|verhältnis|prompt)\b)|\b(?:ratio|mix|split)(?: of| is)?:? (\d{1,3}) ?[:/] ?(\d{1,3})\b"
)


def read_mix(folded: str) -> tuple[Decimal | None, list[tuple[int, int]]]:
    """A ratio of input to output tokens, and where it stands; small numbers only, since "500/200 in/out" are sizes."""
    match = _MIX.search(folded)
    if match is None:
        return None, []
    into, out = (Decimal(group) for group in match.groups() if group is not None)
    if not into + out or into + out > 100 or (into > 20 and into + out != 100):
        return None, []
    return into / (into + out), [match.span()]


_AT = LazyPattern(r"\b(?:on|via|at|from|through|using|by|bei|auf|über|chez|sur|en|pe)\s+(?:the )?$")


def _at_provider(
    folded: str, models: list[NamedModel], providers: list[Named], knowledge: KnowledgeBase
) -> list[NamedModel]:
    """ "o3 batch price at groq": one provider, named apart from the one model, is where the model is wanted."""
    if len(models) != 1 or len(providers) != 1:
        return models
    [model], [provider] = models, providers
    if model.ref.provider == provider.id or not _AT.search(folded[: provider.start]):
        return models
    resolution = knowledge.catalogue.resolve(model.ref.mention, provider.id)
    return [NamedModel(model.start, model.end, model_ref(model.ref.mention, resolution))]


def _is_one_of(quantity: Quantity, density: Density) -> bool:
    """ "If 1 page is 300 words": the one page that a density is stated of."""
    return quantity.value == 1 and quantity.unit == density.unit and 0 <= density.start - quantity.end <= 12


def _touches_any(density: Density, masked: Iterable[tuple[int, int]]) -> bool:
    return any(start < density.end and density.start < end for start, end in masked)


_VERSION = LazyPattern(
    r"^[ -]?(?:v?\d{1,3}(?:\.\d{1,2})?|(?:one|two|three|four|five|six|seven|eight|nine|ten)(?: o| point \w+)?)(?=\W*$|[ -](?:ultra|mini|nano|pro|turbo|max|lite|flash|haiku|opus|sonnet|batch|pric\w+|costs?|output|input|cached|per|rates?|context|on|at)\b)"
)


def _with_version(text: str, folded: str, model: NamedModel) -> NamedModel:
    """ "Claude 12", "grok 22 output": a family with a version that no model on record has is no model of the family."""
    if model.ref.how != "family" or text[model.end - 1].isdigit():
        return model
    version = _VERSION.search(folded[model.end :])
    if version is None:
        return model
    rest = folded[: model.start] + folded[model.end + version.end() :]
    if any(c.isdigit() for c in rest):  # numbers beside it: this one may count something
        return model
    end = model.end + version.end()
    return NamedModel(model.start, end, ModelRef(mention=text[model.start : end], how="unknown"))


def _letters_from(folded: str, gpu: Named) -> int:
    """Where a GPU's name begins inside its mention; a count before it ("8x H100") stays a number."""
    match = re.match(r"\d+\s*(?:x|×)\s*(?=[a-z\d])", folded[gpu.start : gpu.end])
    return gpu.start + (match.end() if match else 0)


def _counts_gpus(time: TimeSpan, gpus: list[Named]) -> bool:
    """ "2000 H100s" are no year."""
    return time.end - time.start == 4 and any(0 <= gpu.start - time.end <= _TO_A_GPU for gpu in gpus)


_TO_A_GPU = 3
"""Characters between a number and the GPU that it counts ("2000 x H100")."""


def _counts_something(time: TimeSpan, quantities: list[Quantity]) -> bool:
    """ "2024 requests" is a count, not a year; "2024 in data centres" is one, unless something comes out too."""
    goes_in = any(q.role == "output" for q in quantities)
    return any(
        q.start <= time.start
        and time.end <= q.end
        and (q.unit or q.role or q.per)
        and q.end > time.end
        and (q.noun or q.role != "input" or goes_in)
        for q in quantities
    )


def _names(text: str, mentions: Iterable[Mention]) -> tuple[list[NamedModel], list[Named], list[Named]]:
    models: list[NamedModel] = []
    makers: list[Named] = []
    providers: list[Named] = []
    for mention in mentions:
        if mention.kind == "model" and mention.resolution is not None:
            models.append(NamedModel(mention.start, mention.end, model_ref(mention.text, mention.resolution)))
        elif mention.kind == "maker":
            makers.append(
                Named(mention.start, mention.end, mention.maker or mention.provider or mention.text)
            )
        elif mention.provider is not None:
            providers.append(Named(mention.start, mention.end, mention.provider))
    return _priced_ones(text, models), makers, providers


_AMOUNT = re.compile(
    r"^\s?(?:[kmgt]b|kilobytes|megabytes|gigabytes|million|billion|thousand|lakh|crore)\b", re.IGNORECASE
)
"""Behind a number that ends a name: "embed 3 GB" names no model."""
_LIKE = re.compile(r"^[- ](?:like|style|esque|ish|type|level|grade|killer|wrapper|clone)\b", re.IGNORECASE)
_BESIDE_ANOTHER = re.compile(
    r"\b(?:vs|versus|or|oder|ou|than|compare[ds]?|against|instead|statt|from|to)\b", re.IGNORECASE
)


def _priced_ones(text: str, models: list[NamedModel]) -> list[NamedModel]:
    """Without likenesses ("ChatGPT-like queries"), and without the product's name beside the API model that is meant."""
    kept = [m for m in models if not _LIKE.match(text[m.end : m.end + 10])]
    kept = [m for m in kept if not (m.ref.mention[-1:].isdigit() and _AMOUNT.match(text[m.end : m.end + 10]))]
    product = [m for m in kept if m.ref.mention.lower().replace(" ", "") == "chatgpt"]
    if product and len(product) < len(kept) and not _BESIDE_ANOTHER.search(text):
        return [m for m in kept if m not in product]
    return kept


def model_ref(mention: str, resolution: Resolution) -> ModelRef:
    """A model as a typed question holds it."""
    model = resolution.model
    return ModelRef(
        mention=mention,
        model=model.id if model else None,
        provider=model.provider if model else None,
        how=resolution.how,
        candidates=tuple(f"{c.provider}/{c.id}" for c in resolution.candidates[:6]),
        note=resolution.note,
    )
