"""What drives the rollouts of each shard: a seat of its own, and all that the seat fences."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rolloutd.adapters.istio.epochs import EpochsSeen
from rolloutd.adapters.istio.hosts import Naming
from rolloutd.adapters.istio.mesh import IstioMesh
from rolloutd.adapters.istio.records import RecordIndex
from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.rereading import RereadingApi
from rolloutd.adapters.kubernetes.workloads import CachedWorkloads
from rolloutd.adapters.plans.part import PartOfPlans
from rolloutd.bootstrap.seat import Seat
from rolloutd.core.shards import Shard
from rolloutd.engine.supervisor import Supervisor
from rolloutd.engine.world import World
from rolloutd.ports import (
    Calendar,
    Clock,
    Herald,
    Hindsight,
    Json,
    Mesh,
    Meter,
    OnChange,
    PlanSource,
    Scribe,
)
from rolloutd.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What the drivers of all shards share.

    Attributes:
        installation: Who we are in the cluster, whatever the shards; ``None`` where we have no
            name that outlives us.
        source: Of all plans.
    """

    clock: Clock
    cache: WatchedCache
    installation: str | None
    herald: Herald
    metrics: Metrics
    scribes: tuple[Scribe, ...]
    meter: Meter
    hindsight: Hindsight | None
    calendar: Calendar
    source: PlanSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Drives the rollouts of one shard whenever its seat is ours.

    Attributes:
        source: Of the shard's plans.
    """

    seat: Seat
    supervisor: Supervisor
    mesh: Mesh
    source: PlanSource

    async def run(self) -> None:
        """Compete for the seat, drive, and compete again, until cancelled."""
        await self.seat.take(lambda: self.supervisor.run(self.source))


def driver(seat: Seat, common: Common) -> Driver:
    """Return the driver of a shard, subscribed to what it has to hear of."""
    cache, shard = common.cache, seat.shard
    api = RereadingApi(seat.api, cache.absorb)
    naming = Naming(installation=common.installation or "")
    mesh = IstioMesh(cache, api, epoch=seat.epoch, absorb=cache.absorb, naming=naming)
    world = World(
        clock=common.clock,
        mesh=mesh,
        workloads=CachedWorkloads(cache, api),
        herald=common.herald,
        metrics=common.metrics,
        scribes=common.scribes,
        hindsight=common.hindsight,
        estate=_estate(common, shard),
    )
    supervisor = Supervisor(world, common.meter, common.calendar)
    for kind in ("VirtualService", "DestinationRule", "Deployment"):
        cache.subscribe(kind, partial(supervisor.changed, kind))
    # Epochs of other shards are of other leaderships.
    cache.subscribe("VirtualService", _within(shard, EpochsSeen(seat.exceed).changed))
    source = PartOfPlans(common.source, shard)
    return Driver(seat=seat, supervisor=supervisor, mesh=mesh, source=source)


def _estate(common: Common, shard: Shard) -> RecordIndex | None:
    """Return what finds runs that were left behind.

    Those who compete for one lease, or share its parts, are one installation; without a lease
    nobody can tell.
    """
    if common.installation is None:
        return None
    records = RecordIndex(common.installation, shard.has)
    common.cache.subscribe("VirtualService", records.changed)
    return records


def _within(shard: Shard, listener: OnChange) -> OnChange:
    """Pass on the changes of a shard's own objects."""

    def changed(change: str, obj: Json) -> None:
        if shard.has_namespace(text(obj, "metadata", "namespace") or ""):
            listener(change, obj)

    return changed
