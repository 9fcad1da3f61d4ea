"""Two replicas share a fleet out; when one dies, the other drives all of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.kubernetes.fields import text
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import Cluster, cluster
from tests.processes.link import link_to
from tests.processes.replica import Replica, replica

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

HERE, THERE = "shop", "default"
"""A namespace of the first shard, and one of the second."""

ISTIO = "/apis/networking.istio.io/v1"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
SECOND = "rolloutd-2-of-2"
LIST = "/api/v1/rollouts"

PLAN = """\
apiVersion: rolloutd.io/v1alpha1
kind: RolloutPlan
metadata: {{name: data-product, namespace: {namespace}}}
spec:
  virtualService: {{name: data-product}}
  stable: {{subset: v3, deployment: data-product}}
  canary: {{subset: v4, deployment: data-product-v4.0}}
  steps: [{{weight: 10}}, {{pause: {{}}}}, {{weight: 100}}]
  metrics: {{source: callers, urls: ["http://127.0.0.1:9/"], port: 9090}}
"""


class Fleet:
    """A cluster with a rollout in each of two shards.

    Attributes:
        epochs: Of every commit to a VirtualService, by namespace.
    """

    def __init__(self, here: Cluster, folder: Path, stack: AsyncExitStack) -> None:
        self.here = here
        self.epochs: dict[str, list[int]] = {HERE: [], THERE: []}
        self._folder = folder
        self._stack = stack

    async def replica(self, name: str) -> Replica:
        """Start one; it ends with the test."""
        link = await self._stack.enter_async_context(link_to(self.here.url))
        folder = self._folder / name
        started = await replica(folder, self.here.plans, link, "--shards", "2")
        self._stack.push_async_callback(started.kill)
        return started

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something."""
        async with asyncio.timeout(90):
            while not happened():
                await SystemClock().sleep(Seconds(0.02))

    async def follow(self) -> None:
        """Note every epoch that is written, until cancelled."""
        path = f"{ISTIO}/virtualservices"
        _, version = await self.here.api.list(path)
        async for _, obj in self.here.api.watch(path, version):
            epoch = text(obj, "metadata", "annotations", "rolloutd.io/epoch")
            if epoch is not None:
                self.epochs[str(text(obj, "metadata", "namespace"))].append(int(epoch))


@asynccontextmanager
async def a_fleet(folder: Path) -> AsyncIterator[Fleet]:
    chance = random.Random(5)  # noqa: S311 - uids only
    async with (
        cluster(SystemClock(), chance, folder) as here,
        asyncio.TaskGroup() as group,
        AsyncExitStack() as stack,
    ):
        await here.api.create("/api/v1/namespaces", {"metadata": {"name": HERE}})
        for root, kind in (
            ("/apis/apps/v1", "deployments"),
            (ISTIO, "destinationrules"),
            (ISTIO, "virtualservices"),
        ):
            found, _ = await here.api.list(f"{root}/namespaces/{THERE}/{kind}")
            for obj in found:
                copy = {**obj, "metadata": {"name": text(obj, "metadata", "name")}}
                copy.pop("status", None)
                await here.api.create(f"{root}/namespaces/{HERE}/{kind}", copy)
        await here.settled()
        for namespace in (HERE, THERE):
            (here.plans / f"{namespace}.yaml").write_text(PLAN.format(namespace=namespace))
        fleet = Fleet(here, folder, stack)
        following = group.create_task(fleet.follow())
        yield fleet
        following.cancel()


def leases(each: Replica) -> list[str]:
    """Return what it came to lead, in order."""
    return [str(line["lease"]).rpartition("/")[2] for line in each.said("leading")]


async def shown(each: Replica) -> tuple[dict[str, Json], str]:
    """Return its list by namespace, and what it says is wrong with it."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(await each.url("api") + LIST) as answer,
    ):
        form: Json = await answer.json()
    items = form["items"]
    assert isinstance(items, list)
    return {item["namespace"]: item for item in items}, str(form["trouble"])


async def order(each: Replica, namespace: str, verb: str) -> int:
    path = f"{LIST}/{namespace}/data-product/{verb}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(await each.url("api") + path) as answer,
    ):
        return answer.status


async def a_pair(fleet: Fleet) -> tuple[Replica, Replica]:
    """Start two; return (the one that leads the first shard, the one that leads the second)."""
    # Held by somebody until both are there, and given back when only one can take it.
    held: Json = {"holderIdentity": "nobody", "leaseDurationSeconds": 600}
    await fleet.here.api.create(LEASES, {"metadata": {"name": SECOND}, "spec": held})
    first = await fleet.replica("first")
    await fleet.until(first.led)
    second = await fleet.replica("second")
    await fleet.until(lambda: any(second.said("caches_synced")))
    first.freeze()
    await fleet.here.api.merge(f"{LEASES}/{SECOND}", {"spec": {"holderIdentity": ""}})
    await fleet.until(second.led)
    first.thaw()
    await fleet.until(lambda: all(fleet.epochs.values()))
    async with asyncio.timeout(60):
        while (await shown(first))[1]:
            await SystemClock().sleep(Seconds(0.1))
    return first, second


async def test_of_a_replica_that_dies_only_its_shard_moves(tmp_path: Path) -> None:
    """The other's rollouts are not even written to; the dead one's go on where they were."""
    async with a_fleet(tmp_path) as fleet:
        stays, dies = await a_pair(fleet)
        relayed = await order(stays, THERE, "rollback")
        before = leases(stays), leases(dies), set((await shown(stays))[0])
        quiet = list(fleet.epochs[HERE])
        await dies.kill()
        meanwhile, trouble = await shown(stays)
        await fleet.until(lambda: SECOND in leases(stays))
        untouched = list(fleet.epochs[HERE])
        async with asyncio.timeout(30):
            while (retried := await order(stays, THERE, "retry")) == 503:
                await SystemClock().sleep(Seconds(0.1))

    assert before == (["rolloutd-1-of-2"], [SECOND], {HERE, THERE})
    assert (relayed, retried) == (200, 200)
    assert SECOND in trouble
    assert (meanwhile[HERE]["trouble"], meanwhile[THERE]["phase"]) == ("", "aborted")
    assert untouched == quiet
    assert leases(stays) == ["rolloutd-1-of-2", SECOND]
    assert all(written == sorted(written) for written in fleet.epochs.values())
    assert fleet.epochs[THERE][-1] > fleet.epochs[THERE][0]
