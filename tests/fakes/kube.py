"""An API server in memory, with the faults that a test orders."""

from __future__ import annotations

import asyncio
import copy
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence

from rolloutd.errors import Conflict, Refused, RolloutdError
from rolloutd.ports import Json
from tests.adapters.istio import json_patch


class FakeKube:
    """Implements ``ports.KubeApi``: objects by path, one version counter, watches.

    Attributes:
        objects: By item path, as last written.
        requests: (verb, path) of every request, in order.
    """

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.requests: list[tuple[str, str]] = []
        self._version = 0
        self._history: list[tuple[int, str, str, Json]] = []
        self._forgotten = 0
        self._failures: defaultdict[str, list[RolloutdError]] = defaultdict(list)
        self._losses: set[str] = set()
        self._rewinds = 0
        self._hanging: set[str] = set()
        self._watches: set[asyncio.Queue[tuple[str, str, Json] | None]] = set()

    # What the world does.

    def put(self, path: str, obj: Json) -> Json:
        """Write an object as somebody else would; return it with its new version."""
        old = self.objects.get(path)
        self._version += 1
        metadata = dict(_section(obj, "metadata")) | {"resourceVersion": str(self._version)}
        metadata.setdefault("name", path.rsplit("/", 1)[1])
        if "/namespaces/" in path:
            metadata.setdefault("namespace", path.split("/namespaces/")[1].partition("/")[0])
        self.objects[path] = new = copy.deepcopy({**obj, "metadata": metadata})
        self._record("ADDED" if old is None else "MODIFIED", path, new)
        return copy.deepcopy(new)

    def remove(self, path: str) -> None:
        """Delete an object as somebody else would."""
        old = self.objects.pop(path)
        self._version += 1
        metadata = _section(old, "metadata") | {"resourceVersion": str(self._version)}
        self._record("DELETED", path, {**old, "metadata": metadata})

    def fail(self, verb: str, *failures: RolloutdError) -> None:
        """Answer the next requests of this verb so, one failure each."""
        self._failures[verb] += failures

    def forgive(self) -> None:
        """Drop all failures not yet met."""
        self._failures.clear()

    def rewind_lists(self, times: int) -> None:
        """Answer so many lists as of before there was anything."""
        self._rewinds = times

    def lose_answer(self, verb: str, failure: RolloutdError) -> None:
        """Carry out the next request of this verb, then answer so."""
        self._losses.add(verb)
        self.fail(verb, failure)

    def hang(self, *verbs: str) -> None:
        """Never answer requests of these verbs, until ``resume``."""
        self._hanging |= set(verbs)

    def resume(self) -> None:
        """Answer new requests again; those that hang stay hung."""
        self._hanging.clear()

    def forget_history(self) -> None:
        """Let every version so far be too old to watch from; watches end, events are lost."""
        self._version += 1
        self._forgotten = self._version
        for queue in self._watches:
            while not queue.empty():
                queue.get_nowait()
        self.cut_watches()

    def cut_watches(self) -> None:
        """End all watches."""
        for queue in self._watches:
            queue.put_nowait(None)

    def count(self, verb: str) -> int:
        """Return how many requests of a verb came."""
        return sum(each == verb for each, _ in self.requests)

    # What clients ask.

    async def get(self, path: str) -> Json | None:
        """Read one object."""
        await self._admit("get", path)
        return copy.deepcopy(self.objects.get(path))

    async def create(self, path: str, body: Json) -> Json:
        """Create in a collection."""
        item = f"{path}/{_section(body, 'metadata')['name']}"

        def change() -> Json:
            if item in self.objects:
                raise Conflict(f"{item} exists")
            return body

        return await self._commit("create", item, change)

    async def replace(self, path: str, body: Json) -> Json:
        """Put a whole object; the version must be the present one."""
        return await self._commit("replace", path, lambda: self._fresh(path, body))

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch."""

        def change() -> Json:
            return self._fresh(path, json_patch.apply(self._present(path), operations))

        return await self._commit("patch", path, change)

    async def merge(self, path: str, body: Json) -> Json:
        """Apply a JSON merge patch; of subresources only ``/scale`` is known."""
        item = path.removesuffix("/scale")

        def change() -> Json:
            return self._fresh(item, _merged(self._present(item), body))

        return await self._commit("merge", item, change)

    async def list(self, path: str) -> tuple[Sequence[Json], str]:
        """List a collection."""
        await self._admit("list", path)
        if self._rewinds:
            self._rewinds -= 1
            return [], "0"
        found = [obj for item, obj in self.objects.items() if _is_in(item, path)]
        return copy.deepcopy(found), str(self._version)

    async def watch(self, path: str, resource_version: str) -> AsyncIterator[tuple[str, Json]]:
        """Follow a collection."""
        await self._admit("watch", path)
        since = int(resource_version)
        if since < self._forgotten:
            raise Conflict(f"version {since} is too old")
        queue: asyncio.Queue[tuple[str, str, Json] | None] = asyncio.Queue()
        for version, change, item, obj in self._history:
            if version > since:
                queue.put_nowait((change, item, obj))
        self._watches.add(queue)
        try:
            while (event := await queue.get()) is not None:
                change, item, obj = event
                if _is_in(item, path):
                    yield change, copy.deepcopy(obj)
        finally:
            self._watches.discard(queue)

    async def _admit(self, verb: str, path: str) -> None:
        self.requests.append((verb, path))
        if verb in self._hanging:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)  # noqa: TID251 - an answer never comes in the same loop turn
        if self._failures[verb]:
            raise self._failures[verb].pop(0)

    async def _commit(self, verb: str, path: str, change: Callable[[], Json]) -> Json:
        if verb not in self._losses:
            await self._admit(verb, path)
            return self.put(path, change())
        self._losses.discard(verb)
        self.put(path, change())
        await self._admit(verb, path)
        raise AssertionError("a lost answer needs a failure")

    def _present(self, path: str) -> Json:
        if path not in self.objects:
            raise Refused(f"{path} is not there")
        return self.objects[path]

    def _fresh(self, path: str, body: Json) -> Json:
        asked = _section(body, "metadata").get("resourceVersion")
        held = _section(self._present(path), "metadata")["resourceVersion"]
        if asked not in {None, held}:
            raise Conflict(f"{path}: version {asked} is not {held}")
        return body

    def _record(self, change: str, path: str, obj: Json) -> None:
        self._history.append((self._version, change, path, obj))
        for queue in self._watches:
            queue.put_nowait((change, path, obj))


def _section(obj: Json, key: str) -> Json:
    value = obj.get(key, {})
    assert isinstance(value, dict)
    return value


def _is_in(item: str, collection: str) -> bool:
    parent = item.rsplit("/", 1)[0]
    if "/namespaces/" not in collection and "/namespaces/" in parent:
        head, tail = parent.split("/namespaces/")
        parent = f"{head}/{tail.split('/', 1)[1]}"
    return parent == collection


def _merged(target: object, change: object) -> Json:
    merged: Json = dict(target) if isinstance(target, dict) else {}
    assert isinstance(change, dict)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value) if isinstance(value, dict) else value
    return merged
