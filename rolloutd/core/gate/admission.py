"""Which samples a gate may rest on: a defined answer to everything that is not as it should be.

Nothing here is an error to raise. Counts that make no sense are counts that we do not have:
the arm becomes ``None``, which every gate treats as not knowing.
"""

from __future__ import annotations

import dataclasses
import math
import operator

from rolloutd.core.observation import Counts, Histogram, Sample
from rolloutd.core.units import Instant, Seconds

ROUNDING = Seconds(1e-3)
"""Ends and beginnings that come from different clocks agree no better."""

LATE = Seconds(60.0)
"""A sample that ends this much before the last one means that a clock was set back."""


def admit(sample: Sample, last: Instant | None) -> Sample | None:
    """Return the sample with nonsense taken out; ``None`` when it must not be heard at all.

    A duplicate, and a sample that overlaps what was heard already, would count requests
    twice: both are left out. A sample from far back is taken: its requests are new, only its
    clock was set.

    Args:
        sample: As it came.
        last: End of the newest sample heard.
    """
    if not (math.isfinite(sample.start) and math.isfinite(sample.end)):
        return None
    if sample.end <= sample.start:
        return None
    if last is not None and last - LATE <= sample.end and sample.start < last - ROUNDING:
        return None
    values = {name: (_known(pair[0]), _known(pair[1])) for name, pair in sample.values.items()}
    stable, canary = _sane(sample.stable), _sane(sample.canary)
    if stable is sample.stable and canary is sample.canary and values == sample.values:
        return sample  # as nearly always: a copy would cost a tenth of all judging
    return dataclasses.replace(sample, stable=stable, canary=canary, values=values)


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _sane(counts: Counts | None) -> Counts | None:
    # A comparison with NaN is false, so NaN ends here as well.
    if counts is None or not 0 <= counts.failures <= counts.requests < math.inf:
        return None
    if counts.latency is None or _is_cumulative(counts.latency):
        return counts
    return dataclasses.replace(counts, latency=None)


def _is_cumulative(latency: Histogram) -> bool:
    bounds, counts = latency.bounds, latency.counts
    rising = all(map(operator.lt, bounds, bounds[1:]))
    growing = all(map(operator.le, (0, *counts), counts))
    return len(counts) == len(bounds) + 1 and rising and growing
