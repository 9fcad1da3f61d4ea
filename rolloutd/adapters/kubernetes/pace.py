"""Waits and deadlines on the Clock port, so that simulations own them all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from rolloutd.core.units import Instant, Seconds, after
from rolloutd.errors import RolloutdError, Unavailable
from rolloutd.ports import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Time and chance, handed to everything here that waits."""

    clock: Clock
    chance: random.Random

    async def within(self, limit: Seconds, work: Callable[[], Awaitable[T]], what: str) -> T:
        """Await ``work`` for at most ``limit``.

        Raises:
            Unavailable: It took longer; it has been cancelled and has unwound.
        """
        end = after(self.clock.now(), limit)
        return await self.until(lambda: end, work, what)

    async def until(
        self, expiry: Callable[[], Instant], work: Callable[[], Awaitable[T]], what: str
    ) -> T:
        """Await ``work`` until an instant that may move while we wait.

        Raises:
            Unavailable: The instant came first; ``work`` has been cancelled and has unwound.
        """
        async with asyncio.TaskGroup() as group:
            job = group.create_task(_outcome(work), name=what)
            alarm = group.create_task(self._pass(expiry), name=f"{what}: deadline")
            await asyncio.wait({job, alarm}, return_when=asyncio.FIRST_COMPLETED)
            job.cancel()
            alarm.cancel()
        if job.cancelled():
            raise Unavailable(f"{what}: no answer in time")
        match job.result():
            case _Failed(error=error):
                raise error
            case outcome:
                return outcome

    async def nap(self, duration: Seconds, alarm: asyncio.Event) -> None:
        """Sleep for ``duration``, or until ``alarm`` is set."""
        async with asyncio.TaskGroup() as group:
            waits = {
                group.create_task(self.clock.sleep(duration), name="nap"),
                group.create_task(alarm.wait(), name="nap: alarm"),
            }
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    def jittered(self, period: Seconds) -> Seconds:
        """Stretch a period by up to a fifth, so that equal processes drift apart."""
        return Seconds(period * self.chance.uniform(1.0, 1.2))

    def backoff(self, failures: int, *, first: Seconds, limit: Seconds) -> Seconds:
        """Return a wait between 0 and ``first`` doubled per failure, capped: full jitter."""
        exponent = min(failures, 30)  # 2**30 exceeds any limit and still fits a float
        return Seconds(self.chance.uniform(0.0, min(limit, first * 2.0**exponent)))

    async def _pass(self, expiry: Callable[[], Instant]) -> None:
        while (left := expiry() - self.clock.now()) > 0:
            await self.clock.sleep(Seconds(left))


@dataclass(frozen=True, slots=True)
class _Failed:
    """An error as a value: raised inside a TaskGroup it would come out wrapped in a group."""

    error: RolloutdError


async def _outcome(work: Callable[[], Awaitable[T]]) -> T | _Failed:
    try:
        return await work()
    except RolloutdError as error:
        return _Failed(error)
