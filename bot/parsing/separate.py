"""Requests that differ in size: "5,210 in/410 out, 6,880 in/395 out" are two requests, "200 of 1k/100 and 300 of 2k/250" five hundred."""

from __future__ import annotations

from bot.parsing.annotate import Annotation
from bot.parsing.quantity import Quantity
from bot.parsing.spans import LazyPattern

_OF_ALL = LazyPattern(r"\b(?:each|every one|all of them|apiece|jeweils|je|chacune?s?|cada un[oa])\b")
_MOST = 20


def separate_requests(a: Annotation) -> list[list[Quantity]]:
    """The quantities of each kind of request, where the text lists several pairs of input and output; else nothing.

    A count before a pair is how often it is sent. Where only some pairs have a count, nobody can tell what it is for.
    """
    groups: list[list[Quantity]] = [[]]
    for quantity in a.quantities:
        if quantity.unit in ("money", "percent"):
            return []
        if _has(groups[-1], "output") and _begins_anew(quantity, a):
            groups.append([])
        groups[-1].append(quantity)
    alone = len(groups) > 1 and not any(q.is_size for q in groups[-1])
    behind = groups.pop() if alone else []
    if not 2 <= len(groups) <= _MOST or not all(_is_pair(group) for group in groups):
        return []
    return _with_counts(a, groups, behind)


def _has(group: list[Quantity], role: str) -> bool:
    return any(q.role == role and q.is_size for q in group)


def _begins_anew(quantity: Quantity, a: Annotation) -> bool:
    return (quantity.is_size and quantity.role == "input") or quantity.counts_requests


def _is_pair(group: list[Quantity]) -> bool:
    sizes = [q for q in group if q.is_size]
    roles = [q.role for q in sizes]
    return (
        roles.count("input") == 1
        and roles.count("output") == 1
        and set(roles) <= {"input", "output", "cached"}
    )


def _with_counts(a: Annotation, groups: list[list[Quantity]], behind: list[Quantity]) -> list[list[Quantity]]:
    counts = [[q for q in group if not q.is_size] for group in groups]
    if all(len(found) == 1 and found[0].counts_requests for found in counts) and not behind:
        return groups
    stated = [q for found in counts for q in found] + behind
    if not stated:
        return groups
    if len(stated) == 1 and stated[0].counts_requests:
        [count] = stated
        if count.value == len(groups) and count.per is None:
            return [[q for q in group if q is not count] for group in groups]
        if count in behind and _OF_ALL.search(a.clause(count)):
            return [[*group, count] for group in groups]
    return []
