"""How many tokens a call can take at most, and whether a reported usage can be true.

Both rest on one fact: no tokenizer makes more tokens than the text has UTF-8 bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bot.spend.calls import CallUsage

_FRAME_TOKENS = 16
"""Tokens that a chat template puts around one message, generously."""
_TEMPLATE_TOKENS = 2_000
"""Tokens that a server may add of its own (a template, a rendered schema) before its count is called impossible."""
_MOST_OUTPUT_TOKENS = 1_000_000
"""No model writes more in one answer."""


def input_bound(messages: Sequence[dict[str, str]], parameters: dict[str, Any]) -> int:
    """Input tokens to reserve for a call.

    A system message and a schema are constant English text of our own, where a token has some four bytes; half the bytes is
    safely above what any tokenizer makes of it. All else is a user's, who may write anything: its bytes.
    """
    own = len(json.dumps(parameters.get("response_format") or {}, separators=(",", ":")))
    foreign = 0
    for message in messages:
        size = len(message["content"].encode())
        if message["role"] == "system":
            own += size
        else:
            foreign += size
    return -(-own // 2) + foreign + _FRAME_TOKENS * len(messages)


def plausible_usage(usage: Any, *, input_limit: int) -> CallUsage | None:
    """The usage that a server reported, in OpenAI's form (or DeepSeek's for cached tokens); None when it cannot be true.

    `input_limit` is the size of the request in bytes. Cached tokens are a part of the input and reasoning tokens of the output;
    a larger part is cut to the whole.
    """
    if not isinstance(usage, dict):
        return None
    input_tokens, output_tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if input_tokens is None or output_tokens is None or input_tokens == 0:
        return None
    if input_tokens > input_limit + _TEMPLATE_TOKENS or output_tokens > _MOST_OUTPUT_TOKENS:
        return None
    cached = _part(usage, "prompt_tokens_details", "cached_tokens")
    if cached is None:
        cached = _count(usage.get("prompt_cache_hit_tokens"))
    cached = min(cached or 0, input_tokens)
    written = _part(usage, "prompt_tokens_details", "cache_write_tokens") or 0
    reasoning = _part(usage, "completion_tokens_details", "reasoning_tokens")
    return CallUsage(
        input_tokens=input_tokens,
        cached_input_tokens=cached,
        cache_write_tokens=min(written, input_tokens - cached),
        output_tokens=output_tokens,
        reasoning_tokens=min(reasoning or 0, output_tokens),
    )


def _part(usage: dict[str, Any], details: str, name: str) -> int | None:
    inner = usage.get(details)
    return _count(inner.get(name)) if isinstance(inner, dict) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
