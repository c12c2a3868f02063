"""Documents are read with limits, whatever they hold, and cut without losing a word."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.documents import Documents
from knowledge.errors import UsageError
from knowledge.facts import FactBase
from knowledge.passages import cut, sentences
from knowledge.sources import document_text
from knowledge.sources.document_text import Section, extract, kind_of

HTML = """<!doctype html><html><head><title>Vendor &amp; prices</title><script>var price = "one million";</script>
<style>p {color: red}</style><body><nav>Menu</nav><h1>Widget hosting</h1><p>Widget Cloud charges <b>$4.20</b> per
H200&nbsp;hour.</p><table><tr><td>setup fee</td><td>$99</td></tr></table><h2>Support</h2><p>Support costs $10.</p></body></html>"""


def pdf(text: str) -> bytes:
    """A PDF of one page with one line of text."""
    content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(data),
    )
    return data + end


def test_html_keeps_what_is_seen() -> None:
    content = extract(HTML.encode(), "page.html")
    assert content.title == "Vendor & prices"
    assert [section.heading for section in content.sections] == ["Widget hosting", "Support"]
    text = " ".join(section.text for section in content.sections)
    assert "Widget Cloud charges $4.20 per H200 hour." in " ".join(text.split())
    for hidden in ("one million", "color", "Menu"):
        assert hidden not in text


def test_markdown_without_its_markup(memo: Path) -> None:
    content = extract(memo.read_bytes(), "memo.md")
    assert content.title == "Acme AI budget memo"
    text = " ".join(section.text for section in content.sections)
    assert "The finance team expects" in text
    assert "the contract." in text
    assert "owner" not in text


def test_a_paragraph_that_is_marked_as_a_heading_is_shortened() -> None:
    content = extract(b"# " + b"word " * 300 + b"\n\nText.", "memo.md")
    assert content.title is not None
    assert len(content.title) <= 162
    assert content.title == content.sections[0].heading
    assert content.title.endswith("word …")


def test_pdf_with_its_pages() -> None:
    content = extract(pdf("Widget training cost 7 million dollars"), "report.pdf")
    assert content.kind == "pdf"
    assert [(section.page, section.text.strip()) for section in content.sections] == [
        (1, "Widget training cost 7 million dollars")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_any_common_encoding(encoding: str) -> None:
    assert (
        extract("Gebühr: 5 € für Größe".encode(encoding), "a.txt").sections[0].text == "Gebühr: 5 € für Größe"
    )


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, "picture.png", "binary"),
        (b"\x7fELF\x02\x01\x01\0" * 40, "program", "binary"),
        (b"", "empty.txt", "no text"),
        (b"   \n \n", "blank.md", "no text"),
        (b"<html><script>x()</script></html>", "a.html", "no text"),
        (b"\x1f\x8b\x08" + bytes(50), "notes.txt", "gzip"),
        (b"%PDF-1.4\n%%EOF", "broken.pdf", "cannot be read"),
        (pdf("")[:200], "half.pdf", "cannot be read"),
        (pdf(""), "scan.pdf", "scanned"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as error:
        extract(data, name)
    assert name in str(error.value)
    assert error.value.exit_status == 2


def test_a_zip_bomb_is_not_opened(tmp_path: Path, store: Documents, facts: FactBase) -> None:
    path = tmp_path / "report.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 50_000_000)
    with pytest.raises(UsageError, match="zip archive"):
        facts.add_document(str(path))
    assert not store.path.exists()


def test_a_file_of_a_gigabyte_is_refused_unread(tmp_path: Path, facts: FactBase) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    with pytest.raises(UsageError, match="larger than 10 MB"):
        facts.add_document(str(path))


def test_a_document_is_taken_whole_or_not_at_all(tmp_path: Path, facts: FactBase) -> None:
    path = tmp_path / "long.md"
    path.write_text("word " * (document_text.MAX_CHARACTERS // 5 + 1))
    with pytest.raises(UsageError, match=r"more than 3,000,000 characters"):
        facts.add_document(str(path))
    assert facts.documents() == []


def test_files_that_are_none(tmp_path: Path, facts: FactBase) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        facts.add_document(str(tmp_path / "nothing.md"))
    with pytest.raises(UsageError, match="folder"):
        facts.add_document(str(tmp_path))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="no ordinary file"):
        facts.add_document(str(pipe))


def test_a_document_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_text, "TIME_LIMIT_SECONDS", 1)
    with pytest.raises(UsageError, match="took longer than 1 seconds"):
        extract(b"<html>" + b"<!--" * 700_000, "slow.html")


def test_a_reader_that_takes_all_memory_is_an_error_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_text.sys, "executable", "/bin/false")
    with pytest.raises(UsageError, match="memory"):
        extract(b"hello", "a.txt")


def test_content_counts_before_name() -> None:
    assert kind_of(b"%PDF-1.7 ...", "notes.txt") == "pdf"
    assert kind_of(b"<!DOCTYPE html><p>x", "notes") == "html"
    assert kind_of(b"# x", "https://x.example/readme.md?raw=1") == "markdown"
    assert kind_of(b"plain", "https://x.example/", "text/html; charset=utf-8") == "html"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=5000))
def test_cutting_loses_no_word(text: str) -> None:
    passages = list(cut([Section(text)]))
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(text.split())
    assert all(len(passage.text) <= 2_100 for passage in passages)


def test_sentences() -> None:
    assert sentences("It cost $4.5 million. Nobody knew. “Why?” Ask!") == [
        "It cost $4.5 million.",
        "Nobody knew.",
        "“Why?”",
        "Ask!",
    ]
