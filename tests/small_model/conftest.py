"""The server of the small model, one for all tests."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_model.fetch import FetchError, fetch


@pytest.fixture(scope="session")
def server_address() -> Iterator[str]:
    """The address of llama.cpp's server with the small model. In CI it must be had; elsewhere its absence skips the test."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("the engine's pinned wheel is for Linux on x86-64")
    try:
        packages, model = fetch()
    except FetchError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the small model cannot be fetched: {error}")
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(packages), str(model)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "llama.cpp's server did not start"
        yield f"{address}/v1"
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
