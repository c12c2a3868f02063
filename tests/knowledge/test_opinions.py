"""Second and third opinions: litellm's format, the installed catalogue, and what is made of disagreement."""

from __future__ import annotations

import http.server
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from genai_prices.data import providers

from knowledge.base import FILE_NAME, KnowledgeBase
from knowledge.errors import KnowledgeError
from knowledge.opinions import Comparison, OpinionBook
from knowledge.prices import PriceBook
from knowledge.records import Model
from knowledge.sources import litellm
from knowledge.sources.second_prices import OpinionSource, Quote, matches, write_opinions

NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCE = OpinionSource(
    "other", "Other list", "https://example.com/", "2026-11-01", "Somebody", "1", "made up"
)
GPT_4O = Model(rowid=0, provider="openai", id="gpt-4o", name="gpt-4o", maker="")

LITELLM: dict[str, Any] = {
    "sample_spec": {"litellm_provider": "one of", "input_cost_per_token": 0.0},
    "gpt-4o": {
        "litellm_provider": "openai",
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": "0.00002",
        "cache_read_input_token_cost": 1.25e-06,
        "input_cost_per_token_batches": 1.25e-06,
        "input_cost_per_token_priority": 0.0,
        "source": "https://openai.example/",
        "max_input_tokens": 128000,
    },
    "openai/gpt-4o-mini": {"litellm_provider": "openai", "input_cost_per_token": 1.5e-07},
    "gemini/gemini-2.5-pro": {
        "litellm_provider": "gemini",
        "input_cost_per_token": 1.25e-06,
        "input_cost_per_token_above_200k_tokens": 3e-06,
    },
    "moon/landing": {"litellm_provider": "nasa", "input_cost_per_token": 1},
    "gpt-unheard-of": {"litellm_provider": "openai", "input_cost_per_token": 1e-06},
    "gpt-4": {"litellm_provider": "openai", "input_cost_per_token": "free", "output_cost_per_token": True},
}


@pytest.fixture
def database(data_dir: Path) -> Iterator[sqlite_utils.Database]:
    """The knowledge base open for writing, without other opinions than the test's own."""
    database = sqlite_utils.Database(data_dir / FILE_NAME)
    database.table("opinions").delete_where()
    database.table("sources").delete_where("id != 'genai-prices'")
    yield database
    database.close()


def compare(
    database: sqlite_utils.Database, *quotes: Quote, also: tuple[Quote, ...] = ()
) -> list[Comparison]:
    write_opinions(database, SOURCE, quotes)
    write_opinions(database, SOURCE._replace(id="third", title="Third list"), also)
    return list(OpinionBook(database.conn, PriceBook(database.conn)).comparisons(on=NOVEMBER))


def quote(price: str, unit: str = "input_tokens", name: str = "gpt-4o", **more: Any) -> Quote:
    fields = {"provider": "openai", "terms": {}, "above": None, "per": 1_000_000, **more}
    return Quote(name=name, unit=unit, price=Decimal(price), **fields)


def test_one_percent_is_the_same_price(database):
    (same,) = compare(database, quote("2.52"))
    assert (same.agree, same.verdict, same.difference) == (True, "agreed", Decimal("0.008"))
    assert same.majority == Decimal("2.5")


def test_two_sources_that_differ_leave_it_open(database):
    (differs,) = compare(database, quote("3"))
    assert (differs.agree, differs.verdict, differs.majority) == (False, "open", None)
    assert differs.difference == Decimal("0.2")
    assert (differs.ours.price, differs.others[0].price) == (Decimal("2.5"), 3)
    assert (differs.model.id, differs.ours.source.id) == ("gpt-4o", "price-openai")
    assert (differs.others[0].source.title, differs.others[0].source.as_of) == ("Other list", "2026-11-01")


@pytest.mark.parametrize(("third", "verdict"), [("2.5", "ours"), ("3", "theirs"), ("7", "open")])
def test_of_three_the_majority_counts(database, third, verdict):
    (comparison,) = compare(database, quote("3"), also=(quote(third),))
    assert comparison.verdict == verdict
    assert comparison.majority == {"ours": Decimal("2.5"), "theirs": 3, "open": None}[verdict]


def test_other_units_are_converted_and_unknown_ones_left_out(database):
    found = compare(
        database,
        quote("0.01", "web_searches", per=1),
        quote("5", "input_audio_tokens"),
        quote("9", name="no-such-model"),
        quote("9", provider="nobody"),
        quote("0"),
    )
    assert [(one.unit, one.per, one.others[0].price, one.agree) for one in found] == [
        ("web_searches", 1000, 10, True)
    ]


def test_terms_and_tiers_are_compared_with_their_like(database):
    batch = {"processing": "batch"}
    found = compare(
        database,
        quote("1.25", terms=batch),
        quote("1.25", "cache_read_tokens", terms=batch),
        quote("1", terms={"processing": "never"}),
        quote("2.5", name="gemini-2.5-pro", provider="google", above=200_000),
        quote("2.5", name="gemini-2.5-pro", provider="google", above=100_000),
    )
    assert [(one.model.id, one.unit, str(one.terms), one.above_input_tokens, one.agree) for one in found] == [
        ("gemini-2.5-pro", "input_tokens", "", 200_000, True),
        ("gpt-4o", "input_tokens", "batch", None, True),
    ]


def test_names_that_mean_one_model_must_agree_unless_one_is_its_own(database):
    found = compare(
        database,
        quote("3", name="gpt-4o-2024-08-06"),
        quote("4", name="gpt-4o-2024-11-20"),
        also=(quote("3", name="gpt-4o-2024-08-06"), quote("2.5"), quote("4", name="gpt-4o-2024-11-20")),
    )
    assert [(len(one.others), one.others[0].their_name, one.agree) for one in found] == [(1, "gpt-4o", True)]


def test_a_price_counts_on_its_days(database):
    found = compare(
        database,
        quote("9", valid_from="2026-12-01"),
        quote("8", valid_until="2026-11-20"),
        quote("2.5", valid_from="2026-11-20", valid_until="2026-11-21"),
    )
    assert [one.others[0].price for one in found] == [Decimal("2.5")]


def test_hours_of_dearer_prices_are_not_compared(database):
    peak = datetime(2026, 11, 20, 7, tzinfo=UTC)
    write_opinions(database, SOURCE, [quote("0.66", name="deepseek-v4-pro", provider="deepseek")])
    (found,) = OpinionBook(database.conn, PriceBook(database.conn)).comparisons(on=peak)
    assert found.agree


def test_litellm_is_read_in_its_own_format(data_dir, tmp_path):
    path = tmp_path / "model_prices.json"
    path.write_text(json.dumps(LITELLM))
    assert litellm.take(data_dir, str(path)) == 6
    with KnowledgeBase.open(data_dir) as base:
        rows = base.connection.execute(
            "select m.provider, m.id, o.unit, o.terms, o.above_input_tokens, o.price, o.url from opinions o "
            "join models m on m.rowid = o.model where o.source = 'litellm'"
        )
        found = {row[:5]: (Decimal(row[5]), row[6]) for row in rows}
        (disagreement,) = [
            one
            for one in base.opinions.disagreements([GPT_4O])
            if any(o.source.id == "litellm" for o in one.others)
        ]
        (source,) = [source for source in base.opinions.sources() if source.id == "litellm"]
    page = "https://openai.example/"
    assert found == {
        ("openai", "gpt-4o", "input_tokens", "{}", None): (Decimal("2.5"), page),
        ("openai", "gpt-4o", "output_tokens", "{}", None): (20, page),
        ("openai", "gpt-4o", "cache_read_tokens", "{}", None): (Decimal("1.25"), page),
        ("openai", "gpt-4o", "input_tokens", '{"processing": "batch"}', None): (Decimal("1.25"), page),
        ("openai", "gpt-4o-mini", "input_tokens", "{}", None): (Decimal("0.15"), None),
        ("google", "gemini-2.5-pro", "input_tokens", "{}", None): (Decimal("1.25"), None),
        ("google", "gemini-2.5-pro", "input_tokens", "{}", 200_000): (3, None),
    }
    assert (disagreement.unit, disagreement.ours.price) == ("output_tokens", 10)
    assert source.title == "litellm model prices (model_prices.json)"
    assert source.as_of == datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    assert litellm.forget(data_dir)
    assert not litellm.forget(data_dir)
    with KnowledgeBase.open(data_dir) as base:
        assert "litellm" not in {source.id for source in base.opinions.sources()}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no JSON"),
        ("[1]", "no price list of litellm"),
        (
            '{"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": "cheap"}}',
            "no price list of litellm",
        ),
        ("{}", "no price list"),
        ('{"a": {"b": 1}}', "no price list"),
    ],
)
def test_what_is_no_such_list_is_refused(data_dir, tmp_path, content, words):
    (tmp_path / "list.json").write_text(content)
    with pytest.raises(KnowledgeError, match=words):
        litellm.take(data_dir, str(tmp_path / "list.json"))
    assert not (data_dir / "opinions").exists()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("/no/such/file.json", "cannot be read"),
        ("/dev/zero", "no ordinary file"),
        ("a\0b.json", "cannot be read"),
        ("~nobody-at-all/prices.json", "cannot be read"),
        ("http://127.0.0.1/prices.json", "Only https"),
        ("file:///etc/passwd", "Only https"),
        ("https://127.0.0.1:9/prices.json", "could not be fetched"),
        ("https:///prices.json", "Only https"),
    ],
)
def test_places_that_cannot_be_read_are_told(data_dir, where, words):
    with pytest.raises(KnowledgeError, match=words):
        litellm.take(data_dir, where)


def test_a_damaged_copy_says_what_to_do(data_dir):
    (data_dir / "opinions").mkdir()
    (data_dir / "opinions" / "litellm.json").write_text("{")
    with pytest.raises(KnowledgeError, match=r"litellm\.json is no JSON"):
        KnowledgeBase.open(data_dir)


@pytest.fixture
def secure_server(tmp_path, monkeypatch) -> Iterator[str]:
    """An https server on loopback that serves litellm's list, and a redirect to plain http."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            *subject,
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/prices.json")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(
                json.dumps(LITELLM).encode() if self.path == "/prices.json" else b" " * 68_000_000
            )

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_litellm_is_taken_from_an_https_address(data_dir, secure_server):
    assert litellm.take(data_dir, secure_server + "/prices.json") == 6
    origin = json.loads((data_dir / "opinions" / "litellm.origin.json").read_text())
    assert origin == {"where": secure_server + "/prices.json", "as_of": datetime.now(UTC).date().isoformat()}
    with pytest.raises(KnowledgeError, match="Only https"):
        litellm.take(data_dir, secure_server + "/away")
    with pytest.raises(KnowledgeError, match="larger than 64 MB"):
        litellm.take(data_dir, secure_server + "/endless")


def test_the_installed_catalogue_agrees_with_most_prices(compiled_knowledge):
    pytest.importorskip("openai_cost_calculator")
    with KnowledgeBase.open(compiled_knowledge) as base:
        found = [
            one
            for one in base.opinions.comparisons(on=NOVEMBER)
            if [other.source.id for other in one.others] == ["openai-cost-calculator"]
        ]
    assert {one.model.provider for one in found} >= {"openai", "anthropic", "google", "aws", "mistral"}
    assert {str(one.terms) for one in found} >= {"", "batch", "flex service tier"}
    assert any(one.above_input_tokens for one in found)
    assert len(found) > 1000
    assert sum(one.agree for one in found) > len(found) * 0.8
    assert all(one.others[0].source.as_of and one.others[0].source.url for one in found)


def test_clauses_match_as_genai_prices_does(compiled_knowledge):
    with KnowledgeBase.open(compiled_knowledge) as base:
        clauses = {
            (provider, model): json.loads(match)
            for provider, model, match in base.connection.execute("select provider, id, match from models")
        }
    names = [model.id.lower() for provider in providers for model in provider.models][::23]
    checked = 0
    for provider in providers:
        for model in provider.models:
            for name in (model.id.lower(), *names[:: len(provider.models)]):
                assert matches(clauses[(provider.id, model.id)], name) == model.is_match(name)
                checked += 1
    assert checked > 3000
