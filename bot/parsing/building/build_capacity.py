"""The builder of questions about what a budget buys: how large it is, what is left of it, what is wanted of it and for which period."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.building.naming import model_of
from bot.parsing.reading.lexicon import PERIODS
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.relative_lengths import relative_length
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.workloads import as_request, build_workload, period_of
from bot.questions import CapacityQuestion, CapacityWant, Money, Period, Question, Size, SizeUnit, Workload
from knowledge.lazy_dataclass import replace


def build_capacity(a: Annotation, today: date) -> Question:
    """How much does the stated budget buy?"""
    budgets = [q for q in a.of_unit("money") if q.per_thing not in ("tokens", "gpu_hour", "gpu")]
    budget_quantity, left = _what_is_left(a, budgets)
    budget = None
    if budget_quantity is not None:
        budget = Money(
            amount=left,
            currency=budget_quantity.currency or "USD",
            per=budget_quantity.per
            or _period_of_budget(a)
            or (a.loose_period if not any(q.per for q in a.quantities) else None)
            or (a.want_per if a.want_per and not a.has("how_long") else None),
        )
    workload = build_workload(a)
    timed = next((q for q in a.sizes if q.per), None)
    asked_per = None
    if timed is not None and workload.input is not None and workload.output is not None:
        asked_per = timed.per  # "how many 2k prompts with 500 token answers per day"
        workload = replace(workload, requests=None, requests_per=None)
    asked_per = asked_per or _asked_count_per(a)
    if timed is None or asked_per is not None:
        workload = replace(
            as_request(workload), volume_per=None
        )  # beside a budget, "1k in, 500 out" is the size of one request
    want = _wanted_capacity(a, workload)
    factor = relative_length(a.folded)
    if want in ("pages", "words") and factor is not None and workload.input is None:
        unit: SizeUnit = "pages" if want == "pages" else "words"
        workload = replace(
            workload, input=Size(amount=Decimal(1), unit=unit), output=Size(amount=factor, unit=unit)
        )
    return CapacityQuestion(
        budget=budget,
        model=model_of(a),
        workload=workload,
        want=want,
        written=_WRITES.search(a.folded) is not None,
        want_per=a.want_per or asked_per or (a.loose_period if period_of(workload) is None else None),
    )


_SPENT = LazyPattern(
    r"\b(?:spent|used|burn(?:ed|t)|consumed|blown|gone|verbraucht|ausgegeben|weg|dépensé\w*|consommé\w*|gastad\w*|kharch)\b"
)
_PART_OF = LazyPattern(
    r"^\s*(?:\w+ )?(?:(?:out )?of|von|sur|de|des|from) (?:(?:an?|the|our|my|its|their|einem|meinem|unserem|un|mon|notre|mi) )*(?:\w+ )?$"
)
_CLOSE = 24
_NEXT_PART = LazyPattern(r"[,.;]|\b(?:and|but|und|aber|et|mais|y|pero|aur)\b")


def _what_is_left(a: Annotation, budgets: list[Quantity]) -> tuple[Quantity | None, Decimal]:
    """The amount that the budget is, and how much of it there is: "spent $37.50 of a $120 credit" leaves $82.50."""
    if not budgets:
        return None, Decimal(0)
    first = budgets[0]
    if len(budgets) < 2 or first.currency != budgets[1].currency:
        return first, first.value
    second = budgets[1]

    def spent(q: Quantity) -> bool:
        around = a.folded[max(0, q.start - _CLOSE) : q.start], a.folded[q.end : q.end + _CLOSE]
        behind = _NEXT_PART.compiled.split(around[1])[0]
        return bool(_SPENT.search(around[0])) or bool(_SPENT.search(behind))

    if _PART_OF.search(a.folded[first.end : second.start]):
        left = second.value - first.value if spent(first) else first.value
        return second, left
    if not spent(first) and spent(second) and second.value < first.value:
        return first, first.value - second.value
    if spent(first) and not spent(second) and first.value < second.value:
        return second, second.value - first.value
    return first, first.value


_WRITES = LazyPattern(
    r"\b(?:writ(?:e|es|ing|ten)|generat\w*|produc(?:e|es|ed|ing)|draft\w*|output\w*|completions?|creat(?:e|es|ing)|answers?|schreib\w*|geschrieben|erzeug\w*|ausgabe|écri\w*|génér\w*|escrib\w*|gener\w*|likh\w*)\b"
)


_BUDGET = LazyPattern(
    r"\b(daily|weekly|monthly|yearly|annual|täglich\w*|wöchentlich\w*|monatlich\w*|jährlich\w*|tages|wochen|monats|jahres)[ -]?(?:\w+ )?(?:budget|limit|cap|spend|allowance)\b"
    r"|\b(?:budget|presupuesto|limit)e? (?:is |of |ist |von )?(?:per |a |pro |im |par |al |por )?(daily|weekly|monthly|yearly|mensuel|mensual|annuel|anual|day|week|month|year|monat|tag|jahr|mois|mes|an|año)\b"
)
_PERIOD_STEMS: dict[str, Period] = {"tages": "day", "wochen": "week", "monats": "month", "jahres": "year"}


def _period_of_budget(a: Annotation) -> Period | None:
    """ "Our monthly budget is $750"."""
    match = _BUDGET.search(a.folded)
    if match is None:
        return None
    word = match.group(1) or match.group(2)
    return _PERIOD_STEMS.get(word) or PERIODS.get(word) or PERIODS.get(word.rstrip("esn"))


_COUNT_ASKED = LazyPattern(
    r"\b(?:how many|wie ?viele|combien de|cu[aá]nt[oa]s|kitne)\b[^.;?!]{0,60}?\b(?:requests?|calls?|prompts?|messages?|queries|chats?|tickets?|emails?|anfragen|requêtes|appels|peticiones|llamadas)\s+"
    r"(?:(?:can|could|do) (?:i|we) \w+ )?(?:an?|per|each|every|/|pro|am|im|par|por|al)\s*(day|week|month|hour|year|tag|woche|monat|jahr|jour|mois|día|mes)\b"
)


def _asked_count_per(a: Annotation) -> Period | None:
    """ "How many 4k/1k calls per month": the period that the count is wanted for."""
    match = _COUNT_ASKED.search(a.folded)
    return PERIODS.get(match.group(1)) if match else None


def _wanted_capacity(a: Annotation, workload: Workload) -> CapacityWant:
    text = a.folded
    if re.search(
        r"\bhow long\b|\bhow far\b|\bwie lange\b|\bhow many (?:days|weeks|months)\b|\blast\b|\b(?:run|runs|running) (?:out|dry)\b|\buntil .{0,20}\b(?:gone|empty)\b|\bused up\b|\breicht\b|\baufgebraucht\b|\btient\b|\bépuis\w*|\bdura(?:n|rá|ría)?\b|\bkab tak\b|\bkitne din\b|\bwie viele (?:tage|wochen|monate)\b|\bcombien de (?:jours|mois|temps)\b|\bcuánt\w+ (?:días|meses|tiempo)\b",
        text,
    ) and period_of(workload):
        return "days"
    if re.search(
        r"\bhow many (?:\w+ )?(?:users|customers|people|employees|seats|nutzer|students)\b|\bwie viele (?:nutzer|kunden)\b",
        text,
    ):
        return "users"
    audio = re.search(
        r"\b(?:how many|wie viele|combien d[e']|cuánt\w+|kitne) ?(hours?|minutes?|mins?|stunden|minuten|heures|horas|minutos|ghante)\b",
        text,
    )
    if audio is not None:
        return "hours" if audio.group(1)[0] in "hsg" else "minutes"
    if (
        re.search(
            r"\btokens?\b[^,?]{0,30}\boutput\b|\b(?:output|completion|ausgabe\w*|generated?) tokens?\b|\btokens? (?:of )?output\b",
            text,
        )
        and not workload.output
    ):
        return "output_tokens"
    if (
        re.search(r"\b(?:input|prompt|eingabe\w*) tokens?\b|\btokens? (?:of )?input\b", text)
        and not workload.input
    ):
        return "input_tokens"
    if re.search(
        r"\b(?:how many|how much|wie viele?|wieviele|combien de|cuántos|cuantos|kitne)\b[^,?]{0,30}\b(?:tokens?|jetons?)\b",
        text,
    ):
        return "tokens"
    if re.search(
        r"\b(?:how many|wie viele|wieviele|combien de|cuántas|cuantas|kitne|kitni) (?:words|wörter|worte|mots|palabras|shabd)\b|\bwords (?:can|could)\b",
        text,
    ):
        return "words"
    if re.search(
        r"\b(?:how many|wie viele|wieviele|combien de|cuántas|cuantas|kitne|kitni) (?:\w+ )?(?:pages|seiten|páginas|panne)\b",
        text,
    ):
        return "pages"
    if (
        workload.input is None
        and workload.output is None
        and workload.volume is None
        and not a.of_unit("requests", "items", "messages")
        and not re.search(
            r"\b(?:requests?|calls?|queries|messages?|prompts?|anfragen|requêtes|peticiones|conversations?|chats?|emails?|documents?)\b",
            text,
        )
    ):
        return "tokens"
    return "requests"
