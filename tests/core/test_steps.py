"""Going up."""

from __future__ import annotations

import pytest

from rolloutd.core.decide import decide
from rolloutd.core.machine import ordered
from rolloutd.core.observation import Ruling
from rolloutd.core.plan import Arm, Routes
from rolloutd.core.state import Phase, State
from rolloutd.core.steps import arm_name, span
from rolloutd.core.units import Percent
from tests.builders import a_plan, a_state, at, rise, says, seen


def test_a_last_step_with_a_hold_is_watched_before_the_promotion() -> None:
    """`{weight: 100, hold: 5m}` keeps the way back open a little longer."""
    plan = a_plan(rise(10), rise(100, 60))
    state = a_state(plan, step=1, weight=Percent(100))

    early = decide(plan, state, seen(says(Ruling.FINE, at=59)), at(59)).state.record
    due = decide(plan, state, seen(says(Ruling.FINE, at=60)), at(60)).state.record

    assert early is not None
    assert early.phase is Phase.PROGRESSING
    assert due is not None
    assert due.phase is Phase.PROMOTED


def started(*routes: Routes) -> tuple[Routes, ...]:
    """Return what is on record of a plan's routes once its run has begun."""
    plan = a_plan(virtual_services=routes)
    record = decide(plan, State(), seen(), at(0)).state.record
    assert record is not None
    assert record.phase is Phase.PROGRESSING
    return record.routes


def test_a_run_puts_on_record_what_it_moves() -> None:
    """Whoever finds it when its plan has gone must know all that is to be put back."""
    both = (
        Routes(virtual_service="shop", routes=("api", "rest")),
        Routes(virtual_service="shop-internal", routes=()),
    )

    assert started(*both) == both


def test_more_routes_than_a_record_holds_are_left_out() -> None:
    """Half of them would be worse than none; the run itself is not to fail for it."""
    many = tuple(Routes(virtual_service="x" * 63, routes=()) for _ in range(17))

    assert started(*many[:16]) == many[:16]
    assert started(*many) == ()


def test_an_edit_that_takes_the_present_step_away_ends_its_hold() -> None:
    """There is nothing left to wait for but the evidence."""
    plan = a_plan(rise(10), rise(100, 0))
    state = a_state(plan, step=3, weight=Percent(75))

    record = decide(plan, state, seen(says(Ruling.FINE, at=1)), at(1)).state.record

    assert record is not None
    assert ordered(record) == 100


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (0.42, "0.4s"),
        (5, "5s"),
        (90, "1m 30s"),
        (3600, "1h"),
        (5400, "1h 30m"),
        (90061, "1d 1h"),
    ],
)
def test_a_time_span_is_said_in_at_most_two_units(seconds: float, words: str) -> None:
    """Nobody needs the seconds of a day."""
    assert span(seconds) == words


def test_an_arm_is_named_by_what_the_user_knows_it_by() -> None:
    """Its subset, else its host."""
    assert arm_name(Arm(host="h", subset="v4", deployment="d")) == "v4"
    assert arm_name(Arm(host="h", subset=None, deployment="d")) == "h"
    assert arm_name(Arm(host=None, subset=None, deployment="d")) == "d"
