"""Takes the text out of a document: Markdown, plain text, HTML or PDF, told apart by content before name.

Documents are foreign: a parser may be led to take hours or all memory. So `extract` runs it in a process of its own with limits
on time and memory, and nothing but text comes back. Archives (and with them Office files) are refused, not unpacked.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Literal

from knowledge.errors import UsageError

Kind = Literal["markdown", "text", "html", "pdf"]

MAX_BYTES = 10_000_000
_LONGEST_TITLE = 160
TIME_LIMIT_SECONDS = 30
MEMORY_LIMIT_BYTES = 1_000_000_000
MAX_CHARACTERS = 3_000_000
MAX_PAGES = 1_000
"""A longer document is refused: nobody is left to believe that all of it can be found."""

_ARCHIVES = {
    b"PK\x03\x04": "a zip archive (Office files are such archives, too)",
    b"PK\x05\x06": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\xd0\xcf\x11\xe0": "an old Office file",
}
_PART = "Add the part that matters as a file of its own."
_EXPORT = "Export it as PDF, HTML, Markdown or plain text and add that."


@dataclass(frozen=True, slots=True)
class Section:
    """A run of text under one heading, on one page where there are pages."""

    text: str
    heading: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class DocumentText:
    """The text of a document."""

    title: str | None
    kind: Kind
    sections: tuple[Section, ...]


def read_file(path: Path) -> bytes:
    """The bytes of a local document. Raises UsageError for what is no regular file, too large or not readable."""
    try:
        if not path.is_file():
            what = (
                "is a folder"
                if path.is_dir()
                else "is no ordinary file"
                if path.exists()
                else "does not exist"
            )
            raise UsageError(f"{path} {what}.", "Name a Markdown, text, HTML or PDF file.")
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(
                f"{path} is larger than {MAX_BYTES / 1_000_000:g} MB.",
                _PART,
            )
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)[:MAX_BYTES]
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror or error}).", "Check the name and its permissions."
        ) from None


def kind_of(data: bytes, name: str, content_type: str = "") -> Kind:
    """What a document is. Raises UsageError for archives and other binary data."""
    head = data[:1024].lstrip()
    if head.startswith(b"%PDF-"):
        return "pdf"
    for magic, what in _ARCHIVES.items():
        if data.startswith(magic):
            raise UsageError(f"{name} is {what}, which is not unpacked.", _EXPORT)
    if _is_binary(data):
        raise UsageError(f"{name} is binary data, no text.", _EXPORT)
    media_type = content_type.partition(";")[0].strip().lower()
    suffix = Path(name.partition("?")[0]).suffix.lower()
    beginning = head[:200].lower()
    if media_type in ("text/html", "application/xhtml+xml") or suffix in (".html", ".htm", ".xhtml"):
        return "html"
    if beginning.startswith((b"<!doctype html", b"<html")):
        return "html"
    return "markdown" if suffix in (".md", ".markdown") or media_type == "text/markdown" else "text"


def extract(data: bytes, name: str, content_type: str = "") -> DocumentText:
    """The text of a document. Raises UsageError, with the reason, for one that cannot be read or holds no text."""
    kind = kind_of(data, name, content_type)
    # -P: no module is taken from the folder that the command happens to run in.
    command = [
        sys.executable,
        "-P",
        "-c",
        "from knowledge.sources.document_text import main; main()",
        kind,
        content_type,
    ]
    try:
        done = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=TIME_LIMIT_SECONDS,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"{name} took longer than {TIME_LIMIT_SECONDS} seconds to read.", _EXPORT) from None
    try:
        outcome = json.loads(done.stdout)
    except ValueError:
        raise UsageError(
            f"{name} cannot be read: it is damaged, or needs too much memory.", _EXPORT
        ) from None
    if "problem" in outcome:
        raise UsageError(f"{name} {outcome['problem']}.", outcome["remedy"] or _EXPORT)
    sections = tuple(Section(**section) for section in outcome["sections"])
    if not any(section.text.strip() for section in sections):
        reason = "no text (are its pages scanned pictures?)" if kind == "pdf" else "no text"
        raise UsageError(f"{name} holds {reason}.", "Add a document with text in it.")
    return DocumentText(outcome["title"], kind, sections)


def _short(title: str | None) -> str | None:
    """A title or heading as it is shown with each passage; what goes on for lines is a paragraph that was marked as one."""
    if title is None or len(title) <= _LONGEST_TITLE:
        return title
    return title[:_LONGEST_TITLE].rpartition(" ")[0] + " …"


def main() -> None:
    """The process that reads one document from its standard input and writes its text as JSON. Arguments: kind, content type."""
    _limit_resources()
    kind, content_type = sys.argv[1:3]
    data = sys.stdin.buffer.read()
    try:
        title, sections = _READERS[kind](data, content_type)
        _check_length(sections)
        outcome: dict[str, object] = {
            "title": _short(title),
            "sections": [{**asdict(section), "heading": _short(section.heading)} for section in sections],
        }
    except UsageError as error:
        outcome = {"problem": error.what, "remedy": error.remedy}
    sys.stdout.write(json.dumps(outcome))


def _environment() -> dict[str, str]:
    """The environment of the reading process: this package can be imported, and text is UTF-8."""
    import os

    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    kept = {
        name: os.environ[name]
        for name in ("PATH", "SYSTEMROOT", "HOME", "VIRTUAL_ENV", "TMPDIR")
        if name in os.environ
    }
    return {**kept, "PYTHONPATH": path, "PYTHONUTF8": "1"}


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit holds there, too
        return
    for limit, value in ((resource.RLIMIT_AS, MEMORY_LIMIT_BYTES), (resource.RLIMIT_CPU, TIME_LIMIT_SECONDS)):
        hard = resource.getrlimit(limit)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (bound, hard))


def _check_length(sections: Iterable[Section]) -> None:
    if sum(len(section.text) for section in sections) > MAX_CHARACTERS:
        raise UsageError(f"holds more than {MAX_CHARACTERS:,} characters of text", _PART)


# --- plain text and Markdown ----------------------------------------------------------------------------------------


def _is_binary(data: bytes) -> bool:
    sample = data[:8192]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    controls = sum(byte < 9 or 13 < byte < 32 for byte in sample)
    return b"\0" in data[:1_000_000] or controls > len(sample) // 50


def decode(data: bytes, content_type: str = "") -> str:
    """Text of bytes: by its byte-order mark, its declared character set, UTF-8, else Western European."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    declared = re.search(r"charset=[\"']?([\w.-]+)", content_type) or re.search(
        rb"<meta[^>]{0,200}charset=[\"']?([\w.-]+)", data[:2048], re.IGNORECASE
    )
    if declared:
        name = declared[1] if isinstance(declared[1], str) else declared[1].decode()
        try:
            return data.decode(name, "replace").removeprefix("\ufeff")
        except LookupError:
            pass  # an encoding that nobody knows: go by the bytes
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _read_text(data: bytes, content_type: str) -> tuple[str | None, list[Section]]:
    text = decode(data, content_type)
    first = next((line.strip() for line in text.splitlines() if line.strip()), None)
    return (first[:120] if first and len(first) <= 120 else None), [Section(text)]


_HEADING = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_MARKUP = (
    (re.compile(r"!?\[([^\]\n]{0,500})\]\([^)\n]{0,500}\)"), r"\1"),
    (re.compile(r"`{1,3}|\*{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|~~"), ""),
    (re.compile(r"(?m)^[ \t]*(?:>[ \t]?|[-*+][ \t]+|\|)"), ""),
)


def _read_markdown(data: bytes, content_type: str) -> tuple[str | None, list[Section]]:
    text = _FRONT_MATTER.sub("", decode(data, content_type).replace("\r\n", "\n"), count=1)
    title: str | None = None
    heading: str | None = None
    sections: list[Section] = []
    lines: list[str] = []

    def finish() -> None:
        if any(line.strip() for line in lines):
            sections.append(Section(_plain("\n".join(lines)), heading))
        lines.clear()

    in_code = False
    for line in text.split("\n"):
        in_code ^= line.lstrip().startswith("```")
        match = None if in_code else _HEADING.fullmatch(line)
        if match:
            finish()
            heading = _plain(match[2])
            title = title or heading
        else:
            lines.append(line)
    finish()
    return title, sections


def _plain(markdown: str) -> str:
    for pattern, replacement in _MARKUP:
        markdown = pattern.sub(replacement, markdown)
    return markdown.strip()


# --- HTML -----------------------------------------------------------------------------------------------------------

_SILENT = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "nav",
        "footer",
        "iframe",
        "object",
        "select",
        "button",
    }
)
_BLOCKS = frozenset(
    "p div section article main header aside li ul ol dl dt dd table tr blockquote pre br hr figure figcaption form".split()
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


class _HtmlReader(HTMLParser):
    """Collects visible text, section by section."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: str | None = None
        self.sections: list[Section] = []
        self._heading: str | None = None
        self._text: list[str] = []
        self._silent = 0
        self._catch: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        if tag == "title" or (tag in _HEADINGS and not self._silent):
            self._catch = []
        elif tag in ("td", "th"):
            self._text.append(" ")
        elif tag in _BLOCKS:
            self._text.append("\n\n" if tag in ("p", "div", "section", "article", "blockquote") else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        if tag == "title" and self._catch is not None:
            self.title = self.title or " ".join("".join(self._catch).split()) or None
            self._catch = None
        elif tag in _HEADINGS and self._catch is not None:
            self.finish()
            self._heading = " ".join("".join(self._catch).split()) or None
            self._catch = None
        elif tag in _BLOCKS:
            self._text.append("\n")

    def handle_data(self, data: str) -> None:
        if self._catch is not None:
            self._catch.append(data)
        elif not self._silent:
            self._text.append(re.sub(r"\s+", " ", data))

    def finish(self) -> None:
        """Ends the section that is open."""
        text = "".join(self._text).strip()
        if text:
            self.sections.append(Section(text, self._heading))
        self._text = []


def _read_html(data: bytes, content_type: str) -> tuple[str | None, list[Section]]:
    reader = _HtmlReader()
    reader.feed(decode(data, content_type))
    reader.close()
    reader.finish()
    return reader.title or next(
        (section.heading for section in reader.sections if section.heading), None
    ), reader.sections


# --- PDF ------------------------------------------------------------------------------------------------------------


def _read_pdf(data: bytes, _content_type: str) -> tuple[str | None, list[Section]]:
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError:
        raise UsageError("is a PDF, and the package pypdf, which reads those, is not installed") from None
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UsageError("is a PDF that needs a password")
        title = reader.metadata.title if reader.metadata else None
        if len(reader.pages) > MAX_PAGES:
            raise UsageError(f"has more than {MAX_PAGES:,} pages", _PART)
        sections = [
            Section(page.extract_text() or "", None, number)
            for number, page in enumerate(reader.pages, start=1)
        ]
    except UsageError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, NotImplementedError, RecursionError, OSError,
            MemoryError) as error:  # fmt: skip
        # pypdf has no single error for a damaged file
        raise UsageError(f"is a PDF that cannot be read ({type(error).__name__})") from error
    return (str(title).strip() or None) if title else None, sections


_READERS = {"text": _read_text, "markdown": _read_markdown, "html": _read_html, "pdf": _read_pdf}
