"""The daemon, put together."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.notify.fanout import Fanout
from rolloutd.adapters.notify.log import LogHerald
from rolloutd.adapters.plans.followed import FollowedPlans
from rolloutd.api.control.app import Desk, control_app
from rolloutd.api.control.broadcast import Broadcast
from rolloutd.api.control.door import Doorkeeper
from rolloutd.api.control.fleet import Chair, Fleet, Watch
from rolloutd.api.control.lead import Standby
from rolloutd.api.control.lookup import Here
from rolloutd.api.control.understudy import Understudy
from rolloutd.api.ops import ops_app
from rolloutd.bootstrap.channels import Messenger, messengers
from rolloutd.bootstrap.desk import keeper_of
from rolloutd.bootstrap.drivers import Common, Driver, driver
from rolloutd.bootstrap.entrance import Entrance, entrance, relays
from rolloutd.bootstrap.heartbeat import Heartbeat
from rolloutd.bootstrap.listening import listen, serve
from rolloutd.bootstrap.meters import hindsight, meters
from rolloutd.bootstrap.outside import outside, watched_cache
from rolloutd.bootstrap.plans import Errand, Plans, plans_of, status_errands
from rolloutd.bootstrap.remembrance import Remembrance, remembrance
from rolloutd.bootstrap.seat import Seat, seats_of
from rolloutd.core.plan import Key
from rolloutd.core.shards import shard_of
from rolloutd.core.units import Seconds
from rolloutd.engine.supervisor import keep_going
from rolloutd.ports import Clock, Herald
from rolloutd.settings import Settings
from rolloutd.telemetry.metrics import Metrics

log = structlog.get_logger()

LAST_WORDS = Seconds(5.0)
"""How long messages have when the daemon stops: well below Kubernetes' 30 s of grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running daemon, for those who look at it from the same process.

    Attributes:
        ops_url: Where probes and metrics are served.
        api_url: Where operators find it.
    """

    fleet: Fleet
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
        parts = await _parts(stack, settings, herald or LogHerald())
        ops_url = await _open(stack, settings, parts)
        stack.push_async_callback(_take_leave, parts)
        async with asyncio.TaskGroup() as group:
            work = group.create_task(_work(parts), name="daemon")
            try:
                yield Daemon(
                    fleet=parts.fleet,
                    metrics=parts.metrics,
                    clock=parts.clock,
                    ops_url=ops_url,
                    api_url=parts.front.url,
                )
            finally:
                work.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The daemon's parts.

    Attributes:
        messengers: Have the last word when everything else has ended.
        source: Of all plans.
    """

    clock: Clock
    metrics: Metrics
    front: Entrance
    cache: WatchedCache
    drivers: Sequence[Driver]
    fleet: Fleet
    understudy: Understudy
    keeper: Doorkeeper
    broadcast: Broadcast
    heartbeat: Heartbeat
    messengers: Sequence[Messenger]
    remembrance: Remembrance
    plans: Plans
    source: FollowedPlans


async def _parts(stack: AsyncExitStack, settings: Settings, herald: Herald) -> _Parts:
    metrics = Metrics()
    world = await stack.enter_async_context(outside(settings, metrics))
    clock = world.pace.clock
    front = stack.enter_context(entrance(settings.api, clock))
    cache = await watched_cache(world.api, settings, world.pace)
    seats = seats_of(world.api, settings, world.pace, front.advertised)
    told = messengers(settings.notify, world, cache, metrics)
    broadcast, heartbeat = Broadcast(clock, secrets.token_hex(3)), Heartbeat(clock, metrics)
    kept = remembrance(settings, world, partial(_epoch, seats), metrics)
    plans = plans_of(settings, cache, clock)
    source = FollowedPlans(plans.source)
    common = Common(
        clock=clock,
        cache=cache,
        installation=settings.lease,
        herald=Fanout((herald, broadcast), messengers=told),
        metrics=metrics,
        scribes=kept.scribes,
        meter=meters(settings.meter, world),
        hindsight=hindsight(settings.meter, world),
        calendar=world.calendar,
        source=source,
    )
    drivers = [driver(seat, common) for seat in seats]
    fleet = await _fleet(stack, drivers, front)
    # Only looks, which needs no seat.
    understudy = Understudy(drivers[0].mesh, clock)

    return _Parts(
        clock=clock,
        metrics=metrics,
        front=front,
        cache=cache,
        drivers=drivers,
        fleet=fleet,
        understudy=understudy,
        keeper=keeper_of(settings.api, world.api, clock),
        broadcast=broadcast,
        heartbeat=heartbeat,
        messengers=told,
        remembrance=kept,
        plans=plans,
        source=source,
    )


def _epoch(seats: Sequence[Seat], key: Key) -> int | None:
    """Return the number of our leadership of a rollout."""
    return seats[shard_of(key.namespace, len(seats))].epoch()


async def _fleet(stack: AsyncExitStack, drivers: Sequence[Driver], front: Entrance) -> Fleet:
    asked = relays([each.seat.leader for each in drivers], front.tls)
    return Fleet(
        [
            Chair(
                name=each.seat.name,
                supervisor=each.supervisor,
                leads=each.seat.leads,
                relay=relay,
            )
            for each, relay in zip(drivers, await stack.enter_async_context(asked), strict=True)
        ]
    )


async def _open(stack: AsyncExitStack, settings: Settings, parts: _Parts) -> str:
    """Open the listeners; return the URL of the probes."""
    ready = {
        "cache-synced": lambda: parts.cache.is_synced,
        "plans-read-or-standby": parts.fleet.has_read,
    }
    live = {"event-loop": parts.heartbeat.is_beating}
    for chair in parts.fleet.chairs:
        # Asked whenever somebody looks, so that no lost lease is shown as held.
        parts.metrics.leader.labels(chair.name).set_function(chair.leads)
    ops = ops_app(parts.metrics.registry, live, ready)
    history, front = parts.remembrance.history, parts.front
    control = control_app(
        Desk(
            fleet=parts.fleet,
            keeper=parts.keeper,
            broadcast=parts.broadcast,
            clock=parts.clock,
            standby=Standby(understudy=parts.understudy, archive=history),
            archive=history,
            here=Here(cluster=settings.api.cluster, replica=socket.gethostname()),
        )
    )
    tls = None if front.tls is None else front.tls.context
    await stack.enter_async_context(serve(control, front.held, tls))
    return await stack.enter_async_context(listen(ops, settings.ops.host, settings.ops.port))


def _errands(parts: _Parts) -> Sequence[Errand]:
    """Return the tasks that decisions rest on, whether we lead or not.

    One that fails ends the daemon: another replica decides better than we do without it.
    """
    return [
        *(("heartbeat", parts.heartbeat.run), ("cache", parts.cache.run)),
        *(*parts.plans.errands, ("plans", parts.source.run)),
    ]


def _bystanders(parts: _Parts) -> Sequence[Errand]:
    """Return the tasks that show, tell and keep: a bug in one leaves no canary alone."""
    tls = parts.front.tls
    errands: Sequence[Errand] = [
        ("broadcast", partial(parts.broadcast.run, Watch(parts.fleet).views)),
        ("understudy", partial(parts.understudy.run, parts.source)),
        *(() if tls is None else (("certificate", tls.follow),)),
        *parts.remembrance.errands,
        *status_errands(parts.plans, parts.drivers, parts.clock),
        *(("messenger", each.run) for each in parts.messengers),
    ]
    return [(name, partial(keep_going, name, work, parts.clock)) for name, work in errands]


async def _take_leave(parts: _Parts) -> None:
    """Let the words of the last second arrive; whoever stops us waits some time for that."""
    async with asyncio.TaskGroup() as group:
        for messenger in parts.messengers:
            group.create_task(messenger.drain(LAST_WORDS), name="last words")
        for drain in parts.remembrance.drains:
            group.create_task(drain(LAST_WORDS), name="last lines")


async def _work(parts: _Parts) -> None:
    async with asyncio.TaskGroup() as group:
        for name, errand in (*_errands(parts), *_bystanders(parts)):
            group.create_task(errand(), name=name)
        # Before the caches are filled, absence means nothing: nobody may decide.
        await parts.cache.synced()
        log.info("caches_synced")
        for each in parts.drivers:
            group.create_task(each.run(), name=f"driver of {each.seat.name}")
