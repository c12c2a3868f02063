"""The commands that need no question read: price, models, cost, tokens, facts, kb; the figures are held against genai-prices."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from command_line import Run
from genai_prices import Usage, calc_price

PER_REQUEST = calc_price(
    Usage(input_tokens=500, output_tokens=200, cache_read_tokens=300), "gpt-4o", provider_id="openai"
).total_price


def test_a_price_with_its_source(aicost: Run) -> None:
    result = aicost("price", "gpt-4o")
    assert result.status == 0
    for shown in (
        "gpt-4o",
        "OpenAI",
        "input tokens, per 1M",
        "$2.50",
        "$10",
        "batch",
        "Context window",
        "Source",
    ):
        assert shown in result.out
    assert all(
        len(line) <= 80 for line in result.out.splitlines() if "http" not in line and "Source" not in line
    )
    (prices,) = aicost("price", "gpt-4o", "--json").json
    assert prices["terms"]["standard"]["input_tokens"] == {"usd": "2.5", "per": 1_000_000, "tiers": []}
    assert prices["terms"]["batch"]["input_tokens"]["usd"] == "1.25"
    assert prices["source"]["as_of"]


def test_the_price_of_a_day_and_at_a_seller(aicost: Run) -> None:
    (then,) = aicost("price", "o3", "--on", "2025-05-01", "--json").json
    (now,) = aicost("price", "o3", "--json").json
    assert then["terms"]["standard"]["input_tokens"]["usd"] == "10"
    assert now["terms"]["standard"]["input_tokens"]["usd"] == "2"
    assert "not on record" in then["note"]
    assert now["note"] is None
    (there,) = aicost("price", "haiku 4.5", "--provider", "bedrock", "--json").json
    assert there["provider"] == "aws"
    (lent,) = aicost("price", "gpt-4o", "--provider", "azure", "--json").json
    assert "stands in" in lent["note"]


@pytest.mark.parametrize("on", ["2999-01-01", "1999-01-01", "2024-13-01", "yesterday", "2024-06-01T99"])
def test_a_day_without_prices_is_refused(on: str, aicost: Run) -> None:
    for arguments in (("price", "gpt-4o"), ("cost", "gpt-4o", "--input", "1")):
        result = aicost(*arguments, "--on", on)
        assert result.status == 2
        assert result.out == ""
        assert on in result.err


def test_one_unknown_model_among_several_is_told_and_the_rest_priced(aicost: Run) -> None:
    result = aicost("price", "gpt-4o", "gpt-77", "--json")
    assert result.status == 2
    assert len(result.json) == 1
    assert "'gpt-77'" in result.err


def test_models_are_filtered_sorted_and_cut(aicost: Run) -> None:
    rows = aicost(
        "models",
        "--context",
        "200k",
        "--provider",
        "anthropic,openai",
        "--sort",
        "output",
        "--limit",
        "10",
        "--json",
    ).json
    prices = [Decimal(row["output_usd_per_1m"]) for row in rows if row["output_usd_per_1m"] is not None]
    assert len(rows) == 10
    assert prices == sorted(prices)
    assert all(
        row["context_window"] >= 200_000 and row["provider"] in ("anthropic", "openai") for row in rows
    )
    assert {row["model"] for row in aicost("models", "gpt-4o", "--provider", "openai", "--json").json} >= {
        "gpt-4o"
    }
    table = aicost("models", "--provider", "openai", "--limit", "5").out
    assert len(table.splitlines()) == 6


@pytest.mark.parametrize(
    ("spelled", "maker"),
    [("Mistral AI", "mistral"), ("xai", "x-ai"), ("qwen", "alibaba"), ("sao10k", "sao10k")],
)
def test_makers_by_any_of_their_names(spelled: str, maker: str, aicost: Run) -> None:
    rows = aicost("models", "--maker", spelled, "--json").json
    assert {row["maker"] for row in rows} == {maker}


def test_models_come_from_their_makers_first_or_by_name(aicost: Run) -> None:
    assert aicost("models", "--limit", "1", "--json").json[0]["maker"] == "anthropic"
    names = [row["model"].casefold() for row in aicost("models", "--sort", "name", "--json").json]
    assert names == sorted(names)


def test_a_request_larger_than_the_context_window_is_told(aicost: Run) -> None:
    note = aicost("cost", "gpt-4o", "--input", "1M", "--json").json["note"]
    assert "context window of 128,000 tokens" in note
    assert aicost("cost", "gpt-4o", "--input", "100k", "--output", "4k", "--json").json["note"] is None


@pytest.mark.parametrize("context", ["-5", "0", "many", "1e30"])
def test_no_context_window_is_refused(context: str, aicost: Run) -> None:
    result = aicost("models", "--context", context)
    assert result.status == 2
    assert context in result.err


def test_no_such_models(aicost: Run) -> None:
    assert aicost("models", "nothing", "is", "called", "so").status == 1
    result = aicost("models", "--provider", "opnai")
    assert result.status == 2
    assert "openai" in result.err


def test_the_cost_is_that_of_genai_prices_to_the_last_digit(aicost: Run) -> None:
    arguments = (
        "cost",
        "gpt-4o",
        "--input",
        "500",
        "--output",
        "200",
        "--cached",
        "300",
        "--requests",
        "10k",
    )
    found = aicost(*arguments, "--json").json
    assert Decimal(found["cost_usd"]) == PER_REQUEST * 10_000
    shown = aicost(*arguments).out
    assert shown.startswith(f"${found['cost_usd']} — ")
    assert aicost("cost", "gpt-4o", "--input", "1M").out.startswith("$2.50 — ")
    assert aicost("cost", "gpt-4o", "--input", "100k", "--requests", "12k").out.startswith("$3,000 — ")
    batch = aicost(*arguments, "--batch", "--json").json
    assert Decimal(batch["cost_usd"]) < Decimal(found["cost_usd"])


def test_a_stream_of_costs(aicost: Run) -> None:
    lines = [
        {"model": "gpt-4o", "input": 500, "output": 200, "cached": 300, "requests": 10_000},
        {"model": "gpt-4o", "provider": "openai", "input": "0.5k", "output": 200.0, "cached": 300},
        {"model": "gpt-4o", "input": 500, "output": 200, "batch": True},
        {"model": "gpt-4o", "input": 500, "output": 200, "context": {"processing": "batch"}},
        {"model": "o3", "input": 500, "output": 200, "on": "2025-05-01"},
        {"model": "gpt-77", "input": 500},
        {"model": "gpt-4o", "input": -500},
        {"model": "gpt-4o", "input": 500, "cached": 501},
        {"model": "gpt-4o", "input": True},
        {"model": "gpt-4o", "input": [1]},
        {"model": "gpt-4o", "input": "many"},
        {"model": "gpt-4o", "input": "NaN"},
        {"model": "gpt-4o", "input": "1e400"},
        {"model": "gpt-4o", "input": 10**40},
        {"model": "gpt-4o", "input": 1, "requests": -1},
        {"model": "gpt-4o", "input": 1, "on": "2999-01-01"},
        {"model": "gpt-4o", "input": 1, "on": 2024},
        {"model": "gpt-4o", "input": 1, "batch": "yes"},
        {"model": "gpt-4o", "input": 1, "context": {"processing": 1}},
        {"model": "gpt-4o", "input": 1, "context": {"service_tier": "imaginary"}},
        {"model": "gpt-4o", "inputs": 1},
        {"input": 1},
        {"model": "gpt-4o"},
        {"model": "gpt-4o", "input": None},
        {"model": "\ud800", "input": 1},
    ]
    result = aicost("cost", "--stdin", stdin=b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    assert result.status == 2, "some lines were refused"
    priced, refused = result.lines[:5], result.lines[5:]
    assert len(result.lines) == len(lines)
    assert Decimal(priced[0]["cost_usd"]) == PER_REQUEST * 10_000
    assert Decimal(priced[1]["cost_usd"]) == PER_REQUEST
    assert priced[2]["cost_usd"] == priced[3]["cost_usd"] == "0.001625"
    assert priced[4]["cost_usd"] == "0.013"
    for number, line in enumerate(refused, start=6):
        assert line.keys() == {"error"}
        assert line["error"].startswith(f"Line {number} ")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("gpt-4o",),
        ("gpt-4o", "--input", "-5"),
        ("gpt-4o", "--input", "nan"),
        ("gpt-4o", "--input", "inf"),
        ("gpt-4o", "--input", "1e400"),
        ("gpt-4o", "--input", "9" * 5000),
        ("gpt-4o", "--input", "5", "--cached", "6"),
        ("gpt-4o", "--cached", "6"),
        ("gpt-4o", "--input", "5", "--requests", "-1"),
        ("gpt-4o", "--stdin"),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_impossible_costs_are_refused(arguments: tuple[str, ...], aicost: Run) -> None:
    result = aicost("cost", *arguments)
    assert result.status == 2
    assert result.out == ""
    assert result.err


def test_tokens_of_words_of_a_file_and_of_what_is_piped_in(
    aicost: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tiktoken

    from knowledge.tokens import seed

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(seed("o200k_base", tmp_path / "ranks")))
    text = "How many tokens is this — eleven?"
    (tmp_path / "prompt.md").write_text(text, "utf-8")
    ways = (
        aicost("tokens", "--model", "gpt-4o", "--json", text),
        aicost("tokens", "--model", "gpt-4o", "--json", "--file", str(tmp_path / "prompt.md")),
        aicost("tokens", "--model", "gpt-4o", "--json", stdin=text.encode()),
    )
    expected = len(tiktoken.get_encoding("o200k_base").encode(text))
    for result in ways:
        assert (result.json["tokens"], result.json["exact"]) == (expected, True)
        assert Decimal(result.json["input_usd"]) == expected * Decimal("2.5") / 1_000_000
    assert aicost("tokens", text).out.startswith(f"about {expected} tokens")


@pytest.mark.parametrize(
    "arguments",
    [("--file", "/nowhere"), ("--file", "/"), ("--file", "x", "text"), ("--model", "gpt-77", "text")],
    ids=" ".join,
)
def test_no_tokens_without_a_text_and_a_model(arguments: tuple[str, ...], aicost: Run) -> None:
    result = aicost("tokens", *arguments)
    assert result.status == 2
    assert result.out == ""
    assert result.err


def test_bytes_that_are_no_text_have_no_tokens(aicost: Run) -> None:
    assert aicost("tokens", stdin=b"\xff\xfe\x00").status == 2


def test_facts_are_cited(aicost: Run) -> None:
    hits = aicost("facts", "--json", "openai", "loss", "2024").json
    assert hits
    assert all(hit["source"]["title"] for hit in hits)
    shown = aicost("facts", "openai loss 2024")
    assert shown.status == 0
    assert hits[0]["statement"] in shown.out
    assert aicost("facts", "xyzzy plugh").status == 1


def test_the_knowledge_base_says_what_it_holds(aicost: Run, data_dir: Path) -> None:
    found = aicost("kb", "info", "--json").json
    assert found["counts"]["models"] > 2000
    (data_dir / "knowledge.db").unlink()
    built = aicost("kb", "build")
    assert built.status == 0
    assert "compiling the knowledge base" in built.err
    assert "genai-prices" in built.out
    assert all(len(line) <= 80 for line in built.out.splitlines()[1:])


def test_a_knowledge_base_goes_elsewhere_when_its_folder_cannot_be_written(
    aicost: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AICOST_DATA_DIR", str(tmp_path / "file"))
    result = aicost("kb", "build", "--json")
    assert result.status == 0
    assert Path(result.json["path"]).is_relative_to(tmp_path / "cache")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/data.json", "nonsense"])
def test_prices_that_cannot_be_fetched_change_nothing(url: str, aicost: Run) -> None:
    before = aicost("kb", "info", "--json").json
    result = aicost("kb", "refresh", "--url", url)
    assert result.status == 2
    assert result.err
    assert aicost("kb", "info", "--json").json == before


def test_another_price_list_is_taken_compared_and_left_again(aicost: Run, tmp_path: Path) -> None:
    entry = {"litellm_provider": "openai", "input_cost_per_token": 3e-06, "output_cost_per_token": 1e-05}
    (tmp_path / "litellm.json").write_text(json.dumps({"gpt-4o": entry}))
    checked = aicost("kb", "check", "gpt-4o", "--litellm", str(tmp_path / "litellm.json"), "--json")
    assert checked.status == 0
    assert "litellm" in {source["id"] for source in checked.json["sources"]}
    (wrong,) = [
        one for one in checked.json["disagreements"] if one["unit"] == "input_tokens" and not one["terms"]
    ]
    assert {price["source"]: price["usd"] for price in wrong["prices"]}["litellm"] == "3"
    shown = aicost("price", "gpt-4o").out
    assert "litellm" in shown
    assert "says $3" in shown
    left = aicost("kb", "check", "gpt-4o", "--forget-litellm", "--json").json
    assert "litellm" not in {source["id"] for source in left["sources"]}


@pytest.mark.parametrize(
    "where", ["/nowhere.json", "http://127.0.0.1/x.json", "file:///etc/passwd", "/etc/hostname"]
)
def test_no_price_list_is_refused(where: str, aicost: Run) -> None:
    assert aicost("kb", "check", "--litellm", where).status == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("price", "gpt-77"),
        ("price", "gpt-4o", "--provider", "nobody"),
        ("price", "x" * 5000),
        ("cost", "gpt-77", "--input", "5"),
        ("cost", "gpt-4o", "--input", "5", "--provider", "nobody"),
        ("models", "--provider", "nobody"),
        ("models", "--maker", "nobody"),
        ("tokens", "--model", "gpt-77", "text"),
        ("tokens", "--provider", "nobody", "--model", "gpt-4o", "text"),
        ("kb", "check", "gpt-77"),
        ("kb", "remove", "d00000000"),
        ("explain", "r-nothing"),
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_a_name_that_nobody_knows_is_bad_input(arguments: tuple[str, ...], aicost: Run) -> None:
    result = aicost(*arguments)
    assert result.status == 2
    assert result.out.strip() in ("", "[]")
    assert result.err.startswith("aicost: I know no ")
    assert result.err.count("\n") == 1
    assert len(result.err) < 300


@pytest.mark.parametrize(
    "arguments",
    [
        ("price", "gpt-4o", "--provider", "anthropic"),
        ("cost", "deepseek-chat", "--input", "5", "--batch"),
    ],
    ids=" ".join,
)
def test_a_price_that_is_not_on_record_is_no_bad_input(arguments: tuple[str, ...], aicost: Run) -> None:
    result = aicost(*arguments)
    assert result.status == 1
    assert result.out == ""
    assert "no price" in result.err or "is on record" in result.err
