"""What an OpenAI-compatible server understands of a request, learnt from its refusals.

Servers differ in three things: whether they take a JSON schema, JSON mode or neither; what the output limit is called; and
whether a temperature and a reasoning effort may be given. A dialect starts from what the model's name tells and changes by
one step with each refusal (HTTP 400 or 422), so a few calls, which nobody bills, settle it. The process remembers it for
each (address, model), and the ledger for a month.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any, Literal, get_args

from bot.errors import StorageError
from bot.parsing.llm.schema import RESPONSE_FORMAT
from knowledge.lazy_dataclass import dataclass, replace

if TYPE_CHECKING:
    from bot.spend.metering import MeteredClient

log = logging.getLogger(__name__)

Format = Literal["json_schema", "json_object", "text"]

FORM_TOKENS = 400
"""Output tokens of one parse: the longest form of our questions takes 160. A budget must have room for all of them before a call is
sent, so a generous limit would leave the end of a budget unspent."""
_LITTLE_REASONING = 200
_REASONING = 1400
"""What models may think before they write, with the least effort and with more."""

_NEXT_FORMAT: dict[Format, Format] = {"json_schema": "json_object", "json_object": "text"}
_REASONING_EFFORT = (
    (r"gpt-5(-mini|-nano)?(-\d{4}.*)?", "minimal"),
    (r"gpt-5\.\d.*", "none"),
    (r"o[134]\b.*", "low"),
)
"""The least effort that OpenAI's reasoning models take, by name; these models take no temperature either."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How to put one request to one server and model."""

    format: Format = "json_schema"
    temperature: bool = True
    limit_name: Literal["max_completion_tokens", "max_tokens"] | None = "max_completion_tokens"
    effort: str | None = None
    reasons: bool = False

    @classmethod
    def first_guess(cls, model: str) -> Dialect:
        """What a model's name tells before the first call."""
        name = model.rsplit("/", 1)[-1].lower()
        effort = next((effort for pattern, effort in _REASONING_EFFORT if re.fullmatch(pattern, name)), None)
        return cls(effort=effort, temperature=effort is None, reasons=effort is not None)

    @classmethod
    def from_json(cls, text: str) -> Dialect | None:
        """What `to_json` wrote; None for anything else, as another version's."""
        try:
            data = json.loads(text)
            dialect = cls(**data)
        except (TypeError, ValueError):
            return None
        names = (*get_args(Format),), ("max_completion_tokens", "max_tokens", None)
        return dialect if dialect.format in names[0] and dialect.limit_name in names[1] else None

    def to_json(self) -> str:
        return json.dumps({name: getattr(self, name) for name in Dialect.__annotations__})

    def output_limit(self, form_tokens: int) -> int:
        """Output tokens to allow, and to reserve, for a form that takes at most so many; hidden reasoning counts as output."""
        if not self.reasons:
            return form_tokens
        return form_tokens + (_LITTLE_REASONING if self.effort in ("minimal", "none") else _REASONING)

    def parameters(
        self, response_format: dict[str, Any] = RESPONSE_FORMAT, form_tokens: int = FORM_TOKENS
    ) -> dict[str, Any]:
        """The parameters of a request for a form; by default that of a parse."""
        parameters: dict[str, Any] = {}
        if self.format == "json_schema":
            parameters["response_format"] = response_format
        elif self.format == "json_object":
            parameters["response_format"] = {"type": "json_object"}
        if self.temperature:
            parameters["temperature"] = 0
        if self.effort is not None:
            parameters["reasoning_effort"] = self.effort
        if self.limit_name is not None:
            parameters[self.limit_name] = self.output_limit(form_tokens)
        return parameters

    def after_refusal(self, words: str) -> Dialect | None:
        """The dialect to try after a server refused a request with these words; None when nothing is left to change.

        A server that names no parameter is most often one that does not know schemas.
        """
        words = words.lower()
        if self.effort is not None and "reasoning" in words:
            return replace(self, effort=None)
        if self.temperature and "temperature" in words:
            return replace(self, temperature=False)
        if self.limit_name is not None and self.limit_name in words:
            other: Literal["max_tokens"] | None = (
                "max_tokens" if self.limit_name == "max_completion_tokens" else None
            )
            return replace(self, limit_name=other)
        if self.format in _NEXT_FORMAT:
            return replace(self, format=_NEXT_FORMAT[self.format])
        if self.limit_name == "max_completion_tokens":
            return replace(self, limit_name="max_tokens")
        return None


_known: dict[tuple[str, str], Dialect] = {}
_on_record: set[tuple[str, str]] = set()
"""Servers and models of which the ledger says the same."""


async def known_dialect(client: MeteredClient) -> Dialect:
    """What this process or, before its first call, the ledger knows of the client's server and model, or a first guess."""
    place = (client.base_url, client.model)
    if place not in _known:
        try:
            stored = await client.books.load_server(*place)
        except StorageError as error:
            log.info("what the LLM server understands is not known: %s", error)
            stored = None
        dialect = Dialect.from_json(stored) if stored is not None else None
        if dialect is not None:
            _known[place] = dialect
            _on_record.add(place)
    return dialect_of(*place)


async def keep_dialect(client: MeteredClient, dialect: Dialect) -> None:
    """Keep what a server was found to understand, here and in the ledger."""
    place = (client.base_url, client.model)
    if place in _on_record and _known.get(place) == dialect:
        return
    remember_dialect(*place, dialect)
    try:
        await client.books.save_server(*place, dialect.to_json())
        _on_record.add(place)
    except StorageError as error:
        log.info("what the LLM server understands is not kept: %s", error)


def dialect_of(base_url: str, model: str) -> Dialect:
    """What is known about this server and model in this process."""
    return _known.get((base_url, model)) or Dialect.first_guess(model)


def remember_dialect(base_url: str, model: str, dialect: Dialect) -> None:
    """Keep what a server was found to understand."""
    _known[base_url, model] = dialect


def forget_dialect(base_url: str, model: str) -> None:
    """Find out anew what a server understands."""
    _known[base_url, model] = Dialect.first_guess(model)
    _on_record.discard((base_url, model))


def forget_dialects() -> None:
    """Start anew, as a new process would."""
    _known.clear()
    _on_record.clear()
