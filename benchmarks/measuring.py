"""Ways to measure."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence


def say(line: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def least_seconds(work: Callable[[], object], within: float = 2.0, calls: int = 1) -> float:
    """The least time of one call, over as many as fit into `within` seconds (at least one).

    `calls` are timed together, so that looking at the clock does not count where one takes microseconds.
    """
    return least_of_each({"": work}, within, {"": calls})[""]


def least_of_each(
    works: Mapping[str, Callable[[], object]], within: float, calls: Mapping[str, int] | None = None
) -> dict[str, float]:
    """The least time of one call of each, taken in turns for `within` seconds in all: their ratios hold on a busy machine too."""
    best, end = dict.fromkeys(works, float("inf")), time.perf_counter() + within
    while True:
        for name, work in works.items():
            repeats = range(calls[name] if calls else 1)
            started = time.perf_counter()
            for _ in repeats:
                work()
            best[name] = min(best[name], (time.perf_counter() - started) / len(repeats))
        if time.perf_counter() > end:
            return best


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all values (0 to 1) do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
