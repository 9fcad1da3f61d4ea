"""A real Prometheus takes what we export, and answers every question of the dashboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import generate_latest

from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Seconds
from rolloutd.telemetry.metrics import Metrics
from tests.fakes.endpoint import FakeEndpoint, served
from tests.grafana.exported import busy, grow
from tests.grafana.programs import objections
from tests.grafana.promql import filled
from tests.grafana.test_dashboard import exprs, shown, title_of
from tests.integration.prometheus_process import prometheus

pytestmark = pytest.mark.real

PATIENCE = Seconds(30.0)


@asynccontextmanager
async def exported(metrics: Metrics) -> AsyncIterator[str]:
    """Serve metrics that grow with every scrape; yield ``HOST:PORT``."""

    async def answer(request: web.Request) -> web.StreamResponse:
        del request
        grow(metrics)
        return web.Response(body=generate_latest(metrics.registry))

    async with served(FakeEndpoint(handler=answer)) as endpoint:
        yield endpoint.url.removeprefix("http://")


async def answers(url: str, expr: str) -> int:
    """Return how many series a query gives; fail if Prometheus does not understand it."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/api/v1/query", params={"query": filled(expr)}) as response,
    ):
        answer = await response.json()
    assert answer["status"] == "success", answer
    return len(answer["data"]["result"])


async def test_no_panel_is_empty_when_there_is_something_to_show(tmp_path: Path) -> None:
    """The nearest thing to looking at it."""
    clock = SystemClock()
    wanted = {title_of(panel): exprs(panel) for panel in shown()}
    async with exported(busy()) as target, prometheus(tmp_path, [target]) as url:
        end = clock.now() + PATIENCE
        empty = dict(wanted)
        while empty and clock.now() < end:
            await clock.sleep(Seconds(0.5))
            empty = {
                title: missing
                for title, asked in empty.items()
                if (missing := [expr for expr in asked if not await answers(url, expr)])
            }

    assert empty == {}


def test_prometheus_finds_nothing_to_object_to_in_our_metrics() -> None:
    """Names, units, helps: by the rules of those who read them."""
    assert objections(generate_latest(busy().registry)) == ""
