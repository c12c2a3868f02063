"""Documents of the operator: kept apart from the facts, found and quoted word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
from fact_base import connection

from knowledge.documents import Documents
from knowledge.errors import KnowledgeError, UnknownNameError, UsageError
from knowledge.facts import FactBase, FactHit


def answers(hits: list[FactHit]) -> list[str]:
    return [hit.passage.quote for hit in hits if hit.passage and hit.confident]


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_a_document_is_kept_listed_found_and_forgotten(facts: FactBase, memo: Path) -> None:
    added = facts.add_document(str(memo))
    assert (added.title, added.kind, added.location) == ("Acme AI budget memo", "markdown", str(memo))
    assert added.passages > 0
    assert facts.documents() == [added]
    assert answers(facts.search("how much did Acme lose in 2025"))
    assert facts.remove_document(added.id) == added
    assert facts.documents() == []
    assert answers(facts.search("how much did Acme lose in 2025")) == []


def test_adding_again_replaces(facts: FactBase, memo: Path) -> None:
    first = facts.add_document(str(memo))
    memo.write_text("# Acme memo\n\nAcme lost $4 million on AI in 2025.")
    second = facts.add_document(str(memo))
    assert second.id == first.id
    assert facts.documents() == [second]
    assert answers(facts.search("how much did Acme lose in 2025")) == ["Acme lost $4 million on AI in 2025."]


def test_a_failed_addition_leaves_what_was_there(facts: FactBase, memo: Path) -> None:
    first = facts.add_document(str(memo))
    memo.write_bytes(b"\0\1\2" * 100)
    with pytest.raises(UsageError):
        facts.add_document(str(memo))
    assert facts.documents() == [first]


def test_another_process_sees_what_is_added_and_a_store_that_is_replaced(
    tmp_path: Path, facts: FactBase, memo: Path
) -> None:
    reader = FactBase(connection(), lambda: Documents(tmp_path))
    assert reader.documents() == []
    facts.add_document(str(memo))
    assert answers(reader.search("how much did Acme lose in 2025"))
    (tmp_path / "documents.db").unlink()
    assert reader.documents() == []


def test_unknown_document(facts: FactBase) -> None:
    with pytest.raises(UnknownNameError, match="d0"):
        facts.remove_document("d0")


def test_a_damaged_store_never_stops_the_facts(tmp_path: Path) -> None:
    (tmp_path / "documents.db").write_bytes(b"this is no database" * 100)
    facts = FactBase(connection(), lambda: Documents(tmp_path))
    assert facts.search("openai loss 2024")[0].confident
    with pytest.raises(KnowledgeError, match="documents"):
        facts.documents()


def test_without_documents_adding_says_so() -> None:
    with pytest.raises(KnowledgeError, match="without documents"):
        FactBase(connection()).add_document("x.md")


# --- finding ----------------------------------------------------------------------------------------------------------


def test_a_quote_is_word_for_word_with_its_source(facts: FactBase, memo: Path) -> None:
    facts.add_document(str(memo))
    hit = facts.search("what do we pay Nebius for H100s")[0]
    assert hit.confident
    assert hit.passage is not None
    assert "We rent 16 H100 GPUs from Nebius at $2.10 per GPU-hour until June 2027." in hit.passage.quote
    assert hit.passage.heading == "GPU contracts"
    assert hit.passage.source.title == "Acme AI budget memo"
    assert hit.passage.source.publisher == str(memo)


@pytest.mark.parametrize(
    "question",
    [
        "how much did Acme lose in 2019",
        "how much did Umbrella lose in 2025",
        "how much did OpenAI lose in 2025",
        "what do we pay Nebius for B200s",
        "acme revenue 2025",
    ],
)
def test_a_passage_of_another_name_year_or_measure_does_not_answer(
    facts: FactBase, memo: Path, question: str
) -> None:
    facts.add_document(str(memo))
    assert answers(facts.search(question)) == []


def test_synonyms_hold_in_documents(facts: FactBase, memo: Path) -> None:
    facts.add_document(str(memo))
    assert answers(facts.search("Acme deficit 2025"))
    assert answers(facts.search("wieviel Verlust hat Acme 2025 gemacht"))


def test_facts_stay_first_where_both_answer(facts: FactBase, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("Analysts say that OpenAI had a loss of $5.1 billion in 2024.")
    facts.add_document(str(path))
    hits = facts.search("openai loss 2024", limit=20)
    assert hits[0].fact is not None
    assert answers(hits) == ["Analysts say that OpenAI had a loss of $5.1 billion in 2024."]


def test_documents_do_not_tear_apart_sources_that_disagree(facts: FactBase, memo: Path) -> None:
    alone = [hit.fact.id for hit in facts.search("how much did OpenAI lose in 2024?") if hit.fact]
    facts.add_document(str(memo))
    beside = [hit.fact.id for hit in facts.search("how much did OpenAI lose in 2024?", limit=12) if hit.fact]
    assert beside[:8] == alone[:8]
