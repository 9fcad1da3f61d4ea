"""What the real daemon keeps of a run: in the cluster, in its audit file, and for a report."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson
import pytest

import rolloutd
from rolloutd.adapters.audit.verify import Document, verify
from rolloutd.adapters.clock import SystemClock
from rolloutd.bootstrap import Daemon, daemon
from rolloutd.core.plan import Key
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import Cluster, cluster
from rolloutd.settings import ApiSettings, OpsSettings, Settings
from tests.cli.remote.terminal import run

KEY = Key("default", "data-product")
HISTORY = "/api/v1/namespaces/default/configmaps/rolloutd-history-data-product"

PLAN = """\
apiVersion: rolloutd.io/v1alpha1
kind: RolloutPlan
metadata: {name: data-product, namespace: default}
spec:
  virtualService: {name: data-product}
  stable: {subset: v3, deployment: data-product}
  canary: {subset: v4, deployment: data-product-v4.0}
  steps: [{weight: 10}, {pause: {}}, {weight: 100}]
  metrics: {source: callers, urls: ["http://127.0.0.1:9/"], port: 9090}
"""


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Cluster]:
    chance = random.Random(5)  # noqa: S311 - uids only
    async with cluster(SystemClock(), chance, tmp_path) as served:
        await served.settled()
        (served.plans / "plan.yaml").write_text(PLAN)
        yield served


@asynccontextmanager
async def started(here: Cluster, audit: Path) -> AsyncIterator[Daemon]:
    settings = Settings(
        plans=here.plans,
        kubeconfig=here.kubeconfig,
        audit_file=audit,
        ops=OpsSettings(port=0),
        api=ApiSettings(port=0),
    )
    async with daemon(settings) as running:
        yield running


def lines_of(audit: Path) -> list[Json]:
    """Return the entries of a chain that is whole."""
    content = audit.read_bytes()
    assert verify([Document(name="audit", content=content)]).fault is None
    return [orjson.loads(line) for line in content.splitlines()]


async def phase(running: Daemon, wanted: str) -> None:
    """Wait until the API says so."""
    path = f"{running.api_url}/api/v1/rollouts/default/data-product"
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(path) as answer:
                form = await answer.json()
            if form.get("phase") == wanted:
                return
            await SystemClock().sleep(Seconds(0.05))


async def kept(here: Cluster) -> Json:
    """Wait until the cluster has a history, and return its texts."""
    while (found := await here.api.get(HISTORY)) is None:
        await SystemClock().sleep(Seconds(0.05))
    data = found["data"]
    assert isinstance(data, dict)
    return data


@pytest.mark.real
async def test_a_run_is_remembered_by_the_cluster_the_audit_file_and_the_report(
    here: Cluster, audit: Path
) -> None:
    """One person stops a rollout; tomorrow everybody can read who, from where and why."""
    async with started(here, audit) as running:
        await phase(running, "paused")
        await run(
            running.api_url, "rollback", "data-product", "-n", "default", "--reason", "no"
        )
        await phase(running, "aborted")
        data = await kept(here)
        report = await run(running.api_url, "report", "data-product", "-n", "default")

    lines = lines_of(audit)
    (order,) = [line for line in lines if line["kind"] == "order"]
    assert list(data) == ["run-1"]
    assert "run 1: aborted" in report.stdout
    assert "Rolled back by local: no." in report.stdout
    assert (order["verb"], order["actor"], order["why"]) == ("rollback", "local", "no")
    assert order["source"] == f"API: rolloutd/{rolloutd.__version__} at 127.0.0.1"
    assert [line["weight"] for line in lines if line["kind"] == "transition"] == [10, 10, 0]
    assert (lines[0]["kind"], lines[-1]["kind"]) == ("started", "stopped")


@pytest.mark.real
async def test_a_restart_neither_repeats_a_run_nor_breaks_the_chain(
    here: Cluster, audit: Path
) -> None:
    """The next process finds the run ended, kept already, and goes on in the same file."""
    async with started(here, audit) as running:
        await phase(running, "paused")
        await run(running.api_url, "rollback", "data-product", "-n", "default")
        first = await kept(here)

    async with started(here, audit) as running:
        await phase(running, "aborted")
        written = running.metrics.registry
        labels = {"outcome": "known"}
        while not written.get_sample_value("rolloutd_history_writes_total", labels):
            await SystemClock().sleep(Seconds(0.05))

    kinds = [line["kind"] for line in lines_of(audit)]
    assert await kept(here) == first
    assert kinds.count("started") == 2
    assert "takenOver" in kinds
