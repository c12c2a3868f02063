"""The LLM parser: a question goes out as data, a form comes back, and what of it stands in the question becomes a typed
question.

`LlmParser.parse` never raises: a server that is down, slow, out of quota, or talks nonsense yields a reading without a
question and with a sentence that says why, and the rules' reading is used. All tries together end with one deadline. Every
call is on the ledger's books before it is sent (`bot.spend.metering`), a form is paid for once per question and context
(`ParseStore`), and grounding is done again on every use, so a stored form can no more bring in a figure than a fresh one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Protocol

from bot.answers import Spend
from bot.errors import AicostError, StorageError
from bot.parsing.cascade import LlmReading
from bot.parsing.dialect import Dialect, dialect_of, remember_dialect
from bot.parsing.grounding import ground
from bot.parsing.llm_reader import RawParse, as_form, read_form
from bot.parsing.llm_schema import PROMPT, PROMPT_WITH_SHAPE, SCHEMA_VERSION, TRY_AGAIN
from bot.parsing.spans import fold
from bot.questions import question_to_json
from bot.spend.call_failures import LlmCallError
from bot.spend.completions import Completion
from bot.spend.metering import CallBook, ChatMessage, MeteredClient, Tally
from knowledge.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from bot.messages import Message
    from bot.questions import Question
    from bot.settings import Settings
    from knowledge.base import KnowledgeBase

log = logging.getLogger(__name__)

_MOST_REFUSALS = 6
"""Steps from the richest dialect to the plainest one."""


class ParseStore(Protocol):
    """Where forms are kept, so that the same question never costs twice; the ledger is one."""

    async def load_parse(self, key: str) -> str | None: ...

    async def save_parse(self, key: str, form_json: str) -> None: ...


class Books(CallBook, ParseStore, Protocol):
    """What the parser needs of a ledger."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What one real call showed about the configured server, for `aicost doctor`."""

    base_url: str
    model: str
    works: bool
    dialect: Dialect
    spend: Spend
    problem: str | None = None


class LlmParser:
    """Parses with one model at one server; open it with `connect`, close it at the end."""

    def __init__(
        self, client: MeteredClient, knowledge: KnowledgeBase, store: ParseStore, seconds: float
    ) -> None:
        self._client = client
        self._knowledge = knowledge
        self._store = store
        self._seconds = seconds

    @classmethod
    def connect(cls, settings: Settings, knowledge: KnowledgeBase, ledger: Books) -> LlmParser:
        """A parser for the configured server; nothing is imported or sent before the first question."""
        client = MeteredClient(
            base_url=settings.llm_base_url,
            api_key=settings.llm_api_key,
            model=settings.llm_model,
            books=ledger,
            knowledge=knowledge,
        )
        return cls(client, knowledge, ledger, settings.llm_timeout)

    async def close(self) -> None:
        """Settle what is under way and close the connection."""
        await self._client.close()

    async def parse(
        self, text: str, previous: Question | None, query_id: int, message: Message | None = None
    ) -> LlmReading:
        """What the model makes of `text`, grounded; never raises, whatever the text and the server."""
        tally = Tally()
        text = text.encode(errors="replace").decode()  # half a surrogate pair cannot be sent; places stay
        try:
            form = await self._form(text, previous, query_id, tally)
        except AicostError as error:
            if isinstance(error, LlmCallError) and error.detail:
                log.warning("%s (%s)", error, error.detail)
            return _failed(str(error), tally)
        if form is None:
            return _failed("The language model's answer made no sense.", tally)
        try:
            question, dropped = ground(form, text, previous, self._knowledge)
        except Exception:
            log.exception("a form could not be held against a text of %d characters", len(text))
            return _failed("The language model's answer could not be used.", tally)
        if question is None:
            log.info("the model called a question %r, which its text does not bear", form["kind"])
            return LlmReading(question=None, spend=tally.spend)
        return LlmReading(question=question, dropped=dropped, spend=tally.spend)

    async def probe(self, query_id: int | None = None) -> Probe:
        """Ask the server one real question (without the store) and report what it understands and whether it works."""
        tally = Tally()
        problem = None
        try:
            await self._client.prepare()
            form = await self._ask("price of gpt-4o", None, query_id, tally)
            if form is None:
                problem = "The language model's answer made no sense."
        except AicostError as error:
            problem = str(error)
        return Probe(
            base_url=self._client.base_url,
            model=self._client.model,
            works=problem is None,
            dialect=dialect_of(self._client.base_url, self._client.model),
            spend=tally.spend,
            problem=problem,
        )

    async def _form(
        self, text: str, previous: Question | None, query_id: int | None, tally: Tally
    ) -> RawParse | None:
        key = _key(self._client.model, text, previous)
        stored = await self._load(key)
        if stored is not None:
            return stored
        await self._client.prepare()  # importing the SDK is this machine's time, not the server's
        form = await self._ask(text, previous, query_id, tally)
        if form is not None:
            await self._save(key, form)
        return form

    async def _ask(
        self, text: str, previous: Question | None, query_id: int | None, tally: Tally
    ) -> RawParse | None:
        """The form, with one more try when the first output holds none."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        data = _question_data(text, previous, self._knowledge)
        completion = await self._complete(data, query_id, tally, deadline, again=False)
        form = read_form(completion.text) if completion.text else None
        if form is None:
            log.info("the model's output held no form (%s); asking once more", completion.finish_reason)
            completion = await self._complete(data, query_id, tally, deadline, again=True)
            form = read_form(completion.text) if completion.text else None
        return form

    async def _complete(
        self, data: str, query_id: int | None, tally: Tally, deadline: float, *, again: bool
    ) -> Completion:
        """One completion, in the richest dialect that the server takes."""
        base_url, model = self._client.base_url, self._client.model
        dialect = dialect_of(base_url, model)
        for _ in range(_MOST_REFUSALS):
            left = deadline - asyncio.get_running_loop().time()
            try:
                completion = await self._client.complete(
                    _messages(data, dialect, again=again),
                    dialect.parameters(),
                    query_id=query_id,
                    output_limit=dialect.output_limit,
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
            remember_dialect(base_url, model, dialect)
            return completion
        raise LlmCallError("rejected", "The language model's server rejected every form of the request.")

    async def _load(self, key: str) -> RawParse | None:
        try:
            stored = await self._store.load_parse(key)
            return None if stored is None else as_form(json.loads(stored))
        except (StorageError, ValueError) as error:
            log.warning("no stored parse can be read: %s", error)
            return None

    async def _save(self, key: str, form: RawParse) -> None:
        try:
            await self._store.save_parse(key, json.dumps(form, separators=(",", ":"), ensure_ascii=False))
        except StorageError as error:
            log.warning("a parse is not kept: %s", error)


def _failed(why: str, tally: Tally) -> LlmReading:
    return LlmReading(question=None, spend=tally.spend, error=f"{why} The question was read without it.")


def _key(model: str, text: str, previous: Question | None) -> str:
    """Equal for questions that differ only in case and white space, asked after equal questions."""
    parts = [SCHEMA_VERSION, model, " ".join(fold(text).split()), question_to_json(previous)]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def _question_data(text: str, previous: Question | None, knowledge: KnowledgeBase) -> str:
    """The user message: JSON, so that nothing in the question can leave its string."""
    models = dict.fromkeys(
        mention.text for mention in knowledge.catalogue.mentions(text) if mention.kind == "model"
    )
    data = {"question": text, "models": list(models), "previous": question_to_json(previous)}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _messages(data: str, dialect: Dialect, *, again: bool) -> list[ChatMessage]:
    """The constant prompt first, for the sake of prompt caches; the second try spells out the form's shape."""
    prompt = PROMPT if dialect.format == "json_schema" and not again else PROMPT_WITH_SHAPE
    if again:
        prompt = f"{prompt}\n{TRY_AGAIN}"
    return [{"role": "system", "content": prompt}, {"role": "user", "content": data}]
