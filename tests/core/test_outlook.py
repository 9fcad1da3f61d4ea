"""The sentence that every view shows."""

from __future__ import annotations

from rolloutd.core.observation import Observation, Ruling
from rolloutd.core.outlook import outlook
from rolloutd.core.plan import Plan, StartManual
from rolloutd.core.state import Cause, Pause, Phase, Record
from rolloutd.core.units import Percent, Seconds
from tests.builders import a_mesh, a_plan, a_record, at, pause, rise, says, seen


def words(plan: Plan, record: Record, sighting: Observation, when: float) -> str:
    said = outlook(plan, record, sighting, at(when))
    return f"{said.why} {said.what_next}"


def test_a_hold_says_what_comes_next_and_when() -> None:
    """The first thing that anybody wants to know."""
    plan = a_plan()

    said = words(plan, a_record(plan), seen(says(Ruling.FINE, at=20)), 20)

    assert said == "Holding at 10 %: all gates are fine. 50 % in 40s if the gates stay fine."


def test_an_obstacle_is_named() -> None:
    """Waiting without a reason is what people hate most."""
    plan = a_plan()

    said = words(plan, a_record(plan), seen(says(Ruling.HOLD, at=90)), 90)

    assert "success-rate: it is hold" in said
    assert "once that is settled" in said


def test_a_step_that_is_over_says_so() -> None:
    """The moment before the move."""
    plan = a_plan()

    said = words(plan, a_record(plan), seen(says(Ruling.FINE, at=60)), 60)

    assert "hold is over" in said


def test_a_suspect_is_called_one() -> None:
    """The weight that is shown is not the step's."""
    plan = a_plan()
    record = a_record(plan, step=1, weight=Percent(50), suspect=True)

    assert "Holding at 10 % (suspect)" in words(plan, record, seen(says(Ruling.SUSPECT)), 5)


def test_silent_gates_are_an_obstacle() -> None:
    """Nobody has looked yet, or nobody could."""
    plan = a_plan()

    assert "no gate has spoken" in words(plan, a_record(plan), seen(), 90)
    unread = seen(unread="connection refused")
    assert "no metrics: connection refused" in words(plan, a_record(plan), unread, 90)


def test_a_virtual_service_that_lags_behind_is_an_obstacle() -> None:
    """All of them move before the next step does."""
    plan = a_plan()
    behind = seen(says(Ruling.FINE, at=60), mesh=a_mesh(secondaries_in_step=False))

    assert "another VirtualService" in words(plan, a_record(plan), behind, 60)


def test_a_pause_says_what_ends_it() -> None:
    """A time, a person, or whoever set the annotation."""
    plan = a_plan(rise(10), pause(60), rise(100, 0))
    annotated = Pause(cause=Cause.HANDS_OFF, actor="", reason="r")
    timed = Pause(cause=Cause.PLAN, actor="", reason="r", until=at(60))
    endless = Pause(cause=Cause.PERSON, actor="ana", reason="r")
    paused = a_record(plan, phase=Phase.PAUSED, pause=timed, step=1)

    assert "when the pause is over" in words(plan, paused, seen(), 5)
    held = a_record(plan, phase=Phase.PAUSED, pause=endless)
    said = words(plan, held, seen(), 5)
    assert "A pause when resumed" in said
    held = a_record(plan, phase=Phase.PAUSED, pause=annotated)
    assert "when the annotation is removed" in words(plan, held, seen(), 5)


def test_a_manual_start_says_how() -> None:
    """The command stands in the message."""
    plan = a_plan(start=StartManual())
    waiting = a_record(plan, phase=Phase.WAITING)

    assert "rolloutd start" in words(plan, waiting, seen(), 5)


def test_a_plan_that_went_before_it_began_says_so() -> None:
    """It will never start."""
    plan = a_plan()
    waiting = a_record(plan, phase=Phase.WAITING)

    assert "plan was removed" in words(plan, waiting, seen(plan_removed=True), 5)


def test_a_promotion_says_what_becomes_of_stable() -> None:
    """That v3's Deployment can go is the end of the story."""
    plan = a_plan()
    record = a_record(plan, phase=Phase.PROMOTED)
    timed = a_plan(scale_down_after=Seconds(1800.0))
    done = a_record(timed, phase=Phase.PROMOTED, scaled_down=True)

    assert "data-product may be deleted" in words(plan, record, seen(), 5)
    assert "scaled to 0 after 30m" in words(timed, record, seen(), 5)
    assert "was scaled to 0" in words(timed, done, seen(), 5)


def test_the_last_hold_leads_to_promotion() -> None:
    """There is no step after it."""
    plan = a_plan(rise(100, 60))
    record = a_record(plan, weight=Percent(100))

    assert "Promotion in 30s" in words(plan, record, seen(says(Ruling.FINE, at=30)), 30)


def test_a_rollback_says_how_to_try_again() -> None:
    """The next question is always the same."""
    plan = a_plan()

    said = words(plan, a_record(plan, phase=Phase.ROLLED_BACK), seen(), 5)
    assert "rolloutd retry" in said
