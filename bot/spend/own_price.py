"""What the bot's own LLM calls cost: the configured server and model, found in the knowledge base.

The provider follows from the server's host. A server of unknown host that serves a maker's closed model passes it on at the
maker's price; what an open model costs on a machine of one's own is not known, and unknown is None, never zero, unless the
operator's contracts say so (`provider: own`), which go before all else there.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from bot.errors import AicostError
from knowledge.contracts import OWN
from knowledge.lazy_dataclass import dataclass
from knowledge.records import Model

if TYPE_CHECKING:
    from bot.spend.calls import CallUsage
    from knowledge.base import KnowledgeBase

OPENAI_BASE_URL = "https://api.openai.com/v1"

_HOSTS: tuple[tuple[str, str], ...] = (
    (r"api\.openai\.com", "openai"),
    (
        r".*\.(openai\.azure\.com|services\.ai\.azure\.com|cognitiveservices\.azure\.com|azure-api\.net)",
        "azure",
    ),
    (r"api\.anthropic\.com", "anthropic"),
    (r"(.*\.)?googleapis\.com", "google"),
    (r"bedrock-(runtime|mantle)\..*", "aws"),
    (r"(api\.)?openrouter\.ai", "openrouter"),
    (r"api\.groq\.com", "groq"),
    (r"api\.mistral\.ai", "mistral"),
    (r"api\.deepseek\.com", "deepseek"),
    (r"api\.x\.ai", "x-ai"),
    (r"api\.together\.(xyz|ai)", "together"),
    (r"api\.fireworks\.ai", "fireworks"),
    (r"api\.cerebras\.ai", "cerebras"),
    (r"api\.cohere\.(com|ai)", "cohere"),
    (r"api\.perplexity\.ai", "perplexity"),
    (r"api\.moonshot\.(ai|cn)", "moonshotai"),
    (r"api\.novita\.ai", "novita"),
)
"""Hosts of OpenAI-compatible servers, as the providers' documentation of that interface names them."""


def provider_of(base_url: str) -> str | None:
    """The catalogue id of the provider behind an address, or None for a server that is not known."""
    host = urlsplit(base_url).hostname or ""
    return next((provider for pattern, provider in _HOSTS if re.fullmatch(pattern, host)), None)


def without_password(address: str) -> str:
    """An address without the name and password that it may hold."""
    if "://" not in address or "@" not in address:
        return address
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc="••••@" + parts.netloc.rpartition("@")[2]))


@dataclass(frozen=True)
class Priced:
    """An exact amount in USD, None where no price is known, with the source of the price and its date."""

    cost: Decimal | None
    source: str | None = None
    as_of: str | None = None


class OwnPrice:
    """The price of calls to one server and model; the model is found once, its price is read for each call."""

    def __init__(self, base_url: str, model_id: str, knowledge: KnowledgeBase | None) -> None:
        self._host_provider = provider_of(base_url)
        self._model_id = model_id
        self._knowledge = knowledge

    @property
    def provider(self) -> str | None:
        """Who is paid: the server's provider, else (for a gateway) the maker of a closed model."""
        if self._host_provider is not None:
            return self._host_provider
        return self.model.provider if self.model else None

    @cached_property
    def model(self) -> Model | None:
        """The model's row in the catalogue; None where its price would be another one's."""
        if self._knowledge is None:
            return None
        if self._host_provider is None:
            own = Model(rowid=0, provider=OWN, id=self._model_id, name=self._model_id, maker=OWN)
            if _has_price(self._knowledge, own):
                return own
        model = _find(self._knowledge, self._model_id, self._host_provider)
        return None if model is None or (self._host_provider is None and model.open_weights) else model

    def price(self, usage: CallUsage) -> Priced:
        """What a call with this usage costs, and the price list that says so."""
        if self._knowledge is None or self.model is None:
            return Priced(None)
        counts = {
            "input_tokens": usage.input_tokens,
            "cache_read_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "output_tokens": usage.output_tokens,
        }
        try:
            card = self._knowledge.prices.card(self.model)
            cost = card.cost({unit: count for unit, count in counts.items() if count})
        except AicostError:
            return Priced(None)
        return Priced(None if cost.unpriced else cost.total, card.source.id, card.source.as_of)


def _has_price(knowledge: KnowledgeBase, model: Model) -> bool:
    try:
        knowledge.prices.card(model)
    except AicostError:
        return False
    return True


def _find(knowledge: KnowledgeBase, model_id: str, provider: str | None) -> Model | None:
    """The model of exactly this id (or an alias of it): a corrected or guessed name would be another model's price."""
    try:
        resolution = knowledge.catalogue.resolve(model_id, provider)
    except AicostError:
        return None
    return resolution.model if resolution.how == "exact" else None
