"""What a person at a terminal waits for: cold starts of whole processes beside genai-prices, memory, and questions a second.

Run with `make bench`. Each cold start is the median of several processes, taken in turns with the other's, so that a busy machine
slows both alike.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 9
QUESTIONS = 3000

AICOST = [sys.executable, "-c", "from adapters.terminal.main import main; main()"]
PRICED_BY_GENAI = (
    "from genai_prices import Usage, calc_price; "
    "print(calc_price(Usage(input_tokens=500, output_tokens=200), 'gpt-4o').total_price)"
)
COLD = {
    "aicost ask": [*AICOST, "ask", "10k requests a day, 500 in / 200 out, gpt-4o"],
    "aicost price": [*AICOST, "price", "gpt-4o"],
    "genai-prices, as a library": [sys.executable, "-c", PRICED_BY_GENAI],
    "genai-prices calc": [
        *[sys.executable, "-c", "from genai_prices._cli import cli; cli()"],
        *["calc", "gpt-4o", "--input-tokens", "500", "--output-tokens", "200"],
    ],
}

ASKED = (
    "10k requests a day, 500 in / 200 out, gpt-4o",
    "price of claude sonnet 4.5",
    "cheapest model with 200k context for 2M tokens a day?",
    "how much did OpenAI lose in 2024?",
    "compare gpt-4o and gpt-4o-mini for 1M tokens in",
    "what is the weather",
)


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "AICOST_DATA_DIR": folder, "AICOST_PARSER": "local"}
        started = time.perf_counter()
        _run([*AICOST, "kb", "build"], environment)
        _say(f"kb build from nothing: {time.perf_counter() - started:.2f} s")
        _say(f"\ncold start of a whole process, median of {ROUNDS} (seconds), and peak memory (MB):")
        for name, (seconds, megabytes) in _cold_starts(environment).items():
            _say(f"  {name:<28} {seconds:.3f} s   {megabytes:4.0f} MB")
        rate, megabytes = _stream(environment)
        _say(
            f"\naicost ask --stdin: {rate:,.0f} questions a second ({QUESTIONS:,} questions, start included), {megabytes:.0f} MB"
        )


def _cold_starts(environment: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Median seconds and peak megabytes of each command that runs here."""
    runs: dict[str, list[tuple[float, float]]] = {}
    able = [name for name, command in COLD.items() if "aicost" in name or _works(command, environment)]
    for _ in range(ROUNDS):
        for name in able:
            runs.setdefault(name, []).append(_run(COLD[name], environment))
    return {
        name: (statistics.median(s for s, _ in taken), max(m for _, m in taken))
        for name, taken in runs.items()
    }


def _works(command: Sequence[str], environment: dict[str, str]) -> bool:
    """Whether the command can run at all; genai-prices' own needs an extra that may not be installed."""
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def _run(
    command: Sequence[str], environment: dict[str, str], source: Path = Path(os.devnull)
) -> tuple[float, float]:
    """Seconds and peak megabytes of one process."""
    with source.open("rb") as stdin:
        started = time.perf_counter()
        child = subprocess.Popen(
            command, env=environment, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode == 2:
        raise SystemExit(f"{' '.join(command)} does not work here; run it to see why")
    per_megabyte = 1024 * 1024 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss / per_megabyte


def _stream(environment: dict[str, str]) -> tuple[float, float]:
    """Questions a second through one process, and its peak megabytes."""
    lines = Path(environment["AICOST_DATA_DIR"]) / "questions.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        for number in range(QUESTIONS):
            file.write(json.dumps({"turns": [ASKED[number % len(ASKED)]]}) + "\n")
    seconds, megabytes = _run([*AICOST, "ask", "--stdin"], environment, lines)
    return QUESTIONS / seconds, megabytes


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
