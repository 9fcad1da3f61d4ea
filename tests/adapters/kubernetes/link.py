"""One client's way to an API server that others reach undisturbed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from rolloutd.adapters.kubernetes.forwarding import ForwardingApi
from rolloutd.errors import Unavailable
from rolloutd.ports import Json, KubeApi

T = TypeVar("T")


class Link(ForwardingApi):
    """Passes requests on, unless in trouble.

    Attributes:
        trouble: ``hang``: no answer ever. ``fail``: an error at once. ``lose``: the request is
            carried out, its answer lost. Empty: none.
    """

    def __init__(self, api: KubeApi) -> None:
        super().__init__(api)
        self.trouble = ""

    async def get(self, path: str) -> Json | None:
        """Read one object."""
        return await self._through(super().get(path))

    async def create(self, path: str, body: Json) -> Json:
        """Create in a collection."""
        return await self._through(super().create(path, body))

    async def replace(self, path: str, body: Json) -> Json:
        """Put a whole object."""
        return await self._through(super().replace(path, body))

    async def _through(self, request: Awaitable[T]) -> T:
        trouble = self.trouble
        if trouble in {"", "lose"}:
            answer = await request
            if trouble == "":
                return answer
        elif asyncio.iscoroutine(request):
            request.close()
        if trouble == "hang":
            await asyncio.get_running_loop().create_future()
        raise Unavailable("the link is broken")
