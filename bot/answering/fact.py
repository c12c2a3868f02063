"""What companies and people have spent, earned, lost and said: cited facts, hedges kept, disagreeing sources side by side."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING

from bot.answering.context import Context, answered, citation, unique_citations
from bot.answers import Answer, Citation, Figure
from bot.questions import FactQuestion
from knowledge.facts import Fact, FactHit
from knowledge.lazy_dataclass import replace

if TYPE_CHECKING:
    from knowledge.documents import Passage

_SHOWN = 5
_MEASURE = re.compile(
    r"\b(?:run[- ]rate|revenues?|turnover|sales|loss(?:es)?|lose|lost|profits?|margins?|capex|capital expenditures?"
    r"|cash burn|burn(?:ed|t)?"
    r"|spen[dt]\w*|costs?|earn\w*|umsatz|verlust|gewinn|chiffre d'affaires|pertes?|ingresos|pérdidas?|kamai|nuksaan)\b",
    re.IGNORECASE,
)
"""What is asked about companies that are set side by side."""
_MOST_SUBJECTS = 3
"""Companies of one question that are looked up one by one."""
_HEDGES = {
    "projected": "projected", "estimated": "estimated", "about": "about", "at least": "at least", "at most": "at most",
    "reported": "reported", "exact": "",
}  # fmt: skip
_PERIODS = {"hour": "hour", "day": "day", "week": "week", "month": "month", "year": "year"}


def answer_fact(question: FactQuestion, context: Context) -> Answer:
    """The facts that answer, best first; when none does, the nearest that are on record, without figures."""
    facts = context.knowledge.facts
    hits = facts.search(question.query, limit=_SHOWN)
    if not any(hit.confident for hit in hits):
        hits = facts.search(
            question.query, limit=_SHOWN, subjects=question.subjects, periods=question.periods
        )
    sure = _of_each_subject(question, [hit for hit in hits if hit.confident], context)
    if not sure:
        return _nothing(hits)
    citations: list[Citation] = []
    figures: list[Figure] = []
    details: list[str] = []
    for hit in sure:
        if hit.fact is not None:
            figures.extend(_figure(hit.fact))
            citations.append(citation(hit.fact.source, hit.fact.statement))
            details.append(_line(hit.fact))
        elif hit.passage is not None:
            citations.append(
                replace(citation(hit.passage.source, hit.passage.quote), title=_place(hit.passage))
            )
            details.append(hit.passage.quote)
    first = sure[0]
    headline = (
        first.fact.statement
        if first.fact is not None
        else f"From {first.passage.source.title}:"
        if first.passage
        else ""
    )
    return answered(
        "fact",
        headline,
        figures=tuple(figures),
        details=tuple(line for line in details if line != headline),
        citations=unique_citations(citations),
        assumptions=_notes(sure),
    )


def _of_each_subject(question: FactQuestion, sure: list[FactHit], context: Context) -> list[FactHit]:
    """For a question about several companies, the best fact of each, in their order, where the facts found miss one."""
    facts = context.knowledge.facts
    named = facts.subjects_in(question.query)
    wanted = list(dict.fromkeys(subject for _, _, subject in named))
    found = {hit.fact.subject for hit in sure if hit.fact is not None}
    if not 2 <= len(wanted) <= _MOST_SUBJECTS or found.issuperset(wanted):
        return sure
    best: list[FactHit] = []
    measure = _MEASURE.search(question.query)
    earns = "revenue" if re.search(r"\bmoney\b", question.query, re.IGNORECASE) else ""
    for subject in wanted:
        words = (subject, measure.group() if measure else earns, *question.periods)
        hits = facts.search(" ".join(words), limit=_SHOWN)
        hit = next(
            (hit for hit in hits if hit.confident and hit.fact is not None and hit.fact.subject == subject),
            None,
        )
        if hit is None:
            return sure
        best.append(hit)
    return [*best, *(hit for hit in sure if hit not in best)]


def _place(passage: Passage) -> str:
    """Where a passage stands: the document with its file (an address is cited apart), its page or else its heading."""
    source = passage.source
    file = PurePath(source.publisher).name if source.publisher and not source.url else ""
    heading = passage.heading if passage.heading and passage.heading != source.title else ""
    where = f"page {passage.page}" if passage.page else f"“{heading}”" if heading else ""
    place = ", ".join(part for part in (file if file != source.title else "", where) if part)
    return f"{source.title} ({place})" if place else source.title


def _figure(fact: Fact) -> list[Figure]:
    """A fact's value with its hedge in the label; a statement has none."""
    if fact.value is None or fact.unit is None:
        return []
    hedge = _HEDGES.get(fact.qualifier, fact.qualifier)
    unit, per = split_unit(fact.unit)
    words = [f"{fact.subject}: {fact.metric}", fact.period or "", hedge]
    upper = _upper_end(fact)
    if upper is None and hedge != "at least" and re.search(_OPEN_END, fact.statement):
        words.append("at least")
    label = ", ".join(word for word in words if word)
    figure = Figure(label=label, amount=fact.value, unit=unit, per=per, source=fact.source.id)
    if upper is None:
        return [figure]
    return [
        replace(figure, label=f"{label}, lower end"),
        replace(figure, label=f"{label}, upper end", amount=upper),
    ]


_RANGE = r"(\d[\d,]*(?:\.\d+)?)( million| billion| trillion)? to \$?(\d[\d,]*(?:\.\d+)?)( million| billion| trillion)?"
_OPEN_END = r"\b(?:over|more than|at least|above|north of) \$\d"
_SCALES = {" million": 10**6, " billion": 10**9, " trillion": 10**12, None: 1}


def _upper_end(fact: Fact) -> Decimal | None:
    """The end of the range that begins with the fact's value, where the source states one ("$30 to $50 million")."""
    for match in re.finditer(_RANGE, fact.statement):
        low, high = (Decimal(match.group(group).replace(",", "")) for group in (1, 3))
        scale = _SCALES[match.group(4)]
        if low * _SCALES[match.group(2) or match.group(4)] == fact.value and high * scale > fact.value:
            return high * scale
    return None


def split_unit(unit: str) -> tuple[str, str | None]:
    """A card's unit as unit and period: "USD/hour" is USD per hour, "tokens/s" stays what it is."""
    head, slash, tail = unit.partition("/")
    if slash and tail.split(" ")[0] in _PERIODS and " " not in tail:
        return head, tail
    if slash and head == "USD":
        return head, tail.removeprefix("per ")
    return unit, None


def _line(fact: Fact) -> str:
    period = f" ({fact.period})" if fact.period and fact.period not in fact.statement else ""
    return f"{fact.statement}{period}"


def _notes(hits: list[FactHit]) -> tuple[str, ...]:
    """Say so where sources differ on what looks like the same thing."""
    seen: dict[tuple[str, str | None, str | None], set[Decimal]] = {}
    for hit in hits:
        if hit.fact is not None and hit.fact.value is not None:
            seen.setdefault((hit.fact.subject, hit.fact.period, hit.fact.unit), set()).add(hit.fact.value)
    if any(len(values) > 1 for values in seen.values()):
        return ("Sources differ, in number or in what they measure; each is shown with its own.",)
    return ()


def _nothing(hits: list[FactHit]) -> Answer:
    near = tuple(
        hit.fact.statement
        for hit in hits[:3]
        if hit.fact is not None and not any(c.isdigit() for c in hit.fact.statement)
    )
    topics = tuple(
        dict.fromkeys(
            f"{hit.fact.subject}: {hit.fact.metric}" + (f" ({hit.fact.period})" if hit.fact.period else "")
            for hit in hits[:5]
            if hit.fact
        )
    )
    nearest = (f"Nearest on record: {'; '.join(topics)}.",) if topics else ()
    return Answer(
        status="not_found",
        kind="fact",
        headline="I have no source for that.",
        details=nearest or near,
    )
