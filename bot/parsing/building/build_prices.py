"""Builders of questions about prices, price history and token counts."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from bot.parsing.annotate import Annotation
from bot.parsing.building.naming import day_of, model_of, models_of, tier_of, wants_batch
from bot.parsing.reading.lexicon import UNITS
from bot.parsing.reading.objects import strange_name
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.workload_draft import size_of
from bot.questions import (
    HistoryQuestion,
    ModelRef,
    PriceQuestion,
    Question,
    Size,
    TokensQuestion,
)
from knowledge.lazy_dataclass import replace

_UNIT_WORDS: tuple[tuple[str, LazyPattern], ...] = (
    (
        "cache_write",
        LazyPattern(
            r"\bcache[- ]writ|\bcach\w*\b.{1,40}\bwrites?\b|\bwrit\w* (?:to )?(?:the )?cache|\bcache creation"
        ),
    ),
    ("cached", LazyPattern(r"\bcach|\bgecach")),
    ("audio", LazyPattern(r"\baudio\b|\bspeech\b|\bvoice\b|\btranscri")),
    ("image", LazyPattern(r"\bimages?\b|\bpictures?\b")),
    ("requests", LazyPattern(r"\b(?:request|per[- ]request|call) (?:fee|charge|price)s?\b")),
    ("search", LazyPattern(r"\bsearch(?:es)?\b")),
    (
        "context",
        LazyPattern(
            r"\bmax(?:imum)? context|\bcontext (?:window|length|size)|\bhow (?:big|large|long) is the context|\bhow (?:long|big|large) (?:can|may) (?:the |my |a )?(?:prompt|input|text|request)|\b(?:max(?:imum)?|longest) (?:prompt|input|request)(?: length| size)?|\b(?:token|input) limits?\b|\bmax(?:imum)? tokens\b|\b(?:tokens|text) can\b.{1,40}\b(?:take|handle|read|fit|process|accept)\b|\bcontext\W*$|^\W*context\b|\bcontexte\b|\bcontexto\b|\bkontextfenster|\bfenêtre de contexte"
        ),
    ),
    (
        "input",
        LazyPattern(
            r"\binputs?\b|(?:,|/|\bmillion|\bmtok) in\W*$|\b(?:imput|inpt|inptu|intput|inputt)s?\b|\bin ?(?:/|and|&|\+) ?out\b|\bprompt tokens?\b|\beingabe|\bentrée\b|\bentrada\b"
        ),
    ),
    (
        "output",
        LazyPattern(
            r"\boutputs?\b|\b(?:generated|response) tokens?\b|(?:,|/|\bprice|\bmillion|\bmtok) out\W*$|\b(?:ouput|outut|outpt|ouptut|outptu|otuput|outputt)s?\b|\bin ?(?:/|and|&|\+) ?out\b|\bcompletions?\b|\bausgabe|\bsortie\b|\bsalida\b"
        ),
    ),
)


_AUDIO_LENGTHS: dict[str, Literal["second", "minute", "hour"]] = {
    "second": "second", "minute": "minute", "minuto": "minute", "hour": "hour", "hora": "hour", "heure": "hour", "stunde": "hour",
}  # fmt: skip


def build_price(a: Annotation, today: date) -> Question:
    """What does a model cost per unit?"""
    units = tuple(name for name, pattern in _UNIT_WORDS if pattern.search(a.folded))
    if not units:  # "$/1M out"
        units = tuple(
            q.role for q in a.quantities if q.per_thing == "basis" and q.role in ("input", "output", "cached")
        )
    if "cached" in units and re.search(r"cached (?:input|prompt)|input cach|cach\w+ input", a.folded):
        units = tuple(name for name in units if name != "input")  # "cached input" is one rate
    units = tuple(sorted(units, key=lambda name: {"input": 0, "output": 1}.get(name, 2)))
    if "context" in units and any(q.per_thing == "threshold" for q in a.quantities):
        units = tuple(name for name in units if name != "context")  # "the price above 200k context"
    if "context" in units and not a.has("price"):
        units = ("context",)
    if "cache_write" in units and re.search(r"\b(?:1|one)[ -]?h(?:our)?\b", a.folded):
        units = tuple("cache_write_1h" if name == "cache_write" else name for name in units)
    per = next((q.value for q in a.quantities if q.per_thing == "basis"), None)
    if per is None and re.search(r"\bper (?:1k|k|thousand)\b|/1?k\b", a.folded):
        per = Decimal(1000)
    if per is None and re.search(r"\bper (?:single )?token\b|\ba token\b", a.folded):
        per = Decimal(1)
    length = re.search(
        r"\b(?:per|a|each|pro|par|por) (second|minute|hour|minuto|hora|heure|stunde)\b", a.folded
    )
    models = models_of(a) or _unknown_product(a)
    threshold = next((q.value for q in a.quantities if q.per_thing == "threshold"), None)
    return PriceQuestion(
        request_tokens=threshold,
        per_time=_AUDIO_LENGTHS.get(length.group(1)) if length else None,
        models=models,
        units=units,
        batch=wants_batch(a),
        service_tier=tier_of(a),
        on=day_of(a, today),
        per_tokens=None if per in (None, Decimal(10) ** 6) else per,
    )


_PRODUCT = LazyPattern(r"(?<![\w-])[a-z]{2,}[a-z.]*[-_]\d[\w.-]*(?![\w-])")


def _unknown_product(a: Annotation) -> tuple[ModelRef, ...]:
    """ "foobar-3000", "price of foobar": a name that looks like a model's, or stands where one does, and is none on record."""
    if a.makers or a.providers:
        return ()
    match = _PRODUCT.search(a.folded)
    place = match.span() if match is not None else strange_name(a.folded, a.coverage)
    return () if place is None else (ModelRef(mention=a.text[slice(*place)], how="unknown"),)


def build_history(a: Annotation, today: date) -> Question:
    """How has a price changed?"""
    times = sorted(a.times, key=lambda t: t.first)
    since = times[0].first if times else None
    until = times[-1].first if len(times) > 1 else None
    return HistoryQuestion(models=models_of(a), since=since, until=until)


SIZE_RATIO = LazyPattern(
    r"\b(?:(word|page|character|char)s? (?:per|in a|in one|make a|pro|par|por)(?: single)? token|tokens? (?:per|in a|in one|make a|pro|par|por)(?: single)? (word|page|character|char))s?\b"
)
_SIZE_UNITS: dict[str, Any] = {"toke": "tokens", "word": "words", "page": "pages", "char": "characters"}
_ONE_PAGE = LazyPattern(
    r"\b(?:a4|letter|an?|one|single|full|eine[rn]?|une|una|ek|per|pro|par|por)[ -](?:a4[ -]|full[ -]|typical[ -])*(?:page|seite|página|pagina)\b"
)


_ONLY_A_NUMBER = re.compile(r"\s*[\d.,]+ ?[km]?\s*[?.!]?\s*$", re.IGNORECASE)
_LENGTH_LABEL = LazyPattern(
    r"\b(words?|pages?|characters?|chars?|wörter|seiten|zeichen|mots|palabras|páginas)\b[^\d]{1,20}$"
)


def _labelled_length(a: Annotation) -> Quantity | None:
    """ "Words to tokens: 3500": the unit stands before the number."""
    bare = [q for q in a.quantities if not q.unit and not q.role and not q.per]
    if len(bare) != 1 or a.of_unit("tokens"):
        return None
    label = _LENGTH_LABEL.search(a.folded[: bare[0].start])
    return replace(bare[0], unit=UNITS[label.group(1)]) if label else None


def build_tokens(a: Annotation, today: date) -> Question:
    """How many tokens is a text or a length?"""
    text = max(a.quotes, key=len) if a.quotes else None
    if text is None:
        match = re.search(r"(?:tokens?|text|prompt|sentence)[^:\n]{0,40}:\s+(\S.+)$", a.text, re.DOTALL)
        text = (
            match.group(1).strip()
            if match
            and not _ONLY_A_NUMBER.match(match.group(1))
            and not a.of_unit("words", "pages", "characters", "bytes")
            else None
        )
    size = next((q for q in a.quantities if q.unit in ("words", "pages", "characters", "bytes")), None)
    if text is None and size is None:
        size = _labelled_length(a)
    want: Any = "tokens"
    ratio = SIZE_RATIO.search(a.folded)
    if text is None and size is None and ratio is not None and not a.quantities:
        asked, of = _SIZE_UNITS[(ratio[1] or "token")[:4]], _SIZE_UNITS[(ratio[2] or "token")[:4]]
        return TokensQuestion(size=Size(amount=Decimal(1), unit=of), want=asked, model=model_of(a))
    if text is None and size is None and not a.of_unit("tokens") and _ONE_PAGE.search(a.folded):
        return TokensQuestion(size=Size(amount=Decimal(1), unit="pages"), model=model_of(a))
    if text is None and size is None:
        size = next((q for q in a.quantities if q.unit == "tokens"), None)
        asked = re.search(
            r"\b(words?|pages?|characters?|wörtern?|seiten|zeichen|mots|palabras|páginas)\b", a.folded
        )
        if size is not None and asked:
            names = {
                "w": "words",
                "p": "pages",
                "c": "characters",
                "s": "pages",
                "z": "characters",
                "m": "words",
            }
            want = (
                "pages"
                if asked.group(1).startswith(("pag", "pág"))
                else "words"
                if asked.group(1).startswith("palab")
                else names[asked.group(1)[0]]
            )
    return TokensQuestion(
        text=text,
        size=size_of(size) if size and text is None else None,
        want=want,
        model=model_of(a),
        with_cost=bool(a.models) and a.has("cost", "price"),
    )
