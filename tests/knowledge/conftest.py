"""The operator's documents beside the packaged facts."""

from __future__ import annotations

from pathlib import Path

import pytest
from fact_base import connection

from knowledge.documents import Documents
from knowledge.facts import FactBase

MEMO = """---
owner: finance
---
# Acme AI budget memo

## Losses
Acme lost $3.2 million on AI features in 2025, mostly on inference. The **finance team** expects $1.1 million in 2026.

## GPU contracts
We rent 16 H100 GPUs from *Nebius* at $2.10 per GPU-hour until June 2027. See [the contract](https://example.org/x).
"""


@pytest.fixture
def store(tmp_path: Path) -> Documents:
    return Documents(tmp_path)


@pytest.fixture
def facts(store: Documents) -> FactBase:
    return FactBase(connection(), lambda: store)


@pytest.fixture
def memo(tmp_path: Path) -> Path:
    path = tmp_path / "memo.md"
    path.write_text(MEMO)
    return path
