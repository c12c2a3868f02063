"""The compiled file: complete, whole or not there, no older than its sources, whoever starts at the same time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices.data import providers
from genai_prices.types import ConditionalPrice

from knowledge import freshness
from knowledge.base import FILE_NAME, KnowledgeBase
from knowledge.errors import KnowledgeError
from knowledge.sources.genai import newest_proven_date

ROOT = Path(__file__).parents[2]
OPEN = """
import sys
from pathlib import Path
from knowledge.base import KnowledgeBase
from knowledge.errors import KnowledgeError
built = []
try:
    with KnowledgeBase.open(Path(sys.argv[1]), lambda step, done, total: built.append(step)) as base:
        print("built" if built else "opened", base.info()["counts"]["rates"], base.path)
except KnowledgeError as error:
    print("refused", error)
"""


@pytest.fixture
def folder(compiled_knowledge, tmp_path) -> Path:
    """A folder with a fresh knowledge base that a test may harm."""
    shutil.copy2(compiled_knowledge / FILE_NAME, tmp_path / FILE_NAME)
    return tmp_path


def steps_of_open(folder: Path) -> list[str]:
    """Open, check that the file is good, and tell what was compiled for that."""
    steps: list[str] = []
    with KnowledgeBase.open(folder, lambda step, done, total: steps.append(step)) as base:
        assert base.info()["counts"]["models"] == sum(len(provider.models) for provider in providers)
        assert base.connection.execute("pragma integrity_check").fetchone() == ("ok",)
    return steps


def start(*arguments: str, **options) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    return subprocess.Popen(
        [sys.executable, "-c", OPEN, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )


def rows_of_the_package() -> Counter[tuple[object, ...]]:
    """What each row must say: provider, model, unit, terms, first day, hours, tier, price."""
    rows: Counter[tuple[object, ...]] = Counter()
    for provider in providers:
        for model in provider.models:
            standard = (
                model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
            )
            for entry in (*standard, *(model.price_variants or ())):
                start = getattr(entry.constraint, "start_date", None)
                hours = [getattr(entry.constraint, name, None) for name in ("start_time", "end_time")]
                condition = (
                    json.dumps(getattr(entry, "when", {})),
                    start and start.isoformat(),
                    *(hour and hour.strftime("%H:%M:%S") for hour in hours),
                )
                for key, price in vars(entry.prices).items():
                    if price is not None:
                        tiers = [(tier.start, tier.price) for tier in getattr(price, "tiers", ())]
                        for above, rate in [(None, getattr(price, "base", price)), *tiers]:
                            rows[(provider.id, model.id, key, *condition, above, rate)] += 1
    return rows


def test_everything_of_the_price_list_is_there(compiled_knowledge):
    with KnowledgeBase.open(compiled_knowledge) as base:
        stored = Counter(
            (*row[:-1], Decimal(row[-1]))
            for row in base.connection.execute(
                "select l.provider, l.model, u.price_key, l.terms, l.valid_from, l.hours_from, l.hours_to, "
                "l.above_input_tokens, l.price from price_list l join units u on u.usage_key = l.unit"
            )
        )
        unsourced = base.connection.execute(
            "select count(*) from rates where source is null or as_of is null"
        )
        assert unsourced.fetchone() == (0,)
        assert base.info()["counts"]["providers"] == len(providers)
    assert stored == rows_of_the_package()


def test_facts_of_models_are_kept(compiled_knowledge):
    with KnowledgeBase.open(compiled_knowledge) as base:
        stored = {
            row[:2]: row[2:]
            for row in base.connection.execute(
                "select provider, id, name, context_window, deprecated, comment from models"
            )
        }
    renamed = set()
    for provider in providers:
        for model in provider.models:
            name, *rest = stored[(provider.id, model.id)]
            comment = " ".join((model.price_comments or "").split()) or None
            assert rest == [model.context_window, int(bool(model.deprecated)), comment]
            if name != (model.name or model.id):
                assert name == model.id
                renamed.add(name)
    assert renamed == {"o4-mini", "gpt-5.3"}, (
        "whose names in the list are those of o4-mini-high and gpt-5.3-chat"
    )


def test_as_of_is_proven_by_the_data_and_not_announced(compiled_knowledge):
    assert newest_proven_date(providers, date(2026, 10, 19)) == "2026-10-19"
    assert newest_proven_date(providers, date(2020, 1, 1)) <= "2020-01-01"
    with KnowledgeBase.open(compiled_knowledge) as base:
        (source,) = [source for source in base.info()["sources"] if source["id"] == "genai-prices"]
    assert "2026-10-19" <= source["as_of"] <= datetime.now(UTC).date().isoformat()


def test_missing_is_compiled_once_with_progress(tmp_path):
    steps = steps_of_open(tmp_path / "new" / "folder")
    assert {"reading the price list", "prices", "names"} <= set(steps)
    assert steps_of_open(tmp_path / "new" / "folder") == []


def test_rebuild_compiles_what_is_fresh(folder):
    before = (folder / FILE_NAME).stat().st_ino
    KnowledgeBase.rebuild(folder).close()
    assert (folder / FILE_NAME).stat().st_ino != before


def _flip_a_digit(content: bytes) -> bytes:
    middle = content.index(b"0.075", len(content) // 4)
    return content[:middle] + b"0.175" + content[middle + 5 :]


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: b"not a database at all" * 100, id="something-else"),
        pytest.param(lambda content: content[: len(content) // 2], id="half-written"),
        pytest.param(lambda content: content[:50], id="part-of-the-header"),
        pytest.param(lambda content: content[:4096] + bytes(len(content) - 4096), id="zeroed"),
        pytest.param(_flip_a_digit, id="one-wrong-digit"),
    ],
)
def test_a_damaged_file_is_never_read(folder, harm):
    path = folder / FILE_NAME
    path.write_bytes(harm(path.read_bytes()))
    assert steps_of_open(folder)
    assert steps_of_open(folder) == []


def test_another_schema_is_compiled_anew(folder):
    path = folder / FILE_NAME
    with sqlite3.connect(path) as connection:
        connection.execute("update meta set value = '0' where key = 'schema_version'")
    connection.close()
    freshness.seal(path)
    assert freshness.fault(path, folder) == "it was made by another version of aicost"
    assert steps_of_open(folder)


def test_a_changed_source_is_compiled_and_a_copied_one_is_not(folder):
    contracts = folder / "contracts.yaml"
    contracts.write_text("# none yet")
    assert steps_of_open(folder)
    os.utime(contracts, (1, 1))
    assert steps_of_open(folder) == []
    contracts.write_text("# none now")
    assert steps_of_open(folder)
    contracts.unlink()
    assert steps_of_open(folder)


def test_a_folder_in_the_place_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "data" / FILE_NAME).mkdir(parents=True)
    with KnowledgeBase.open(tmp_path / "data") as base:
        assert base.path.is_relative_to(tmp_path / "cache")


def test_processes_that_start_at_once_compile_once(tmp_path):
    tmp_path = tmp_path / "data"
    processes = [start(str(tmp_path)) for _ in range(4)]
    answers = [process.communicate(timeout=120)[0].split() for process in processes]
    assert sorted(answer[0] for answer in answers) == ["built", "opened", "opened", "opened"]
    assert len({answer[1] for answer in answers}) == 1
    assert [path.name for path in sorted(tmp_path.iterdir())] == [FILE_NAME, FILE_NAME + ".lock"]


def test_a_killed_build_leaves_nothing_half_done(tmp_path):
    tmp_path = tmp_path / "data"
    process = start(str(tmp_path))
    while not list(tmp_path.glob("*.tmp")) and not list(tmp_path.glob(".*.tmp")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert not (tmp_path / FILE_NAME).exists()
    assert steps_of_open(tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [FILE_NAME, FILE_NAME + ".lock"]


def test_a_reader_is_not_disturbed_by_a_new_build(folder):
    with KnowledgeBase.open(folder) as old:
        KnowledgeBase.rebuild(folder).close()
        assert old.info()["counts"]["providers"] == len(providers)


def test_where_the_data_directory_cannot_be_written_the_cache_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "file").write_text("in the way")
    with KnowledgeBase.open(tmp_path / "file" / "data") as base:
        assert base.path.is_relative_to(tmp_path / "cache")
    assert steps_of_open(tmp_path / "file" / "data") == []


def test_nowhere_to_write_is_a_clear_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(KnowledgeError, match=r"cannot be written anywhere.*AICOST_DATA_DIR"):
        KnowledgeBase.open(tmp_path / "file" / "data")


def test_a_full_disk_is_a_clear_sentence(tmp_path):
    """Real writes that fail half-way: the operating system refuses files above 200 kB."""
    resource = pytest.importorskip("resource")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    process = start(
        str(tmp_path / "data"),
        preexec_fn=limit,
        env={"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)},
    )
    answer = process.communicate(timeout=60)[0]
    assert answer.startswith("refused The knowledge base cannot be written anywhere")
    assert not list(tmp_path.rglob("*.tmp"))
    assert not list(tmp_path.rglob(FILE_NAME))


def test_opening_a_fresh_file_imports_nothing_heavy(folder):
    start(str(folder)).communicate(timeout=60)
    code = (
        "import sys; from pathlib import Path; from knowledge.base import KnowledgeBase\n"
        "KnowledgeBase.open(Path(sys.argv[1])).prices\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "knowledge" in loaded
    assert not {"genai_prices", "pydantic", "sqlite_utils", "yaml", "openai", "rich", "tempfile"} & set(
        loaded
    )
