"""`aicost serve`: the bot in Slack, Discord and over HTTP, whichever are configured."""

from __future__ import annotations

from importlib import import_module

import click

from bot.settings import Settings


@click.command()
def serve() -> None:
    """Answer in Slack and Discord until SIGTERM or Ctrl-C. The settings say where (see aicost doctor)."""
    settings = Settings.load()
    # Named here and not imported: this folder must not depend on the other platforms, which `adapters.serve` brings together.
    import_module("adapters.serve").run(settings)
