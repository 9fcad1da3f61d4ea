"""Statuses are written when they change, and trouble with that stays here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from structlog.testing import capture_logs

from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.plans.crd.reporter import PERIOD, News, StatusReporter
from rolloutd.adapters.plans.crd.source import PlanObjects
from rolloutd.core.actions import Outlook
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from rolloutd.engine.view import View
from rolloutd.errors import Unavailable
from rolloutd.ports import Json
from tests.adapters.plans.crd.objects import Teller, plan_object
from tests.adapters.plans.forms import changed, plan
from tests.builders import T0, a_record
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube

PATH = "/apis/rolloutd.io/v1alpha1/namespaces/default/rolloutplans/shop/status"


class Desk:
    """A reporter with all that it asks."""

    def __init__(self, *objects: Json) -> None:
        self.teller = Teller(*objects)
        self.objects = PlanObjects(self.teller)
        self.kube = FakeKube()
        self.clock = FakeClock(jumps=False)
        self.views: Sequence[View] = ()
        self.leads = self.is_ours = True
        news = News(
            catalogue=lambda: self.objects.catalogue,
            views=lambda: self.views,
            leads=lambda: self.leads,
            is_ours=lambda _: self.is_ours,
        )
        self.reporter = StatusReporter(self.objects, news, self.kube, self.clock)
        for each in objects:
            name = text(each, "metadata", "name")
            self.kube.put(PATH.replace("/shop/", f"/{name}/"), {"status": {}})

    def shows(self, phase: Phase) -> None:
        """Let the rollout stand there."""
        seen, outlook = plan(), Outlook(why="Why.", what_next="Next.")
        record = a_record(seen, phase=phase)
        found = self.objects.reading(seen.key)
        assert found is not None
        (located,) = found.plans
        self.views = [View(plan=located.plan, record=record, at=T0, outlook=outlook)]

    async def passes(self) -> None:
        """Let one period pass."""
        await self.clock.advance(PERIOD)

    def writes(self) -> list[str]:
        return [path for verb, path in self.kube.requests if verb == "merge"]

    def written(self) -> Json:
        found = self.kube.objects[PATH]["status"]
        assert isinstance(found, dict)
        return found


@asynccontextmanager
async def at_work(*objects: Json) -> AsyncIterator[Desk]:
    desk = Desk(*objects)
    async with asyncio.TaskGroup() as group, aclosing(desk.objects.changes()) as changes:
        await anext(changes)
        task = group.create_task(desk.reporter.run())
        await desk.clock.advance(Seconds(0.0))
        yield desk
        task.cancel()


async def test_a_status_is_written_once() -> None:
    """The second look finds that the object says it already."""
    async with at_work(plan_object()) as desk:
        desk.shows(Phase.PROGRESSING)
        await desk.passes()
        desk.teller.tell("MODIFIED", plan_object(status=desk.written()))
        await desk.passes()
        await desk.passes()

    assert desk.writes() == [PATH]
    assert desk.written()["phase"] == "Progressing"


async def test_a_change_is_written() -> None:
    """Otherwise the columns lie."""
    async with at_work(plan_object()) as desk:
        desk.shows(Phase.PROGRESSING)
        await desk.passes()
        desk.teller.tell("MODIFIED", plan_object(status=desk.written()))
        desk.shows(Phase.PROMOTED)
        await desk.passes()

    assert desk.written()["phase"] == "Promoted"


async def test_objects_of_another_shard_are_left_alone() -> None:
    """Its leader knows how they stand; to us they all look as if nobody drove them."""
    async with at_work(plan_object()) as desk:
        desk.is_ours = False
        await desk.passes()

    assert desk.writes() == []


async def test_who_does_not_lead_does_not_write() -> None:
    """Two replicas would undo each other's words."""
    async with at_work(plan_object()) as desk:
        desk.shows(Phase.PROGRESSING)
        desk.leads = False
        await desk.passes()

    assert desk.writes() == []


async def test_a_write_that_fails_is_tried_again_and_ends_nothing() -> None:
    """A status is the least of all things: no rollout may suffer for it."""
    with capture_logs() as logs:
        async with at_work(plan_object()) as desk:
            desk.shows(Phase.PROGRESSING)
            desk.kube.fail("merge", Unavailable("away"))
            await desk.passes()
            await desk.passes()

    assert [each["event"] for each in logs] == ["status_not_written"]
    assert desk.written()["phase"] == "Progressing"


async def test_an_object_that_was_edited_and_not_read_yet_waits() -> None:
    """What is known is about the edit before."""
    async with at_work(plan_object()) as desk:
        desk.shows(Phase.PROGRESSING)
        desk.teller.tell("MODIFIED", {**plan_object(), "spec": {}})
        await desk.passes()

    assert desk.writes() == []


async def test_a_plan_without_a_rollout_has_a_status_too() -> None:
    """A broken object has no rollout, and needs its complaint most."""
    broken = {**plan_object(), "spec": {}}
    async with at_work(broken) as desk:
        await desk.passes()

    assert str(desk.written()["message"]).startswith("RolloutPlan default/shop: error RD111:")


async def test_a_plan_that_another_stands_in_the_way_of_says_so() -> None:
    """Each of two rivals is right by itself; only together they are wrong."""
    async with at_work(plan_object(), plan_object(name="rival")) as desk:
        await desk.passes()

    assert "RD141" in str(desk.written()["message"])
    assert len(desk.writes()) == 2


async def test_a_warning_is_no_complaint() -> None:
    """A plan that is odd but allowed is carried out."""
    gateless = changed(
        ("  gates:\n    - {name: success-rate, type: successRate, min: 99%}\n", "")
    )
    async with at_work(plan_object(gateless)) as desk:
        desk.shows(Phase.PROMOTED)
        await desk.passes()

    assert "InvalidPlan" not in str(desk.written())
