"""Samples that are not as they should be."""

from __future__ import annotations

import dataclasses
import math

import pytest

from rolloutd.core.gate.admission import admit
from rolloutd.core.observation import Counts, Histogram
from rolloutd.core.units import Instant
from tests.core.gate.cases import counts, interval

GOOD = interval(3, counts(200, 1), counts(1_800, 2))


def test_a_good_sample_passes_as_it_is() -> None:
    """The common case is untouched."""
    assert admit(GOOD, GOOD.start) == GOOD


@pytest.mark.parametrize(
    "bad",
    [counts(-1), counts(10, -1), counts(10, 11), counts(math.nan), counts(10, math.nan)],  # type: ignore[arg-type]  # what a careless adapter may pass
    ids=["negative", "negative failures", "more failed than came", "NaN", "NaN failures"],
)
def test_counts_that_make_no_sense_are_counts_we_do_not_have(bad: Counts) -> None:
    """A counter that went backwards is a defect of the reading, not of the canary."""
    admitted = admit(dataclasses.replace(GOOD, canary=bad), None)

    assert admitted is not None
    assert admitted.canary is None
    assert admitted.stable == GOOD.stable


@pytest.mark.parametrize(
    "bad",
    [
        Histogram(bounds=(10.0, 20.0), counts=(5, 4, 6)),
        Histogram(bounds=(10.0, 20.0), counts=(5, 6)),
        Histogram(bounds=(20.0, 10.0), counts=(1, 2, 3)),
        Histogram(bounds=(10.0, 20.0), counts=(-1, 2, 3)),
    ],
    ids=["falling", "too short", "edges out of order", "negative"],
)
def test_durations_that_make_no_sense_are_dropped_and_the_counts_kept(bad: Histogram) -> None:
    """A broken histogram must not blind the error gate."""
    admitted = admit(dataclasses.replace(GOOD, canary=counts(200, 1, bad)), None)

    assert admitted is not None
    assert admitted.canary == counts(200, 1)


def test_a_duplicate_is_not_heard() -> None:
    """Heard twice, a burst would weigh double."""
    assert admit(GOOD, GOOD.end) is None


def test_a_late_sample_is_not_heard() -> None:
    """What overlaps with heard intervals may hold requests that were counted."""
    assert admit(GOOD, Instant(GOOD.end + 5.0)) is None


def test_after_the_clock_was_set_back_samples_are_heard_again() -> None:
    """Else a step of the clock by an hour would blind the gate for an hour."""
    assert admit(GOOD, Instant(GOOD.end + 3_600.0)) == GOOD


def test_a_gap_in_time_is_no_obstacle() -> None:
    """A missed look makes one long interval, or a hole: both are honest counts."""
    assert admit(GOOD, Instant(GOOD.start - 3_600.0)) == GOOD


@pytest.mark.parametrize("end", [GOOD.start, GOOD.start - 1.0, math.nan, math.inf])
def test_an_interval_without_length_is_not_heard(end: float) -> None:
    """Rates over it would be infinite."""
    assert admit(dataclasses.replace(GOOD, end=Instant(end)), None) is None
