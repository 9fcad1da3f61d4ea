"""What a run went through, for those who are told how it ended."""

from __future__ import annotations

import dataclasses

from rolloutd.core.course import followed
from rolloutd.core.observation import Closest, Counts, Course, GateVerdict, Ruling, Sample
from rolloutd.core.units import Percent
from tests.builders import at, says


def a_sample(requests: int | None, failures: int = 0, weight: int = 10) -> Sample:
    counts = None if requests is None else Counts(requests=requests, failures=failures)
    return Sample(
        start=at(0),
        end=at(5),
        stable=counts,
        canary=counts,
        weight=Percent(weight),
        values={},
    )


def near(room: float | None, *, enforced: bool = True) -> GateVerdict:
    return dataclasses.replace(says(Ruling.FINE, enforced=enforced), room=room)


def test_the_canarys_requests_and_failures_add_up() -> None:
    """They are what a rollback cost."""
    course = followed(Course(since=at(0)), a_sample(100, 3), ())
    course = followed(course, a_sample(200, 4), ())

    assert (course.requests, course.failures) == (300, 7)


def test_a_look_that_gave_nothing_adds_nothing() -> None:
    """Not knowing is not zero failures, and not zero looks."""
    course = followed(Course(since=at(0)), a_sample(None), (says(Ruling.BLIND),))

    assert (course.requests, course.looks, course.fine) == (0, 1, 0)


def test_a_look_is_fine_when_all_enforced_gates_are() -> None:
    """A gate in shadow mode is only shown."""
    shadow = says(Ruling.BREACH, enforced=False)
    course = followed(Course(since=at(0)), a_sample(9), (says(Ruling.FINE), shadow))
    course = followed(course, a_sample(9), (says(Ruling.FINE), says(Ruling.HOLD)))

    assert (course.looks, course.fine) == (2, 1)


def test_the_closest_call_is_remembered_with_its_weight() -> None:
    """Whoever promotes wants to know how near it was, and when."""
    course = followed(Course(since=at(0)), a_sample(9, weight=10), (near(0.6), near(None)))
    course = followed(course, a_sample(9, weight=50), (near(0.2), near(0.9)))
    course = followed(course, a_sample(9, weight=75), (near(0.7),))

    assert course.closest == Closest(gate="success-rate", room=0.2, weight=Percent(50))


def test_a_gate_in_shadow_mode_is_no_close_call() -> None:
    """It could not have stopped anything."""
    course = followed(Course(since=at(0)), a_sample(9), (near(0.1, enforced=False),))

    assert course.closest is None
