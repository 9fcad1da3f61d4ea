"""What a source of metrics said at one look, and whether it can be believed."""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from rolloutd.core.observation import Histogram
from rolloutd.core.units import Instant

_LARGEST = 2.0**53
"""Beyond this a float no longer counts by one; no counter of requests gets here honestly."""


class Side(enum.Enum):
    """One of the two arms."""

    STABLE = "stable"
    CANARY = "canary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What one source counts for one arm; each mapping is by the raw series' own name.

    Attributes:
        passed: Requests that did not fail.
        failed: Requests that did.
        latency: Requests by duration; empty when durations are not wanted.
    """

    passed: Mapping[str, float] = field(default_factory=dict)
    failed: Mapping[str, float] = field(default_factory=dict)
    latency: Mapping[str, Histogram] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """A source's answer.

    Attributes:
        arms: Which arms this source can speak of, and what it says.
        started: When the source began to count, when that is known.
    """

    arms: Mapping[Side, Series]
    started: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A source that should have answered and did not.

    Attributes:
        reason: Who, and what came instead, a full sentence.
    """

    sides: frozenset[Side]
    reason: str


Look: TypeAlias = Mapping[str, Scrape | Missed]
"""All sources of a target by name. One that is not named is gone, and forgotten."""


def checked(
    name: str, scrape: Scrape | Missed, bounds: tuple[float, ...] | None
) -> Scrape | Missed:
    """Turn an answer that makes no sense into a missed one.

    One bad value condemns the scrape: what else such a source says is not evidence either.
    """
    if isinstance(scrape, Missed):
        return scrape
    for series in scrape.arms.values():
        if fault := _fault(series, bounds):
            return Missed(sides=frozenset(scrape.arms), reason=f"{name} {fault}")
    return scrape


def _fault(series: Series, bounds: tuple[float, ...] | None) -> str | None:
    for counters in (series.passed, series.failed):
        for name, value in counters.items():
            if not 0.0 <= value <= _LARGEST:  # NaN fails every comparison
                return f"says {name} is {value}, which no count of requests can be."
    for name, histogram in series.latency.items():
        if len(histogram.counts) != len(histogram.bounds) + 1 or not is_cumulative(
            histogram.counts
        ):
            return f"has buckets in {name} that do not add up."
        if histogram.bounds != bounds:
            return f"has other buckets in {name} than the rest, so they cannot be summed."
    return None


def is_cumulative(counts: tuple[int, ...]) -> bool:
    """Say whether counts start at 0 or more and never fall."""
    last = 0
    for count in counts:
        if count < last:
            return False
        last = count
    return last <= _LARGEST


def common_bounds(look: Look) -> tuple[float, ...] | None:
    """Return the first buckets in sight; all histograms of a target must have the same.

    Sums over different buckets mean nothing, and a comparison of the arms over different
    buckets means less.
    """
    for scrape in look.values():
        if isinstance(scrape, Scrape):
            for series in scrape.arms.values():
                for histogram in series.latency.values():
                    if _is_rising(histogram.bounds):
                        return histogram.bounds
    return None


def _is_rising(bounds: tuple[float, ...]) -> bool:
    return all(math.isfinite(bound) for bound in bounds) and all(
        low < high for low, high in itertools.pairwise(bounds)
    )
