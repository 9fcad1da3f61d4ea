"""Probes and metrics: what the cluster asks the daemon, without a login."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

Checks = Mapping[str, Callable[[], bool]]
"""Named conditions, each cheap and without I/O."""


def ops_app(registry: CollectorRegistry, live: Checks, ready: Checks) -> web.Application:
    """Build the application for the ops listener.

    ``/livez`` says whether to restart us, ``/readyz`` whether to rely on us, ``/metrics`` is
    Prometheus's text format. Neither probe depends on Prometheus or Slack: their absence is
    no reason to restart anything.
    """
    app = web.Application()
    app.router.add_get("/livez", _probe(live))
    app.router.add_get("/readyz", _probe(ready))
    app.router.add_get("/healthz", _probe({**live, **ready}))

    async def metrics(_: web.Request) -> web.Response:
        # On a thread: with hundreds of rollouts it takes longer than a decision may wait.
        body = await asyncio.to_thread(_told, registry)
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})

    app.router.add_get("/metrics", metrics)
    return app


def _told(registry: CollectorRegistry) -> bytes:
    """Return the text, made without the garbage collector.

    A hundred thousand small objects come and go on the way, none in a cycle. They set it off a
    hundred times, once through everything there is, and it stops the event loop, too: with 500
    rollouts for 10 to 100 ms each. Whoever comes second may find it at work again; that is all.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return generate_latest(registry)
    finally:
        if was_enabled:
            gc.enable()


def _probe(checks: Checks) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.StreamResponse:
        results = {name: check() for name, check in checks.items()}
        lines = [f"[{'+' if good else '-'}] {name}" for name, good in results.items()]
        status = 200 if all(results.values()) else 503
        return web.Response(text="\n".join([*lines, ""]), status=status)

    return answer
