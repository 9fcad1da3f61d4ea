"""What happened lately: a ring of changes, from which watches begin."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import too_old
from rolloutd.sandbox.kubernetes.resources import Resource

WINDOW = 4096
"""How many changes are remembered; who comes back later has to list again."""

Kind: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One write.

    Attributes:
        version: The resourceVersion that it made.
        obj: After the write; of a deletion, the last state with the version of its end.
        old: Before the write.
    """

    version: int
    kind: Kind
    resource: Resource
    obj: Json
    old: Json | None = None


Feed: TypeAlias = asyncio.Queue[Change | None]
"""Changes as they happen; ``None`` ends it."""


class History:
    """Remembers changes and hands them on.

    Args:
        start: The version before the first change.
        window: How many changes are remembered.
    """

    def __init__(self, start: int, window: int = WINDOW) -> None:
        self._changes: deque[Change] = deque(maxlen=window)
        self._oldest = start
        self._feeds: set[Feed] = set()

    def record(self, change: Change) -> None:
        """Remember a change and tell all who follow."""
        if len(self._changes) == self._changes.maxlen:
            self._oldest = self._changes[0].version
        self._changes.append(change)
        for feed in self._feeds:
            feed.put_nowait(change)

    def since(self, version: int) -> list[Change]:
        """Return all changes after a version.

        Raises:
            ApiFailure: 410: some of them are forgotten.
        """
        if version < self._oldest:
            raise too_old(str(version), self._oldest)
        return [change for change in self._changes if change.version > version]

    @contextmanager
    def following(self) -> Iterator[Feed]:
        """Yield a queue of all changes from now on."""
        feed: Feed = asyncio.Queue()
        self._feeds.add(feed)
        try:
            yield feed
        finally:
            self._feeds.discard(feed)

    @property
    def followers(self) -> int:
        """How many follow at present."""
        return len(self._feeds)

    def forget(self) -> None:
        """Let everything so far be too old to watch from, as after etcd's compaction."""
        if self._changes:
            self._oldest = self._changes[-1].version
            self._changes.clear()

    def end_watches(self) -> None:
        """End all who follow, as an API server does that restarts."""
        for feed in self._feeds:
            feed.put_nowait(None)
