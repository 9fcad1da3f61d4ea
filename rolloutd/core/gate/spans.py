"""The recent past: what both arms counted, over a window of time."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.core.gate.durations import pooled
from rolloutd.core.observation import Counts, Sample
from rolloutd.core.units import Instant, Percent, Seconds

ROUNDING = Seconds(1e-6)
"""Instants are floats since 1970: sums of intervals miss their edges by this little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was counted in one interval; an arm that could not be read is ``None``."""

    start: Instant
    end: Instant
    canary: Counts | None
    stable: Counts | None
    weight: Percent


def span_of(sample: Sample) -> Span:
    """Keep of a sample what gates on counts need."""
    return Span(
        start=sample.start,
        end=sample.end,
        canary=sample.canary,
        stable=sample.stable,
        weight=sample.weight,
    )


def extended(spans: tuple[Span, ...], new: Span, window: Seconds) -> tuple[Span, ...]:
    """Add the newest interval and drop those that ended before the window began.

    When the clock was set back, everything heard before is dropped: it has no place on the
    new time line.
    """
    if spans and new.end <= spans[-1].end:
        return (new,)
    begin = new.end - window + ROUNDING
    return (*(span for span in spans if span.end > begin), new)


def total(arms: tuple[Counts | None, ...]) -> Counts:
    """Sum one arm over intervals, oldest first; intervals without a reading add nothing."""
    known = [counts for counts in arms if counts is not None]
    return Counts(
        requests=sum(counts.requests for counts in known),
        failures=sum(counts.failures for counts in known),
        latency=pooled(counts.latency for counts in known if counts.latency is not None),
    )


def canary_total(spans: tuple[Span, ...]) -> Counts:
    """Sum the canary's counts."""
    return total(tuple(span.canary for span in spans))


def stable_total(spans: tuple[Span, ...]) -> Counts:
    """Sum stable's counts."""
    return total(tuple(span.stable for span in spans))


def canary_rate(spans: tuple[Span, ...]) -> float:
    """Return the canary's requests a second over the intervals in which it was read."""
    read = tuple(span for span in spans if span.canary is not None)
    seconds = sum(span.end - span.start for span in read)
    return canary_total(read).requests / seconds if seconds > 0.0 else 0.0
