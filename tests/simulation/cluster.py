"""The cluster: objects, what controllers and people do to them, and who sees every commit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from rolloutd.adapters.kubernetes.fields import dig, items, section, text
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.direct import DirectApi
from rolloutd.sandbox.kubernetes.history import Change, Feed, History
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import (
    DEPLOYMENT,
    DESTINATION_RULE,
    POD,
    VIRTUAL_SERVICE,
    Resource,
)
from rolloutd.sandbox.kubernetes.store import Store, Write
from rolloutd.sandbox.kubernetes.workloads import Tempo, Workloads
from tests.simulation.timeline import T0, ProcessLoop, Timeline, VirtualClock

NAMESPACE = "default"
STABLE, CANARY, NEXT = "v3", "v4", "v5"
HOST = "shop"
PRIMARY, SECONDARY, ELSEWHERE = "shop", "shop-internal", "shop-new"
FOREIGN = Write(manager="kubectl-edit", is_applied=True)

_SETTLING = (0.1, 1.2, 2.4, 4.0)
"""When controllers look after a change, in seconds."""


class Chronicle(History):
    """A history whose followers hear of one kind alone, in the order in which they came.

    Attributes:
        restarts: How often all connections were broken.
    """

    def __init__(self, start: int, heard: Callable[[Change], None]) -> None:
        super().__init__(start)
        self.restarts = 0
        self._heard = heard
        self._listening: dict[Feed, Resource] = {}

    def record(self, change: Change) -> None:
        """Remember a change, show it to the auditor, tell followers of its kind."""
        super().record(change)
        self._heard(change)
        for feed, resource in tuple(self._listening.items()):
            if resource is change.resource:
                feed.put_nowait(change)

    def restart(self) -> None:
        """Break all watches."""
        self.restarts += 1
        for feed in self._listening:
            feed.put_nowait(None)

    @contextmanager
    def listening(self, resource: Resource) -> Iterator[Feed]:
        """Yield a queue of the changes of one kind from now on."""
        feed: Feed = asyncio.Queue()
        self._listening[feed] = resource
        try:
            yield feed
        finally:
            del self._listening[feed]


class PlainStore(Store):
    """A store that does not keep who owns which field: nobody here reads it, and it costs."""

    def _signed(self, ref: Ref, old: Json, new: Json, write: Write) -> Json:
        del ref, old, write
        return new


class Cluster:
    """One cluster with one service in two or three versions.

    Attributes:
        writer: Which replica's request is being carried out; empty for anybody else's.
    """

    def __init__(
        self, timeline: Timeline, chance: random.Random, heard: Callable[[Change], None]
    ) -> None:
        self.writer = ""
        self.loop: ProcessLoop = timeline.loop()
        clock = VirtualClock(timeline)
        start = datetime.fromtimestamp(T0, UTC)
        self.store = PlainStore(lambda: start, chance, namespaces=(NAMESPACE,))
        self.store.history = self.chronicle = Chronicle(self.store.version, heard)
        self.api = DirectApi(self.store)
        tempo = Tempo(startup=Seconds(1.0))
        self._controllers = Workloads(self.store, clock, lambda *_: None, tempo)

    def build(self, *virtual_services: str) -> None:
        """Install the service."""
        subsets = [{"name": each, "labels": {"v": each}} for each in (STABLE, CANARY, NEXT)]
        rule: Json = {"metadata": {"name": HOST}, "spec": {"host": HOST, "subsets": subsets}}
        self.store.create(DESTINATION_RULE, NAMESPACE, rule, FOREIGN)
        for name in virtual_services:
            self.install(name)
        for version in (STABLE, CANARY, NEXT):
            self.store.create(DEPLOYMENT, NAMESPACE, _deployment(version, "1"), FOREIGN)
        self.settle()

    def install(self, name: str) -> None:
        """Create a VirtualService as Git has it."""
        spec = git_spec(0)
        body: Json = {"metadata": {"name": name}, "spec": spec}
        self.store.create(VIRTUAL_SERVICE, NAMESPACE, body, FOREIGN)

    def remove(self, name: str) -> None:
        """Delete a VirtualService."""
        self.store.delete(Ref(VIRTUAL_SERVICE, NAMESPACE, name))

    def virtual_service(self, name: str) -> Json | None:
        """Return a VirtualService as it is now."""
        return self.store.find(Ref(VIRTUAL_SERVICE, NAMESPACE, name))

    def write_weights(self, name: str, canary: int) -> None:
        """Let somebody else write weights: a person, or GitOps with Git's own (0)."""
        found = self.virtual_service(name)
        if found is not None:
            spec = git_spec(canary)
            self._commit(VIRTUAL_SERVICE, name, {**found, "spec": spec})

    def annotate(self, name: str, key: str, value: str | None) -> None:
        """Set or take away an annotation by hand."""
        found = self.virtual_service(name)
        if found is None:
            return
        metadata = section(found, "metadata")
        kept = {k: v for k, v in section(metadata, "annotations").items() if k != key}
        annotations = kept if value is None else {**kept, key: value}
        body = {**found, "metadata": {**metadata, "annotations": annotations}}
        self._commit(VIRTUAL_SERVICE, name, body)

    def churn(self, version: str) -> None:
        """Evict a version's pods; their ReplicaSet makes new ones."""
        for pod in self.store.list(POD, NAMESPACE):
            if dig(pod, "metadata", "labels", "v") == version:
                name = text(pod, "metadata", "name") or ""
                self.store.delete(Ref(POD, NAMESPACE, name))
        self.settle()

    def scale(self, version: str, replicas: int) -> None:
        """Let a person scale a Deployment."""
        found = self.store.get(Ref(DEPLOYMENT, NAMESPACE, deployment(version)))
        spec = {**section(found, "spec"), "replicas": replicas}
        self._commit(DEPLOYMENT, deployment(version), {**found, "spec": spec})
        self.settle()

    def replicas(self, version: str) -> int:
        """Return how many pods a version is to have."""
        found = self.store.get(Ref(DEPLOYMENT, NAMESPACE, deployment(version)))
        wanted = dig(found, "spec", "replicas")
        return wanted if isinstance(wanted, int) else 0

    def settle(self) -> None:
        """Let the controllers work for some seconds."""
        for delay in _SETTLING:
            self.loop.call_later(delay, self._controllers.turn)

    def _commit(self, resource: Resource, name: str, body: Json) -> None:
        self.store.commit(Ref(resource, NAMESPACE, name), body, FOREIGN)


def deployment(version: str) -> str:
    """Return the name of a version's Deployment."""
    return f"{HOST}-{version}"


def git_spec(canary: int) -> Json:
    """Return the spec of a VirtualService as Git has it, with these weights.

    It has more than we touch: a match, retries, and a route of another service.
    """
    split: list[object] = [
        {"destination": {"host": HOST, "subset": STABLE}, "weight": 100 - canary},
        {"destination": {"host": HOST, "subset": CANARY}, "weight": canary},
        {"destination": {"host": HOST, "subset": NEXT}, "weight": 0},
    ]
    matched: Json = {
        "name": "api",
        "match": [{"uri": {"prefix": "/api"}}],
        "route": split,
        "retries": {"attempts": 2, "perTryTimeout": "2s"},
    }
    other: Json = {"name": "docs", "route": [{"destination": {"host": "docs"}, "weight": 100}]}
    rest: Json = {"name": "rest", "route": split, "timeout": "5s"}
    return {"hosts": [HOST], "http": [matched, other, rest]}


def _deployment(version: str, build: str) -> Json:
    labels = {"app": HOST, "v": version}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "main", "image": f"{HOST}:{version}-{build}"}]},
    }
    return {
        "metadata": {"name": deployment(version)},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def splits(virtual_service: Json) -> Sequence[Mapping[str, int]]:
    """Return weight by subset, a route of the service each."""
    found: list[Mapping[str, int]] = []
    for route in items(virtual_service, "spec", "http"):
        weights = {}
        for entry in items(route, "route"):
            if text(entry, "destination", "host") == HOST:
                weight = section(entry).get("weight", 0)
                subset = text(entry, "destination", "subset") or ""
                weights[subset] = weight if isinstance(weight, int) else -1
        if weights:
            found.append(weights)
    return found


def without_weights(virtual_service: Json) -> object:
    """Return a spec with nothing of what we may change."""
    return [
        {
            **section(route),
            "route": [
                {k: v for k, v in section(entry).items() if k != "weight"}
                for entry in items(route, "route")
            ],
        }
        for route in items(virtual_service, "spec", "http")
    ]
