"""Which models take part in a comparison where none is named: current text models that fulfil the constraints."""

from __future__ import annotations

from collections.abc import Sequence

from bot.answering.context import Context, NoAnswer
from bot.presentation import format_amount
from bot.questions import Constraints
from knowledge.makers import own_apis
from knowledge.prices import RateCard
from knowledge.records import Model

_UNRANKED = {"image": "image models", "audio": "models for speech"}


def candidates(constraints: Constraints, context: Context) -> list[Model]:
    """All current text models that fit; at their makers' own APIs unless a provider is named or open weights are asked for."""
    if constraints.modality in _UNRANKED:
        raise NoAnswer(
            "not_found",
            f"I cannot rank {_UNRANKED[constraints.modality]}: their prices have no common unit. Ask for the price of one"
            " by its name.",
        )
    catalogue = context.knowledge.catalogue
    own_only = not constraints.providers and not constraints.open_weights
    if own_only:
        context.note("Only makers' own APIs are compared; name a provider to look there.")
    found = catalogue.models(
        provider=list(constraints.providers),
        maker=list(constraints.makers),
        min_context=int(constraints.min_context) if constraints.min_context is not None else None,
        include_preview=False,
        modality="embedding" if constraints.modality == "embedding" else "text",
    )
    newest = _newest_generations(found)
    kept = [
        model
        for model in found
        if model.maker not in constraints.excluded_makers
        and (not constraints.open_weights or model.open_weights)
        and (not own_only or model.provider in own_apis(model.maker))
        and not model.id.startswith("ft:")
    ]
    current = [model for model in kept if not _superseded(model, newest)]
    if len(current) < len(kept):
        context.note("Models two or more generations behind their own family are left out.")
    return current


def _newest_generations(models: Sequence[Model]) -> dict[tuple[str, str], int]:
    """The first number of the newest version of each family."""
    newest: dict[tuple[str, str], int] = {}
    for model in models:
        if model.version:
            key = (model.maker, model.family)
            newest[key] = max(newest.get(key, 0), model.version[0])
    return newest


def _superseded(model: Model, newest: dict[tuple[str, str], int]) -> bool:
    """Price lists go on listing models that their maker has shut down; nobody wants to be pointed to one."""
    return bool(model.version) and newest[(model.maker, model.family)] - model.version[0] >= 2


def constraint_words(constraints: Constraints, context: Context) -> str:
    """The constraints in words."""
    parts = []
    if constraints.min_context is not None:
        parts.append(f"a context window of at least {format_amount(constraints.min_context, 'tokens')}")
    if constraints.makers:
        parts.append(f"made by {' or '.join(constraints.makers)}")
    if constraints.excluded_makers:
        parts.append(f"not made by {' or '.join(constraints.excluded_makers)}")
    if constraints.providers:
        parts.append(f"sold by {' or '.join(context.provider_name(p) for p in constraints.providers)}")
    if constraints.open_weights:
        parts.append("open weights")
    if constraints.modality == "embedding":
        parts.append("embeddings")
    if constraints.max_input_price is not None:
        parts.append(f"at most {format_amount(constraints.max_input_price, 'USD')} per 1M input tokens")
    if constraints.max_output_price is not None:
        parts.append(f"at most {format_amount(constraints.max_output_price, 'USD')} per 1M output tokens")
    return ", ".join(parts) or "current text models"


def within_caps(card: RateCard, constraints: Constraints) -> bool:
    """Whether a price stays under the stated limits."""
    for unit, cap in (
        ("input_tokens", constraints.max_input_price),
        ("output_tokens", constraints.max_output_price),
    ):
        if cap is not None and (unit not in card.rates or card.rates[unit].price > cap):
            return False
    return True
