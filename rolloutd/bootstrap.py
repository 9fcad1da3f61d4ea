"""The composition root: the only module that names concrete classes."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import aiohttp
import structlog
from aiohttp import web

from rolloutd.adapters.calendar import CronCalendar
from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.envoy.meter import EnvoyMeter
from rolloutd.adapters.istio.mesh import IstioMesh
from rolloutd.adapters.kubernetes.api import connect
from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.claim import Candidate
from rolloutd.adapters.kubernetes.elector import Elector
from rolloutd.adapters.kubernetes.fenced import FencedApi
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.paths import (
    DEPLOYMENT,
    POD,
    destination_rule,
    served_version,
    virtual_service,
)
from rolloutd.adapters.kubernetes.rereading import RereadingApi
from rolloutd.adapters.kubernetes.settings import ClientSettings, LeaseSettings, WatchSettings
from rolloutd.adapters.kubernetes.workloads import CachedWorkloads
from rolloutd.adapters.notify.courier import Courier, Desk
from rolloutd.adapters.notify.fanout import Fanout
from rolloutd.adapters.notify.letter import SecretFile, Sink
from rolloutd.adapters.notify.log import LogHerald
from rolloutd.adapters.notify.post import Post
from rolloutd.adapters.notify.slack import SlackSink
from rolloutd.adapters.notify.webhook import WebhookSink
from rolloutd.adapters.plans.directory import PlanDirectory
from rolloutd.adapters.prometheus.meter import PrometheusMeter
from rolloutd.api.ops import ops_app
from rolloutd.core.plan import (
    CallerMetrics,
    EnvoyClusterMetrics,
    IstioMetrics,
    MetricsSource,
    SidecarMetrics,
)
from rolloutd.core.units import Instant, Seconds, elapsed
from rolloutd.engine.meters import Meters
from rolloutd.engine.supervisor import Supervisor
from rolloutd.engine.world import World
from rolloutd.errors import Refused
from rolloutd.ports import Clock, Herald, KubeApi, Meter
from rolloutd.settings import MeterSettings, NotifySettings, OpsSettings, Settings
from rolloutd.telemetry.metrics import Metrics

log = structlog.get_logger()

BEAT = Seconds(1.0)
"""Time between two heartbeats of the event loop."""

DEAD = Seconds(30.0)
"""Without a heartbeat for this long the loop hangs: the probe asks for a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running daemon, for those who look at it from the same process.

    Attributes:
        ops_url: Where probes and metrics are served.
    """

    supervisor: Supervisor
    metrics: Metrics
    clock: Clock
    ops_url: str


@asynccontextmanager
async def daemon(settings: Settings, *, herald: Herald | None = None) -> AsyncIterator[Daemon]:
    """Run the daemon until the block is left.

    Raises:
        Refused: Credentials or the plan directory can't be used.
        Unavailable: The cluster does not answer.
    """
    async with AsyncExitStack() as stack:
        outside = await _outside(stack, settings)
        clock, metrics = outside.pace.clock, Metrics()
        cache = await _cache(outside.api, settings, outside.pace)
        seat = _seat(outside.api, settings.lease, outside.pace)
        world = _world(RereadingApi(seat.api, cache.absorb), cache, seat, metrics, clock)
        couriers = _couriers(settings.notify, outside.session, clock, metrics)
        world = replace(world, herald=Fanout((herald or world.herald, *couriers)))
        meter = _meters(settings.meter, outside.session, clock)
        supervisor = Supervisor(world, meter, outside.calendar)
        _subscribe(supervisor, cache)
        heartbeat = _Heartbeat(clock, metrics)
        ready = {
            "cache-synced": lambda: cache.is_synced,
            "plans-read-or-standby": lambda: supervisor.has_read() or not seat.leads(),
        }
        app = ops_app(metrics.registry, {"event-loop": heartbeat.is_beating}, ready)
        url = await stack.enter_async_context(_listen(app, settings.ops))
        source = PlanDirectory(settings.plans, clock)
        async with asyncio.TaskGroup() as group:
            lead = _work(cache, heartbeat, seat, couriers, lambda: supervisor.run(source))
            work = group.create_task(lead, name="daemon")
            try:
                yield Daemon(supervisor=supervisor, metrics=metrics, clock=clock, ops_url=url)
            finally:
                work.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outside:
    """Connections that are closed when the daemon ends."""

    pace: Pace
    api: KubeApi
    session: aiohttp.ClientSession
    calendar: CronCalendar


async def _outside(stack: AsyncExitStack, settings: Settings) -> _Outside:
    pace = Pace(clock=SystemClock(), chance=random.Random())  # noqa: S311 - jitter is no secret
    client = connect(settings.kubeconfig, settings.context, ClientSettings(), pace)
    return _Outside(
        pace=pace,
        api=await stack.enter_async_context(client),
        session=await stack.enter_async_context(aiohttp.ClientSession()),
        calendar=await stack.enter_async_context(CronCalendar()),
    )


def _world(
    api: KubeApi, cache: WatchedCache, seat: _Seat, metrics: Metrics, clock: Clock
) -> World:
    return World(
        clock=clock,
        mesh=IstioMesh(cache, api, epoch=seat.epoch, absorb=cache.absorb),
        workloads=CachedWorkloads(cache, api),
        herald=LogHerald(),
        metrics=metrics,
    )


async def _work(
    cache: WatchedCache,
    heartbeat: _Heartbeat,
    seat: _Seat,
    couriers: Sequence[Courier],
    lead: Callable[[], Awaitable[None]],
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(heartbeat.run(), name="heartbeat")
        group.create_task(cache.run(), name="cache")
        for courier in couriers:
            group.create_task(courier.run(), name="courier")
        # Before the caches are filled, absence means nothing: nobody may decide.
        await cache.synced()
        log.info("caches_synced")
        await seat.take(lead)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    """The right to write: shared among replicas, or simply ours.

    Attributes:
        api: Refuses to write without that right.
        epoch: Number of our leadership, if there is a competition.
        leads: Whether we have the right at this moment.
        take: Runs something for as long as we have it.
    """

    api: KubeApi
    epoch: Callable[[], int | None]
    leads: Callable[[], bool]
    take: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


def _seat(api: KubeApi, lease: str | None, pace: Pace) -> _Seat:
    if lease is None:
        return _Seat(api=api, epoch=lambda: None, leads=lambda: True, take=lambda work: work())
    namespace, _, name = lease.partition("/")
    if not (namespace and name):
        raise Refused(f"--lease {lease}: a lease is named NAMESPACE/NAME")
    identity = f"{socket.gethostname()}_{secrets.token_hex(4)}"
    candidate = Candidate(namespace=namespace, name=name, identity=identity)
    elector = Elector(api, candidate, pace, LeaseSettings())

    async def take(work: Callable[[], Awaitable[None]]) -> None:
        async def lead(epoch: int) -> None:
            log.info("leading", lease=lease, identity=identity, epoch=epoch)
            await work()

        await elector.run(lead)

    return _Seat(
        api=FencedApi(api, elector.is_leader, ClientSettings().deadline),
        epoch=lambda: elector.epoch,
        leads=elector.is_leader,
        take=take,
    )


async def _cache(api: KubeApi, settings: Settings, pace: Pace) -> WatchedCache:
    version = await served_version(api)
    resources = (virtual_service(version), destination_rule(version), DEPLOYMENT, POD)
    return WatchedCache(api, resources, settings.namespaces, pace, WatchSettings())


def _meters(settings: MeterSettings, session: aiohttp.ClientSession, clock: Clock) -> Meter:
    envoy = EnvoyMeter(session, clock)
    by_source: dict[type[MetricsSource], Meter] = {SidecarMetrics: envoy, CallerMetrics: envoy}
    if settings.prometheus is None:
        return Meters(by_source)
    prometheus = PrometheusMeter(session, settings.prometheus, clock)
    by_source |= {IstioMetrics: prometheus, EnvoyClusterMetrics: prometheus}
    return Meters(by_source, prometheus)


def _couriers(
    settings: NotifySettings, session: aiohttp.ClientSession, clock: Clock, metrics: Metrics
) -> Sequence[Courier]:
    desk = Desk(post=Post(session), clock=clock, metrics=metrics)
    return [Courier(sink, desk) for sink in sinks(settings)]


def sinks(settings: NotifySettings) -> Sequence[Sink]:
    """Return a sink for every channel that the settings have."""
    channels: list[Sink] = []
    if settings.slack_url_file is not None:
        channels.append(SlackSink(SecretFile(settings.slack_url_file)))
    if settings.webhook_url is not None:
        file = settings.webhook_secret_file
        secret = None if file is None else SecretFile(file)
        channels.append(WebhookSink(settings.webhook_url, secret))
    return channels


def _subscribe(supervisor: Supervisor, cache: WatchedCache) -> None:
    for kind in ("VirtualService", "DestinationRule", "Deployment"):
        cache.subscribe(kind, partial(supervisor.changed, kind))


class _Heartbeat:
    """Proves that the event loop turns, and measures how late it does."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._last: Instant = clock.now()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            began = self._clock.now()
            await self._clock.sleep(BEAT)
            self._last = self._clock.now()
            lag = max(0.0, elapsed(began, self._last) - BEAT)
            self._metrics.loop_lag.observe(lag)

    def is_beating(self) -> bool:
        """Say whether the last beat is recent."""
        return elapsed(self._last, self._clock.now()) < DEAD


@asynccontextmanager
async def _listen(app: web.Application, settings: OpsSettings) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, shutdown_timeout=1.0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
