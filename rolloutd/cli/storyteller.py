"""Shows the demo: live on a terminal, line by line elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rolloutd.cli.screen import line_of, screen
from rolloutd.core.machine import ENDED
from rolloutd.core.state import Record
from rolloutd.core.units import Seconds
from rolloutd.engine.view import View
from rolloutd.ports import Clock
from rolloutd.sandbox.services.balance import Balance

FRAME = Seconds(0.1)
"""Time between two pictures."""


class Storyteller:
    """Tells one run.

    Args:
        live: Redraw one screen; otherwise print each transition once.
    """

    def __init__(self, console: Console, clock: Clock, *, live: bool) -> None:
        self._console = console
        self._clock = clock
        self._live = live
        self._told = 0

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
                    picture.update(screen(now, self._clock.now()), refresh=True)
                    if now.record is not None and now.record.phase in ENDED:
                        return now.record
                await self._clock.sleep(FRAME)

    async def _lines(self, view: Callable[[], View | None]) -> Record:
        said = ""
        while True:
            now = view()
            if now is not None and now.record is not None:
                said = self._news(now, said)
                if now.record.phase in ENDED:
                    return now.record
            await self._clock.sleep(FRAME)

    def _news(self, view: View, said: str) -> str:
        """Print what is new; return the reason for holding that was printed last."""
        record = view.record
        if record is None:
            return said
        for line in record.transitions[self._told :]:
            self._console.print(line_of(line))
        self._told = max(self._told, len(record.transitions))
        blocked = "; ".join(sorted(o.split(":")[0] for o in view.outlook.obstacles))
        if blocked and blocked != said and record.phase not in ENDED:
            self._console.print(Text(f"          {view.outlook.why}", style="dim"))
        return blocked

    def show_result(self, result: dict[str, object]) -> None:
        """Show the figures of the run."""
        table = Table(box=None, show_header=False)
        for name, value in result.items():
            table.add_row(Text(name, style="dim"), "-" if value is None else str(value))
        self._console.print(table)

    def show_addresses(self, addresses: dict[str, str]) -> None:
        """Tell where everything can be reached while the sandbox stays up."""
        self._console.print("\nThe sandbox stays up until Ctrl-C. For another terminal:")
        for what, address in addresses.items():
            self._console.print(f"  {what}: {address}", soft_wrap=True)
