"""Facts are found the way people ask for them, and never under another name or year."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from fact_base import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import UnknownNameError
from knowledge.facts import FactBase, FactHit

QUESTIONS = [
    json.loads(line) for line in (Path(__file__).parent / "fact_questions.jsonl").read_text().splitlines()
]
ANSWERED = [entry for entry in QUESTIONS if "expected" in entry]
UNANSWERABLE = [entry["question"] for entry in QUESTIONS if entry.get("confident") is False]


@pytest.fixture(scope="module")
def facts() -> FactBase:
    return FactBase(connection())


def ids(hits: list[FactHit]) -> list[str]:
    return [hit.fact.id for hit in hits if hit.fact]


@dataclass
class Score:
    first: int = 0
    in_three: int = 0
    answered: int = 0


def test_retrieval_on_our_own_questions(facts: FactBase, capsys: pytest.CaptureFixture[str]) -> None:
    score = Score()
    missed = []
    for entry in ANSWERED:
        hits = facts.search(entry["question"])
        found, expected = ids(hits), set(entry["expected"])
        score.first += bool(found) and found[0] in expected
        score.in_three += bool(expected.intersection(found[:3]))
        score.answered += bool(hits) and hits[0].confident
        if not expected.intersection(found[:1]):
            missed.append(f"  {entry['question']!r}: {found[:3]}")
    total = len(ANSWERED)
    with capsys.disabled():
        print(
            f"\nfacts: {total} questions, right first {score.first / total:.1%}, in the first three {score.in_three / total:.1%}"
        )
        print(f"facts: the first hit is confident for {score.answered / total:.1%}", *missed, sep="\n")
    assert total >= 100
    assert score.first / total >= 0.90
    assert score.in_three / total >= 0.97
    assert score.answered / total >= 0.90


def test_questions_without_an_answer_get_no_confident_hit(facts: FactBase) -> None:
    assert len(UNANSWERABLE) >= 20
    wrong = {
        question: ids([hit for hit in facts.search(question) if hit.confident]) for question in UNANSWERABLE
    }
    assert {question: found for question, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    "entry", [entry for entry in ANSWERED if "together" in entry], ids=lambda entry: entry["question"]
)
def test_sources_that_disagree_come_out_together(facts: FactBase, entry: dict[str, list[str]]) -> None:
    found = ids(facts.search(str(entry["question"])))
    assert set(entry["together"]) <= set(found[: len(entry["together"]) + 2])


def test_the_loss_of_2024_keeps_both_measures_and_their_hedges(facts: FactBase) -> None:
    hits = [
        hit
        for hit in facts.search("how much did OpenAI lose in 2024?")
        if hit.confident and hit.fact and hit.fact.value
    ]
    found = [(hit.fact.value, hit.fact.qualifier) for hit in hits if hit.fact]
    assert (Decimal(5_000_000_000), "projected") in found
    assert (Decimal(8_780_000_000), "reported") in found
    assert found[0][0] == 5_000_000_000
    assert {hit.fact.period for hit in hits if hit.fact} == {"2024"}


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("how much does Google spend", ["Alphabet (Google)"]),
        ("Zuckerberg's Facebook", ["Meta", "Meta"]),
        ("Musk's xAI", ["xAI", "xAI"]),
        ("Altman on OpenAI", ["Sam Altman", "OpenAI"]),
        ("DeepSeek v3 and deepseek-r1", ["DeepSeek-V3", "DeepSeek-R1"]),
        ("gpt4, GPT-4 and gpt 4", ["GPT-4", "GPT-4", "GPT-4"]),
        ("GPT-4.5 is not GPT-4o", ["GPT-4.5", "GPT-4o"]),
        ("llama 3.1 405b", ["Llama 3.1 405B"]),
        ("llama 3.1 in 2024", ["Llama 3.1"]),
        ("chat gpt's energy", ["ChatGPT"]),
        ("open ai", ["OpenAI"]),
        ("what does taylor say", ["Bret Taylor"]),
        # known families, unknown members
        ("GPT-5 and gpt-4 turbo", []),
        ("Llama 3.2", []),
        ("claude opus 4.5", []),
        ("DeepSeek V3.2", []),
        # nobody's names
        ("Apple and Tesla", []),
        ("an openair concert", []),
        ("GPUs are for others to find: H100 on AWS", []),
        ("", []),
    ],
)
def test_subjects_in(facts: FactBase, text: str, subjects: list[str]) -> None:
    assert [subject for _, _, subject in facts.subjects_in(text)] == subjects


def test_subjects_come_with_their_place(facts: FactBase) -> None:
    text = "So: how much did OpenAI's rival Anthropic lose?"
    assert [text[start:end] for start, end, _ in facts.subjects_in(text)] == ["OpenAI", "Anthropic"]


def test_names_that_no_fact_knows_are_reported(facts: FactBase) -> None:
    assert facts.read("how much did GPT-7 and Apple cost").unknown == ("GPT-7", "Apple")


def test_a_slip_of_the_pen_is_mended_and_said(facts: FactBase) -> None:
    reading = facts.read("antropic revenue")
    assert (reading.subjects, reading.corrected) == (("Anthropic",), ("Anthropic",))


def test_what_the_caller_knows_counts_as_if_it_were_said(facts: FactBase) -> None:
    hits = facts.search("how much did they lose", subjects=["OpenAI"], periods=["2024"])
    assert hits[0].confident
    assert hits[0].fact is not None
    assert (hits[0].fact.subject, hits[0].fact.period) == ("OpenAI", "2024")
    assert not any(hit.confident for hit in facts.search("how much did they lose"))


def test_a_name_that_the_caller_gives_and_no_fact_knows_is_unknown(facts: FactBase) -> None:
    assert facts.read("loss in 2024", subjects=["Umbrella Corp"]).unknown == ("Umbrella Corp",)
    assert not any(hit.confident for hit in facts.search("openai loss 2024", subjects=["Umbrella Corp"]))


def test_another_year_is_never_an_answer(facts: FactBase) -> None:
    hits = facts.search("openai revenue 2024", limit=50)
    assert {hit.fact.period for hit in hits if hit.fact and hit.confident} == {"2024"}


def test_a_part_of_the_year_is_an_answer_that_says_which(facts: FactBase) -> None:
    confident = ids([hit for hit in facts.search("anthropic revenue 2026") if hit.confident])
    assert {"anthropic-2026q1-revenue", "anthropic-2026q2-revenue"} <= set(confident)


def test_every_fact_is_found_by_its_own_subject_and_metric(facts: FactBase) -> None:
    lost = [
        fact.id
        for fact in facts.all()
        if fact.id not in ids(facts.search(f"{fact.subject} {fact.metric} {fact.period or ''}", limit=10))
    ]
    assert lost == []


def test_limit(facts: FactBase) -> None:
    assert len(facts.search("openai", limit=3)) == 3
    assert facts.search("", limit=3) == []
    assert facts.search("??? !!!") == []


def test_get_and_all(facts: FactBase) -> None:
    fact = facts.get("openai-2024-net-loss")
    assert fact.value == Decimal(5_000_000_000)
    assert fact.source.id == fact.id
    assert fact in facts.all()
    with pytest.raises(UnknownNameError):
        facts.get("openai-1999")


def test_amounts_are_exact(facts: FactBase) -> None:
    assert facts.get("deepseek-v3-tokens").value == Decimal(14_800_000_000_000)
    assert facts.get("gpt-3-training-flops").value == Decimal("3.14e23")
    assert facts.get("aws-a100-80-2026-11").value == Decimal("3.4309")


def test_several_threads_may_search_at_once() -> None:
    facts = FactBase(connection())
    results: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: results.append(ids(facts.search("deepseek v3 training cost"))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert all(result == results[0] and result for result in results)


words = st.sampled_from(
    [
        "OpenAI",
        "how",
        "much",
        "lose",
        "2024",
        '"',
        "OR",
        "NEAR(",
        "*",
        "gpt-4",
        "H100",
        "8x",
        "-",
        ":",
        "é",
        "kosten",
        "'s",
        "^",
        "a" * 90,
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(words, max_size=30).map(" ".join)))
def test_no_text_makes_a_search_fail(text: str) -> None:
    hits = _shared.search(text)
    assert len(hits) <= 10
    assert not any(hit.confident for hit in hits) or hits[0].confident


_shared = FactBase(connection())


def test_names_side_by_side_are_answered_in_turns(facts: FactBase) -> None:
    found = facts.search("compare OpenAI and Anthropic revenue")
    assert [hit.fact.subject for hit in found[:4] if hit.fact] == [
        "OpenAI",
        "Anthropic",
        "OpenAI",
        "Anthropic",
    ]


def test_the_latest_leads_where_no_time_is_named(facts: FactBase) -> None:
    first = [facts.search(question)[0].fact for question in ("openai revenue", "what is anthropic's revenue")]
    assert [fact.period for fact in first if fact] == ["2025", "2026-Q1"]
    latest = facts.search("what's openai's latest revenue")[0].fact
    assert latest is not None
    assert latest.period == "2026-Q1"


@pytest.mark.parametrize("text", ["groq 1,500 gpt-5-mini", "claude or 300 gpt-4o", "vs", "gemini, , and"])
def test_names_of_which_no_fact_speaks_are_searched_like_others(facts: FactBase, text: str) -> None:
    assert isinstance(facts.search(text, limit=3), list)
