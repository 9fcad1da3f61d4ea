"""How long stable's requests usually take, and how steadily."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from rolloutd.core.gate.recent import ROUNDING
from rolloutd.core.gate.shapes import Shape, shape

REFRESH: Final = 60.0
"""Seconds after which the alternatives are derived anew from what stable did meanwhile."""

ENOUGH: Final = 100.0
"""Requests of stable that show its usual durations."""

MEMORY: Final = 600.0
"""Seconds after which stable's past durations count for 1 / e."""

SPREAD_MEMORY: Final = 300.0
"""The same for their dispersion."""

SPREAD_SAFETY: Final = 3.0
"""Bursts outlast an interval: the dispersion seen between intervals is too small by this."""

WILDEST: Final = 25.0
"""Largest dispersion that one interval may report: an incident is no noise."""

FIRST_GUESS: Final = (6.0, 4.0)
"""Sum and number of the intervals that stand for those not seen yet: a dispersion of 1.5."""


class Norm(NamedTuple):
    """Stable's durations.

    Attributes:
        edges: Upper edges of the buckets in milliseconds.
        counts: Requests in each bucket, older ones counting less.
        derived: ``counts`` when the alternatives were last derived from them, rounded; empty
            before enough was seen.
        derived_at: When that was, in the stream's own time.
        spread: Sum and number of intervals whose mean is the dispersion between intervals.
    """

    edges: tuple[float, ...]
    counts: tuple[float, ...]
    derived: tuple[int, ...]
    derived_at: float
    spread: tuple[float, float]

    @property
    def dispersion(self) -> float:
        """Return how much more than chance stable's durations vary; 1 is chance alone."""
        return max(1.0, self.spread[0] / self.spread[1])

    def shape(self, slowdown: float) -> Shape | None:
        """Return the alternatives; ``None`` while stable is unknown."""
        return shape(self.edges, self.derived, slowdown) if self.derived else None


def norm(edges: tuple[float, ...], counts: tuple[float, ...]) -> Norm:
    """Return what a histogram tells.

    Args:
        edges: Of the buckets; rising.
        counts: Requests in each bucket, one more than edges.
    """
    derived = _rounded(counts) if sum(counts) >= ENOUGH else ()
    return Norm(edges, counts, derived, 0.0, FIRST_GUESS)


def watched(
    usual: Norm, known: Shape | None, stable: tuple[int, ...], clock: float, elapsed: float
) -> Norm:
    """Take in what stable did in one interval.

    Args:
        usual: Before it.
        known: The alternatives derived from that.
        stable: Its requests in each bucket.
        clock: End of the interval, in the stream's own time.
        elapsed: Seconds since the interval before it ended.
    """
    fade = math.exp(-elapsed / MEMORY)
    counts = tuple([old * fade + new for old, new in zip(usual.counts, stable, strict=True)])
    stale = not usual.derived or clock - usual.derived_at >= REFRESH - ROUNDING
    renewed = stale and sum(counts) >= ENOUGH
    return Norm(
        usual.edges,
        counts,
        _rounded(counts) if renewed else usual.derived,
        clock if renewed else usual.derived_at,
        usual.spread if known is None else _spread(usual.spread, known, stable, elapsed),
    )


def _spread(
    spread: tuple[float, float], known: Shape, stable: tuple[int, ...], elapsed: float
) -> tuple[float, float]:
    requests = sum(stable)
    if requests == 0:
        return spread
    score = sum([count * each for count, each in zip(stable, known.scores, strict=True)])
    expected = requests * known.score_mean
    seen = (score - expected) ** 2 / (requests * known.score_variance)
    fade = math.exp(-elapsed / SPREAD_MEMORY)
    return spread[0] * fade + min(seen, WILDEST), spread[1] * fade + 1.0


def _rounded(counts: tuple[float, ...]) -> tuple[int, ...]:
    return tuple([round(count) for count in counts])
