"""How a slower canary would look."""

from __future__ import annotations

import math

import pytest

from rolloutd.core.gate.shapes import _below, alternatives, beliefs, shape

EDGES = (25.0, 50.0, 100.0, 250.0, 500.0)
COUNTS = (2_000, 5_000, 2_500, 450, 45, 5)
KNOWN = shape(EDGES, COUNTS, 1.25)


def test_every_alternative_is_a_distribution() -> None:
    """Factors times stable's shares sum to 1: else a bet would be unfair."""
    total = sum(count + 0.5 for count in COUNTS)
    shares = [(count + 0.5) / total for count in COUNTS]

    for factors in KNOWN.factors:
        moved = sum(f * share for f, share in zip(factors, shares, strict=True))
        assert moved == pytest.approx(1.0, abs=1e-6)


def test_there_is_a_belief_for_each() -> None:
    """And they sum to 1."""
    assert len(beliefs()) == alternatives() == len(KNOWN.factors)
    assert sum(beliefs()) == pytest.approx(1.0)


def test_a_slower_canary_has_fewer_fast_requests_and_more_slow_ones() -> None:
    """Whatever the factor."""
    for factors in KNOWN.factors[:4]:
        assert factors[0] < 1.0 < factors[3]


def test_a_tail_grows_where_it_begins_and_beyond() -> None:
    """A few requests hang; the rest is as it was."""
    first = KNOWN.factors[4]

    assert first[0] < 1.0 < first[-1]


def test_log_factors_and_factors_agree() -> None:
    """One is the other's logarithm, kept for speed."""
    logs = [math.log(factor) for factor in KNOWN.factors[0]]

    assert KNOWN.scores == pytest.approx(logs)
    assert KNOWN.score_mean < 0.0 < KNOWN.score_variance


def test_only_buckets_that_fill_up_are_bet_on() -> None:
    """The bound on false rollbacks holds for factors of at least 1 alone."""
    for fuller, column in zip(KNOWN.heavier, zip(*KNOWN.factors, strict=True), strict=True):
        assert [each.alternative for each in fuller] == [
            number for number, factor in enumerate(column) if factor > 1.0
        ]


def test_one_bucket_is_no_histogram_but_no_error_either() -> None:
    """A proxy may be told to keep a single edge."""
    single = shape((100.0,), (90, 10), 1.25)

    assert len(single.factors) == alternatives()


def test_empty_buckets_have_factors_too() -> None:
    """The first request ever beyond 500 ms must not divide by nought."""
    hollow = shape(EDGES, (0, 1_000, 0, 0, 0, 0), 2.0)

    assert all(factor > 0.0 for row in hollow.factors for factor in row)


def test_beyond_the_last_edge_all_that_is_known_lies_below() -> None:
    """What the last bucket holds has no upper end."""
    assert _below((5.0,), (0.4, 0.6), 10.0) == pytest.approx(0.4)
