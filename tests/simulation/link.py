"""The way from one replica to the API server: everything that a network and a server do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NoReturn, TypeVar

from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.core.units import Seconds
from rolloutd.errors import Conflict, RolloutdError, Unavailable
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import ApiFailure
from rolloutd.sandbox.kubernetes.history import Change, Feed
from rolloutd.sandbox.kubernetes.locations import Location, locate
from rolloutd.sandbox.kubernetes.watching import Watch, changes_for
from tests.simulation.cluster import Cluster
from tests.simulation.timeline import VirtualClock
from tests.simulation.weather import (
    CALL_FAULTS,
    EVENT_FAULTS,
    WATCH_FAULTS,
    WRITES_ONLY,
    Fault,
    Weather,
    answered,
)

T = TypeVar("T")

DEADLINE = ClientSettings().deadline
"""After which the live client gives a call up."""

BOOKMARK = 8.0
"""Time between two bookmarks; a real server's minute, shortened with the idle timeout."""

_READS = tuple(fault for fault in CALL_FAULTS if fault not in WRITES_ONLY)
_LIFE = 40.0
"""Time after which a server ends a watch at the latest; 5 to 10 minutes in the field."""

_PAST = 6
_MOMENT = 1e-6


class Snapshots:
    """What an API server that lags would answer."""

    def __init__(self) -> None:
        self._lists: dict[str, deque[tuple[Sequence[Json], str]]] = {}

    def keep(self, path: str, listed: tuple[Sequence[Json], str]) -> None:
        """Remember an answer."""
        self._lists.setdefault(path, deque(maxlen=_PAST)).append(listed)

    def oldest(self, path: str) -> tuple[Sequence[Json], str] | None:
        """Return the oldest answer still remembered."""
        kept = self._lists.get(path)
        return kept[0] if kept else None


class Taps:
    """Where a test may reach in at an exact moment.

    Attributes:
        before_commit: Told of every write by its path, before it is carried out.
        after_commit: Likewise, afterwards and before anybody is answered.
        is_heard: Asked of every watch event whether it arrives.
        fault: Asked of every write, by its path, what is to go wrong with it.
    """

    def __init__(self) -> None:
        self.before_commit: Callable[[str], None] = lambda _: None
        self.after_commit: Callable[[str], None] = lambda _: None
        self.is_heard: Callable[[Json], bool] = lambda _: True
        self.fault: Callable[[str], Fault | None] = lambda _: None


class Link:
    """Implements ``ports.KubeApi`` for one process.

    Attributes:
        is_cut: Nothing gets through in either direction.
        is_dead: The process is no more; nothing it does has any effect.
        requests: Writes that were carried out.
    """

    def __init__(
        self, who: str, cluster: Cluster, clock: VirtualClock, weather: Weather
    ) -> None:
        self.who = who
        self.taps = Taps()
        self.is_cut = False
        self.is_dead = False
        self._cluster = cluster
        self._clock = clock
        self._weather = weather
        self._snapshots = Snapshots()

    async def get(self, path: str) -> Json | None:
        """Read one object."""
        return await self._read(f"GET {path}", lambda: self._cluster.api.get(path))

    async def create(self, path: str, body: Json) -> Json:
        """Create in a collection."""
        return await self._write("POST", path, lambda: self._cluster.api.create(path, body))

    async def replace(self, path: str, body: Json) -> Json:
        """Put a whole object."""
        return await self._write("PUT", path, lambda: self._cluster.api.replace(path, body))

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch."""
        return await self._write(
            "PATCH", path, lambda: self._cluster.api.patch(path, operations)
        )

    async def merge(self, path: str, body: Json) -> Json:
        """Apply a JSON merge patch."""
        return await self._write("MERGE", path, lambda: self._cluster.api.merge(path, body))

    async def list(self, path: str) -> tuple[Sequence[Json], str]:
        """List a collection, perhaps as it was some time ago."""
        past = self._snapshots.oldest(path)
        if past is not None and self._weather.strikes((Fault.STALE_READ,)):
            self._weather.count(Fault.STALE_READ)
            await self._travel(f"GET {path}")
            return past
        found = await self._read(f"GET {path}", lambda: self._cluster.api.list(path))
        self._snapshots.keep(path, found)
        return found

    async def watch(self, path: str, resource_version: str) -> AsyncIterator[tuple[str, Json]]:
        """Follow a collection."""
        what = f"watch {path}"
        await self._travel(what)
        fate = self._weather.strikes(WATCH_FAULTS)
        if fate is not None:
            self._weather.count(fate)
            if fate is Fault.WATCH_EMPTY:
                return
            refusal = answered(fate, what)
            if refusal is not None:
                raise refusal
        at = locate(path)
        with self._cluster.chronicle.listening(at.resource) as feed:
            stream = _Stream(self, at, feed, fate)
            # Raises for a version that is forgotten, as the server does.
            async for event in self._cluster_events(stream, resource_version):
                yield event

    async def _cluster_events(
        self, stream: _Stream, version: str
    ) -> AsyncIterator[tuple[str, Json]]:
        try:
            missed = self._cluster.store.history.since(int(version))
        except ApiFailure as gone:
            raise Conflict(str(gone)) from gone
        for event in stream.events(missed):
            yield event
        while not stream.is_over:
            change = await stream.next()
            while self.is_cut:
                await self._clock.sleep(Seconds(1.0))
            for event in stream.events([] if change is None else [change]):
                yield event
        if stream.failure is not None:
            raise stream.failure

    async def _read(self, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        await self._travel(what)
        fault = self._weather.strikes(_READS)
        if fault is not None:
            self._weather.count(fault)
            await self._misbehave(fault, what)
        answer = await ask()
        await self._travel(what)
        return answer

    async def _write(self, verb: str, path: str, do: Callable[[], Awaitable[Json]]) -> Json:
        what = f"{verb} {path}"
        await self._travel(what)
        fault = self.taps.fault(path) or self._weather.strikes(CALL_FAULTS)
        if fault is not None:
            self._weather.count(fault)
            if fault is Fault.LATE:
                self._cluster.loop.call_later(
                    DEADLINE + self._weather.chance.uniform(0.0, 4.0), self._later, path, do
                )
                await self._clock.sleep(DEADLINE)
                raise Unavailable(f"{what}: no answer in time")
            if fault is not Fault.LOST_AFTER:
                await self._misbehave(fault, what, is_json_patch=verb == "PATCH")
        answer = await self._commit(path, do)
        if fault is Fault.LOST_AFTER:
            await self._lose(what)
        await self._travel(what)
        return answer

    async def _commit(self, path: str, do: Callable[[], Awaitable[Json]]) -> Json:
        """Carry a write out. Nothing else happens meanwhile: the API never waits."""
        self.taps.before_commit(path)
        await self._unless_dead()
        self._cluster.writer = self.who
        try:
            answer = await do()
        finally:
            self._cluster.writer = ""
        self.taps.after_commit(path)
        await self._unless_dead()
        return answer

    def _later(self, path: str, do: Callable[[], Awaitable[Json]]) -> None:
        async def carry_out() -> None:
            try:
                self._cluster.writer = self.who
                await do()
            except RolloutdError:
                self._weather.count("late write refused")
            finally:
                self._cluster.writer = ""

        self._cluster.loop.start(carry_out(), f"late {path}")

    async def _misbehave(self, fault: Fault, what: str, *, is_json_patch: bool = False) -> None:
        error = answered(fault, what, is_json_patch=is_json_patch)
        if error is not None:
            await self._travel(what)
            raise error
        if fault is Fault.SLOW:
            await self._clock.sleep(Seconds(self._weather.chance.uniform(0.5, 4.0)))
        else:
            await self._lose(what)

    async def _lose(self, what: str) -> NoReturn:
        """Break the connection, or let the client wait in vain."""
        if self._weather.chance.random() < 0.5:
            await self._clock.sleep(DEADLINE)
            raise Unavailable(f"{what}: no answer in time")
        raise Unavailable(f"{what}: ConnectionResetError")

    async def _travel(self, what: str) -> None:
        if self.is_dead:
            raise Unavailable(f"{what}: the process is dead")
        await self._clock.sleep(self._weather.trip())
        if self.is_dead:
            raise Unavailable(f"{what}: the process is dead")
        if self.is_cut:
            await self._clock.sleep(DEADLINE)
            raise Unavailable(f"{what}: no answer in time")

    async def _unless_dead(self) -> None:
        """Come no further if we were killed: wait to be swept away."""
        if self.is_dead:
            await asyncio.get_running_loop().create_future()

    def hears(self, obj: Json) -> bool:
        """Say whether a watch event arrives, as far as tests have a say in it."""
        return self.taps.is_heard(obj)

    @property
    def weather(self) -> Weather:
        """What may go wrong."""
        return self._weather

    @property
    def clock(self) -> VirtualClock:
        """The process's clock."""
        return self._clock

    def restarts(self) -> int:
        """Return how often all connections were broken."""
        return self._cluster.chronicle.restarts

    def version(self) -> str:
        """Return the version of the latest write, for bookmarks."""
        return str(self._cluster.store.version)


class _Stream:
    """One open watch.

    Attributes:
        is_over: Nothing more comes.
        failure: How it ended, if not well.
    """

    def __init__(self, link: Link, at: Location, feed: Feed, fate: Fault | None) -> None:
        self.is_over = False
        self.failure: RolloutdError | None = None
        self._link = link
        self._watch = Watch(at=at)
        self._feed = feed
        self._fate = fate
        self._held: tuple[str, Json] | None = None
        shortest = 0.0 if fate else _LIFE / 2
        self._life = link.weather.chance.uniform(shortest, _LIFE)
        self._died = False
        self._restarts = link.restarts()

    async def next(self) -> Change | None:
        """Return the next change; ``None`` when time has passed without one."""
        if self._died:
            await asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        alarm = loop.call_later(min(self._life, BOOKMARK), self._feed.put_nowait, None)
        began = loop.time()
        change = await self._feed.get()
        alarm.cancel()
        self._life -= loop.time() - began
        if self._link.restarts() != self._restarts:
            self.is_over, self.failure = True, Unavailable("watch: ConnectionResetError")
        elif self._life <= _MOMENT:
            self._end()
        return change

    def events(self, changes: Sequence[Change]) -> list[tuple[str, Json]]:
        """Return what arrives of changes; a bookmark where there were none."""
        if self._died:
            return []
        if not changes:
            held, self._held = self._held, None
            if held is not None:
                return [held]
            # What was not followed yet is not bookmarked away.
            return [] if not self._feed.empty() else [self._bookmark()]
        told = [
            (event.type, event.obj)
            for event in changes_for(self._watch, changes)
            if self._link.hears(event.obj)
        ]
        return [each for event in told for each in self._disturbed(event)]

    def _disturbed(self, event: tuple[str, Json]) -> list[tuple[str, Json]]:
        weather = self._link.weather
        fault = weather.strikes(EVENT_FAULTS)
        if fault is not None:
            weather.count(fault)
        if fault is Fault.EVENT_DROPPED:
            return []
        if fault is Fault.EVENT_SWAPPED and self._held is None:
            self._held = event
            return []
        held, self._held = self._held, None
        return [event] if held is None else [event, held]

    def _bookmark(self) -> tuple[str, Json]:
        return "BOOKMARK", {"metadata": {"resourceVersion": self._link.version()}}

    def _end(self) -> None:
        if self._fate is Fault.WATCH_STALLED:
            self._died = True
            return
        self.is_over = True
        if self._fate is Fault.WATCH_TRUNCATED:
            self.failure = Unavailable("watch: ClientPayloadError")
