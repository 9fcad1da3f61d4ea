"""The roles hold what the daemon asks for, and nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.kubernetes.fields import dig, items, section, text
from rolloutd.bootstrap import Daemon, daemon
from rolloutd.core.actions import Accepted
from rolloutd.core.observation import Command, CommandKind
from rolloutd.core.plan import Key
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import STORY, Cluster, cluster
from rolloutd.settings import ApiSettings, KubernetesLogin, OpsSettings, Settings
from tests.deploy.manifests import DEPLOY, OVERLAYS, composed, of_kind, rendered
from tests.deploy.rights import Authorizer, granted, unbound

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

PLANS = "/apis/rolloutd.io/v1alpha1/namespaces/default/rolloutplans"
KEY = Key("default", "data-product")
NAMESPACES = {"namespaced": ("default",), "cluster": ()}

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
  onPromoted: {scaleDownStable: {after: 1s}}
"""

DAEMON = {"kind": "ServiceAccount", "name": "rolloutd", "namespace": "rolloutd"}

AUTH_DELEGATOR: Json = {
    "kind": "ClusterRole",
    "metadata": {"name": "system:auth-delegator"},
    "rules": [
        {
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["tokenreviews"],
            "verbs": ["create"],
        },
        {
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["subjectaccessreviews"],
            "verbs": ["create"],
        },
    ],
}
"""A role that every cluster has: this is all that it allows."""


class Stage:
    """A cluster that obeys rendered roles, and replicas of the daemon in it."""

    def __init__(self, here: Cluster, settings: Settings, stack: AsyncExitStack) -> None:
        self.here = here
        self._settings = settings
        self._stack = stack
        self._orders = 0

    async def replica(self) -> Daemon:
        """Start one more copy of the daemon."""
        return await self._stack.enter_async_context(daemon(self._settings))

    async def order(self, leader: Daemon, kind: CommandKind) -> None:
        """Give an order that is obeyed."""
        rollout = leader.fleet.get(KEY)
        assert rollout is not None
        self._orders += 1
        command = Command(id=f"order-{self._orders}", kind=kind, actor="test", reason="Test.")
        assert isinstance(await rollout.order(command), Accepted)

    async def reach(self, leader: Daemon, phase: Phase) -> None:
        """Wait until the rollout's record says so."""
        while (record := _record(leader)) is None or record.phase is not phase:
            await SystemClock().sleep(Seconds(0.02))

    async def scaled_down(self) -> None:
        """Wait until stable's Deployment has no replicas."""
        path = "/apis/apps/v1/namespaces/default/deployments/data-product"
        while dig(await self.here.api.get(path), "spec", "replicas") != 0:
            await SystemClock().sleep(Seconds(0.02))


def _record(leader: Daemon) -> Record | None:
    rollout = leader.fleet.get(KEY)
    return None if rollout is None else rollout.view.record


class Rival:
    """Changes the VirtualService just before the daemon's first patch of it arrives."""

    def __init__(self, here: Cluster, judge: Authorizer) -> None:
        self._here = here
        self._judge = judge
        self._has_struck = False

    async def __call__(self, request: web.Request) -> web.StreamResponse | None:
        """Strike once, then let the authorizer judge."""
        if request.method == "PATCH" and request.path == STORY and not self._has_struck:
            self._has_struck = True
            await self._here.api.merge(STORY, {"metadata": {"labels": {"rival": "here"}}})
        return await self._judge(request)


@asynccontextmanager
async def a_stage(
    folder: Path,
    judge: Authorizer,
    namespaces: tuple[str, ...],
    adapt: Callable[[Settings], Settings] = lambda usual: usual,
) -> AsyncIterator[Stage]:
    chance = random.Random(5)  # noqa: S311 - uids only
    async with cluster(SystemClock(), chance, folder) as here, AsyncExitStack() as st:
        await here.api.create("/api/v1/namespaces", {"metadata": {"name": "rolloutd"}})
        await here.settled()
        here._served.server.hook = Rival(here, judge)
        usual = Settings(
            plans=here.plans,
            kubeconfig=here.kubeconfig,
            namespaces=namespaces,
            lease="rolloutd/rolloutd",
            ops=OpsSettings(port=0),
            api=ApiSettings(port=0),
        )
        settings = adapt(usual)
        if settings.plans_from_cluster:
            await here.api.create(PLANS, yaml.safe_load(PLAN))
        else:
            (here.plans / "plan.yaml").write_text(PLAN)
        yield Stage(here, settings, st)


def takes_objects(usual: Settings) -> Settings:
    return dataclasses.replace(usual, plans_from_cluster=True)


def has_shards(usual: Settings) -> Settings:
    return dataclasses.replace(usual, shards=4)


def asks_kubernetes(usual: Settings) -> Settings:
    return dataclasses.replace(usual, api=ApiSettings(port=0, login=KubernetesLogin()))


async def play(stage: Stage) -> None:
    """Live through all that makes the daemon talk to the API server."""
    async with asyncio.timeout(200):
        leader = await stage.replica()
        await stage.reach(leader, Phase.PAUSED)
        await stage.replica()
        await stage.order(leader, CommandKind.ROLLBACK)
        await stage.reach(leader, Phase.ABORTED)
        await stage.order(leader, CommandKind.RETRY)
        await stage.reach(leader, Phase.PAUSED)
        await stage.order(leader, CommandKind.RESUME)
        await stage.reach(leader, Phase.PROMOTED)
        await stage.scaled_down()
        # Long enough for the leader to renew, and for the standby to look at the lease.
        await SystemClock().sleep(Seconds(3.0))


@pytest.mark.parametrize("overlay", OVERLAYS)
async def test_a_rollout_needs_every_right_of_the_roles_and_no_other(
    overlay: str, tmp_path: Path
) -> None:
    """A right too few stops a rollback at night; one too many is a gift to an intruder."""
    judge = Authorizer(granted(rendered(DEPLOY / "overlays" / overlay)))
    async with a_stage(tmp_path, judge, NAMESPACES[overlay]) as stage:
        await play(stage)

    assert judge.refused == []
    assert judge.rights - judge.used == set()


async def test_plans_in_the_cluster_need_the_rights_of_their_component(tmp_path: Path) -> None:
    """They are two more: to follow the objects, and to say in them how the rollout stands."""
    (tmp_path / "kustomize").mkdir()
    manifests = composed(tmp_path / "kustomize", "cluster", "cluster-plans")
    judge = Authorizer(granted(manifests))
    async with a_stage(tmp_path, judge, (), takes_objects) as stage:
        await play(stage)
        status = section(await stage.here.api.get(f"{PLANS}/data-product"), "status")

    assert judge.refused == []
    assert judge.rights - judge.used == set()
    assert (status["phase"], status["weight"]) == ("Promoted", 100)


async def test_shards_need_the_rights_of_their_component(tmp_path: Path) -> None:
    """To a lease each; the right to the one of before is for giving it back."""
    (tmp_path / "kustomize").mkdir()
    judge = Authorizer(granted(composed(tmp_path / "kustomize", "cluster", "shards")))
    async with a_stage(tmp_path, judge, (), has_shards) as stage, asyncio.timeout(60):
        leader = await stage.replica()
        await stage.reach(leader, Phase.PAUSED)
        while not all(chair.leads() for chair in leader.fleet.chairs):
            await SystemClock().sleep(Seconds(0.1))
    unused = {each for each in judge.rights - judge.used if each.resource == "leases"}

    assert judge.refused == []
    assert {each.name for each in unused} == {"rolloutd"}


async def test_people_of_the_cluster_need_the_rights_of_their_component(tmp_path: Path) -> None:
    """To ask whose a token is and what they may do; no other overlay may ask that."""
    (tmp_path / "kustomize").mkdir()
    manifests = composed(tmp_path / "kustomize", "cluster", "kubernetes-auth")
    given = {
        text(each, "roleRef", "name")
        for each in of_kind(manifests, "ClusterRoleBinding")
        if DAEMON in items(each, "subjects")
    }
    without = granted(rendered(DEPLOY / "overlays" / "cluster"))
    judge = Authorizer(without | granted((AUTH_DELEGATOR,)))
    async with a_stage(tmp_path, judge, (), asks_kubernetes) as stage:
        leader = await stage.replica()
        status = await looked_at(leader)

    assert status == 200
    assert given == {"rolloutd", "system:auth-delegator"}
    assert judge.refused == []
    assert judge.used - without == granted((AUTH_DELEGATOR,))


async def looked_at(leader: Daemon) -> int:
    """Ask for the rollouts as somebody whom the cluster knows; return the status."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer anas"}) as session,
        session.get(f"{leader.api_url}/api/v1/rollouts") as answer,
    ):
        return answer.status


async def test_without_the_right_to_patch_the_rollout_never_moves(tmp_path: Path) -> None:
    """That the roles are asked at all: the proof above would pass an authorizer that nods."""
    rights = granted(rendered(DEPLOY / "overlays" / "namespaced"))
    judge = Authorizer(frozenset(each for each in rights if each.verb != "patch"))
    async with a_stage(tmp_path, judge, ("default",)) as stage, asyncio.timeout(30):
        await stage.replica()
        while not judge.refused:
            await SystemClock().sleep(Seconds(0.02))
        weights = dig(await stage.here.api.get(STORY), "spec", "http")

    assert {(each.resource, each.verb) for each in judge.refused} == {
        ("virtualservices", "patch")
    }
    assert "'weight': 100" in str(weights)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_role_is_bound_to_the_daemon(overlay: str) -> None:
    """A role that nobody has grants nothing."""
    assert unbound(rendered(DEPLOY / "overlays" / overlay)) == []


def test_both_overlays_give_the_same_rights_in_their_reach(tmp_path: Path) -> None:
    """The two files are written twice: they must not drift apart."""
    manifests = composed(tmp_path, "cluster", "cluster-plans")
    everywhere = granted(of_kind(manifests, "ClusterRole"))
    namespaced = granted(rendered(DEPLOY / "rights/namespace"))
    plans = granted(rendered(DEPLOY / "rights/plans"))

    assert namespaced | plans == everywhere
