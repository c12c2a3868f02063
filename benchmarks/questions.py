"""One question in the running program: reading it and answering it, over the whole question set of the tests."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import percentile, say

FOLDER = Path("tests/questions")
ROUNDS = 3


def conversations() -> list[list[str]]:
    """The question set: the turns of each conversation."""
    return [
        json.loads(line)["turns"]
        for path in sorted(FOLDER.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def single_questions() -> list[str]:
    """The questions that stand alone."""
    return [turns[0] for turns in conversations() if len(turns) == 1]


def main(data_dir: Path) -> None:
    """Print how long a question takes."""
    from bot.answering.dispatch import answer_questions
    from bot.parsing.local import LocalParser
    from bot.settings import Settings
    from knowledge.base import KnowledgeBase

    asked = conversations()
    settings = Settings(data_dir=data_dir)
    logging.disable()
    with KnowledgeBase.open(data_dir) as knowledge:
        parser = LocalParser(knowledge)

        def seconds_of_each() -> list[tuple[float, float]]:
            """Of the processor, and by the clock."""
            taken = []
            for turns in asked:
                previous = None
                for turn in turns:
                    started, began = time.perf_counter(), time.thread_time()
                    parse = parser.parse(turn, previous)
                    answer_questions(
                        parse.questions, knowledge, settings, datetime.now(UTC), None, parse.notes
                    )
                    taken.append((time.thread_time() - began, time.perf_counter() - started))
                    previous = parse.questions[0] if parse.questions[0].kind != "out_of_scope" else previous
            return taken

        first = seconds_of_each()
        rounds = [seconds_of_each() for _ in range(ROUNDS)]
    logging.disable(logging.NOTSET)
    warm = [
        (min(cpu for cpu, _ in taken), min(clock for _, clock in taken))
        for taken in zip(*rounds, strict=True)
    ]
    say(f"\none question read and answered, {len(first):,} turns of the question set (milliseconds):")
    for name, taken in (("asked for the first time", first), (f"again, the least of {ROUNDS}", warm)):
        for unit, times in zip(("of the processor", "by the clock"), zip(*taken, strict=True), strict=True):
            shares = ", ".join(
                f"p{share} {percentile(times, share / 100) * 1e3:.2f}" for share in (50, 90, 99)
            )
            say(f"  {name}, {unit}: {shares}, longest {max(times) * 1e3:.0f}")
