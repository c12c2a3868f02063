"""Shares of a workload that go to different models."""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.spans import LazyPattern

_TRAFFIC = LazyPattern(r"\b(?:traffic|goes? to|go to|requests?|calls?|handled by|routed?|verkehr|anfragen)\b")


def traffic_shares(a: Annotation) -> list[Decimal]:
    """ "70% of the traffic goes to haiku and 30% to opus": each model's share, in the order of the models; else nothing."""
    shares = [q for q in a.of_unit("percent") if "cach" not in a.clause(q)]
    if len(a.models) < 2 or len(shares) != len(a.models) or not _TRAFFIC.search(a.folded):
        return []
    if sum(q.value for q in shares) != 100:
        return []
    return [q.value / 100 for q in shares]
