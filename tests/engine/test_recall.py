"""How stable behaved before a run, asked beside the run."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rolloutd.core.observation import Counts, History, MeshBlind, Reading
from rolloutd.core.plan import Judgement
from rolloutd.core.units import Seconds
from rolloutd.engine.recall import Recall
from rolloutd.engine.rollout import Rollout
from rolloutd.engine.world import World
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_plan
from tests.fakes.clock import FakeClock
from tests.fakes.herald import FakeHerald
from tests.fakes.hindsight import FakeHindsight
from tests.fakes.mesh import FakeMesh
from tests.fakes.workloads import FakeWorkloads

PLAN = a_plan(
    gates=tuple(
        dataclasses.replace(gate, judgement=Judgement.SEQUENTIAL) for gate in a_plan().gates
    )
)
PAST = History(requests=90_000, failures=90)


class Room:
    """A rollout, and one who asks for its past."""

    def __init__(self, hindsight: FakeHindsight | None = None) -> None:
        self.clock, self.mesh = FakeClock(T0), FakeMesh()
        self.hindsight = hindsight or FakeHindsight({PLAN.key: PAST})
        world = World(
            clock=self.clock,
            mesh=self.mesh,
            workloads=FakeWorkloads(),
            herald=FakeHerald(),
            metrics=Metrics(),
        )
        self.rollout = Rollout(PLAN, world)
        self._recall = Recall(self.hindsight, self.clock, lambda: [self.rollout])

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._recall.run(), name="recall")
            yield
            task.cancel()

    def reason(self) -> str:
        """Say what the first gate says."""
        return self.rollout.view.verdicts[0].reason

    async def look(self, requests: int) -> None:
        counts = Counts(requests=requests, failures=0)
        reading = Reading(at=self.clock.now(), stable=counts, canary=counts, values={})
        self.rollout.hear(reading)
        await self.rollout.turn()
        await self.clock.sleep(Seconds(5.0))


async def test_a_run_is_asked_for_once_and_from_its_beginning() -> None:
    """The half hour before: what came after is the run's own evidence."""
    room = Room()
    await room.rollout.turn()
    async with room.asking():
        await room.clock.sleep(Seconds(60.0))

    assert room.hindsight.asked == [(PLAN.key, T0)]


async def test_what_is_known_need_not_be_learnt() -> None:
    """Without it the gate says how long it still learns."""
    known, unknown = Room(), Room(FakeHindsight({}))
    for room in (known, unknown):
        await room.rollout.turn()
        async with room.asking():
            await room.clock.sleep(Seconds(1.0))
        await room.look(0)
        await room.look(100)

    assert "without history" in unknown.reason()
    assert "without history" not in known.reason()


async def test_a_past_that_comes_late_changes_nothing() -> None:
    """The evidence heard meanwhile is worth more than what it would be judged by."""
    room = Room()
    await room.rollout.turn()
    await room.look(0)
    await room.look(100)
    room.rollout.recall(PAST)
    await room.rollout.turn()

    assert "without history" in room.reason()


async def test_nothing_is_asked_before_a_run_begins() -> None:
    """A plan that waits for its canary has no past yet."""
    room = Room()
    async with room.asking():
        await room.clock.sleep(Seconds(5.0))

    assert room.hindsight.asked == []


async def test_a_mesh_that_names_no_hosts_is_asked_about_later() -> None:
    """Whom the metrics mean is not known while the VirtualService is away."""
    room = Room()
    await room.rollout.turn()
    seen = room.mesh.holds
    room.mesh.holds = MeshBlind(reason="gone")
    async with room.asking():
        await room.clock.sleep(Seconds(2.0))
        before = list(room.hindsight.asked)
        room.mesh.holds = seen
        await room.clock.sleep(Seconds(2.0))

    assert before == []
    assert len(room.hindsight.asked) == 1
