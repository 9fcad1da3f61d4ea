"""Plans as objects, seen with the real kubectl while the real daemon carries them out."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner

from rolloutd.adapters.clock import SystemClock
from rolloutd.bootstrap import daemon
from rolloutd.cli.run import run
from rolloutd.errors import Refused
from rolloutd.sandbox.cluster import Cluster, cluster
from rolloutd.settings import ApiSettings, OpsSettings, Settings
from tests.deploy.manifests import DEPLOY
from tests.sandbox.kubernetes.kubectl import Kubectl, binary

pytestmark = pytest.mark.real

PLAN = """\
apiVersion: rolloutd.io/v1alpha1
kind: RolloutPlan
metadata: {name: data-product}
spec:
  virtualService: {name: data-product}
  stable: {subset: v3, deployment: data-product}
  canary: {subset: v4, deployment: data-product-v4.0}
  steps: [{weight: 10}, {weight: 100}]
  metrics: {source: callers, urls: ["http://127.0.0.1:9/"], port: 9090}
"""
PAUSED = PLAN.replace("{weight: 100}", "{pause: {}}, {weight: 100}")
BROKEN = PLAN.replace("{weight: 10}", "{weight: 10, hodl: 1m}")


async def without_plans(request: web.Request) -> web.StreamResponse | None:
    """Answer as a server that does not know the kind."""
    if not request.path.startswith("/apis/rolloutd.io"):
        return None
    return web.json_response({"kind": "Status", "code": 404, "reason": "NotFound"}, status=404)


def settings(here: Cluster) -> Settings:
    return Settings(
        plans_from_cluster=True,
        kubeconfig=here.kubeconfig,
        namespaces=("default",),
        ops=OpsSettings(port=0),
        api=ApiSettings(port=0),
    )


@asynccontextmanager
async def a_cluster(folder: Path) -> AsyncIterator[tuple[Kubectl, Cluster]]:
    chance = random.Random(5)  # noqa: S311 - uids only
    async with cluster(SystemClock(), chance, folder) as here:
        await here.settled()
        yield Kubectl(binary(), folder, here.store), here


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    """Run the daemon in a cluster that has the definition, and a terminal to it."""
    async with a_cluster(tmp_path) as (terminal, here), daemon(settings(here)):
        await terminal("apply", "-k", str(DEPLOY / "crd"))
        yield terminal


async def test_kubectl_waits_for_a_promotion(kubectl: Kubectl) -> None:
    """All that a pipeline needs: apply, wait, go on."""
    kubectl.write_text("plan.yaml", PLAN)
    await kubectl("apply", "-f", "plan.yaml")
    await kubectl("wait", "--for=condition=Ready", "rp/data-product", "--timeout=20s")
    head, row = (await kubectl("get", "rolloutplans")).splitlines()

    assert head.split() == ["NAME", "PHASE", "WEIGHT", "STEP", "GATES", "AGE"]
    assert row.split()[:3] == ["data-product", "Promoted", "100"]


async def test_a_pause_and_an_edit_show(kubectl: Kubectl) -> None:
    """An edit in mid-run is taken in where it stands, and the status says so."""
    kubectl.write_text("plan.yaml", PAUSED)
    await kubectl("apply", "-f", "plan.yaml")
    await kubectl("wait", "--for=condition=Paused", "rp/data-product", "--timeout=20s")
    row = (await kubectl("get", "rp", "--no-headers")).split()
    edited = ("--type=merge", "-p", '{"spec": {"onBreach": "pause"}}')
    await kubectl("patch", "rp", "data-product", *edited)
    observed = "--for=jsonpath={.status.observedGeneration}=2"
    await kubectl("wait", observed, "rp/data-product", "--timeout=20s")

    assert row[:4] == ["data-product", "Paused", "10", "2/3"]


async def test_a_broken_plan_says_so_in_its_object(kubectl: Kubectl) -> None:
    """The author looks there, not into the daemon's log."""
    kubectl.write_text("plan.yaml", BROKEN)
    await kubectl("apply", "--validate=false", "-f", "plan.yaml")
    await kubectl("wait", "--for=condition=Stalled", "rp/data-product", "--timeout=20s")
    message = await kubectl("get", "rp", "-o", "jsonpath={.items[0].status.message}")

    assert message.startswith("RolloutPlan default/data-product: error RD110: spec.steps[0]:")
    assert "did you mean 'hold'?" in message


async def test_without_the_definition_the_daemon_says_what_is_missing(tmp_path: Path) -> None:
    """Caches that never fill would look like a slow start."""
    async with a_cluster(tmp_path) as (_, here):
        here._served.server.hook = without_plans
        with pytest.raises(Refused, match=r"no rolloutd\.io version of v1alpha1"):
            async with daemon(settings(here)):
                pytest.fail("it started")


async def test_a_daemon_without_any_plans_does_not_start(tmp_path: Path) -> None:
    """It would be ready, green, and do nothing."""
    async with a_cluster(tmp_path) as (_, here):
        nothing = dataclasses.replace(settings(here), plans_from_cluster=False)
        with pytest.raises(Refused, match="no plans"):
            async with daemon(nothing):
                pytest.fail("it started")


def test_the_command_line_asks_for_plans() -> None:
    """Before anything is connected to."""
    result = CliRunner().invoke(run, [], env={"ROLLOUTD_PLANS": ""})

    assert result.exit_code == 2
    assert "give --plans DIR, --plans-from-cluster, or both" in result.output
