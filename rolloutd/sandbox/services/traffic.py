"""The sandbox's traffic: callers, an Envoy, two versions of a service, faults, the ledger.

Callers and pods run on the loop of whoever enters this, which may be the daemon's: at 50 calls
per second they delay other work there by a fifth of a millisecond in the median, at 400 by not
much more; from 700 on, calls queue up. A process of their own would cost more in parts to
understand than it would gain.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from rolloutd.ports import Clock
from rolloutd.sandbox.envoy.layout import Address, Upstream
from rolloutd.sandbox.envoy.process import Envoy, running_envoy
from rolloutd.sandbox.services.balance import Balance, balance
from rolloutd.sandbox.services.business_product import BusinessProduct
from rolloutd.sandbox.services.faults import Fault, Switchboard
from rolloutd.sandbox.services.fleet import Fleet
from rolloutd.sandbox.services.ledger import Call, Ledger
from rolloutd.sandbox.services.load import Caller, Load, Rate

_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who calls whom, and how often.

    Attributes:
        stable: The subset that everybody calls at first.
        canary: The subset that is to take over.
        source: The callers.
        callers: How many.
        rps: Calls per second by all callers together.
    """

    stable: Upstream
    canary: Upstream
    source: Upstream
    callers: int = 9
    rps: float = 50.0


def scene(*, namespace: str = "default", rps: float = 50.0) -> Scene:
    """Return the usual scene: 9 ``business-product`` call ``data-product`` v3, v4 is coming."""

    def upstream(service: str, subset: str, workload: str) -> Upstream:
        return Upstream(
            service=service, namespace=namespace, port=9090, subset=subset, workload=workload
        )

    return Scene(
        stable=upstream("data-product", "v3", "data-product"),
        canary=upstream("data-product", "v4", "data-product-v4.0"),
        source=upstream("business-product", "v1", "business-product"),
        rps=rps,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    faults: Switchboard
    fleet: Fleet
    callers: Sequence[Caller]
    clock: Clock


class SandboxTraffic:
    """Traffic that can be routed, broken and looked at.

    Args:
        scene: Who calls whom.
        envoy: Between them.
        parts: What runs.

    Attributes:
        ledger: What the callers see.
    """

    def __init__(self, scene: Scene, envoy: Envoy, parts: _Parts) -> None:
        self.ledger = Ledger()
        self._canary = scene.canary.subset
        self._rate = Rate(per_second=scene.rps)
        self._envoy = envoy
        self._parts = parts

    @property
    def stats_url(self) -> str:
        """Where the metrics of all calls are, as Prometheus text."""
        return self._envoy.doors.stats_url

    async def apply(self, virtual_service: Mapping[str, object]) -> None:
        """Route as a VirtualService says; return when it is in force. Safe to repeat.

        Raises:
            Refused: It is not understood here, or Envoy rejects it; the old routes stay.
            Unavailable: Envoy did not confirm in time.
        """
        await self._envoy.route(virtual_service)

    async def set_pods(self, version: str, names: Iterable[str]) -> None:
        """Run exactly these pods of a version; return when Envoy knows them.

        Raises:
            Unavailable: A pod found no port, or Envoy did not confirm in time.
        """
        await self._parts.fleet.scale(version, names)

    async def break_canary(self, fault: Fault) -> None:
        """Break the canary, from the next call on."""
        self._parts.faults.inflict(self._canary, fault)
        await self._parts.fleet.suit(self._canary)

    async def mend_canary(self) -> None:
        """Take the canary's fault away.

        Raises:
            Unavailable: A crashed pod found its port taken.
        """
        self._parts.faults.mend(self._canary)
        await self._parts.fleet.suit(self._canary)

    def incident(self, *, on: bool) -> None:
        """Begin or end what hurts both versions alike."""
        self._parts.faults.incident(on=on)

    async def run(self) -> None:
        """Make the load until cancelled."""
        await Load(self._parts.callers, self.ledger, self._parts.clock, self._rate).run()

    async def show_balance(self) -> Balance:
        """Let every caller call three times and say who answered; not entered in the ledger.

        Exact thirds come only while nobody else calls: ask before ``run``.
        """
        calls: list[Call] = []
        for _ in range(_ROUNDS):
            calls += await _together(self._parts.callers)
        return balance(calls)


@asynccontextmanager
async def sandbox_traffic(
    scene: Scene, clock: Clock, chance: random.Random
) -> AsyncIterator[SandboxTraffic]:
    """Start Envoy and connect the callers to it; afterwards stop callers, pods and Envoy.

    Then give it pods (``set_pods``) and routes (``apply``), and make the load in a task of
    yours (``run``). Enter it from the main thread (see ``running_envoy``).

    Args:
        scene: Who calls whom.
        clock: Dates everything in the ledger.
        chance: Decides which calls fail and how long work takes.

    Raises:
        Refused: Envoy is not installed, or does not accept its configuration.
        Unavailable: It is not ready in time.
    """
    upstreams = {each.subset: each for each in (scene.stable, scene.canary)}
    async with AsyncExitStack() as stack:
        envoy = await stack.enter_async_context(
            running_envoy(scene.source, tuple(upstreams.values()), clock)
        )

        async def resolve(version: str, pods: Sequence[Address]) -> None:
            await envoy.resolve(upstreams[version], pods)

        faults = Switchboard(chance)
        fleet = Fleet(faults, resolve, clock, chance)
        stack.push_async_callback(fleet.stop)
        callers = [
            BusinessProduct(f"{scene.source.workload}-{number}", envoy.doors.calls, clock)
            for number in range(scene.callers)
        ]
        for caller in callers:
            stack.push_async_callback(caller.close)
        parts = _Parts(faults=faults, fleet=fleet, callers=callers, clock=clock)
        yield SandboxTraffic(scene, envoy, parts)


async def _together(callers: Iterable[Caller]) -> list[Call]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(caller.call(), name="call") for caller in callers]
    return [task.result() for task in tasks]
