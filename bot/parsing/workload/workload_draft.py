"""What readers of a workload share: the quantities, the draft that they fill, and small tools."""

from __future__ import annotations

import re

from bot.parsing.annotate import Annotation
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.questions import Size, SizeUnit, Workload
from knowledge.lazy_dataclass import replace

_CONTEXT_WORDS = LazyPattern(r"\b(?:context|ctx|window|kontext\w*|contexte|contexto)\b")


def size_of(quantity: Quantity, unit: str | None = None) -> Size:
    """A quantity as a length of text."""
    name: SizeUnit = unit or quantity.unit or "tokens"  # type: ignore[assignment]
    return Size(amount=quantity.value, unit=name, high=quantity.high)


def is_context_window(annotation: Annotation, quantity: Quantity) -> bool:
    """ "with a 200k context window": a demand on the model, not a length of input."""
    if quantity.unit not in ("tokens", "") or quantity.per:
        return False
    if not annotation.has("context"):
        return False
    if annotation.of_unit("requests", "items") and not annotation.has("which", "cheapest"):
        return False  # "one request with 128k of context" is a length of input
    ahead = annotation.folded[max(0, quantity.start - 30) : quantity.start]
    behind = annotation.folded[quantity.end : quantity.end + 26]
    near = (
        re.split(r"[,;(]| for | mit | pour | para ", ahead)[-1]
        + annotation.folded[quantity.start : quantity.end]
        + re.split(r"[,;)]", behind)[0]
    )
    if not _CONTEXT_WORDS.search(near):
        return False
    role_is_context = quantity.role in ("", "input")
    return role_is_context and (
        quantity.value >= 4000 or bool(re.search(r"window|fenêtre|ventana|fenster|length", near))
    )


class WorkloadDraft:
    """A workload that is being read out of an annotation; readers fill its slots one after the other."""

    def __init__(self, annotation: Annotation, quantities: list[Quantity]) -> None:
        self.annotation = annotation
        self.quantities = [
            q
            for q in quantities
            if q.unit != "money"
            and q.per_thing not in ("basis", "threshold")
            and not is_context_window(annotation, q)
        ]
        self.workload = Workload()

    def _set(self, **slots: object) -> None:
        self.workload = replace(self.workload, **slots)  # type: ignore[arg-type]

    def _has_items(self) -> bool:
        """Whether anything says how often something is sent."""
        workload = self.workload
        return (
            workload.requests is not None
            or workload.requests_per_user is not None
            or workload.users is not None
        )
