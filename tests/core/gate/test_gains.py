"""What one interval proves."""

from __future__ import annotations

import math

import pytest

from rolloutd.core.gate.control import Baseline, Pair
from rolloutd.core.gate.gains import past_gains, present_gains

RISES = (0.005, 0.01, 0.02, 0.05, 0.2, 0.6)
BASELINE = Baseline(failures=90.5, requests=90_000.0, ratio=0.001, since=0.0, learnt=True)


def pair(canary: tuple[int, int], stable: tuple[int, int], *, excess: float = 0.0) -> Pair:
    both = canary[0] + stable[0]
    share = canary[0] / both if both else 0.0
    return Pair(5.0, 5.0, *canary, *stable, excess=excess, share=share)


def hypergeometric(failed: int, all_failed: int, canary: int, both: int) -> float:
    ways = math.comb(canary, failed) * math.comb(both - canary, all_failed - failed)
    return ways / math.comb(both, all_failed)


@pytest.mark.parametrize("all_failed", [1, 3, 8, 30])
@pytest.mark.parametrize("canary", [4, 20, 30])
def test_the_present_convicts_no_more_often_than_chance(all_failed: int, canary: int) -> None:
    """Exact: whose failures they were is hypergeometric if the arms are alike.

    For each alternative the mean of the likelihood ratio is at most 1, whatever the failure
    ratio is at the moment: this is the theorem that the gate rests on.
    """
    both = 40
    means = [0.0] * len(RISES)
    for failed in range(max(0, all_failed - (both - canary)), min(canary, all_failed) + 1):
        chance = hypergeometric(failed, all_failed, canary, both)
        counted = pair((canary, failed), (both - canary, all_failed - failed))
        gains = present_gains(0.001, RISES, counted, 1.1)
        means = [m + chance * math.exp(g) for m, g in zip(means, gains, strict=True)]

    assert max(means) <= 1.0 + 1e-12


def test_failures_of_the_canary_alone_speak_against_it() -> None:
    """And the more, the worse."""
    few = present_gains(0.001, RISES, pair((25, 1), (225, 0)), 1.1)
    many = present_gains(0.001, RISES, pair((25, 3), (225, 0)), 1.1)

    assert 0.0 < few[1] < many[1]


def test_failures_of_stable_alone_speak_for_the_canary() -> None:
    """Evidence has two directions."""
    assert max(present_gains(0.001, RISES, pair((125, 0), (125, 3)), 1.1)) < 0.0


@pytest.mark.parametrize(
    "counted",
    [
        pair((25, 0), (225, 0)),
        pair((0, 0), (225, 3)),
        pair((250, 9), (0, 0)),
        pair((0, 0), (0, 0)),
    ],
    ids=["no failures", "no canary", "no control", "nothing"],
)
def test_without_failures_or_without_one_arm_the_present_says_nothing(counted: Pair) -> None:
    """At 100 % there is no control: nothing may be concluded from the present."""
    assert present_gains(0.001, RISES, counted, 1.1) == []


def test_bursts_devalue_evidence() -> None:
    """Ten failures of one burst are not ten failures."""
    calm = present_gains(0.001, RISES, pair((25, 3), (225, 0)), 1.1)
    bursting = present_gains(0.001, RISES, pair((25, 3), (225, 0), excess=10.0), 1.1)

    assert 0.0 < bursting[1] < calm[1]


def test_the_past_sums_up_the_same_in_one_step_or_in_two() -> None:
    """Evidence does not depend on how often one looks."""
    whole = past_gains(BASELINE, RISES, (0.0, 0.0), (3.0, 500.0))
    first = past_gains(BASELINE, RISES, (0.0, 0.0), (1.0, 200.0))
    second = past_gains(BASELINE, RISES, (1.0, 200.0), (2.0, 300.0))

    assert [a + b for a, b in zip(first, second, strict=True)] == pytest.approx(whole)


def test_against_the_past_success_acquits_and_failure_convicts() -> None:
    """The certificate is the one, the conviction the other."""
    assert max(past_gains(BASELINE, RISES, (0.0, 0.0), (0.0, 500.0))) < 0.0
    assert past_gains(BASELINE, RISES, (0.0, 0.0), (10.0, 500.0))[1] > 10.0


def test_a_short_past_convicts_less() -> None:
    """What is hardly known is hardly exceeded."""
    short = Baseline(failures=0.6, requests=100.0, ratio=0.001, since=0.0, learnt=True)
    long_known = past_gains(BASELINE, RISES, (0.0, 0.0), (5.0, 500.0))[1]

    assert past_gains(short, RISES, (0.0, 0.0), (5.0, 500.0))[1] < long_known
