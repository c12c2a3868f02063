"""Shares of a workload that go to different models, or through the batch API."""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.quantity import Quantity
from bot.parsing.spans import LazyPattern
from bot.questions import ModelRef

_INSTEAD = LazyPattern(
    r"\b(?:instead of|rather than|vs|versus|compared (?:to|with)|against|over|statt|anstatt|gegenüber|au lieu de|plutôt que|en vez de|ke bajaye|ki jagah)\b"
)
_TRAFFIC = LazyPattern(
    r"\b(?:traffic|goes? to|go to|requests?|calls?|handled by|routed?|verkehr|anfragen|handles?|gets?|takes?|send|sent|split|share|mix|routing|rest|trafic|requêtes|tráfico)\b"
)


def traffic_shares(a: Annotation) -> list[Decimal]:
    """ "70% of the traffic goes to haiku and 30% to opus": each model's share, in the order of the models; else nothing."""
    shares = [q for q in a.of_unit("percent") if "cach" not in a.clause(q) and not is_batched_share(a, q)]
    others = {named.ref.model for named in a.models[len(shares) :]}
    known = {named.ref.model for named in a.models[: len(shares)]}
    if len(a.models) < 2 or not 2 <= len(shares) <= len(a.models) or len(known) != len(shares):
        return []
    if (others - known and not _INSTEAD.search(a.folded)) or not _TRAFFIC.search(a.folded):
        return []
    if sum(q.value for q in shares) != 100:
        return []
    return [q.value / 100 for q in shares]


_BATCHED = LazyPattern(r"\bbatch\w*|\bstapel\w*|\bpar lots\b|\bpor lotes\b")
_OTHER_SHARE = LazyPattern(
    r"cach|\b(?:discount|off|cheaper|less|saves?|saving|savings|rabatt|günstiger|billiger|remise|descuento|moins|menos|reduction|grow\w*)\b"
)
_ENDS = LazyPattern(r"[;?!]|\.\s|\bbut\b")
_PARTS = (
    (LazyPattern(r"\bhalf\b|\bhälfte\b|\bmoitié\b|\bmitad\b|\baadha\b|\baadhe\b"), Decimal("0.5")),
    (LazyPattern(r"\b(?:a|one) third\b|\bein drittel\b|\bun tiers\b|\bun tercio\b"), Decimal(1) / 3),
    (LazyPattern(r"\btwo[- ]thirds\b|\bzwei drittel\b"), Decimal(2) / 3),
    (LazyPattern(r"\b(?:a|one) quarter\b|\bein viertel\b|\bun quart\b"), Decimal("0.25")),
    (LazyPattern(r"\bthree[- ]quarters\b|\bdrei viertel\b"), Decimal("0.75")),
)
_NEAR = 60


def is_batched_share(a: Annotation, share: Quantity) -> bool:
    """Whether a percentage says how much goes through the batch API: "60 % of the traffic via batch"."""
    if not a.has("batch") or share.role == "cached":
        return False
    following = [q.start for q in a.of_unit("percent") if q.start > share.end]
    until = min([share.end + _NEAR, *following])
    behind = _ENDS.compiled.split(a.folded[share.end : until])[0]
    found = _BATCHED.search(behind)
    if found is None:
        preceding = [q.end for q in a.quantities if q.end <= share.start]
        ahead = _ENDS.compiled.split(a.folded[max([share.start - 30, *preceding]) : share.start])[-1]
        return bool(_BATCHED.search(ahead)) and not _OTHER_SHARE.search(ahead + behind)
    return not _OTHER_SHARE.search(behind[: found.start()]) and not _OTHER_SHARE.search(
        behind[found.end() :][:16]
    )


def batched_share_in_words(a: Annotation) -> Decimal | None:
    """ "Half of them batched": a part that is named without a number."""
    for pattern, share in _PARTS:
        for match in pattern.compiled.finditer(a.folded):
            near = _ENDS.compiled.split(a.folded[match.end() : match.end() + _NEAR])[0]
            found = _BATCHED.search(near)
            if found is not None and not _OTHER_SHARE.search(near) and not _PRICE.search(near):
                return share
    return None


_PRICE = LazyPattern(r"\b(?:price|cost|costs|rate|preis|prix|precio)\b")


def mix_against(a: Annotation) -> ModelRef | None:
    """The model that a mix of models is set against: "70 % mini, 30 % big instead of everything on big"."""
    instead = _INSTEAD.search(a.folded)
    if instead is not None:
        behind = [named.ref for named in a.models if named.start >= instead.end()]
        if behind:
            return behind[0]
    return None
