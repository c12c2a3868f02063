"""Prices asked for by name, with nothing to be understood: of a model, of a request; a text's tokens; the list of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, get_args

from bot.errors import NoPriceError, UnknownNameError, UsageError
from knowledge.lazy_dataclass import dataclass
from knowledge.ratecard import STANDARD, PriceTerms
from knowledge.records import Modality

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase
    from knowledge.opinions import Comparison
    from knowledge.ratecard import Cost, RateCard
    from knowledge.records import Model
    from knowledge.tokens import TokenCount

Order = Literal["maker", "name", "context", "input", "cached", "output"]
ORDERS: tuple[Order, ...] = get_args(Order)
LISTED_UNITS = {"input": "input_tokens", "cached": "cache_read_tokens", "output": "output_tokens"}
"""The rates by which models are listed."""


def find_model(
    knowledge: KnowledgeBase, mention: str, provider: str | None = None
) -> tuple[Model, str | None]:
    """The one model that a person means, and a note on how the mention was read, if it needed reading.

    Raises `UnknownNameError`, `NoPriceError` (known, but not at that provider) or `UsageError` (could be several).
    """
    resolution = knowledge.catalogue.resolve(mention, provider)
    note = resolution.note or ""
    if resolution.how == "unknown":
        raise UnknownNameError("model", mention, [model.id for model in resolution.candidates[:5]])
    if resolution.how == "provider_missing":
        raise NoPriceError(note)
    if resolution.model is None:
        raise UsageError(note, "Name one of them.")
    return resolution.model, resolution.note


def find_card(
    knowledge: KnowledgeBase, model: Model, on: datetime | None, terms: PriceTerms
) -> tuple[RateCard, str | None]:
    """The rates of a moment (None: now), and a note where it is not known that they held then.

    Raises `NoPriceError`, or `UsageError` for a moment before the model's first price on record.
    """
    card = knowledge.prices.card(model, on, terms)
    if on is None:
        return card, None
    if card.valid_from is None:
        return card, f"Since when these rates hold is not on record; no others are known for {on.date()}."
    if card.valid_from > on.date():
        raise UsageError(
            f"What {model.display_name} cost on {on.date()} is not on record.",
            f"Its first dated price is of {card.valid_from}.",
        )
    return card, None


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """All that is on record of what one model costs at one moment."""

    mention: str
    model: Model
    seller: str
    note: str | None
    """How the mention was read."""
    undated: str | None
    cards: Mapping[str, RateCard]
    """The standard rates first, then those of special terms by their names."""
    disagreements: Sequence[Comparison]

    @property
    def card(self) -> RateCard:
        """The standard rates."""
        return self.cards["standard"]


def price_list(
    knowledge: KnowledgeBase, mention: str, provider: str | None = None, on: datetime | None = None
) -> PriceList:
    """What a model costs. Raises `AicostError` as `find_model` and `find_card` do."""
    model, note = find_model(knowledge, mention, provider)
    card, undated = find_card(knowledge, model, on, STANDARD)
    cards = {"standard": card}
    for terms in knowledge.prices.special_terms(model, on):
        name = " ".join(terms.special().values())
        cards[str(terms) if name in cards else name] = knowledge.prices.card(model, on, terms)
    return PriceList(
        mention=mention,
        model=model,
        seller=knowledge.catalogue.providers[model.provider].name,
        note=note,
        undated=undated,
        cards=cards,
        disagreements=knowledge.opinions.disagreements([model], on),
    )


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be priced: the usage of one request, how many such requests, and under which terms.

    `context` is genai-prices' price context, such as {"processing": "batch"}.
    """

    model: str
    provider: str | None = None
    usage: Mapping[str, Decimal | int]
    requests: Decimal | int = 1
    on: datetime | None = None
    context: Mapping[str, str]


@dataclass(frozen=True)
class Bill:
    """A request with what it costs."""

    request: Request
    note: str | None
    card: RateCard
    cost: Cost

    @property
    def at_standard(self) -> list[str]:
        """What is charged at the standard rate, although other terms were asked for."""
        return [charge.unit for charge in self.cost.charges if charge.unit in self.card.at_standard]


def bill(knowledge: KnowledgeBase, request: Request) -> Bill:
    """The bill. Raises `AicostError` for an unknown model, a price that is not on record, or impossible counts."""
    model, note = find_model(knowledge, request.model, request.provider)
    card, undated = find_card(knowledge, model, request.on, PriceTerms.of(request.context))
    cost = card.cost(request.usage, requests=request.requests)
    if cost.unpriced and not cost.charges:
        raise NoPriceError(f"No price is on record for {unit_names(cost.unpriced)} of {model.display_name}.")
    notes = " ".join(filter(None, (note, undated, _beyond_window(request, model)))) or None
    return Bill(request, notes, card, cost)


def _beyond_window(request: Request, model: Model) -> str | None:
    tokens = sum(request.usage.get(unit, 0) for unit in ("input_tokens", "output_tokens"))
    if model.context_window is None or tokens <= model.context_window:
        return None
    return (
        f"One such request is larger than the context window of {model.context_window:,} tokens;"
        " give the tokens of one request, and how many there are as requests."
    )


def unit_names(units: Sequence[str]) -> str:
    """Units as people write them."""
    return ", ".join(unit.replace("_", " ") for unit in sorted(units))


@dataclass(frozen=True)
class Counted:
    """How many tokens a text has for a model (None: by the current encoding), and what they cost as input, where that is known."""

    tokens: TokenCount
    model: Model | None
    note: str | None
    input_usd: Decimal | None


def count_tokens(
    knowledge: KnowledgeBase, text: str, mention: str | None = None, provider: str | None = None
) -> Counted:
    """The tokens of a text. Raises `AicostError` as `find_model` does."""
    if mention is None:
        return Counted(knowledge.tokens.count(text, None), None, None, None)
    model, note = find_model(knowledge, mention, provider)
    counted = knowledge.tokens.count(text, model)
    try:
        cost = knowledge.prices.card(model).cost({"input_tokens": counted.count})
    except NoPriceError as error:
        return Counted(counted, model, f"{note or ''} {error}".strip(), None)
    return Counted(counted, model, note, cost.total)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which models are to be listed; see `Catalogue.models`."""

    words: Sequence[str] = ()
    """All of them are part of the id or the name."""
    providers: Sequence[str] = ()
    makers: Sequence[str] = ()
    context: int | None = None
    modality: Modality | None = "text"
    open_weights: bool = False
    deprecated: bool = False
    preview: bool = True


def listed(
    knowledge: KnowledgeBase, wanted: Wanted, order: Order = "maker", limit: int | None = None
) -> list[RateCard]:
    """The models that are like that and have a price: makers' own APIs first, or the largest context window, or the cheapest.

    Raises `UnknownNameError` for a provider or maker that is not known.
    """
    found = knowledge.catalogue.models(
        provider=[knowledge.catalogue.provider_id(name) for name in wanted.providers],
        maker=[_maker_id(knowledge, name) for name in wanted.makers],
        min_context=wanted.context,
        modality=wanted.modality,
        include_deprecated=wanted.deprecated,
        include_preview=wanted.preview,
    )
    words = [word.lower() for word in wanted.words]
    models = [
        model
        for model in found
        if (model.open_weights or not wanted.open_weights)
        and all(word in f"{model.id} {model.name}".lower() for word in words)
    ]
    cards = list(knowledge.prices.cards(models))
    if order != "maker":
        cards.sort(key=lambda card: _place(card, order))
    return cards[:limit]


def per_million(card: RateCard, column: str) -> Decimal | None:
    """US dollars for a million of a listed unit; None where there is no rate for it."""
    rate = card.rates.get(LISTED_UNITS[column])
    return None if rate is None else rate.price * 1_000_000 / rate.per


def _place(card: RateCard, order: Order) -> tuple[bool, Decimal, str, str]:
    """Cheapest first, the largest context window first, what is not known last; equal ones by name."""
    amount: Decimal | None = Decimal(0)
    if order == "context":
        amount = None if card.model.context_window is None else Decimal(-card.model.context_window)
    elif order != "name":
        amount = per_million(card, order)
    return amount is None, amount or Decimal(0), card.model.id.casefold(), card.model.provider


def _maker_id(knowledge: KnowledgeBase, spelled: str) -> str:
    """The maker that a spelling means ("Mistral AI", "qwen")."""
    from knowledge.makers import MAKERS

    word = _letters(spelled)
    for identity, maker in MAKERS.items():
        if word in (_letters(identity), _letters(maker.name), *maker.spellings):
            return identity
    every = knowledge.catalogue.models(modality=None, include_deprecated=True)
    known = sorted({model.maker for model in every} | MAKERS.keys())
    if word in known:
        return word
    from difflib import get_close_matches

    raise UnknownNameError("maker", spelled, get_close_matches(word, known, 3))


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
