"""What counts the requests dies; the rollout waits and says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rolloutd.bootstrap.listening import reserve
from rolloutd.core.units import Percent, Seconds
from tests.integration.prometheus_process import prometheus
from tests.processes.world import World, a_world

LAST_SCRAPE = Seconds(3.0)
"""How long a step may still be taken for what was counted before: three samples."""

pytestmark = [pytest.mark.real, pytest.mark.timeout(480)]


def asks_prometheus(world: World) -> None:
    """Let the story's plan count by Prometheus in place of Envoy."""
    plan = world.here.cluster.plans / "data-product.yaml"
    lines = [
        "  metrics: {source: envoyCluster, port: 9090}" if "metrics:" in line else line
        for line in plan.read_text().splitlines()
    ]
    plan.write_text("\n".join(lines))


@asynccontextmanager
async def counted(world: World, folder: Path, port: int) -> AsyncIterator[str]:
    """Run a Prometheus that scrapes the world; yields its URL."""
    stats = urlsplit(world.here.traffic.stats_url)
    async with prometheus(folder, [stats.netloc], path=stats.path, port=port) as url:
        yield url


async def test_without_prometheus_nothing_moves_and_with_it_all_goes_on(
    tmp_path: Path,
) -> None:
    """Blind is neither good nor bad: no step forward, and none back."""
    async with a_world() as world:
        asks_prometheus(world)
        for folder in ("before", "after"):
            (tmp_path / folder).mkdir()
        with reserve("127.0.0.1", 0) as held:
            port = held.getsockname()[1]
            async with counted(world, tmp_path / "before", port) as url:
                await world.replica("--prometheus", url, lease=None)
                await world.reach(Percent(10))
            await world.nap(LAST_SCRAPE)
            stood = world.shares()
            await world.nap(Seconds(12.0))
            meanwhile = world.shares()
            async with counted(world, tmp_path / "after", port):
                await world.reach(Percent(100))

        assert meanwhile == stood
        assert stood[-1] < 100
        assert world.shares() == [0, 10, 50, 75, 100]
        assert world.here.traffic.ledger.failures() == 0
