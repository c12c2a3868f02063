"""A loopback server, a ledger and a parser between them, for tests of the LLM parser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from llm_case import FORM, TEXT, Setup
from servers.openai_server import OpenAIServer

from bot.messages import Message
from bot.parsing.llm.dialect import forget_dialects
from bot.parsing.llm.parser import LlmParser
from bot.settings import Settings
from bot.spend.ledger import Ledger
from knowledge.base import KnowledgeBase


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """A server that knows one question; what was learnt of others is forgotten."""
    forget_dialects()
    with OpenAIServer() as running:
        running.knows[TEXT] = FORM
        yield running


@pytest.fixture
async def setup(server: OpenAIServer, knowledge: KnowledgeBase, tmp_path: Path) -> AsyncIterator[Setup]:
    """A parser for that server."""
    settings = Settings(
        data_dir=tmp_path, llm_base_url=server.base_url, llm_model="gpt-4o-mini", llm_timeout=4.0
    )
    ledger = await Ledger.open(tmp_path, 30)
    admission = await ledger.admit(Message(platform="terminal", text=TEXT))
    parser = LlmParser.connect(settings, knowledge, ledger)
    yield Setup(parser, ledger, admission.query_id, tmp_path)
    await parser.close()
    await ledger.close()
