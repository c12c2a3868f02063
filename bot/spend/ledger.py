"""The ledger: every question and every LLM call, written before it matters; budgets; conversations; reports.

`Ledger` is the door for the rest of the program. Its methods never block the event loop: SQL runs in one thread of the ledger's
own (reports and exports, which may be long, in another), in one transaction for each call or for all writes that wait at the time,
and a write that has begun is finished even if its caller is cancelled. Several processes may open the same file. Whatever goes
wrong with the file is a `StorageError`.

With a retention of 0 days the text of a question is stored only until its answer is delivered (a restart needs it), and what is
kept afterwards (answer, conversation) holds typed slots without the person's words; parses are then cached in memory alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from bot.answers import Answer
from bot.errors import StorageError
from bot.messages import Message
from bot.spend import budgets, calls, privacy, queries, report, small_rows
from bot.spend.budgets import Budget, BudgetPeriod, BudgetState, BudgetWarning, Scope
from bot.spend.calls import PATIENCE_SECONDS, CallOutcome, CallRequest, Reservation
from bot.spend.group_commit import GroupCommit
from bot.spend.own_price import without_password
from bot.spend.privacy import Forgotten
from bot.spend.queries import Admission, Conversation, Unfinished
from bot.spend.report import By, UsageReport
from bot.spend.schema import VERSION
from bot.spend.store import Store
from bot.spend.waiting import WaitingRoom
from knowledge.lazy_dataclass import replace

P = ParamSpec("P")
T = TypeVar("T")

PURGE_EVERY = 50
"""Admissions after which a long-running process looks for what has been kept long enough; a purge removes more than they add."""

PARSES_IN_MEMORY = 1000

logger = logging.getLogger("aicost.ledger")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """An open ledger. Make one with `await Ledger.open(…)`, end it with `await ledger.close()`."""

    def __init__(self, retention_days: int, budgets: Sequence[Budget], clock: Callable[[], datetime]) -> None:
        self._retention_days = retention_days
        self._budgets = tuple(budgets)
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aicost-ledger")
        self._store: Store | None = None
        self._writes: GroupCommit | None = None
        self._warnings: list[BudgetWarning] = []
        self._waiting = WaitingRoom()
        self._parses: OrderedDict[str, str] = OrderedDict()
        self._until_purge = PURGE_EVERY

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        retention_days: int,
        *,
        budgets: Sequence[Budget] = (),
        clock: Callable[[], datetime] = _utc_now,
    ) -> Ledger:
        """Open `data_dir/ledger.db`, creating or migrating it if need be. `budgets` are those of the settings, beside the stored.

        Calls that a dead process left reserved become `lost`, and what has been kept long enough is removed. Raises
        `StorageError` if the file cannot be opened; a damaged one is set aside and told of in `notices`.
        """
        ledger = cls(retention_days, budgets, clock)
        try:
            await ledger._on_thread(lambda: ledger._open(data_dir))
            ledger._writes = GroupCommit(ledger._thread, ledger._ready().write_all)
        except BaseException:
            ledger._thread.shutdown(wait=False)
            raise
        return ledger

    async def close(self) -> None:
        """Finish what is under way and close the file. Closing twice is harmless."""
        store, self._store = self._store, None
        try:
            if store is not None and self._writes is not None:
                self._writes.send_all()
                await self._on_thread(store.close)
        finally:
            self._thread.shutdown(wait=False)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the operator should know about the file, such as that a damaged one was set aside."""
        return tuple(self._ready().notices)

    # Questions

    async def admit(self, message: Message) -> Admission:
        """Record a message before it is acknowledged, or find that it repeats one, whenever and in whatever process that came."""
        self._until_purge -= 1
        if self._until_purge <= 0:
            self._until_purge = PURGE_EVERY
            await self._write(privacy.purge, self._clock(), self._retention_days)
        return await self._write(queries.admit, self._ready().owner.name, message, self._clock())

    async def finish_query(
        self,
        query_id: int,
        answer: Answer,
        *,
        latency_ms: int,
        error: str | None = None,
        delivered: bool = False,
    ) -> None:
        """Record the answer under its receipt. If a query is finished twice, the first answer stands.

        The query stays open, so that a later start delivers the answer if this process does not come to it, until `close_query`;
        with `delivered` it is closed at once.
        """
        await self._write(
            queries.finish,
            query_id,
            answer,
            now=self._clock(),
            latency_ms=latency_ms,
            error=error,
            delivered=delivered,
            keep_words=self._keep_words,
        )

    async def close_query(self, query_id: int, *, problem: str | None = None) -> None:
        """Record that the platform took the answer or, with `problem`, refused it for good. Doing so twice changes nothing."""
        await self._write(
            queries.deliver, query_id, now=self._clock(), problem=problem, keep_words=self._keep_words
        )

    async def unfinished(self, platform: str) -> list[Unfinished]:
        """Claim what dead processes received within the last hour and did not deliver, with the answer if there is one already.

        Oldest first; each is handed out once, also when several processes ask at the same time. They are admitted already.
        """
        owner = self._ready().owner
        return await self._write(queries.resume, platform, owner.name, owner.is_alive, self._clock())

    async def save_thread(
        self, conversation: Conversation, question_json: str, also_threads: Sequence[str] = ()
    ) -> None:
        """Remember a conversation's last typed question (`Message.conversation` is the key), also for `Message.also_threads`."""
        await self._write(
            queries.save_thread,
            conversation,
            question_json,
            also_threads,
            now=self._clock(),
            keep_words=self._keep_words,
        )

    async def load_thread(self, conversation: Conversation) -> str | None:
        """The conversation's last typed question as JSON, None in a new or long silent conversation."""
        return await self._read(queries.load_thread, conversation)

    async def answer_by_receipt(self, receipt: str) -> dict[str, Any] | None:
        """The answer (JSON data, as `Answer.to_json`) that bears the receipt."""
        return await self._read(queries.answer_by_receipt, receipt)

    async def add_feedback(
        self, receipt: str, message: Message, verdict: Literal["good", "bad"], comment: str = ""
    ) -> None:
        """Record what a person says of an answer."""
        await self._write(small_rows.add_feedback, receipt, message, verdict, comment, self._clock())

    # LLM calls

    async def reserve_call(self, request: CallRequest, *, patience: float = PATIENCE_SECONDS) -> int:
        """Write the row of a call *before* it is made and return its id for `settle_call`.

        Raises `Refusal` when a budget has no room for it, one of those stored or given to `open`; without a known price any budget
        refuses, since none could be held. A refusal that is due only to calls under way waits up to `patience` seconds for them to
        settle: no call is refused while money is left.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while True:
            outcome: Reservation = await self._write(
                calls.reserve, self._ready().owner.name, request, self._budgets, self._clock()
            )
            for warning in outcome.warnings:
                logger.warning("%s", warning)
            self._warnings.extend(outcome.warnings)
            if outcome.call_id is not None:
                self._waiting.wake_next()  # there may be room for one more
                return outcome.call_id
            assert outcome.refusal is not None
            left = deadline - loop.time()
            if not outcome.refusal.passing or left <= 0:
                self._waiting.wake_next()
                raise outcome.refusal
            await self._waiting.wait(left)

    async def settle_call(self, call_id: int, outcome: CallOutcome) -> None:
        """Replace a reservation by the truth, on the disk when this returns. Settling twice changes nothing."""
        await self._write_durably(calls.settle, call_id, outcome, self._clock())
        self._waiting.wake_next()

    async def load_parse(self, key: str) -> str | None:
        """The parse (JSON) remembered under the key, which must be a hash that covers text, context and version."""
        if not self._keep_words:
            return self._parses.get(key)
        return await self._read(small_rows.load_parse, key)

    async def save_parse(self, key: str, form_json: str) -> None:
        """Remember a parse, so that the same question costs once."""
        if not self._keep_words:
            self._parses[key] = form_json
            if len(self._parses) > PARSES_IN_MEMORY:
                self._parses.popitem(last=False)
            return
        await self._write(small_rows.save_parse, key, form_json, self._clock())

    async def load_server(self, base_url: str, model: str) -> str | None:
        """What an LLM server was found to understand (JSON, see `bot.parsing.llm.dialect`) within the last month."""
        return await self._read(small_rows.load_server, without_password(base_url), model, self._clock())

    async def save_server(self, base_url: str, model: str, dialect_json: str) -> None:
        """Keep what an LLM server was found to understand."""
        address = without_password(base_url)
        await self._write(small_rows.save_server, address, model, dialect_json, self._clock())

    # Budgets

    def take_warnings(self) -> tuple[BudgetWarning, ...]:
        """The budgets that have reached 80 % or 100 % since this was last asked; each crossing comes once, in one process."""
        taken, self._warnings = tuple(self._warnings), []
        return taken

    async def set_budget(self, budget: Budget) -> Budget:
        """Store a budget in place of the one of the same scope, subject and period, and return it as it is stored.

        Raises `UsageError` for a user's plain id that users of several platforms have.
        """
        return await self._write(budgets.set_budget, budget, self._clock())

    async def remove_budget(self, scope: Scope, subject: str, period: BudgetPeriod) -> bool:
        """Remove a stored budget; False if there is none."""
        return await self._write(budgets.remove_budget, scope, subject, period)

    async def budgets(self) -> tuple[BudgetState, ...]:
        """The budgets of the settings and the stored ones, with what is spent of each."""
        return await self._read_apart(budgets.states, self._budgets, self._clock())

    # Reports and privacy

    async def report(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By | None = None,
        *,
        user: str | None = None,
        time_zone: str = "UTC",
    ) -> UsageReport:
        """Usage from `since` up to, not including, `until` (UTC; see `report.time_range`), in all and by one criterion."""
        return await self._read_apart(report.build, since, until, by, user=user, time_zone=time_zone)

    async def export(self, user: str) -> dict[str, Any]:
        """All that is stored of a user (`slack:U012AB3CD`, or a plain id that only one platform's user has), as JSON data."""
        return await self._read_apart(privacy.export, user, self._clock())

    async def forget(self, user: str) -> Forgotten:
        """Remove a user's identity and words, with all cached parses (`privacy.forget`); what was spent stays in all sums."""
        forgotten = await self._write(privacy.forget, user)
        forgotten = replace(forgotten, cached_parses=forgotten.cached_parses + len(self._parses))
        self._parses.clear()
        # The write-ahead log holds pages as they were before; emptied as far as no other process is reading them.
        await self._on_thread(self._ready().empty_log)
        return forgotten

    async def info(self) -> dict[str, Any]:
        """For `aicost doctor`: where the ledger is, its schema version, its size in bytes, its number of rows."""
        store = self._ready()
        counts = await self._read(small_rows.counts)
        size = store.path.stat().st_size
        return {"path": str(store.path), "schema_version": VERSION, "bytes": size, "rows": counts}

    # The thread

    @property
    def _keep_words(self) -> bool:
        return self._retention_days > 0

    def _ready(self) -> Store:
        if self._store is None:
            raise StorageError("The ledger is closed.", "Open it again.")
        return self._store

    def _open(self, data_dir: Path) -> None:
        now = self._clock()
        self._store = Store(data_dir, now)
        try:
            self._store.tidy(now, self._retention_days)
        except StorageError as error:
            if self._store.suspect:
                self._store.close()
                self._store = Store(data_dir, now)  # looks closely, and sets a damaged file aside
            else:
                # Tidying waits for the next start: another program's lock must not cost this process its ledger.
                self._store.notices.append(str(error))
                logger.warning("%s", error)

    async def _write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        self._ready()
        assert self._writes is not None, "made with the store"
        return await self._writes.write(lambda connection: work(connection, *args, **kwargs))

    async def _write_durably(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        self._ready()
        assert self._writes is not None, "made with the store"
        return await self._writes.write(lambda connection: work(connection, *args, **kwargs), durable=True)

    async def _read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        store = self._ready()
        return await self._on_thread(lambda: store.read(work, *args, **kwargs))

    async def _read_apart(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        store = self._ready()
        return await asyncio.to_thread(lambda: store.read_apart(work, *args, **kwargs))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            future = self._thread.submit(work)
        except RuntimeError as error:
            raise StorageError("The ledger is closed.", "Open it again.") from error
        # Shielded: a settled call must reach the disk although the question's task is cancelled.
        return await asyncio.shield(asyncio.wrap_future(future))
