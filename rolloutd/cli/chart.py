"""A picture of a replayed rollout, as an SVG file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from xml.etree.ElementTree import Element, tostring

from rolloutd.cli.report.charts import HEIGHT, WIDTH, Chart, Line
from rolloutd.cli.report.charts import drawn as picture
from rolloutd.cli.report.markup import node
from rolloutd.cli.report.style import CHART

CAPTION: Final = 22
"""Room for the title of a chart."""

FRAME: Final = "svg { background: #fff; font-family: sans-serif; }"
"""Such a picture stands alone: on a dark page, in a viewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One interval of the picture.

    Attributes:
        weight: The canary's share in percent, as ordered at its end.
        canary: Failure ratio; ``None`` without requests.
        stable: Likewise.
    """

    seconds: float
    weight: int
    canary: float | None
    stable: float | None


def drawn(points: Sequence[Point], end: float, ending: str) -> str:
    """Return a picture: weight, both arms' failure ratios, and the moment of decision.

    Times are told from the beginning.

    Args:
        points: At least one.
        end: Seconds at which the rollout ended.
        ending: How it ended.
    """
    charts = _charts(points, end, ending)
    parts: list[Element] = []
    for number, chart in enumerate(charts):
        top = number * (CAPTION + HEIGHT)
        parts.append(node("text", chart.title, x="4", y=f"{top + CAPTION - 6}"))
        part = picture(chart)
        part.set("y", f"{top + CAPTION}")
        part.set("height", f"{HEIGHT}")
        parts.append(part)
    root = node(
        "svg",
        node("style", CHART + FRAME),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {(CAPTION + HEIGHT) * len(charts)}",
    )
    return tostring(root, encoding="unicode") + "\n"


def _charts(points: Sequence[Point], end: float, ending: str) -> Sequence[Chart]:
    first = points[0]
    at = [0.0, *(point.seconds for point in points)]
    changes = [
        (later.seconds, f"{later.weight} %")
        for before, later in pairwise(points)
        if later.weight != before.weight and later.seconds != end
    ]
    marks = sorted([*changes, (end, ending)])
    weights = [first.weight / 100, *(point.weight / 100 for point in points)]
    arms = (
        Line(label="stable", kind="stable", values=[None, *(each.stable for each in points)]),
        Line(label="canary", kind="canary", values=[None, *(each.canary for each in points)]),
    )
    ordered = Line(label="weight", kind="canary", values=weights, is_stepped=True)
    return (
        Chart(
            title="Weight of the canary",
            unit="ratio",
            at=at,
            lines=[ordered],
            marks=marks,
            is_share=True,
        ),
        Chart(
            title="Failed requests: canary, and stable (dashed)",
            unit="ratio",
            at=at,
            lines=arms,
            marks=marks,
        ),
    )
