"""What a person at a terminal waits for: whole processes from cold beside genai-prices' own command, their memory, and a stream.

Processor time (of the process and of the system for it) is compared, because waiting for a busy machine is no work of either; the
clock's time stands beside it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring import say
from benchmarks.questions import single_questions

ROUNDS = 15
STREAMED = (3_000, 30_000)
"""Lines of the streams; what a line leaves behind would show in the memory of the longer one."""
THEIRS = "genai-prices calc"
PACKAGES = ("adapters", "bot", "knowledge")


class Run(NamedTuple):
    """One process: seconds by the clock, seconds of processor time, peak megabytes, and its exit status."""

    wall: float
    cpu: float
    megabytes: float
    status: int


def main(data_dir: Path) -> None:
    """Print the figures of whole processes; leaves a knowledge base in `data_dir`."""
    environment = {**os.environ, "AICOST_DATA_DIR": str(data_dir), "AICOST_PARSER": "local"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled; ours shall be too
    subprocess.run([sys.executable, "-m", "compileall", "-q", *PACKAGES], env=environment, check=True)
    built = _run([*_command("aicost"), "kb", "build"], environment)
    say(f"\nkb build from nothing: {built.wall:.1f} s, {built.megabytes:.0f} MB")
    _cold(environment)
    _stream(environment, data_dir / "questions.jsonl")


def _command(name: str) -> list[str]:
    """The console script beside this interpreter."""
    script = shutil.which(name, path=str(Path(sys.executable).parent))
    if script is None:
        raise SystemExit(f"{name} is not installed beside {sys.executable}; run `make bench`")
    return [script]


def _cold(environment: Mapping[str, str]) -> None:
    commands = {
        THEIRS: [
            *_command("genai-prices"),
            "calc",
            "--input-tokens",
            "500",
            "--output-tokens",
            "200",
            "gpt-4o",
        ],
        "aicost ask": [*_command("aicost"), "ask", "10k requests a day, 500 in / 200 out, gpt-4o"],
        "aicost price gpt-4o": [*_command("aicost"), "price", "gpt-4o"],
        "aicost facts": [*_command("aicost"), "facts", "openai loss 2024"],
        "python, asyncio and click alone": [sys.executable, "-c", "import asyncio, click"],
    }
    runs: dict[str, list[Run]] = {}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            runs.setdefault(name, []).append(_run(command, environment))
    say(f"\ncold start of a whole process, the least of {ROUNDS} taken in turns:")
    say(f"  {'':32}  processor   ratio    clock   ratio   memory")
    their_cpu = min(run.cpu for run in runs[THEIRS])
    their_wall = min(run.wall for run in runs[THEIRS])
    for name, taken in runs.items():
        if any(run.status for run in taken):
            say(f"  {name:32}  does not work here; run it to see why")
            continue
        cpu, wall = min(run.cpu for run in taken), min(run.wall for run in taken)
        memory = max(run.megabytes for run in taken)
        say(
            f"  {name:32}  {cpu:7.3f} s  {cpu / their_cpu:6.2f}  {wall:5.3f} s  {wall / their_wall:6.2f}  {memory:4.0f} MB"
        )


def _stream(environment: Mapping[str, str], file: Path) -> None:
    say("\naicost ask --stdin, every question put on the books, start included:")
    for lines_in_all in STREAMED:
        with file.open("w", encoding="utf-8") as lines:
            for question in islice(_without_end(), lines_in_all):
                lines.write(json.dumps({"turns": [question]}) + "\n")
        run = _run([*_command("aicost"), "ask", "--stdin"], environment, file)
        if run.status:
            say(f"  {lines_in_all:6,} lines: ended with {run.status}; run it to see why")
            continue
        say(
            f"  {lines_in_all:6,} lines: {lines_in_all / run.wall:,.0f} a second;"
            f" {run.cpu / lines_in_all * 1e3:.2f} ms of processor time each; {run.megabytes:.0f} MB"
        )


def _without_end() -> Iterator[str]:
    """The questions that stand alone, again and again; where they have numbers, with others each time, as nobody asks the same."""
    asked = single_questions()
    for turn in count():
        for question in asked:
            yield _with_other_numbers(question, turn)


def _with_other_numbers(question: str, more: int) -> str:
    return _COUNT.sub(lambda match: str(int(match.group()) + more), question)


_COUNT = re.compile(r"(?<![\w.,$€£-])(?!19\d\d|20\d\d)[1-9]\d{1,3}(?![\w.,-])")
"""A number that is neither a year nor part of a name, a date or another number."""


def _run(command: Sequence[str], environment: Mapping[str, str], stdin: Path = Path(os.devnull)) -> Run:
    with stdin.open("rb") as source:
        started = time.perf_counter()
        child = subprocess.Popen(
            command, env=environment, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    per_megabyte = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_megabyte, child.returncode)
