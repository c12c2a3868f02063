"""GPUs and what they rent for, as typed rows, each with the fact card and the source that it was read from.

Nothing here is reckoned except the price of one GPU in a node, which is the node's price divided by its GPUs where that comes out
exactly. A specification that no card states is None, never a guess.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

from knowledge.errors import NoPriceError, UnknownNameError
from knowledge.gpu_names import gpu_mentions
from knowledge.lazy_dataclass import dataclass
from knowledge.records import Source
from knowledge.subjects import Subject, SubjectIndex
from knowledge.wording import fold, words_in


@dataclass(frozen=True, kw_only=True)
class Specification:
    """One number of a GPU with its source."""

    value: Decimal
    fact: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One GPU in its usual form (SXM where there is one). A number that no source states is None."""

    name: str
    aliases: tuple[str, ...] = ()
    memory_gb: Decimal | None = None
    dense_bf16_tflops: Decimal | None = None
    """Peak TFLOP/s in bf16 without sparsity, which few workloads can use."""
    watts: Decimal | None = None
    source: Source | None = None
    """Of the throughput, or of the memory where no throughput is known."""
    sources: tuple[tuple[str, Source], ...] = ()
    """The source of each number: ("dense_bf16_tflops", …)."""


@dataclass(frozen=True, kw_only=True)
class Rental:
    """One provider's price of one GPU for an hour; `fact` is the id of the card it was read from."""

    gpu: str
    provider: str
    usd_per_hour: Decimal
    as_of: str | None
    source: Source
    spot: bool
    terms: str
    """On what terms: "on demand", "Secure Cloud", "Community Cloud", "marketplace", "serverless", "dedicated deployment",
    "capacity block"."""
    variant: str
    """Form factor and memory as listed ("SXM 80GB"); empty where the list names none."""
    fact: str
    statement: str
    note: str | None = None
    """How a node's price was divided."""


class Hardware:
    """The GPUs and rental prices of a compiled knowledge base; safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @cached_property
    def gpus(self) -> Mapping[str, Gpu]:
        """Every GPU of which something is known, by name."""
        specifications: dict[str, dict[str, Specification]] = {}
        for gpu, quantity, value, fact, *source in self._connection.execute(
            f"select s.gpu, s.quantity, s.value, s.fact, {_SOURCE} from gpu_specifications s join facts f on f.id = s.fact"
        ):
            row = Specification(value=Decimal(value), fact=fact, source=_source(source))
            specifications.setdefault(gpu, {})[quantity] = row
        return {
            name: _gpu(name, tuple(aliases.split("|")) if aliases else (), specifications.get(name, {}))
            for name, aliases in self._connection.execute("select name, aliases from gpus order by rowid")
        }

    @cached_property
    def providers(self) -> tuple[str, ...]:
        """Everybody whose rental prices are known, in alphabetical order."""
        return tuple(sorted({rental.provider for rental in self._rentals}, key=str.lower))

    def find(self, mention: str) -> Gpu:
        """The GPU that a mention names ("8x h100s", "A100 80GB"). Raises UnknownNameError with the nearest known ones."""
        found = self.mentions(mention)
        name = found[0][2] if found else self._aliases.get(_key(mention))
        if name is not None and name in self.gpus:
            return self.gpus[name]
        raise UnknownNameError("GPU", mention.strip(), self._near(name or mention))

    def mentions(self, text: str) -> list[tuple[int, int, str]]:
        """The GPUs in a text, known or not: start, end and name. `find(name)` raises UnknownNameError for an unknown one."""
        return gpu_mentions(text)

    def providers_in(self, text: str, context: bool = False) -> list[tuple[int, int, str]]:
        """The providers of GPUs that a text names, in any of their spellings ("Amazon EC2", "lambda labs"): start, end, name.

        With `context` the text is known to be about GPUs, and a name that is also a word ("lambda") is one.
        """
        return [
            (mention.start, mention.end, mention.subject)
            for mention in self._clouds.mentions(text, context=context)
            if mention.subject is not None and self._clouds.kind(mention.subject) == "cloud"
        ]

    def provider(self, mention: str) -> str:
        """The provider that a mention names, by its own name or its owner's ("Amazon" is AWS). Raises UnknownNameError."""
        for found in self._clouds.mentions(mention, context=True):
            for cloud in self._clouds.subjects.values():
                if cloud.kind == "cloud" and found.subject in (cloud.name, *cloud.part_of):
                    return cloud.name
        raise UnknownNameError("GPU provider", mention.strip(), self.providers)

    def rentals(self, gpu: str, provider: str | None = None) -> list[Rental]:
        """All rental prices of a GPU, at one provider or at all of them, newest first (undated ones last)."""
        name = self.find(gpu).name
        wanted = None if provider is None else self.provider(provider)
        rows = [row for row in self._rentals if row.gpu == name and wanted in (None, row.provider)]
        return sorted(rows, key=lambda row: row.as_of or "", reverse=True)

    def rental(self, gpu: str, provider: str | None = None, terms: str | None = None) -> Rental:
        """The rental price to assume.

        Without a provider: the newest on-demand list price of RunPod (Secure Cloud), Lambda, Together AI or CoreWeave, in this
        order on one date; where none of them lists the GPU, the newest on-demand price of anybody, then serverless,
        marketplace and reserved prices. With a provider: its own by the same order. SXM comes before other forms of a GPU.
        `terms` is a word of the wanted terms or form ("community", "nvl"); where no offer has it, the first of all is meant.
        Raises NoPriceError where no price is known, UnknownNameError for an unknown GPU or provider.
        """
        name = self.find(gpu).name
        wanted = None if provider is None else self.provider(provider)
        rows = [row for row in self._rentals if row.gpu == name and wanted in (None, row.provider)]
        named = [row for row in rows if terms and terms in f"{row.terms} {row.variant}".lower()]
        for row in named or rows:
            return row
        known = sorted({row.provider for row in self._rentals if row.gpu == name})
        where = f" at {wanted}" if wanted else ""
        remedy = f"Known for {name}: {', '.join(known)}." if known else "Name a price per GPU-hour yourself."
        raise NoPriceError(f"No rental price of the {name}{where} is on record.", remedy)

    @cached_property
    def _rentals(self) -> list[Rental]:
        """In the order in which they are assumed."""
        rows = self._connection.execute(
            "select r.gpu, r.provider, r.usd_per_hour, r.as_of, r.spot, r.terms, r.variant, r.fact, r.note, f.statement,"
            f" {_SOURCE} from rentals r join facts f on f.id = r.fact order by r.rank"
        )
        return [
            Rental(
                gpu=gpu,
                provider=provider,
                usd_per_hour=Decimal(usd_per_hour),
                as_of=as_of,
                source=_source(source),
                spot=bool(spot),
                terms=terms,
                variant=variant,
                fact=fact,
                statement=statement,
                note=note,
            )
            for gpu, provider, usd_per_hour, as_of, spot, terms, variant, fact, note, statement, *source in rows
        ]

    @cached_property
    def _aliases(self) -> Mapping[str, str]:
        return {_key(alias): gpu.name for gpu in self.gpus.values() for alias in (gpu.name, *gpu.aliases)}

    @cached_property
    def _clouds(self) -> SubjectIndex:
        from knowledge.facts import load_subjects

        index = load_subjects(self._connection)
        owners = {
            owner
            for subject in index.subjects.values()
            if subject.kind == "cloud"
            for owner in subject.part_of
        }
        kept: list[Subject] = [
            subject
            for subject in index.subjects.values()
            if subject.kind == "cloud" or subject.name in owners
        ]
        return SubjectIndex(kept)

    def _near(self, name: str) -> list[str]:
        from rapidfuzz import process

        return [match for match, _, _ in process.extract(name, list(self.gpus), limit=3)]


_SOURCE = "f.id, f.title, f.url, f.as_of, f.publisher"


def _source(row: list[str]) -> Source:
    identity, title, url, as_of, publisher = row
    return Source(id=identity, title=title, url=url, as_of=as_of, publisher=publisher)


def _gpu(name: str, aliases: tuple[str, ...], known: Mapping[str, Specification]) -> Gpu:
    def value(quantity: str) -> Decimal | None:
        return known[quantity].value if quantity in known else None

    first = known.get("dense_bf16_tflops") or known.get("memory_gb")
    return Gpu(
        name=name,
        aliases=aliases,
        memory_gb=value("memory_gb"),
        dense_bf16_tflops=value("dense_bf16_tflops"),
        watts=value("watts"),
        source=first.source if first else None,
        sources=tuple((quantity, row.source) for quantity, row in known.items()),
    )


def _key(name: str) -> str:
    return "".join(word.text for word in words_in(fold(name)))
