"""The error hierarchy, as the bot and the adapters import it; it is defined (and drawn) in `knowledge.errors`."""

from knowledge.errors import (
    AicostError,
    KnowledgeError,
    NoPriceError,
    QuantityError,
    SettingError,
    StorageError,
    UnknownNameError,
    UsageError,
)

__all__ = [
    "AicostError",
    "KnowledgeError",
    "NoPriceError",
    "QuantityError",
    "SettingError",
    "StorageError",
    "UnknownNameError",
    "UsageError",
]
