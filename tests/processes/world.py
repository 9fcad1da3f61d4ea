"""The sandbox with traffic, the replicas in it, and everything that was committed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.kubernetes.fields import dig, text
from rolloutd.core.units import Percent, Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import STORY, Sandbox, sandbox
from rolloutd.sandbox.script import Script
from tests.processes.link import link_to
from tests.processes.replica import LEASE, Replica, replica

SCRIPT = Script(rps=200.0, pace=Seconds(3.0), interval=Seconds(1.0))
"""Short holds; enough calls for the gate to certify 2 pp within one."""

PATIENCE = Seconds(120.0)
"""Longest wait for a weight: a lease that is not given back takes 15 s to run out."""

VIRTUAL_SERVICES = STORY.rpartition("/")[0]
GLANCE = Seconds(0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One state of the story's VirtualService.

    Attributes:
        epoch: Of the leadership that wrote last; ``None`` before the first.
    """

    stable: int
    canary: int
    epoch: int | None


class World:
    """Where replicas live."""

    def __init__(self, here: Sandbox, folder: Path, stack: AsyncExitStack) -> None:
        self.here = here
        self.commits: list[Commit] = []
        self._folder = folder
        self._stack = stack
        self._replicas: list[Replica] = []
        self._clock = SystemClock()

    async def replica(self, *options: str, lease: str | None = LEASE) -> Replica:
        """Start one more, on a link of its own; it ends with the world."""
        link = await self._stack.enter_async_context(link_to(self.here.cluster.url))
        folder = self._folder / f"replica-{len(self._replicas) + 1}"
        started = await replica(folder, self.here.cluster.plans, link, *options, lease=lease)
        self._stack.push_async_callback(started.kill)
        self._replicas.append(started)
        return started

    async def pair(self, *options: str) -> tuple[Replica, Replica]:
        """Start two; return (the leader, the standby)."""
        first = await self.replica(*options)
        await self.until(first.led)
        second = await self.replica(*options)
        await second.is_up()
        return first, second

    async def reach(self, canary: Percent) -> None:
        """Wait until the canary's share is this, and has been noted."""
        try:
            async with asyncio.timeout(PATIENCE):
                while (await self.here.weights())["v4"] != canary:
                    await self.nap()
        except TimeoutError:
            told = "\n".join(replica.tail() for replica in self._replicas[-2:])
            pytest.fail(f"{canary} % not reached, only {self.shares()}:\n{told}")
        await self.until(lambda: canary in self.shares())

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something."""
        async with asyncio.timeout(PATIENCE):
            while not happened():
                await self.nap()

    async def nap(self, duration: Seconds = GLANCE) -> None:
        """Wait."""
        await self._clock.sleep(duration)

    def shares(self) -> Sequence[int]:
        """Return the canary's shares in the order in which they were committed."""
        shares: list[int] = []
        for commit in self.commits:
            if not shares or shares[-1] != commit.canary:
                shares.append(commit.canary)
        return shares

    def epochs(self) -> Sequence[int]:
        """Return the epochs of all commits, in order."""
        return [commit.epoch for commit in self.commits if commit.epoch is not None]

    async def follow(self) -> None:
        """Note every commit, until cancelled."""
        api = self.here.cluster.api
        found, version = await api.list(VIRTUAL_SERVICES)
        for obj in found:
            self._note(obj)
        async for _, obj in api.watch(VIRTUAL_SERVICES, version):
            self._note(obj)

    def _note(self, obj: Json) -> None:
        if text(obj, "metadata", "name") != "data-product":
            return
        weights = _weights(obj)
        epoch = text(obj, "metadata", "annotations", "rolloutd.io/epoch")
        number = int(epoch) if epoch else None
        self.commits.append(Commit(stable=weights["v3"], canary=weights["v4"], epoch=number))


def _weights(obj: Json) -> Mapping[str, int]:
    routes = dig(obj, "spec", "http")
    assert isinstance(routes, list)
    return {
        entry["destination"]["subset"]: entry.get("weight", 0)
        for route in routes
        for entry in route["route"]
    }


@asynccontextmanager
async def a_world(script: Script = SCRIPT) -> AsyncIterator[World]:
    """Run a sandbox under load; end all replicas before it."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            sandbox(script, SystemClock(), Path(folder)) as here,
            asyncio.TaskGroup() as group,
        ):
            load = group.create_task(here.traffic.run(), name="load")
            async with AsyncExitStack() as stack:
                world = World(here, Path(folder), stack)
                follower = group.create_task(world.follow(), name="commits")
                yield world
            follower.cancel()
            load.cancel()
