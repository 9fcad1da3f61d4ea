"""A cluster in memory: what the mesh reads from and writes to."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Collection, Sequence

from rolloutd.adapters.istio.mesh import IstioMesh
from rolloutd.errors import Conflict, Refused, RolloutdError
from rolloutd.ports import Json
from tests.adapters.istio import json_patch


class FakeCache:
    """What watches would hold."""

    def __init__(self, *objects: Json) -> None:
        self.objects: dict[tuple[str, str, str], Json] = {}
        for each in objects:
            self.absorb(str(each["kind"]), each)

    def absorb(self, kind: str, new: Json) -> None:
        """Hold this state of an object from now on."""
        namespace, name = _identity(new)
        self.objects[kind, namespace, name] = new

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """Let an object be deleted."""
        del self.objects[kind, namespace, name]

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return one object."""
        return self.objects.get((kind, namespace, name))

    def list(self, kind: str, namespace: str) -> Collection[Json]:
        """Return all objects of a kind in a namespace."""
        return [each for key, each in self.objects.items() if key[:2] == (kind, namespace)]


class FakeApi:
    """An API server that knows patches and resourceVersions, and fails when told."""

    def __init__(self, *objects: Json) -> None:
        self.objects = {_path(each): copy.deepcopy(each) for each in objects}
        self.patches: list[tuple[str, Sequence[Json]]] = []
        self._failures: dict[str, RolloutdError] = {}

    def fail(self, name: str, failure: RolloutdError) -> None:
        """Answer the next patch of this VirtualService so."""
        self._failures[name] = failure

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch with optimistic locking."""
        failure = self._failures.pop(path.rsplit("/", 1)[-1], None)
        if failure is not None:
            raise failure
        if path not in self.objects:
            raise Refused(f"{path} not found")
        before = self.objects[path]
        after = json_patch.apply(before, operations)
        meta = after["metadata"]
        assert isinstance(meta, dict)
        if meta["resourceVersion"] != version(before):
            raise Conflict("the object has been modified")
        meta["resourceVersion"] = str(int(version(before)) + 1)
        self.objects[path] = after
        self.patches.append((path, operations))
        return copy.deepcopy(after)

    async def get(self, path: str) -> Json | None:
        """Read one object."""
        return copy.deepcopy(self.objects.get(path))

    async def create(self, path: str, body: Json) -> Json:
        """Fail: the mesh creates nothing."""
        raise AssertionError(path, body)

    async def replace(self, path: str, body: Json) -> Json:
        """Fail: a PUT drops what we do not know."""
        raise AssertionError(path, body)

    async def merge(self, path: str, body: Json) -> Json:
        """Fail: a merge patch replaces whole lists."""
        raise AssertionError(path, body)

    async def list(self, path: str) -> tuple[Sequence[Json], str]:
        """Fail: the mesh reads its cache."""
        raise AssertionError(path)

    def watch(self, path: str, resource_version: str) -> AsyncIterator[tuple[str, Json]]:
        """Fail: the mesh reads its cache."""
        raise AssertionError(path, resource_version)


class Cluster:
    """A mesh over a cache and an API server that begin with the same objects."""

    def __init__(self, *objects: Json) -> None:
        self.cache = FakeCache(*objects)
        self.api = FakeApi(*(each for each in objects if each["kind"] == "VirtualService"))
        self.epoch: int | None = None
        self.mesh = self.client()

    def client(self, cache: FakeCache | None = None) -> IstioMesh:
        """Return another mesh, with a cache of its own if one is given."""
        held = cache or self.cache
        return IstioMesh(
            held,
            self.api,
            epoch=lambda: self.epoch,
            absorb=held.absorb,
        )

    def edit(self, name: str, *operations: Json) -> None:
        """Let a person change a VirtualService; the watch brings it at once."""
        path = next(path for path in self.api.objects if path.endswith(f"/{name}"))
        edited = json_patch.apply(self.api.objects[path], operations)
        meta = edited["metadata"]
        assert isinstance(meta, dict)
        meta["resourceVersion"] = str(int(version(edited)) + 1)
        self.api.objects[path] = edited
        self.cache.absorb("VirtualService", copy.deepcopy(edited))


def version(each: Json) -> str:
    """Return an object's resourceVersion."""
    meta = each["metadata"]
    assert isinstance(meta, dict)
    return str(meta["resourceVersion"])


def _identity(each: Json) -> tuple[str, str]:
    meta = each["metadata"]
    assert isinstance(meta, dict)
    return str(meta["namespace"]), str(meta["name"])


def _path(each: Json) -> str:
    namespace, name = _identity(each)
    return f"/apis/{each['apiVersion']}/namespaces/{namespace}/virtualservices/{name}"
