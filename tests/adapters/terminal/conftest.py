"""Runs the `aicost` command: in this process for most tests, as a process of its own where that is the point."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Result, Run

from adapters.terminal.main import run


@pytest.fixture
def aicost(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """`aicost("price", "gpt-4o", stdin=b"…")` runs that command line against a knowledge base of its own."""

    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    monkeypatch.setattr(root, "level", root.level)

    def invoke(*arguments: str, stdin: bytes = b"") -> Result:
        source = tmp_path / "stdin"
        source.write_bytes(stdin)
        with source.open(encoding="utf-8") as file:
            monkeypatch.setattr(sys, "stdin", file)
            capsys.readouterr()
            status = run(arguments)
        written = capsys.readouterr()
        assert "Traceback" not in written.err
        return Result(status, written.out, written.err)

    return invoke


@pytest.fixture
def process(data_dir: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts the command as a process, with pipes to all its streams."""

    def start(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "adapters.terminal.main", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment},
        )

    return start
