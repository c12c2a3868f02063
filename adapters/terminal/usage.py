"""`aicost usage`: what the bot was asked, and what its own LLM calls cost."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from adapters.terminal.output import Line, Table, show, write_json
from adapters.terminal.session import opened_ledger
from bot.answers import plain
from bot.errors import UsageError
from bot.presentation import format_amount
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.spend.report import By, Totals, UsageReport

GROUPINGS = ("user", "channel", "workspace", "platform", "model", "kind", "day", "parser")


@click.command()
@click.option("--by", type=click.Choice(GROUPINGS), help="Also in groups.")
@click.option("--period", help='"today", "last week", "this month", "last 7 days", …')
@click.option("--since", help="From this day on (2026-11-01).")
@click.option("--until", help="Up to this day, which is included.")
@click.option("--user", help="Only this user's (slack:U012AB3CD, or the plain id).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def usage(
    by: By | None,
    period: str | None,
    since: str | None,
    until: str | None,
    user: str | None,
    form: str,
    as_json: bool,
) -> None:
    """Show what the bot was asked, and what its LLM calls cost.

    \b
    aicost usage --period "last week" --by user
    """
    if period and (since or until):
        raise click.UsageError("Give either --period, or --since and --until.")
    report = asyncio.run(_report(by, period, _date(since), _date(until), user))
    if as_json or form == "json":
        write_json(report.to_json(), indent=2)
    elif form == "csv":
        _write_csv(report)
    else:
        show(_document(report))


async def _report(
    by: By | None, period: str | None, since: date | None, until: date | None, user: str | None
) -> UsageReport:
    from bot.spend.report import day_range, time_range

    zone = Settings.load().timezone
    if period:
        start, end = time_range(period, zone, datetime.now(UTC))
    else:
        start, end = day_range(since, until, zone)
    async with opened_ledger() as ledger:
        return await ledger.report(start, end, by, user=user, time_zone=zone)


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date.", "Write it as 2026-11-01.") from None


def _write_csv(report: UsageReport) -> None:
    import csv

    rows = (
        [group.to_json() for group in report.groups]
        if report.by
        else [{**report.totals.to_json(), "by": "total"}]
    )
    columns = ["by", *report.totals.to_json()]
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _document(report: UsageReport) -> list[Line | Table]:
    totals = report.totals
    if not totals.questions and not totals.llm_calls:
        return [Line("Nothing was asked in that time.", "yellow")]
    notes = [
        f"{_share(totals.without_llm, totals.questions)} of them needed no LLM" if totals.questions else "",
        f"{totals.reserved} calls are under way; they count as reserved" if totals.reserved else "",
        f"{totals.lost} calls were cut off; they count with all that was reserved" if totals.lost else "",
        f"{totals.estimated} calls were counted by us, because the server reported no tokens"
        if totals.estimated
        else "",
        f"{totals.unpriced} calls have no known price and are not in the sum" if totals.unpriced else "",
    ]
    rows = [*((group.title(report.by), group.totals) for group in report.groups), ("total", totals)]
    headers = (report.by or "", "questions", "LLM calls", "input", "cached", "output", "USD")
    return [
        Line(
            f"{format_amount(Decimal(totals.questions), 'questions')},"
            f" {format_amount(Decimal(totals.llm_calls), 'LLM calls')}, {format_amount(totals.cost_usd, 'USD')}",
            "bold",
        ),
        *(Line(note, indent=2) for note in notes if note),
        Line(),
        Table([_row(name, sums) for name, sums in rows], headers, right=frozenset(range(1, 7)), indent=2),
    ]


def _share(part: int, whole: int) -> str:
    """A share in percent; "100 %" and "0 %" are said only where they are exact."""
    percent = 100 * part / whole
    if part in (0, whole):
        return f"{percent:.0f} %"
    return "more than 99 %" if percent > 99 else "less than 1 %" if percent < 1 else f"{percent:.0f} %"


def _row(name: str, sums: Totals) -> list[str]:
    counts = (
        sums.questions,
        sums.llm_calls,
        sums.input_tokens,
        sums.cached_input_tokens,
        sums.output_tokens,
    )
    return [name, *(f"{count:,}" for count in counts), plain(sums.cost_usd)]
