"""Lets only a leader write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from rolloutd.adapters.kubernetes.forwarding import ForwardingApi
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Json, KubeApi

IsLeader: TypeAlias = Callable[[Seconds], bool]
"""Whether we lead for at least that much longer: ``Elector.is_leader``."""


class FencedApi(ForwardingApi):
    """Refuses to begin a write that could outlive our lease.

    This is the near fence: it keeps an honest process from writing late. A process that was
    frozen between the question and the write is stopped by the far one, the epoch that every
    patch of a VirtualService tests.

    Args:
        api: Where requests go.
        is_leader: Asked before each write.
        margin: Longest time that a write can take: the deadline of a call.
    """

    def __init__(self, api: KubeApi, is_leader: IsLeader, margin: Seconds) -> None:
        super().__init__(api)
        self._is_leader = is_leader
        self._margin = margin

    async def create(self, path: str, body: Json) -> Json:
        """Create in a collection, as leader."""
        self._check(path)
        return await super().create(path, body)

    async def replace(self, path: str, body: Json) -> Json:
        """Put a whole object, as leader."""
        self._check(path)
        return await super().replace(path, body)

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch, as leader."""
        self._check(path)
        return await super().patch(path, operations)

    async def merge(self, path: str, body: Json) -> Json:
        """Apply a JSON merge patch, as leader."""
        self._check(path)
        return await super().merge(path, body)

    def _check(self, path: str) -> None:
        if not self._is_leader(self._margin):
            raise Unavailable(f"{path}: not written, for the lease is not ours long enough")
