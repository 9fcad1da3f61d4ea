"""What stable usually does, and whether it does so now."""

from __future__ import annotations

import pytest

from rolloutd.core.gate.control import (
    Control,
    Pair,
    excess_of,
    from_history,
    unlearnt,
    watched,
)
from rolloutd.core.observation import History

PAST = from_history(History(requests=90_000, failures=90))[0]


def after(control: Control, *failures: int, requests: int = 225, start: int = 0) -> Control:
    for number, failed in enumerate(failures, start=start + 1):
        clock = 5.0 * number
        control = watched(
            control, Pair(clock, 5.0, 25, 0, requests, failed, excess=0.0, share=0.1)
        )
    return control


def test_history_is_comparable_from_the_first_interval() -> None:
    """That is what it is fetched for."""
    assert Control(PAST, 1.0).comparable


def test_many_failures_of_stable_are_an_incident() -> None:
    """From then on the past is no yardstick."""
    hit = after(Control(PAST, 1.0), 0, 0, 30)

    assert hit.onset
    assert not hit.comparable
    assert hit.sky.since == 10.0


def test_two_failures_are_no_incident() -> None:
    """In small numbers anything looks unusual."""
    assert after(Control(PAST, 1.0), 2, requests=10).comparable


def test_an_incident_is_over_after_half_a_minute_of_calm() -> None:
    """Not at the first good interval: incidents come in waves."""
    hit = after(Control(PAST, 1.0), 30)
    soon = after(hit, *[0] * 6, start=1)
    later = after(soon, *[0] * 4, start=7)

    assert not soon.comparable
    assert later.comparable


def test_only_its_first_interval_is_the_onset() -> None:
    """Evidence is taken back once."""
    assert not after(Control(PAST, 1.0), 30, 30).onset


def test_an_incident_does_not_become_part_of_the_usual() -> None:
    """Else the next one would not be noticed."""
    assert after(Control(PAST, 1.0), 30, 30).baseline == PAST


def test_calm_intervals_refine_the_usual() -> None:
    """Stable's present is its newest past."""
    grown = after(Control(PAST, 1.0), 1, 0).baseline

    assert grown.requests == PAST.requests + 450
    assert grown.ratio == PAST.ratio


def test_an_incident_that_does_not_end_is_the_new_normal() -> None:
    """A service that has changed for good must become comparable again."""
    hit = after(Control(PAST, 1.0), *[30] * 30)

    assert hit.renewed
    assert hit.comparable
    assert hit.baseline.ratio == pytest.approx(30 / 225, rel=0.05)


def test_a_calm_minute_unlike_history_is_the_new_normal() -> None:
    """History of another version, or of another hour: stable itself says what is normal."""
    changed = Control(from_history(History(requests=90_000, failures=4_500))[0], 1.0)
    renewed = after(changed, *[2] * 13)

    assert renewed.renewed
    assert renewed.baseline.ratio == pytest.approx(2 / 225, rel=0.1)


def test_without_history_a_minute_of_stable_is_learnt() -> None:
    """A hundred requests and a minute: enough for the order of magnitude."""
    learning = after(Control(unlearnt(), None), *[0] * 11)
    learnt = after(learning, 0, start=11)

    assert not learning.comparable
    assert learnt.comparable
    assert learnt.renewed


def test_too_few_requests_are_not_learnt_from() -> None:
    """Two clean requests do not make a clean service."""
    assert not after(Control(unlearnt(), None), *[0] * 24, requests=2).comparable


def test_dispersion_without_history_is_assumed_to_grow_with_traffic() -> None:
    """The same incident hits more requests where there are more."""
    assert excess_of(None, 500.0) > excess_of(None, 5.0) > 0.0


def test_steadier_than_chance_is_taken_for_chance() -> None:
    """A dispersion below 1 is luck of the sample; evidence is never inflated."""
    assert excess_of(0.3, 50.0) == 0.0
