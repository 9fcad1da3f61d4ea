"""One stream of durations."""

from __future__ import annotations

import itertools
import math

import pytest

from rolloutd.core.gate.norms import norm
from rolloutd.core.gate.shapes import shape
from rolloutd.core.gate.slowness import (
    Beat,
    Interval,
    Slowness,
    Terms,
    devaluation,
    last_minute,
    moved,
    opened,
    slow_gains,
    uplifted,
)

EDGES = (50.0, 100.0)
TERMS = Terms(limit=math.log(1_000), acquittal=math.log(100), slowdown=1.25)
ALIKE = Interval(5.0, (35, 12, 3), (315, 108, 27))
SLOW = Interval(5.0, (15, 20, 15), (315, 108, 27))


def after(*intervals: Interval) -> Slowness:
    stream = opened(norm(EDGES, (7_000.0, 2_400.0, 600.0)))
    for interval in intervals:
        stream = moved(stream, TERMS, interval)
    return stream


def test_whose_requests_they_were_is_chance_if_the_arms_are_alike() -> None:
    """Exact: over all ways to deal four of ten requests, no alternative gains on average."""
    known = shape(EDGES, (70, 24, 6), 1.25)
    buckets = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]
    means = [0.0] * len(known.factors)
    hands = list(itertools.combinations(range(10), 4))
    for hand in hands:
        canary = [0, 0, 0]
        for card in hand:
            canary[buckets[card]] += 1
        stable = [5 - canary[0], 3 - canary[1], 2 - canary[2]]
        beat = Beat(5.0, tuple(canary), tuple(stable))
        gains = slow_gains(known, beat, 1.0)
        means = [m + math.exp(g) / len(hands) for m, g in zip(means, gains, strict=True)]

    assert max(means) <= 1.0 + 1e-12


def test_the_first_minute_of_the_canary_counts_for_nothing() -> None:
    """Neither against it nor for it."""
    warming = after(*[SLOW] * 12)

    assert warming.wealth.log == 0.0
    assert warming.certificate.matters == 0.0


def test_warming_up_begins_with_the_canarys_first_request() -> None:
    """Before it there was nothing to warm up."""
    idle = Interval(5.0, (0, 0, 0), (315, 108, 27))

    assert after(*[idle] * 20).warm == 0.0
    assert after(*[idle] * 20, *[SLOW] * 12).wealth.log == 0.0


def test_a_slow_canary_is_convicted_once_it_is_warm() -> None:
    """Four intervals: a blip touches three."""
    assert after(*[ALIKE] * 12, *[SLOW] * 3).wealth.log < TERMS.limit
    assert after(*[ALIKE] * 12, *[SLOW] * 5).wealth.log >= TERMS.limit


def test_an_equal_canary_is_certified() -> None:
    """Slower by a quarter would have shown by then."""
    assert after(*[ALIKE] * 60).certificate.matters <= -TERMS.acquittal


def test_only_what_anyone_would_mind_is_an_uplift() -> None:
    """Statistics find differences of a millisecond, given time."""
    slightly = Interval(5.0, (345, 122, 33), (315, 108, 27))

    assert uplifted(after(SLOW))
    assert not uplifted(after(*[slightly] * 12))


def test_the_last_minute_is_a_minute() -> None:
    """Older intervals are let go."""
    canary, stable = last_minute(after(*[ALIKE] * 30))

    assert sum(canary) == 12 * 50
    assert sum(stable) == 12 * 450


@pytest.mark.parametrize(
    "interval",
    [Interval(5.0, (0, 0, 0), (9, 9, 9)), Interval(5.0, (9, 9, 9), (0, 0, 0))],
    ids=["no canary", "no control"],
)
def test_without_both_arms_nothing_is_concluded(interval: Interval) -> None:
    """At 100 % a slow canary can't be told from a slow service."""
    before = after(*[ALIKE] * 13)

    assert moved(before, TERMS, interval).wealth == before.wealth


def test_counts_behind_the_evidence_begin_where_it_began_to_grow() -> None:
    """The sentence shows the bad minute, not the good hour."""
    risen = after(*[ALIKE] * 60, *[SLOW] * 4)

    assert sum(risen.rising.canary) == 200
    assert risen.requests == 64 * 50


def test_wobbling_durations_devalue_evidence_by_the_share_that_feels_them() -> None:
    """A canary with little traffic feels little of a burst."""
    assert devaluation(1.0, 0.5) == 1.0
    assert devaluation(4.0, 0.05) < devaluation(4.0, 0.5)
