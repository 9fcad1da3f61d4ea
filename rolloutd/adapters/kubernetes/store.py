"""Objects of one collection, as lists, watches and our own writes tell of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import structlog

from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.trim import Trim
from rolloutd.adapters.kubernetes.versions import is_newer
from rolloutd.ports import Json, OnChange

_log = structlog.stdlib.get_logger("rolloutd.kubernetes")

ADDED = "ADDED"
MODIFIED = "MODIFIED"
DELETED = "DELETED"


class Store:
    """An index by namespace and name that never goes back in time.

    The watch tells things in order, but the answer to a request of our own (``absorb``) may
    overtake it. So an event older than what is held is dropped; and of an object that is not
    held, an answer older than what the watch has already told is not taken: it may have been
    deleted since. Of one that is held, a newer answer is news even then: its event got lost.

    Args:
        trim: Applied to every object before it is kept.
        tell: Called after each change, synchronously.
    """

    def __init__(self, trim: Trim, tell: OnChange) -> None:
        self._trim = trim
        self._tell = tell
        self._held: dict[str, dict[str, Json]] = {}
        self._position: str | None = None

    def get(self, namespace: str, name: str) -> Json | None:
        """Return one object."""
        return self._held.get(namespace, {}).get(name)

    def list(self, namespace: str) -> Collection[Json]:
        """Return the objects of a namespace, as of now."""
        return tuple(self._held.get(namespace, {}).values())

    def __len__(self) -> int:
        return sum(len(names) for names in self._held.values())

    def __iter__(self) -> Iterator[Json]:
        return iter([obj for names in self._held.values() for obj in names.values()])

    def replace(self, objects: Sequence[Json], version: str) -> None:
        """Take a list as the truth, except where our own write is newer than the list."""
        listed = {key: obj for obj in objects if (key := _key(obj)) is not None}
        before, self._position = self._position, version
        for obj in self:
            key = _key(obj)
            if _is_own(obj, before, version):
                listed.pop(key or ("", ""), None)
            elif key is not None and key not in listed:
                self._drop(key, obj)
        for key, obj in listed.items():
            self._put(key, obj)

    def apply(self, change: str, obj: Json) -> None:
        """Take one event of the watch."""
        version = _version(obj)
        if is_newer(version, self._position) or self._position is None:
            self._position = version
        key = _key(obj)
        if key is None or change not in {ADDED, MODIFIED, DELETED}:
            return
        held = self.get(*key)
        if held is not None and is_newer(_version(held), version):
            return
        if change != DELETED:
            self._put(key, obj)
        elif held is not None:
            self._drop(key, obj)

    def absorb(self, obj: Json) -> bool:
        """Take the answer to a request of ours, if it is news; say whether it was."""
        key, version = _key(obj), _version(obj)
        held = None if key is None else self.get(*key)
        known = self._position if held is None else _version(held)
        if key is None or not is_newer(version, known):
            return False
        self._put(key, obj)
        return True

    def _put(self, key: tuple[str, str], obj: Json) -> None:
        namespace, name = key
        names = self._held.setdefault(namespace, {})
        old = names.get(name)
        if old is not None and _version(old) == _version(obj) is not None:
            return
        names[name] = kept = self._trim(obj)
        self._tell(ADDED if old is None else MODIFIED, kept)

    def _drop(self, key: tuple[str, str], obj: Json) -> None:
        namespace, name = key
        names = self._held[namespace]
        del names[name]
        if not names:
            del self._held[namespace]
        self._tell(DELETED, self._trim(obj))


def _is_own(obj: Json, told: str | None, listed: str) -> bool:
    """Say whether an object can only come from our own write.

    It is newer than all that the watch had told. Asking this, and not only whether it is
    newer than the list, lets a list win after etcd was restored and counts from below.
    """
    version = _version(obj)
    return is_newer(version, told) and is_newer(version, listed)


def _version(obj: Json) -> str | None:
    return text(obj, "metadata", "resourceVersion")


def _key(obj: Json) -> tuple[str, str] | None:
    name = text(obj, "metadata", "name")
    if name is None:
        _log.warning("object_without_name_skipped", kind=obj.get("kind"))
        return None
    return text(obj, "metadata", "namespace") or "", name
