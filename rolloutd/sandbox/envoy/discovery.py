"""Gives Envoy routes and endpoints through files, and sees them take effect."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from rolloutd.core.units import Seconds, after
from rolloutd.errors import Refused, Unavailable
from rolloutd.ports import Clock, Json

_DEADLINE = Seconds(5.0)
_POLL = Seconds(0.001)
"""Envoy takes a new file within some 3 ms; a longer wait would be most of what is measured."""


class Stats(Protocol):
    """Tells Envoy's stats."""

    async def stats(self, pattern: str) -> Mapping[str, str]:
        """Return stats by name, those in whose names a regular expression is found."""
        ...


def write_resource(path: Path, resource: Json, version: str) -> None:
    """Put a discovery file in its place, whole.

    Envoy looks only when a file is *moved* to the path: writing it in place goes unnoticed.
    """
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({"version_info": version, "resources": [resource]}))
    draft.replace(path)


class DiscoveryFile:
    """One resource that Envoy reads from a file.

    Args:
        path: The file; the first version is there already.
        stats: Prefix of the stats that Envoy keeps of this subscription.
        envoy: Tells them.
        clock: For the deadline.
    """

    def __init__(self, path: Path, stats: str, envoy: Stats, clock: Clock) -> None:
        self._path = path
        self._stats = stats
        self._pattern = f"^{re.escape(stats)}(version_text|update_rejected|update_failure)$"
        self._envoy = envoy
        self._clock = clock
        self._versions = itertools.count(1)
        self._turn = asyncio.Lock()
        self._in_force: Json | None = None

    async def publish(self, resource: Json) -> None:
        """Replace the resource; return when Envoy has accepted it.

        What is in force already is not sent again. Callers take turns, in the order in which
        they came.

        Raises:
            Refused: Envoy rejected it and keeps what it had.
            Unavailable: No answer in time; it may still take effect.
        """
        async with self._turn:
            if resource != self._in_force:
                self._in_force = None
                await self._replace(resource)
                self._in_force = resource

    async def _replace(self, resource: Json) -> None:
        end = after(self._clock.now(), _DEADLINE)
        before = await self._look()
        version = f"{self._path.stem}.{next(self._versions)}"
        write_resource(self._path, resource, version)
        while (seen := await self._look()).get("version_text") != version:
            if _refusals(seen) > _refusals(before):
                raise Refused(f"Envoy rejected {self._path.name}; its log says why.")
            if self._clock.now() >= end:
                raise Unavailable(f"Envoy did not take {self._path.name} in time.")
            await self._clock.sleep(_POLL)

    async def _look(self) -> Mapping[str, str]:
        found = await self._envoy.stats(self._pattern)
        return {name.removeprefix(self._stats): value for name, value in found.items()}


def _refusals(stats: Mapping[str, str]) -> int:
    return sum(int(stats.get(name, "0")) for name in ("update_rejected", "update_failure"))
