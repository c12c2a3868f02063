"""`kb refresh` with genai-prices' own updater against a server on loopback, and the record of what changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from knowledge.base import FILE_NAME, KnowledgeBase
from knowledge.changes import PriceDifference, differences, recorded
from knowledge.errors import KnowledgeError
from knowledge.pricelist import PriceList
from knowledge.records import Model
from knowledge.refresh import refresh
from knowledge.sources import genai

TODAY = datetime.now(UTC).date()
SOON = (TODAY + timedelta(days=30)).isoformat()


def model(name: str, prices: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "match": {"equals": name}, "prices": prices, **more}


def update(*models: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": "openai",
            "name": "OpenAI",
            "api_pattern": "https://api\\.openai\\.com",
            "price_comments": f"Checked on {TODAY.isoformat()}.",
            "models": list(models),
        }
    ]


GPT_4O = model(
    "gpt-4o",
    [
        {
            "prices": {
                "input_mtok": "2",
                "output_mtok": {"base": "9", "tiers": [{"start": 1000, "price": "12"}]},
            }
        },
        {"constraint": {"start_date": SOON}, "prices": {"input_mtok": "1.5"}},
    ],
    price_variants=[{"when": {"processing": "batch"}, "prices": {"input_mtok": "1"}}],
)


@pytest.fixture
def published() -> Iterator[Any]:
    """A server that publishes what the test puts into `body`."""

    class Server(HTTPServer):
        body: bytes = b""
        status = 200

        def publish(self, prices: Any) -> str:
            self.body = json.dumps(prices).encode()
            return f"http://127.0.0.1:{self.server_port}/data.json"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(self.server.status)  # type: ignore[attr-defined]
            self.end_headers()
            self.wfile.write(self.server.body)  # type: ignore[attr-defined]

        def log_message(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def changes_of(base: KnowledgeBase) -> set[tuple[Any, ...]]:
    return set(
        base.connection.execute(
            "select kind, model, terms, unit, above_input_tokens, old, new, valid_from from price_changes where provider = 'openai'"
        )
    )


def test_the_published_prices_are_used_and_the_changes_recorded(data_dir: Path, published: Any) -> None:
    done = refresh(data_dir, url=published.publish(update(GPT_4O, model("gpt-9", {"input_mtok": "7"}))))
    assert done.title == f"genai-prices, update of {TODAY.isoformat()}"
    assert done.as_of == TODAY.isoformat()
    steps: list[str] = []
    with KnowledgeBase.open(data_dir, lambda step, *_: steps.append(step)) as base:
        assert steps == []
        record = Model(rowid=0, provider="openai", id="gpt-4o", name="gpt 4o", maker="openai")
        card = base.prices.card(record)
        assert card.source.title == f"OpenAI list prices, from {done.title}"
        assert card.cost({"input_tokens": 1000, "output_tokens": 1000}).total == Decimal("0.011")
        found = changes_of(base)
    assert {row for row in found if row[1] == "gpt-4o" and row[3] == "input_tokens" and row[0] != "gone"} == {
        ("changed", "gpt-4o", "{}", "input_tokens", None, "2.5", "2", None),
        ("changed", "gpt-4o", '{"processing": "batch"}', "input_tokens", None, "1.25", "1", None),
        ("announced", "gpt-4o", "{}", "input_tokens", None, None, "1.5", SOON),
    }
    assert ("new", "gpt-9", "{}", "input_tokens", None, None, "7", None) in found
    assert ("new", "gpt-4o", "{}", "output_tokens", 1000, None, "12", None) in found
    assert ("gone", "gpt-4o-mini", "{}", "input_tokens", None, "0.15", None, None) in found
    assert {change[:3] for change in done.changes if change.provider == "openai"} == {
        (kind, "openai", name) for kind, name, *_ in found
    }


def test_the_same_update_again_changes_nothing(data_dir: Path, published: Any) -> None:
    address = published.publish(update(GPT_4O))
    assert refresh(data_dir, url=address).changes
    assert refresh(data_dir, url=address).changes == ()
    with KnowledgeBase.rebuild(data_dir) as base:
        assert base.info()["counts"]["price_changes"] == len(list(recorded(data_dir)))


def test_the_record_survives_the_loss_of_the_knowledge_base(data_dir: Path, published: Any) -> None:
    refresh(data_dir, url=published.publish(update(GPT_4O)))
    before = list(recorded(data_dir))
    (data_dir / FILE_NAME).unlink()
    with (data_dir / "price_changes.jsonl").open("a") as file:
        file.write('{"kind": "cha')  # a crash in the middle of a line
    with KnowledgeBase.open(data_dir) as base:
        assert base.info()["counts"]["price_changes"] == len(before) > 0


def test_an_older_update_gives_way_to_a_younger_package(data_dir: Path, published: Any) -> None:
    refresh(data_dir, url=published.publish(update(GPT_4O)))
    kept = json.loads((data_dir / "prices.json").read_text())
    (data_dir / "prices.json").write_text(json.dumps({**kept, "as_of": "2025-01-01"}))
    with KnowledgeBase.open(data_dir) as base:
        assert base.info()["counts"]["providers"] > 40


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"<html>", 200, id="no-json"),
        pytest.param(b"{}", 200, id="no-list"),
        pytest.param(b"[]", 200, id="empty"),
        pytest.param(b'[{"id": "openai"}]', 200, id="incomplete"),
        pytest.param(b"[]", 500, id="server-error"),
    ],
)
def test_a_bad_update_changes_nothing(data_dir: Path, published: Any, body: bytes, status: int) -> None:
    address = published.publish([])
    published.body, published.status = body, status
    before = (data_dir / FILE_NAME).read_bytes()
    with pytest.raises(KnowledgeError, match="The prices are unchanged"):
        refresh(data_dir, url=address)
    assert (data_dir / FILE_NAME).read_bytes() == before
    assert not (data_dir / "prices.json").exists()


def test_no_network_is_a_clear_sentence(data_dir: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"could not be fetched from http://127\.0\.0\.1:9/"):
        refresh(data_dir, url="http://127.0.0.1:9/data.json")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 0}'])
def test_a_broken_update_on_disk_says_what_to_do(data_dir: Path, content: str) -> None:
    (data_dir / "prices.json").write_text(content)
    with pytest.raises(KnowledgeError, match="Run `aicost kb refresh` again, or delete the file"):
        KnowledgeBase.open(data_dir)


def test_a_list_does_not_differ_from_itself(data_dir: Path) -> None:
    prices = genai.bundled()
    with KnowledgeBase.rebuild(data_dir) as base:
        assert base.info()["counts"]["price_changes"] == 0
    assert not (data_dir / "price_changes.jsonl").exists()
    assert all_new(prices) > 2000


def all_new(prices: PriceList) -> int:
    found: list[PriceDifference] = differences({}, prices, datetime.now(UTC))
    assert {change.kind for change in found} <= {"new", "announced"}
    return len(found)
