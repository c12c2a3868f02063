"""`aicost kb add`, `list` and `remove`, and that what was added is found, quoted and cited."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Run

NOTE = """# Acme AI plan

Acme spent $1.2 million on inference in 2025. Its budget for 2026 is $2 million.

## Vendors

Acme pays Initech 40,000 dollars a month for GPU hosting.
"""
QUESTION = "how much did Acme spend on inference in 2025?"
QUOTE = "Acme spent $1.2 million on inference in 2025."


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "note.md"  # the folder in which the tests run
    path.write_text(NOTE)
    return path


def test_a_document_is_added_found_cited_listed_and_removed(aicost: Run, note: Path) -> None:
    assert aicost("facts", QUESTION).status == 1
    (added,) = aicost("kb", "add", "note.md", "--json").json
    assert added["title"] == "Acme AI plan"
    assert added["location"] == str(note)
    assert aicost("kb", "list", "--json").json == [added]

    shown = aicost("facts", QUESTION)
    assert shown.status == 0
    assert QUOTE in shown.out
    assert added["id"] in shown.out
    hit = aicost("facts", QUESTION, "--json").json[0]
    assert (hit["document"], hit["source"]["title"]) == (added["id"], "Acme AI plan")
    assert QUOTE in hit["statement"]

    answer = aicost("ask", "--json", QUESTION).json
    assert answer["status"] == "answered"
    (citation,) = answer["citations"]
    assert (citation["title"], QUOTE in citation["quote"]) == ("Acme AI plan (note.md)", True)
    assert "note.md" not in answer["headline"]

    assert aicost("kb", "remove", added["id"], "--json").json == added
    assert aicost("kb", "list", "--json").json == []
    assert aicost("ask", "--json", QUESTION).json["status"] == "not_found"


def test_the_same_for_a_person(aicost: Run, note: Path) -> None:
    assert "kb add" in aicost("kb", "list").out
    assert "Acme AI plan (2 passages)" in aicost("kb", "add", "note.md").out
    table = aicost("kb", "list").out
    assert "Acme AI plan" in table
    assert str(note) in table
    assert "Initech" in aicost("facts", "What does Acme pay Initech for GPU hosting?").out
    assert aicost("kb", "remove", "note.md").out.startswith("Removed d")


def test_a_document_outlives_the_knowledge_base(aicost: Run, note: Path) -> None:
    aicost("kb", "add", str(note))
    assert aicost("kb", "build").status == 0
    assert len(aicost("kb", "list", "--json").json) == 1


def test_one_that_cannot_be_read_leaves_the_others(aicost: Run, note: Path) -> None:
    result = aicost("kb", "add", "nothing.md", str(note), "--json")
    assert result.status == 2
    assert "nothing.md does not exist" in result.err
    assert [document["location"] for document in result.json] == [str(note)]


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/",
        "/dev/zero",
        "~nobody-of-that-name/x.md",
        "nothing.md",
        "a" * 5000,
        "picture.png",
        "http://example.org/page.html",
        "https://127.0.0.1/page.html",
        "https://[::1]/page.html",
        "https://",
        "https://me:secret@example.org/",
        "file:///etc/hostname",
    ],
    ids=lambda location: location[:30],
)
def test_what_is_no_document_is_refused_in_a_sentence(location: str, aicost: Run, tmp_path: Path) -> None:
    (tmp_path / "work" / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    result = aicost("kb", "add", location)
    assert result.status == 2
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert "inside aicost" not in result.err
    assert aicost("kb", "list", "--json").json == []


def test_a_file_name_that_is_no_utf8(aicost: Run, note: Path) -> None:
    named = "b\udcffd.md"
    note.rename(note.with_name(named))
    assert aicost("kb", "add", named).status == 0
    assert "b\N{REPLACEMENT CHARACTER}d.md" in aicost("kb", "list").out
    assert aicost("kb", "remove", named).status == 0


def test_an_unknown_document_is_named_with_what_was_meant(aicost: Run, note: Path) -> None:
    (added,) = aicost("kb", "add", str(note), "--json").json
    result = aicost("kb", "remove", added["id"][:-1])
    assert result.status == 2
    assert added["id"] in result.err
    assert len(aicost("kb", "list", "--json").json) == 1


def test_documents_that_cannot_be_kept(aicost: Run, data_dir: Path, note: Path) -> None:
    (data_dir / "documents.db").mkdir()
    result = aicost("kb", "add", str(note))
    assert result.status == 2
    assert "documents" in result.err
    assert aicost("facts", "openai loss 2024").status == 0
