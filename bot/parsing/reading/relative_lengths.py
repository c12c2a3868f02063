"""How long the output is in terms of the input: "twice as long", "a third of that out", "summaries of 10% of the length"."""

from __future__ import annotations

from decimal import Decimal

from bot.parsing.reading.spans import LazyPattern

PARTS = {
    "half": Decimal("0.5"), "quarter": Decimal("0.25"), "third": Decimal(1) / 3, "fifth": Decimal("0.2"), "tenth": Decimal("0.1"),
    "two thirds": Decimal(2) / 3, "two-thirds": Decimal(2) / 3, "three quarters": Decimal("0.75"), "three-quarters": Decimal("0.75"),
    "hälfte": Decimal("0.5"), "drittel": Decimal(1) / 3, "viertel": Decimal("0.25"),
}  # fmt: skip
_PART_OF_THAT = LazyPattern(
    r"\b(?:(\d{1,3}) ?(?:%|percent)|(?:an? |one )?(half|quarter|third|fifth|tenth)) (?:of )?(?:that|the input|the prompt|that length|as (?:much|many|long))(?: tokens)?[^.,;?!\d]{0,16}\b(?:out|outputs?|comes? (?:out|back)|back|answers?|repl(?:y|ies)|responses?)\b"
)
_SAME_LENGTH = LazyPattern(
    r"\b(?:outputs?|answers?|repl(?:y|ies)|responses?|ausgabe|antwort\w*|sortie|réponses?|salida|respuestas?)\b[^.,;\d]{0,14}\b(?:same|equal|gleiche?|même|misma) (?:length|size|länge|longueur|longitud)\b"
)
_OUTPUT_SHARE = LazyPattern(
    r"\b(?:outputs?|answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|ausgabe|sortie|salida)\b[^.;?!\d]{0,24}?(\d{1,3}) ?(?:%|percent|prozent) (?:of |the |des |der |as |la |del |its |their )*(?:inputs?|prompts?|that|length|original|source|text|eingabe|entrée|entrada)\b"
)
_RELATIVE = LazyPattern(
    r"\b(?:(twice|double|doppelt|deux fois|doble)|(half)|(same|gleich|as long))\b(?: as| so)?(?: long| much| many| lange?| viel| length)?(?: as)?(?: (?:the|as|an|in|for))*(?: (?:input|prompt))?"
    r"[^.,;]{0,18}\b(?:outputs?|answers?|ausgabe|antwort\w*|sortie|salida|responses?|repl(?:y|ies))\b"
)


def relative_length(folded: str) -> Decimal | None:
    """How long the output is, as a multiple of the input."""
    part = _PART_OF_THAT.search(folded)
    if part is not None:
        return Decimal(part.group(1)) / 100 if part.group(1) else PARTS[part.group(2)]
    if _SAME_LENGTH.search(folded):
        return Decimal(1)
    share = _OUTPUT_SHARE.search(folded)
    if share is not None:
        return Decimal(share.group(1)) / 100
    match = _RELATIVE.search(folded)
    if match is None:
        return None
    return Decimal(2) if match.group(1) else Decimal("0.5") if match.group(2) else Decimal(1)
