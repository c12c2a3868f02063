"""What companies and people have spent, earned, lost and said: cited facts, hedges kept, disagreeing sources side by side."""

from __future__ import annotations

from decimal import Decimal

from bot.answering.context import Context, answered, citation, unique_citations
from bot.answers import Answer, Citation, Figure
from bot.questions import FactQuestion
from knowledge.facts import Fact, FactHit

_SHOWN = 5
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
    sure = [hit for hit in hits if hit.confident]
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
            citations.append(citation(hit.passage.source, hit.passage.quote))
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


def _figure(fact: Fact) -> list[Figure]:
    """A fact's value with its hedge in the label; a statement has none."""
    if fact.value is None or fact.unit is None:
        return []
    hedge = _HEDGES.get(fact.qualifier, fact.qualifier)
    unit, per = split_unit(fact.unit)
    label = ", ".join(part for part in (f"{fact.subject}: {fact.metric}", fact.period or "", hedge) if part)
    return [Figure(label=label, amount=fact.value, unit=unit, per=per, source=fact.source.id)]


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
