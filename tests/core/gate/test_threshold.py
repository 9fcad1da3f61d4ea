"""The classical judgement."""

from __future__ import annotations

import pytest

from rolloutd.core.gate import seat
from rolloutd.core.observation import Counts, Histogram, Ruling
from tests.core.gate.cases import after_hearing, counts, interval, latency, only, plan, success

EDGES = (50.0, 100.0, 250.0, 500.0)


def durations(*below: int) -> Histogram:
    return Histogram(bounds=EDGES, counts=below)


def test_canary_above_the_minimum_is_fine_and_certified() -> None:
    """A threshold gate knows no more than its window: fine is all it can say."""
    jury = seat(plan(success(minimum=0.99)))
    jury = after_hearing(jury, [interval(0, counts(1_000, 1), counts(9_000, 9))])

    verdict = only(jury)

    assert verdict.ruling is Ruling.FINE
    assert verdict.certified
    assert verdict.room == pytest.approx(0.9)


def test_one_window_below_the_minimum_is_a_breach() -> None:
    """This is what people who ask for a threshold expect."""
    jury = seat(plan(success(minimum=0.99)))
    jury = after_hearing(jury, [interval(0, counts(2_080, 44), counts(18_730, 19))])

    verdict = only(jury)

    assert verdict.ruling is Ruling.BREACH
    assert verdict.reason == (
        "Canary fails 2.1 % (44 of 2 080), stable fails 0.10 % (19 of 18 730);"
        " at least 99.0 % must succeed."
    )


def test_the_stricter_of_two_limits_is_in_force() -> None:
    """A canary may lie above the absolute minimum and yet fall too far behind stable."""
    jury = seat(plan(success(minimum=0.9, max_drop=0.005)))
    jury = after_hearing(jury, [interval(0, counts(1_000, 20), counts(9_000, 0))])

    verdict = only(jury)

    assert verdict.ruling is Ruling.BREACH
    assert verdict.limit == pytest.approx(0.995)


def test_too_few_requests_hold_and_say_how_many_are_missing_and_how_long_that_takes() -> None:
    """Low traffic is never a guess."""
    jury = seat(plan(success(minimum=0.99)))
    jury = after_hearing(jury, [interval(0, counts(40, 40), counts(9_000, 0))])

    verdict = only(jury)

    assert verdict.ruling is Ruling.HOLD
    assert verdict.reason == (
        "60 more canary requests are needed: about 8 s at the present 8 a second."
    )


@pytest.mark.parametrize(
    ("canary", "stable"),
    [(None, counts(10)), (counts(500), None), (counts(0), counts(10)), (None, None)],
    ids=["canary unread", "stable unread", "no canary requests", "nothing read"],
)
def test_no_data_is_blind(canary: Counts | None, stable: Counts | None) -> None:
    """Not knowing is neither health nor breakage."""
    jury = seat(plan(success(minimum=0.99), latency(maximum=100.0)))
    jury = after_hearing(jury, [interval(0, canary, stable)])

    assert {juror.verdict().ruling for juror in jury.jurors} == {Ruling.BLIND}


def test_before_the_first_sample_a_gate_is_blind() -> None:
    """Silence certifies nothing."""
    assert only(seat(plan(success(minimum=0.99)))).ruling is Ruling.BLIND


def test_a_comparison_without_control_holds() -> None:
    """At 100 % there is nothing to compare with: that must not pass as fine."""
    jury = seat(plan(success(max_drop=0.005)))
    jury = after_hearing(jury, [interval(0, counts(1_000, 0), counts(0), weight=100)])

    assert only(jury).ruling is Ruling.HOLD


def test_what_left_the_window_no_longer_counts() -> None:
    """A burst is forgiven once it is older than the window."""
    bad = [interval(0, counts(200, 100), counts(1_000))]
    good = [interval(n, counts(200), counts(1_000)) for n in range(1, 13)]
    jury = after_hearing(seat(plan(success(minimum=0.99))), [*bad, *good])

    assert only(jury).ruling is Ruling.FINE


def test_slow_quantile_is_a_breach_against_a_maximum() -> None:
    """The quantile is interpolated within its bucket as Prometheus does."""
    slow = counts(1_000, 0, durations(0, 900, 960, 1_000, 1_000))
    fast = counts(9_000, 0, durations(9_000, 9_000, 9_000, 9_000, 9_000))
    jury = after_hearing(seat(plan(latency(maximum=400.0))), [interval(0, slow, fast)])

    verdict = only(jury)

    assert verdict.ruling is Ruling.BREACH
    assert verdict.canary == pytest.approx(250.0 + 250.0 * 0.75)
    assert verdict.stable == pytest.approx(49.5)


def test_quantile_within_a_multiple_of_stable_is_fine() -> None:
    """Comparison with stable forgives what the hour of day does to both."""
    both = durations(0, 900, 960, 1_000, 1_000)
    jury = after_hearing(
        seat(plan(latency(max_ratio=1.2))),
        [interval(0, counts(1_000, 0, both), counts(1_000, 0, both))],
    )

    assert only(jury).ruling is Ruling.FINE


def test_a_maximum_beyond_the_last_bucket_holds_instead_of_passing() -> None:
    """A canary at 30 s must not pass a limit of 1 s because buckets end at 500 ms."""
    slow = counts(1_000, 0, durations(0, 0, 0, 900, 1_000))
    jury = after_hearing(seat(plan(latency(maximum=1_000.0))), [interval(0, slow, slow)])

    verdict = only(jury)

    assert verdict.ruling is Ruling.HOLD
    assert "beyond the last bucket" in verdict.reason


def test_requests_without_durations_are_blind() -> None:
    """A proxy that counts requests but keeps no histogram says nothing about time."""
    jury = after_hearing(
        seat(plan(latency(maximum=100.0))), [interval(0, counts(1_000), counts(1_000))]
    )

    assert only(jury).ruling is Ruling.BLIND


def test_a_quantile_without_control_holds() -> None:
    """A multiple of stable's is asked for, and stable's durations did not come."""
    gate = latency(max_ratio=1.2)
    fast = Histogram(bounds=(10.0,), counts=(1_000, 1_000))
    jury = after_hearing(
        seat(plan(gate)), [interval(0, counts(1_000, 0, fast), counts(9_000, 0))]
    )

    assert only(jury).ruling is Ruling.HOLD
