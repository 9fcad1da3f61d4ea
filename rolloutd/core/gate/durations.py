"""Histograms of durations: sums, quantiles and shares above an edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import sub

from rolloutd.core.observation import Histogram
from rolloutd.core.units import Millis, Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile as far as buckets tell it.

    Attributes:
        beyond: The quantile lies above the last finite edge, and ``value`` is that edge.
    """

    value: Millis
    beyond: bool = False


def pooled(histograms: Iterable[Histogram]) -> Histogram | None:
    """Sum histograms, leaving out those whose edges differ from the newest one's.

    Edges change when a proxy is upgraded in mid-rollout; counts by other edges can't be added.

    Args:
        histograms: Oldest first.
    """
    known = tuple(histograms)
    if not known:
        return None
    bounds = known[-1].bounds
    alike = (histogram.counts for histogram in known if histogram.bounds == bounds)
    return Histogram(bounds=bounds, counts=tuple(map(sum, zip(*alike, strict=True))))


def quantile(histogram: Histogram, q: Ratio) -> Quantile | None:
    """Read a quantile off, straight lines within buckets as ``histogram_quantile`` does.

    Returns:
        ``None`` without requests or without finite edges.
    """
    total = histogram.counts[-1]
    if total == 0 or not histogram.bounds:
        return None
    rank = q * total
    low_edge, below = 0.0, 0
    for edge, count in zip(histogram.bounds, histogram.counts, strict=False):
        if count >= rank and count > below:
            return Quantile(
                value=Millis(low_edge + (edge - low_edge) * _part(rank, below, count))
            )
        low_edge, below = edge, count
    return Quantile(value=Millis(histogram.bounds[-1]), beyond=True)


def shared_edges(one: Histogram, other: Histogram) -> tuple[float, ...]:
    """Return the edges that both histograms have."""
    if one.bounds == other.bounds:
        return one.bounds
    theirs = frozenset(other.bounds)
    return tuple(edge for edge in one.bounds if edge in theirs)


def buckets(histogram: Histogram, edges: tuple[float, ...]) -> tuple[int, ...]:
    """Return how many requests lie between the edges, one more number than edges.

    Args:
        histogram: Has all the edges, and maybe more.
        edges: Rising.
    """
    if edges == histogram.bounds:
        below = histogram.counts
    else:
        by_edge = dict(zip(histogram.bounds, histogram.counts, strict=False))
        below = (*(by_edge[edge] for edge in edges), histogram.counts[-1])
    return tuple(map(sub, below, (0, *below)))


def _part(rank: float, below: int, count: int) -> float:
    return max(0.0, (rank - below) / (count - below))
