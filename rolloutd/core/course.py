"""What a run has been through so far: for those who are told how it ended."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rolloutd.core.observation import Closest, Course, GateVerdict, Ruling, Sample
from rolloutd.core.units import Percent


def followed(course: Course, sample: Sample, verdicts: Sequence[GateVerdict]) -> Course:
    """Add one sample and what the gates made of it."""
    enforced = [verdict for verdict in verdicts if verdict.enforced]
    served = sample.canary
    return dataclasses.replace(
        course,
        requests=course.requests + (served.requests if served is not None else 0),
        failures=course.failures + (served.failures if served is not None else 0),
        looks=course.looks + 1,
        fine=course.fine + all(verdict.ruling is Ruling.FINE for verdict in enforced),
        closest=_closest(course.closest, enforced, sample.weight),
    )


def _closest(
    so_far: Closest | None, verdicts: Sequence[GateVerdict], weight: Percent
) -> Closest | None:
    now = [
        Closest(gate=verdict.gate, room=verdict.room, weight=weight)
        for verdict in verdicts
        if verdict.room is not None
    ]
    candidates = now if so_far is None else [so_far, *now]
    return min(candidates, key=lambda each: each.room, default=None)
