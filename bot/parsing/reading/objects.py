"""What a question about a price asks for, word for word: "price of X", "how much is X", "X pricing".

Names of models are found by words that only models have. In this one place a name may be any word ("price of sonar"), and a word
that goes on after a known name belongs to it, even if it makes the name one that nobody sells ("price of llama wool").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parsing.reading.lexicon import ADJECTIVES, COST_WORDS, FILLERS, PERIODS, ROLES, STOPWORDS, UNITS
from bot.parsing.reading.spans import LazyPattern, Word, split_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.parsing.reading.spans import Coverage
    from knowledge.catalogue import Catalogue, Mention, Resolution

_PRICE = r"(?:prices?|pricing|rates?|costs?|tariffs?|preise?|prix|precios?|tarifs?)"
_END = r"(?=\s*(?:$|[?!,;:(\n]|\.(?:\s|$)|\b(?:per|on|via|at|from|in|with|for|vs|versus|and|or|compared|if|when|each|as|to|is|are|costs?|right|an? \w|pro|par|por)\b))"
_OBJECT = LazyPattern(
    rf"\b{_PRICE} (?:of|for|von|für|de|du|del|di) (?:the |a )?([^\s?!,;:].{{0,60}}?){_END}"
    rf"|\bhow much (?:is|are|does|do|for) (?:the )?([^\s?!,;:].{{0,60}}?){_END}"
    rf"|\b(?:what does|what do|what would|was kostet|combien co[uû]te|cu[aá]nto cuesta) (?:the )?([^\s?!,;:].{{0,60}}?){_END}"
    rf"|^\W*([^\s?!,;:][^?!,;:]{{0,60}}?) {_PRICE}\W*$"
)
_MOST_WORDS = 6
_KNOWN = (
    STOPWORDS | FILLERS | COST_WORDS | ADJECTIVES | UNITS.keys() | ROLES.keys() | PERIODS.keys()
)  # words that mean something else in a question about costs


def object_of(
    folded: str, mentions: Sequence[Mention], coverage: Coverage, catalogue: Catalogue
) -> tuple[int, int, Resolution] | None:
    """Where the name stands that the price is asked of, and what it means, if it is not what `mentions` say; else None.

    `coverage` holds the words that cues explain, which are no part of a name.
    """
    found = _object(folded)
    if found is None:
        return None
    start, end, words = found
    inside = [mention for mention in mentions if mention.start < end and start < mention.end]
    models = [mention for mention in inside if mention.kind == "model"]
    if len(models) > 1 or any(mention.end > end for mention in inside):
        return None
    after = max((mention.end for mention in inside), default=start)
    strange = _strange([word for word in words if word.start >= after], coverage)
    if not strange:
        return None
    resolution = catalogue.resolve(folded[start:end])
    if not models:
        named = resolution.how in ("exact", "family") or (resolution.how == "ambiguous" and not inside)
        named = named and not resolution.corrected  # of ordinary words most are near to some model's
        return (start, end, resolution) if named else None
    if strange[-1].end != words[-1].end:
        return None
    if resolution.how in ("exact", "family", "corrected") and resolution.model is not None:
        return start, end, resolution
    if sum(word.text.isalpha() for word in strange) > 1:
        return None  # "gpt partition table"
    full = any(letter.isdigit() for letter in models[0].text)  # a full name stays what it is
    return (start, end, resolution) if not full and resolution.how == "unknown" else None


def strange_name(folded: str, coverage: Coverage) -> tuple[int, int] | None:
    """Where words that nothing explains stand in the place of the name ("price of doubao")."""
    found = _object(folded)
    if found is None:
        return None
    first, *others = found[2]
    rest = [word for word in others if not word.text[0].isdigit()]  # "dall-e 3"
    if len(_strange([first, *rest], coverage)) <= len(rest):
        return None
    return found[:2]


def _object(folded: str) -> tuple[int, int, list[Word]] | None:
    match = _OBJECT.search(folded)
    if match is None:
        return None
    start, end = match.span(match.lastindex or 0)
    words = [
        Word(start + word.start, start + word.end, word.text)
        for word in split_words(folded[start:end])
        if word.text[0].isalnum()
    ]
    return (start, end, words) if 0 < len(words) <= _MOST_WORDS else None


def _strange(words: Sequence[Word], coverage: Coverage) -> list[Word]:
    return [word for word in words if word.text not in _KNOWN and not coverage.covers(word)]
