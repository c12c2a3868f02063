"""The ledger's stand-in while there is none: questions are answered, nothing is recorded.

Within the process it still recognises a repeated event and remembers conversations, both in memory and bounded. It lets no call
pass that a budget should watch over, because it cannot keep count; reports and everything about stored rows raise `StorageError`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NoReturn, TypeVar

from bot.answers import Answer
from bot.errors import StorageError
from bot.messages import Message
from bot.spend.budgets import Budget, BudgetPeriod, BudgetState, BudgetWarning, Scope
from bot.spend.calls import PATIENCE_SECONDS, CallOutcome, CallRequest
from bot.spend.privacy import Forgotten
from bot.spend.queries import Admission, Conversation, Unfinished
from bot.spend.report import By, UsageReport

REMEMBERED = 5000
"""Event keys, conversations, parses and answers that are kept in memory, each."""


class NullLedger:
    """Has the methods of `Ledger`; `problem` is why that could not be opened."""

    def __init__(self, problem: str, budgets: Sequence[Budget] = ()) -> None:
        self.problem = problem
        self._budgets = tuple(budgets)
        self._next_id = 0
        self._events: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self._threads: OrderedDict[Conversation, str] = OrderedDict()
        self._parses: OrderedDict[str, str] = OrderedDict()
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def close(self) -> None:
        """Nothing to close."""

    @property
    def notices(self) -> tuple[str, ...]:
        return (self.problem,)

    async def admit(self, message: Message) -> Admission:
        keys = [(message.platform, message.workspace, key) for key in message.dedup_keys]
        seen = next((self._events[key] for key in keys if key in self._events), None)
        query_id = self._new_id() if seen is None else seen
        for key in keys:
            _remember(self._events, key, query_id)
        return Admission(query_id, seen is None)

    async def finish_query(
        self,
        query_id: int,
        answer: Answer,
        *,
        latency_ms: int,
        error: str | None = None,
        delivered: bool = False,
    ) -> None:
        if answer.receipt:
            _remember(self._answers, answer.receipt, answer.to_json())

    async def close_query(self, query_id: int, *, problem: str | None = None) -> None:
        """No later start will know of the query."""

    async def unfinished(self, platform: str) -> list[Unfinished]:
        return []

    async def save_thread(
        self, conversation: Conversation, question_json: str, also_threads: Sequence[str] = ()
    ) -> None:
        for thread in (conversation[3], *also_threads):
            _remember(self._threads, (*conversation[:3], thread), question_json)

    async def load_thread(self, conversation: Conversation) -> str | None:
        return self._threads.get(conversation)

    async def answer_by_receipt(self, receipt: str) -> dict[str, Any] | None:
        return self._answers.get(receipt)

    async def add_feedback(
        self, receipt: str, message: Message, verdict: Literal["good", "bad"], comment: str = ""
    ) -> None:
        self._refuse()

    async def reserve_call(self, request: CallRequest, *, patience: float = PATIENCE_SECONDS) -> int:
        if self._budgets:
            raise StorageError(
                "The LLM is not asked, because its budget cannot be held without the ledger.", self.problem
            )
        return self._new_id()

    async def settle_call(self, call_id: int, outcome: CallOutcome) -> None:
        """Nothing is on the books, so nothing is settled."""

    async def load_parse(self, key: str) -> str | None:
        return self._parses.get(key)

    async def save_parse(self, key: str, form_json: str) -> None:
        _remember(self._parses, key, form_json)

    async def load_server(self, base_url: str, model: str) -> str | None:
        return None

    async def save_server(self, base_url: str, model: str, dialect_json: str) -> None:
        """The process remembers it without us."""

    def take_warnings(self) -> tuple[BudgetWarning, ...]:
        return ()

    async def set_budget(self, budget: Budget) -> Budget:
        self._refuse()

    async def remove_budget(self, scope: Scope, subject: str, period: BudgetPeriod) -> bool:
        self._refuse()

    async def budgets(self) -> tuple[BudgetState, ...]:
        self._refuse()

    async def report(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By | None = None,
        *,
        user: str | None = None,
        time_zone: str = "UTC",
    ) -> UsageReport:
        self._refuse()

    async def export(self, user: str) -> dict[str, Any]:
        self._refuse()

    async def forget(self, user: str) -> Forgotten:
        self._refuse()

    async def info(self) -> dict[str, Any]:
        self._refuse()

    def _new_id(self) -> int:
        self._next_id -= 1  # negative, so that it is never taken for the id of a row
        return self._next_id

    def _refuse(self) -> NoReturn:
        raise StorageError(self.problem)


K = TypeVar("K")
V = TypeVar("V")


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
