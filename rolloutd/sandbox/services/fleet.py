"""All pods of all versions, and Envoy told of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence

from rolloutd.core.units import Seconds
from rolloutd.ports import Clock
from rolloutd.sandbox.envoy.layout import Address
from rolloutd.sandbox.services.data_product import DataProduct
from rolloutd.sandbox.services.faults import Switchboard
from rolloutd.sandbox.services.rpc import Answer

_PARTING = Seconds(0.25)

Resolve = Callable[[str, Sequence[Address]], Awaitable[None]]
"""Makes addresses the endpoints of a version; returns when they are."""


class Fleet:
    """The pods that run.

    Args:
        faults: What they suffer.
        resolve: Told of every version's addresses when they change.
        clock: Given to the pods.
        chance: Given to the pods.
    """

    def __init__(
        self, faults: Switchboard, resolve: Resolve, clock: Clock, chance: random.Random
    ) -> None:
        self._faults = faults
        self._resolve = resolve
        self._clock = clock
        self._chance = chance
        self._pods: dict[str, dict[str, DataProduct]] = {}
        self._turn = asyncio.Lock()

    async def scale(self, version: str, names: Iterable[str]) -> None:
        """Run exactly these pods of a version.

        Callers learn of new pods before old ones go, so that no call is lost by it.

        Raises:
            Unavailable: A pod found no port, or Envoy did not confirm in time.
        """
        async with self._turn:
            before = self._pods.get(version, {})
            after = {name: before.get(name) or self._pod(version, name) for name in names}
            self._pods[version] = before | after  # what has been started is stopped in the end
            await self._suit(version)
            await self._resolve(version, [pod.address for pod in after.values()])
            await self._retire([before[name] for name in before.keys() - after.keys()])
            self._pods[version] = after

    async def suit(self, version: str) -> None:
        """Stop a version's pods if they are to be dead, start them if not.

        Raises:
            Unavailable: A pod found its port taken.
        """
        async with self._turn:
            await self._suit(version)

    async def stop(self) -> None:
        """Stop all pods."""
        for pods in self._pods.values():
            for pod in pods.values():
                await pod.crash()

    def _pod(self, version: str, name: str) -> DataProduct:
        answer = Answer(version=version, pod=name)
        return DataProduct(answer, self._faults, self._clock, self._chance)

    async def _retire(self, pods: Sequence[DataProduct]) -> None:
        """Stop pods that nobody is told of any more, when that has got around.

        Envoy confirms before the thread that sends calls has seen it. Kubernetes has the same
        gap, and pods sleep in a preStop hook for it.
        """
        if pods:
            await self._clock.sleep(_PARTING)
        for pod in pods:
            await pod.drain()

    async def _suit(self, version: str) -> None:
        crashed = self._faults.is_crashed(version)
        for pod in self._pods.get(version, {}).values():
            await (pod.crash() if crashed else pod.start())
