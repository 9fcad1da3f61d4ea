"""The service that simulations imagine."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from rolloutd.cli.service import EDGES, TAIL, Service, binomial, durations
from rolloutd.core.units import Instant, Millis, Percent, Seconds


def draws(seed: int = 5) -> random.Random:
    return random.Random(seed)  # noqa: S311 - noise, not secrets


@pytest.mark.parametrize("trials", [200, 5_000])
@pytest.mark.parametrize("chance", [0.0, 0.001, 0.3, 0.9, 1.0])
def test_drawn_numbers_have_the_right_mean(trials: int, chance: float) -> None:
    """All figures rest on this, in both ways of drawing."""
    draw = draws()
    drawn = [binomial(draw, trials, chance) for _ in range(4_000)]

    assert all(0 <= each <= trials for each in drawn)
    assert sum(drawn) / len(drawn) == pytest.approx(trials * chance, rel=0.05)


def test_durations_have_the_median_and_the_tail_that_were_asked_for() -> None:
    """Edges at the median and at five times that tell."""
    timed = durations(draws(), 100_000, 50.0)
    below = dict(zip(EDGES, timed.counts, strict=False))

    assert all(low <= high for low, high in pairwise(timed.counts))
    assert timed.counts[-1] == 100_000
    assert below[50.0] == pytest.approx(50_000, rel=0.02)
    assert below[50.0 * TAIL] == pytest.approx(99_000, rel=0.01)


def test_a_worse_canary_fails_more_and_takes_longer() -> None:
    """And stable does not."""
    service = Service(rate=100.0, baseline=0.01, median=Millis(50.0), rise=0.1, slowdown=2.0)
    sample = service.sample(Instant(0.0), Seconds(600.0), Percent(50), draws())

    assert sample.canary is not None
    assert sample.stable is not None
    assert sample.canary.latency is not None
    assert sample.stable.latency is not None
    assert sample.canary.failures > 5 * sample.stable.failures
    assert sample.canary.latency.counts[4] < 0.5 * sample.stable.latency.counts[4]
    assert sample.canary.requests + sample.stable.requests == pytest.approx(60_000, abs=1)
