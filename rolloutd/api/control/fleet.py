"""Who drives which rollouts: a chair for each shard of the fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from rolloutd.api.control.relay import Relay
from rolloutd.core.plan import Key
from rolloutd.core.shards import shard_of
from rolloutd.engine.rollout import Rollout
from rolloutd.engine.supervisor import Supervisor
from rolloutd.engine.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Chair:
    """One shard: whether this replica drives its rollouts, and whom to ask when not.

    Attributes:
        name: What people call the shard.
        relay: ``None`` where there are no other replicas.
    """

    name: str
    supervisor: Supervisor
    leads: Callable[[], bool]
    relay: Relay | None = None


class Fleet:
    """All rollouts, as far as this replica drives them.

    Args:
        chairs: Of all shards, in their order.
    """

    def __init__(self, chairs: Sequence[Chair]) -> None:
        self.chairs = tuple(chairs)

    def chair_of(self, namespace: str) -> Chair:
        """Return who drives the rollouts of a namespace."""
        return self.chairs[shard_of(namespace, len(self.chairs))]

    def led(self) -> Sequence[Chair]:
        """Return the chairs that are ours at this moment."""
        return [chair for chair in self.chairs if chair.leads()]

    def has_read(self) -> bool:
        """Say whether the plans have been read wherever we lead."""
        return all(chair.supervisor.has_read() for chair in self.led())

    def get(self, key: Key) -> Rollout | None:
        """Return a rollout that we drive."""
        return self.chair_of(key.namespace).supervisor.get(key)

    def views(self) -> Sequence[View]:
        """Return what every rollout looks like that we drive, by key."""
        views = [view for chair in self.led() for view in chair.supervisor.views()]
        return sorted(views, key=lambda view: view.plan.key)

    def complaints(self) -> Sequence[str]:
        """Say what is wrong with which plan file; every shard knows it of all of them."""
        told = (line for chair in self.led() for line in chair.supervisor.complaints)
        return tuple(dict.fromkeys(told))


def concerned(request: web.Request, fleet: Fleet) -> Sequence[Chair]:
    """Return whose business a request is: one shard's, where it is about a namespace."""
    namespace = request.match_info.get("namespace")
    if request.match_info.route.name == "list":
        namespace = request.query.get("namespace")
    return fleet.chairs if namespace is None else (fleet.chair_of(namespace),)


def whereabouts(chairs: Sequence[Chair]) -> tuple[str | None, ...]:
    """Say where each shard is led: a URL, empty for here, ``None`` where that is not known."""
    return tuple(
        "" if chair.leads() else None if chair.relay is None else chair.relay.leader
        for chair in chairs
    )


def relays(chairs: Sequence[Chair]) -> Mapping[str, Relay]:
    """Return whom to ask of the shards that others are known to lead, each once, by URL."""
    found = zip(whereabouts(chairs), chairs, strict=True)
    return {url: chair.relay for url, chair in found if url and chair.relay is not None}


class Watch:
    """What listeners are shown of a fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._led: frozenset[str] = frozenset()

    def views(self) -> Sequence[View] | None:
        """Return all that we drive; ``None`` when less of it is ours than the last time.

        What has left for another replica is not gone, so nobody may hear that it is: whoever
        listens has to ask anew.
        """
        before, self._led = self._led, frozenset(chair.name for chair in self._fleet.led())
        return self._fleet.views() if self._led and before <= self._led else None
