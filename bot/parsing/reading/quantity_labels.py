"""Lengths with a label before them: "history 800, user message 60, answer 180", "user 100 tokens a turn, assistant 250"."""

from __future__ import annotations

from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from knowledge.lazy_dataclass import replace

_JOINT = r"(?:is|are|has|have|of|about|around|roughly|~|≈|=|:|with|avg\.?|average|ca\.?|circa|itself|ist|sind|hat|est|es|de|\s)*"
_IN = LazyPattern(
    r"\b(?:(?:chat |conversation |message )?history|(?:retrieved |rag )?(?:context|chunks?)|questions?|quer(?:y|ies)|user|users?'s|customer|human|caller|msgs?|messages?"
    r"|instructions?|documents?|docs?|examples?|schemas?|tools?|tool definitions?|memory|verlauf|kontext|fragen?|nachrichten?|nutzer|historique|contexte|utilisateur"
    r"|preguntas?|contexto|historial|mensajes?|usuario|sawal)(?: (?:msgs?|messages?|prompts?|input|turns?|text|side|questions?))?\s*(?:\(\s*)?"
    + _JOINT
    + r"$"
)
_OUT = LazyPattern(
    r"\b(?:assistant|bot|chatbot|model|ai|llm|agent|answers?|repl(?:y|ies)|responses?|completions?|output|antwort(?:en)?|assistent|ki|réponses?|respuestas?|asistente|jawab)"
    r"(?: (?:msgs?|messages?|repl(?:y|ies)|answers?|turns?|text|side|responses?|outputs?))?\s*(?:\(\s*)?"
    + _JOINT
    + r"$"
)
_REACH = 40


def input_label(text: str, quantity: Quantity) -> bool:
    """Whether a label of something that is sent stands right before this length."""
    return _IN.search(text[max(0, quantity.start - _REACH) : quantity.start]) is not None


def label_roles(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """The lengths with the roles of their labels, where the text labels one of each side."""
    found: dict[int, str] = {}
    for at, quantity in enumerate(quantities):
        if quantity.role in ("system", "cached", "reasoning") or not (quantity.is_size or not quantity.unit):
            continue
        ahead = text[max(0, quantity.start - _REACH) : quantity.start]
        if quantity.role == "output" or _OUT.search(ahead):
            found[at] = "output"
        elif _IN.search(ahead) and (quantity.is_size or quantity.role == "input"):
            found[at] = "input"
    if set(found.values()) != {"input", "output"}:
        return quantities
    return [
        replace(q, role=found[at], unit=q.unit or "tokens") if at in found and not q.role and q.is_size else q
        for at, q in enumerate(quantities)
    ]
