"""`aicost serve` as a process of its own, and any other `aicost` command as one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import aiohttp
from servers.fake_discord import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
"""Seconds after which a process that does not do what it should has failed; no measure of speed."""


class Serving:
    """One `aicost serve` process; `log` grows as it writes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, **settings: str) -> Serving:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "AICOST_PORT": "0", **settings}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "adapters.terminal.main", "serve"),
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        return cls(process)

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.lines.append(line.decode().rstrip("\n"))
            print("serve:", self.lines[-1])  # shown when a test fails

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    async def url(self) -> str:
        """Where it listens, once it does."""
        await eventually(lambda: " listening on " in self.log, PATIENCE)
        return next(line for line in self.lines if " listening on " in line).rpartition(" ")[2]

    async def ready(self) -> None:
        """Wait for 200 from /readyz."""
        async with asyncio.timeout(PATIENCE):
            while (await self.get("/readyz"))[0] != 200:  # noqa: ASYNC110  # another process's state
                await asyncio.sleep(0.05)

    async def get(self, path: str) -> tuple[int, Any]:
        async with aiohttp.ClientSession(await self.url()) as session, session.get(path) as response:
            return response.status, await (response.json() if path != "/metrics" else response.text())

    async def status(self) -> int:
        """The exit status, once the process has ended."""
        async with asyncio.timeout(PATIENCE):
            status = await self._process.wait()
            await self._reader
        return status

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def end(self) -> int:
        self.send(signal.SIGTERM)
        return await self.status()

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.status()


async def aicost(*arguments: str, stdin: str = "", **settings: str) -> str:
    """What one command prints; it must end with status 0."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "adapters.terminal.main", *arguments),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **settings},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate(stdin.encode())
    assert process.returncode == 0, err.decode()
    return out.decode()


def answers(data_dir: Path) -> list[dict[str, Any]]:
    """The queries of a ledger that have an answer, as any other program sees them."""
    with contextlib.closing(sqlite3.connect(data_dir / "ledger.db")) as ledger:
        ledger.row_factory = sqlite3.Row
        return [dict(row) for row in ledger.execute("SELECT * FROM queries WHERE answer IS NOT NULL")]
