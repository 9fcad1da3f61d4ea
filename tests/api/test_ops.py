"""Probes and metrics, over a real socket."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp.test_utils import TestServer

from rolloutd.api.ops import Checks, ops_app
from rolloutd.telemetry.metrics import Metrics


@asynccontextmanager
async def ops(
    live: Checks, ready: Checks, metrics: Metrics | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    registry = (metrics or Metrics()).registry
    async with (
        TestServer(ops_app(registry, live, ready)) as server,
        aiohttp.ClientSession(base_url=str(server.make_url("/"))) as session,
    ):
        yield session


async def get(session: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with session.get(path) as answer:
        return answer.status, await answer.text()


async def test_probes_tell_their_own_checks() -> None:
    """A daemon that is not ready is not dead."""
    async with ops({"loop": lambda: True}, {"caches": lambda: False}) as session:
        assert await get(session, "/livez") == (200, "[+] loop\n")
        assert await get(session, "/readyz") == (503, "[-] caches\n")
        assert (await get(session, "/healthz"))[0] == 503


async def test_metrics_are_served_as_text() -> None:
    """In the format that every Prometheus reads."""
    async with ops({}, {}) as session:
        status, text = await get(session, "/metrics")

    assert status == 200
    assert "rolloutd_build_info" in text


async def test_a_scrape_does_not_set_off_the_garbage_collector() -> None:
    """It would stop the loop for as long as it takes, a hundred times a scrape."""
    metrics = Metrics()
    metrics.leader.labels("alone").set_function(lambda: float(gc.isenabled()))
    async with ops({}, {}, metrics) as session:
        _, text = await get(session, "/metrics")

    assert 'rolloutd_leader{shard="alone"} 0.0' in text
    assert gc.isenabled()


async def test_the_collector_is_at_work_again_after_a_scrape_that_failed() -> None:
    """Without it, cycles would fill the memory."""
    metrics = Metrics()

    def broken() -> float:
        raise ValueError("a bug")

    metrics.leader.labels("alone").set_function(broken)
    async with ops({}, {}, metrics) as session:
        status, _ = await get(session, "/metrics")

    assert status == 500
    assert gc.isenabled()


async def test_a_process_that_does_without_the_collector_still_does_after_a_scrape() -> None:
    """It is not ours to set to work."""
    gc.disable()
    try:
        async with ops({}, {}) as session:
            await get(session, "/metrics")
        enabled = gc.isenabled()
    finally:
        gc.enable()

    assert not enabled


async def test_decisions_do_not_wait_for_a_scrape() -> None:
    """With hundreds of rollouts the text takes longer to write than a decision may take."""
    metrics, decided = Metrics(), threading.Event()

    def once_decided() -> float:
        return float(decided.wait(timeout=10.0))

    metrics.leader.labels("alone").set_function(once_decided)
    async with ops({}, {}, metrics) as session, asyncio.TaskGroup() as group:
        scrape = group.create_task(get(session, "/metrics"))
        # Answered while the scrape waits for us: the loop is not in it.
        assert (await get(session, "/livez"))[0] == 200
        decided.set()

    assert 'rolloutd_leader{shard="alone"} 1.0' in scrape.result()[1]
