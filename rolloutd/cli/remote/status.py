"""``rolloutd status``: how it stands, and how it ends. Made for pipelines."""

from __future__ import annotations

import math
from typing import Final

import click

from rolloutd.cli.remote.client import Client, Named
from rolloutd.cli.remote.completing import rollouts
from rolloutd.cli.remote.current import Current
from rolloutd.cli.remote.duration import duration_of
from rolloutd.cli.remote.exits import ENDED, LATE, exit_of
from rolloutd.cli.remote.follower import Follower
from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.link import PATIENCE
from rolloutd.cli.remote.options import connected, named, remote_options
from rolloutd.cli.remote.story import Story
from rolloutd.cli.remote.table import step_of, weight_of
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Unavailable

GLANCE: Final = Seconds(2.0)
"""Longest wait for news at a time: Ctrl-C is heard in between."""

LAST: Final = Seconds(0.2)
"""Shortest wait for an answer: also of the look at the very end of the time."""


@click.command()
@click.argument("name", shell_complete=rollouts)
@click.option(
    "--wait/--no-wait", default=False, show_default=True, help="Wait until it has ended."
)
@click.option(
    "--timeout", callback=duration_of, metavar="TIME", help="Longest wait, such as 45m."
)
@click.option(
    "--after",
    type=click.IntRange(min=0),
    metavar="RUN",
    help="Runs up to this number don't count: wait for a later one.",
)
@remote_options
def status(name: str, *, wait: bool, timeout: Seconds | None, after: int | None) -> None:
    """Say how a rollout stands; with --wait, a line a change until it has ended.

    Exit codes: 0 promoted; 3 rolled back or aborted; 4 not over yet, with --no-wait; 124 not
    over within --timeout; 1 error. A daemon that restarts meanwhile is waited for.

    A pipeline that has just deployed a canary gives --after the run that it saw before: a run
    that ended before the deployment is not the answer.
    """
    if timeout is not None and not wait:
        raise click.UsageError("--timeout goes with --wait.")
    with connected() as client:
        which = named(client, name)
        if wait:
            code = _awaited(client, which, timeout, after)
        else:
            now = client.rollout(which)
            click.echo(_state(now))
            code = exit_of(now.phase) if _counts(now, after) else exit_of("waiting")
    click.get_current_context().exit(code)


def _awaited(client: Client, which: Named, timeout: Seconds | None, after: int | None) -> int:
    """Tell what happens until it is over; return the exit code."""
    from rolloutd.adapters.clock import SystemClock  # noqa: PLC0415 - asyncio, for waiting alone

    clock = SystemClock().now
    begin = clock()

    def look(which: Named) -> Full:
        left = _left(begin, clock(), timeout)
        return client.rollout(which, min(PATIENCE, max(LAST, left)))

    try:
        current, story = Current(which, look, clock), Story(whole=False)
    except Unavailable as error:
        if _left(begin, clock(), timeout) > 0:
            raise
        click.echo(f"Not over after {timeout:g}s. {error}", err=True)
        return LATE
    first, trouble = current.now, ""
    click.echo(_state(first))
    with Follower(client) as follower:
        while not (_counts(current.now, after) and current.now.phase in ENDED):
            if (left := _left(begin, clock(), timeout)) <= 0:
                click.echo(f"Not over after {timeout:g}s. {_state(current.now)}", err=True)
                return LATE
            trouble = _told(current, story, trouble)
            current.wait(follower, min(GLANCE, left))
    _told(current, story, trouble)
    if current.now is not first:
        click.echo(_state(current.now))
    return exit_of(current.now.phase)


def _told(current: Current, story: Story, trouble: str) -> str:
    """Print what is new; return the trouble that was told of."""
    if current.trouble != trouble:
        click.echo(f"          {current.trouble or 'Connected again.'}", err=True)
    for line in story.news(current.now):
        click.echo(line)
    return current.trouble


def _left(begin: Instant, now: Instant, timeout: Seconds | None) -> Seconds:
    return Seconds(math.inf) if timeout is None else Seconds(begin + timeout - now)


def _counts(now: Full, after: int | None) -> bool:
    return after is None or (now.run is not None and now.run > after)


def _state(now: Full) -> str:
    run = "" if now.run is None else f", run {now.run}"
    where = f"{now.phase} at {weight_of(now)}, step {step_of(now)}{run}"
    return f"{now.namespace}/{now.name} is {where}. {now.why}"
