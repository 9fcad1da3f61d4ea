"""Stable is scaled to 0 by requests that may arrive late: until when one still may.

Reasons in ADR 0014.
"""

from __future__ import annotations

from rolloutd.core.observation import WorkloadSeen
from rolloutd.core.state import Record
from rolloutd.core.units import Instant, Seconds, after

LATE = Seconds(60.0)
"""For how long an API server may still carry out a request that nobody waits for any more: its
own limit for one request."""


def is_retiring(record: Record, stable: WorkloadSeen | None) -> bool:
    """Say whether a request, however late, would still find the version that it names."""
    return stable is not None and record.retiring > 0 and stable.version <= record.retiring


def holds_up(record: Record, stable: WorkloadSeen | None, now: Instant) -> str:
    """Say why a run on this stable must not begin yet; empty when it may.

    A request of the run before was sent before this record was written, and can't outlast
    ``LATE``: unlike a rollback, which is wanted at once, a start can wait that long.
    """
    if now >= after(record.since, LATE) or not is_retiring(record, stable):
        return ""
    return (
        "the run before may have asked to scale stable to 0, which can still arrive for a"
        " minute unless stable's Deployment is scaled or annotated"
    )
