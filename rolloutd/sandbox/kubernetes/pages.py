"""Long lists in pages, all of one moment."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import EXPIRED, ApiFailure

_KEPT = 64
"""Lists remembered for their later pages; a client that comes back to an older one begins
again, as after a compaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list.

    Attributes:
        metadata: Of the list: its version and, where more follows, how to go on.
    """

    objects: Sequence[Json]
    metadata: Json


@dataclass(frozen=True, slots=True)
class _Snapshot:
    objects: Sequence[Json]
    version: str


class Pages:
    """Remembers what was there when a list began, so that all of its pages agree."""

    def __init__(self) -> None:
        self._snapshots: dict[int, _Snapshot] = {}
        self._serial = itertools.count(1)

    def first(self, objects: Sequence[Json], version: str, limit: int) -> Page:
        """Begin a list; a limit of 0 asks for all at once."""
        snapshot = _Snapshot(objects, version)
        if limit == 0 or len(objects) <= limit:
            return Page(objects=objects, metadata={"resourceVersion": version})
        serial = next(self._serial)
        self._snapshots[serial] = snapshot
        self._snapshots.pop(serial - _KEPT, None)
        return _page(snapshot, serial, 0, limit)

    def next(self, token: str, limit: int) -> Page:
        """Go on with a list.

        Raises:
            ApiFailure: 410: the list is no longer remembered.
        """
        serial, _, start = token.partition("-")
        snapshot = self._snapshots.get(int(serial)) if serial.isdecimal() else None
        if snapshot is None or not start.isdecimal():
            message = "The provided continue parameter is too old; begin the list again."
            raise ApiFailure(HTTPStatus.GONE, EXPIRED, message)
        return _page(snapshot, int(serial), int(start), limit)


def _page(snapshot: _Snapshot, serial: int, start: int, limit: int) -> Page:
    end = start + limit if limit else len(snapshot.objects)
    metadata: Json = {"resourceVersion": snapshot.version}
    if end < len(snapshot.objects):
        metadata["continue"] = f"{serial}-{end}"
        metadata["remainingItemCount"] = len(snapshot.objects) - end
    return Page(objects=snapshot.objects[start:end], metadata=metadata)
