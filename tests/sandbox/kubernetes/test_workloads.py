"""Deployments get their pods, and say how far they are."""

from __future__ import annotations

import asyncio

from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.fields import dig, items, text, whole
from rolloutd.adapters.kubernetes.paths import DEPLOYMENT as DEPLOYMENTS
from rolloutd.adapters.kubernetes.paths import POD as PODS
from rolloutd.adapters.kubernetes.readiness import seen
from rolloutd.adapters.kubernetes.settings import WatchSettings
from rolloutd.adapters.kubernetes.workloads import CachedWorkloads
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.direct import DirectApi
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import DEPLOYMENT, POD, REPLICA_SET
from rolloutd.sandbox.kubernetes.workloads import Workloads
from tests.adapters.kubernetes.paces import fake_pace
from tests.fakes.clock import FakeClock
from tests.sandbox.kubernetes.examples import cluster, web

WEB = Ref(DEPLOYMENT, "default", "web")


class Stage:
    """A cluster with one Deployment, and what was told of its pods."""

    def __init__(self, body: Json) -> None:
        self.clock = FakeClock(jumps=False)
        self.store = cluster()
        self.told: list[int] = []
        self.workloads = Workloads(self.store, self.clock, self._note)
        self.store.create(DEPLOYMENT, "default", body)

    def _note(self, namespace: str, deployment: str, pods: tuple[str, ...]) -> None:
        assert (namespace, deployment) == ("default", "web")
        self.told.append(len(pods))

    async def let_pass(self, seconds: float) -> None:
        """Let the cluster work, a turn every 0.1 s."""
        for _ in range(round(seconds * 10)):
            self.workloads.turn()
            await self.clock.advance(Seconds(0.1))
        self.workloads.turn()

    @property
    def deployment(self) -> Json:
        """The Deployment as it is."""
        return self.store.get(WEB)

    def images(self) -> list[str | None]:
        """Return the images of all pods."""
        pods = self.store.list(POD)
        return [
            text(each, "image") for pod in pods for each in items(pod, "spec", "containers")
        ]


async def test_a_deployment_is_ready_after_its_pods_have_started() -> None:
    """The daemon waits for it; a sandbox in which all is ready at once would hide that."""
    stage = Stage(web(replicas=2))
    await stage.let_pass(0.1)
    why = seen(stage.deployment).why
    await stage.let_pass(1)

    assert why == "0 of 2 replicas are available."
    assert seen(stage.deployment).ready
    assert stage.told[-1] == 2


async def test_pods_look_as_from_a_cluster() -> None:
    """The adapter finds pods by owner, label, phase and address."""
    stage = Stage(web(replicas=1))
    await stage.let_pass(1)
    [pod] = stage.store.list(POD)
    [owner] = stage.store.list(REPLICA_SET)
    digest = text(pod, "metadata", "labels", "pod-template-hash")

    assert text(owner, "metadata", "name") == f"web-{digest}"
    assert dig(pod, "status", "podIP") == "127.0.0.1"
    assert dig(pod, "status", "phase") == "Running"


async def test_a_new_template_replaces_all_pods_without_a_gap() -> None:
    """Restarting a version must not look like an outage."""
    stage = Stage(web(replicas=2))
    await stage.let_pass(1)
    body = {**stage.deployment, "spec": web(replicas=2, image="web:v2")["spec"]}
    stage.store.commit(WEB, body)
    stage.told.clear()
    await stage.let_pass(2)

    assert stage.images() == ["web:v2", "web:v2"]
    assert min(stage.told) == 2
    assert seen(stage.deployment).ready


async def test_scaling_changes_the_number_of_pods() -> None:
    """A promoted rollout ends by taking the old version to 0."""
    stage = Stage(web(replicas=3))
    await stage.let_pass(1)
    stage.store.commit(WEB, {**stage.deployment, "spec": web(replicas=0)["spec"]})
    await stage.let_pass(0.2)

    assert stage.store.list(POD) == []
    assert stage.told == [3, 0]
    assert whole(stage.deployment, "status", "observedGeneration") == 2


async def test_a_deleted_pod_comes_back() -> None:
    """``kubectl delete pod`` is how people try a restart."""
    stage = Stage(web(replicas=1))
    await stage.let_pass(1)
    [pod] = stage.store.list(POD)
    stage.store.delete(Ref(POD, "default", text(pod, "metadata", "name") or ""))
    await stage.let_pass(1)

    assert len(stage.store.list(POD)) == 1
    assert stage.store.list(POD) != [pod]


async def test_of_a_deleted_deployment_nothing_is_left() -> None:
    """Whoever plays the pods has to stop playing."""
    stage = Stage(web())
    await stage.let_pass(1)
    stage.store.delete(WEB)
    await stage.let_pass(0.1)

    assert stage.store.list(POD) == []
    assert stage.told[-1] == 0


async def test_a_cluster_at_rest_writes_nothing() -> None:
    """A write per turn would wake every watcher ten times a second."""
    stage = Stage(web())
    await stage.let_pass(2)
    version = stage.store.version
    await stage.let_pass(2)

    assert stage.store.version == version


async def test_the_daemons_adapter_finds_the_pods() -> None:
    """Its selector, index and addresses meet the simulated cluster here."""
    stage = Stage(web(replicas=2))
    await stage.let_pass(1)
    api = DirectApi(stage.store)
    cache = WatchedCache(api, [DEPLOYMENTS, PODS], ["default"], fake_pace(), WatchSettings())
    workloads = CachedWorkloads(cache, api)
    async with asyncio.TaskGroup() as group:
        following = group.create_task(cache.run(), name="cache")
        await cache.synced()
        pods = workloads.pods("default", "web")
        following.cancel()

    assert [pod.address for pod in pods] == ["127.0.0.1", "127.0.0.1"]
