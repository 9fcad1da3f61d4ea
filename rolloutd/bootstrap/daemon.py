"""The daemon, put together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from rolloutd.adapters.istio.epochs import EpochsSeen
from rolloutd.adapters.istio.hosts import Naming
from rolloutd.adapters.istio.mesh import IstioMesh
from rolloutd.adapters.istio.records import RecordIndex
from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.rereading import RereadingApi
from rolloutd.adapters.kubernetes.workloads import CachedWorkloads
from rolloutd.adapters.notify.fanout import Fanout
from rolloutd.adapters.notify.log import LogHerald
from rolloutd.adapters.plans.followed import FollowedPlans
from rolloutd.api.control.app import Desk, control_app
from rolloutd.api.control.broadcast import Broadcast
from rolloutd.api.control.door import Doorkeeper
from rolloutd.api.control.lead import Standby
from rolloutd.api.control.lookup import Here
from rolloutd.api.control.understudy import Understudy
from rolloutd.api.ops import ops_app
from rolloutd.bootstrap.channels import Messenger, deliveries, messengers
from rolloutd.bootstrap.desk import keeper_of
from rolloutd.bootstrap.entrance import Entrance, entrance, relay
from rolloutd.bootstrap.heartbeat import Heartbeat
from rolloutd.bootstrap.listening import listen, serve
from rolloutd.bootstrap.meters import hindsight, meters
from rolloutd.bootstrap.outside import Outside, outside, watched_cache
from rolloutd.bootstrap.plans import plans_of, status_errands
from rolloutd.bootstrap.remembrance import Remembrance, remembrance
from rolloutd.bootstrap.seat import Seat, seat_of
from rolloutd.core.units import Seconds
from rolloutd.engine.supervisor import Supervisor
from rolloutd.engine.view import View
from rolloutd.engine.world import World
from rolloutd.ports import Clock, Herald, PlanSource
from rolloutd.settings import Settings
from rolloutd.telemetry.metrics import Metrics

log = structlog.get_logger()

ALONE = "alone"
"""What the only shard of a daemon without a lease is called."""

LAST_WORDS = Seconds(5.0)
"""How long messages have when the daemon stops: well below Kubernetes' 30 s of grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running daemon, for those who look at it from the same process.

    Attributes:
        ops_url: Where probes and metrics are served.
        api_url: Where operators find it.
    """

    supervisor: Supervisor
    metrics: Metrics
    clock: Clock
    ops_url: str
    api_url: str


@asynccontextmanager
async def daemon(settings: Settings, *, herald: Herald | None = None) -> AsyncIterator[Daemon]:
    """Run the daemon until the block is left; with a ``herald``, tell that instead of the log.

    Raises:
        Refused: Credentials, tokens or the plan directory can't be used.
        Unavailable: The cluster does not answer.
    """
    async with AsyncExitStack() as stack:
        metrics = Metrics()
        world = await stack.enter_async_context(outside(settings, metrics))
        front = stack.enter_context(entrance(settings.api, world.pace.clock))
        parts = await _parts(settings, world, front, metrics, herald or LogHerald())
        ops_url = await _open(stack, settings, front, parts)
        stack.push_async_callback(_take_leave, parts)
        async with asyncio.TaskGroup() as group:
            work = group.create_task(_work(parts), name="daemon")
            try:
                yield Daemon(
                    supervisor=parts.supervisor,
                    metrics=parts.metrics,
                    clock=parts.clock,
                    ops_url=ops_url,
                    api_url=front.url,
                )
            finally:
                work.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The daemon's parts.

    Attributes:
        messengers: Have the last word when everything else has ended.
        errands: Tasks beside the supervisor, by name, that run whether we lead or not.
    """

    clock: Clock
    metrics: Metrics
    cache: WatchedCache
    seat: Seat
    source: PlanSource
    understudy: Understudy
    supervisor: Supervisor
    keeper: Doorkeeper
    broadcast: Broadcast
    heartbeat: Heartbeat
    messengers: Sequence[Messenger]
    remembrance: Remembrance
    errands: Sequence[tuple[str, Callable[[], Coroutine[object, object, None]]]]


async def _parts(
    settings: Settings, world: Outside, front: Entrance, metrics: Metrics, herald: Herald
) -> _Parts:
    clock = world.pace.clock
    cache = await watched_cache(world.api, settings, world.pace)
    seat = seat_of(world.api, settings.lease, world.pace, front.advertised)
    told = messengers(settings.notify, world, cache, metrics)
    broadcast, heartbeat = Broadcast(clock), Heartbeat(clock, metrics)
    api = RereadingApi(seat.api, cache.absorb)
    kept = remembrance(settings, world, seat, metrics)
    naming = Naming(installation=settings.lease or "")
    ports = World(
        clock=clock,
        mesh=IstioMesh(cache, api, epoch=seat.epoch, absorb=cache.absorb, naming=naming),
        workloads=CachedWorkloads(cache, api),
        herald=Fanout((herald, broadcast), messengers=told),
        metrics=metrics,
        scribes=kept.scribes,
        hindsight=hindsight(settings.meter, world),
        estate=_estate(settings, cache),
    )
    plans = plans_of(settings, cache, clock)
    source, understudy = FollowedPlans(plans.source), Understudy(ports.mesh, clock)
    supervisor = Supervisor(ports, meters(settings.meter, world), world.calendar)
    _follow(cache, supervisor, seat)

    return _Parts(
        clock=clock,
        metrics=metrics,
        cache=cache,
        seat=seat,
        source=source,
        understudy=understudy,
        supervisor=supervisor,
        keeper=keeper_of(settings.api, world.api, clock),
        broadcast=broadcast,
        heartbeat=heartbeat,
        messengers=told,
        remembrance=kept,
        errands=[
            *(("heartbeat", heartbeat.run), ("cache", cache.run)),
            ("broadcast", lambda: broadcast.run(partial(_led, supervisor, seat))),
            *(*plans.errands, *kept.errands),
            ("plans", source.run),
            ("understudy", lambda: understudy.run(source)),
            *(() if front.tls is None else (("certificate", front.tls.follow),)),
            *status_errands(plans, seat, supervisor.views, clock),
            *deliveries(told, clock),
        ],
    )


def _follow(cache: WatchedCache, supervisor: Supervisor, seat: Seat) -> None:
    """Let the rollouts, and our leadership, hear of changes in the cluster."""
    for kind in ("VirtualService", "DestinationRule", "Deployment"):
        cache.subscribe(kind, partial(supervisor.changed, kind))
    cache.subscribe("VirtualService", EpochsSeen(seat.exceed).changed)


def _estate(settings: Settings, cache: WatchedCache) -> RecordIndex | None:
    """Return what finds runs that were left behind.

    Those who compete for one lease are one installation; without a lease nobody can tell.
    """
    if settings.lease is None:
        return None
    records = RecordIndex(settings.lease)
    cache.subscribe("VirtualService", records.changed)
    return records


def _led(supervisor: Supervisor, seat: Seat) -> list[View] | None:
    """Return what is to be seen where we lead."""
    return supervisor.views() if seat.leads() else None


async def _open(
    stack: AsyncExitStack, settings: Settings, front: Entrance, parts: _Parts
) -> str:
    """Open the listeners; return the URL of the probes."""
    ready = {
        "cache-synced": lambda: parts.cache.is_synced,
        "plans-read-or-standby": lambda: parts.supervisor.has_read() or not parts.seat.leads(),
    }
    live = {"event-loop": parts.heartbeat.is_beating}
    # Asked whenever somebody looks, so that no lost lease is shown as held.
    leading = parts.metrics.leader.labels(settings.lease or ALONE)
    leading.set_function(lambda: float(parts.seat.leads()))
    ops = ops_app(parts.metrics.registry, live, ready)
    leader = await stack.enter_async_context(relay(parts.seat.leader, front.tls))
    history = parts.remembrance.history
    control = control_app(
        Desk(
            supervisor=parts.supervisor,
            keeper=parts.keeper,
            broadcast=parts.broadcast,
            leads=parts.seat.leads,
            standby=Standby(relay=leader, understudy=parts.understudy, archive=history),
            archive=history,
            here=Here(cluster=settings.api.cluster, replica=socket.gethostname()),
        )
    )
    tls = None if front.tls is None else front.tls.context
    await stack.enter_async_context(serve(control, front.held, tls))
    return await stack.enter_async_context(listen(ops, settings.ops.host, settings.ops.port))


async def _take_leave(parts: _Parts) -> None:
    """Let the words of the last second arrive; whoever stops us waits some time for that."""
    async with asyncio.TaskGroup() as group:
        for messenger in parts.messengers:
            group.create_task(messenger.drain(LAST_WORDS), name="last words")
        for drain in parts.remembrance.drains:
            group.create_task(drain(LAST_WORDS), name="last lines")


async def _work(parts: _Parts) -> None:
    async with asyncio.TaskGroup() as group:
        for name, errand in parts.errands:
            group.create_task(errand(), name=name)
        # Before the caches are filled, absence means nothing: nobody may decide.
        await parts.cache.synced()
        log.info("caches_synced")
        await parts.seat.take(lambda: parts.supervisor.run(parts.source))
