"""Requests that differ in size: "5,210 in/410 out, 6,880 in/395 out" are two requests, "200 of 1k/100 and 300 of 2k/250" five hundred.

"30% have 4k of input, 70% have 800, all 200 out" are parts of one number of requests.
"""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.annotate import Annotation
from bot.parsing.reading.quantity import COUNTED, Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.growth import growth_of
from bot.parsing.workload.shares import is_batched_share
from knowledge.lazy_dataclass import dataclass, replace

_OF_ALL = LazyPattern(
    r"\b(?:each|every one|all of them|apiece|all|always|jeweils|je|immer|alle|chacune?s?|toujours|cada un[oa]|siempre)\b"
)
_FOR_BOTH = LazyPattern(
    r"\b(?:both|for (?:each|every)|per (?:order|ticket|lead|document|customer|user|item|case|email|request|call)|1st|first step|beide|pro (?:auftrag|ticket)|par (?:commande|ticket))\b"
)
_MOST = 20
_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Kind:
    """Requests of one size: their quantities, and their share of all requests where the text says so."""

    quantities: tuple[Quantity, ...]
    share: Decimal | None = None


def separate_requests(a: Annotation) -> list[Kind]:
    """The kinds of requests that the text lists, each with its sizes; nothing where it lists none, or nobody could tell.

    A count before a pair is how often it is sent. Where only some pairs have a count, nobody can tell what it is for.
    """
    if sum(1 for q in a.quantities if q.is_size) < 3 or a.of_unit("money"):
        return []
    percents = a.of_unit("percent")
    if percents:
        return _by_share(a, percents)
    groups: list[list[Quantity]] = [[]]
    for quantity in a.quantities:
        if _begins_anew(quantity, groups[-1]):
            groups.append([])
        groups[-1].append(quantity)
    alone = len(groups) > 1 and not any(q.is_size for q in groups[-1])
    behind = groups.pop() if alone else []
    if not 2 <= len(groups) <= _MOST:
        return []
    groups = _with_common_output(a, groups)
    if not all(_is_pair(group) for group in groups):
        return []
    return [Kind(tuple(group)) for group in _with_counts(a, groups, behind)]


def _by_share(a: Annotation, percents: list[Quantity]) -> list[Kind]:
    """Parts of the requests in percent, each with a size of its own."""
    plain = [
        q
        for q in percents
        if "cach" not in a.clause(q) and not is_batched_share(a, q) and growth_of(a, q) is None and not q.role
    ]
    if len(plain) < 2 or len(plain) != len(percents) or sum(q.value for q in plain) != _HUNDRED:
        return []
    sizes = [q for q in a.quantities if q.is_size and not q.per]
    if any(q.start < plain[0].start for q in sizes):
        return []
    groups: list[list[Quantity]] = []
    for at, share in enumerate(plain):
        until = plain[at + 1].start if at + 1 < len(plain) else len(a.folded)
        own = [q for q in sizes if share.end <= q.start < until]
        groups.append([own[0] if own[0].role else replace(own[0], role="input"), *own[1:]] if own else [])
    groups = _with_common_output(a, groups)
    if not all(_is_pair(group) for group in groups):
        return []
    return [Kind(tuple(group), q.value / _HUNDRED) for group, q in zip(groups, plain, strict=True)]


def _with_common_output(a: Annotation, groups: list[list[Quantity]]) -> list[list[Quantity]]:
    """An output behind the last size is that of all, where it says so or where the others have none."""
    outputs = [[q for q in group if q.role == "output" and q.is_size] for group in groups]
    if any(outputs[:-1]) or len(outputs[-1]) != 1:
        return groups
    [common] = outputs[-1]
    if not _OF_ALL.search(a.folded[max(0, common.start - 20) : common.end + 20]):
        return groups
    return [[*group, common] if common not in group else group for group in groups]


def _has(group: list[Quantity], role: str) -> bool:
    return any(q.role == role and q.is_size for q in group)


def _begins_anew(quantity: Quantity, group: list[Quantity]) -> bool:
    if quantity.is_size:
        return quantity.role == "input" and _has(group, "output")
    return quantity.counts_requests and (_has(group, "output") or _has(group, "input"))


def _is_pair(group: list[Quantity]) -> bool:
    sizes = [q for q in group if q.is_size]
    roles = [q.role for q in sizes]
    return (
        roles.count("input") == 1
        and roles.count("output") == 1
        and set(roles) <= {"input", "output", "cached"}
    )


def _with_counts(a: Annotation, groups: list[list[Quantity]], behind: list[Quantity]) -> list[list[Quantity]]:
    counts = [[q for q in group if q.unit in COUNTED] for group in groups]
    if all(len(found) == 1 and found[0].counts_requests for found in counts) and not behind:
        return groups
    stated = [q for found in counts for q in found] + behind
    if not stated:
        return groups
    if len(stated) == 1 and stated[0].counts_requests:
        [count] = stated
        if count.value == len(groups) and count.per is None:
            return [[q for q in group if q is not count] for group in groups]
        if count in behind and (_OF_ALL.search(a.clause(count)) or _FOR_BOTH.search(a.folded)):
            return [[*group, count] for group in groups]
    if len(stated) == 2 and stated[0].value == len(groups) and not stated[0].per and stated[1] in behind:
        return [[*(q for q in group if q is not stated[0]), stated[1]] for group in groups]
    return []
