"""Requests that are made shorter: "if we trim the prompt from 5k to 2k, what do we save?"."""

from __future__ import annotations

from bot.parsing.annotate import Annotation
from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from knowledge.lazy_dataclass import replace

_VERB = r"(?:trim|cut|short|reduc|shrink|shrunk|compress|lower|bring|brought|drop|slim|limit|cap|kürz|verkürz|reduzier|rédui|raccourc|recort|reduj|redu[cz])\w*"
_SENT = r"(?:system )?prompts?|inputs?|contexts?|requests?|eingaben?|entrées?|entradas?|kontext\w*|contexte"
_WRITTEN = r"outputs?|answers?|repl(?:y|ies)|responses?|completions?|ausgaben?|antwort\w*|sorties?|réponses?|salidas?|respuestas?"
_SHORTER = LazyPattern(
    rf"\b{_VERB}\b[^.;?!]{{0,30}}?\b(?:({_SENT})|({_WRITTEN}))\b(?: (?:length|size|tokens?))?(?: (?:from|von|de) [^.;?!]{{1,20}}?)? (?:down )?(?:to|auf|à|a)\s+(?:about |around |only |~)?$"
)
_REACH = 110


def shortened(a: Annotation) -> tuple[Quantity, str] | None:
    """The new length, and whether it is of the "input" or the "output"."""
    for quantity in a.quantities:
        if quantity.unit and not quantity.is_size:
            continue
        places = range(quantity.start, quantity.end)
        digits = next((at for at in places if a.folded[at].isdigit()), quantity.start)
        match = _SHORTER.search(a.folded[max(0, digits - _REACH) : digits])
        if match is not None:
            return quantity, "input" if match.group(1) else "output"
    return None


_TO = LazyPattern(r"^\s*(?:tokens?\s+|words?\s+)?(?:down )?(?:to|auf|à|a)\s+(?:about |around |only |~)?$")


def before_shortening(a: Annotation, new: Quantity, side: str) -> list[Quantity]:
    """The quantities of the requests as they are: without the new length, and with the old one ("from 800") on its side."""
    kept = []
    for quantity in a.quantities:
        if quantity is new:
            continue
        if quantity.end <= new.start and _TO.search(a.folded[quantity.end : new.start]):
            quantity = replace(quantity, role=side, unit=quantity.unit or new.unit or "tokens")
        kept.append(quantity)
    return kept
