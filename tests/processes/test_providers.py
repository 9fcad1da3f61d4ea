"""What counts the requests dies; the rollout waits and says so."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rolloutd.core.units import Percent, Seconds
from tests.integration.prometheus_process import free_port, prometheus
from tests.processes.world import World, a_world

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


def asks_prometheus(world: World) -> None:
    """Let the story's plan count by Prometheus in place of Envoy."""
    plan = world.here.cluster.plans / "data-product.yaml"
    lines = [
        "  metrics: {source: envoyCluster, port: 9090}" if "metrics:" in line else line
        for line in plan.read_text().splitlines()
    ]
    plan.write_text("\n".join(lines))


async def test_without_prometheus_nothing_moves_and_with_it_all_goes_on(
    tmp_path: Path,
) -> None:
    """Blind is neither good nor bad: no step forward, and none back."""
    async with a_world() as world:
        asks_prometheus(world)
        stats, port = urlsplit(world.here.traffic.stats_url), free_port()
        for folder in ("before", "after"):
            (tmp_path / folder).mkdir()
        async with prometheus(
            tmp_path / "before", [stats.netloc], path=stats.path, port=port
        ) as url:
            await world.replica("--prometheus", url, lease=None)
            await world.reach(Percent(50))
        await world.nap(Seconds(15.0))
        meanwhile = world.shares()[-1]
        async with prometheus(tmp_path / "after", [stats.netloc], path=stats.path, port=port):
            await world.reach(Percent(100))

        assert meanwhile == 50
        assert world.shares() == [0, 10, 50, 75, 100]
        assert world.here.traffic.ledger.failures() == 0
