"""Shows the demo: live on a terminal, line by line elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rolloutd.api.control.states import full
from rolloutd.cli.remote.forms import Full, read_full
from rolloutd.cli.remote.screen import screen
from rolloutd.cli.remote.story import Story
from rolloutd.core.machine import ENDED
from rolloutd.core.state import Record
from rolloutd.core.units import Seconds
from rolloutd.engine.view import View
from rolloutd.ports import Clock
from rolloutd.sandbox.services.balance import Balance

FRAME = Seconds(0.1)
"""Time between two pictures."""

FIGURES = {
    "result": "the end",
    "finalWeights": "traffic now",
    "steps": "shares of v4 that were ordered",
    "detectSeconds": "from the first bad answer to the decision",
    "restoreSeconds": "from the decision to the last call that v4 got",
    "requests": "calls during the rollout",
    "failedRequests": "of which failed",
    "apiWrites": "writes to the VirtualService",
}
"""What each figure of a run is called where people read it."""


class Storyteller:
    """Tells one run.

    Args:
        live: Redraw one screen; otherwise print each transition once.
    """

    def __init__(self, console: Console, clock: Clock, *, live: bool) -> None:
        self._console = console
        self._clock = clock
        self._live = live

    def show_balance(self, balance: Balance) -> None:
        """Show who called whom before anything moves."""
        table = Table(title=f"{balance.total} calls before the rollout, all to v3")
        table.add_column("caller")
        pods = list(balance.pods)
        for pod in pods:
            # Pods of one Deployment differ in their last part alone.
            table.add_column(f"…{pod.rpartition('-')[2]}", justify="right")
        table.add_column("made", justify="right")
        for caller, made in balance.callers.items():
            cells = (str(balance.cells.get((caller, pod), 0)) for pod in pods)
            table.add_row(caller, *cells, str(made))
        table.add_row("served", *(str(balance.pods[pod]) for pod in pods), str(balance.total))
        self._console.print(table)

    async def follow(self, view: Callable[[], View | None]) -> Record:
        """Show a rollout until its run has ended; return its record."""
        if not self._live:
            return await self._lines(view)
        with Live(console=self._console, auto_refresh=False) as picture:
            while True:
                now = view()
                if now is not None:
                    picture.update(screen(_sent(now), self._clock.now()), refresh=True)
                    if now.record is not None and now.record.phase in ENDED:
                        return now.record
                await self._clock.sleep(FRAME)

    async def _lines(self, view: Callable[[], View | None]) -> Record:
        story = Story(whole=True)
        while True:
            now = view()
            if now is not None and now.record is not None:
                for line in story.news(_sent(now)):
                    self._console.print(Text(line))
                if now.record.phase in ENDED:
                    return now.record
            await self._clock.sleep(FRAME)

    def show_result(self, result: dict[str, object]) -> None:
        """Show the figures of the run."""
        table = Table(box=None, show_header=False)
        for name, words in FIGURES.items():
            if result[name] is not None:
                table.add_row(Text(words, style="dim"), _figure(result[name]))
        self._console.print(table)

    def show_addresses(self, addresses: dict[str, str]) -> None:
        """Tell where everything can be reached while the sandbox stays up."""
        self._console.print("\nThe sandbox stays up until Ctrl-C. For another terminal:")
        for what, address in addresses.items():
            self._console.print(f"  {what}: {address}", soft_wrap=True)


def _figure(value: object) -> str:
    match value:
        case dict():
            return ", ".join(f"{version} {weight} %" for version, weight in value.items())
        case list() | tuple():
            return ", ".join(f"{weight} %" for weight in value)
        case float():
            return f"{value:.2f} s"
        case _:
            return str(value)


def _sent(view: View) -> Full:
    """Return what an operator's terminal would be sent: both show the same."""
    return read_full(full(view).model_dump(mode="json", by_alias=True))
