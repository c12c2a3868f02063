"""The `aicost` command: one lazily imported module a subcommand, and the one place that gives errors words and exit statuses.

Exit status: what the command returns (0 where it returns nothing), `AicostError.exit_status` for an error that has words, 2 for a
wrong usage and for a defect of the program, 130 after Ctrl-C. No traceback reaches the screen unless AICOST_DEBUG is set.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

import click

from adapters.terminal.output import say
from bot.errors import AicostError

COMMANDS: dict[str, str] = {
    "ask": "adapters.terminal.ask:ask",
    "chat": "adapters.terminal.chat:chat",
    "explain": "adapters.terminal.explain:explain",
    "price": "adapters.terminal.price:price",
    "models": "adapters.terminal.models:models",
    "cost": "adapters.terminal.cost:cost",
    "tokens": "adapters.terminal.tokens:tokens",
    "facts": "adapters.terminal.facts:facts",
    "usage": "adapters.terminal.usage:usage",
    "budget": "adapters.terminal.budget:budget",
    "ledger": "adapters.terminal.ledger:ledger",
    "kb": "adapters.terminal.kb:kb",
    "serve": "adapters.terminal.serve:serve",
    "doctor": "adapters.terminal.doctor:doctor",
}
"""Each command and where it lives ("module:attribute"), in the order in which the help lists them."""

INTERRUPTED = 130
BROKEN = 2


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs (or the help is shown)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


def _show_version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("aicost-bot")
    except PackageNotFoundError:
        found = "unknown (not installed)"
    click.echo(f"aicost, version {found}")
    ctx.exit()


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
def cli() -> None:
    """What AI costs: exact, cited answers, from a knowledge base on this machine.

    \b
    aicost ask "10k requests a day, 500 in / 200 out, gpt-4o"
    aicost ask "how much did OpenAI lose in 2024?"
    """


def main() -> None:
    """The console script: run `aicost` with this process's arguments and leave with its exit status."""
    # Imports make objects by the ten thousand and no garbage, and the process's end needs no last look at all of them: looking for
    # cycles would take a sixth of a short command's time.
    gc.set_threshold(20_000, 20, 20)
    status = run(sys.argv[1:])
    gc.freeze()
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit status; says on stderr what went wrong, if anything."""
    _make_streams_tolerant()
    debug = os.environ.get("AICOST_DEBUG", "") not in ("", "0")
    _set_up_logging(debug)
    try:
        status = cli.main(args=list(arguments), prog_name="aicost", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = BROKEN
    except (click.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except SystemExit as leaving:  # click's way to end a command whose reader went away
        status = leaving.code
    except AicostError as error:
        if debug:
            raise
        say(str(error))
        status = error.exit_status
    except Exception as error:
        if debug:
            raise
        _confess(error)
        status = BROKEN
    return _flushed(status if isinstance(status, int) else 0)


class _Sentences(logging.Handler):
    """Warnings of the program as sentences; the traceback of one that has one is for those who look for it."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage() + (" (AICOST_DEBUG=1 shows the details)" if record.exc_info else ""))


def _set_up_logging(debug: bool) -> None:
    root = logging.getLogger()
    if debug:
        logging.basicConfig(
            level=logging.DEBUG, format="%(asctime)s %(name)s %(levelname)s %(message)s", force=True
        )
    elif not any(isinstance(handler, _Sentences) for handler in root.handlers):
        root.addHandler(_Sentences(logging.WARNING))


def _make_streams_tolerant() -> None:
    """Bytes that are no text, and characters that the terminal cannot show, are replaced instead of ending the program."""
    for stream, errors in (
        (sys.stdin, "replace"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)


def _flushed(status: int) -> int:
    """Write out what is buffered while an error can still be answered; the interpreter's own flush would print a traceback."""
    if sys.stdout is None:
        return status
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return 1
    except OSError as error:
        _discard_stdout()
        say(f"The output cannot be written ({error.strerror}).")
        return BROKEN
    return status


def _discard_stdout() -> None:
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)


def _confess(error: Exception) -> None:
    """Say that the program itself failed, and keep the traceback in a file that only this user can read."""
    import tempfile
    import traceback

    again = "Please report it; AICOST_DEBUG=1 shows the details here."
    try:
        descriptor, path = tempfile.mkstemp(prefix="aicost-error-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        say(f"Something went wrong inside aicost ({type(error).__name__}). {again}")
    else:
        say(
            f"Something went wrong inside aicost ({type(error).__name__}). The details are in {path}. {again}"
        )


if __name__ == "__main__":
    main()
