"""``rolloutd backtest --prometheus``, asking a real Prometheus about its past."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner, Result

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.prometheus.hindsight import PrometheusHindsight
from rolloutd.cli.backtest import backtest
from rolloutd.core.plan import IstioMetrics, Reporter
from rolloutd.core.target import ArmTarget
from rolloutd.core.units import Instant
from tests.fakes.targets import target
from tests.integration.prometheus_process import program, prometheus

pytestmark = [pytest.mark.real, pytest.mark.timeout(90)]

PLAN = """\
apiVersion: rolloutd.io/v1alpha1
kind: RolloutPlan
metadata: {name: shop, namespace: default}
spec:
  virtualService: {name: shop}
  stable: {subset: v1, deployment: shop-v1}
  canary: {subset: v2, deployment: shop-v2}
  steps:
    - {weight: 10, hold: 1m}
    - {weight: 50, hold: 1m}
    - {weight: 100}
  metrics: {source: istio}
  gates:
    - {name: success, type: successRate, min: 99%, vsStable: {maxDrop: 0.5pp}}
    - {name: latency-p99, type: latency, quantile: 0.99, max: 500ms}
    - {name: queue, type: promql, query: "max(queue_length)", max: 5}
"""

AGO = 7200
"""Seconds since the recording began."""

QUIET = 1800
LASTS = 2700
BAD_AFTER = 120
"""Seconds: of history, of it all, and from the canary's first request to its first failure."""

SHOP = dataclasses.replace(
    target(IstioMetrics(reporter=Reporter.SOURCE), latency=True),
    stable=ArmTarget(workload="shop-v1", host="shop", subset="v1"),
    canary=ArmTarget(workload="shop-v2", host="shop", subset="v2"),
)

EVERY = 5
EDGES = ("10", "100", "1000", "+Inf")


class Counters:
    """Istio's series of both versions, as scraped every five seconds."""

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self._values: dict[str, float] = {}
        self._lines: dict[str, list[str]] = {}

    def add(self, family: str, labels: str, amount: float) -> None:
        name = f'{family}{{instance="10.0.0.1:15020",reporter="source",{labels}}}'
        self._values[name] = self._values.get(name, 0.0) + amount

    def scrape(self, seconds: int) -> None:
        for name, value in self._values.items():
            family = name.split("{")[0]
            self._lines.setdefault(family, []).append(
                f"{name} {value:.0f} {self._begin + seconds}"
            )

    def text(self) -> str:
        families = [
            "\n".join(
                [
                    f"# TYPE {family} unknown",
                    *sorted(lines, key=lambda line: line.split(" ")[0]),
                ]
            )
            for family, lines in self._lines.items()
        ]
        return "\n".join([*families, "# EOF", ""])


def recorded(begin: int) -> str:
    """Write half an hour of stable alone, then a canary that breaks after two minutes."""
    counters, chance = Counters(begin), random.Random(3)  # noqa: S311 - repeatable
    for seconds in range(0, LASTS, EVERY):
        canary = 25 if seconds >= QUIET else 0
        bad = canary if seconds >= QUIET + BAD_AFTER else 0
        unlucky = sum(chance.random() < 0.002 for _ in range(225))
        for version, code, amount in (
            ("v1", "200", 225 - unlucky),
            ("v1", "503", unlucky),
            ("v2", "200", canary - bad),
            ("v2", "503", bad),
        ):
            workload = f'destination_workload="shop-{version}",destination_workload_namespace'
            labels = f'{workload}="default",response_code="{code}"'
            counters.add("istio_requests_total", labels, amount)
        for version, amount in (("v1", 225), ("v2", canary)):
            workload = f'destination_workload="shop-{version}",destination_workload_namespace'
            for edge, share in zip(EDGES, (0.5, 1.0, 1.0, 1.0), strict=True):
                labels = f'{workload}="default",le="{edge}"'
                family = "istio_request_duration_milliseconds_bucket"
                counters.add(family, labels, round(amount * share))
        counters.scrape(seconds)
    return counters.text()


@pytest.fixture
def begin() -> int:
    """Round, as scrapes and looks then fall together as they like."""
    return int(SystemClock().wall()) - AGO


@pytest.fixture
async def url(tmp_path: Path, begin: int) -> AsyncIterator[str]:
    text = tmp_path / "recorded.txt"
    text.write_text(recorded(begin))
    promtool = Path(program()).with_name("promtool")
    blocks = ["tsdb", "create-blocks-from", "openmetrics", str(text), str(tmp_path / "data")]
    done = await asyncio.create_subprocess_exec(promtool, *blocks, stdout=subprocess.DEVNULL)
    assert await done.wait() == 0
    async with prometheus(tmp_path, []) as ready:
        yield ready


async def replay(folder: Path, url: str, begin: int, *options: str) -> Result:
    plan = folder / "plan.yaml"
    plan.write_text(PLAN)
    times = [
        datetime.fromtimestamp(at, UTC).isoformat() for at in (begin + QUIET, begin + LASTS)
    ]
    span = ["--from", times[0], "--to", times[1]]
    arguments = [str(plan), "--prometheus", url, *span, *options]
    return await asyncio.to_thread(CliRunner().invoke, backtest, arguments)


async def test_a_recorded_breakage_is_found_where_it_happened(
    tmp_path: Path, url: str, begin: int
) -> None:
    """With the half hour before as history: nothing needs to be learnt first."""
    result = await replay(tmp_path, url, begin, "-o", "json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)

    assert found["end"] == "rolledBack"
    assert BAD_AFTER < found["seconds"] <= BAD_AFTER + 30
    assert [event["weight"] for event in found["events"]] == [10, 50, 0]
    assert found["failed"] <= 6 * 25
    assert "queue is left out" in result.stderr
    assert "latency-p99" not in result.stderr


async def test_what_was_the_canary_then_can_be_named(
    tmp_path: Path, url: str, begin: int
) -> None:
    """Both versions have other names by now."""
    result = await replay(
        tmp_path, url, begin, "--canary-version", "shop-v1", "--stable-version", "shop-v1"
    )

    assert result.exit_code == 0
    assert "promoted" in result.stdout


async def test_a_version_without_requests_is_said_to_have_none(
    tmp_path: Path, url: str, begin: int
) -> None:
    """A misspelt name must not pass for a canary without traffic."""
    result = await replay(tmp_path, url, begin, "--canary-version", "shop-v9")

    assert result.exit_code == 1
    assert "no requests of shop-v9" in result.stderr


async def test_the_daemon_is_told_how_stable_behaved_before_a_run(url: str, begin: int) -> None:
    """Half an hour in blocks of 30 s: the first only sets the base."""
    async with aiohttp.ClientSession() as session:
        hindsight = PrometheusHindsight(session, url, SystemClock())
        past = await hindsight.history(SHOP, Instant(float(begin + QUIET)))

    assert past is not None
    assert 55 * 6 * 225 <= past.requests <= 60 * 6 * 225
    assert 0.001 < past.failures / past.requests < 0.003
    assert 1.0 <= past.dispersion < 2.0
    assert past.latency is not None
    assert past.latency.counts[-1] == past.requests


async def test_without_prometheus_there_is_no_past_and_no_harm() -> None:
    """A run begins all the same, and learns."""
    async with aiohttp.ClientSession() as session:
        hindsight = PrometheusHindsight(session, "http://127.0.0.1:9", SystemClock())
        past = await hindsight.history(SHOP, SystemClock().wall())

    assert past is None
