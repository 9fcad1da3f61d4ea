"""The cluster as last seen: a store per collection, each fed by a reflector."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.paths import Resource
from rolloutd.adapters.kubernetes.reflector import Reflector
from rolloutd.adapters.kubernetes.settings import WatchSettings
from rolloutd.adapters.kubernetes.store import ADDED, Store
from rolloutd.adapters.kubernetes.trim import TRIMS, whole_object
from rolloutd.core.units import Seconds
from rolloutd.ports import Json, KubeApi, OnChange

_ALL = ""
"""In place of a namespace: the whole cluster."""


class WatchedCache:
    """Implements ``ports.KubeCache``.

    Args:
        resources: Which kinds to follow.
        namespaces: Where; empty for the whole cluster, which needs a ClusterRole.
    """

    def __init__(
        self,
        api: KubeApi,
        resources: Collection[Resource],
        namespaces: Collection[str],
        pace: Pace,
        settings: WatchSettings,
    ) -> None:
        self._listeners: dict[str, list[OnChange]] = {}
        self._stores: dict[tuple[str, str], Store] = {}
        self._reflectors: list[Reflector] = []
        for resource in resources:
            for namespace in sorted(namespaces) or [_ALL]:
                store = self._store(resource.kind)
                self._stores[resource.kind, namespace] = store
                path = resource.collection(namespace or None)
                self._reflectors.append(Reflector(api, path, store, pace, settings))

    async def run(self) -> None:
        """Follow the cluster until cancelled."""
        async with asyncio.TaskGroup() as group:
            for reflector in self._reflectors:
                group.create_task(reflector.run(), name=f"reflector {reflector.path}")

    async def synced(self) -> None:
        """Return once every collection has been listed; before that, absence means nothing."""
        for reflector in self._reflectors:
            await reflector.synced()

    @property
    def is_synced(self) -> bool:
        """Whether every collection has been listed."""
        return all(reflector.is_synced for reflector in self._reflectors)

    def age(self) -> Seconds:
        """Return the longest time since the server told anything of a collection."""
        return max((reflector.age() for reflector in self._reflectors), default=Seconds(0.0))

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return one object."""
        store = self._responsible(kind, namespace)
        return None if store is None else store.get(namespace, name)

    def list(self, kind: str, namespace: str) -> Collection[Json]:
        """Return all objects of a kind in a namespace."""
        store = self._responsible(kind, namespace)
        return () if store is None else store.list(namespace)

    def subscribe(self, kind: str, listener: OnChange) -> None:
        """Tell ``listener`` of all objects of a kind, as ``ADDED``, then of every change.

        It runs inside the watch: it may note things and wake tasks, and must not raise.
        """
        for (held, _), store in self._stores.items():
            if held == kind:
                for obj in store:
                    listener(ADDED, obj)
        self._listeners.setdefault(kind, []).append(listener)

    def absorb(self, kind: str, obj: Json) -> bool:
        """Take an object from an answer to our own request; say whether it was news.

        The next look then sees our write, some milliseconds before the watch tells of it.
        """
        store = self._responsible(kind, text(obj, "metadata", "namespace") or "")
        return store is not None and store.absorb(obj)

    def _responsible(self, kind: str, namespace: str) -> Store | None:
        """Return the store of the watch that covers a namespace, if one does."""
        return self._stores.get((kind, namespace)) or self._stores.get((kind, _ALL))

    def _store(self, kind: str) -> Store:
        def tell(change: str, obj: Json) -> None:
            for listener in self._listeners.get(kind, ()):
                listener(change, obj)

        return Store(TRIMS.get(kind, whole_object), tell)
