"""The command line: one file a command, imported when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

import rolloutd

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


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
        "gitops": Entry(
            "rolloutd.cli.gitops:gitops", "Print what keeps Argo CD or Flux off the weights."
        ),
        "notify": Entry(
            "rolloutd.cli.notify:notify", "Try out the channels on which people are told."
        ),
        "demo": Entry(
            "rolloutd.cli.demo:demo", "See data-product go from v3 to v4, on this machine."
        ),
        "get": Entry("rolloutd.cli.remote.get:get", "Show where rollouts stand."),
        "describe": Entry(
            "rolloutd.cli.remote.describe:describe", "Say everything about a rollout."
        ),
        "explain": Entry(
            "rolloutd.cli.remote.explain:explain",
            "Say why a rollout is where it is, or what a field of plans means.",
        ),
        "status": Entry(
            "rolloutd.cli.remote.status:status", "Say how it stands, or wait for its end."
        ),
        "watch": Entry("rolloutd.cli.remote.watch:watch", "Watch a rollout live."),
        "pause": Entry("rolloutd.cli.remote.orders:pause", "Stay at the present weight."),
        "resume": Entry("rolloutd.cli.remote.orders:resume", "Go on where the pause began."),
        "skip": Entry("rolloutd.cli.remote.orders:skip", "Leave the present hold now."),
        "promote": Entry(
            "rolloutd.cli.remote.orders:promote", "Leave the hold, or go all the way to 100 %."
        ),
        "rollback": Entry("rolloutd.cli.remote.orders:rollback", "Send all traffic to stable."),
        "retry": Entry("rolloutd.cli.remote.orders:retry", "Try again after a rollback."),
        "start": Entry(
            "rolloutd.cli.remote.orders:start", "Start a rollout that waits for a person."
        ),
        "report": Entry(
            "rolloutd.cli.report.command:report", "Write a run down, for a change ticket."
        ),
        "audit": Entry("rolloutd.cli.audit:audit", "Read the audit trail; check it is whole."),
        "completion": Entry(
            "rolloutd.cli.remote.completion:completion", "Print a shell's completion script."
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

    def shell_complete(  # type: ignore[explicit-any] # click's items hold anything
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the commands without importing them."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - for Tab alone

        names = [name for name in self._entries if name.startswith(incomplete)]
        return [
            *(CompletionItem(name, help=self._entries[name].summary) for name in names),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]

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
        epilog="Exit codes: 0 done or promoted; 1 error; 2 usage; 3 rolled back or aborted; "
        "4 not over yet (status --no-wait); 5 findings in plans; 124 not over in time.",
    )
)
"""Entry point of the ``rolloutd`` program."""
