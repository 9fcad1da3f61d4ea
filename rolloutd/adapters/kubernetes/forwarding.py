"""A KubeApi that passes everything on: the base of those that add one thing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from rolloutd.ports import Json, KubeApi


class ForwardingApi:
    """Implements ``ports.KubeApi`` by asking another one."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def get(self, path: str) -> Json | None:
        """Read one object."""
        return await self._api.get(path)

    async def create(self, path: str, body: Json) -> Json:
        """Create in a collection."""
        return await self._api.create(path, body)

    async def replace(self, path: str, body: Json) -> Json:
        """Put a whole object."""
        return await self._api.replace(path, body)

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch."""
        return await self._api.patch(path, operations)

    async def merge(self, path: str, body: Json) -> Json:
        """Apply a JSON merge patch."""
        return await self._api.merge(path, body)

    async def list(self, path: str) -> tuple[Sequence[Json], str]:
        """List a collection."""
        return await self._api.list(path)

    def watch(self, path: str, resource_version: str) -> AsyncIterator[tuple[str, Json]]:
        """Follow a collection."""
        return self._api.watch(path, resource_version)
