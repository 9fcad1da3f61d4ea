"""``rolloutd watch``: one rollout live, with keys; lines where there is no screen."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Mapping
from typing import Final

import click
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from rolloutd.adapters.clock import SystemClock
from rolloutd.cli.remote.client import Client, Named, Order
from rolloutd.cli.remote.completing import rollouts
from rolloutd.cli.remote.current import Current
from rolloutd.cli.remote.exits import ENDED, PROMOTED, exit_of
from rolloutd.cli.remote.follower import Follower
from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.keyboard import Keyboard, NoKeyboard, keyboard
from rolloutd.cli.remote.keys import Asking, Giving, Leaving, Looking, Mode, press, prompt
from rolloutd.cli.remote.options import connected, named, remote_options
from rolloutd.cli.remote.screen import Around, screen
from rolloutd.cli.remote.story import Story
from rolloutd.cli.remote.trend import Trends
from rolloutd.core.units import Seconds
from rolloutd.errors import RolloutdError

FRAME: Final = Seconds(0.1)
"""Time between two pictures, and longest wait for a key to be heard."""

QUIET: Final = Seconds(2.0)
"""Longest wait between two looks at whether anything is old, without a screen."""


@click.command()
@click.argument("name", shell_complete=rollouts)
@remote_options
def watch(name: str) -> None:
    """Watch a rollout until it has ended.

    On a terminal: a live picture, with keys to pause or resume, skip the hold, roll back and
    quit; an order says its effect and asks for a reason first. Elsewhere, and where NO_COLOR or
    CI is set: a line a change.

    Exit codes: 0 promoted, or quit by key; 3 rolled back or aborted; 1 error.
    """
    with connected() as client:
        which = named(client, name)
        current = Current(which, client.rollout, SystemClock().now)
        if not is_live(os.environ, is_terminal=sys.stdout.isatty()):
            code = _lines(client, current)
        elif sys.stdin.isatty():
            with keyboard(sys.stdin.fileno()) as keys:
                code = Watcher(client, which, current).run(keys)
        else:
            code = Watcher(client, which, current).run(NoKeyboard())
    click.get_current_context().exit(code)


def is_live(environment: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Say whether a live picture would be seen as one."""
    plain = any(environment.get(name) for name in ("NO_COLOR", "CI"))
    return is_terminal and not plain and environment.get("TERM") != "dumb"


def _lines(client: Client, current: Current) -> int:
    """Print what happens until it is over; return the exit code."""
    story = Story(whole=True)
    stale = ""
    with Follower(client) as follower:
        while True:
            for line in story.news(current.now):
                click.echo(line)
            if current.now.phase in ENDED:
                click.echo(current.now.why)
                return exit_of(current.now.phase)
            if bool(now := current.staleness()) != bool(stale):
                click.echo(f"          {now or 'Up to date again.'}", err=True)
            stale = now
            current.wait(follower, QUIET)


class Watcher:
    """Draws, hears keys, and gives orders without standing still meanwhile."""

    def __init__(self, client: Client, which: Named, current: Current) -> None:
        self._client = client
        self._console = Console()
        self._which = which
        self._current = current
        self._trends = _begun(client, which, current.now)
        self._mode: Mode = Looking()
        self._answers: queue.SimpleQueue[Full | RolloutdError] = queue.SimpleQueue()
        self._under_way = 0

    def run(self, keys: Keyboard) -> int:
        """Go on until the rollout has ended, or the person has seen enough."""
        current = self._current
        with (
            Live(console=self._console, auto_refresh=False) as picture,
            Follower(self._client) as follower,
        ):
            while True:
                leaves = self._hear(keys)
                self._take_answers()
                has_ended = current.now.phase in ENDED and not self._under_way
                picture.update(self._picture(), refresh=True)
                if has_ended:
                    return exit_of(current.now.phase)
                if leaves:
                    return PROMOTED
                current.wait(follower, FRAME)

    def _hear(self, keys: Keyboard) -> bool:
        """Take the keys in; return whether one of them was to leave."""
        for key in keys.pressed():
            match press(self._mode, key, self._current.now):
                case Leaving():
                    return True
                case Giving(order=order):
                    self._mode = Looking(f"{order.verb}: on its way ...")
                    self._give(order)
                case Looking() | Asking() as mode:
                    self._mode = mode
        return False

    def _give(self, order: Order) -> None:
        def give() -> None:
            try:
                self._answers.put(self._client.order(self._which, order))
            except RolloutdError as error:
                self._answers.put(error)

        self._under_way += 1
        # The cluster may take seconds to confirm it; the picture goes on.
        threading.Thread(target=give, name="order", daemon=True).start()

    def _take_answers(self) -> None:
        while not self._answers.empty():
            answer = self._answers.get()
            self._under_way -= 1
            if isinstance(answer, Full):
                self._current.adopt(answer)
            self._say("" if isinstance(answer, Full) else str(answer))

    def _say(self, words: str) -> None:
        """Show what came of an order; a question that was begun meanwhile is not taken away."""
        match self._mode:
            case Looking():
                self._mode = Looking(words)
            case Asking(order=order, effect=effect):
                self._mode = Asking(order=order, effect=f"{words}\n{effect}".lstrip("\n"))

    def _picture(self) -> RenderableType:
        current = self._current
        below = Text()
        if current.now.phase not in ENDED:
            below = Text(prompt(self._mode, current.now), style="bold")
        self._trends = self._trends.noted(current.now)
        around = Around(stale=current.staleness(), below=below, trends=self._trends)
        return screen(current.now, current.daemon_time(), around)


def _begun(client: Client, which: Named, now: Full) -> Trends:
    """Return how values went before anybody watched, if that is known."""
    try:
        return client.trends(which, now.run)
    except RolloutdError:
        return Trends(run=now.run)
