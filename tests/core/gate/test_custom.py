"""Gates on the user's own queries."""

from __future__ import annotations

import math

import pytest

from rolloutd.core.gate import Jury, seat
from rolloutd.core.observation import Ruling
from rolloutd.core.plan import Promql
from tests.core.gate.cases import after_hearing, interval, only, plan, promql


def asked(gate: Promql, *answers: tuple[float | None, float | None]) -> Jury:
    samples = [
        interval(number, None, None, values={gate.name: pair})
        for number, pair in enumerate(answers)
    ]
    return after_hearing(seat(plan(gate)), samples)


def test_value_within_limits_is_fine() -> None:
    """A custom gate needs no request counts: the arms may be unread."""
    assert only(asked(promql(minimum=0.1, maximum=0.8), (0.5, None))).ruling is Ruling.FINE


def test_breaches_hold_until_enough_come_in_a_row() -> None:
    """One spike of a noisy metric is no reason to go back."""
    jury = asked(promql(maximum=0.8, consecutive=3), (0.9, None), (0.9, None))

    assert only(jury).ruling is Ruling.HOLD
    assert "(2 of 3 in a row)" in only(jury).reason


def test_enough_breaches_in_a_row_are_a_breach() -> None:
    """The number that the plan names is the number that counts."""
    jury = asked(promql(maximum=0.8, consecutive=2), (0.9, None), (0.9, None))

    assert only(jury).ruling is Ruling.BREACH


def test_a_good_value_ends_the_row() -> None:
    """Consecutive means consecutive: unlike Flagger's counter, a pass resets it."""
    jury = asked(promql(maximum=0.8, consecutive=2), (0.9, None), (0.1, None), (0.9, None))

    assert only(jury).ruling is Ruling.HOLD


def test_a_missing_answer_is_blind_and_keeps_the_row() -> None:
    """An unreachable Prometheus must neither convict nor acquit."""
    gate = promql(maximum=0.8, consecutive=2)

    assert only(asked(gate, (0.9, None), (None, None))).ruling is Ruling.BLIND
    assert only(asked(gate, (0.9, None), (None, None), (0.9, None))).ruling is Ruling.BREACH


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_a_missing_answer(value: float) -> None:
    """0 / 0 in PromQL is NaN, which Flagger and Argo take for a failure."""
    assert only(asked(promql(maximum=0.8), (value, None))).ruling is Ruling.BLIND


@pytest.mark.parametrize(("canary", "ruling"), [(1.9, Ruling.FINE), (2.1, Ruling.BREACH)])
def test_value_is_compared_with_stable(canary: float, ruling: Ruling) -> None:
    """A ratio to stable needs no tuning per service."""
    assert only(asked(promql(max_ratio=2.0), (canary, 1.0))).ruling is ruling


def test_comparison_without_stable_value_is_blind() -> None:
    """Half an answer is no answer."""
    assert only(asked(promql(max_ratio=2.0), (5.0, None))).ruling is Ruling.BLIND


def test_room_is_the_distance_to_the_nearest_upper_limit() -> None:
    """Dashboards show how much is left."""
    verdict = only(asked(promql(maximum=0.8, max_ratio=2.0), (0.4, 0.25)))

    assert verdict.limit == 0.5
    assert verdict.room == pytest.approx(0.2)


def test_room_above_a_minimum_is_measured_upwards() -> None:
    """For a cache-hit ratio more is better."""
    assert only(asked(promql(minimum=0.5), (0.75, None))).room == pytest.approx(0.5)


def test_a_limit_of_nought_has_no_room_to_be_a_share_of() -> None:
    """A gate that wants zero restarts is common and must not divide by it."""
    assert only(asked(promql(maximum=0.0), (0.0, None))).room is None
    assert only(asked(promql(maximum=0.0), (1.0, None))).ruling is Ruling.BREACH


def test_before_the_first_answer_a_gate_is_blind() -> None:
    """Silence certifies nothing."""
    assert only(seat(plan(promql(maximum=0.8)))).ruling is Ruling.BLIND


def test_a_value_below_the_minimum_is_a_breach() -> None:
    """And the words say which bound it was."""
    verdict = only(asked(promql(minimum=0.5), (0.2, None)))

    assert verdict.ruling is Ruling.BREACH
    assert "below the minimum of 0.5" in verdict.reason
