"""A budget under load: 200 questions at once against a budget for 20 calls, aicost beside litellm's proxy.

Run with `python -m benchmarks.budgets [LITELLM]` in the repository's folder; LITELLM is the executable of an installation of
`litellm[proxy]` (by default the one on the path; without one, only aicost is measured). Everything stays on loopback: a server that
answers each call after a moment and reports the same usage, so that what was spent is known exactly. The budget has room for 20
calls as they are billed, the last one's upper bound included. A second wave of 200 follows when the first is over.

litellm's proxy is asked in the two ways in which it holds a budget without a database: a budget of a deployment, and a budget of a
key (given by a custom authentication), for which it reserves.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.measuring import say
from bot.messages import Message
from bot.parsing.llm.dialect import Dialect
from bot.parsing.llm.parser import FORM
from bot.router import Router
from bot.settings import Settings
from bot.spend.calls import CallUsage
from bot.spend.own_price import OPENAI_BASE_URL, OwnPrice
from bot.spend.token_bounds import input_bound
from knowledge.base import KnowledgeBase

sys.path.append("tests")
from servers.openai_server import OpenAIServer, Reply, says

AT_ONCE = 200
ROOM_FOR = 20
MODEL = "gpt-4o-mini"
QUESTION = "our nurses dictate and some of it comes back, station {}, on gpt-4o"
USAGE = {"prompt_tokens": 650, "completion_tokens": 53, "total_tokens": 703}
"""Tokens of each call; the mean of a parse."""
SECONDS = 0.3
"""What the server takes for a call."""
KEY = "sk-of-the-benchmark-0123456789abcdef0123456789abcdef"
OUTPUT_LIMIT = Dialect.first_guess(MODEL).output_limit(FORM.output_tokens)

Ask = Callable[[int], Awaitable[bool]]


@dataclass(frozen=True)
class Budget:
    """USD: what a call is billed, what it may cost at most, and what 20 of them need."""

    billed: Decimal
    bound: Decimal

    @property
    def limit(self) -> Decimal:
        return (ROOM_FOR - 1) * self.billed + self.bound


class _OnlyTheLibraryError(Exception):
    """There is no litellm, or one without what its proxy needs."""


class Calls(OpenAIServer):
    """Answers everything alike, and forgets what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def next_reply(self, body: dict[str, Any]) -> Reply:
        self.count += 1
        self.requests.clear()
        return says({"kind": "out_of_scope"}, usage=USAGE, delay=SECONDS)


def main() -> None:
    """Print what each does with its budget."""
    executable = sys.argv[1] if len(sys.argv) > 1 else shutil.which("litellm")
    with Calls() as server, tempfile.TemporaryDirectory() as folder:
        budget = _budget(Path(folder))
        say(
            f"{AT_ONCE} questions at once, twice; the budget of ${budget.limit:f} has room for {ROOM_FOR} calls"
        )
        asyncio.run(_ours(server, budget, Path(folder)))
        try:
            for name, configure in (("its deployment's budget", _deployment), ("its key's budget", _key)):
                if executable is None:
                    raise _OnlyTheLibraryError
                with _proxy(
                    executable, Path(folder), configure(server.base_url, budget, Path(folder))
                ) as url:
                    asyncio.run(_theirs(f"litellm, {name}", url, server, budget))
        except _OnlyTheLibraryError:
            say(
                "litellm's proxy: not installed (pip install 'litellm[proxy]'; give its executable as an argument)"
            )


def _budget(folder: Path) -> Budget:
    with KnowledgeBase.open(folder) as knowledge:
        price = OwnPrice(OPENAI_BASE_URL, MODEL, knowledge)
        billed = price.price(CallUsage(input_tokens=650, output_tokens=53)).cost
        messages = FORM.messages(_data(AT_ONCE), Dialect.first_guess(MODEL))
        most = input_bound(messages, {"response_format": FORM.response_format})
        bound = price.price(CallUsage(input_tokens=most, output_tokens=OUTPUT_LIMIT)).cost
    assert billed is not None
    assert bound is not None
    return Budget(billed, bound)


def _data(number: int) -> str:
    """A user message of the parser's size."""
    return json.dumps({"question": QUESTION.format(number), "models": ["gpt-4o"], "previous": None})


async def _ours(server: Calls, budget: Budget, folder: Path) -> None:
    settings = Settings(
        data_dir=folder,
        parser="llm",
        llm_base_url=server.base_url,
        llm_model=MODEL,
        llm_timeout=60,
        budget_day_usd=budget.limit,
    )
    router = await Router.open(settings)

    async def ask(number: int) -> bool:
        reply = await router.ask(Message(platform="terminal", text=QUESTION.format(number)))
        return reply.answer is not None and reply.answer.spend.llm_calls > 0

    try:
        await _measure("aicost", ask, server, budget)
        totals = (await router.ledger.report()).totals
        say(f"    its ledger: {totals.llm_calls} calls, ${totals.cost_usd:f}; every question was answered")
    finally:
        await router.close()


async def _theirs(name: str, url: str, server: Calls, budget: Budget) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(120)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session:

        async def ask(number: int) -> bool:
            body = {
                "model": MODEL,
                "max_tokens": OUTPUT_LIMIT,
                "messages": FORM.messages(_data(number), Dialect.first_guess(MODEL)),
                "response_format": FORM.response_format,
            }
            async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                await response.read()
                return response.status == 200

        await _measure(name, ask, server, budget)


async def _measure(name: str, ask: Ask, server: Calls, budget: Budget) -> None:
    before = server.count
    waves = []
    for wave in range(2):
        numbers = range(wave * AT_ONCE, (wave + 1) * AT_ONCE)
        waves.append(sum(await asyncio.gather(*(ask(number) for number in numbers))))
        await asyncio.sleep(2.0)  # litellm books a call after it has answered
    calls = server.count - before
    spent = calls * budget.billed
    words = (
        f"{spent / budget.limit:.1f} times the budget"
        if spent > budget.limit
        else f"${budget.limit - spent:f} left, room for {(budget.limit - spent) / budget.billed:.0f} more as billed"
        if budget.limit - spent >= budget.bound
        else "exact: what is left is less than one call may cost"
    )
    say(f"  {name:<32} {calls:3} calls ({waves[0]} + {waves[1]} let through), ${spent:f} spent: {words}")


# ---- litellm's proxy -------------------------------------------------------------------------------------------------


def _deployment(server_url: str, budget: Budget, folder: Path) -> dict[str, Any]:
    config = _config(server_url)
    config["model_list"][0]["litellm_params"] |= {"max_budget": float(budget.limit), "budget_duration": "1d"}
    config["general_settings"] = {"master_key": KEY}
    return config


def _key(server_url: str, budget: Budget, folder: Path) -> dict[str, Any]:
    (folder / "of_the_key.py").write_text(
        "from litellm.proxy._types import UserAPIKeyAuth\n\n\nasync def key(request, api_key):\n"
        f'    return UserAPIKeyAuth(api_key=api_key, token="k", max_budget={float(budget.limit)!r}, spend=0.0)\n',
        encoding="utf-8",
    )
    general = {"master_key": KEY, "custom_auth": "of_the_key.key", "custom_auth_run_common_checks": True}
    return {**_config(server_url), "general_settings": general}


def _config(server_url: str) -> dict[str, Any]:
    parameters = {"model": f"openai/{MODEL}", "api_base": server_url, "api_key": "sk-none"}
    return {
        "model_list": [{"model_name": MODEL, "litellm_params": parameters}],
        "litellm_settings": {"telemetry": False, "num_retries": 0},
    }


@contextmanager
def _proxy(executable: str, folder: Path, config: dict[str, Any]) -> Iterator[str]:
    """The address of a proxy that runs with a configuration, in a process of its own."""
    path = folder / "litellm.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [executable, "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONPATH": str(folder)}
    with (
        (folder / "litellm.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder) as process,
    ):
        try:
            _wait_for(port, process, folder / "litellm.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            said = log.read_text(encoding="utf-8")
            if "litellm[proxy]" in said:
                raise _OnlyTheLibraryError
            raise SystemExit(f"litellm's proxy ended:\n{said[-1500:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise SystemExit("litellm's proxy did not start")


if __name__ == "__main__":
    main()
