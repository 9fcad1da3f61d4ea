"""The status of an object: what is printed, and when it counts for which edit."""

from __future__ import annotations

import dataclasses

from rolloutd.adapters.kubernetes.fields import items, section
from rolloutd.adapters.plans.crd.reading import content, read_object
from rolloutd.adapters.plans.crd.source import PlanObject
from rolloutd.adapters.plans.crd.status import Standing, merge_patch, status
from rolloutd.adapters.plans.reading import Reading
from rolloutd.core.actions import Outlook
from rolloutd.core.observation import Ruling
from rolloutd.core.plan import Plan
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Instant
from rolloutd.engine.view import View
from rolloutd.ports import Json
from tests.adapters.plans.crd.objects import plan_object
from tests.adapters.plans.forms import PLAN, changed
from tests.builders import T0, a_record, at, says

NOW = T0
STAMP = "2023-11-14T22:13:20Z"


def parts(text: str = PLAN, *, generation: int = 3) -> tuple[PlanObject, Reading]:
    obj = plan_object(text)
    held = PlanObject(content=content(obj), generation=generation, status={})
    return held, read_object(obj, name="RolloutPlan default/shop")


def the_plan() -> Plan:
    _, reading = parts()
    return reading.plans[0].plan


def view(record: Record | None, plan: Plan | None = None) -> View:
    waiting = Outlook(why="Ready to start.", what_next="10 %.")
    return View(
        plan=plan or the_plan(),
        record=record,
        at=T0,
        outlook=waiting,
        verdicts=(says(Ruling.FINE),),
    )


def running(phase: Phase = Phase.PROGRESSING) -> View:
    return view(a_record(the_plan(), phase=phase))


def reported(seen: View | None, *, old: Json | None = None, wall: Instant = NOW) -> Json:
    held, reading = parts()
    held = dataclasses.replace(held, status=old or {})
    return status(Standing(obj=held, reading=reading, view=seen), wall)


def condition(shown: Json, kind: str) -> Json:
    return next(s for e in items(shown, "conditions") if (s := section(e))["type"] == kind)


def test_a_run_under_way_shows_weight_step_and_gates() -> None:
    """The columns of `kubectl get rolloutplans`."""
    shown = reported(running())

    assert (shown["phase"], shown["weight"], shown["step"]) == ("Progressing", 10, "1/2")
    assert (shown["gates"], shown["run"], shown["observedGeneration"]) == ("1/1", 1, 3)
    assert shown["message"] == "Started."


def test_a_run_that_has_ended_has_no_step() -> None:
    """A step of a run that is over reads as if it went on."""
    shown = reported(running(phase=Phase.PROMOTED))

    assert (shown["phase"], shown["weight"]) == ("Promoted", 100)
    assert not {"step", "gates"} & set(shown)


def test_before_a_run_there_is_no_weight_of_ours() -> None:
    """0 % would claim that we ordered it."""
    assert "weight" not in reported(view(None))
    assert "weight" not in reported(running(phase=Phase.WAITING))


def test_an_edit_that_is_not_in_force_yet_is_not_observed() -> None:
    """Whoever waits for Ready after an edit must not be told of the run before it."""
    stale = view(
        a_record(the_plan(), phase=Phase.PROMOTED),
        dataclasses.replace(the_plan(), digest="older"),
    )
    shown = reported(stale, old={"observedGeneration": 2})

    assert shown["observedGeneration"] == 2
    assert condition(shown, "Ready")["observedGeneration"] == 2


def test_an_object_that_nobody_has_driven_yet_is_not_observed() -> None:
    """0 is before the first generation."""
    assert reported(None)["observedGeneration"] == 0


def test_a_broken_edit_is_observed_and_complained_of() -> None:
    """The author waits for an answer to this very edit."""
    held, reading = parts(changed(("hold: 5m", "hodl: 5m")))
    complained = Standing(obj=held, reading=reading, complaint="No.", view=running())
    shown = status(complained, NOW)

    assert shown["observedGeneration"] == 3
    assert condition(shown, "Stalled")["reason"] == "InvalidPlan"
    assert shown["message"] == "No."


def test_a_condition_keeps_its_time_until_it_flips() -> None:
    """ "Since when" is what people read there."""
    first = reported(running())
    later = reported(running(), old=first, wall=at(60))
    flipped = reported(running(phase=Phase.PROMOTED), old=later, wall=at(60))

    assert condition(first, "Progressing")["lastTransitionTime"] == STAMP
    assert condition(later, "Progressing")["lastTransitionTime"] == STAMP
    assert condition(flipped, "Progressing")["lastTransitionTime"] == "2023-11-14T22:14:20Z"
    assert condition(flipped, "Paused")["lastTransitionTime"] == STAMP


def test_equal_statuses_need_no_write() -> None:
    """A write every two seconds and plan would be most of what an API server does."""
    first = reported(running())

    assert merge_patch(first, reported(running(), old=first, wall=at(60))) is None


def test_what_is_gone_is_taken_out() -> None:
    """A merge patch leaves alone what it does not name."""
    patch = merge_patch({"step": "1/2", "phase": "Progressing"}, {"phase": "Promoted"})

    assert patch == {"status": {"step": None, "phase": "Promoted"}}
