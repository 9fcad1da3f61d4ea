"""A rollout live: on a real terminal, and where there is none."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.cli.remote.watch import is_live
from rolloutd.core.plan import Samples
from rolloutd.core.units import Seconds, after
from tests.api.control.office import Office, checkout
from tests.cli.remote.switchboard import Switchboard
from tests.cli.remote.terminal import run
from tests.fakes.clock import FakeClock

EVENTS = "/api/v1/events"
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """What a person sees and types, as a pseudo-terminal."""

    def __init__(self, end: int, child: subprocess.Popen[bytes]) -> None:
        self.end = end
        self.child = child
        self.shown = ""

    async def shows(self, words: str) -> None:
        """Wait until these words have been drawn."""
        async with asyncio.timeout(60.0):
            while words not in self.shown:
                assert await self._more(), f"{words!r} is not in {self.shown[-4000:]}"

    async def ends(self) -> int:
        """Wait until the program has ended; return its exit code."""
        while await self._more():
            pass
        return await asyncio.to_thread(self.child.wait)

    def type(self, keys: str) -> None:
        os.write(self.end, keys.encode())

    async def _more(self) -> bool:
        try:
            read = await asyncio.wait_for(asyncio.to_thread(os.read, self.end, 65536), 30.0)
        except OSError:
            # Linux says so when the other end is closed.
            return False
        self.shown += COLOURS.sub("", read.decode(errors="replace"))
        return bool(read)


@asynccontextmanager
async def terminal(url: str, *arguments: str) -> AsyncIterator[Terminal]:
    """Run a command on a terminal of its own."""
    end, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR"}}
    command = [sys.executable, "-m", "rolloutd", *arguments]
    env = {**kept, "TERM": "xterm-256color", "ROLLOUTD_SERVER": url}
    child = await asyncio.to_thread(_started, command, theirs, env)
    os.close(theirs)
    try:
        yield Terminal(end, child)
    finally:
        child.kill()
        await asyncio.to_thread(child.wait)
        os.close(end)


def _started(
    command: list[str], theirs: int, env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)


async def test_a_person_pauses_resumes_and_rolls_back_by_keys() -> None:
    """Each order after its effect was said, with a reason; the end of the rollout ends it."""
    async with (
        Office().open(checkout()) as office,
        terminal(office.url, "watch", "shop/checkout") as screen,
    ):
        await screen.shows("[p]ause")
        screen.type("p")
        await screen.shows("It stays at 10 % until resumed")
        screen.type("a look\n")
        await screen.shows("[p] resume")
        paused = office.record().reason
        screen.type("p\n")
        await screen.shows("Resumed by local")
        screen.type("r")
        await screen.shows("All traffic goes to v3")
        screen.type("worse\n")
        code = await screen.ends()

    assert paused == "Paused by local: a look."
    assert code == 3
    assert "✕ aborted" in screen.shown
    assert office.weight() == 0


async def test_a_declined_order_is_told_and_the_picture_stays() -> None:
    """Someone was quicker."""
    async with (
        Office().open(checkout()) as office,
        terminal(office.url, "watch", "shop/checkout") as screen,
    ):
        await screen.shows("[p]ause")
        screen.type("s")
        await screen.shows("The hold at 10 % ends now: v4 gets 50 %.")
        await office.order("skip")
        screen.type("\n")
        await screen.shows("Not done.")
        screen.type("q")
        code = await screen.ends()

    assert code == 0
    assert office.weight() == 50


async def test_a_cut_line_shows_a_stale_banner_until_it_is_back() -> None:
    """Never an old green, and no false alarm either."""
    # Its last look is in the future, so that no slow start of ours makes it an old one.
    clock = FakeClock(after(SystemClock().wall(), Seconds(120.0)), jumps=False)
    often = Samples(interval=Seconds(3.0), window=Seconds(60.0), min_requests=100)
    async with (
        Office(clock=clock).open(checkout(samples=often)) as office,
        Switchboard(office.url).open() as board,
        terminal(board.url, "watch", "shop/checkout") as screen,
    ):
        await board.hears(EVENTS)
        await screen.shows("[p]ause")
        before = screen.shown
        board.target = None
        board.cut()
        await screen.shows("STALE  Nothing heard for")
        board.target = office.url
        await board.hears(EVENTS)
        await office.order("promote", {"full": True})
        await office.settle()
        code = await screen.ends()

    assert "STALE" not in before
    assert code == 0


async def test_a_terminal_is_given_back_as_it_was() -> None:
    """Also after Ctrl-C: a shell without echo is a nuisance."""
    async with (
        Office().open(checkout()) as office,
        terminal(office.url, "watch", "shop/checkout") as screen,
    ):
        as_it_was = termios.tcgetattr(screen.end)
        await screen.shows("[p]ause")
        meanwhile = termios.tcgetattr(screen.end)
        screen.child.send_signal(signal.SIGINT)
        code = await screen.ends()
        afterwards = termios.tcgetattr(screen.end)

    assert as_it_was[3] & termios.ECHO
    assert not meanwhile[3] & termios.ECHO
    assert afterwards[3] & termios.ECHO
    assert code == 1


@pytest.mark.parametrize("order", [["rollback"], ["promote", "--full"]])
async def test_a_person_is_asked_before_what_can_not_be_undone(order: list[str]) -> None:
    """With what it does; no is no."""
    async with (
        Office().open(checkout()) as office,
        terminal(office.url, *order, "shop/checkout") as screen,
    ):
        await screen.shows("Do it? [y/N]")
        screen.type("n\n")
        code = await screen.ends()

    assert code == 1
    assert "All traffic goes to" in screen.shown
    assert office.weight() == 10


async def test_a_person_who_agrees_is_asked_for_a_reason() -> None:
    """Whoever reads the story tomorrow wants it."""
    async with (
        Office().open(checkout()) as office,
        terminal(office.url, "rollback", "shop/checkout") as screen,
    ):
        await screen.shows("Do it? [y/N]")
        screen.type("y\n")
        await screen.shows("Reason")
        screen.type("p99 doubled\n")
        code = await screen.ends()

    assert code == 0
    assert "p99 doubled" in office.record().reason


async def test_yes_asks_nobody() -> None:
    """For those who know."""
    async with (
        Office().open(checkout()) as office,
        terminal(office.url, "rollback", "shop/checkout", "-y") as screen,
    ):
        code = await screen.ends()

    assert code == 0
    assert "Do it?" not in screen.shown


async def test_without_a_terminal_each_change_is_a_line() -> None:
    """For logs; it ends with the rollout, and with its code."""
    async with (
        Office().open(checkout()) as office,
        Switchboard(office.url).open() as board,
        asyncio.TaskGroup() as group,
    ):
        watching = group.create_task(run(board.url, "watch", "shop/checkout"))
        await board.hears(EVENTS)
        await office.order("promote", {"full": True})
        await office.settle()
    told = watching.result()

    assert told.exit_code == 0
    assert "10 %  Started" in told.stdout
    assert "100 %  Promoted" in told.stdout
    assert "\x1b" not in told.stdout


@pytest.mark.parametrize(
    ("environment", "terminal_there", "live"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"CI": "true"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
    ],
)
def test_a_picture_is_drawn_only_where_it_is_seen(
    environment: dict[str, str], *, terminal_there: bool, live: bool
) -> None:
    """CI logs full of cursor movements help nobody."""
    assert is_live(environment, is_terminal=terminal_there) is live
