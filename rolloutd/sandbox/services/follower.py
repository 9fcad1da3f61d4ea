"""Keeps routes at the newest state of a VirtualService, as istiod does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from rolloutd.core.units import Seconds
from rolloutd.errors import Refused, Unavailable
from rolloutd.ports import Clock, Json
from rolloutd.sandbox.envoy.reading import section

_PAUSE = Seconds(0.5)

log = structlog.get_logger()


class Follower:
    """Applies a VirtualService whenever it changes.

    What changes while an earlier state is being applied is applied once, in its newest state.

    Args:
        name: Of the VirtualService, in the one namespace that the sandbox has.
        apply: Brings a state into force; may raise ``Refused`` or ``Unavailable``.
        clock: For the pause before another try.
    """

    def __init__(
        self, name: str, apply: Callable[[Json], Awaitable[None]], clock: Clock
    ) -> None:
        self._name = name
        self._apply = apply
        self._clock = clock
        self._wanted: Json = {}
        self._changed = asyncio.Event()

    def on_change(self, event: str, virtual_service: Json) -> None:
        """Take notice of a change; a ``ports.OnChange``.

        A deletion leaves the last routes in force: a sandbox without any route shows nothing.
        """
        metadata = section(virtual_service, "metadata")
        if event != "DELETED" and metadata.get("name") == self._name:
            self._wanted = virtual_service
            self._changed.set()

    async def run(self) -> None:
        """Apply changes until cancelled."""
        while await self._changed.wait():
            self._changed.clear()
            await self._bring_into_force(self._wanted)

    async def _bring_into_force(self, virtual_service: Json) -> None:
        try:
            await self._apply(virtual_service)
        except Refused as refused:
            log.warning("virtual_service_refused", name=self._name, reason=str(refused))
        except Unavailable as unavailable:
            log.warning("virtual_service_not_applied", name=self._name, reason=str(unavailable))
            await self._clock.sleep(_PAUSE)
            self._changed.set()
