"""All figures in one run: `python -m benchmarks` in the repository's folder."""

from __future__ import annotations

import os
import platform
import tempfile
from pathlib import Path

from benchmarks import commands, knowledge, prices, questions
from benchmarks.measuring import say


def main() -> None:
    """Print all figures."""
    say(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}")
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        commands.main(data_dir)
        questions.main(data_dir)
        prices.main(data_dir)
        knowledge.main(data_dir)


if __name__ == "__main__":
    main()
