"""One source of plans for several readers, each of whom gets the present state at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from rolloutd.ports import Catalogue, PlanSource


class FollowedPlans:
    """Implements ``ports.PlanSource`` by following another one, once for all.

    A replica that takes over thus has the plans at hand, and one that stands by knows them.
    """

    def __init__(self, source: PlanSource) -> None:
        self._source = source
        self._latest: Catalogue | None = None
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Follow the source until cancelled.

        Raises:
            Refused: It can't be read at the start.
        """
        async for catalogue in self._source.changes():
            self._latest = catalogue
            self._changed.set()
            self._changed = asyncio.Event()

    async def changes(self) -> AsyncGenerator[Catalogue, None]:
        """Yield all plans as soon as they are known, and again after every change.

        A reader that is slow misses what has been superseded.
        """
        told: Catalogue | None = None
        while True:
            changed = self._changed
            if self._latest is not None and self._latest is not told:
                told = self._latest
                yield told
            else:
                await changed.wait()
