"""A knowledge base, the rules and settings, for tests of the core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.parsing.local import LocalParser
from bot.settings import Settings
from knowledge.base import KnowledgeBase


@pytest.fixture(scope="session")
def knowledge(compiled_knowledge: Path) -> Iterator[KnowledgeBase]:
    """The compiled knowledge base, read-only."""
    with KnowledgeBase.open(compiled_knowledge) as opened:
        yield opened


@pytest.fixture(scope="session")
def parser(knowledge: KnowledgeBase) -> LocalParser:
    """The local parser."""
    return LocalParser(knowledge)


@pytest.fixture(scope="session")
def plain_settings(compiled_knowledge: Path) -> Settings:
    """Settings with nothing configured."""
    return Settings(data_dir=compiled_knowledge)
