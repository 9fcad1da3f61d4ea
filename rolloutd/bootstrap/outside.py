"""Connections to the world outside, closed when the daemon ends."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from rolloutd.adapters.calendar import CronCalendar
from rolloutd.adapters.clock import SystemClock
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
from rolloutd.adapters.stopwatch import stopwatch
from rolloutd.bootstrap.plans import watched_plans
from rolloutd.ports import KubeApi
from rolloutd.settings import Settings
from rolloutd.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the daemon is connected to.

    Attributes:
        session: For what has no connection of its own here.
    """

    pace: Pace
    api: KubeApi
    prometheus: aiohttp.ClientSession
    envoy: aiohttp.ClientSession
    session: aiohttp.ClientSession
    calendar: CronCalendar


@asynccontextmanager
async def outside(settings: Settings, metrics: Metrics) -> AsyncIterator[Outside]:
    """Connect until the block is left.

    Raises:
        Refused: The credentials can't be used.
    """
    clock = SystemClock()
    pace = Pace(clock=clock, chance=random.Random())  # noqa: S311 - jitter is no secret
    client = connect(settings.kubeconfig, settings.context, ClientSettings(), pace)

    def timed(provider: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(trace_configs=[stopwatch(provider, clock, metrics)])

    async with AsyncExitStack() as stack:
        yield Outside(
            pace=pace,
            api=await stack.enter_async_context(client),
            prometheus=await stack.enter_async_context(timed("prometheus")),
            envoy=await stack.enter_async_context(timed("envoy")),
            session=await stack.enter_async_context(aiohttp.ClientSession()),
            calendar=await stack.enter_async_context(CronCalendar()),
        )


async def watched_cache(api: KubeApi, settings: Settings, pace: Pace) -> WatchedCache:
    """Return the cache of all kinds that rollouts look at; it is filled once it runs.

    Raises:
        Unavailable: The cluster does not answer.
        Refused: It serves no VirtualService, or no plans where plans come from it.
    """
    version = await served_version(api)
    mesh = virtual_service(version), destination_rule(version)
    resources = (*mesh, DEPLOYMENT, POD, *await watched_plans(api, settings))
    return WatchedCache(api, resources, settings.namespaces, pace, WatchSettings())
