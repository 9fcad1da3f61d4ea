"""Reads again after a conflict, so that the next decision rests on the present."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.forwarding import ForwardingApi
from rolloutd.errors import Conflict, Refused, Unavailable
from rolloutd.ports import Json, KubeApi

Absorb: TypeAlias = Callable[[str, Json], object]
"""Takes a kind and an object of that kind: ``WatchedCache.absorb``."""


class RereadingApi(ForwardingApi):
    """Shows the cache what a refused patch should have been based on.

    A conflict means that the cache lags. The watch will catch up, but in milliseconds when all
    is well and in seconds when it has to reconnect, and until then every new attempt would be
    decided on the same stale object.
    """

    def __init__(self, api: KubeApi, absorb: Absorb) -> None:
        super().__init__(api)
        self._absorb = absorb

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch; on ``Conflict`` the cache is brought up to date first."""
        try:
            return await super().patch(path, operations)
        except Conflict:
            await self._refresh(path)
            raise

    async def _refresh(self, path: str) -> None:
        try:
            found = await self.get(path)
        except (Unavailable, Refused):
            return  # the watch will tell; the conflict matters more
        kind = text(found, "kind")
        if found is not None and kind is not None:
            self._absorb(kind, found)
