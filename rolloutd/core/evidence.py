"""From readings to verdicts: what a loop learns from its meter."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from rolloutd.core.course import followed
from rolloutd.core.gate.jury import Jury, hear, verdicts
from rolloutd.core.observation import (
    Counts,
    Course,
    GateVerdict,
    Histogram,
    Reading,
    Ruling,
    Sample,
    Unread,
)
from rolloutd.core.split import Flow, flowed
from rolloutd.core.units import Instant, Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What has been learnt in this run.

    Attributes:
        last: The reading that the next sample starts from.
        looked: When ``last`` was taken, or when we last tried.
        flow: Where requests went of late.
        unread: Why the newest look gave nothing.
        course: The run as a whole, at all weights; ``None`` before the first look.
        streaks: In how many looks in a row each gate was fine, up to the newest.
        ruled: The jury that heard the newest sample, and what it said: ruling is most of what a
            turn costs, and a jury never changes.
    """

    jury: Jury
    last: Reading | None = None
    looked: Instant | None = None
    flow: Flow = field(default_factory=Flow)
    unread: str = ""
    course: Course | None = None
    streaks: Mapping[str, int] = field(default_factory=dict)
    ruled: tuple[Jury, tuple[GateVerdict, ...]] | None = None


def rulings(evidence: Evidence) -> tuple[GateVerdict, ...]:
    """Return every gate's present verdict, in plan order; none before the first look."""
    if evidence.looked is None:
        return ()
    if evidence.ruled is not None and evidence.ruled[0] is evidence.jury:
        return evidence.ruled[1]
    return verdicts(evidence.jury)


def learn(
    evidence: Evidence, reading: Reading | Unread, weight: Percent, now: Instant
) -> tuple[Evidence, Sample | None]:
    """Take in one look at the metrics; return the sample it made, if it made one.

    The first reading only sets the base. A look that gave nothing is a sample without arms:
    gates must know that they were blind.
    """
    start = evidence.looked
    if start is not None and now <= start:
        return evidence, None
    sample = _sample(evidence, reading, weight, now)
    course = evidence.course or Course(since=now)
    known = dataclasses.replace(
        evidence,
        last=reading if isinstance(reading, Reading) else evidence.last,
        looked=now,
        unread=reading.reason if isinstance(reading, Unread) else "",
        course=course,
    )
    if sample is None:
        return dataclasses.replace(known, flow=Flow(weight=weight)), None
    jury = hear(evidence.jury, sample)
    said = verdicts(jury)
    learnt = dataclasses.replace(
        known,
        jury=jury,
        course=followed(course, sample, said),
        flow=flowed(known.flow, sample),
        streaks=_counted_on(known.streaks, said),
        ruled=(jury, said),
    )
    return learnt, sample


def _counted_on(streaks: Mapping[str, int], said: Sequence[GateVerdict]) -> Mapping[str, int]:
    return {
        verdict.gate: streaks.get(verdict.gate, 0) + 1 if verdict.ruling is Ruling.FINE else 0
        for verdict in said
    }


def _sample(
    evidence: Evidence, reading: Reading | Unread, weight: Percent, now: Instant
) -> Sample | None:
    if evidence.looked is None:
        return None
    match reading:
        case Unread():
            return Sample(
                start=evidence.looked,
                end=now,
                stable=None,
                canary=None,
                weight=weight,
                values={},
            )
        case Reading(stable=stable, canary=canary, values=values):
            before = evidence.last
            return Sample(
                start=evidence.looked,
                end=now,
                stable=_grown(before.stable if before else None, stable),
                canary=_grown(before.canary if before else None, canary),
                weight=weight,
                values=values,
            )
        case never:
            assert_never(never)


def _grown(before: Counts | None, now: Counts | None) -> Counts | None:
    if before is None or now is None:
        return None
    return Counts(
        requests=now.requests - before.requests,
        failures=now.failures - before.failures,
        latency=_grown_histogram(before.latency, now.latency),
    )


def _grown_histogram(before: Histogram | None, now: Histogram | None) -> Histogram | None:
    if before is None or now is None or before.bounds != now.bounds:
        return None
    counts = tuple(b - a for a, b in zip(before.counts, now.counts, strict=True))
    return Histogram(bounds=now.bounds, counts=counts)
