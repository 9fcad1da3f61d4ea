"""Weights are whole numbers, and their sum is not always ours."""

from __future__ import annotations

import pytest

from rolloutd.adapters.istio.weights import Split, divide, ordered, share
from rolloutd.core.units import Percent


def split(stable: int, canary: int, others: int = 0) -> Split:
    return Split(stable=stable, canary=canary, others=others)


@pytest.mark.parametrize(
    ("joint", "canary", "part"),
    [
        (100, 10, 10),
        (90, 10, 9),
        (30, 25, 7),  # 7.5: a tie is stable's
        (30, 26, 8),
        (1000, 1, 10),
        (0, 50, 0),
    ],
)
def test_parts_are_rounded_to_the_largest_remainder(joint: int, canary: int, part: int) -> None:
    """The error is never more than half a weight."""
    assert divide(joint, Percent(canary)) == part


@pytest.mark.parametrize(("canary", "part"), [(0, 0), (1, 1), (99, 9), (100, 10)])
def test_rounding_reaches_neither_end(canary: int, part: int) -> None:
    """A canary with no traffic is never judged; stable with none cannot be compared with."""
    assert divide(10, Percent(canary)) == part


@pytest.mark.parametrize(("canary", "part"), [(0, 0), (1, 0), (99, 0), (100, 1)])
def test_one_cannot_be_divided(canary: int, part: int) -> None:
    """All or nothing: then nothing, until all is meant."""
    assert divide(1, Percent(canary)) == part


def test_third_destination_fixes_the_joint_weight() -> None:
    """Counting anew would change the third one's share."""
    assert ordered(split(30, 0, others=70), Percent(25)) == split(23, 7, others=70)


def test_small_sum_of_two_arms_becomes_a_hundred() -> None:
    """Weights 1 and 0 are all of the traffic: any percentage of it can be expressed."""
    assert ordered(split(1, 0), Percent(10)) == split(90, 10)


def test_sum_that_expresses_the_share_stays() -> None:
    """The author's numbers are kept where they serve."""
    assert ordered(split(50, 0), Percent(10)) == split(45, 5)
    assert ordered(split(2000, 0), Percent(25)) == split(1500, 500)


def test_the_order_explains_a_rounded_weight() -> None:
    """A third of the joint weight may have been ordered as 30 %: then it is in step."""
    splits = [split(2, 1, others=97)]

    assert share(splits, Percent(30)) == 30
    assert share(splits, Percent(80)) == 33
    assert share(splits, None) == 33


def test_routes_agree_on_a_share_that_all_can_stand_for() -> None:
    """Routes with different joint weights round differently."""
    assert share([split(2, 1, others=97), split(70, 30)], None) == 30


def test_routes_that_differ_have_no_share() -> None:
    """One number for two truths would be a lie."""
    assert share([split(90, 10), split(10, 90)], None) is None


def test_route_without_traffic_agrees_with_everything() -> None:
    """It moves nobody."""
    assert share([split(0, 0, others=100), split(60, 40)], None) == 40
    assert share([split(0, 0, others=100)], None) is None


@pytest.mark.parametrize(("canary", "seen"), [(1, 1), (9999, 99), (1250, 13)])
def test_finer_weights_are_seen_rounded_but_never_as_none_or_all(
    canary: int, seen: int
) -> None:
    """Somebody else's 0.01 % is exposure, and 99.99 % leaves someone on stable."""
    assert share([split(10_000 - canary, canary)], None) == seen
