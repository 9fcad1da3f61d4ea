"""All rollouts, as plans come, change and go."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from structlog.testing import capture_logs

from rolloutd.core.actions import Accepted
from rolloutd.core.observation import CommandKind, MeshSighting, Reading, Unread
from rolloutd.core.plan import Key, Plan, StartCron
from rolloutd.core.record_text import to_text
from rolloutd.core.state import Phase
from rolloutd.core.stray import Stray
from rolloutd.core.target import Target
from rolloutd.core.units import Seconds
from rolloutd.engine.orphans import GRACE
from rolloutd.engine.supervisor import GLANCE, PATIENCE, Supervisor, keep_going
from rolloutd.engine.world import World
from rolloutd.errors import Unavailable
from rolloutd.ports import Meter
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_mesh, a_plan, a_record, asked
from tests.engine.test_sampling import CountingMeter
from tests.fakes.clock import FakeClock
from tests.fakes.estate import FakeEstate
from tests.fakes.herald import FakeHerald
from tests.fakes.hindsight import FakeHindsight
from tests.fakes.mesh import FakeMesh
from tests.fakes.workloads import FakeWorkloads

CRON = StartCron(cron="0 9 * * mon", timezone="UTC")


@dataclass
class FakeCatalogue:
    plans: dict[Key, Plan]
    complaints: tuple[str, ...] = ()


class FakeSource:
    """Yields a catalogue whenever a test publishes one."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[FakeCatalogue] = asyncio.Queue()

    def publish(self, *plans: Plan, complaints: tuple[str, ...] = ()) -> None:
        self._queue.put_nowait(FakeCatalogue({p.key: p for p in plans}, complaints))

    async def changes(self) -> AsyncIterator[FakeCatalogue]:
        while True:
            yield await self._queue.get()


@dataclass
class FakeCalendar:
    firing: dict[Key, Callable[[], None]] = field(default_factory=dict)

    def schedule(self, key: Key, start: StartCron, fire: Callable[[], None]) -> None:
        del start
        self.firing[key] = fire

    def cancel(self, key: Key) -> None:
        self.firing.pop(key, None)


class StumblingMesh(FakeMesh):
    """Has a bug that shows once, for one plan."""

    def __init__(self, stumbles_for: str) -> None:
        super().__init__()
        self._stumbles_for = stumbles_for

    def look(self, plan: Plan) -> MeshSighting:
        if plan.key.name == self._stumbles_for:
            self._stumbles_for = ""
            raise ZeroDivisionError("a bug of ours")
        return a_mesh(0)


class House:
    """A supervisor among fakes."""

    def __init__(
        self,
        mesh: FakeMesh | None = None,
        meter: Meter | None = None,
        hindsight: FakeHindsight | None = None,
        estate: FakeEstate | None = None,
    ) -> None:
        self.clock, self.source, self.calendar = FakeClock(T0), FakeSource(), FakeCalendar()
        self.metrics, self.mesh = Metrics(), mesh or FakeMesh()
        world = World(
            clock=self.clock,
            mesh=self.mesh,
            workloads=FakeWorkloads(),
            herald=FakeHerald(),
            metrics=self.metrics,
            hindsight=hindsight,
            estate=estate,
        )
        self.supervisor = Supervisor(world, meter or CountingMeter(), self.calendar)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.supervisor.run(self.source), name="supervisor")
            yield
            task.cancel()

    def phase_of(self, plan: Plan) -> Phase | None:
        rollout = self.supervisor.get(plan.key)
        record = rollout.view.record if rollout is not None else None
        return record.phase if record is not None else None

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


def named(name: str, **changes: object) -> Plan:
    return a_plan(key=Key("default", name), **changes)


async def test_every_plan_gets_a_rollout() -> None:
    """And is listed by name."""
    house = House()
    async with house.running():
        assert not house.supervisor.has_read()
        house.source.publish(named("b"), named("a"))
        await house.clock.sleep(Seconds(1.0))

        assert house.supervisor.has_read()
        assert [view.plan.key.name for view in house.supervisor.views()] == ["a", "b"]


async def test_complaints_are_kept_and_exported() -> None:
    """A broken file is visible, and stops nothing."""
    house = House()
    async with house.running():
        assert not house.supervisor.complaints
        house.source.publish(named("a"), complaints=("b.yaml:3:1: unknown field",))
        await house.clock.sleep(Seconds(1.0))

        assert house.supervisor.complaints == ("b.yaml:3:1: unknown field",)
        assert house.metric("rolloutd_config_last_reload_successful") == 0
        assert house.supervisor.get(Key("default", "a")) is not None


async def test_a_bug_in_one_rollout_leaves_the_others_alone() -> None:
    """It is taken up again after a rest."""
    house = House(StumblingMesh("bad"))
    good, bad = named("good"), named("bad")
    async with house.running():
        house.source.publish(good, bad)
        await house.clock.sleep(Seconds(1.0))
        assert (house.phase_of(good), house.phase_of(bad)) == (Phase.PROGRESSING, None)

        await house.clock.sleep(Seconds(6.0))
        assert house.phase_of(bad) is Phase.PROGRESSING


async def test_a_plan_that_went_takes_its_series_with_it() -> None:
    """Old rollouts do not haunt dashboards."""
    house, plan = House(), named("a", start=CRON)
    labels = {"rollout_namespace": "default", "rollout": "a"}
    async with house.running():
        house.source.publish(plan)
        await house.clock.sleep(Seconds(1.0))
        assert house.metric("rolloutd_steps", **labels) == 4

        house.source.publish()
        await house.clock.sleep(Seconds(1.0))
        assert house.supervisor.get(plan.key) is None
        assert house.metric("rolloutd_steps", **labels) is None
        assert house.calendar.firing == {}


async def test_an_edited_plan_reaches_its_rollout() -> None:
    """Without ending its run."""
    house, plan = House(), named("a")
    async with house.running():
        house.source.publish(plan)
        await house.clock.sleep(Seconds(1.0))
        edited = dataclasses.replace(plan, digest="d2", notify=("slack",))
        house.source.publish(edited)
        await house.clock.sleep(Seconds(1.0))

        rollout = house.supervisor.get(plan.key)
        assert rollout is not None
        assert rollout.plan == edited
        assert house.phase_of(plan) is Phase.PROGRESSING


async def test_a_cron_start_opens_the_door() -> None:
    """Until it fires, the rollout waits."""
    house, plan = House(), named("a", start=CRON)
    async with house.running():
        house.source.publish(plan)
        await house.clock.sleep(Seconds(1.0))
        before = house.phase_of(plan)
        house.calendar.firing[plan.key]()
        await house.clock.sleep(Seconds(1.0))

        assert before is Phase.WAITING
        assert house.phase_of(plan) is Phase.PROGRESSING


async def test_a_firing_starts_no_canary_that_comes_after_it() -> None:
    """A nightly cron fires while nothing waits, too: an edit at noon starts the next night."""
    house, plan = House(), named("a", start=CRON)
    other = dataclasses.replace(plan.canary, subset="v5")
    async with house.running():
        house.source.publish(plan)
        await house.clock.sleep(Seconds(1.0))
        house.calendar.firing[plan.key]()
        await house.clock.sleep(Seconds(1.0))
        rollout = house.supervisor.get(plan.key)
        assert rollout is not None
        await rollout.order(asked(CommandKind.ROLLBACK))
        house.calendar.firing[plan.key]()
        await house.clock.sleep(Seconds(1.0))
        house.source.publish(dataclasses.replace(plan, canary=other, digest="another"))
        await house.clock.sleep(Seconds(1.0))

        assert house.phase_of(plan) is Phase.WAITING


async def test_a_change_in_the_cluster_wakes_whom_it_concerns() -> None:
    """Within the loop's next turn, not at the next tick."""
    house, plan = House(), named("a")
    async with house.running():
        house.source.publish(plan)
        await house.clock.sleep(Seconds(1.0))
        house.mesh.holds = a_mesh(80, primary_in_step=False)
        before = len(house.mesh.writes)

        meta = {"namespace": "default", "name": "data-product"}
        house.supervisor.changed(
            "VirtualService", "MODIFIED", {"metadata": {**meta, "name": "other"}}
        )
        house.supervisor.changed("VirtualService", "MODIFIED", {"metadata": meta})
        house.supervisor.changed("VirtualService", "MODIFIED", {"nonsense": True})
        await house.clock.sleep(Seconds(0.01))

        assert len(house.mesh.writes) == before + 1


async def test_a_plan_that_comes_back_goes_on() -> None:
    """The file was moved away and back in mid-run."""
    house, plan = House(), named("a")
    async with house.running():
        house.source.publish(plan)
        await house.clock.sleep(Seconds(1.0))
        house.source.publish()
        await house.clock.sleep(Seconds(1.0))
        gone = house.phase_of(plan)
        house.source.publish(plan)
        await house.clock.sleep(Seconds(1.0))

        assert gone is Phase.PAUSED
        assert house.phase_of(plan) is Phase.PROGRESSING


async def test_orders_are_given_up_with_the_leadership() -> None:
    """Whoever sent one must not wait for a replica that can carry out nothing."""
    house, plan = House(), named("a", start=CRON)
    async with asyncio.TaskGroup() as group:
        async with house.running():
            house.source.publish(plan)
            await house.clock.sleep(Seconds(1.0))
            rollout = house.supervisor.get(plan.key)
            assert rollout is not None
            for _ in range(20):
                house.mesh.fail_next(Unavailable("no answer"))
            order = group.create_task(rollout.order(asked(CommandKind.START)))
            await house.clock.sleep(Seconds(1.0))
            assert rollout.orders_waiting == 1
        await asyncio.wait([order])

        assert order.cancelled()


class BuggyMeter(CountingMeter):
    """Fails as no meter may: by a bug."""

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        await super().read(targets)
        raise ZeroDivisionError


class NonsenseMeter(CountingMeter):
    """Answers what is no answer for one plan: the judging of it fails."""

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        nonsense = cast("Unread", None)
        answers = await super().read(targets)
        return {
            key: nonsense if key.name == "bad" else answer for key, answer in answers.items()
        }


async def test_evidence_that_can_not_be_judged_is_dropped_for_that_rollout_alone() -> None:
    """The others go on being looked at, and a person can still roll it back."""
    meter = NonsenseMeter()
    house, good, bad = House(meter=meter), named("good"), named("bad")
    async with house.running():
        house.source.publish(good, bad)
        await house.clock.sleep(Seconds(20.0))
        rollout = house.supervisor.get(bad.key)
        assert rollout is not None
        reply = await rollout.order(asked(CommandKind.ROLLBACK))

    assert reply == Accepted()
    assert sum(good.key in keys for keys in meter.asked) >= 3


async def test_a_bug_in_a_meter_leaves_the_rollouts_to_people() -> None:
    """Blind, they hold; whoever wants stable gets stable."""
    house, plan = House(meter=BuggyMeter()), named("a")
    async with house.running():
        house.source.publish(plan)
        await house.clock.sleep(Seconds(20.0))
        rollout = house.supervisor.get(plan.key)
        assert rollout is not None
        reply = await rollout.order(asked(CommandKind.ROLLBACK))

    assert reply == Accepted()
    assert house.mesh.writes == [10, 0]


async def test_a_bug_in_what_goes_on_for_ever_is_logged_and_left_behind() -> None:
    """A malformed message must not end the watch over every canary."""
    clock, runs = FakeClock(T0), 0

    async def stumble_once() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ZeroDivisionError("a bug of ours")
        await asyncio.Event().wait()

    with capture_logs() as lines:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keep_going("telling", stumble_once, clock))
            await clock.sleep(Seconds(60.0))
            task.cancel()

    assert runs == 2
    assert [(line["event"], line["what"]) for line in lines] == [("crashed", "telling")]


async def test_the_past_of_every_run_is_asked_for() -> None:
    """Where somebody keeps it; without, gates learn stable's ways from the run."""
    hindsight = FakeHindsight({})
    house = House(hindsight=hindsight)
    async with house.running():
        house.source.publish(a_plan())
        await house.clock.sleep(Seconds(10.0))

    assert hindsight.asked == [(a_plan().key, T0)]


def left_behind(plan: Plan, mesh: FakeMesh) -> FakeEstate:
    """Return the run of a plan that is under way in a mesh, where no plan looks for it."""
    record = a_record(plan, routes=plan.virtual_services)
    mesh.holds = a_mesh(10, record=to_text(record))
    return FakeEstate(Stray(key=plan.key, record=record))


async def test_a_run_that_no_plan_names_goes_back_after_a_while() -> None:
    """It has a rollout of its own meanwhile, so that people see and hear of it."""
    mesh, plan = FakeMesh(), named("gone")
    estate = left_behind(plan, mesh)
    house = House(mesh, estate=estate)
    async with house.running():
        house.source.publish()
        await house.clock.sleep(Seconds(GRACE - 1))
        before = list(mesh.writes)
        await house.clock.sleep(Seconds(2 * GLANCE))
        estate.held.clear()
        await house.clock.sleep(Seconds(GLANCE))

        assert before == []
        assert mesh.writes == [0]
        assert house.supervisor.get(plan.key) is None


async def test_nothing_is_looked_for_before_plans_are_read() -> None:
    """Before that, no plan names anything."""
    mesh = FakeMesh()
    house = House(mesh, estate=left_behind(named("gone"), mesh))
    async with house.running():
        await house.clock.sleep(Seconds(10 * GRACE))

        assert mesh.writes == []


async def test_a_plan_waits_for_the_run_in_its_way_but_not_for_ever() -> None:
    """Whatever keeps that one from going back is no reason never to begin."""
    mesh, old, new = FakeMesh(), named("old"), named("new")
    house = House(mesh, estate=left_behind(old, mesh))
    for _ in range(100):
        mesh.fail_next(Unavailable("away"))
    async with house.running():
        house.source.publish(new)
        await house.clock.sleep(Seconds(PATIENCE - 1))
        waiting = house.supervisor.get(new.key)
        before = None if waiting is None else waiting.view.outlook.why
        await house.clock.sleep(Seconds(5.0))

        assert before == "Just loaded."
        assert waiting is not None
        assert waiting.view.outlook.why != before
