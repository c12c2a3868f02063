"""The LLM parser: a question goes out as data, a form comes back, and what of it stands in the question becomes a typed
question.

`LlmParser.parse` never raises: a server that is down, slow, out of quota, or talks nonsense yields a reading without a
question and with a sentence that says why, and the rules' reading is used. All tries together end with one `Deadline`. Every
call is on the ledger's books before it is sent (`bot.spend.metering`). A form is paid for once per question and context:
`ParseStore` keeps it, and those who ask the same at the same moment share one call. Grounding is done again on every use, so
a stored form can no more bring in a figure than a fresh one.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Protocol

from bot.answers import Spend
from bot.errors import AicostError, StorageError
from bot.parsing.cascade import LlmReading
from bot.parsing.llm.call import Form, ask_for, open_client
from bot.parsing.llm.deadline import Deadline
from bot.parsing.llm.dialect import Dialect, dialect_of, forget_dialect
from bot.parsing.llm.grounding import ground
from bot.parsing.llm.reader import RawParse, as_form, read_form
from bot.parsing.llm.schema import PROMPT, PROMPT_WITH_SHAPE, RESPONSE_FORMAT, SCHEMA_VERSION, TRY_AGAIN
from bot.parsing.llm.shared import UnderWay
from bot.parsing.reading.spans import fold
from bot.parsing.reading.tables import sentences_of_tables
from bot.questions import question_to_json
from bot.spend.call_failures import LlmCallError
from bot.spend.metering import CallBook, MeteredClient
from bot.spend.tally import Tally
from knowledge.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from bot.questions import Question
    from bot.settings import Settings
    from knowledge.base import KnowledgeBase

log = logging.getLogger(__name__)

FORM = Form(RESPONSE_FORMAT, PROMPT, PROMPT_WITH_SHAPE, TRY_AGAIN)


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
        self._under_way = UnderWay[RawParse | None]()

    @classmethod
    def connect(cls, settings: Settings, knowledge: KnowledgeBase, ledger: Books) -> LlmParser:
        """A parser for the configured server; nothing is imported or sent before the first question."""
        client = open_client(settings, knowledge, ledger)
        return cls(client, knowledge, ledger, settings.llm_timeout)

    async def close(self) -> None:
        """Settle what is under way and close the connection."""
        await self._client.close()

    async def parse(
        self, text: str, previous: Question | None, query_id: int, deadline: Deadline | None = None
    ) -> LlmReading:
        """What the model makes of `text`, grounded, by the `deadline`; never raises, whatever the text and the server."""
        tally = Tally()
        deadline = deadline or Deadline(self._seconds)
        text = text.encode(errors="replace").decode()  # half a surrogate pair cannot be sent; places stay
        text = sentences_of_tables(text)
        try:
            form = await self._form(text, previous, query_id, deadline, tally)
        except AicostError as error:
            if isinstance(error, LlmCallError) and error.detail:
                log.warning("%s (%s)", error, error.detail)
            return _failed(str(error), tally)
        except Exception:
            log.exception("no form could be had for a text of %d characters", len(text))
            return _failed("The language model could not be asked.", tally)
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
        """Ask the server one real question (without the store) and report what it understands and whether it works.

        What was known of it before does not count.
        """
        tally = Tally()
        forget_dialect(self._client.base_url, self._client.model)
        problem = None
        try:
            await self._client.prepare()
            form = await self._ask("price of gpt-4o", None, query_id, Deadline(self._seconds), tally)
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

    async def known_dialect(self) -> Dialect | None:
        """What is on record of the server's understanding; None when it was not asked yet, or long ago."""
        stored = await self._client.books.load_server(self._client.base_url, self._client.model)
        return None if stored is None else Dialect.from_json(stored)

    async def _form(
        self, text: str, previous: Question | None, query_id: int, deadline: Deadline, tally: Tally
    ) -> RawParse | None:
        """The form of a question: a stored one, or the one that another asker of the same is waiting for, or a new one."""
        key = _key(self._client.model, text, previous)

        async def fetch() -> RawParse | None:
            stored = await self._load(key)
            if stored is not None:
                return stored
            await self._client.prepare()  # importing the SDK is this machine's time, not the server's
            form = await self._ask(text, previous, query_id, deadline, tally)
            if form is not None:
                await self._save(key, form)
            return form

        return await self._under_way.ask(key, fetch, deadline)

    async def _ask(
        self,
        text: str,
        previous: Question | None,
        query_id: int | None,
        deadline: Deadline,
        tally: Tally,
    ) -> RawParse | None:
        """The form, with one more try when the first output holds none."""
        data = question_data(text, previous, self._knowledge)
        for again in (False, True):
            completion = await ask_for(
                FORM,
                data,
                self._client,
                query_id=query_id,
                tally=tally,
                deadline=deadline.begin(),
                again=again,
            )
            form = read_form(completion.text) if completion.text else None
            if form is not None:
                return form
            log.info("the model's output held no form (%s)", completion.finish_reason)
        return None

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


def question_data(text: str, previous: Question | None, knowledge: KnowledgeBase) -> str:
    """The user message: JSON, so that nothing in the question can leave its string."""
    models = dict.fromkeys(
        mention.text for mention in knowledge.catalogue.mentions(text) if mention.kind == "model"
    )
    data = {"question": text, "models": list(models), "previous": question_to_json(previous)}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
