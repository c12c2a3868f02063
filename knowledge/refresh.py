"""Takes the prices that genai-prices publishes between its releases; only when the operator asks for it.

The update is kept in the data directory as `prices.json` and compiled from there, until an installed release of the package
proves to be younger.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from knowledge.base import KnowledgeBase
from knowledge.changes import PriceDifference, recorded
from knowledge.errors import KnowledgeError
from knowledge.pricelist import PriceList, load_price_list, save_price_list
from knowledge.sources import genai

FILE_NAME = "prices.json"


class Refreshed(NamedTuple):
    """The list that is in use after a refresh, and what it changed."""

    title: str
    as_of: str
    changes: tuple[PriceDifference, ...]


def refresh(
    data_dir: Path, progress: Callable[[str, int, int], None] | None = None, *, url: str | None = None
) -> Refreshed:
    """Fetch the published prices, compile them, and tell what changed against the knowledge base of before.

    `url` replaces the address that genai-prices names. Raises KnowledgeError where the update cannot be had or kept; the
    knowledge base is then as it was.
    """
    report = progress or (lambda step, done, total: None)
    with KnowledgeBase.open(data_dir, progress) as before:  # something to compare with, also on the first run
        folder = before.path.parent
    known = sum(1 for _ in recorded(folder))
    report("fetching prices", 0, 1)
    prices = genai.fetched(url)
    report("fetching prices", 1, 1)
    path = data_dir / FILE_NAME
    previous = path.read_bytes() if path.exists() else None
    try:
        save_price_list(path, prices)
    except OSError as error:
        raise KnowledgeError(
            f"The price update cannot be kept in {data_dir} ({error.strerror or error}).",
            "Set AICOST_DATA_DIR to a folder that can be written.",
        ) from error
    try:
        with KnowledgeBase.rebuild(data_dir, progress) as after:
            title, as_of = after.connection.execute(
                "select title, as_of from sources where id = 'genai-prices'"
            ).fetchone()
    except BaseException:
        if previous is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(previous)
        raise
    return Refreshed(title, as_of, tuple(recorded(folder))[known:])


def current_price_list(data_dir: Path) -> PriceList:
    """The list to compile: the update that the operator fetched, unless the installed package is proven to be younger."""
    installed = genai.bundled()
    path = data_dir / FILE_NAME
    if not path.exists():
        return installed
    update = load_price_list(path)
    return installed if update["as_of"] < installed["as_of"] else update
