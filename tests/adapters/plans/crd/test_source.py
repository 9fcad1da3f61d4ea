"""Plan objects come, change and go, and the catalogue follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from structlog.testing import capture_logs

from rolloutd.adapters.plans.catalogue import Catalogue
from rolloutd.adapters.plans.crd.source import PlanObjects
from rolloutd.core.plan import Key
from tests.adapters.plans.crd.objects import Teller, plan_object
from tests.adapters.plans.forms import changed

SHOP = Key("default", "shop")
PATIENCE = 20.0
"""Real seconds: more than any machine needs, and only spent when something is wrong."""


async def following(changes: AsyncGenerator[Catalogue, None]) -> Catalogue:
    async with asyncio.timeout(PATIENCE):
        return await anext(changes)


async def after(
    changes: AsyncGenerator[Catalogue, None], change: Callable[[], object]
) -> Catalogue:
    change()
    return await following(changes)


async def test_what_is_there_is_told_at_once() -> None:
    """A new leader carries out what it finds."""
    async with aclosing(PlanObjects(Teller(plan_object())).changes()) as changes:
        found = await following(changes)

    assert set(found.plans) == {SHOP}


async def test_an_edit_is_told() -> None:
    """``kubectl edit`` is how a plan is changed."""
    teller = Teller(plan_object())
    edited = plan_object(changed(("weight: 10,", "weight: 20,")), generation=2)
    async with aclosing(PlanObjects(teller).changes()) as changes:
        first = await following(changes)
        second = await after(changes, lambda: teller.tell("MODIFIED", edited))

    assert first.plans[SHOP] != second.plans[SHOP]


async def test_our_own_status_is_no_news() -> None:
    """Otherwise each status written would wake every rollout, which would write a status."""
    teller = Teller(plan_object())
    objects = PlanObjects(teller)
    async with aclosing(objects.changes()) as changes:
        await following(changes)
        teller.tell("MODIFIED", plan_object(status={"phase": "Waiting"}))
        gone = await after(changes, lambda: teller.tell("DELETED", plan_object()))

    assert gone.plans == {}


async def test_a_status_is_known_all_the_same() -> None:
    """It is what the next one is compared with."""
    teller = Teller(plan_object())
    objects = PlanObjects(teller)
    teller.tell("MODIFIED", plan_object(status={"phase": "Waiting"}))

    assert objects.objects[SHOP].status == {"phase": "Waiting"}


async def test_a_broken_edit_leaves_the_plan_as_it_was() -> None:
    """A rollout under way must not lose its plan to a typing error."""
    teller = Teller(plan_object())
    broken = plan_object(changed(("hold: 5m", "hodl: 5m")), generation=2)
    async with aclosing(PlanObjects(teller).changes()) as changes:
        first = await following(changes)
        second = await after(changes, lambda: teller.tell("MODIFIED", broken))

    assert second.plans[SHOP] == first.plans[SHOP]
    assert [each.split(":")[0] for each in second.complaints] == ["RolloutPlan default/shop"]


async def test_two_objects_that_want_one_route_are_refused() -> None:
    """The rules between files hold between objects: choosing would move traffic."""
    one, other = plan_object(), plan_object(name="rival")
    async with aclosing(PlanObjects(Teller(one, other)).changes()) as changes:
        found = await following(changes)

    assert found.plans == {}
    assert len(found.complaints) == 2


async def test_what_has_not_been_read_has_no_reading() -> None:
    """A status about an edit that nobody has looked at would be a lie."""
    teller = Teller(plan_object())
    objects = PlanObjects(teller)
    before = objects.reading(SHOP)
    async with aclosing(objects.changes()) as changes:
        await following(changes)
        read = objects.reading(SHOP)
        teller.tell("MODIFIED", plan_object(changed(("hold: 5m", "hold: 6m")), generation=2))
        unread = objects.reading(SHOP)

    assert before is None
    assert read is not None
    assert unread is None
    assert objects.reading(Key("default", "nobody")) is None


async def test_what_is_odd_but_allowed_is_logged() -> None:
    """Warnings refuse nothing, and would otherwise be seen by nobody."""
    gateless = changed(
        ("  gates:\n    - {name: success-rate, type: successRate, min: 99%}\n", "")
    )
    with capture_logs() as logs:
        async with aclosing(PlanObjects(Teller(plan_object(gateless))).changes()) as changes:
            await following(changes)

    assert [each["event"] for each in logs] == ["plan_doubtful"]
