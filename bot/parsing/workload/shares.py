"""Shares of a workload that go to different models, or through the batch API."""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.questions import ModelRef

_INSTEAD = LazyPattern(
    r"\b(?:instead of|rather than|vs|versus|compared (?:to|with)|against|over|statt|anstatt|gegenüber|au lieu de|plutôt que|en vez de|ke bajaye|ki jagah)\b"
)
_TRAFFIC = LazyPattern(
    r"\b(?:traffic|goes? to|go to|requests?|calls?|handled by|routed?|verkehr|anfragen|handles?|gets?|takes?|send|sent|split|share|mix|routing|rest|trafic|requêtes|tráfico)\b"
)


_MOVED = LazyPattern(
    r"\b(?:mov(?:e|es|ed|ing)|shift(?:ed|ing)?|migrat\w+|switch(?:ed|ing)?|transfer\w*|rout(?:e|es|ed|ing)|offload\w*|reroute\w*|verschieb\w*|verlager\w*|déplac\w*|mover|pasar)\b"
)
_WORDED = LazyPattern(
    r"\b(half|hälfte|moitié|mitad|aadha|aadhe|(?:a|one) third|two[- ]thirds|(?:a|one) quarter|three[- ]quarters)\b"
    r"|\b(\d{1,3}|one|two|three|nine) (?:out of|in|of|of every|out of every) (?:every )?(\d{1,3}|three|four|five|ten)\b(?! ?[k%])"
    r"|\b((?:the )?(?:rest|remaining|remainder|others?|other \d{1,3})|übrigen?|restlichen?|reste|resto|baaki|baki)\b"
)
_WORDED_SHARES = {
    "half": Decimal("0.5"), "hälfte": Decimal("0.5"), "moitié": Decimal("0.5"), "mitad": Decimal("0.5"), "aadha": Decimal("0.5"),
    "aadhe": Decimal("0.5"), "third": Decimal(1) / 3, "thirds": Decimal(2) / 3, "quarter": Decimal("0.25"), "quarters": Decimal("0.75"),
}  # fmt: skip
_NUMBERS = {"one": 1, "two": 2, "three": 3, "nine": 9, "four": 4, "five": 5, "ten": 10}


def traffic_shares(a: Annotation) -> list[Decimal]:
    """ "70% of the traffic goes to haiku and the rest to opus": each model's share, in the order of the models; else nothing.

    "Moving 25% from opus to haiku" leaves 75% on the first model.
    """
    if len(a.models) < 2:
        return []
    shares = _stated(a)
    if len(shares) == 1 and shares[0] is not None and _moves_a_share(a) and len(_distinct(a)) == 2:
        moved = shares[0]
        towards = _TO.search(a.folded[: a.models[0].start])
        return [moved, 1 - moved] if towards else [1 - moved, moved]
    others = {named.ref.model for named in a.models[len(shares) :]}
    known = {named.ref.model for named in a.models[: len(shares)]}
    if not 2 <= len(shares) <= len(a.models) or len(known) != len(shares):
        return []
    if (others - known and not _INSTEAD.search(a.folded)) or not _TRAFFIC.search(a.folded):
        return []
    said = sum((share for share in shares if share is not None), Decimal(0))
    full = [share if share is not None else 1 - said for share in shares]
    if shares.count(None) > 1 or sum(full, Decimal(0)) != 1 or min(full) <= 0:
        return []
    return full


_SHARE = LazyPattern(
    r"^[^.;,?!]{0,30}?(?:\d ?%|\d percent|\bhalf\b|\bthird|\bquarter|\bhälfte|\bmoitié|\bmitad)"
)


_MOVED_BEHIND = LazyPattern(
    r"\bvon\b.*\b(?:auf|zu|nach)\b.*\b(?:verlager|verschieb|umstell|umzieh|wechsel|verleg)\w*"
)
"""German puts the verb at the end."""


def _moves_a_share(a: Annotation) -> bool:
    """Whether a word of moving stands right before the share."""
    if _MOVED_BEHIND.search(a.folded):
        return True
    return any(_SHARE.search(a.folded[m.end() :]) for m in _MOVED.finditer(a.folded))


_TO = LazyPattern(r"\b(?:to|onto|over to|nach|auf|zu|vers|a|hacia)\s+$")


def _distinct(a: Annotation) -> set[str | None]:
    return {named.ref.model for named in a.models}


def _stated(a: Annotation) -> list[Decimal | None]:
    """The shares in the order of the text; None is "the rest"."""
    found: list[tuple[int, Decimal | None]] = [
        (q.start, q.value / 100)
        for q in a.of_unit("percent")
        if "cach" not in a.clause(q) and not is_batched_share(a, q)
    ]
    for match in _WORDED.finditer(a.folded):
        worded, part, whole, rest = match.groups()
        near = a.folded[match.start() : match.end() + 40]
        if "cach" in near or "batch" in near or any(n.start <= match.start() < n.end for n in a.models):
            continue
        if worded:
            found.append((match.start(), _WORDED_SHARES[worded.replace("-", " ").split()[-1]]))
        elif part:
            count, total = (Decimal(_NUMBERS.get(n) or n) for n in (part, whole))
            if 0 < count < total:
                found.append((match.start(), count / total))
        elif rest:
            found.append((match.start(), None))
    return [share for _, share in sorted(found, key=lambda item: item[0])]


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
        for match in pattern.finditer(a.folded):
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
