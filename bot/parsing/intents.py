"""Which kind of question a message is: rules over cues and spans, most specific first, each with how sure it is.

The order is the design: a rule may rely on every rule above it not having fired.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from bot.parsing.annotate import Annotation
from bot.parsing.build_prices import SIZE_RATIO
from bot.parsing.build_workloads import each_has_a_pair
from bot.parsing.currencies import currency_of
from bot.parsing.everyday import names_everyday_goods
from bot.parsing.lexicon import COST_WORDS, FILLERS, STOPWORDS
from bot.parsing.naming import models_of
from bot.parsing.quantity import COUNTED, Quantity
from bot.parsing.shares import mix_against, traffic_shares
from bot.parsing.shortening import shortened
from bot.parsing.spans import LazyPattern
from bot.parsing.workload_draft import is_context_window
from bot.parsing.workloads import build_workload, describes_workload
from knowledge.lazy_dataclass import dataclass
from knowledge.wording import is_one_slip

if TYPE_CHECKING:
    from knowledge.facts import FactBase

Kind = Literal[
    "price", "estimate", "compare", "capacity", "tokens", "history", "training", "fine_tuning", "self_hosting",
    "break_even", "fact", "usage", "help", "out_of_scope",
]  # fmt: skip


@dataclass(frozen=True)
class Intent:
    """A kind and how sure the rules are of it, from 0 to 1."""

    kind: Kind
    confidence: float


_PAST = LazyPattern(r"\b(?:did|took|needed|used|were|was|consumed|required)\b")


def _is_past(a: Annotation) -> bool:
    """Whether the text speaks of what has happened; the German "was" is "what"."""
    found = _PAST.compiled.finditer(a.folded)
    return any(a.language != "de" or match.group() != "was" for match in found)


def _asks_what_it_charges(a: Annotation) -> bool:
    """ "OpenAI pricing": the prices of a maker's models, and nothing of its accounts."""
    asked = a.has("price") or (a.has("cost") and bool(a.times))
    if a.models and asked and not a.has("finance", "training", "energy", "said", "trend", "why"):
        return True  # "what did gpt-4 cost in 2023"
    return (
        a.has("price")
        and bool(a.makers)
        and not (a.gpus or a.clouds or a.times or a.has("trend", "batch", "cached"))
    )


_PRODUCT_LIKE = LazyPattern(r"(?<![\w-])[a-z]{2,}[a-z.]*[-_]\d[\w.-]*(?![\w-])")
_MEMORY = LazyPattern(r"\bmemory\b|\bvram\b|\bspeicher\b|\bmémoire\b|\bmemoria\b")
_QUERY = 400
"""Characters of a message that are looked up among the facts."""
_OWN_BOT = LazyPattern(
    r"\b(?:bot|aicost|you|your|yourself|we|our|us|i|my|me|team|everyone|who|channel|wir|ich|uns|unser\w*|wer|nous|j'ai|notre|on a|a-t-on|hast du|qui|nosotros|hemos|gastamos|quién|humne|hum|maine|humara|kisne|questions|needed|dich|dir|mein\w*|tu|toi|nos|tú|nuestr\w+|tum\w*|hamar\w+)\b"
)
_TRAINING_UNITS = ("parameters", "gpus", "gpu_hours", "epochs", "examples")


def choose(annotation: Annotation, facts: FactBase) -> Intent:
    """The kind of question that a message most likely is."""
    rules = (
        _empty, _help, _usage, _fine_tuning, _facts_about_companies, _facts_by_topic, _break_even, _training, _tokens, _training_by_size, _self_hosting,
        _history, _capacity, _pipeline, _compare, _estimate, _price, _bare_topics, _retrieved, _vague_topics,
    )  # fmt: skip
    for rule in rules:
        intent = rule(annotation, facts)
        if intent is not None:
            return Intent("fact", 0.7) if _only_on_record(intent, annotation, facts) else intent
    return Intent("out_of_scope", 0.3 if annotation.has("cost", "price") else 0.55)


def _only_on_record(intent: Intent, a: Annotation, facts: FactBase) -> bool:
    """Whether a question leaves nothing to reckon with, so that it could only be asked back, and a fact card answers it."""
    if intent.kind not in ("estimate", "price", "history", "fine_tuning") or a.quotes:
        return False
    if any(named.ref.model for named in a.models) or _OWN_BOT.search(a.folded):
        return False
    if any(q.unit or q.role or q.per for q in a.quantities):
        return False
    telling = [w.text for w in a.words if w.text.isalpha() and w.text not in COST_WORDS | STOPWORDS | FILLERS]
    if a.models and a.has("price", "cost"):
        return False  # "price of llama wool"
    if len(telling) + len(a.models) < 2 or (intent.kind == "fine_tuning" and not a.models):
        return False  # "fine-tuning cost?"
    hits = facts.search(a.text[:_QUERY], limit=1)
    return bool(hits) and hits[0].confident


def _empty(a: Annotation, _: FactBase) -> Intent | None:
    return None if any(w.text[0].isalnum() for w in a.words) else Intent("help", 1.0)


def _help(a: Annotation, _: FactBase) -> Intent | None:
    if a.has("help") and not (a.models or a.quantities or a.gpus or a.subjects or a.has("usage", "finance")):
        return Intent("help", 0.95)
    only_greeting = a.has("greeting") and sum(1 for w in a.words if w.text[0].isalnum()) <= 3
    if only_greeting and not (a.models or a.quantities or a.subjects):
        return Intent("help", 0.9)
    return None


def _usage(a: Annotation, _: FactBase) -> Intent | None:
    if not a.has("usage"):
        return None
    companies = [s for s in a.subjects if s.id]
    if (companies or a.has("training", "fine_tuning", "energy")) and not a.has("bot"):
        return None
    if not _OWN_BOT.search(a.folded) and not a.times and len(a.words) > 5:
        return None
    sizes = [
        q
        for q in a.quantities
        if not a.folded[: q.start].rstrip().endswith("top")
        and q.unit not in ("days", "weeks", "months", "hours", "")
    ]
    if sizes or (a.models and not a.has("bot")):
        return None
    return Intent("usage", 0.95 if _OWN_BOT.search(a.folded) or a.times else 0.75)


def _asks_own_numbers(a: Annotation) -> bool:
    return any(q.unit in _TRAINING_UNITS or q.unit == "tokens" for q in a.quantities) or any(
        q.suffix == "b" for q in a.quantities
    )


_TRAINING_TOKENS = LazyPattern(r"\bper (?:1 ?)?(?:m|million) training tokens?\b|\btraining token price\b")


def _fine_tuning(a: Annotation, _: FactBase) -> Intent | None:
    if a.models and a.has("price") and _TRAINING_TOKENS.search(a.folded) and not a.of_unit("parameters"):
        return Intent("fine_tuning", 0.85)  # what is billed by training tokens is tuning
    if not a.has("fine_tuning") or _MEMORY.search(a.folded):
        return None
    if a.has("said", "why") and not a.quantities:
        return None
    if a.has("break_even") and a.has("self_hosting"):
        return None
    if a.has("advice") and not a.quantities and not a.models:
        return None
    return Intent("fine_tuning", 0.9)


def _facts_about_companies(a: Annotation, facts: FactBase) -> Intent | None:
    """Companies, people and known models with a word of money, speech or training: what the fact cards are about."""
    families = bool(a.models) and all(m.ref.how in ("family", "ambiguous") for m in a.models)
    if _WHO_IS.search(a.folded) or (families and _OTHER_THINGS.search(a.folded)):
        return Intent("out_of_scope", 0.7)
    if a.subjects and a.has("energy") and not a.sizes:
        return Intent("fact", 0.9)
    asks_price = bool(a.models) and a.has("cost", "price") and not a.has("finance", "training", "energy")
    if (
        a.has("said")
        and (a.subjects or a.makers or a.has("training", "own_model"))
        and not a.quantities
        and not asks_price
    ):
        return Intent("fact", 0.9)
    names = bool(a.subjects or a.makers)
    if not names and not a.models:
        return None
    if a.models and a.of_unit("money") and a.has("how_many", "capacity"):
        return None
    if _describes(a) or (a.has("price") and a.models and not a.times and not a.has("finance", "training")):
        return None
    if names and a.has("finance", "energy") and not (a.models and a.has("price")):
        return Intent("fact", 0.9)
    if a.has("training") and not a.has("advice", "break_even") and not _asks_own_numbers(a):
        return Intent("fact", 0.9) if names or a.models else None
    if a.subjects and _is_past(a) and (a.gpus or a.has("gpu_words")) and not _asks_own_numbers(a):
        return Intent("fact", 0.75)
    if names and a.has("why"):
        return Intent("fact", 0.85)
    if a.gpus and a.clouds and not _SPECIFICATION.search(a.folded):
        return None  # what a cloud asks for a GPU is looked up, not quoted
    if (
        a.subjects
        and (not a.models or _is_past(a))
        and not a.has("history", "cheaper", "cheapest", "dearest")
        and not _asks_what_it_charges(a)
    ):
        hits = facts.search(a.text[:_QUERY], limit=1)
        if hits and hits[0].confident:
            return Intent("fact", 0.85)
    return None


_WHO_IS = LazyPattern(
    r"^\W*(?:who(?:'s| is| was| are)|wer (?:ist|war)|qui est|quién es) (?!using|asking|spending)[\w.-]+(?: [\w.-]+){0,2}\W*$"
)


def _describes(a: Annotation) -> bool:
    return describes_workload(build_workload(a))


_SPECIFICATION = LazyPattern(
    r"\b(?:mfu|utili[sz]ation|memory|vram|t?flops?|tflop/s|bandwidth|power|watts?|tdp|specs?|buy\w*|bought|purchas\w+|kauf\w*|achet\w+|achat|comprar|kharid\w*|used|second[- ]hand|gebraucht\w*|d'occasion|street price|list price|msrp|uvp|launch price|retail|worth|how many param\w*|parameter count|param count|wie viele parameter|combien de param\w+|cuántos par[aá]metros)\b"
)
_RUNNING = LazyPattern(r"\b(?:to run|running|to operate|operating|to serve|betrieb|faire tourner)\b")


def _facts_by_topic(a: Annotation, facts: FactBase) -> Intent | None:
    """Specifications, training times and running costs of named things, when a card is sure to answer."""
    if a.has("fine_tuning") and _MEMORY.search(a.folded):
        return Intent("fact", 0.8)
    if not (a.subjects or a.gpus) or _describes(a) or a.of_unit("gpus", "gpu_hours", "parameters"):
        return None
    about = _SPECIFICATION.search(a.folded) or (
        a.subjects and (_RUNNING.search(a.folded) or _IN_ALL.search(a.folded) or a.has("gpu_words"))
    )
    if (
        not about
        or (a.models and a.has("price"))
        or (a.gpus and a.of_unit("gpus"))
        or _HOST_ON.search(a.folded)
    ):
        return None
    hits = facts.search(a.text[:_QUERY], limit=1)
    return Intent("fact", 0.85) if hits and hits[0].confident else None


_IN_ALL = LazyPattern(r"\b(?:(?:per|a|each) day|daily|pro tag|par jour|al día)\b")
"""What a product costs its maker by the day is no price of a model."""


_HOST_ON = LazyPattern(
    r"\b(?:host|hosting|serve|serving|run|running|deploy)\b.*\bon (?:\d+|an?|one|two|four|eight) "
)


def _break_even(a: Annotation, _: FactBase) -> Intent | None:
    hosting = a.has("self_hosting") or bool(a.gpus) or _MACHINE_ROOM.search(a.folded) is not None
    if a.subjects and not (
        hosting or a.models or a.quantities or a.has("training", "own_model", "api", "advice")
    ):
        return Intent("fact", 0.6) if a.has("break_even") else None  # "when will Anthropic break even"
    ways = a.has("batch", "cached") and a.models and not a.has("training", "fine_tuning", "own_model", "api")
    if ways and not hosting:
        return None  # "is caching worth it?" sets two ways of using one model against each other
    if a.has("break_even") and (
        hosting or a.has("training", "own_model", "api", "fine_tuning") or not a.has("finance")
    ):
        return Intent("break_even", 0.9)
    if a.has("advice") and (a.has("training", "own_model", "fine_tuning") or hosting):
        return Intent("break_even", 0.85)
    if hosting and (a.has("api") or a.models) and a.has("compare", "cheaper", "difference", "which"):
        return Intent("break_even", 0.85)
    return None


_MACHINE_ROOM = LazyPattern(
    r"\b(?:servers?|gpu[- ](?:box|node|rig|server|cluster)|inference (?:box|node)|workstation|our (?:box|node|cluster|rig)|serveurs?|servidor(?:es)?)\b"
)


def _training(a: Annotation, facts: FactBase) -> Intent | None:
    if not a.has("training") or not (
        _asks_own_numbers(a) or a.gpus or a.subjects or a.makers or a.models or _MACHINE.search(a.folded)
    ):
        return None
    if _asks_own_numbers(a) or a.gpus:
        return Intent("training", 0.9)
    if a.has("said", "why", "energy"):
        return Intent("fact", 0.8)
    if a.has("from_scratch", "own_model") and (a.has("cost", "price") or a.quantities):
        return Intent("training", 0.8)
    hits = facts.search(a.text[:_QUERY], limit=1)
    return Intent("fact", 0.7 if hits and hits[0].confident else 0.55)


_MACHINE = LazyPattern(
    r"\b(?:models?|llms?|gpts?|ai|ki|ia|gpus?|modell\w*|modèles?|modelos?|frontier|neural|network|flops?|compute|training (?:cost|run)s?|own)\b"
)


def _tokens(a: Annotation, _: FactBase) -> Intent | None:
    money = a.of_unit("money")
    if a.has("context") and a.models and not a.quotes and not a.sizes:
        return Intent("price", 0.8)  # "how many tokens fit into its context window?"
    lengths = a.of_unit("words", "pages", "characters")
    if (
        lengths
        and a.of_unit("tokens")
        and not (money or a.models or a.has("cost", "price") or a.of_unit(*COUNTED))
    ):
        return Intent("tokens", 0.75)  # "is 50k words under 100k tokens?"
    if lengths and _TOKENS_LAST.search(a.folded) and not (money or a.models or a.of_unit(*COUNTED)):
        return Intent("tokens", 0.8)  # "my post is 1,850 words. tokens?"
    if (
        a.of_unit("tokens")
        and _INTO_LENGTH.search(a.folded)
        and not (money or a.models or a.of_unit(*COUNTED))
    ):
        return Intent("tokens", 0.85)  # "65,536 tokens -> words", "words in 3000 tokens"
    if lengths and _FITS.search(a.folded) and not (money or a.models or a.of_unit(*COUNTED)):
        return Intent("tokens", 0.75)  # "does a 90 page contract fit in 128k?"
    if SIZE_RATIO.search(a.folded) and not (money or a.models or a.quantities):
        return Intent("tokens", 0.8)  # "how many words per token"
    if a.quotes and "token" in a.folded and not a.sizes and (a.has("how_many") or not a.has("price")):
        return Intent("tokens", 0.95)
    if (
        a.has("tokens_count")
        and not money
        and (a.quotes or a.of_unit("words", "pages", "characters", "bytes"))
    ):
        return Intent("tokens", 0.95)
    counts = a.of_unit("requests", "users", "items", "messages", "conversations", "turns")
    if a.has("tokens_count") and not money and not a.has("cost", "price") and not counts:
        if a.of_unit("tokens"):
            return Intent("tokens", 0.9) if a.has("count_other") else None
        return Intent("tokens", 0.75) if not a.has("break_even", "capacity") or a.has("how_many") else None
    if not money and a.of_unit("words", "pages", "characters", "bytes") and _TOKENS_IN.search(a.folded):
        return Intent("tokens", 0.9)
    if a.has("count_other") and a.of_unit("tokens") and not money:
        return Intent("tokens", 0.9)
    longer = any(
        " " in quote.strip() or quote.lower() not in {m.ref.mention.lower() for m in a.models}
        for quote in a.quotes
    )
    if longer and a.models and a.has("cost", "price") and not a.quantities:
        return Intent("tokens", 0.75)
    return None


def _training_by_size(a: Annotation, _: FactBase) -> Intent | None:
    """ "GPU hours for 70B on 15T tokens": a size of a model and a corpus are about training, said or not."""
    if any(q.unit == "flops" and q.value > 10**15 for q in a.quantities) and (
        a.gpus or a.has("mfu", "gpu_words")
    ):
        return Intent("training", 0.85)
    has_size = any(q.suffix in ("b", "t") and q.unit in ("", "parameters") for q in a.quantities)
    has_corpus = any(q.unit == "tokens" and not q.per and q.value >= 10**10 for q in a.quantities)
    has_corpus = has_corpus or any(q.suffix == "t" and not q.unit and q.value >= 10**11 for q in a.quantities)
    return Intent("training", 0.85) if has_size and has_corpus and not a.has("fine_tuning") else None


_MODELS = LazyPattern(
    r"\b(?:models?|llms?|modell\w*|modèles?|modelos?|api|provider|anbieter|fournisseurs?|cheap\w*|value)\b"
)
_INTO_LENGTH = LazyPattern(
    r"tokens? ?(?:->|→|=>|=) ?(?:words?|pages?|characters?|chars)\b|^\W*(?:words|pages|characters|chars) (?:in|of|for|from) (?:about |around )?\d[\d.,]* ?[km]? tokens?\W*$"
)
_FITS = LazyPattern(r"\bfits?\b|\bpasst\b|\btient\b|\bcabe\b")
_TOKENS_LAST = LazyPattern(r"\b(?:tokens?|jetons)\W*$")
_TOKENS_IN = LazyPattern(
    r"\btokens? (?:in|for|are|is|of|from)(?: about| around| roughly| an?| the| my)* [\d~]"
)


def _self_hosting(a: Annotation, _: FactBase) -> Intent | None:
    speed = any(q.unit == "tokens" and q.per == "second" for q in a.quantities)
    rates = [*a.of_unit("money"), *(q for q in a.quantities if not q.unit and not q.role)]
    if speed and any(q.per == "hour" or q.per_thing in ("gpu_hour", "gpu") for q in rates):
        return Intent("self_hosting", 0.9)
    if a.gpus and not (a.has("capacity") and a.of_unit("money")):
        return Intent("self_hosting", 0.9)
    if a.gpus and a.of_unit("money") and a.has("capacity"):
        return Intent("self_hosting", 0.8)
    if a.has("self_hosting") and _ONLY_RENT.search(a.folded) and not a.has("gpu_words", "own_model", "api"):
        return None
    if a.has("self_hosting") and (
        a.of_unit("gpus", "hours", "gpu_hours") or a.has("gpu_words", "cost", "price")
    ):
        return Intent("self_hosting", 0.8)
    return Intent("self_hosting", 0.65) if a.has("self_hosting") or a.of_unit("gpus", "gpu_hours") else None


_ONLY_RENT = LazyPattern(
    r"^(?!.*\b(?:gpus?|servers?|machines?|instances?|nodes?|host\w*|compute|cloud|deploy\w*|hardware|models?|llms?|llama|vllm|cluster|metal|prem\w*)\b).*\b(?:rent|rental|rents|renting|mieten?|louer|loyer|alquilar|alquiler)\b"
)
"""A rent of anything; without a word of machines it is a flat."""


def _history(a: Annotation, _: FactBase) -> Intent | None:
    if a.has("history") and a.has("price") and len(a.words) <= 4:
        return Intent("history", 0.7)
    if not (a.models or a.makers) or _describes(a):
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


def _capacity(a: Annotation, _: FactBase) -> Intent | None:
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
    r"\b(?:costs?|priced at|charges?|is now|price (?:is|was|of)) (?:only |just |about )?$|\b(?:answer|say|reply|respond|claim|pretend|told)\b[^.]{0,24}$"
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
_ANYTHING_CHEAPER = LazyPattern(
    r"\b(?:anything|something|any|model|models|alternative|alternatives|option|what(?:'s| is)?) (?:\w+ )?cheaper\b|\bcheaper (?:alternative|option|model|one)s?\b|^\W*cheaper than\b"
)
_NOW = LazyPattern(r"\b(?:now|nowadays|currently|heute|jetzt|maintenant|ahora|ab)\b")
_AGAINST = LazyPattern(
    r"\b(?:vs|versus|compare[ds]?|comparing|or|oder|ou|instead of|against|gegen|vergleich\w*)\b"
)
_WHICH = LazyPattern(r"\b(?:which|who|welche\w*|quel\w*|cu[aá]l\w*|kaun\w*)\b")
_SEQUENCE = LazyPattern(
    r"\b(?:then|after that|followed by|afterwards|step [12]|stage [12]|first .{3,80}second|pipeline|plus)\b"
)


def _pipeline(a: Annotation, _: FactBase) -> Intent | None:
    """Several models one after the other, each with sizes of its own, are steps of one workload."""
    if traffic_shares(a):
        against = mix_against(a) is not None or a.has("save", "difference", "cheaper")
        return Intent("compare" if against else "estimate", 0.85)
    if len(a.models) < 2 or a.has("cheapest", "cheaper", "difference") or _WHICH.search(a.folded):
        return None
    if len(a.models) == len(models_of(a)) and each_has_a_pair(a) and not _AGAINST.search(a.folded):
        return Intent("estimate", 0.85)  # requests of different sizes cannot be what is compared
    if not _SEQUENCE.search(a.folded):
        return None
    sizes = [q for q in a.quantities if q.is_size]
    return Intent("estimate", 0.85) if len(sizes) >= len(a.models) else None


_SUPERLATIVE = LazyPattern(
    r"\b(?:\w+est|lowest|least|best|most|cheaper|pricier|dearer|more|less|alternativ\w*|options?|which|moins|plus|más|mas|sabse|günstiger|billiger|teurer|\w+ste[nrs]?|value|save|instead)\b"
)
"""What a comparison needs besides "cheap", when one model is named."""


def _compare(a: Annotation, _: FactBase) -> Intent | None:
    names = len({(ref.model or ref.mention, ref.provider) for ref in models_of(a)})
    if names == 1 and any(q.per_thing == "threshold" for q in a.quantities) and not a.has("cheapest"):
        return Intent("price", 0.85)  # "does opus get pricier above 200k?"
    if names == 1 and a.has("cache_write") and not a.sizes and not a.has("save"):
        return Intent("price", 0.85)  # "the 5 minute cache write against the 1 hour one"
    if len(a.models) == 1 and len({named.id for named in (*a.providers, *a.makers)}) >= 2:
        names = 2  # "gpt-4o on azure vs openai"
    topic = bool(
        a.models
        or a.makers
        or a.providers
        or _describes(a)
        or re.search(
            r"\b(?:models?|llms?|modell\w*|modèles?|modelos?|ai|api|provider|embedding\w*)\b", a.folded
        )
    )
    if not a.models and any(q.per_thing == "tokens" for q in a.of_unit("money")) and topic:
        return Intent("compare", 0.8)
    merely_cheap = (
        names == 1 and all(m.ref.how == "exact" for m in a.models) and not _SUPERLATIVE.search(a.folded)
    )
    if a.has("cheapest", "dearest") and topic and not merely_cheap:
        return Intent("compare", 0.9)
    if a.makers and not a.models and _ALL_MODELS.search(a.folded) and _describes(a):
        return Intent("compare", 0.85)
    if not (a.models or a.makers) and _WHICH_MODEL.search(a.folded) and _describes(a):
        return Intent("compare", 0.85)  # "which model should I take for …?"
    discounted = a.has("price") and _DISCOUNTED.search(a.folded) is not None
    terms = a.has("batch", "cached", "flex", "priority")
    if (
        names >= 2
        and terms
        and a.has("price")
        and not a.has("cheaper", "cheapest", "difference", "save", "dearest", "history")
    ):
        return None  # "batch prices of gpt-5 and gpt-5-mini"
    if names >= 2:
        return Intent("compare", 0.85 if a.has("compare", "cheaper", "difference", "which", "save") else 0.75)
    if names == 1 and a.has("save", "difference", "cheaper") and shortened(a) is not None:
        return Intent("compare", 0.85)
    pays_off = a.has("break_even", "advice") and names == 1 and _describes(a)
    if a.models and (a.has("save", "difference", "cheaper") or pays_off) and terms and not discounted:
        return Intent("compare", 0.85)
    if (
        a.models
        and len([c for c in ("batch", "cached", "flex", "priority") if a.has(c)])
        and a.has("compare")
        and re.search(r"\bvs|versus|against|compared\b", a.folded)
    ):
        return Intent("compare", 0.8)
    if a.models and a.has("cheaper") and (a.has("which", "compare") or _ANYTHING_CHEAPER.search(a.folded)):
        return Intent("compare", 0.8)
    if (
        a.has("context")
        and any(is_context_window(a, q) for q in a.quantities)
        and not a.models
        and a.has("which")
    ):
        return Intent("compare", 0.75)
    if len(a.makers) >= 2 and a.has("compare", "cheaper", "price", "cost"):
        return Intent("compare", 0.7)
    if a.makers and not a.models and _OTHER_GOODS.search(a.folded):
        return None
    asks_models = a.has("price") or (a.has("which") and _MODELS.search(a.folded))
    if a.makers and not a.models and asks_models and not a.has("finance"):
        return Intent("compare", 0.7)
    return None


_SEARCHES = LazyPattern(
    r"\b(?:web|grounded|grounding|google|internet|online|tool) search(?:es)?\b|\bgrounding\b"
)


_DISCOUNTED = LazyPattern(r"\b(?:batch|cached?|caching)[- ]discount(?:ed)? (?:price|rate)s?\b|\bdiscounted\b")
_OTHER_GOODS = LazyPattern(
    r"\b(?:deals?|commitments?|agreements?|partnerships?|lawsuits?|layoffs?|employees|headcount|investors?|investments?|valuation|funding|stocks?|shares?|share price|aktien?|bourse|acciones|market cap|ipo|ceo|cfo|headquarters?|salar(?:y|ies)|jobs?|hiring|interns?)\b"
)
"""What companies of AI have besides models."""


def _estimate(a: Annotation, _: FactBase) -> Intent | None:
    if not _describes(a):
        return None
    counts = [q for q in a.quantities if q.unit]
    if a.models and _SEARCHES.search(a.folded) and all(q.value in (1, 1000) and not q.per for q in counts):
        return Intent("price", 0.8)  # "for a thousand grounded searches"
    complete = bool(a.models) and (
        bool(a.sizes) or a.of_unit("requests", "items", "messages", "conversations")
    )
    if complete:
        return Intent("estimate", 0.9)
    asks = a.has("cost", "price", "batch", "cached") or bool(a.models) or a.want_per is not None
    if a.sizes and a.of_unit("requests", "items", "messages", "conversations", "users"):
        return Intent("estimate", 0.8)
    return Intent("estimate", 0.7 if asks else 0.45)


_TASK = LazyPattern(
    r"\b(?:translat\w+|summari[sz]\w+|transcrib\w+|classif\w+|process(?:ing)?|analy[sz]\w+|proofread\w*|rewrit\w+|extract\w*|label\w*|grad(?:e|ing)|übersetz\w+|zusammenfass\w+|tradui\w+|traduc\w+|résum\w+)"
    r" (?:(?:an?|one|the|my|our|this|these|all|all the|ein|eine[nmrs]?|une?|un|una|meine?n?|unsere?n?|mon|mes|nos|notre|mi|mis|nuestr\w+|apn[aei])) "
)


def _price(a: Annotation, _: FactBase) -> Intent | None:
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
        if families and _OTHER_THINGS.search(a.folded):
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
        if a.explained() >= 0.75 and not a.gpus and not _is_past(a):
            return Intent("price", 0.9)
        return Intent("out_of_scope", 0.45)
    words = sum(1 for w in a.words if w.text[0].isalpha())
    goods = _OTHER_GOODS.search(a.folded) is not None
    if (a.makers or a.providers) and (a.has("price", "cost") or words <= 3) and not goods:
        return Intent("compare", 0.65)
    return None


def _about_a_company(a: Annotation) -> bool:
    """Whether words of money are about somebody's business, and not about what a model costs."""
    others = [s for s in a.subjects if not any(m.start <= s.start < m.end for m in a.models)]
    return a.has("finance") and bool(a.makers or others)


_OTHER_THINGS = LazyPattern(
    r"\b(?:partitions?|partition\w+|mbr|bios|uefi|disks?|animals?|alpacas?|wool|zoo|farm|painting|painter|monet|debussy|horoscopes?|zodiac|astrology|star sign|constellation|twins?|poems?|poet\w*|shakespeare|rhyme)\b"
)
"""What llamas, Claude, Gemini and sonnets are besides models."""
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


_ALL_MODELS = LazyPattern(
    r"\b(?:every|all|each|alle[nr]?|jede[ms]?|tous|chaque|todos|cada|sabhi|sab) (?:of )?(?:the |their |les |los )?(?:\w+[- ]){0,2}(?:models?|modelle?n?|modèles?|modelos?)\b"
)
_WHICH_MODEL = LazyPattern(
    r"\b(?:which|what|best|welche[snr]?|quel|quels|qu[ée]|cu[áa]l(?:es)?|kaunsa|konsa) (?:\w+ ){0,2}(?:models?|llms?|modell|modèles?|modelos?|apis?)\b(?! name)"
)
_BESIDE = 8
"""Characters between a word of cost and the name that it is about."""


def _retrieved(a: Annotation, facts: FactBase) -> Intent | None:
    """No rule knows the topic, but a fact card does."""
    hits = facts.search(a.text[:_QUERY], limit=1)
    if hits and hits[0].confident:
        return Intent("fact", 0.7)
    return None


def _bare_topics(a: Annotation, _: FactBase) -> Intent | None:
    """ "Costs", "running costs", "price of AI": a topic without anything to reckon with; worth a question back."""
    if names_everyday_goods(a):
        return Intent("out_of_scope", 0.6)
    terms = a.has("batch", "cached", "flex", "priority")
    asks_terms = a.has("cheaper", "save", "cost", "price", "difference")
    if terms and asks_terms and not (a.models or a.makers or a.quantities):
        return Intent("price", 0.6)  # "is it cheaper with batch?", of nobody knows what
    words = sum(1 for w in a.words if w.text[0].isalpha())
    if a.has("compare") and a.has("price", "cost") and words <= 4:
        return Intent("compare", 0.6)
    if a.has("price", "cost", "how_much") and _PRODUCT_LIKE.search(a.folded) and not a.models:
        return Intent("price", 0.6)
    if (
        a.has("price", "cost", "how_much")
        and words <= 3
        and a.explained() >= 0.5
        and not a.has("said")
        and not (a.subjects or a.makers or a.gpus or a.has("training", "finance", "energy"))
    ):
        return Intent("price" if a.has("price") and not a.has("cost") else "estimate", 0.6)
    if (
        a.has("cost")
        and a.explained() == 1.0
        and words <= 12
        and not (
            a.subjects
            or a.makers
            or a.gpus
            or a.quantities
            or a.has("training", "finance", "energy", "self_hosting", "advice", "usage")
        )
    ):
        return Intent("estimate", 0.6)
    if a.subjects or a.makers or a.has("training", "industry", "trend", "energy", "finance", "why", "said"):
        return None
    if a.has("cost", "price") and words <= 7 and _TOPIC.search(a.folded):
        return Intent("estimate", 0.6)
    return None


_TOPIC = LazyPattern(
    r"\b(?:llms?|ai|models?(?! ?[\dsxy]\b)|tokens?|chatbots?|bots?|api|gpt|prompts?|inference|running|monetary|usage)\b|^\W*(?:the )?(?:costs?|pricing|prices?)\W*$"
)


def _vague_topics(a: Annotation, _: FactBase) -> Intent | None:
    ai = (
        _TOPIC.search(a.folded) is not None
        or _PAST.search(a.folded) is not None
        or a.has("industry", "training", "trend")
    )
    if a.has("finance", "industry", "trend") and (
        a.subjects or a.makers or (ai and a.has("cost", "price", "industry"))
    ):
        return Intent("fact", 0.5)
    if a.has("cost", "price") and _TOPIC.search(a.folded):
        return Intent("estimate", 0.4)
    return None
