"""What the service counts, for Prometheus: questions and their answers, what the bot's own LLM calls cost, HTTP requests.

Counters belong to one process and start at nothing; what must not be forgotten is in the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from decimal import Decimal

from bot.answers import Spend, plain

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COUNTERS: Mapping[str, str] = {
    "aicost_questions_total": "Questions admitted, by platform.",
    "aicost_repeated_events_total": "Events that a platform delivered again, and that were not answered again.",
    "aicost_answers_total": "Answers, by platform, status and parser.",
    "aicost_llm_calls_total": "LLM calls made to read questions.",
    "aicost_llm_tokens_total": "Tokens of those calls, by direction.",
    "aicost_llm_cost_usd_total": "Cost of those calls in USD, as far as their price is known.",
    "aicost_http_requests_total": "HTTP requests, by route and status.",
}
"""Every counter with its help text; one that has counted nothing yet is shown as 0, unless it has labels."""

_LABELLED = {
    "aicost_questions_total",
    "aicost_repeated_events_total",
    "aicost_answers_total",
    "aicost_llm_tokens_total",
    "aicost_http_requests_total",
}

SECONDS = "aicost_answer_seconds"
_BUCKETS = (0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds: what the local parser takes, and what an LLM takes."""

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters since the start of the process."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Labels], Decimal] = {
            (name, ()): Decimal(0) for name in COUNTERS if name not in _LABELLED
        }
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0
        self._started = time.time()

    def count(self, name: str, amount: int | Decimal = 1, **labels: str) -> None:
        """Add to a counter of `COUNTERS`."""
        if name not in COUNTERS:
            raise KeyError(name)
        key = (name, tuple(sorted(labels.items())))
        self._counts[key] = self._counts.get(key, Decimal(0)) + amount

    def answered(self, seconds: float) -> None:
        """Add one answer to the histogram of seconds."""
        self._seconds += seconds
        self._buckets[next((i for i, bound in enumerate(_BUCKETS) if seconds <= bound), len(_BUCKETS))] += 1

    def spent(self, spend: Spend) -> None:
        """Add what an answer cost."""
        self.count("aicost_llm_calls_total", spend.llm_calls)
        if spend.llm_calls:
            self.count("aicost_llm_tokens_total", spend.input_tokens, direction="input")
            self.count("aicost_llm_tokens_total", spend.output_tokens, direction="output")
        self.count("aicost_llm_cost_usd_total", spend.cost_usd or Decimal(0))

    def text(self, connected: Mapping[str, bool]) -> str:
        """The exposition: all counters, the seconds of answers, and which of the configured platforms are connected."""
        lines: list[str] = []
        for name, help_text in COUNTERS.items():
            rows = sorted(
                (labels, value) for (counter, labels), value in self._counts.items() if counter == name
            )
            lines += _block(
                name, "counter", help_text, ((_labelled(name, labels), plain(v)) for labels, v in rows)
            )
        lines += _block(
            SECONDS, "histogram", "Seconds from admission of a question to its answer.", self._histogram()
        )
        lines += _block(
            "aicost_platform_connected",
            "gauge",
            "Whether a configured platform is connected.",
            (
                (_labelled("aicost_platform_connected", (("platform", name),)), str(int(up)))
                for name, up in connected.items()
            ),
        )
        start = ("aicost_start_time_seconds", f"{self._started:.3f}")
        lines += _block(
            "aicost_start_time_seconds", "gauge", "When the process started, in Unix time.", [start]
        )
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[tuple[str, str]]:
        rows = []
        total = 0
        for bound, count in zip((*map(str, _BUCKETS), "+Inf"), self._buckets, strict=True):
            total += count
            rows.append((_labelled(f"{SECONDS}_bucket", (("le", bound),)), str(total)))
        return [*rows, (f"{SECONDS}_sum", f"{self._seconds:.6f}"), (f"{SECONDS}_count", str(total))]


def _block(name: str, kind: str, help_text: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", *(f"{row} {value}" for row, value in rows)]


def _labelled(name: str, labels: Labels) -> str:
    if not labels:
        return name
    inside = ",".join(f'{key}="{_quoted(value)}"' for key, value in labels)
    return f"{name}{{{inside}}}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
