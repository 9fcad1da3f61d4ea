"""Orders: ``pause``, ``resume``, ``skip``, ``promote``, ``rollback``, ``retry``, ``start``."""

from __future__ import annotations

import dataclasses
import sys

import click

from rolloutd.cli.remote.client import Client, Named, Order
from rolloutd.cli.remote.completing import rollouts
from rolloutd.cli.remote.effects import effect_of
from rolloutd.cli.remote.formats import for_programs
from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.options import connected, named, remote_options
from rolloutd.cli.remote.table import step_of, weight_of


def _command(verb: str, about: str, *, asks: bool = False) -> click.Command:
    """Return the command for one verb; ``asks`` has people at a terminal confirm it."""

    @click.command(verb, help=about)
    @click.argument("name", shell_complete=rollouts)
    @click.option("--reason", default="", help="For the timeline, and for whoever is told.")
    @click.option(
        "--expected-step",
        type=click.IntRange(min=0),
        metavar="STEP",
        help="Only while it is at this step, counted from 0 as in `get -o json`; a rollback"
        " is never held to it.",
    )
    @click.option("-y", "--yes", is_flag=True, help="Don't ask, also on a terminal.")
    @click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json", "yaml", "name"]),
        default="text",
        show_default=True,
    )
    @remote_options
    def give(  # noqa: PLR0913 - one parameter an option
        *,
        name: str,
        reason: str,
        expected_step: int | None,
        yes: bool,
        output: str,
        full: bool = False,
    ) -> None:
        order = Order(verb=verb, reason=reason, expected_step=expected_step, full=full)
        with connected() as client:
            which = named(client, name)
            if (asks or full) and not yes and sys.stdin.isatty():
                order = _confirmed(client, which, order)
            click.echo(_told(client.order(which, order), output))

    return give


def _confirmed(client: Client, which: Named, order: Order) -> Order:
    """Show a person what the order does and return it with a reason.

    It is held to the step that was shown, so that nobody confirms one thing and orders another.

    Raises:
        click.Abort: The answer was no.
    """
    now = client.rollout(which)
    click.echo(f"{which}: {now.why}")
    click.echo(effect_of(order.verb, now, full=order.full))
    click.confirm("Do it?", abort=True)
    reason = order.reason or click.prompt("Reason", default="", show_default=False)
    step = now.step if order.expected_step is None else order.expected_step
    return dataclasses.replace(order, reason=reason, expected_step=step)


def _told(now: Full, output: str) -> str:
    match output:
        case "json" | "yaml":
            return for_programs(now.form, output)
        case "name":
            return f"{now.namespace}/{now.name}"
        case _:
            where = f"{now.phase} at {weight_of(now)}, step {step_of(now)}"
            return f"{now.namespace}/{now.name} is {where}. {now.why} {now.what_next}".strip()


pause = _command("pause", "Stay at the present weight until resumed; gates keep judging.")
resume = _command("resume", "Go on where the pause began: what was left of a hold is left.")
skip = _command("skip", "Leave the present hold now, for the next step.")
promote = click.option(
    "--full", is_flag=True, help="All the way: all traffic to the canary, now."
)(
    _command(
        "promote",
        "Leave the present hold now; with --full, go all the way to 100 %."
        "\n\nPeople at a terminal are asked before --full.",
    )
)
rollback = _command(
    "rollback",
    "Send all traffic to stable.\n\nPeople at a terminal are asked first. It needs neither"
    " Prometheus nor gates.",
    asks=True,
)
retry = _command("retry", "Try again after a rollback, from the first step.")
start = _command(
    "start", "Start a rollout whose plan says `start: manual`, or earlier than it."
)
