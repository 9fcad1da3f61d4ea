"""One rollout on a terminal: where it is, why, what comes next, and how the arms compare."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from rolloutd.cli.remote.age import lasting
from rolloutd.cli.remote.forms import Full, Gate, Line
from rolloutd.cli.remote.story import clock_of
from rolloutd.cli.remote.trend import Trends
from rolloutd.cli.remote.values import over, room_of, value_of
from rolloutd.core.units import Instant

BAR: Final = 30
"""Width of the traffic bar in characters: with its end, the canary, it fits in 80 columns."""

LINES: Final = 8
"""Lines of the story that are shown at most."""

FEWEST: Final = 2
"""And how many of them matter more than curves."""

ROOMY: Final = 32
"""Lines of a terminal from which on the frame gets some air."""

NARROW: Final = 80
"""Columns in the frame below which a verdict has to be short, so that a gate stays one line."""

SPAN: Final = re.compile(r" in \d+[dhms](?: \d+[dhms])*\b")
"""How the daemon says when."""

STYLES: Final = {
    "waiting": ("…", "dim"),
    "progressing": ("▶", "bold blue"),
    "paused": ("❚❚", "bold yellow"),
    "promoted": ("✓", "bold green"),
    "rolledBack": ("✕", "bold red"),
    "aborted": ("✕", "bold red"),
}
"""Glyph and style by phase, as spelt on the wire."""

RULINGS: Final = {
    "fine": ("✓ fine", "green"),
    "hold": ("… holds", "yellow"),
    "suspect": ("? suspect", "yellow"),
    "rollback": ("✕ breach", "bold red"),
    "blind": ("○ blind", "magenta"),
}
"""Words and style by ruling, likewise."""

OVER: Final = ("✓ over", "yellow")
"""For a gate that is fine with a value beyond its limit."""

PLAIN: Final = ("·", "bold")
"""For what this version does not know yet."""


class Faded:
    """A picture that may be old: without its colours, so that no old green is shown."""

    def __init__(self, picture: RenderableType) -> None:
        self._picture = picture

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it dim."""
        segments = Segment.remove_color(console.render(self._picture, options))
        yield from Segment.apply_style(segments, post_style=Style(dim=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is shown with a rollout.

    Attributes:
        stale: Why what is known may be old; it is told above a faded picture.
        below: What stands under the picture: keys, or a question.
        trends: How the gates' values went.
    """

    stale: str = ""
    below: Text = field(default_factory=Text)
    trends: Trends = field(default_factory=Trends)


ALONE: Final = Around()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """What the frame holds, within a number of lines."""

    now: Full
    at: Instant
    trends: Trends
    height: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw what has to be seen, and as much of the past as there are lines for."""
        options = options.reset_height()
        parts = [*self._present(options), Text()]
        left = self.height - len(console.render_lines(Group(*parts), options))
        trends = _trends(self.now.gates, self.trends)
        if trends.row_count and left - trends.row_count - 1 >= FEWEST:
            parts += [trends, Text()]
            left -= trends.row_count + 1
        story = self.now.timeline[-max(FEWEST, min(LINES, left)) :]
        lines = console.render_lines(Group(*parts, *map(line_of, story)), options)
        for line in lines[: max(1, self.height)]:
            yield from line
            yield Segment.line()

    def _present(self, options: ConsoleOptions) -> list[RenderableType]:
        return [
            _why(self.now, self.at),
            Text(),
            _traffic(self.now),
            _ladder(self.now),
            Text(),
            _gates(self.now.gates, is_narrow=options.max_width < NARROW),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Screen:
    """A rollout in its frame, and what stands around it."""

    now: Full
    at: Instant
    around: Around

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it; what is below stays in sight: a question unseen can't be answered."""
        below, stale = self.around.below, self.around.stale
        asked = console.render_lines(below, options) if below else []
        air = int(console.height >= ROOMY)
        height = console.height - len(asked) - bool(stale) - 2 - 2 * air
        body = _Body(now=self.now, at=self.at, trends=self.around.trends, height=height)
        panel = Panel(
            body,
            title=Text(_title(self.now), style="bold"),
            title_align="left",
            subtitle=_phase(self.now),
            subtitle_align="right",
            padding=(air, 2),
        )
        if stale:
            words = f" STALE  {stale} "
            yield Text(words, style="bold white on red", no_wrap=True, overflow="ellipsis")
            yield Faded(panel)
        else:
            yield panel
        if below:
            yield below


def screen(now: Full, at: Instant, around: Around = ALONE) -> RenderableType:
    """Lay out one rollout, as of the daemon's present, so that it fits the terminal."""
    return _Screen(now=now, at=at, around=around)


def _title(now: Full) -> str:
    return f"{now.name}  {now.namespace}  {now.stable} → {now.canary}"


def _phase(now: Full) -> Text:
    glyph, style = STYLES.get(now.phase, PLAIN)
    return Text(f"{glyph} {now.phase}", style=style)


def _why(now: Full, at: Instant) -> Text:
    text = Text()
    text.append(now.why, style="bold")
    text.append("\n")
    text.append(_next(now, at))
    if now.trouble:
        text.append(f"\nNot written yet: {now.trouble}", style="red")
    return text


def _next(now: Full, at: Instant) -> str:
    """Return the daemon's words with its time span, as of its last turn, made to run."""
    if now.at is None or now.at <= at:
        return now.what_next
    left = f" in {lasting(now.at - at)}"
    words, found = SPAN.subn(left, now.what_next, count=1)
    return words if found else f"{words} ({left.strip()})"


def _traffic(now: Full) -> Table:
    table = Table.grid(padding=(0, 2))
    desired = None if now.desired is None else float(now.desired)
    table.add_row("desired", *_bar(desired, "not known"))
    observed = None if now.observed is None else now.observed * 100
    table.add_row("observed", *_bar(observed, "nothing counted now"))
    return table


def _bar(canary: float | None, otherwise: str) -> tuple[Text, str]:
    if canary is None:
        return Text("·" * BAR, style="dim"), otherwise
    filled = round(BAR * canary / 100)
    bar = Text("█" * (BAR - filled), style="blue")
    bar.append("█" * filled, style="dark_orange")
    return bar, f"stable {_percent(100 - canary)}   canary {_percent(canary)}"


def _percent(share: float) -> str:
    return f"{round(share, 1):g} %"


def _ladder(now: Full) -> Text:
    text = Text("\nsteps     ")
    for index, step in enumerate(now.steps):
        name = "pause" if step.weight is None else f"{step.weight} %"
        text.append(" ─ " if index else "  ", style="dim")
        text.append(*_rung(name, index, now))
    return text


def _rung(name: str, index: int, now: Full) -> tuple[str, str]:
    if now.step is None or now.phase == "waiting":
        return name, "dim"
    if now.phase == "promoted" or index < now.step:
        return f"✓ {name}", "green"
    if index > now.step:
        return name, "dim"
    glyph, style = STYLES.get(now.phase, PLAIN)
    return f"{glyph} {name}", style


def _gates(gates: Iterable[Gate], *, is_narrow: bool) -> Table:
    table = Table(box=None, padding=(0, 1 if is_narrow else 2, 0, 0), header_style="dim")
    table.add_column("gate", no_wrap=True)
    for column in ("canary", "stable", "limit", "room left", "requests"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for gate in gates:
        name, style = OVER if over(gate) else RULINGS.get(gate.ruling, (gate.ruling, PLAIN[1]))
        table.add_row(
            gate.name,
            value_of(gate.canary, gate.unit),
            value_of(gate.stable, gate.unit),
            value_of(gate.limit, gate.unit),
            room_of(gate),
            f"{gate.samples}",
            Text(name + _more(gate, is_narrow=is_narrow), style=style),
        )
    return table


def _more(gate: Gate, *, is_narrow: bool) -> str:
    shadow = "" if gate.enforced else " (shadow)"
    if (gate.in_a_row or 0) <= 1:
        return shadow
    times = f" x{gate.in_a_row}" if is_narrow else f", {gate.in_a_row} in a row"
    return times + shadow


def _trends(gates: Iterable[Gate], trends: Trends) -> Table:
    """Draw both arms of each gate below each other, on one scale."""
    table = Table.grid(padding=(0, 2))
    for gate in gates:
        trend = trends.gates.get(gate.name)
        canary, stable = ("", "") if trend is None else trend.lines()
        if canary.strip():
            table.add_row(gate.name, "canary", Text(canary, style="dark_orange"))
            table.add_row("", "stable", Text(stable, style="blue"))
    return table


def line_of(line: Line) -> Text:
    """Put one line of the story on one line of the terminal."""
    text = Text(f"{clock_of(line.at)}  ", style="dim", no_wrap=True, overflow="ellipsis")
    text.append(f"{line.weight:>3} %  ", style="bold")
    text.append(line.reason, style=STYLES.get(line.phase, PLAIN)[1])
    return text
