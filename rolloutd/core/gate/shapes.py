"""How a slower canary's durations would be spread over the buckets.

An alternative is a factor for each bucket: how many times as often as stable's requests the
canary's would fall there. Two kinds are tried: everything takes longer by some factor, and a
few requests take much longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from operator import mul, truediv
from typing import Final, NamedTuple

SCALES: Final = (1.0, 2.0, 3.0, 6.0)
"""Slowdowns tried, as powers of the smallest that matters."""

TAILS: Final = (0.35, 0.1, 0.02, 0.004)
"""Shares of stable's slowest requests: a tail begins at the first edge that so few exceed."""

BEYOND: Final = 2
"""Edges past the last of those at which a tail is tried as well."""

BUMPS: Final = (0.006, 0.03, 0.2)
"""Shares of the requests that are moved into the tail."""

SCALE_BELIEF: Final = 0.5
"""Belief in the first kind of alternative; the second kind shares the rest."""

_JEFFREYS: Final = 0.5


class Heavier(NamedTuple):
    """An alternative under which the canary's requests fall into a bucket more often.

    Attributes:
        alternative: Its place in ``Shape.factors``.
        more: How many times as often, less 1: above 0.
        log: Logarithm of how many times as often.
    """

    alternative: int
    more: float
    log: float


@dataclass(frozen=True, slots=True)
class Shape:
    """Stable's buckets and what would be seen if the canary were slower.

    Attributes:
        factors: For each alternative a factor for each bucket, the scales first.
        heavier: For each bucket the alternatives under which it would fill up: in this order
            an empty bucket, of which an interval has many, costs nothing.
        scores: Logarithm of the first alternative's factors: the smallest slowdown that
            matters.
        gross_scores: The same for the largest scale.
        acquitting: For each bucket: its score and its factor less 1, then the same of the
            gross scale.
        score_mean: Mean of ``scores`` over stable's requests.
        score_variance: Their variance.
    """

    factors: tuple[tuple[float, ...], ...]
    heavier: tuple[tuple[Heavier, ...], ...]
    scores: tuple[float, ...]
    gross_scores: tuple[float, ...]
    score_mean: float
    score_variance: float
    acquitting: tuple[tuple[float, float, float, float], ...]


def alternatives() -> int:
    """Return how many alternatives a shape has."""
    return len(SCALES) + (len(TAILS) + BEYOND) * len(BUMPS)


def beliefs() -> tuple[float, ...]:
    """Return the prior belief in each alternative; sums to 1."""
    tails = alternatives() - len(SCALES)
    scale = SCALE_BELIEF / len(SCALES)
    return (scale,) * len(SCALES) + ((1.0 - SCALE_BELIEF) / tails,) * tails


@lru_cache(maxsize=128)
def shape(edges: tuple[float, ...], counts: tuple[int, ...], slowdown: float) -> Shape:
    """Derive the alternatives from stable's histogram.

    Args:
        edges: Upper edges of the buckets in milliseconds, the last bucket having none.
        counts: Stable's requests in each bucket, one more than edges.
        slowdown: Smallest factor that matters.
    """
    total = sum(counts) + _JEFFREYS * len(counts)
    shares = tuple([(count + _JEFFREYS) / total for count in counts])
    slower = [_scaled(edges, shares, slowdown**power) for power in SCALES]
    longer = [_bumped(shares, begin, size) for begin in _tail_begins(shares) for size in BUMPS]
    factors = tuple([tuple(map(truediv, moved, shares)) for moved in (*slower, *longer)])
    heavier = tuple(
        [
            tuple(
                [
                    Heavier(alternative, factor - 1.0, math.log(factor))
                    for alternative, factor in enumerate(column)
                    if factor > 1.0
                ]
            )
            for column in zip(*factors, strict=True)
        ]
    )
    scores = tuple(map(math.log, factors[0]))
    gross = tuple(map(math.log, factors[len(SCALES) - 1]))
    mean = sum(map(mul, shares, scores))
    square = sum([share * score**2 for share, score in zip(shares, scores, strict=True)])
    acquitting = tuple(
        [
            (one, math.expm1(one), other, math.expm1(other))
            for one, other in zip(scores, gross, strict=True)
        ]
    )
    return Shape(factors, heavier, scores, gross, mean, max(square - mean**2, 1e-9), acquitting)


def _scaled(
    edges: tuple[float, ...], shares: tuple[float, ...], factor: float
) -> tuple[float, ...]:
    """Return the shares of the buckets if every request took so many times as long."""
    below = [_below(edges, shares, edge / factor) for edge in edges]
    upper = [*below, 1.0]
    return tuple(max(high - low, 1e-9) for low, high in zip((0.0, *below), upper, strict=True))


def _below(edges: tuple[float, ...], shares: tuple[float, ...], duration: float) -> float:
    """Return the share of requests below a duration, log-straight within a bucket."""
    reached, low = 0.0, 0.0
    for edge, share in zip(edges, shares, strict=False):
        if duration <= edge:
            # The first bucket begins at 0, which has no logarithm.
            part = (
                math.log(duration / low) / math.log(edge / low)
                if low > 0.0
                else duration / edge
            )
            return reached + share * part
        reached, low = reached + share, edge
    return reached


def _tail_begins(shares: tuple[float, ...]) -> tuple[int, ...]:
    """Return the first bucket of every tail that is tried; some may be the same."""
    begins: list[int] = []
    last = len(shares) - 1
    for limit in TAILS:
        above, begin = 1.0, 0
        while begin < last and above > limit:
            above -= shares[begin]
            begin += 1
        begins.append(begin)
    return (*begins, *(min(last, begins[-1] + step + 1) for step in range(BEYOND)))


def _bumped(shares: tuple[float, ...], begin: int, size: float) -> tuple[float, ...]:
    """Return the shares if some requests moved into the tail, half as many a bucket further."""
    tail = len(shares) - begin
    falling = [2.0**-step for step in range(tail)]
    whole = sum(falling)
    added = [0.0] * begin + [size * part / whole for part in falling]
    return tuple((1.0 - size) * share + more for share, more in zip(shares, added, strict=True))
