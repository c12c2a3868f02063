"""What every test stands on: an environment with no setting in it, folders of its own, and a knowledge base compiled once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from knowledge.base import FILE_NAME, KnowledgeBase

LEAKS = ("AICOST_", "OPENAI_", "SLACK_", "DISCORD_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
"""Beginnings of the variables that change what aicost does."""

settings.register_profile("aicost", deadline=None)  # a busy machine is no defect
settings.load_profile("aicost")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's (environment, `.env`, `aicost.toml`) reaches a test, and no test writes outside its folder."""
    for name in list(os.environ):
        if name.startswith(LEAKS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AICOST_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture(scope="session")
def compiled_knowledge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a freshly compiled `knowledge.db`; read it, or use `data_dir` for one to write into."""
    folder = tmp_path_factory.mktemp("knowledge")
    KnowledgeBase.open(folder).close()
    return folder


@pytest.fixture
def data_dir(compiled_knowledge: Path, tmp_path: Path) -> Path:
    """The data directory that the settings name, with a copy of the knowledge base in it."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(compiled_knowledge / FILE_NAME, folder)
    return folder
