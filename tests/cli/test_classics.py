"""Flagger's and Argo's rules."""

from __future__ import annotations

from rolloutd.cli.classics import argo, flagger
from rolloutd.core.observation import Sample
from tests.core.gate.cases import START, counts, interval


def minutes(*failed: int) -> list[Sample]:
    """Return samples of whole minutes, each with so many of 100 requests failed per 5 s."""
    return [
        interval(12 * minute + number, counts(100, each), counts(900, 0))
        for minute, each in enumerate(failed)
        for number in range(12)
    ]


def test_argo_aborts_at_the_first_bad_minute() -> None:
    """Limit 0 is its default."""
    assert argo(minutes(0, 50, 0), 0.99) == START + 120.0
    assert argo(minutes(0, 0, 0), 0.99) is None


def test_flagger_rolls_back_one_check_after_the_fifth_bad_one() -> None:
    """Six minutes for a canary that is dead."""
    assert flagger(minutes(*[100] * 7), 0.99) == START + 360.0


def test_flagger_never_takes_a_failed_check_back() -> None:
    """Five bad minutes in an hour suffice."""
    assert flagger(minutes(*[100, 0] * 5, 0), 0.99) == START + 600.0


def test_no_requests_are_a_failure_to_both() -> None:
    """At night a rollout fails for want of visitors."""
    quiet = [interval(n, counts(0), counts(0)) for n in range(13)]

    assert argo(quiet, 0.99) == START + 60.0
