"""One form asked of the configured model: the constant prompt, the data, and the richest dialect that the server takes.

What an LLM is asked for is a `Form`: a strict JSON schema with the prompt that explains it, in two wordings, the second for servers
that do not take the schema itself. Both are the same for every question, so that a provider's prompt cache applies.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from bot.parsing.llm.dialect import FORM_TOKENS, Dialect, keep_dialect, known_dialect
from bot.spend.call_failures import LlmCallError
from bot.spend.metering import MeteredClient
from knowledge.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.spend.completions import Completion
    from bot.spend.metering import CallBook, ChatMessage
    from bot.spend.tally import Tally
    from knowledge.base import KnowledgeBase

log = logging.getLogger(__name__)

_MOST_REFUSALS = 6
"""Steps from the richest dialect to the plainest one."""


@dataclass(frozen=True)
class Form:
    """What to fill in. `prompt_with_shape` spells the form out for servers that take no schema."""

    response_format: dict[str, Any]
    prompt: str
    prompt_with_shape: str
    try_again: str = ""
    """What the second try says on top."""
    output_tokens: int = FORM_TOKENS
    """What the filled form may take."""

    def messages(self, data: str, dialect: Dialect, *, again: bool = False) -> list[ChatMessage]:
        """The constant prompt first, for the sake of prompt caches; the second try spells out the form's shape."""
        prompt = self.prompt if dialect.format == "json_schema" and not again else self.prompt_with_shape
        if again:
            prompt = f"{prompt}\n{self.try_again}"
        return [{"role": "system", "content": prompt}, {"role": "user", "content": data}]


def open_client(settings: Settings, knowledge: KnowledgeBase, books: CallBook) -> MeteredClient:
    """A client for the configured server; nothing is imported or sent before the first question."""
    return MeteredClient(
        base_url=settings.llm_base_url,
        api_key=settings.llm_api_key,
        model=settings.llm_model,
        books=books,
        knowledge=knowledge,
    )


async def ask_for(
    form: Form,
    data: str,
    client: MeteredClient,
    *,
    query_id: int | None,
    tally: Tally,
    deadline: float,
    again: bool = False,
) -> Completion:
    """One completion before `deadline` (the loop's time), whatever dialect it takes.

    Raises `LlmCallError`, `Refusal` and `StorageError`.
    """
    dialect = await known_dialect(client)
    for _ in range(_MOST_REFUSALS):
        left = deadline - asyncio.get_running_loop().time()
        try:
            completion = await client.complete(
                form.messages(data, dialect, again=again),
                dialect.parameters(form.response_format, form.output_tokens),
                query_id=query_id,
                output_limit=dialect.output_limit(form.output_tokens),
                seconds=max(left, 0.0),
                tally=tally,
            )
        except LlmCallError as error:
            plainer = dialect.after_refusal(error.detail) if error.failure == "rejected" else None
            if plainer is None:
                raise
            log.info("the LLM server refused a parameter; trying %s", plainer)
            dialect = plainer
            continue
        await keep_dialect(client, dialect)
        return completion
    raise LlmCallError("rejected", "The language model's server rejected every form of the request.")
