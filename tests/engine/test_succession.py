"""Which plan is in force while plans are edited."""

from __future__ import annotations

import dataclasses

from rolloutd.core.plan import Arm, Plan, Routes
from rolloutd.core.state import Phase
from rolloutd.core.steps import arms_of
from rolloutd.engine.succession import Succession
from tests.builders import a_plan, a_record


def naming(version: int) -> Plan:
    """Return the plan that rolls out this version."""
    canary = Arm(host=None, subset=f"v{version}", deployment=f"data-product-v{version}.0")
    return dataclasses.replace(a_plan(), canary=canary, digest=f"d{version}")


def test_an_edit_of_gates_or_steps_is_in_force_at_once() -> None:
    """It moves nobody's traffic."""
    edited = dataclasses.replace(naming(4), digest="edited")

    plans = Succession(current=naming(4)).follow(edited)

    assert plans.current is edited
    assert plans.superseded is None


def test_another_canary_waits_until_the_run_has_ended() -> None:
    """The present one goes back first, by the plan that it runs under."""
    plans = Succession(current=naming(4)).follow(naming(5))
    during = plans.settle(a_record(naming(4)))
    afterwards = during.settle(a_record(naming(4), phase=Phase.ROLLED_BACK))

    assert during.current == naming(4)
    assert during.superseded is not None
    assert afterwards.current == naming(5)
    assert afterwards.superseded is None


def test_a_run_that_was_left_behind_is_ended_by_its_own_arms() -> None:
    """The plan was edited while no daemon ran."""
    plans = Succession(current=naming(5)).settle(a_record(naming(4)))

    assert arms_of(plans.current) == arms_of(naming(4))
    assert plans.superseded is not None


def test_a_run_over_more_than_the_plan_names_is_ended_by_its_own_routes() -> None:
    """The plan was edited while no daemon ran: one VirtualService fewer."""
    wide = (*naming(4).virtual_services, Routes(virtual_service="other", routes=()))
    plans = Succession(current=naming(4)).settle(a_record(naming(4), routes=wide))

    assert plans.current.virtual_services == wide
    assert plans.coming == naming(4)


def test_a_record_that_was_copied_here_says_nothing_of_our_routes() -> None:
    """They are those of the VirtualService from which somebody copied ours."""
    theirs = (Routes(virtual_service="other", routes=()),)
    plans = Succession(current=naming(4)).settle(a_record(naming(4), routes=theirs))

    assert plans == Succession(current=naming(4))


def test_a_run_that_is_left_is_superseded_until_its_plan_is_back() -> None:
    """Once it is, nothing is wrong with it any more."""
    plans = Succession(current=naming(4), removed=True, left="gone")

    assert plans.superseded == "gone"
    assert plans.follow(naming(4)).superseded is None


def test_what_comes_after_a_run_that_is_left_is_not_left_itself() -> None:
    """It would be rolled back again and again."""
    plans = Succession(current=naming(4), removed=True, left="gone").follow(naming(5))
    ended = plans.settle(a_record(naming(4), phase=Phase.ROLLED_BACK))

    assert ended == Succession(current=naming(5))


def test_a_run_that_another_process_began_by_the_coming_plan_goes_on() -> None:
    """A standby that never led had the edit still before it: the leader had carried it out."""
    plans = Succession(current=naming(4)).follow(naming(5)).settle(a_record(naming(5)))

    assert plans.current == naming(5)
    assert plans.superseded is None


def test_a_run_of_neither_plan_is_ended_by_its_own_arms() -> None:
    """A standby has seen 4 and 6; the leader that died ran 5."""
    plans = Succession(current=naming(4)).follow(naming(6)).settle(a_record(naming(5)))

    assert arms_of(plans.current) == arms_of(naming(5))
    assert plans.coming == naming(6)


def test_a_plan_removed_while_its_successor_waits_stays_removed() -> None:
    """The rollback of the one must not bring the other back to life."""
    plans = Succession(current=naming(4)).follow(naming(5)).follow(None)

    assert plans.settle(a_record(naming(4), phase=Phase.ROLLED_BACK)).removed
