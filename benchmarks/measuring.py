"""Ways to measure."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence


def say(line: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def least_seconds(work: Callable[[], object], within: float = 2.0) -> float:
    """The least time of one call, over as many as fit into `within` seconds (at least one)."""
    best, end = float("inf"), time.perf_counter() + within
    while True:
        started = time.perf_counter()
        work()
        now = time.perf_counter()
        best = min(best, now - started)
        if now > end:
            return best


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all values (0 to 1) do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
