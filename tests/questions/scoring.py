"""Scores aicost on its question set: each conversation goes through the real router, its last answer is held to what is expected.

Run `python -m tests.questions.scoring` in the repository's folder. An answer counts only when everything that the expectation names
is right: status, kind, the first figure's amount, unit and period, its model, what else must be shown, what must not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

if __package__ is None or __package__ == "":  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.path.insert(0, str(Path(__file__).parents[1]))
elif __package__ == "tests.questions":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from questions.formulas import facts, value_of

FOLDER = Path(__file__).parent
HOLDOUT = "holdout_"
EXACT = Decimal("1e-20")
ABOUT = Decimal("1e-3")

_KEYS = {
    "status",
    "kind",
    "first",
    "unit",
    "per",
    "model",
    "provider",
    "about",
    "any",
    "also",
    "cites",
    "names",
    "parsed",
}
_MONEY = {"USD", "EUR", "GBP", "INR"}
_MISSING = {
    "model": r"which (api )?model|on which model|what model",
    "output": r"come[s]? out|output|out per|reply|response",
    "input": r"go(es)? in|input|in per",
    "requests": r"how many (requests|messages|calls|questions)|how often",
    "size": r"how many (tokens|words|input|pages)",
    "budget": r"budget|how much (money|do you)",
    "text": r"which text|text|length",
    "parameters": r"parameters",
    "gpu": r"gpu",
    "throughput": r"tokens (a|per) second",
    "dataset": r"how many (tokens|examples)|dataset|which model",
    "time": r"how many days|in what time|how long",
    "any": r"\?",
}
"""What a clarifying question must say to count as asking for something, as loosely as people would take it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation and what its last answer must be."""

    file: str
    line: int
    turns: tuple[str, ...]
    expect: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The name under which it is counted: that of its file."""
        return self.file.removeprefix(HOLDOUT).removesuffix(".jsonl")

    @property
    def holdout(self) -> bool:
        return self.file.startswith(HOLDOUT)


@dataclass(frozen=True, slots=True)
class Result:
    """A case, what was answered, and everything that is wrong with it (empty: nothing)."""

    case: Case
    answer: Mapping[str, Any]
    faults: tuple[str, ...]
    seconds: float


def load(folder: Path = FOLDER) -> list[Case]:
    """All questions of the set. Raises ValueError for a line that is none, or that names an unknown key."""
    cases = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                data = json.loads(line)
                turns, expect = tuple(data["turns"]), data["expect"]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path.name}:{number} is no question: {error}") from error
            unknown = set(expect) - _KEYS
            if unknown or set(data) != {"turns", "expect"} or not all(isinstance(t, str) for t in turns):
                raise ValueError(f"{path.name}:{number} has keys that nobody reads: {unknown or set(data)}")
            listed = [expect[name] for name in ("any", "also", "cites") if name in expect]
            if not all(isinstance(value, list) for value in listed) or not turns:
                raise ValueError(f"{path.name}:{number}: any, also, cites and turns are lists")
            cases.append(Case(path.name, number, turns, expect))
    return cases


# ---- one answer against its expectation ---------------------------------------------------------------------------


def faults(expect: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[str]:
    """Everything in which an answer (as JSON) is not what is expected of it."""
    for name in ("status", "kind"):
        if name in expect and answer[name] not in _choices(expect[name]):
            yield f"{name}: {answer[name]} instead of {expect[name]}"
    figures = answer["figures"]
    if answer["status"] != "answered" and any(figure["unit"] in _MONEY for figure in figures):
        yield "a refusal holds a price"
    if "names" in expect and not re.search(_MISSING[expect["names"]], answer["headline"], re.IGNORECASE):
        yield f"asks for something else than {expect['names']}: {answer['headline']}"
    wanted = _firsts(expect)
    if wanted:
        yield from _first_faults(wanted, expect, figures)
    for further in expect.get("also", ()):
        yield from _also_fault(further, expect, figures)
    for slot, value in expect.get("parsed", {}).items():
        if answer["parsed"].get(slot) != value:
            yield f"read {slot} as {answer['parsed'].get(slot)} instead of {value}"
    cited = [citation["id"] for citation in answer["citations"]]
    if "cites" in expect and not (cited and cited[0] in expect["cites"]):
        yield f"cites {cited[:1] or 'nothing'} first instead of one of {expect['cites']}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    amount: Decimal
    units: tuple[str | None, ...]
    pers: tuple[str | None, ...]


def _choices(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _firsts(expect: Mapping[str, Any]) -> list[_Wanted]:
    """Every figure that may stand first."""
    formulas = _choices(expect["first"]) if "first" in expect else []
    formulas = formulas + [{"calc": "fact", "id": id} for id in expect.get("any", ())]
    return [_wanted(formula, expect) for formula in formulas]


def _wanted(formula: Any, expect: Mapping[str, Any]) -> _Wanted:
    units = tuple(_choices(expect["unit"])) if "unit" in expect else ()
    pers = tuple(_choices(expect["per"])) if "per" in expect else ()
    if isinstance(formula, Mapping) and formula["calc"] == "fact" and not units:
        unit = str(facts()[formula["id"]]["unit"])
        head, _, tail = unit.partition("/")
        units, pers = (unit, head), ((None, tail) if tail else (None,))
    return _Wanted(value_of(formula), units, pers)


def _first_faults(
    wanted: Sequence[_Wanted], expect: Mapping[str, Any], figures: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    amounts = " or ".join(str(w.amount.normalize()) for w in wanted)
    if not figures:
        yield f"no figure instead of {amounts}"
        return
    first = figures[0]
    tolerance = ABOUT if expect.get("about") else EXACT
    close = [w for w in wanted if _close(Decimal(first["amount"]), w.amount, tolerance)]
    if not close:
        yield f"first figure {first['amount']} {first['unit']} per {first['per']} instead of {amounts}"
        return
    if not any(not w.units or first["unit"] in w.units for w in close):
        yield f"unit {first['unit']} instead of {close[0].units}"
    if not any(not w.pers or first["per"] in w.pers for w in close):
        yield f"per {first['per']} instead of {close[0].pers}"
    for name in ("model", "provider"):
        if name in expect and first[name] not in _choices(expect[name]):
            yield f"{name} {first[name]} instead of {expect[name]}"


def _also_fault(
    formula: Any, expect: Mapping[str, Any], figures: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    amount = value_of(
        {"calc": "fact", "id": formula} if isinstance(formula, str) and formula in facts() else formula
    )
    tolerance = ABOUT if expect.get("about") else EXACT
    if not any(_close(Decimal(figure["amount"]), amount, tolerance) for figure in figures):
        yield f"{formula if isinstance(formula, str) else amount.normalize()} is not among the figures"


def _close(got: Decimal, wanted: Decimal, tolerance: Decimal) -> bool:
    return abs(got - wanted) <= tolerance * abs(wanted)


# ---- all of them ---------------------------------------------------------------------------------------------------


async def score(cases: Iterable[Case], data_dir: Path) -> list[Result]:
    """Ask everything, each conversation in a thread of its own, of one router with no LLM and a ledger in `data_dir`."""
    from bot.messages import Message
    from bot.router import Router
    from bot.settings import Settings

    router = await Router.open(Settings(data_dir=data_dir, parser="local", rate_per_minute=1_000_000))
    results = []
    try:
        for case in cases:
            answer: Mapping[str, Any] = {}
            seconds = 0.0
            for text in case.turns:
                message = Message(
                    platform="terminal", text=text, user="tester", thread=f"{case.file}:{case.line}"
                )
                started = time.perf_counter()
                reply = await router.ask(message)
                seconds = time.perf_counter() - started
                assert reply.answer is not None
                answer = reply.answer.to_json()
            results.append(Result(case, answer, tuple(faults(case.expect, answer)), seconds))
    finally:
        await router.close()
    return results


def table(results: Sequence[Result]) -> str:
    """Strict accuracy by kind, for the set and for its holdout."""
    lines = [f"{'kind':<16}{'set':>14}{'holdout':>14}"]
    for kind in [*sorted({result.case.kind for result in results}), "all"]:
        cells = [_share(results, kind, holdout) for holdout in (False, True)]
        lines.append(f"{kind:<16}{cells[0]:>14}{cells[1]:>14}")
    misled = sum(bool(result.faults) and misleads(result) for result in results)
    lines.append(f"answered with another figure than the right one: {misled} of {len(results)}")
    return "\n".join(lines)


def misleads(result: Result) -> bool:
    """Whether a failure showed a person a figure; the others asked, refused, or were of the wrong form."""
    told = result.answer["status"] == "answered" and bool(result.answer["figures"])
    return told and any(fault.startswith(("first figure", "status")) for fault in result.faults)


def _share(results: Sequence[Result], kind: str, holdout: bool) -> str:
    chosen = [r for r in results if r.case.holdout == holdout and kind in ("all", r.case.kind)]
    right = sum(not r.faults for r in chosen)
    return f"{right}/{len(chosen)} {right / len(chosen):4.0%}" if chosen else "-"


def describe(result: Result) -> str:
    """A failed case for a person: the conversation, what was wrong, what was said."""
    turns = " ‖ ".join(result.case.turns)
    wrong = "; ".join(result.faults)
    headline = str(result.answer["headline"])[:160]
    return f"{result.case.file}:{result.case.line}  {turns}\n    {wrong}\n    said: {headline}"


def main() -> None:
    """Print the table and the failures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("files", nargs="*", help="only these (a part of a file's name is enough)")
    options.add_argument(
        "--data-dir", type=Path, help="where the knowledge base is (default: a new temporary one)"
    )
    options.add_argument(
        "--quiet", action="store_true", help="the table alone; so that the holdout stays unseen"
    )
    given = options.parse_args()
    logging.disable(logging.CRITICAL)
    cases = [case for case in load() if not given.files or any(part in case.file for part in given.files)]
    with tempfile.TemporaryDirectory() as scratch:
        results = asyncio.run(score(cases, given.data_dir or Path(scratch)))
    if not given.quiet:
        for result in results:
            if result.faults and not result.case.holdout:
                print(describe(result), end="\n\n")
    print(table(results))


if __name__ == "__main__":
    main()
