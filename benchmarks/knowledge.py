"""Opening the knowledge base, and what it finds in a second: names as people write them, and facts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measuring import least_seconds, say

SPELLINGS = Path("tests/knowledge/name_spellings.jsonl")
FACT_QUESTIONS = Path("tests/knowledge/fact_questions.jsonl")
ROUNDS = 5


def main(data_dir: Path) -> None:
    """Print the figures of the knowledge base."""
    from knowledge.base import KnowledgeBase
    from knowledge.catalogue import Catalogue

    opening = least_seconds(lambda: KnowledgeBase.open(data_dir).close())
    say(f"\nopening the knowledge base, with the check that it is whole and fresh: {opening * 1e3:.1f} ms")
    spellings = _texts(SPELLINGS, "spelling")
    questions = _texts(FACT_QUESTIONS, "question")
    with KnowledgeBase.open(data_dir) as knowledge:
        # A new catalogue each time, since one remembers what it was asked.
        names = min(_seconds(Catalogue(knowledge.connection).resolve, spellings) for _ in range(ROUNDS))
        facts = min(_seconds(knowledge.facts.search, questions) for _ in range(ROUNDS))
    say(f"names resolved: {len(spellings) / names:,.0f} a second ({len(spellings)} spellings)")
    say(f"facts searched: {len(questions) / facts:,.0f} a second ({len(questions)} questions)")


def _texts(path: Path, key: str) -> list[str]:
    return [json.loads(line)[key] for line in path.read_text(encoding="utf-8").splitlines()]


def _seconds(find: Callable[[str], object], texts: Sequence[str]) -> float:
    find(texts[0])  # what is loaded at first use is no search
    started = time.perf_counter()
    for text in texts:
        find(text)
    return time.perf_counter() - started
