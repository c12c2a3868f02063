"""The one error hierarchy of aicost; its root stands in the lowest layer so that every layer can raise it.

    AicostError               (exit status 2, where nothing else is said)
    ├── UsageError            the caller asked for something impossible
    │   ├── SettingError      a setting has a value that cannot be used
    │   └── QuantityError     a count that is negative, not finite, absurd or contradicts another
    ├── UnknownNameError      a model, provider, GPU or company that the knowledge base does not hold
    ├── NoPriceError          the thing is known, its price is not (exit status 1)
    ├── KnowledgeError        the knowledge base or one of its sources cannot be read or built
    └── StorageError          the ledger cannot be read or written

The exit status is that of a command whose argument is the cause; an answer to a question has its own (`bot.answers`). Each
error carries the thing that failed and two sentences: what happened, and what to do. Adapters print both; library code never
prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

_LONGEST_NAME = 100
"""Characters of an unknown name that an error repeats."""


class AicostError(Exception):
    """Root of all errors that reach a person. `what` says what happened, `remedy` what to do about it."""

    exit_status: ClassVar[int] = 2

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class UsageError(AicostError):
    """The caller's own input cannot be used."""


class SettingError(UsageError):
    """A setting is wrong; the sentence names it, says what is wrong and gives an example."""

    def __init__(self, name: str, problem: str, example: str = "", *, line: str = "") -> None:
        """`example` is a value for the setting; `line` a whole line, where `name` is a place and no setting's name."""
        end = "" if problem.endswith("?") else "."
        super().__init__(f"{name} {problem}{end}", f"Example: {line or f'{name}={example}'}")
        self.name = name


class QuantityError(UsageError):
    """A count or amount is impossible: negative, infinite, absurd, or larger than what contains it."""


class UnknownNameError(AicostError):
    """A name is not in the knowledge base; `suggestions` are the nearest that are, best first."""

    def __init__(self, kind: str, name: str, suggestions: Sequence[str] = ()) -> None:
        near = ", ".join(suggestions)
        shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
        super().__init__(
            f"I know no {kind} called {shown!r}.",
            f"Did you mean {near}?" if near else f"Check the spelling, or name another {kind}.",
        )
        self.kind = kind
        self.name = name
        self.suggestions = tuple(suggestions)


class NoPriceError(AicostError):
    """The model is known, but no price is on record for what was asked (never answered with another price)."""

    exit_status = 1


class KnowledgeError(AicostError):
    """The knowledge base, or a source that it is compiled from, cannot be read."""


class StorageError(AicostError):
    """The ledger cannot be read or written."""
