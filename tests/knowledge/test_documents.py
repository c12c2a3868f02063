"""Documents of the operator: read with limits, kept apart from the facts, found and quoted word for word."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fact_base import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.documents import Documents
from knowledge.errors import KnowledgeError, UnknownNameError, UsageError
from knowledge.facts import FactBase, FactHit
from knowledge.passages import cut, sentences
from knowledge.sources import document_text
from knowledge.sources.document_text import Section, extract, kind_of
from knowledge.sources.https_download import download, is_public

MEMO = """---
owner: finance
---
# Acme AI budget memo

## Losses
Acme lost $3.2 million on AI features in 2025, mostly on inference. The **finance team** expects $1.1 million in 2026.

## GPU contracts
We rent 16 H100 GPUs from *Nebius* at $2.10 per GPU-hour until June 2027. See [the contract](https://example.org/x).
"""
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


@pytest.fixture
def store(tmp_path: Path) -> Documents:
    return Documents(tmp_path)


@pytest.fixture
def facts(store: Documents) -> FactBase:
    return FactBase(connection(), lambda: store)


@pytest.fixture
def memo(tmp_path: Path) -> Path:
    path = tmp_path / "memo.md"
    path.write_text(MEMO)
    return path


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


# --- reading ----------------------------------------------------------------------------------------------------------


def test_html_keeps_what_is_seen() -> None:
    content = extract(HTML.encode(), "page.html")
    assert content.title == "Vendor & prices"
    assert [section.heading for section in content.sections] == ["Widget hosting", "Support"]
    text = " ".join(section.text for section in content.sections)
    assert "Widget Cloud charges $4.20 per H200 hour." in " ".join(text.split())
    for hidden in ("one million", "color", "Menu"):
        assert hidden not in text


def test_markdown_without_its_markup() -> None:
    content = extract(MEMO.encode(), "memo.md")
    assert content.title == "Acme AI budget memo"
    text = " ".join(section.text for section in content.sections)
    assert "The finance team expects" in text
    assert "the contract." in text
    assert "owner" not in text


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


# --- the network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.org/a", "only https"),
        ("ftp://example.org/a", "only https"),
        ("file:///etc/passwd", "only https"),
        ("https://", "no host"),
        ("https://user:secret@example.org/", "name and password"),
        ("https://[::1", "no web address"),
        ("https://example.org:99999/", "no web address"),
        ("https://127.0.0.1/", "private"),
        ("https://localhost/", "private"),
        ("https://2130706433/", "private"),
        ("https://0x7f.1/", "private"),
        ("https://[::ffff:127.0.0.1]/", "private"),
    ],
)
def test_addresses_that_are_never_fetched(url: str, reason: str, facts: FactBase) -> None:
    with pytest.raises(UsageError, match=reason) as error:
        facts.add_document(url)
    assert "secret" not in str(error.value)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(UsageError, match="private"):
        download("https://rebind.example/", resolve=lambda _host, _port: ["93.184.216.34", "10.0.0.1"])


def test_a_host_that_does_not_exist_or_does_not_answer() -> None:
    def missing(_host: str, _port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(UsageError, match="not found"):
        download("https://nowhere.example/", resolve=missing)
    block = threading.Event()
    with pytest.raises(UsageError, match="not found"):
        download("https://slow.example/", seconds=0.2, resolve=lambda _host, _port: [str(block.wait(5))])
    block.set()


class PlainContext:
    """Takes the place of TLS on the loopback: the bytes go as they are."""

    verify_mode = ssl.CERT_NONE
    check_hostname = False
    post_handshake_auth = None

    def wrap_socket(self, plain: socket.socket, server_hostname: str) -> socket.socket:
        assert server_hostname == "docs.example"
        return plain


@contextmanager
def server(*responses: bytes | Callable[[socket.socket], None]) -> Iterator[tuple[int, list[str]]]:
    """A server on the loopback that gives these responses in turn; yields its port and the requests it saw."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[str] = []

    def serve() -> None:
        for response in responses:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                seen.append(client.recv(65_536).decode("latin-1"))
                try:
                    if callable(response):
                        response(client)
                    else:
                        client.sendall(response)
                except OSError:
                    pass  # the client has had enough

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        listener.close()
        thread.join(5)


def fetch(port: int, path: str = "/page.html", **options: object) -> object:
    def resolve(host: str, _port: int) -> list[str]:
        return ["127.0.0.1" if host == "docs.example" else "10.0.0.1"]

    return download(
        f"https://docs.example:{port}{path}",
        resolve=resolve,
        is_allowed=lambda address: address == "127.0.0.1",
        context=PlainContext(),  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )


def ok(body: bytes, *headers: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", "Content-Type: text/html", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_page_is_fetched_from_the_address_that_was_checked() -> None:
    with server(ok(b"<p>hello</p>")) as (port, seen):
        found = fetch(port, "/a%20b?c=d#e")
    assert (found.data, found.content_type) == (b"<p>hello</p>", "text/html")
    assert seen[0].startswith("GET /a%20b?c=d HTTP/1.1\r\nHost: docs.example")
    assert "Accept-Encoding: identity" in seen[0]


def test_a_redirect_is_followed_and_checked_anew() -> None:
    with server(redirect("/other"), ok(b"there")) as (port, seen):
        found = fetch(port)
    assert found.data == b"there"
    assert found.url.endswith("/other")
    assert [line.split()[1] for line in seen] == ["/page.html", "/other"]
    for location, reason in (
        ("https://internal.example/admin", "private"),
        ("http://docs.example/", "only https"),
        ("file:///etc/passwd", "only https"),
    ):
        with server(redirect(location)) as (port, _), pytest.raises(UsageError, match=reason):
            fetch(port)


def test_redirects_end() -> None:
    with (
        server(*[redirect("/again")] * 6) as (port, _),
        pytest.raises(UsageError, match="more than 5 redirects"),
    ):
        fetch(port)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n", "larger"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3000, "larger"),
        (ok(b"x", "Content-Encoding: gzip"), "compressed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "could not be fetched"),
        (b"", "could not be fetched"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this", "broke off"),
    ],
)
def test_answers_that_are_refused(response: bytes, reason: str) -> None:
    with server(response) as (port, _), pytest.raises(UsageError, match=reason):
        fetch(port, max_bytes=2000)


def test_a_server_that_drips_is_cut_off() -> None:
    stop = threading.Event()

    def drip(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.05):
            client.sendall(b"X-Wait: 1\r\n")

    with server(drip) as (port, _):
        try:
            with pytest.raises(UsageError, match="took too long"):
                fetch(port, seconds=0.6)
        finally:
            stop.set()


def test_a_server_without_a_valid_certificate_is_refused() -> None:
    with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (port, _), pytest.raises(UsageError, match="TLS"):
        download(
            f"https://docs.example:{port}/",
            resolve=lambda _host, _port: ["127.0.0.1"],
            is_allowed=lambda _address: True,
        )
