"""Lengths of time and periods of a text: how long ("for 3 months"), how often ("every day we …"), and for which time a cost is wanted.

They are read into an annotation after its quantities, since a period that a quantity has taken is not what is wanted.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.parsing.reading.lexicon import ADVERB_PERIODS, COST_WORDS, PERIOD_MARKERS, PERIODS
from bot.parsing.reading.quantity import COUNTED
from bot.parsing.reading.spans import Coverage, LazyPattern, Word
from bot.questions import Period, Span

if TYPE_CHECKING:
    from bot.parsing.annotate import Annotation

_SPAN = re.compile(
    r"(?:for|over|during|in|within|für|über|pendant|durant|sur|durante|en) (?:the |a |an |one |ein |eine |einen |einem |un |une |una |about |whole |full |entire |next )*"
    r"(?:(\d{1,4}|two|three|four|five|six|twelve|half)[ -])?(?:whole |full |entire |working |business |work )?"
    r"(hour|day|week|month|year|quarter|stunde|heure|hora|tag|woche|monat|jahr|jour|semaine|mois|an|día|semana|mes|año)(?:s|e|en|n|es)?(?![^\W_])"
)
_EACH_DAY = (
    "a day",
    "per day",
    "/day",
    "a week",
    "per week",
    "every day",
    "each day",
    "daily",
    "am tag",
    "pro tag",
    "par jour",
    "al día",
    "por día",
)
_SPAN_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "twelve": 12}
_SPAN_UNITS: dict[str, Period] = {"stunde": "hour", "heure": "hour", "hora": "hour", "tag": "day", "woche": "week", "monat": "month", "jahr": "year", "jour": "day", "semaine": "week",
                                  "mois": "month", "an": "year", "día": "day", "semana": "week", "mes": "month", "año": "year"}  # fmt: skip


_STATED_SPAN = LazyPattern(
    r"\b(?:period|duration|term|laufzeit|durée|duración)\s*[:=]\s*(\d{1,4}) (days?|weeks?|months?|years?|tage|monate|jahre)\b"
    r"|\b(\d{1,3})[ -](months?|years?|monate|jahre|mois|meses|años) (?:laufzeit|contract|term|vertrag\w*|commitment)\b"
)
_QUARTER = LazyPattern(r"\b(?:q[1-4]|quarter(?:ly)?|quartal|trimestre)\b(?! ?(?:of )?20\d\d)(?! of\b)")


def read_span(annotation: Annotation) -> None:
    """ "for 3 months", "over a year", "our Q1 cost": a length of time that the cost is asked for."""
    if _QUARTER.search(annotation.folded) and not annotation.times:
        annotation.span = Span(amount=Decimal(3), unit="month")
    stated = _STATED_SPAN.search(annotation.folded)
    if stated is not None:
        count, unit = (group for group in stated.groups() if group is not None)
        annotation.span = Span(
            amount=Decimal(count), unit=PERIODS.get(unit) or _SPAN_UNITS.get(unit.rstrip("esn")) or "month"
        )
    for match in _SPAN.finditer(annotation.folded):
        count_text, unit = match.group(1), match.group(2)
        if count_text is None and (
            match.group().startswith(("in ", "en "))
            or unit in ("hour", "stunde", "heure", "hora")
            or (unit == "an" and not match.group().endswith((" un an", "l'an")))
        ):
            continue  # "in a month" is a rate; "for an A100" names no year
        rest = annotation.folded[match.end() :].lstrip()
        if rest.startswith(("ago", "of context", *_EACH_DAY)):
            continue
        count = (
            _SPAN_WORDS.get(count_text) or (int(count_text) if count_text and count_text.isdigit() else 1)
            if count_text != "half"
            else 0
        )
        period = _SPAN_UNITS.get(unit) or PERIODS.get(unit, "month")
        if unit == "quarter":
            period, count = "month", 3 * count
        if count_text == "half":
            period, count = ("month", 6) if period == "year" else (period, 1)
        annotation.span = Span(amount=Decimal(count), unit=period)
        annotation.coverage.add(match.start(), match.end())
        annotation.quantities = [
            q
            for q in annotation.quantities
            if not (match.start() <= q.start and q.end <= match.end() + 1 and q.unit.rstrip("s") == period)
        ]
        return


def read_periods(annotation: Annotation) -> None:
    """Period phrases that no quantity has taken: the wanted one ("a month?", "monthly cost") or a loose one ("every day we …")."""
    names_one = any(w.text in PERIODS for w in annotation.words)
    words = _words_outside(annotation) if names_one else []
    for density in annotation.densities:
        words = [w for w in words if not density.start <= w.start < density.end]
    for at, word in enumerate(words):
        if word.text not in PERIODS:
            continue
        previous = words[at - 1].text if at else ""
        following = words[at + 1].text if at + 1 < len(words) else ""
        period: Period | None = None
        start = word.start
        if word.text in ADVERB_PERIODS:
            period = PERIODS[word.text]
        elif word.text in PERIODS and previous in _SENTENCE_ENDS and following in ("", "?"):
            period = PERIODS[word.text]  # "…, Claude Haiku 5.5. Monat?"
        elif word.text in PERIODS and previous in PERIOD_MARKERS and previous not in ("am", "im", "the"):
            period = PERIODS[word.text]
            start = words[at - 1].start
        elif (
            word.text in ("monat", "tag", "jahr")
            and previous in ("im", "am", "aufs", "übers", "fürs", "ganze", "ganzes")
        ) or (word.text in ("l'année", "l'an") and previous in ("sur", "à", "dans", "pour")):
            period = PERIODS.get(word.text, "year")
        elif (word.text in _HINDI_PERIODS or word.text in ("day", "week", "month", "year")) and following in (
            "ka",
            "ki",
            "ke",
            "mein",
            "me",
            "bhar",
        ):
            period = PERIODS[word.text]
        if period is None or _in_span_phrase(start, annotation):
            continue
        annotation.coverage.add(start, word.end)
        before = _sentence_before(words, at)
        belongs_to_cost = (
            following in COST_WORDS or bool(before & COST_WORDS - _ALSO_VERBS) or bool(before & _HOW_MUCH)
        )
        is_last = all(not w.text[0].isalnum() for w in words[at + 1 :])
        quantity_follows = any(q.start > word.end for q in annotation.quantities)
        if not belongs_to_cost and quantity_follows and not is_last and annotation.loose_period is None:
            annotation.loose_period = period
        elif annotation.want_per is None:
            annotation.want_per = period
        elif is_last and annotation.quantities and annotation.loose_period is None:
            annotation.loose_period, annotation.want_per = (
                annotation.want_per,
                period,
            )  # "… a day …, per month"
    _settle_loose_period(annotation)
    _settle_one_period(annotation)


def _settle_one_period(annotation: Annotation) -> None:
    """ "777 calls a day, 2200 in, 410 out, 1 month": the wanted period as a length of one."""
    last = annotation.quantities[-1] if annotation.quantities else None
    period = _LENGTHS.get(last.unit) if last is not None and last.value == 1 and not last.per else None
    if period is None or last is None or annotation.want_per is not None or annotation.span is not None:
        _settle_bare_span(annotation)
        return
    if annotation.folded[: last.start].rstrip().endswith((",", ";")) and any(
        q.per for q in annotation.quantities
    ):
        annotation.want_per = period
        annotation.quantities.remove(last)


def _settle_bare_span(annotation: Annotation) -> None:
    """ "8 developers; 150 completions per dev per day; 22 days": how long it goes on, apart from everything else."""
    lengths = [
        q for q in annotation.quantities if q.unit in _LENGTHS and q.value > 1 and not q.per and not q.role
    ]
    if len(lengths) != 1 or annotation.span is not None or annotation.want_per is not None:
        return
    [length] = lengths
    ahead = annotation.folded[: length.start].rstrip()
    behind = annotation.folded[length.end :].lstrip()
    apart = (not ahead or ahead.endswith((",", ";", ":", "x", "×", "*", "("))) and (
        not behind or behind[0] in ",;.)x×*?"
    )
    rates = any(
        q.per in ("second", "minute", "hour", "day") and q.unit != "money" for q in annotation.quantities
    )
    if apart and rates:
        annotation.span = Span(amount=length.value, unit=_LENGTHS[length.unit])
        annotation.quantities.remove(length)


_LENGTHS: dict[str, Period] = {"days": "day", "weeks": "week", "months": "month", "years": "year"}


_SENTENCE_ENDS = frozenset([".", ",", ";", ")", "?", ":", "->", "→", "=", ">", "–", "⇒"])


def _settle_loose_period(annotation: Annotation) -> None:
    """A loose period beside counts that all have one of their own is the wanted one ("90 requests per hour … in a month")."""
    counts = [q for q in annotation.quantities if q.unit in COUNTED]
    if (
        annotation.loose_period
        and annotation.want_per is None
        and counts
        and any(q.per for q in counts)
        and all(q.per or q.per_thing for q in counts)
    ):
        annotation.want_per, annotation.loose_period = annotation.loose_period, None


_HOW_MUCH = frozenset(
    [
        "much",
        "combien",
        "wieviel",
        "viel",
        "cuánto",
        "cuanto",
        "kitna",
        "save",
        "saving",
        "savings",
        "sparen",
        "ahorr",
        "économiser",
        "difference",
        "unterschied",
        "diff",
    ]
)
_HINDI_PERIODS = frozenset(["mahine", "mahina", "din", "hafte", "saal"])
_ALSO_VERBS = frozenset(["run", "set", "rack", "pony", "shell", "worth"])
"""Words of cost ("what would it run us") that mostly mean something else."""


def _sentence_before(words: list[Word], at: int) -> set[str]:
    """Up to eight words before this one, within its sentence."""
    found: set[str] = set()
    for word in reversed(words[max(0, at - 8) : at]):
        if word.text in (".", "?", "!", ";"):
            break
        found.add(word.text)
    return found


def _words_outside(annotation: Annotation) -> list[Word]:
    """The words that stand in no quantity and no named time."""
    taken = Coverage(len(annotation.folded), ((q.start, q.end) for q in annotation.quantities))
    for time in annotation.times:
        taken.add(time.start, time.end)
    return [
        word
        for word in annotation.words
        if not (taken.touches(word.start, word.end) and _inside(word, annotation))
    ]


def _inside(word: Word, annotation: Annotation) -> bool:
    start, end, _ = word
    for quantity in annotation.quantities:
        if quantity.start <= start and end <= quantity.end:
            return True
    return any(t.start <= start and end <= t.end for t in annotation.times)


def _in_span_phrase(start: int, annotation: Annotation) -> bool:
    return annotation.span is not None and any(
        m.start() <= start < m.end() for m in _SPAN.finditer(annotation.folded)
    )
