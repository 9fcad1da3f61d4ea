"""What a run cost and went through is said without saying more than is known."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.adapters.notify.account import course, done, impact
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.observation import Closest, Course
from rolloutd.core.plan import Routes
from rolloutd.core.state import Phase, Transition
from rolloutd.core.units import Percent, Seconds
from tests.builders import a_plan, a_record, at

PLAN = a_plan()
BACK = a_record(PLAN, phase=Phase.ROLLED_BACK, since=at(60))
DONE = a_record(PLAN, phase=Phase.PROMOTED, weight=Percent(100), since=at(600))


def seen(since: float = 0.5, **changes: object) -> Course:
    return Course(since=at(since), requests=3104, failures=41, looks=12, **changes)  # type: ignore[arg-type] # tests name fields


def words(what: Happening, **changes: object) -> Announce:
    return Announce(what=what, text=".", **changes)  # type: ignore[arg-type] # see above


def test_a_rollback_says_how_many_requests_it_cost() -> None:
    """The first question of whoever answers for the service."""
    said = impact(BACK, words(Happening.ROLLED_BACK, course=seen()))

    assert said.endswith("It served about 3,104 requests, of which 41 failed.")


def test_a_count_that_began_late_is_a_lower_bound() -> None:
    """After a restart nobody knows what the process before had counted."""
    said = impact(BACK, words(Happening.ROLLED_BACK, course=seen(since=50)))

    assert "at least 3,104 requests" in said


def test_of_a_promotion_that_was_taken_back_the_count_is_a_lower_bound() -> None:
    """Nobody counts once a canary has all the traffic, and that may be most of it."""
    promoted = Transition(
        at=at(30), phase=Phase.PROMOTED, step=3, weight=Percent(100), reason="."
    )
    back = dataclasses.replace(BACK, transitions=(promoted,))
    said = impact(back, words(Happening.ROLLED_BACK, course=seen()))

    assert "at least 3,104 requests" in said


@pytest.mark.parametrize("course_", [None, Course(since=at(0))])
def test_what_was_never_counted_is_not_claimed(course_: Course | None) -> None:
    """Zero requests would be a statement."""
    said = impact(BACK, words(Happening.ROLLED_BACK, course=course_))

    assert "requests" not in said


def test_only_what_takes_traffic_back_has_an_impact_and_a_way_back() -> None:
    """A promotion has neither."""
    said = words(Happening.PROMOTED, course=seen())

    assert (impact(DONE, said), done(PLAN, said)) == ("", "")


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        (None, "all traffic."),
        (Seconds(0.0184), "all traffic, 18 ms after the decision."),
        (Seconds(1.84), "all traffic, 1.8s after the decision."),
    ],
)
def test_the_way_back_is_timed_where_that_is_known(took: Seconds | None, expected: str) -> None:
    """Seconds are the promise; people may check it."""
    said = done(PLAN, words(Happening.ROLLED_BACK, took=took))

    assert said == f"VirtualService data-product back to stable for {expected}"


def test_every_virtual_service_is_named() -> None:
    """The one that was forgotten is the one to look at."""
    routes = tuple(Routes(virtual_service=name, routes=()) for name in ("a", "b"))

    said = done(a_plan(virtual_services=routes), words(Happening.ABORTED))

    assert said == "VirtualServices a, b back to stable for all traffic."


def test_a_promotion_says_how_near_it_was() -> None:
    """Whether to look closer before the next release."""
    close = Closest(gate="p99", room=0.18, weight=Percent(25))

    said = course(DONE, words(Happening.PROMOTED, course=seen(fine=11, closest=close)))

    assert said == (
        "11 of 12 looks at the metrics found all gates fine."
        " Closest to a breach: p99 at 25 %, 18 % of the way left."
    )


def test_a_promotion_without_limits_has_no_close_call() -> None:
    """Nothing was near anything."""
    said = course(DONE, words(Happening.PROMOTED, course=seen(fine=12)))

    assert "Closest" not in said


@pytest.mark.parametrize("course_", [None, Course(since=at(0))])
def test_looks_that_were_not_seen_are_not_claimed(course_: Course | None) -> None:
    """Another process saw them."""
    assert course(DONE, words(Happening.PROMOTED, course=course_)) == ""


def a_line(when: float, phase: Phase, reason: str = ".") -> Transition:
    return Transition(at=at(when), phase=phase, step=0, weight=Percent(10), reason=reason)


def test_pauses_are_told_with_their_words_and_their_length() -> None:
    """Who held it up, and for how long; what is noted meanwhile does not end a pause."""
    record = a_record(
        PLAN,
        phase=Phase.PROMOTED,
        transitions=(
            a_line(-50, Phase.PAUSED, "Paused in an earlier run."),
            a_line(0, Phase.PROGRESSING),
            a_line(60, Phase.PAUSED, "Paused by joe: db check."),
            a_line(90, Phase.PAUSED, "Suspect, cut to 10 %."),
            a_line(142, Phase.PROGRESSING, "Resumed by joe."),
            a_line(200, Phase.PAUSED, "Paused by the plan."),
            a_line(260, Phase.PROMOTED),
        ),
    )

    said = course(record, words(Happening.PROMOTED))

    assert said == "Paused by joe: db check (1m 22s); Paused by the plan (1m)."
