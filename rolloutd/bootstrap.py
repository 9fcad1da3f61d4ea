"""The composition root: the only module that names concrete classes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog
from aiohttp import web

from rolloutd.adapters.calendar import CronCalendar
from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.envoy.meter import EnvoyMeter
from rolloutd.adapters.istio.mesh import IstioMesh
from rolloutd.adapters.kubernetes.api import connect
from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.paths import (
    DEPLOYMENT,
    POD,
    destination_rule,
    served_version,
    virtual_service,
)
from rolloutd.adapters.kubernetes.settings import ClientSettings, WatchSettings
from rolloutd.adapters.kubernetes.workloads import CachedWorkloads
from rolloutd.adapters.notify.log import LogHerald
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
from rolloutd.ports import Clock, Herald, KubeApi, Meter, PlanSource
from rolloutd.settings import MeterSettings, OpsSettings, Settings
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
        clock, metrics = SystemClock(), Metrics()
        pace = Pace(clock=clock, chance=random.Random())  # noqa: S311 - jitter is no secret
        api = await stack.enter_async_context(
            connect(settings.kubeconfig, settings.context, ClientSettings(), pace)
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        calendar = await stack.enter_async_context(CronCalendar())
        cache = await _cache(api, settings, pace)
        world = World(
            clock=clock,
            mesh=IstioMesh(cache, api, epoch=lambda: None, absorb=cache.absorb),
            workloads=CachedWorkloads(cache, api),
            herald=herald or LogHerald(),
            metrics=metrics,
        )
        supervisor = Supervisor(world, _meters(settings.meter, session, clock), calendar)
        for kind in ("VirtualService", "DestinationRule", "Deployment"):
            cache.subscribe(kind, _changes_of(kind, supervisor))
        heartbeat = _Heartbeat(clock, metrics)
        ready = {"cache-synced": lambda: cache.is_synced, "plans-read": supervisor.has_read}
        app = ops_app(metrics.registry, {"event-loop": heartbeat.is_beating}, ready)
        url = await stack.enter_async_context(_listen(app, settings.ops))
        source = PlanDirectory(settings.plans, clock)
        async with asyncio.TaskGroup() as group:
            work = group.create_task(_work(cache, heartbeat, supervisor, source), name="daemon")
            try:
                yield Daemon(supervisor=supervisor, metrics=metrics, clock=clock, ops_url=url)
            finally:
                work.cancel()


async def _work(
    cache: WatchedCache, heartbeat: _Heartbeat, supervisor: Supervisor, source: PlanSource
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(heartbeat.run(), name="heartbeat")
        group.create_task(cache.run(), name="cache")
        # Before the caches are filled, absence means nothing: nobody may decide.
        await cache.synced()
        log.info("caches_synced")
        await supervisor.run(source)


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


def _changes_of(kind: str, supervisor: Supervisor) -> Callable[[str, dict[str, object]], None]:
    return lambda _, obj: supervisor.changed(kind, obj)


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
