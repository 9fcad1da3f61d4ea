"""Leads while a Lease is ours, and never a moment longer.

We stop at the renew deadline (10 s after the last renewal), others begin after the lease
duration (15 s) without a change, so the two cannot overlap while clocks tick at about the same
rate. A process that is frozen in between wakes too late to know; its writes fail on the epoch,
which ``run`` hands out and every patch tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog

from rolloutd.adapters.kubernetes.claim import Candidate, Claim
from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.paths import LEASE
from rolloutd.adapters.kubernetes.reflector import Reflector
from rolloutd.adapters.kubernetes.settings import LeaseSettings, WatchSettings
from rolloutd.core.units import Instant, Seconds, after
from rolloutd.errors import Conflict, Refused, Unavailable
from rolloutd.ports import Json, KubeApi

_log = structlog.stdlib.get_logger("rolloutd.leadership")

Lead: TypeAlias = Callable[[int], Awaitable[None]]
"""What a leader does, given its epoch; cancelled when leadership ends."""


class Elector:
    """Competes for a lease and runs something while it is ours."""

    def __init__(
        self, api: KubeApi, candidate: Candidate, pace: Pace, settings: LeaseSettings
    ) -> None:
        self._api = api
        self._candidate = candidate
        self._pace = pace
        self._settings = settings
        self._claim = Claim(api, candidate, pace.clock, settings)

    @property
    def holder(self) -> str | None:
        """Who leads, as far as we have seen."""
        return self._claim.holder

    @property
    def holder_url(self) -> str | None:
        """Where the control API of another leader is, as far as we have seen."""
        return self._claim.holder_url

    @property
    def epoch(self) -> int | None:
        """Return the number of our leadership: larger than any before; ``None`` without one."""
        return self._claim.epoch if self.is_leader() else None

    @property
    def is_wanted(self) -> bool:
        """Whether the lease is ours, or about to be."""
        return self._claim.is_wanted

    def exceed(self, epoch: int) -> None:
        """Let our epochs be later than one that was found on an object."""
        self._claim.exceed(epoch)

    def is_leader(self, margin: Seconds = Seconds(0.0)) -> bool:
        """Say whether nobody else can lead within the next ``margin``."""
        return after(self._pace.clock.now(), margin) < self._claim.valid_until

    async def run(self, lead: Lead) -> None:
        """Compete, lead, and compete again, until cancelled or until ``lead`` returns.

        ``lead`` is cancelled before the lease can become another's, and has unwound when the
        lease is given back. On the way out, whatever the reason, the lease is given back.

        Raises:
            ExceptionGroup: With what ``lead`` raised.
        """
        try:
            while True:
                await self._campaign()
                if await self._reign(lead):
                    return
        finally:
            await self._release()

    async def _campaign(self) -> None:
        """Return once the lease is ours."""
        freed = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch(freed), name="lease watch")
            while not await self._acquire(freed):
                await self._pace.nap(self._pace.jittered(self._settings.retry), freed)
            watch.cancel()
        _log.info(
            "lease_acquired",
            lease=self._candidate.name,
            identity=self._candidate.identity,
            epoch=self._claim.epoch,
        )

    async def _acquire(self, freed: asyncio.Event) -> bool:
        freed.clear()  # before looking, or a release during the look would go unheard
        try:
            return await self._pace.within(
                self._settings.request, self._claim.acquire, "lease acquisition"
            )
        except Conflict:
            return False
        except (Unavailable, Refused) as exc:
            _log.warning("lease_unreachable", lease=self._candidate.name, reason=str(exc))
            return False

    async def _watch(self, freed: asyncio.Event) -> None:
        """Notice at once when the lease is given back; looking every 2 s remains the rule."""
        path = LEASE.collection(self._candidate.namespace)
        bell = _Bell(self._candidate.name, freed)
        await Reflector(self._api, path, bell, self._pace, WatchSettings()).run()

    async def _reign(self, lead: Lead) -> bool:
        """Lead until the lease is lost or ``lead`` returns; say whether it was the latter."""
        async with asyncio.TaskGroup() as group:
            leading = group.create_task(_led(lead, self._claim.epoch), name="leading")
            keeping = group.create_task(self._keep(), name="lease renewal")
            await asyncio.wait({leading, keeping}, return_when=asyncio.FIRST_COMPLETED)
            is_over = leading.done()
            leading.cancel()
            keeping.cancel()
        if not is_over:
            _log.warning(
                "lease_lost",
                lease=self._candidate.name,
                identity=self._candidate.identity,
                holder=self.holder,
            )
        return is_over

    async def _keep(self) -> None:
        """Renew the lease; return when it is lost, or time to step down has come."""
        period = self._settings.retry
        while (left := self._time_left()) > 0:
            await self._pace.clock.sleep(Seconds(min(self._pace.jittered(period), left)))
            match await self._renew():
                case True:
                    period = self._settings.retry
                case False:
                    return
                case None:
                    period = self._settings.retry_failed

    async def _renew(self) -> bool | None:
        """Say whether the lease is still ours; ``None`` when nobody answered."""
        limit = Seconds(min(self._settings.request, self._time_left()))
        try:
            return await self._pace.within(limit, self._claim.renew, "lease renewal")
        except (Unavailable, Conflict, Refused) as exc:
            _log.warning(
                "lease_renewal_failed",
                lease=self._candidate.name,
                reason=str(exc),
                left=self._time_left(),
            )
            return None

    def _time_left(self) -> Seconds:
        """Return the time until we step down; negative afterwards."""
        end = Instant(self._claim.valid_until - self._settings.step_down)
        return Seconds(end - self._pace.clock.now())

    async def _release(self) -> None:
        try:
            await self._pace.within(
                self._settings.release, self._claim.release, "lease release"
            )
        except (Unavailable, Conflict, Refused) as exc:
            _log.warning("lease_not_released", lease=self._candidate.name, reason=str(exc))
        finally:
            self._claim.drop()


class _Bell:
    """A sink that rings when a lease has no holder."""

    def __init__(self, name: str, freed: asyncio.Event) -> None:
        self._name = name
        self._freed = freed

    def replace(self, objects: Sequence[Json], version: str) -> None:
        """Ring if the lease was listed without a holder."""
        del version
        for obj in objects:
            self.apply("MODIFIED", obj)

    def apply(self, change: str, obj: Json) -> None:
        """Ring if this is the lease, and free."""
        is_it = change == "MODIFIED" and text(obj, "metadata", "name") == self._name
        if is_it and text(obj, "spec", "holderIdentity") is None:
            self._freed.set()


async def _led(lead: Lead, epoch: int) -> None:
    await lead(epoch)
