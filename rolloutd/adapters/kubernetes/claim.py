"""Our hold on one Lease: how it is taken, kept and given back, and until when it is sure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rolloutd.adapters.kubernetes import lease as leases
from rolloutd.adapters.kubernetes.lease import Lease
from rolloutd.adapters.kubernetes.paths import LEASE
from rolloutd.adapters.kubernetes.rivals import Rivals
from rolloutd.adapters.kubernetes.settings import LeaseSettings
from rolloutd.core.units import Instant, Seconds, after
from rolloutd.errors import Conflict, Refused
from rolloutd.ports import Clock, Json, KubeApi

_NEVER = Instant(0.0)

_LARGEST = 2_000_000_000
"""An epoch beyond this is not believed: the field has 31 bits, and there must be some left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Who wants which lease.

    Attributes:
        identity: Unique among all processes that want it: a pod's name and a random part.
        url: Where its control API is, for the others to find; ``None`` if nowhere.
        is_rival: Knows the Leases, by name, that share the same work out in another way: while
            somebody holds one of them, nobody takes this one.
        restraint: How long it leaves a lease that nobody holds to others. One that has run
            out is not left to anybody: nobody has led for long enough.
    """

    namespace: str
    name: str
    identity: str
    url: str | None = None
    is_rival: Callable[[str], bool] | None = None
    restraint: Callable[[], Seconds] = lambda: Seconds(0.0)


class Claim:
    """Knows whether the lease is ours, and until when that is certain.

    Validity counts from *before* the request that renewed it, for the server may have written
    it as early as that.
    """

    def __init__(
        self, api: KubeApi, candidate: Candidate, clock: Clock, settings: LeaseSettings
    ) -> None:
        self._api = api
        self._candidate = candidate
        self._clock = clock
        self._settings = settings
        self._path = LEASE.item(candidate.namespace, candidate.name)
        collection = LEASE.collection(candidate.namespace)
        self._collection = collection
        is_rival = candidate.is_rival
        self._rivals = None if is_rival is None else Rivals(api, collection, is_rival, clock)
        self._seen: Lease | None = None
        self._seen_at = _NEVER
        self._missed_at: Instant | None = None
        self._reaches = False
        self._held: Lease | None = None
        self._valid_until = _NEVER
        self._last = self._tried = 0

    @property
    def holder(self) -> str | None:
        """Who leads, as far as we have seen."""
        return None if self._seen is None else self._seen.holder

    @property
    def holder_url(self) -> str | None:
        """Where the holder's control API is, as far as we have seen; never our own."""
        seen = self._seen
        is_other = seen is not None and seen.holder not in {None, self._candidate.identity}
        return seen.url if seen is not None and is_other else None

    @property
    def epoch(self) -> int:
        """Return the number of the present leadership, or of the last that we held."""
        return 0 if self._held is None else self._held.transitions

    @property
    def valid_until(self) -> Instant:
        """Return until when nobody else can lead."""
        return self._valid_until

    @property
    def is_wanted(self) -> bool:
        """Whether the lease is ours, or about to be."""
        return self._reaches or self._clock.now() < self._valid_until

    def exceed(self, epoch: int) -> None:
        """Let our epochs be later than one that was found in use.

        They are earlier after a Lease was deleted, or restored, and made again by a slow clock.
        A lease that we hold is raised at its next renewal: the server grants that to its true
        holder alone, so that one who has lost it unawares gains nothing.
        """
        if epoch <= _LARGEST:
            self._last = max(self._last, epoch)

    async def acquire(self) -> bool:
        """Take the lease if it is free; say whether it is ours now.

        Raises:
            Conflict: Somebody else was faster.
            Unavailable: No answer: it may be ours without our knowing. The next look tells.
            Refused: We may not.
        """
        found = await self._api.get(self._path)
        lease = None if found is None else self._see(found)
        if not (self._is_vacant() if lease is None else self._is_free(lease)):
            return False
        self._reaches = True
        try:
            return await self._take(lease)
        finally:
            self._reaches = False

    async def renew(self) -> bool:
        """Prolong the lease; say whether it is still ours. One request when all is well.

        Raises:
            Conflict: It changed twice while we looked; try again.
            Unavailable: No answer: it may have been prolonged.
            Refused: We may not, though the lease is still ours.
        """
        if self._held is None:
            return False
        try:
            await self._prolong(self._held)
        except (Conflict, Refused):
            # Perhaps our own write, the one whose answer got lost; or the Lease was deleted.
            found = await self._api.get(self._path)
            if found is None or not self._is_ours(self._see(found)):
                self.drop()
                return False
            await self._prolong(self._see(found))
        return True

    async def release(self) -> None:
        """Give the lease back, so that the next holder need not wait for it to run out.

        Raises:
            Conflict: It changed twice while we looked.
            Unavailable: No answer; it runs out by itself.
            Refused: We may not.
        """
        held = self._held
        self._valid_until = _NEVER
        if held is None:
            return
        try:
            await self._give_back(held)
        except Conflict:
            found = await self._api.get(self._path)
            if found is not None and self._is_ours(self._see(found)):
                await self._give_back(self._see(found))
        self.drop()

    def drop(self) -> None:
        """Believe no longer that the lease is ours."""
        self._held = None
        self._valid_until = _NEVER

    async def _take(self, lease: Lease | None) -> bool:
        """Take a lease that is free, unless there are rivals; say whether it is ours now.

        Rivals are looked for before and after: of two that write at the same moment, at least
        one sees the other.
        """
        if self._rivals is not None and await self._rivals.are_there():
            return False
        asked = self._clock.now()
        written = await self._written(lease)
        if self._rivals is not None and await self._rivals.are_there():
            await self._give_back(self._see(written))
            return False
        self._hold(written, asked)
        return True

    async def _written(self, lease: Lease | None) -> Json:
        wall, last = self._clock.wall(), self._last
        me, duration = self._candidate.identity, self._settings.duration
        if lease is None:
            body = leases.first(self._candidate.name, me, duration, wall, last)
            return await self._api.create(self._collection, self._signed(body))
        body = leases.taken(lease, me, duration, wall, last)
        return await self._api.replace(self._path, self._signed(body))

    async def _prolong(self, lease: Lease) -> None:
        asked = self._clock.now()
        is_last = lease.transitions >= self._last
        self._tried = lease.transitions if is_last else self._last + 1
        body = leases.renewed(lease, self._clock.wall(), self._tried)
        self._hold(await self._api.replace(self._path, body), asked)

    async def _give_back(self, lease: Lease) -> None:
        await self._api.replace(self._path, leases.released(lease, self._clock.wall()))

    def _signed(self, body: Json) -> Json:
        return leases.advertised(body, self._candidate.url)

    def _hold(self, written: Json, asked: Instant) -> None:
        self._held = self._see(written)
        self._valid_until = after(asked, self._settings.renew_deadline)

    def _see(self, body: Json) -> Lease:
        lease = leases.read(body, self._settings.duration)
        if self._seen is None or lease.stamp != self._seen.stamp:
            self._seen_at = self._clock.now()
        self._seen = lease
        self.exceed(lease.transitions)
        return lease

    def _is_free(self, lease: Lease) -> bool:
        """Say whether it was given back, bears our name, or did not change for its duration."""
        now, me = self._clock.now(), self._candidate
        if lease.holder is None:
            return now >= after(self._seen_at, me.restraint())
        return lease.holder == me.identity or now >= after(self._seen_at, lease.duration)

    def _is_vacant(self) -> bool:
        """Say whether a lease that is not there may be made."""
        if self._seen is not None:
            # Deleted, perhaps under a living leader, who finds out at its next renewal.
            return self._is_free(self._seen)
        now = self._clock.now()
        if self._missed_at is None:
            self._missed_at = now
        return now >= after(self._missed_at, self._candidate.restraint())

    def _is_ours(self, lease: Lease) -> bool:
        return (
            self._held is not None
            and lease.holder == self._candidate.identity
            and lease.transitions in {self._held.transitions, self._tried}
        )
