"""From samples of the past to what a jury wants to know of stable before it sits."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Final

from rolloutd.core.observation import Counts, Histogram, History, Sample
from rolloutd.core.units import Seconds

SPAN: Final = Seconds(1800.0)
"""How far back to look: long enough for ten failures of a usual service, short enough that
yesterday's load says nothing."""

BLOCK: Final = Seconds(30.0)
"""Length of the blocks whose failures are compared with chance."""

MOST_DISPERSION: Final = 50.0
"""Beyond this a service is in pieces, and more caution changes nothing."""


def history(samples: Iterable[Sample]) -> History | None:
    """Sum up how stable behaved; ``None`` when it served nothing.

    Args:
        samples: Of one ``BLOCK`` each.
    """
    blocks = [sample.stable for sample in samples if sample.stable is not None]
    requests = sum(block.requests for block in blocks)
    if requests == 0:
        return None
    failures = sum(block.failures for block in blocks)
    return History(
        requests=requests,
        failures=failures,
        dispersion=dispersion(blocks),
        latency=_together(block.latency for block in blocks),
    )


def dispersion(blocks: Sequence[Counts]) -> float:
    """Return Pearson's dispersion of failures: 1.0 where they are independent, never less.

    ``sum((failures - n p)^2 / (n p (1 - p))) / (blocks - 1)``, with ``p`` the ratio over all
    blocks (McCullagh & Nelder, Generalized Linear Models, 4.5). Blocks without requests say
    nothing.
    """
    told = [block for block in blocks if block.requests > 0]
    requests = sum(block.requests for block in told)
    failures = sum(block.failures for block in told)
    if len(told) < 2 or not 0 < failures < requests:
        return 1.0
    ratio = failures / requests
    chi = sum(
        (block.failures - block.requests * ratio) ** 2
        / (block.requests * ratio * (1.0 - ratio))
        for block in told
    )
    return min(max(chi / (len(told) - 1), 1.0), MOST_DISPERSION)


def _together(histograms: Iterable[Histogram | None]) -> Histogram | None:
    """Add up; ``None`` unless all have the same buckets."""
    total: Histogram | None = None
    for each in histograms:
        if each is None or (total is not None and total.bounds != each.bounds):
            return None
        counts = each.counts if total is None else map(operator.add, total.counts, each.counts)
        total = Histogram(bounds=each.bounds, counts=tuple(counts))
    return total
