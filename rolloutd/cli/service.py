"""A service as ``rolloutd simulate`` imagines it: how much it serves, fails, and how fast."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from rolloutd.core.observation import Counts, Histogram, Sample
from rolloutd.core.units import Instant, Millis, Percent, Seconds

EDGES: Final = (
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10000.0,
)
"""Milliseconds: where Istio's histogram has its buckets."""

TAIL: Final = 5.0
"""How many times the median the 99th percentile takes."""

SPREAD: Final = math.log(TAIL) / NormalDist().inv_cdf(0.99)

MANY: Final = 100.0
"""Variance from which a binomial is drawn as a normal: the difference no longer shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What both versions do.

    Attributes:
        rate: Requests a second, both arms.
        baseline: Stable's failure ratio.
        median: Of stable's durations; ``None`` where nobody asks for durations.
        rise: What the canary adds to the failure ratio.
        slowdown: How many times as long the canary takes.
    """

    rate: float
    baseline: float
    median: Millis | None = None
    rise: float = 0.0
    slowdown: float = 1.0

    def sample(
        self, start: Instant, length: Seconds, weight: Percent, draw: random.Random
    ) -> Sample:
        """Serve for one interval; failures are independent, durations log-normal."""
        # A whole number that is right on average: half a request can't fail.
        requests = math.floor(self.rate * length + draw.random())
        canary = binomial(draw, requests, weight / 100.0)
        return Sample(
            start=start,
            end=Instant(start + length),
            canary=self._served(canary, self.rise, self.slowdown, draw),
            stable=self._served(requests - canary, 0.0, 1.0, draw),
            weight=weight,
            values={},
        )

    def _served(
        self, requests: int, rise: float, slowdown: float, draw: random.Random
    ) -> Counts:
        failures = binomial(draw, requests, min(1.0, self.baseline + rise))
        if self.median is None:
            return Counts(requests=requests, failures=failures)
        timed = durations(draw, requests, self.median * slowdown)
        return Counts(requests=requests, failures=failures, latency=timed)


def durations(draw: random.Random, requests: int, median: float) -> Histogram:
    """Draw how long requests take, in buckets; ``median`` in milliseconds."""
    law = NormalDist(math.log(median), SPREAD)
    below = [law.cdf(math.log(edge)) for edge in EDGES]
    counts: list[int] = []
    left, passed = requests, 0.0
    for part in below:
        chance = (part - passed) / (1.0 - passed) if passed < 1.0 else 0.0
        left -= binomial(draw, left, chance)
        counts.append(requests - left)
        passed = part
    return Histogram(bounds=EDGES, counts=(*counts, requests))


def binomial(draw: random.Random, trials: int, chance: float) -> int:
    """Draw how many of some trials succeed."""
    if chance >= 1.0:
        return trials
    if chance > 0.5:
        return trials - binomial(draw, trials, 1.0 - chance)
    if chance <= 0.0:
        return 0
    variance = trials * chance * (1.0 - chance)
    if variance > MANY:
        return min(trials, max(0, round(draw.gauss(trials * chance, math.sqrt(variance)))))
    # The trials between two successes are geometric: jump from one to the next.
    at, scale = 0, math.log1p(-chance)
    for found in itertools.count():
        at += 1 + int(math.log(1.0 - draw.random()) / scale)
        if at > trials:
            return found
    raise AssertionError("counting has no end")
