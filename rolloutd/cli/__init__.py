"""The command line: one file a command, imported when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import click

import rolloutd


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that is not imported yet.

    Attributes:
        place: ``module:attribute``.
        summary: Its line in the list of commands; the module is not asked for that.
    """

    place: str
    summary: str


COMMANDS: Final = MappingProxyType(
    {
        "run": Entry("rolloutd.cli.run:run", "Carry out the plans of a directory: the daemon."),
        "lint": Entry("rolloutd.cli.lint:lint", "Check plan files, all findings in one pass."),
        "schema": Entry(
            "rolloutd.cli.schema:schema", "Print the JSON Schema of plans, for editors."
        ),
        "judge": Entry(
            "rolloutd.cli.judge:judge", "Judge counts from standard input, a line at a time."
        ),
        "simulate": Entry(
            "rolloutd.cli.simulate:simulate", "Try a plan out in virtual time, many times."
        ),
        "backtest": Entry(
            "rolloutd.cli.backtest:backtest", "Replay recorded counts through a plan."
        ),
        "notify": Entry(
            "rolloutd.cli.notify:notify", "Try out the channels on which people are told."
        ),
        "demo": Entry(
            "rolloutd.cli.demo:demo", "See data-product go from v3 to v4, on this machine."
        ),
    }
)


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for.

    The daemon's imports take a second; ``--version``, ``--help`` and shell completion don't
    wait for them.
    """

    def __init__(self, entries: Mapping[str, Entry], *, about: str, epilog: str) -> None:
        super().__init__(name="rolloutd", help=about, epilog=epilog)
        self._entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in the order of their table."""
        del ctx
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; ``None`` when there is none of this name."""
        del ctx
        entry = self._entries.get(cmd_name)
        return None if entry is None else _loaded(entry)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.summary) for name, each in self._entries.items()])


def _loaded(entry: Entry) -> click.Command:
    module, _, attribute = entry.place.partition(":")
    command: object = getattr(importlib.import_module(module), attribute)
    if not isinstance(command, click.Command):
        raise TypeError(f"{entry.place} is not a command")
    return command


main = click.version_option(rolloutd.__version__, prog_name="rolloutd")(
    LazyGroup(
        COMMANDS,
        about="Move traffic to a new version a step at a time, and back when it is worse.",
        epilog="Exit codes: 0 done; 1 error; 2 usage; 3 rolled back or aborted; "
        "5 findings in plans.",
    )
)
"""Entry point of the ``rolloutd`` program."""
