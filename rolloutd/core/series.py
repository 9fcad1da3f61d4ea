"""A run's numbers over time, in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rolloutd.core.observation import Ruling
from rolloutd.core.units import Instant, Percent, Ratio

FINEST = 1.0
"""Seconds: width of the narrowest stretch of which one point is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSeries:
    """What one gate said; ``None`` where it said nothing.

    Attributes:
        unit: ``ratio``, ``ms`` or empty for custom values.
    """

    unit: str
    canary: tuple[float | None, ...]
    stable: tuple[float | None, ...]
    limit: tuple[float | None, ...]
    ruling: tuple[Ruling | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Columns of equal length, oldest first; ``None`` where nothing is known.

    Attributes:
        desired: The canary's share that the VirtualService held.
        observed: The canary's share of counted requests.
        gates: By their names.
    """

    at: tuple[Instant, ...] = ()
    desired: tuple[Percent | None, ...] = ()
    observed: tuple[Ratio | None, ...] = ()
    gates: Mapping[str, GateSeries] = field(default_factory=dict)


def kept(at: Sequence[float], marks: Sequence[object], most: int) -> list[int]:
    """Choose the points that tell most of a story; return their indices, rising.

    Points at which the mark changes are kept, with the one before, while they are at most
    half of all that may be kept; of the others the last of each stretch of time. Stretches
    double until few enough are left, and lie on one grid, so that thinning again and again
    does not wear the oldest part away. The first and the last point are always kept.

    Args:
        at: Seconds, rising.
        marks: What each point stands for; equal ones are dull.
        most: How many are kept at most; at least 4.
    """
    notable = _changes(marks)
    if 2 * len(notable) > most:
        notable = frozenset()
    width = FINEST
    while True:
        chosen = [i for i in range(len(at)) if i in notable or _is_last(at, i, width)]
        if len(chosen) <= most:
            return chosen
        width *= 2


def thinned(series: Series, most: int) -> Series:
    """Return the series with at most so many points."""
    marks = tuple(
        zip(series.desired, *(gate.ruling for gate in series.gates.values()), strict=True)
    )
    chosen = kept(series.at, marks, most)
    return Series(
        at=tuple(series.at[i] for i in chosen),
        desired=tuple(series.desired[i] for i in chosen),
        observed=tuple(series.observed[i] for i in chosen),
        gates={
            name: GateSeries(
                unit=gate.unit,
                canary=tuple(gate.canary[i] for i in chosen),
                stable=tuple(gate.stable[i] for i in chosen),
                limit=tuple(gate.limit[i] for i in chosen),
                ruling=tuple(gate.ruling[i] for i in chosen),
            )
            for name, gate in series.gates.items()
        },
    )


def _changes(marks: Sequence[object]) -> frozenset[int]:
    changed = [i for i in range(1, len(marks)) if marks[i] != marks[i - 1]]
    return frozenset([*changed, *(i - 1 for i in changed)])


def _is_last(at: Sequence[float], index: int, width: float) -> bool:
    ends = index in {0, len(at) - 1}
    return ends or at[index] // width != at[index + 1] // width
