"""The last minute of one stream, with running sums: exact, because counts are integers."""

from __future__ import annotations

from operator import add, sub
from typing import Final, NamedTuple

WINDOW: Final = 60.0
"""Seconds over which rates are shown and compared."""

GLANCE: Final = 15.0
"""Seconds over which stable is looked at for an incident."""

ROUNDING: Final = 1e-6


class Tick(NamedTuple):
    """What one interval counted, as far as the last minute needs it.

    Attributes:
        clock: End of the interval, in seconds of the stream's own time.
        calm_requests: Stable's requests, 0 in an incident.
        calm_failures: Likewise.
    """

    clock: float
    canary_requests: int
    canary_failures: int
    stable_requests: int
    stable_failures: int
    calm_requests: int
    calm_failures: int


class Recent(NamedTuple):
    """Ticks of the last minute, oldest first, and the sums of their columns."""

    ticks: tuple[Tick, ...] = ()
    canary_requests: int = 0
    canary_failures: int = 0
    stable_requests: int = 0
    stable_failures: int = 0
    calm_requests: int = 0
    calm_failures: int = 0


def extended(recent: Recent, new: Tick) -> Recent:
    """Add a tick and let go of those that ended a minute before it."""
    begin = new.clock - WINDOW + ROUNDING
    leaving, sums = 0, map(add, recent[1:], new[1:])
    for old in recent.ticks:
        if old[0] > begin:
            break
        sums = map(sub, sums, old[1:])
        leaving += 1
    return Recent((*recent.ticks[leaving:], new), *sums)


def agitated(recent: Recent) -> Recent:
    """Forget that any tick was calm: an incident began."""
    ticks = tuple(tick._replace(calm_requests=0, calm_failures=0) for tick in recent.ticks)
    return Recent(ticks, *recent[1:5])


def glance(recent: Recent, clock: float, requests: int, failures: int) -> tuple[int, int]:
    """Sum stable's requests and failures over the last seconds, a new interval included.

    Args:
        recent: Without the new interval.
        clock: End of the new interval.
        requests: Stable's, in the new interval.
        failures: Likewise.
    """
    begin = clock - GLANCE + ROUNDING
    for tick in reversed(recent.ticks):
        if tick.clock <= begin:
            break
        requests += tick.stable_requests
        failures += tick.stable_failures
    return requests, failures
