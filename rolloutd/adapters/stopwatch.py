"""Times the requests of a session: how fast and how well a provider answers."""

from __future__ import annotations

from types import SimpleNamespace

import aiohttp

from rolloutd.core.units import elapsed
from rolloutd.ports import Clock
from rolloutd.telemetry.metrics import Metrics


def stopwatch(provider: str, clock: Clock, metrics: Metrics) -> aiohttp.TraceConfig:
    """Return what a session needs to time its requests.

    A request ends with the head of its answer; whatever is not a 2xx, and one that is given
    up, is an error.
    """
    metrics.admit_provider(provider)

    def observe(request: SimpleNamespace, outcome: str) -> None:
        took = elapsed(request.began, clock.now())
        metrics.provider_seconds.labels(provider, outcome).observe(took)

    async def start(
        _: aiohttp.ClientSession, request: SimpleNamespace, __: aiohttp.TraceRequestStartParams
    ) -> None:
        request.began = clock.now()

    async def end(
        _: aiohttp.ClientSession, request: SimpleNamespace, told: aiohttp.TraceRequestEndParams
    ) -> None:
        observe(request, "ok" if 200 <= told.response.status < 300 else "error")

    async def fail(
        _: aiohttp.ClientSession,
        request: SimpleNamespace,
        __: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        observe(request, "error")

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(start)
    trace.on_request_end.append(end)
    trace.on_request_exception.append(fail)
    return trace
