"""On which side of its limit a gate's value must stay."""

from __future__ import annotations

import enum
from typing import assert_never

from rolloutd.core.plan import Gate, Latency, Promql, SuccessRate


class Bound(enum.Enum):
    """What the limit in a verdict is."""

    MINIMUM = "min"
    MAXIMUM = "max"


def bound_of(gate: Gate) -> Bound:
    """Say whether a gate's limit is the lowest or the highest acceptable value.

    A query with limits on both sides shows the upper one, as its verdicts do.
    """
    match gate:
        case SuccessRate():
            return Bound.MINIMUM
        case Latency():
            return Bound.MAXIMUM
        case Promql(maximum=None, max_ratio=None):
            return Bound.MINIMUM
        case Promql():
            return Bound.MAXIMUM
        case never:
            assert_never(never)
