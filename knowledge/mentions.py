"""Finds the models, providers and makers that a sentence names, and which provider it names for which model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from knowledge.makers import LINES, MAKERS
from knowledge.mention_words import BETWEEN, MAKER_FOLLOWERS, MAKER_NAMES, MAKERS_ALSO_WORDS, ONE_OF_MANY
from knowledge.model_finder import ModelFinder, Span
from knowledge.reading import PREPOSITIONS, ProviderSpan, is_platform, providers_in, unlisted_host
from knowledge.spellings import ORGANISATIONS, Part, fold, joined, parts

_FARTHEST = 3
"""Parts between a model and the provider that it is bought from ("sonnet hosted on the bedrock")."""


class Named(NamedTuple):
    """Something named by the characters `start` to `end`. `provider` is the one a model is bought from, or what is named."""

    start: int
    end: int
    kind: Literal["model", "provider", "maker"]
    provider: str | None = None
    maker: str | None = None
    read_as: str = ""
    """The whole name of a model, where the text only says what differs from the one before."""
    shared: bool = False
    """The provider stands farther off and may not be meant for this model."""


def named_in(text: str, finder: ModelFinder, known_provider: Callable[[str], bool]) -> list[Named]:
    """Everything named in a text, in order, not overlapping. A name is what the words say, whether there is such a model or not."""
    pieces = _compounds(joined(parts(fold(text))), finder.is_word)
    models = list(finder.spans(pieces, text))
    taken = [False] * len(pieces)
    for span in models:
        taken[span.start : span.end] = [True] * (span.end - span.start)
    makers = [named for span in models if (named := _as_maker(pieces, span))]
    models = [span for span in models if all(span.start != start for start, _, _ in makers)]
    providers = [
        span for span in providers_in(pieces, known_provider) if not any(taken[span.start : span.end])
    ]
    bought_from = _bought_from(pieces, models, providers)
    shared = _share_in_lists(pieces, models, bought_from) | _only_place(
        pieces, models, providers, bought_from
    )
    found = [
        Named(
            pieces[start].start,
            pieces[end - 1].end,
            "model",
            bought_from.get(span),
            read_as=span.read_as,
            shared=span in shared,
        )
        for span in models
        for start, end in [_with_host(pieces, span, span in bought_from)]
    ]
    found = _apart_from_host(found, pieces, text) if not bought_from else found
    found += [
        Named(pieces[start].start, pieces[end - 1].end, "maker", _own_api(maker), maker)
        for start, end, maker in makers
    ]
    for provider in providers:
        spelled = _spelled(pieces, provider)
        maker_named = None if is_platform(spelled) else ORGANISATIONS[spelled.replace(" ", "")]
        start, end = pieces[provider.start].start, pieces[provider.end - 1].end
        found.append(
            Named(start, end, "maker" if maker_named else "provider", provider.provider, maker_named)
        )
        taken[provider.start : provider.end] = [True] * (provider.end - provider.start)
    found += _other_makers(pieces, taken, text)
    return sorted(found)


def _compounds(pieces: list[Part], is_word: Callable[[str], bool]) -> list[Part]:
    """Lines that people write apart ("deep seek") put together."""
    result: list[Part] = []
    for piece in pieces:
        before = result[-1] if result else None
        if before is not None and piece.glue == " " and before.kind == piece.kind == "word":
            whole = before.text + piece.text
            if whole in _LONG_LINES and not (is_word(before.text) and is_word(piece.text)):
                result[-1] = Part(whole, "word", before.start, piece.end, before.glue)
                continue
        result.append(piece)
    return result


_LONG_LINES = frozenset(line for line in LINES if len(line) > 6)


def _with_host(pieces: Sequence[Part], span: Span, is_bought: bool) -> tuple[int, int]:
    """The parts of a name with the host beside it whose prices nobody has ("llama 70b on deepinfra")."""
    if is_bought or span.read_as:
        return span.start, span.end
    after = unlisted_host(pieces, span.end)
    if after is not None and pieces[after.start].glue is not None:
        return span.start, after.end
    before = unlisted_host(pieces, span.start - 1) if span.start else None
    if before is not None and before.end == span.start and pieces[span.start].glue is not None:
        return before.start, span.end
    return span.start, span.end


def _apart_from_host(found: list[Named], pieces: Sequence[Part], text: str) -> list[Named]:
    """The one model of a sentence, read with such a host that the sentence names apart from it."""
    if len(found) != 1 or found[0].read_as:
        return found
    [named] = found
    for at, piece in enumerate(pieces):
        host = unlisted_host(pieces, at) if piece.text in PREPOSITIONS else None
        if host is not None and piece.start >= named.end:
            where = text[piece.start : pieces[host.end - 1].end]
            return [named._replace(read_as=f"{text[named.start : named.end]} {where}")]
    return found


def _as_maker(pieces: Sequence[Part], span: Span) -> tuple[int, int, str] | None:
    """A line's bare name that stands for its maker: "gemini models", "the cheapest claude model", "from mistral"."""
    if span.end != span.start + 1 or (line := pieces[span.start].text) not in LINES:
        return None
    before = pieces[span.start - 1].text if span.start else ""
    after = pieces[span.end] if span.end < len(pieces) else None
    follows = after.text if after is not None and after.glue is not None else ""
    many = follows in MAKER_FOLLOWERS or (follows in ("model", "modell") and before in ONE_OF_MANY)
    owner = line in ORGANISATIONS and (before in ("from", "by", "von") or _is_possessive(pieces, span.end))
    return (span.start, span.end, LINES[line].maker) if many or owner else None


def _is_possessive(pieces: Sequence[Part], end: int) -> bool:
    return end < len(pieces) and pieces[end].text == "s" and pieces[end].glue is None


def _own_api(maker: str) -> str | None:
    return next(iter(MAKERS[maker].apis), None)


def _spelled(pieces: Sequence[Part], span: ProviderSpan) -> str:
    return " ".join(piece.text for piece in pieces[span.start : span.end])


def _bought_from(
    pieces: Sequence[Part], models: Sequence[Span], providers: Sequence[ProviderSpan]
) -> dict[Span, str]:
    """The provider that the text names for each model: the one right after it, or right before it; or the only one there is."""
    chosen: dict[Span, str] = {}
    used: set[ProviderSpan] = set()
    for after in (True, False):
        for model in models:
            if model in chosen:
                continue
            for provider in providers:
                if provider in used and not after:
                    continue
                if _beside(pieces, model, provider, after):
                    chosen[model] = provider.provider
                    used.add(provider)
                    break
    return chosen


def _only_place(
    pieces: Sequence[Part], models: Sequence[Span], providers: Sequence[ProviderSpan], chosen: dict[Span, str]
) -> set[Span]:
    """Where a sentence has one model and one platform apart from each other, the model is probably bought there."""
    platforms = {span.provider for span in providers if is_platform(_spelled(pieces, span))}
    if len(models) != 1 or chosen or len(platforms) != 1:
        return set()
    chosen[models[0]] = platforms.pop()
    return {models[0]}


def _beside(pieces: Sequence[Part], model: Span, provider: ProviderSpan, after: bool) -> bool:
    first, second = (model.end, provider.start) if after else (provider.end, model.start)
    if not 0 <= second - first <= _FARTHEST:
        return False
    between = pieces[first:second]
    if not all(piece.text in BETWEEN for piece in between):
        return False
    if any(piece.glue is None for piece in pieces[first:second]) and len(between) > 1:
        return False
    if provider.marked:
        return after or is_platform(_spelled(pieces, provider)) or len(between) == 0
    adjoining = pieces[second].glue is not None or after
    return is_platform(_spelled(pieces, provider)) and adjoining


def _share_in_lists(pieces: Sequence[Part], models: Sequence[Span], chosen: dict[Span, str]) -> set[Span]:
    """Give the provider at the end of a list to the models before ("haiku and sonnet on bedrock"); returns those."""
    shared: set[Span] = set()
    for earlier, later in reversed(list(pairwise(models))):
        between = [piece.text for piece in pieces[earlier.end : later.start]]
        if later in chosen and earlier not in chosen and between in _AND:
            chosen[earlier] = chosen[later]
            shared.add(earlier)
    return shared


_AND: tuple[list[str], ...] = ([], ["and"], ["or"], ["und"], ["oder"], ["et"], ["ou"], ["y"])


def _other_makers(pieces: Sequence[Part], taken: Sequence[bool], text: str) -> list[Named]:
    """Makers that sell no API, and makers whose names are ordinary words where they are written with a capital."""
    found: list[Named] = []
    for place, piece in enumerate(pieces):
        if piece.text not in MAKER_NAMES or taken[place] or (maker := ORGANISATIONS.get(piece.text)) is None:
            continue
        if piece.text in MAKERS_ALSO_WORDS and not (
            text[piece.start].isupper() or _is_possessive(pieces, place + 1)
        ):
            continue
        found.append(Named(piece.start, piece.end, "maker", _own_api(maker), maker))
    return found
