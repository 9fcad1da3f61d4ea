"""Sums and quantiles of histograms."""

from __future__ import annotations

import pytest

from rolloutd.core.gate.durations import Quantile, pooled, quantile
from rolloutd.core.observation import Histogram
from rolloutd.core.units import Millis, Ratio


def test_quantile_lies_on_a_straight_line_within_its_bucket() -> None:
    """The same figure as in the user's dashboards, to compare."""
    times = Histogram(bounds=(100.0, 200.0), counts=(50, 100, 100))

    found = quantile(times, Ratio(0.75))

    assert found is not None
    assert found.value == pytest.approx(150.0)


def test_empty_buckets_are_passed_over() -> None:
    """A quantile never lies in a bucket that holds nothing."""
    times = Histogram(bounds=(100.0, 200.0, 400.0), counts=(50, 50, 100, 100))

    assert quantile(times, Ratio(0.5)) == Quantile(value=Millis(100.0))


def test_beyond_the_last_edge_only_a_bound_is_known() -> None:
    """Infinity is no number to compare with."""
    times = Histogram(bounds=(100.0,), counts=(50, 100))

    assert quantile(times, Ratio(0.99)) == Quantile(value=Millis(100.0), beyond=True)


@pytest.mark.parametrize(
    "times",
    [Histogram(bounds=(100.0,), counts=(0, 0)), Histogram(bounds=(), counts=(10,))],
    ids=["no requests", "no edges"],
)
def test_nothing_to_read_off_is_none(times: Histogram) -> None:
    """No requests have no p99."""
    assert quantile(times, Ratio(0.99)) is None


def test_histograms_add_up() -> None:
    """A window is the sum of its intervals."""
    one = Histogram(bounds=(100.0,), counts=(1, 3))

    assert pooled([one, one]) == Histogram(bounds=(100.0,), counts=(2, 6))


def test_histograms_by_other_edges_are_left_out() -> None:
    """After a proxy upgrade the old buckets say nothing about the new edges."""
    old = Histogram(bounds=(50.0,), counts=(7, 9))
    new = Histogram(bounds=(100.0,), counts=(1, 3))

    assert pooled([old, new]) == new


def test_no_histograms_have_no_sum() -> None:
    """Absent is not empty."""
    assert pooled([]) is None
