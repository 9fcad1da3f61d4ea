"""What a share asks of the cluster depends on which way traffic goes."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.adapters.istio.hosts import Naming
from rolloutd.adapters.istio.routes import Unroutable
from rolloutd.adapters.istio.sight import REMEMBERED, Sight, Viewpoint
from rolloutd.core.plan import Key
from rolloutd.core.units import Percent
from rolloutd.ports import Json
from tests.adapters.istio.cluster import FakeCache
from tests.adapters.istio.examples import (
    PLAN,
    Written,
    destination_rule,
    route,
    to,
    virtual_service,
)

ROUTES = PLAN.virtual_services[0]


def viewpoint(*objects: Json) -> Viewpoint:
    return Viewpoint(cache=FakeCache(*objects), naming=Naming())


def sight(view: Viewpoint) -> Sight:
    seen = view.read(PLAN, ROUTES)
    assert isinstance(seen, Sight)
    return seen


def split(canary: int) -> Json:
    return virtual_service(route(to("v3", 100 - canary), to("v4", canary)))


@pytest.mark.parametrize(
    ("held", "ordered", "asked"),
    [(0, 10, "v4"), (50, 100, "v4"), (50, 10, ""), (50, 0, ""), (100, 0, "v3"), (50, 50, "")],
)
def test_only_an_arm_that_gets_what_it_had_not_needs_its_subset(
    held: int, ordered: int, asked: str
) -> None:
    """A rollback that fails for want of a DestinationRule is worse than the missing rule."""
    view = viewpoint(split(held), destination_rule())
    trouble = view.unfit(PLAN, sight(view), Percent(ordered))

    assert (f"has no subset {asked} " in trouble) if asked else trouble == ""


def test_disagreeing_routes_may_give_more() -> None:
    """Where the share is unknown, the canary's subset has to be there."""
    routes = [route(to("v3", 90), to("v4", 10)), route(to("v3", 50), to("v4", 50))]
    view = viewpoint(virtual_service(*routes))

    assert sight(view).canary is None
    assert "no DestinationRule" in view.unfit(PLAN, sight(view), Percent(10))
    assert view.unfit(PLAN, sight(view), Percent(0)) == ""


def test_run_cannot_start_without_either_subset() -> None:
    """While nothing is at stake, everything has to be right."""
    for subset in ("v3", "v4"):
        view = viewpoint(split(0), destination_rule(subset))

        assert "has no subset" in view.unready(PLAN, sight(view))


def test_missing_virtual_service_is_not_readable() -> None:
    """The reason names what to create."""
    seen = viewpoint().read(PLAN, ROUTES)

    assert isinstance(seen, Unroutable)
    assert "create it" in seen.reason


def test_an_object_is_read_once_for_as_long_as_it_is_held() -> None:
    """A rollout looks at it six times in five seconds, and reading it is most of a turn."""
    view = viewpoint(split(10))

    assert sight(view) is sight(view)


def test_a_changed_object_is_read_anew() -> None:
    """Drift that stayed unseen would be traffic where nobody wants it."""
    cache = FakeCache(split(10))
    view = Viewpoint(cache=cache, naming=Naming())
    before = sight(view)
    cache.absorb("VirtualService", split(50))

    assert (before.canary, sight(view).canary) == (10, 50)


def test_an_object_that_is_gone_is_not_remembered() -> None:
    """A weight can't be in force in a VirtualService that is not there."""
    cache = FakeCache(split(10))
    view = Viewpoint(cache=cache, naming=Naming())
    sight(view)
    cache.forget("VirtualService", PLAN.key.namespace, ROUTES.virtual_service)

    assert isinstance(view.read(PLAN, ROUTES), Unroutable)


def test_an_edited_plan_is_read_anew_in_the_same_object() -> None:
    """It may name other arms or other routes."""
    view = viewpoint(split(10))
    sight(view)
    edited = dataclasses.replace(PLAN, stable=dataclasses.replace(PLAN.stable, subset="v9"))
    named = dataclasses.replace(ROUTES, routes=("nowhere",))

    assert isinstance(view.read(edited, ROUTES), Unroutable)
    assert isinstance(view.read(PLAN, named), Unroutable)


def test_what_is_remembered_is_bounded() -> None:
    """Plans come and go for months; whoever was forgotten is simply read again."""
    view = viewpoint(split(10))
    first = sight(view)
    for number in range(REMEMBERED):
        other = dataclasses.replace(PLAN, key=Key(PLAN.key.namespace, f"other-{number}"))
        view.read(other, ROUTES)

    assert sight(view) is not first
    assert sight(view) == first


def test_order_decides_between_readings_of_a_rounded_weight() -> None:
    """1 of 3 was ordered as 40 %: reporting 33 % would look like drift."""
    third = route(to("v3", 2), to("v4", 1), to("v1", 97))
    ordered = {"rolloutd.io/desired-weight.data-product": "40"}
    view = viewpoint(Written(http=[third], annotations=ordered).object())

    assert sight(view).canary == 40
