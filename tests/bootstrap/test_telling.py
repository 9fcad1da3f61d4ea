"""A whole daemon, in a cluster of our own: who is told, and what its metrics look like."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.bootstrap import Daemon, daemon
from rolloutd.core.actions import Accepted
from rolloutd.core.observation import Command, CommandKind
from rolloutd.core.plan import Key
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from rolloutd.sandbox.cluster import STORY, Cluster, cluster
from rolloutd.settings import ApiSettings, NotifySettings, OpsSettings, Settings
from tests.fakes.endpoint import FakeEndpoint, served
from tests.grafana.programs import objections

KEY = Key("default", "data-product")

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
  notify: [slack]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A cluster, a Slack, and daemons that come and go."""

    here: Cluster
    slack: FakeEndpoint
    settings: Settings

    async def reach(self, running: Daemon, phase: Phase) -> None:
        """Wait until the rollout is in a phase."""
        rollout = None
        while (
            rollout is None or rollout.view.record is None or rollout.view.record.phase != phase
        ):
            await running.clock.sleep(Seconds(0.02))
            rollout = running.fleet.get(KEY)

    async def roll_back(self, running: Daemon) -> None:
        """Order a rollback, and see it written."""
        rollout = running.fleet.get(KEY)
        assert rollout is not None
        order = Command(id="c1", kind=CommandKind.ROLLBACK, actor="ana", reason="no")
        assert isinstance(await rollout.order(order), Accepted)

    def told(self) -> Collection[str]:
        """Return what Slack received."""
        return [body for _, _, body in self.slack.requests]

    async def reasons(self) -> Collection[str]:
        """Return the reasons of the Events that the cluster has."""
        events, _ = await self.here.api.list("/api/v1/namespaces/default/events")
        return [str(event["reason"]) for event in events]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_stage(tmp_path) as ready:
        yield ready


@asynccontextmanager
async def a_stage(folder: Path) -> AsyncIterator[Stage]:
    chance = random.Random(7)  # noqa: S311 - uids only
    url = folder / "slack-url"
    async with (
        served(FakeEndpoint(body=b"ok")) as slack,
        cluster(SystemClock(), chance, folder) as here,
    ):
        await here.settled()
        url.write_text(f"{slack.url}/services/T0")
        (here.plans / "plan.yaml").write_text(PLAN)
        settings = Settings(
            plans=here.plans,
            kubeconfig=here.kubeconfig,
            namespaces=("default",),
            ops=OpsSettings(port=0),
            api=ApiSettings(port=0),
            notify=NotifySettings(slack_url_file=url),
        )
        yield Stage(here=here, slack=slack, settings=settings)


async def test_a_rollback_of_the_last_second_is_told(stage: Stage) -> None:
    """By Slack and by the cluster, though older messages are still in the queue."""
    async with daemon(stage.settings) as running:
        await stage.reach(running, Phase.PAUSED)
        await stage.roll_back(running)

    assert any("aborted at 10 % by ana" in body for body in stage.told())
    assert {"Started", "Paused", "Aborted"} <= set(await stage.reasons())


async def test_the_next_process_tells_again_what_the_last_may_have_kept(stage: Stage) -> None:
    """Twice by Slack, which can't be asked; once in the cluster, which can."""
    async with daemon(stage.settings) as running:
        await stage.reach(running, Phase.PAUSED)
        await stage.roll_back(running)
    before = len(stage.told())

    async with daemon(stage.settings) as running:
        await stage.reach(running, Phase.ABORTED)

    (again,) = list(stage.told())[before:]
    assert "Told again after a restart" in again
    assert list(await stage.reasons()).count("Aborted") == 1


async def test_a_slack_that_is_away_keeps_neither_the_rollout_nor_the_end(
    stage: Stage,
) -> None:
    """Nothing waits for a chat for longer than the last words."""
    stage.slack.status = 503

    async with asyncio.timeout(60), daemon(stage.settings) as running:
        await stage.reach(running, Phase.PAUSED)
        await stage.roll_back(running)

    assert "Aborted" in await stage.reasons()
    routes = dig(await stage.here.api.get(STORY), "spec", "http")
    assert "'weight': 100" in str(routes)


@pytest.mark.real
async def test_prometheus_finds_nothing_to_object_to_in_a_daemons_metrics(
    stage: Stage,
) -> None:
    """Names, units and helps by its rules; no label that an operator would rename."""
    async with (
        daemon(stage.settings) as running,
        aiohttp.ClientSession() as session,
    ):
        await stage.reach(running, Phase.PAUSED)
        async with session.get(f"{running.ops_url}/metrics") as response:
            exported = await response.read()

    assert objections(exported) == ""
    assert b'rolloutd_leader{shard="alone"} 1.0' in exported
    assert b"{namespace=" not in exported
    assert b",namespace=" not in exported
