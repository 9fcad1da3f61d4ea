"""The objects themselves, found by name, by collection and by owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rolloutd.adapters.kubernetes.fields import items, text
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import Resource


class Objects:
    """Holds objects, which nobody changes once they are in: a write puts a new one."""

    def __init__(self) -> None:
        self._held: defaultdict[Resource, dict[tuple[str, str], Json]] = defaultdict(dict)
        self._owned: defaultdict[str, dict[Ref, None]] = defaultdict(dict)

    def get(self, ref: Ref) -> Json | None:
        """Return an object, if it is there."""
        return self._held[ref.resource].get((ref.namespace, ref.name))

    def put(self, ref: Ref, obj: Json) -> None:
        """Hold an object in place of the one before."""
        self.drop(ref)
        self._held[ref.resource][ref.namespace, ref.name] = obj
        for owner in _owners(obj):
            self._owned[owner][ref] = None

    def drop(self, ref: Ref) -> None:
        """Hold an object no more."""
        old = self._held[ref.resource].pop((ref.namespace, ref.name), None)
        for owner in _owners(old):
            self._owned[owner].pop(ref, None)
            if not self._owned[owner]:
                del self._owned[owner]

    def collection(self, resource: Resource, namespace: str | None) -> list[Json]:
        """Return all objects of a kind by namespace and name; ``None`` for all namespaces."""
        held = self._held[resource]
        return [held[key] for key in sorted(held) if namespace in {None, key[0]}]

    def owned_by(self, uid: str) -> list[Ref]:
        """Return what names an object as its owner."""
        return list(self._owned.get(uid, ()))

    def within(self, namespace: str) -> list[Ref]:
        """Return everything in a namespace."""
        return [
            Ref(resource, *key)
            for resource, held in self._held.items()
            for key in held
            if key[0] == namespace
        ]


def _owners(obj: Json | None) -> Iterator[str]:
    for owner in items(obj, "metadata", "ownerReferences"):
        uid = text(owner, "uid")
        if uid is not None:
            yield uid
