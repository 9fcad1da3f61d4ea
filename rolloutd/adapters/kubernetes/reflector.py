"""Keeps a sink equal to a collection in the cluster: list once, then watch for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn, Protocol

import structlog

from rolloutd.adapters.kubernetes.errors import Throttled
from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.settings import WatchSettings
from rolloutd.adapters.kubernetes.versions import is_newer
from rolloutd.core.units import Instant, Seconds, after, elapsed
from rolloutd.errors import Conflict, Refused, RolloutdError, Unavailable
from rolloutd.ports import Json, KubeApi

_log = structlog.stdlib.get_logger("rolloutd.kubernetes")


class Sink(Protocol):
    """What is kept equal."""

    def replace(self, objects: Sequence[Json], version: str) -> None:
        """Take a whole list, as of a resourceVersion."""
        ...

    def apply(self, change: str, obj: Json) -> None:
        """Take one event; its type may be one that the sink does not know."""
        ...


class Reflector:
    """Follows one collection for ever.

    A broken watch goes on from the last version seen; a version that the server no longer knows
    (410) costs a new list, and so does, now and then, a list that is old. Every turn that
    brought nothing doubles the wait before the next, so that no fault, however fast it answers,
    makes a hot loop.
    """

    def __init__(
        self, api: KubeApi, path: str, sink: Sink, pace: Pace, settings: WatchSettings
    ) -> None:
        self._api = api
        self._path = path
        self._sink = sink
        self._pace = pace
        self._settings = settings
        self._synced = asyncio.Event()
        self._version: str | None = None
        self._newest: str | None = None
        self._rewinds = 0
        self._failures = 0
        self._contact = self._listed = pace.clock.now()

    @property
    def path(self) -> str:
        """Return which collection it follows."""
        return self._path

    @property
    def is_synced(self) -> bool:
        """Whether the collection has been listed once."""
        return self._synced.is_set()

    async def synced(self) -> None:
        """Return once the collection has been listed."""
        await self._synced.wait()

    def age(self) -> Seconds:
        """Return the time since the server last told us anything, bookmarks included."""
        return elapsed(self._contact, self._pace.clock.now())

    async def run(self) -> NoReturn:
        """Follow the collection until cancelled; no fault of the server ends it."""
        while True:
            trouble = await self._turn()
            if trouble is not None:
                self._report(trouble)
            await self._pace.clock.sleep(self._rest(trouble))

    async def _turn(self) -> RolloutdError | None:
        """List if need be, then watch until the watch ends; return what ended it."""
        started, version = self._pace.clock.now(), self._version
        trouble: RolloutdError | None = None
        try:
            if self._version is None:
                await self._list()
            elif elapsed(self._listed, started) >= self._settings.relist:
                await self._list_anew()
            await self._watch(self._version or "")
        except Conflict as gone:
            self._version, trouble = None, gone
        except (Unavailable, Refused) as error:
            trouble = error
        lived = elapsed(started, self._pace.clock.now())
        moved = version is not None and self._version not in {None, version}
        is_fruitful = moved or (trouble is None and lived >= self._settings.settled)
        self._failures = 0 if is_fruitful else self._failures + 1
        return trouble

    async def _list_anew(self) -> None:
        """List what is already followed. The watch goes on, whether or not it succeeds."""
        self._listed = self._pace.clock.now()
        try:
            await self._list()
        except (Unavailable, Conflict, Refused) as trouble:
            self._report(trouble)

    async def _list(self) -> None:
        objects, version = await self._pace.within(
            self._settings.list_deadline,
            lambda: self._api.list(self._path),
            f"list {self._path}",
        )
        self._check_rewind(version)
        self._sink.replace(objects, version)
        self._version = self._newest = version
        self._contact = self._listed = self._pace.clock.now()
        self._synced.set()

    def _check_rewind(self, version: str) -> None:
        if not is_newer(self._newest, version):
            self._rewinds = 0
        elif self._rewinds < self._settings.rewinds:
            self._rewinds += 1
            raise Unavailable(
                f"list {self._path}: version {version} is older than {self._newest}"
            )
        else:
            _log.warning("history_rewound", path=self._path, seen=self._newest, now=version)

    async def _watch(self, version: str) -> None:
        silent_since = self._pace.clock.now()

        def expiry() -> Instant:
            return after(max(silent_since, self._contact), self._settings.idle)

        await self._pace.until(expiry, lambda: self._follow(version), f"watch {self._path}")
        self._contact = self._pace.clock.now()

    async def _follow(self, version: str) -> None:
        async for change, obj in self._api.watch(self._path, version):
            self._contact = self._pace.clock.now()
            if change != "BOOKMARK":
                self._sink.apply(change, obj)
            self._version = text(obj, "metadata", "resourceVersion") or self._version
            if is_newer(self._version, self._newest):
                self._newest = self._version

    def _rest(self, trouble: RolloutdError | None) -> Seconds:
        """Return how long to wait before the next turn."""
        limit = self._settings.backoff_limit
        wait = self._pace.backoff(
            self._failures, first=self._settings.backoff_first, limit=limit
        )
        if isinstance(trouble, Throttled):
            # Never less than asked for, or all throttled clients would come back at once.
            return Seconds(max(wait, min(trouble.pause, limit)))
        return wait

    def _report(self, trouble: RolloutdError) -> None:
        _log.warning(
            "watch_interrupted",
            path=self._path,
            reason=str(trouble),
            failures=self._failures,
            synced=self.is_synced,
        )
