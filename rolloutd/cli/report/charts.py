"""Charts as SVG: lines over time, with gaps, steps and troubled stretches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element

from rolloutd.cli.report.markup import node
from rolloutd.cli.report.words import amount

WIDTH: Final = 760
HEIGHT: Final = 230
LEFT: Final = 64
RIGHT: Final = 12
TOP: Final = 26
BOTTOM: Final = 24

TICKS: Final = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
)
"""Seconds between two times on the axis."""

LABEL: Final = 46
"""Room that a label at a mark takes; nearer marks go without."""

TIME: Final = 60
"""Width of the longest time on the axis, `00:00:00`; times are centred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart.

    Attributes:
        kind: ``canary``, ``stable`` or ``limit``: its look.
        values: One a point in time; ``None`` is a gap.
        is_stepped: A value holds until the next one.
    """

    label: str
    kind: str
    values: Sequence[float | None]
    is_stepped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn.

    Attributes:
        unit: ``ratio``, ``ms`` or empty.
        at: Seconds since the epoch, rising; at least two.
        marks: Moments with a label each.
        bands: Stretches of time with a kind each: a ruling, or ``paused``.
        is_share: The axis shows 0 to 100 %.
    """

    title: str
    unit: str
    at: Sequence[float]
    lines: Sequence[Line]
    marks: Sequence[tuple[float, str]] = ()
    bands: Sequence[tuple[float, float, str]] = ()
    is_share: bool = False


def drawn(chart: Chart) -> Element:
    """Return the picture."""
    plot = _Plot(chart)
    return node(
        "svg",
        node("title", chart.title),
        *plot.bands(),
        *plot.axes(),
        *plot.marks(),
        *(plot.line(line) for line in chart.lines),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


class _Plot:
    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._from, self._to = chart.at[0], max(chart.at[-1], chart.at[0] + 1)
        self._ticks = (0.0, 0.25, 0.5, 0.75, 1.0) if chart.is_share else _ticks(chart)

    def x(self, at: float) -> float:
        """Return where a moment is; what is outside is at the edge."""
        part = (at - self._from) / (self._to - self._from)
        return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, part))

    def y(self, value: float) -> float:
        """Return where a value is."""
        low, high = self._ticks[0], self._ticks[-1]
        part = (value - low) / (high - low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part

    def axes(self) -> Iterator[Element]:
        """Draw the grid and its numbers."""
        for tick in self._ticks:
            y = f"{self.y(tick):.1f}"
            yield node("path", d=f"M{LEFT} {y}H{WIDTH - RIGHT}", class_="grid")
            said = amount(tick, self._chart.unit)
            yield node("text", said, x=f"{LEFT - 8}", y=y, class_="tick value")
        for at, said in _times(self._from, self._to):
            x, y = self.x(at), f"{HEIGHT - 6}"
            if x <= WIDTH - TIME / 2:  # what is cut off at the edge is a wrong time
                yield node("text", said, x=f"{x:.1f}", y=y, class_="tick time")

    def marks(self) -> Iterator[Element]:
        """Draw the moments at which the weight changed."""
        last = -math.inf
        for at, label in self._chart.marks:
            x = self.x(at)
            yield node("path", d=f"M{x:.1f} {TOP}V{HEIGHT - BOTTOM}", class_="mark")
            is_late = x > WIDTH - RIGHT - LABEL  # it ends there; others begin
            if x - last >= (2 * LABEL if is_late else LABEL):
                place, side = (x, "label late") if is_late else (x + 2, "label")
                yield node("text", label, x=f"{place:.1f}", y=f"{TOP - 8}", class_=side)
                last = x

    def bands(self) -> Iterator[Element]:
        """Shade stretches of trouble."""
        for start, end, kind in self._chart.bands:
            x, width = self.x(start), max(1.5, self.x(end) - self.x(start))
            yield node(
                "rect",
                x=f"{x:.1f}",
                y=f"{TOP}",
                width=f"{width:.1f}",
                height=f"{HEIGHT - TOP - BOTTOM}",
                class_=f"band {kind}",
            )

    def line(self, line: Line) -> Element:
        """Draw one line; it stops where nothing is known."""
        path: list[str] = []
        is_on = False
        for at, value in zip(self._chart.at, line.values, strict=True):
            if value is None:
                is_on = False
                continue
            x, y = f"{self.x(at):.1f}", f"{self.y(value):.1f}"
            if not is_on:
                path.append(f"M{x} {y}h.01")  # so that a single point is a dot
            elif line.is_stepped:
                path.append(f"H{x}V{y}")
            else:
                path.append(f"L{x} {y}")
            is_on = True
        return node("path", node("title", line.label), d="".join(path), class_=line.kind)


def _ticks(chart: Chart) -> Sequence[float]:
    """Return round numbers that hold all values, at least two."""
    values = [value for line in chart.lines for value in line.values if value is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    spread = high - low or abs(high) or 1.0
    if low >= 0 and low < spread:
        low = 0.0
    step = _round_step(spread / 4)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [step * n for n in range(first, max(last, first + 1) + 1)]


def _round_step(rough: float) -> float:
    base = 10.0 ** math.floor(math.log10(rough))
    return next(base * part for part in (1, 2, 2.5, 5, 10) if base * part >= rough * 0.999)


def _times(start: float, end: float) -> Iterator[tuple[float, str]]:
    step = next((each for each in TICKS if (end - start) / each <= 8), 86_400)
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    at = math.ceil(start / step) * step
    while at <= end:
        yield at, datetime.fromtimestamp(at, UTC).strftime(form)
        at += step
