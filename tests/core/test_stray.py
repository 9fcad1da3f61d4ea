"""What can be known of a run without its plan."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.core.plan import Key, Plan, Routes
from rolloutd.core.steps import arms_of
from rolloutd.core.stray import Stray, heir, meet, plan_of
from tests.builders import a_plan, a_record


def on(name: str, *routes: str) -> tuple[Routes, ...]:
    """Return these routes of a VirtualService."""
    return (Routes(virtual_service=name, routes=routes),)


def a_stray(*, step: int = 0, name: str = "shop", routes: tuple[str, ...] = ()) -> Stray:
    """Return a run of a plan that nobody has any more."""
    plan = a_plan()
    record = a_record(plan, step=step, routes=on(name, *routes))
    return Stray(key=plan.key, record=record)


@pytest.mark.parametrize(
    ("one", "other", "is_met"),
    [
        (on("shop"), on("shop"), True),
        (on("shop"), on("till"), False),
        (on("shop", "a"), on("shop"), True),
        (on("shop", "a"), on("shop", "b"), False),
        (on("shop", "a", "b"), on("shop", "b", "c"), True),
        ((*on("till"), *on("shop")), on("shop"), True),
    ],
)
def test_routes_meet_where_both_may_move_one(
    one: tuple[Routes, ...], other: tuple[Routes, ...], *, is_met: bool
) -> None:
    """Two plans may share a VirtualService as long as they share no route."""
    assert meet(one, other) is is_met
    assert meet(other, one) is is_met


def test_the_heir_is_the_plan_on_the_same_routes() -> None:
    """A renamed plan, most often."""
    new = dataclasses.replace(
        a_plan(), key=Key("default", "new"), virtual_services=on("shop", "a")
    )

    assert heir(a_stray(routes=("a",)), [new]) == new
    assert heir(a_stray(routes=("b",)), [new]) is None


def test_a_namesake_in_another_namespace_is_no_heir() -> None:
    """Its VirtualService is another one."""
    far: Plan = dataclasses.replace(
        a_plan(), key=Key("far", "new"), virtual_services=on("shop")
    )

    assert heir(a_stray(), [far]) is None


def test_the_plan_of_a_stray_names_its_arms_and_routes() -> None:
    """That is what it takes to put its traffic back."""
    stray = a_stray(step=2)
    plan = plan_of(stray)

    assert arms_of(plan) == stray.record.arms
    assert plan.virtual_services == stray.record.routes
    assert len(plan.steps) > stray.record.step
    assert plan.origin == "the record on VirtualService default/shop"
