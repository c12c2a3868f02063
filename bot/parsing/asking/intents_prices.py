"""Whether a message asks for a price, for how one moved, or for what a budget buys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parsing.annotate import Annotation
from bot.parsing.asking.intent import Intent
from bot.parsing.asking.intent_terms import OTHER_GOODS, OTHER_THINGS, describes, is_past
from bot.parsing.building.currencies import currency_of
from bot.parsing.reading.lexicon import FILLERS, STOPWORDS
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.workloads import build_workload
from knowledge.wording import is_one_slip

if TYPE_CHECKING:
    from knowledge.facts import FactBase


def history(a: Annotation, _: FactBase) -> Intent | None:
    """Whether it is asked how a price moved, or will move."""
    if a.has("history") and a.has("price") and len(a.words) <= 4:
        return Intent("history", 0.7)
    if not (a.models or a.makers) or describes(a):
        return None
    if a.has("history") and not a.has("batch"):
        return Intent("history", 0.9)
    if len(a.times) == 1 and a.has("price", "cost", "cheaper", "history") and _NOW.search(a.folded):
        return Intent("history", 0.8)
    if len(a.times) >= 2 and a.has("price", "cost", "compare", "difference"):
        return Intent("history", 0.8)
    if a.times and a.has("price") and _OVER_TIME.search(a.folded):
        return Intent("history", 0.8)
    if any(t.since for t in a.times) and a.has("price", "cost", "cheaper"):
        return Intent("history", 0.75)
    return None


_OVER_TIME = LazyPattern(
    r"\b(?:over|during|across|throughout|in) the (?:last|past|previous)\b|\b(?:im|in den) letzten\b|\bces derniers\b|\ben los últimos\b"
)


def capacity(a: Annotation, _: FactBase) -> Intent | None:
    """Whether it is asked what a budget buys."""
    if _BUYS.search(a.folded) and a.models and not a.of_unit("money", "requests", "items", "messages"):
        return Intent("capacity", 0.8)  # the budget itself is missing, and will be asked for
    budgets = [
        q
        for q in a.of_unit("money")
        if q.per_thing not in ("tokens", "gpu_hour", "gpu") and not _is_stated_price(a, q)
    ]
    if not budgets or (a.has("energy") and not (a.models or a.makers or a.gpus)):
        return None
    workload = build_workload(a)
    complete = workload.requests is not None and workload.input is not None and workload.output is not None
    both = workload.volume_input is not None and workload.volume_output is not None and _BILL.search(a.folded)
    if (complete or both) and a.models and not a.has("how_many") and (a.has("cost") or not a.has("capacity")):
        return None  # the cost is asked for; the money is something else that is said
    if a.has("capacity") and not a.has("cheapest"):
        return Intent("capacity", 0.9)
    if a.models and not a.has("how_much", "cheapest"):
        return Intent("capacity", 0.75)
    if a.has("cheapest", "which"):
        return None
    if not (a.models or a.makers) and (a.has("finance") or _CONVERTED.search(a.folded)):
        return None  # "how to invest 1000 dollars", "10 usd to eur"
    return Intent("capacity", 0.5)


_IS_IT = LazyPattern(
    r"^\W*(?:is|isn't|are|was|were|ist|sind|war|est-ce que|es|kya)\b(?!.*\b(?:enough|worth|for)\b)"
)


_BILL = LazyPattern(r"\b(?:invoiced?|bill(?:ed)?|charged|rechnung\w*|factur\w+)\b")
_CONVERTED = LazyPattern(
    r"\bconvert\w*\b|\bexchange rate\b|\bwechselkurs\b|\bumrechn\w+|\bto (?:usd|eur|euros?|dollars?|gbp|pounds?|inr|rupees?|yen|chf)\b"
)


_CLAIMED = LazyPattern(
    r"\b(?:costs?|priced at|charges?|is now|price (?:is|was|of)) (?:only |just |about )?$|(?<!can )(?<!we )(?<!i )\b(?:answer|say|reply|respond|claim|pretend|told)\b[^.]{0,24}$"
)
"""What stands before a price that somebody states of something, which is no budget."""


_STATED_PRICE = LazyPattern(
    r"\b(?:price|rate|tariff|preis|prix|precio)s?\b[^.?!;]{0,40}\b(?:is|was|are|be|to|at|=|ist|est|es)\W*$|\bcosts?\W*$|\bfor free\W*$"
)


def _is_stated_price(a: Annotation, money: Quantity) -> bool:
    """ "The price of sonnet is $0", "is haiku still 50 cents?": what somebody claims, no budget."""
    return bool(a.models) and (
        money.value == 0
        or _STATED_PRICE.search(a.folded[max(0, money.start - 60) : money.start]) is not None
        or _CLAIMED.search(a.folded[: money.start]) is not None
        or (_IS_IT.search(a.folded) is not None and not a.sizes)
    )


_BUYS = LazyPattern(
    r"\bhow many (?:\w+ )?(?:requests?|calls?|messages?|prompts?|queries|tokens?|conversations?|chats?|emails?|documents?) (?:can|could|will|would|do) (?:i|we|you)\b"
)


_NOW = LazyPattern(r"\b(?:now|nowadays|currently|heute|jetzt|maintenant|ahora|ab)\b")


_TASK = LazyPattern(
    r"\b(?:translat\w+|summari[sz]\w+|transcrib\w+|classif\w+|process(?:ing)?|analy[sz]\w+|proofread\w*|rewrit\w+|extract\w*|label\w*|grad(?:e|ing)|übersetz\w+|zusammenfass\w+|tradui\w+|traduc\w+|résum\w+)"
    r" (?:(?:an?|one|the|my|our|this|these|all|all the|ein|eine[nmrs]?|une?|un|una|meine?n?|unsere?n?|mon|mes|nos|notre|mi|mis|nuestr\w+|apn[aei])) "
)


def price(a: Annotation, _: FactBase) -> Intent | None:
    """Whether a list price is asked for."""
    counted = [q for q in a.quantities if not q.unit and q.noun and q.value > 1]
    if a.models and counted and a.has("cost") and not a.has("price") and not a.times:
        return Intent("estimate", 0.6)  # "for 50,000 lines of code": how long they are will be asked
    if a.models and a.has("cost") and not a.has("price") and not a.quantities and _TASK.search(a.folded):
        return Intent("estimate", 0.7)  # what it costs depends on how much there is, which will be asked
    if (
        a.models
        and not a.quantities
        and a.want_per in ("day", "week", "month", "year")
        and a.has("cost", "price")
    ):
        return Intent("estimate", 0.75)  # "what does gpt-4o cost us a month?", which nobody can say yet
    if a.models and _NO_PRICE.search(a.folded):
        return Intent("out_of_scope", 0.6)
    if a.models:
        families = all(m.ref.how in ("family", "ambiguous") for m in a.models)
        vague = families and ((a.explained() < 0.5 and not _priced(a)) or _names_a_thing(a))
        if families and OTHER_THINGS.search(a.folded):
            return None
        if a.has("price", "cost", "batch", "cached", "context", "cheaper") and not vague:
            return Intent("price", 0.9)
        if (
            not families
            and currency_of(a) is not None
            and not a.gpus
            and not a.has("finance", "said", "training")
        ):
            return Intent("price", 0.8)  # "opus 5.5 in swiss francs"
        exact = not families and _RATE_WORDS.search(a.folded) is not None and a.explained() >= 0.4
        if exact and not a.gpus and not a.has("said", "training") and not _about_a_company(a):
            return Intent("price", 0.7)
        dated = any(not time.relative for time in a.times) and a.explained() > 0.5
        if dated and not vague and not a.gpus and not a.has("said", "training") and not _about_a_company(a):
            return Intent("price", 0.75)  # "gpt-4o in early 2025?"
        if a.explained() >= 0.75 and not a.gpus and not is_past(a):
            return Intent("price", 0.9)
        return Intent("out_of_scope", 0.45)
    words = sum(1 for w in a.words if w.text[0].isalpha())
    goods = OTHER_GOODS.search(a.folded) is not None
    if (a.makers or a.providers) and (a.has("price", "cost") or words <= 3) and not goods:
        return Intent("compare", 0.65)
    return None


def _about_a_company(a: Annotation) -> bool:
    """Whether words of money are about somebody's business, and not about what a model costs."""
    others = [s for s in a.subjects if not any(m.start <= s.start < m.end for m in a.models)]
    return a.has("finance") and bool(a.makers or others)


_RATE_WORDS = LazyPattern(
    r"[$€£] ?(?:/|per|pro|par) ?(?:1 ?)?(?:mtok\w*|m|k|mio|million|tokens?)\b|\b(?:input|output|cached|batch|rates?|entrée|sortie|eingabe|ausgabe|entrada|salida)\b"
)


def _names_a_thing(a: Annotation) -> bool:
    """Whether a family's name is the beginning of something else ("a claude monet painting", "llama wool")."""
    following = next((w for w in a.words if w.start >= a.models[-1].end), None)
    if following is None or len(following.text) < 4 or not following.text.isalpha() or a.explained() >= 0.8:
        return False
    if following.text in STOPWORDS or following.text in FILLERS or a.coverage.covers(following):
        return False
    return not any(
        is_one_slip(following.text, word) for word in ("cost", "costs", "price", "prices", "pricing")
    )


_NO_PRICE = LazyPattern(
    r"\b(?:rate|usage|message|token) limits?\b|\brate[- ]limit\w*|\bwho (?:is|are|was) the\b|\bceo\b"
)
"""What people ask of models and their makers that has nothing to do with cost."""


def _priced(a: Annotation) -> bool:
    """Whether a word of cost stands right beside a model's name ("what does opus cost", "opus price")."""
    said = [span for name, span in a.cues.items() if name in ("cost", "price")]
    return any(
        0 <= m.start - end <= _BESIDE or 0 <= start - m.end <= _BESIDE
        for m in a.models
        for start, end in said
    )


_BESIDE = 8
"""Characters between a word of cost and the name that it is about."""
