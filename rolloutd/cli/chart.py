"""A picture of a replayed rollout, as SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 800
HEIGHT: Final = 300
MARGIN: Final = 50


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

    Args:
        points: At least one.
        end: Seconds at which the rollout ended.
        ending: How it ended.
    """
    longest = max(point.seconds for point in points)
    ratios = [r for point in points for r in (point.canary, point.stable) if r is not None]
    highest = max([*ratios, 0.01])

    def x(seconds: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * seconds / longest

    def y(part: float) -> float:
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * part

    at, top, bottom = x(end), y(1.0), y(0.0)
    weights = [(x(point.seconds), y(point.weight / 100.0)) for point in points]
    stable = [(p.seconds, p.stable) for p in points if p.stable is not None]
    canary = [(p.seconds, p.canary) for p in points if p.canary is not None]
    legend = f"failed: canary red, stable green (left); weight grey (right); {longest:.0f} s"
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return "\n".join(
        [
            f'<svg {frame} font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            _line(weights, "#999", "weight"),
            _line([(x(at), y(r / highest)) for at, r in stable], "#2a7", "stable"),
            _line([(x(at), y(r / highest)) for at, r in canary], "#c33", "canary"),
            f'<path d="M{at:.1f} {top:.1f}V{bottom:.1f}" stroke="black"/>',
            f'<text x="{at:.1f}" y="{top - 6:.1f}" text-anchor="end">{escape(ending)}</text>',
            f'<text x="4" y="{top:.1f}">{100 * highest:.2g} %</text>',
            f'<text x="{WIDTH - MARGIN + 4}" y="{top:.1f}">100 %</text>',
            f'<text x="{MARGIN}" y="{HEIGHT - 12}">{legend}</text>',
            "</svg>\n",
        ]
    )


def _line(places: Sequence[tuple[float, float]], colour: str, name: str) -> str:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<polyline points="{joined}" fill="none" stroke="{colour}">'
        f"<title>{name}</title></polyline>"
    )
