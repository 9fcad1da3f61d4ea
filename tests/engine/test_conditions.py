"""What conditions say, to those who wait for them."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.core.actions import Outlook
from rolloutd.core.observation import GateVerdict, Ruling
from rolloutd.core.state import Cause, Pause, Phase, Record
from rolloutd.engine.conditions import (
    LONGEST,
    TYPES,
    Condition,
    Truth,
    conditions,
    fine_gates,
    gates_passing,
)
from rolloutd.engine.view import View
from tests.builders import T0, a_plan, a_record, says

PLAN = a_plan()
OUTLOOK = Outlook(why="Waiting: the canary is not ready.", what_next="Then 10 %.")


def view(record: Record | None, *verdicts: GateVerdict, gateless: bool = False) -> View:
    plan = a_plan(gates=()) if gateless else PLAN
    return View(plan=plan, record=record, at=T0, outlook=OUTLOOK, verdicts=verdicts)


def in_phase(phase: Phase, *, cause: Cause | None = None) -> View:
    pause = None if cause is None else Pause(cause=cause, actor="ana", reason="because")
    return view(a_record(PLAN, phase=phase, pause=pause))


def told(seen: View | None, complaint: str | None = None) -> dict[str, Condition]:
    return {each.type: each for each in conditions(seen, complaint)}


def true(seen: View | None, complaint: str | None = None) -> set[str]:
    return {kind for kind, each in told(seen, complaint).items() if each.truth is Truth.TRUE}


EVERY = [None, view(None), *(in_phase(phase) for phase in Phase)]


@pytest.mark.parametrize("seen", EVERY)
@pytest.mark.parametrize("complaint", [None, "RolloutPlan default/shop: error RD110."])
def test_each_type_is_told_once(seen: View | None, complaint: str | None) -> None:
    """A condition that is missing reads as unknown, and waits for ever."""
    assert [each.type for each in conditions(seen, complaint)] == list(TYPES)


@pytest.mark.parametrize("seen", EVERY)
def test_a_rollout_is_ready_or_on_its_way_or_stuck(seen: View | None) -> None:
    """kstatus, by which Flux and `kubectl wait` go, knows these three and no mixture."""
    assert len(true(seen) & {"Ready", "Reconciling", "Stalled"}) == 1


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase.WAITING, {"Reconciling"}),
        (Phase.PROGRESSING, {"Reconciling", "Progressing"}),
        (Phase.PROMOTED, {"Ready"}),
        (Phase.ROLLED_BACK, {"Stalled", "RolledBack"}),
        (Phase.ABORTED, {"Stalled", "RolledBack"}),
    ],
)
def test_a_phase_makes_these_conditions_true(phase: Phase, expected: set[str]) -> None:
    """A pipeline that waits for Ready goes on after a promotion, and never before."""
    assert true(in_phase(phase)) == expected


@pytest.mark.parametrize("cause", [Cause.PLAN, Cause.PERSON, Cause.HANDS_OFF])
def test_a_pause_that_somebody_wants_is_no_trouble(cause: Cause) -> None:
    """Nobody should be called for a pause step."""
    assert true(in_phase(Phase.PAUSED, cause=cause)) == {"Reconciling", "Paused"}


@pytest.mark.parametrize(
    "cause", [Cause.BREACH, Cause.DRIFT, Cause.UNDECIDED, Cause.PLAN_REMOVED]
)
def test_a_pause_that_needs_a_person_is_stalled(cause: Cause) -> None:
    """It does not end by itself: somebody has to know."""
    assert true(in_phase(Phase.PAUSED, cause=cause)) == {"Stalled", "Paused"}


def test_a_pause_says_why_in_its_reason() -> None:
    """Programs read reasons, not sentences."""
    assert told(in_phase(Phase.PAUSED, cause=Cause.HANDS_OFF))["Paused"].reason == (
        "PausedHandsOff"
    )


def test_a_plan_that_can_not_be_used_is_stalled_with_the_complaint() -> None:
    """`kubectl describe` then shows what is wrong with which field."""
    found = told(in_phase(Phase.PROMOTED), "spec.steps[0]: unknown field.")

    assert found["Ready"].truth is Truth.FALSE
    assert found["Stalled"] == Condition(
        "Stalled", Truth.TRUE, "InvalidPlan", "spec.steps[0]: unknown field."
    )


def test_a_complaint_without_end_is_cut() -> None:
    """The API server refuses an object of more than 1.5 MB."""
    assert len(told(None, "x" * 5000)["Stalled"].message) == LONGEST


def test_before_a_run_the_message_says_what_is_waited_for() -> None:
    """Somebody looks at a plan that does not begin, and wants to know why."""
    assert told(in_phase(Phase.WAITING))["Reconciling"].message == OUTLOOK.why


def test_during_a_run_the_message_is_the_reason_of_the_phase() -> None:
    """The sentence of the moment changes every second, and each change would be a write."""
    assert told(in_phase(Phase.PROGRESSING))["Progressing"].message == "Started."


@pytest.mark.parametrize(
    ("rulings", "truth", "reason"),
    [
        ([Ruling.FINE, Ruling.FINE], Truth.TRUE, "GatesFine"),
        ([Ruling.FINE, Ruling.HOLD], Truth.UNKNOWN, "GatheringEvidence"),
        ([Ruling.HOLD, Ruling.BLIND], Truth.UNKNOWN, "NoData"),
        ([Ruling.BLIND, Ruling.SUSPECT], Truth.FALSE, "GateFailing"),
        ([Ruling.BREACH, Ruling.BLIND], Truth.FALSE, "GateFailing"),
        ([], Truth.UNKNOWN, "NotJudged"),
    ],
)
def test_the_worst_gate_speaks_for_all(
    rulings: list[Ruling], truth: Truth, reason: str
) -> None:
    """Not knowing is not failing, and not passing."""
    found = gates_passing(view(a_record(PLAN), *map(says, rulings)))

    assert (found.truth, found.reason) == (truth, reason)


def test_a_shadow_gate_does_not_speak() -> None:
    """It is judged and shown, never enforced."""
    shadow = dataclasses.replace(says(Ruling.BREACH), enforced=False)
    found = gates_passing(view(a_record(PLAN), says(Ruling.FINE), shadow))

    assert found.truth is Truth.TRUE
    assert fine_gates((says(Ruling.FINE), shadow)) == "1/1"


def test_a_plan_without_gates_passes_them_all() -> None:
    """Waiting for a condition that nobody will ever set is waiting for ever."""
    assert gates_passing(view(a_record(PLAN), gateless=True)).reason == "NoGates"
