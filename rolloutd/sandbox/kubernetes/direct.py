"""The sandbox's API without HTTP, for tests and simulations by the thousand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

import orjson

from rolloutd.errors import Conflict, Refused
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes import verbs
from rolloutd.sandbox.kubernetes.failures import ApiFailure, bad_request
from rolloutd.sandbox.kubernetes.locations import Location, locate
from rolloutd.sandbox.kubernetes.store import Store, Write
from rolloutd.sandbox.kubernetes.verbs import Patch, PatchType
from rolloutd.sandbox.kubernetes.watching import Watch, changes_for

_WRITE = Write(manager="rolloutd")


class DirectApi:
    """Implements ``ports.KubeApi`` on a store, with the errors of the live client."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, path: str) -> Json | None:
        """Read one object; ``None`` when it is not there."""
        with _translated(f"GET {path}"):
            at = locate(path)
            found = self._store.find(at.ref)
            return None if found is None else _own(verbs.read(self._store, at))

    async def create(self, path: str, body: Json) -> Json:
        """Create in a collection."""
        with _translated(f"POST {path}"):
            return _own(verbs.create(self._store, locate(path), _own(body), _WRITE))

    async def replace(self, path: str, body: Json) -> Json:
        """Put a whole object."""
        with _translated(f"PUT {path}"):
            at = locate(path)
            return _own(verbs.replace(self._store, at, _own(body), _writing(at)))

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch."""
        return self._patch(
            path, Patch(type=PatchType.JSON, body=[_own(each) for each in operations])
        )

    async def merge(self, path: str, body: Json) -> Json:
        """Apply a JSON merge patch."""
        return self._patch(path, Patch(type=PatchType.MERGE, body=_own(body)))

    async def list(self, path: str) -> tuple[Sequence[Json], str]:
        """List a collection."""
        with _translated(f"GET {path}"):
            at = _collection(path)
            found = self._store.list(at.resource, at.namespace)
            return [_own(at.served(obj)) for obj in found], str(self._store.version)

    async def watch(self, path: str, resource_version: str) -> AsyncIterator[tuple[str, Json]]:
        """Follow a collection until the store's history ends its watches."""
        with _translated(f"watch {path}"), self._store.history.following() as feed:
            at = _collection(path)
            watch = Watch(at=at)
            missed = self._store.history.since(_number(resource_version))
            for event in changes_for(watch, missed):
                yield event.type, _own(event.obj)
            while (change := await feed.get()) is not None:
                for event in changes_for(watch, [change]):
                    yield event.type, _own(event.obj)

    def _patch(self, path: str, change: Patch) -> Json:
        with _translated(f"PATCH {path}", is_json_patch=change.type is PatchType.JSON):
            at = locate(path)
            return _own(verbs.patch(self._store, at, change, _writing(at)))


def _collection(path: str) -> Location:
    at = locate(path)
    if at.name is not None:
        raise Refused(f"{path} is not a collection")
    return at


def _number(version: str) -> int:
    if not version.isdecimal():
        raise bad_request(f"resourceVersion: {version!r} is not a number")
    return int(version)


def _writing(at: Location) -> Write:
    return Write(manager=_WRITE.manager, subresource=at.subresource)


def _own(obj: Json) -> Json:
    """Return a copy: what is in the store is shared by all, and must not change.

    Through text and back is several times faster than ``copy.deepcopy``.
    """
    copied: Json = orjson.loads(orjson.dumps(obj))
    return copied


@contextmanager
def _translated(what: str, *, is_json_patch: bool = False) -> Iterator[None]:
    try:
        yield
    except ApiFailure as failure:
        message = f"{what}: {int(failure.code)} {failure.message}"
        is_misfit = failure.code is HTTPStatus.UNPROCESSABLE_ENTITY and failure.details is None
        is_conflict = failure.code in {HTTPStatus.CONFLICT, HTTPStatus.GONE}
        if is_conflict or (is_json_patch and is_misfit):
            raise Conflict(message) from failure
        raise Refused(message) from failure
