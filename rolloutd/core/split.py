"""Where requests went of late, compared with where the weight sends them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from math import sqrt

from rolloutd.core.observation import Sample, SplitSeen
from rolloutd.core.units import Instant, Percent, Ratio, Seconds, elapsed

LATELY = Seconds(60.0)
"""How far back is looked, or further where that takes to count ``ENOUGH``.

Not over the whole step: weights that others wrote for a while, before we knew of it, would be
held against the canary for as long again, and a route that is no longer obeyed would hide
behind the hours in which it was.
"""

ENOUGH = 100
"""Counted requests below which nothing is said about the split."""

SLACK = 0.05
"""Deviation always allowed: connections in flight, a pod not yet scraped."""

SIGMAS = 4.0
"""Deviation allowed for chance: 1 in 16 000 for independent requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The requests of one interval in which there were any."""

    end: Instant
    stable: int
    canary: int

    @property
    def requests(self) -> int:
        """Of both arms."""
        return self.stable + self.canary


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What was counted of late at one weight.

    Attributes:
        weight: The canary's share in force.
        intervals: Oldest first; those of the last minute, more if they hold few requests.
    """

    weight: Percent | None = None
    intervals: tuple[Passed, ...] = ()


def flowed(flow: Flow, sample: Sample) -> Flow:
    """Take in a sample.

    The interval in which the weight changed belongs to neither weight; one in which an arm
    could not be read says nothing of shares.
    """
    if flow.weight != sample.weight:
        return Flow(weight=sample.weight)
    if sample.stable is None or sample.canary is None:
        return flow
    new = Passed(end=sample.end, stable=sample.stable.requests, canary=sample.canary.requests)
    if new.requests == 0:
        return flow
    return dataclasses.replace(flow, intervals=_late((*flow.intervals, new)))


def split(flow: Flow) -> SplitSeen | None:
    """Compare where requests went with where the weight sends them; ``None`` without any."""
    total, canary = _requests(flow.intervals), sum(each.canary for each in flow.intervals)
    if total == 0 or flow.weight is None:
        return None
    share, wanted = canary / total, flow.weight / 100
    allowed = SLACK + SIGMAS * sqrt(wanted * (1 - wanted) / total)
    in_force = None if total < ENOUGH else abs(share - wanted) <= allowed
    return SplitSeen(canary=Ratio(share), requests=total, in_force=in_force)


def present(flow: Flow, weight: Percent, now: Instant, interval: Seconds) -> SplitSeen | None:
    """Say where requests go now, with this share in force and a look every ``interval``.

    ``None`` where nothing tells of the present: the weight has changed since, or for a minute,
    or two looks, no request was counted.
    """
    if flow.weight != weight or not flow.intervals:
        return None
    late = elapsed(flow.intervals[-1].end, now) > max(LATELY, 2 * interval)
    return None if late else split(flow)


def _late(intervals: tuple[Passed, ...]) -> tuple[Passed, ...]:
    """Let go of what is over for long and not needed to say something."""
    begin, left, first = intervals[-1].end - LATELY, _requests(intervals), 0
    # The newest ends this, for it is not over for long.
    while intervals[first].end <= begin and left - intervals[first].requests >= ENOUGH:
        left -= intervals[first].requests
        first += 1
    return intervals[first:]


def _requests(intervals: tuple[Passed, ...]) -> int:
    return sum(each.requests for each in intervals)
