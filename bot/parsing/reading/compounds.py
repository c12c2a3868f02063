"""German puts what is counted at the end of a longer word: "Produktbeschreibungen", "Supportanfragen", "Kundenmails".

A compound that no table knows is read as its last part. Words keep their places in the text.
"""

from __future__ import annotations

from functools import lru_cache

from bot.parsing.reading.language import Language
from bot.parsing.reading.lexicon import GERMAN_NOUNS, ROLES, UNITS
from bot.parsing.reading.spans import LazyPattern, Word

_SHORTEST_FIRST_PART = 3
_SHORTEST_HEAD = 4


def read_compounds(words: list[Word], language: Language) -> list[Word]:
    """The words of a text, each unknown German compound as its last part; words of other languages stay as they are."""
    if language != "de":
        return words
    heads = [_head(word.text) for word in words]
    return [
        word if head == word.text else word._replace(text=head)
        for word, head in zip(words, heads, strict=True)
    ]


_NAME_BEFORE = LazyPattern(
    r"(?:\d\w*|claude|haiku|sonnet|opus|fable|gpt|gemini|flash|pro|mini|nano|llama|mistral|deepseek|qwen|grok|kimi|whisper|turbo|lite)$"
)
_CERTAINLY_GERMAN = LazyPattern(r"(?<=\w)-(?=(?:preise?n?|modelle?n?|anfragen?|kosten|aufrufe?n?)\b)")
_AFTER_A_NAME = LazyPattern(
    r"(?<=\w)-(?=(?:modelle?n?|modells|apis?|preise?n?|kosten|batch|antworten|"
    + "|".join(sorted(GERMAN_NOUNS, key=len, reverse=True))
    + r")\b)"
)


def names_apart(text: str, language: Language) -> str:
    """A German text with names cut from the nouns that they are tied to ("Haiku-4.5-Anfragen"); every character keeps its place."""
    if "-" not in text:
        return text
    pattern = _AFTER_A_NAME if language == "de" else _CERTAINLY_GERMAN
    cuts = [
        match.start()
        for match in pattern.compiled.finditer(text.lower())
        if _NAME_BEFORE.search(text.lower(), 0, match.start())
    ]
    return "".join(" " if at in cuts else character for at, character in enumerate(text)) if cuts else text


@lru_cache(maxsize=4096)
def _head(word: str) -> str:
    known = word in UNITS or word in ROLES
    if known or len(word) < _SHORTEST_FIRST_PART + _SHORTEST_HEAD or not word.replace("-", "").isalpha():
        return word
    for at in range(_SHORTEST_FIRST_PART, len(word) - _SHORTEST_HEAD + 1):
        if word[at:] in GERMAN_NOUNS:
            return word[at:]
    return word
