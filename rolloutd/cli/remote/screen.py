"""One rollout on a terminal: where it is, why, what comes next, and how the arms compare."""

from __future__ import annotations

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
from rolloutd.cli.remote.values import room_of, value_of
from rolloutd.core.units import Instant

BAR: Final = 30
"""Width of the traffic bar in characters: with its end, the canary, it fits in 80 columns."""

LINES: Final = 8
"""Lines of the story that are shown at most."""

FEWEST: Final = 2
"""And at least."""

FIXED: Final = 16
"""Lines that the rest takes: frame, two sentences, traffic, steps, heads and gaps."""

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
        height: Lines of the terminal. Where they are few, the keys matter more than the past.
    """

    stale: str = ""
    below: Text | None = None
    trends: Trends = field(default_factory=Trends)
    height: int = 50


ALONE: Final = Around()


def screen(now: Full, at: Instant, around: Around = ALONE) -> Group:
    """Lay out one rollout, as of the daemon's present."""
    trends = _trends(now.gates, around.trends)
    left = around.height - FIXED - len(now.gates) - _lines(around.below) - bool(around.stale)
    if left - trends.row_count - 1 < FEWEST:
        trends = Table.grid()
    elif trends.row_count:
        left -= trends.row_count + 1
    story = now.timeline[-max(FEWEST, min(LINES, left)) :]
    body = Group(
        _why(now, at),
        Text(),
        _traffic(now),
        _ladder(now),
        Text(),
        _gates(now.gates),
        *((Text(), trends) if trends.row_count else ()),
        Text(),
        Group(*(line_of(line) for line in story)),
    )
    panel = Panel(
        body,
        title=Text(f"{now.name}  {now.namespace}  {now.stable} → {now.canary}", style="bold"),
        title_align="left",
        subtitle=_phase(now),
        subtitle_align="right",
        padding=(1, 2),
    )
    parts: list[RenderableType] = [panel]
    if around.stale:
        banner = Text(f" STALE  {around.stale} ", style="bold white on red")
        parts = [banner, Faded(panel)]
    return Group(*parts, *([] if around.below is None else [around.below]))


def _lines(text: Text | None) -> int:
    return 0 if text is None else text.plain.count("\n") + 1


def _phase(now: Full) -> Text:
    glyph, style = STYLES.get(now.phase, PLAIN)
    return Text(f"{glyph} {now.phase}", style=style)


def _why(now: Full, at: Instant) -> Text:
    text = Text()
    text.append(now.why, style="bold")
    text.append("\n")
    text.append(now.what_next)
    if now.at is not None and now.at > at:
        text.append(f"  ({lasting(now.at - at)} left)", style="cyan")
    if now.trouble:
        text.append(f"\nNot written yet: {now.trouble}", style="red")
    return text


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
    return bar, f"stable {100 - canary:.4g} %   canary {canary:.4g} %"


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


def _gates(gates: Iterable[Gate]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("gate")
    for column in ("canary", "stable", "limit", "room left", "requests"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for gate in gates:
        name, style = RULINGS.get(gate.ruling, (gate.ruling, PLAIN[1]))
        more = f", {gate.in_a_row} in a row" if (gate.in_a_row or 0) > 1 else ""
        more += "" if gate.enforced else " (shadow)"
        table.add_row(
            gate.name,
            value_of(gate.canary, gate.unit),
            value_of(gate.stable, gate.unit),
            value_of(gate.limit, gate.unit),
            room_of(gate),
            f"{gate.samples}",
            Text(name + more, style=style),
        )
    return table


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
    text = Text(f"{clock_of(line.at)}  ", style="dim")
    text.append(f"{line.weight:>3} %  ", style="bold")
    text.append(line.reason, style=STYLES.get(line.phase, PLAIN)[1])
    return text
