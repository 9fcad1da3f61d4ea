"""Replicas that share a fleet out, each with its control API on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp.test_utils import TestServer

from rolloutd.adapters.plans.followed import FollowedPlans
from rolloutd.adapters.plans.part import PartOfPlans
from rolloutd.api.control.access import Access, Local
from rolloutd.api.control.app import Desk, control_app
from rolloutd.api.control.fleet import Chair, Fleet, Watch
from rolloutd.api.control.lead import Standby
from rolloutd.api.control.relay import Relay
from rolloutd.api.control.understudy import Understudy
from rolloutd.core.plan import Key, Plan
from rolloutd.core.shards import Shard, shards
from rolloutd.core.units import Seconds
from rolloutd.engine.supervisor import Supervisor
from tests.api.control.office import Meshes, Office
from tests.builders import T0, a_plan
from tests.engine.test_supervisor import FakeCalendar
from tests.fakes.clock import FakeClock

HERE, THERE = shards(2)
"""``shop`` and ``find`` belong to the first, ``default`` to the second."""

ORDERS = Key("default", "orders")
"""The rollout that is driven elsewhere than ``shop/checkout``."""


def orders(**changes: object) -> Plan:
    """Return the plan of ``default/orders``."""
    return a_plan(key=ORDERS, **changes)


@dataclass(kw_only=True)
class Branch(Office):
    """A replica that drives some of two shards.

    Attributes:
        leads: The shards that it drives.
        leaders: Where it takes others to drive the rest.
        has_read: Whether its understudy knows any plans.
    """

    leads: set[Shard]
    leaders: dict[Shard, str] = field(default_factory=dict)
    has_read: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.supervisors: dict[Shard, Supervisor] = {}
        self.understudy = Understudy(self.meshes, self.clock)
        self._driving: dict[Shard, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def open(self, *plans: Plan) -> AsyncIterator[Branch]:
        """Serve these plans."""
        source = FollowedPlans(self.source)
        self.source.publish(*plans)
        async with (
            aiohttp.ClientSession(auto_decompress=False) as asking,
            aiohttp.ClientSession() as self._session,
            asyncio.TaskGroup() as group,
        ):
            self.fleet = Fleet([self._chair(shard, asking) for shard in shards(2)])
            async with TestServer(control_app(self.desk())) as server:
                self.url = str(server.make_url("")).rstrip("/")
                tasks = [
                    group.create_task(source.run()),
                    group.create_task(self.broadcast.run(Watch(self.fleet).views)),
                ]
                if self.has_read:
                    tasks.append(group.create_task(self.understudy.run(source)))
                for shard in self.leads:
                    part = PartOfPlans(source, shard)
                    run = self.supervisors[shard].run(part)
                    self._driving[shard] = group.create_task(run)
                await self.settle()
                yield self
                for task in (*tasks, *self._driving.values()):
                    task.cancel()

    def lose(self, shard: Shard) -> None:
        """Drive a shard no longer."""
        self.leads.discard(shard)
        self._driving.pop(shard).cancel()

    def desk(self) -> Desk:
        """Return what the application works with."""
        alone = super().desk()
        return Desk(
            fleet=self.fleet,
            keeper=alone.keeper,
            broadcast=self.broadcast,
            clock=self.clock,
            standby=Standby(understudy=self.understudy),
        )

    def _chair(self, shard: Shard, asking: aiohttp.ClientSession) -> Chair:
        self.supervisors[shard] = Supervisor(self.world, self.meter, FakeCalendar())
        return Chair(
            name=shard.lease("r"),
            supervisor=self.supervisors[shard],
            leads=lambda: shard in self.leads,
            relay=Relay(asking, lambda: self.leaders.get(shard), lambda: True, Seconds(30.0)),
        )

    def see(self, plan: Plan) -> None:
        """Hear of a write, as from a watch."""
        for supervisor in self.supervisors.values():
            for routes in plan.virtual_services:
                place = {"namespace": plan.key.namespace, "name": routes.virtual_service}
                supervisor.changed("VirtualService", "MODIFIED", {"metadata": place})


@asynccontextmanager
async def branches(
    *plans: Plan, access: Callable[[], Access] = Local
) -> AsyncIterator[tuple[Branch, Branch]]:
    """Open two replicas that drive a shard each."""
    clock, meshes = FakeClock(T0, jumps=False), Meshes()
    one, two = (
        Branch(tag=tag, leads={shard}, clock=clock, meshes=meshes, access=access())
        for tag, shard in (("a", HERE), ("b", THERE))
    )

    def written(plan: Plan) -> None:
        one.see(plan)
        two.see(plan)

    meshes.written = written
    async with one.open(*plans), two.open(*plans):
        one.leaders[THERE], two.leaders[HERE] = two.url, one.url
        yield one, two
