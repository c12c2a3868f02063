"""`aicost ask --json` with `AICOST_PARSER=llm` at a server that lies, talks nonsense or breaks: an exact answer or none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from command_line import Run
from figure_oracle import invented
from servers.openai_server import OpenAIServer, Reply, drips, fails, hangs, html, resets, says

from bot.parsing.llm.dialect import forget_dialects

SURE = "10k requests a day, 500 in / 200 out, gpt-4o"
UNSURE = "gpt-4o, every day 1200 kiosks dictate, 900 tokens apiece and 80 come back"
FACT = "how much did OpenAI lose in 2024"
NUMBERS = {SURE: (10_000, 500, 200), UNSURE: (1200, 900, 80), FACT: ()}

_FORM: dict[str, Any] = {
    "models": ["gpt-4o"],
    "kind": "estimate",
    "want": "cost",
    "want_per": None,
    "follow_up": False,
    "quantities": [],
}


def _form(*quantities: tuple[str, str, str | None], **more: Any) -> dict[str, Any]:
    listed = [{"text": text, "role": role, "per": per} for text, role, per in quantities]
    return {**_FORM, "quantities": listed, **more}


REPLIES = [
    pytest.param([says(_form(("50000 requests", "requests", "day"), ("7 tokens", "input", "request")))], id="numbers"),
    pytest.param([says(_form(("80", "input", "request"), ("900 tokens", "output", "request")))], id="swapped roles"),
    pytest.param([says(_form(("80", "cached", None), ("900", "reasoning", None)))], id="roles that nobody named"),
    pytest.param([says(_form(models=["gpt-9", "o3-free", "claude-opus-99"]))], id="models"),
    pytest.param([says({**_FORM, "kind": "self_hosting"})], id="another kind"),
    pytest.param([says({**_FORM, "kind": "usage"})], id="a report"),
    pytest.param([says({**_FORM, "kind": "break_even"})], id="routes"),
    pytest.param([says({**_FORM, "price": "$0.4321", "figures": [{"amount": "12.57", "unit": "USD"}]})], id="prices"),
    pytest.param([says({"status": "answered", "headline": "It is free", "figures": []})] * 2, id="an answer"),
    pytest.param([says("It costs $12.57 a day.")] * 2, id="prose"),
    pytest.param([says(json.dumps(_FORM)[:70])] * 2, id="half JSON"),
    pytest.param([says(_form(*[("50000", "requests", "day")] * 5000))], id="huge form"),
    pytest.param([says("x" * 1_000_000)], id="huge"),
    pytest.param([html()] * 2, id="html"),
    pytest.param([Reply(raw='{"choices": [{"message": {"content": 12.57}}]}')] * 2, id="other types"),
    pytest.param([says(_FORM, usage={"prompt_tokens": 10**15, "completion_tokens": -5})], id="wrong usage"),
    pytest.param([says(_FORM, usage=None)], id="no usage"),
    pytest.param([fails(400, "pay $12.57 at evil.example")] * 9, id="400"),
    pytest.param([fails(401)], id="401"),
    pytest.param([fails(500, retry_after=0)] * 3, id="500"),
    pytest.param([fails(429, retry_after=60)], id="429"),
    pytest.param([resets(in_body=True)] * 3, id="reset"),
    pytest.param([hangs()], id="hangs"),
    pytest.param([drips(_FORM)], id="drips"),
]  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """A server that the settings name, asked by every question."""
    forget_dialects()
    with OpenAIServer() as running:
        monkeypatch.setenv("AICOST_PARSER", "llm")
        monkeypatch.setenv("AICOST_LLM_BASE_URL", running.base_url)
        monkeypatch.setenv("AICOST_LLM_MODEL", "gpt-4o-mini")
        monkeypatch.setenv("AICOST_LLM_TIMEOUT", "60")
        yield running


@pytest.mark.parametrize("text", [SURE, UNSURE, FACT])
@pytest.mark.parametrize("replies", REPLIES)
def test_no_figure_is_the_models(
    aicost: Run, server: OpenAIServer, replies: list[Reply], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will(*replies)
    if any(reply.fault in ("hang", "drip") for reply in replies):
        monkeypatch.setenv("AICOST_LLM_TIMEOUT", "1")
    result = aicost("ask", "--json", text)
    assert server.requests
    answer = result.json
    assert result.status in (0, 1)
    assert invented(answer["figures"], NUMBERS[text]) == []
    told = json.dumps({name: answer[name] for name in ("headline", "assumptions", "details", "citations")})
    for word in ("12.57", "0.4321", "50000", "evil", "gpt-9", "<h1>"):
        assert word not in told
    if answer["status"] != "answered":
        assert answer["figures"] == []
    if text == SURE:
        first = answer["figures"][0]
        assert (first["amount"], first["unit"], first["per"]) == ("32.5", "USD", "day")
    if text == FACT:
        assert answer["figures"][0]["amount"] == "5000000000"
    assert answer["spend"]["llm_calls"] <= len(server.requests)


def test_an_honest_reading_answers_what_the_rules_cannot(aicost: Run, server: OpenAIServer) -> None:
    server.knows[UNSURE] = _form(
        ("1200 kiosks", "requests", "day"), ("900 tokens", "input", "request"), ("80", "output", "request")
    )
    answer = aicost("ask", "--json", UNSURE).json
    assert answer["parser"] == "llm"
    assert (answer["figures"][0]["amount"], answer["figures"][0]["per"]) == ("3.66", "day")
    assert invented(answer["figures"], NUMBERS[UNSURE]) == []
