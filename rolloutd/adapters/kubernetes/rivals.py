"""Leases that share the same work out in another way."""

from __future__ import annotations

from collections.abc import Callable

from rolloutd.adapters.kubernetes import lease as leases
from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.settings import LeaseSettings
from rolloutd.core.units import Instant, after
from rolloutd.ports import Clock, KubeApi


class Rivals:
    """Sees whether somebody holds one of them.

    Args:
        api: Where they are.
        path: Of their collection.
        is_one: Knows them by name.
        clock: For when one has run out, as far as we can tell.
    """

    def __init__(
        self, api: KubeApi, path: str, is_one: Callable[[str], bool], clock: Clock
    ) -> None:
        self._api = api
        self._path = path
        self._is_one = is_one
        self._clock = clock
        self._seen: dict[str, tuple[tuple[str | None, ...], Instant]] = {}

    async def are_there(self) -> bool:
        """Say whether somebody holds one: that it has run out takes its duration to see.

        Raises:
            Unavailable: No answer.
            Refused: We may not look.
        """
        objects, _ = await self._api.list(self._path)
        usual = LeaseSettings().duration
        named = ((text(obj, "metadata", "name") or "", obj) for obj in objects)
        found = {name: leases.read(obj, usual) for name, obj in named if self._is_one(name)}
        now = self._clock.now()
        before, self._seen = self._seen, {}
        for name, lease in found.items():
            stamp, since = before.get(name, (lease.stamp, now))
            self._seen[name] = lease.stamp, since if stamp == lease.stamp else now
        return any(
            lease.holder is not None and now < after(self._seen[name][1], lease.duration)
            for name, lease in found.items()
        )
