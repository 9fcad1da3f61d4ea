"""One copy of the daemon: everything that ``rolloutd run`` puts together, but for HTTP."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from rolloutd.adapters.istio.epochs import EpochsSeen
from rolloutd.adapters.istio.hosts import Naming
from rolloutd.adapters.istio.mesh import IstioMesh
from rolloutd.adapters.istio.records import RecordIndex
from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.claim import Candidate
from rolloutd.adapters.kubernetes.elector import Elector
from rolloutd.adapters.kubernetes.fenced import FencedApi
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.paths import (
    DEPLOYMENT,
    POD,
    destination_rule,
    virtual_service,
)
from rolloutd.adapters.kubernetes.rereading import RereadingApi
from rolloutd.adapters.kubernetes.settings import ClientSettings, LeaseSettings, WatchSettings
from rolloutd.adapters.kubernetes.workloads import CachedWorkloads
from rolloutd.core.actions import Announce
from rolloutd.core.plan import Key, Plan
from rolloutd.core.state import Record
from rolloutd.core.units import Seconds
from rolloutd.engine.rollout import Rollout
from rolloutd.engine.supervisor import Supervisor
from rolloutd.engine.world import World
from rolloutd.ports import Calendar, Meter
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.cluster import NAMESPACE
from tests.simulation.link import Link
from tests.simulation.timeline import VirtualClock

LEASE_NAME = "rolloutd"
INSTALLATION = f"{NAMESPACE}/{LEASE_NAME}"
RESOURCES = (virtual_service("v1"), destination_rule("v1"), DEPLOYMENT, POD)
WATCHES = WatchSettings(idle=Seconds(20.0), relist=Seconds(30.0))
"""Silence and lost events are noticed sooner than in production, as bookmarks and the ends of
watches come sooner: less to simulate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Implements ``ports.Catalogue``."""

    plans: Mapping[Key, Plan]
    complaints: Sequence[str] = ()


class Shelf:
    """Implements ``ports.PlanSource``: a directory of plans as one replica sees it."""

    def __init__(self, present: Plans) -> None:
        self._present = present
        self._changed = asyncio.Event()

    def put(self, plans: Plans) -> None:
        """Let this be the plans from now on."""
        self._present = plans
        self._changed.set()

    async def changes(self) -> AsyncIterator[Plans]:
        """Yield all plans at once, and again after every change."""
        while True:
            self._changed.clear()
            yield self._present
            await self._changed.wait()


class Listener:
    """Implements ``ports.Herald``."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Pass it on to the trace."""
        del plan, record
        self._heard(f"tells: {words.text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a replica is given.

    Attributes:
        identity: Of this process; another one after every restart.
        heard: Told what the daemon tells people.
        metrics: Shared by all, for nobody reads them and they cost more than a simulation.
    """

    identity: str
    link: Link
    clock: VirtualClock
    chance: random.Random
    meter: Meter
    calendar: Calendar
    shelf: Shelf
    heard: Callable[[str], None]
    metrics: Metrics


class Replica:
    """A daemon under way."""

    def __init__(self, around: Surroundings) -> None:
        pace = Pace(clock=around.clock, chance=around.chance)
        candidate = Candidate(namespace=NAMESPACE, name=LEASE_NAME, identity=around.identity)
        self.elector = Elector(around.link, candidate, pace, LeaseSettings())
        self._cache = WatchedCache(around.link, RESOURCES, (NAMESPACE,), pace, WATCHES)
        fenced = FencedApi(around.link, self.elector.is_leader, ClientSettings().deadline)
        api = RereadingApi(fenced, self._cache.absorb)
        records = RecordIndex(INSTALLATION)
        world = World(
            clock=around.clock,
            mesh=IstioMesh(
                self._cache,
                api,
                epoch=lambda: self.elector.epoch,
                absorb=self._cache.absorb,
                naming=Naming(installation=INSTALLATION),
            ),
            workloads=CachedWorkloads(self._cache, api),
            herald=Listener(around.heard),
            metrics=around.metrics,
            estate=records,
        )
        self._supervisor = Supervisor(world, around.meter, around.calendar)
        self._shelf = around.shelf
        for kind in ("VirtualService", "DestinationRule", "Deployment"):
            self._cache.subscribe(kind, partial(self._supervisor.changed, kind))
        self._cache.subscribe("VirtualService", EpochsSeen(self.elector.exceed).changed)
        self._cache.subscribe("VirtualService", records.changed)

    @property
    def leads(self) -> bool:
        """Whether it thinks that it leads."""
        return self.elector.is_leader()

    def rollout(self, key: Key) -> Rollout | None:
        """Return the rollout of a plan, where it leads."""
        return self._supervisor.get(key)

    async def run(self) -> None:
        """Do what the daemon does, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._cache.run(), name="cache")
            await self._cache.synced()
            await self.elector.run(self._lead)

    async def _lead(self, epoch: int) -> None:
        del epoch
        await self._supervisor.run(self._shelf)
