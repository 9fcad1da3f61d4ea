"""Load: calls at a given rate, whatever becomes of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rolloutd.core.units import Instant, Seconds, elapsed
from rolloutd.ports import Clock
from rolloutd.sandbox.services.ledger import Call, Ledger

FEW = 50
"""Calls under way at once that no rate forbids."""


class Caller(Protocol):
    """Makes calls."""

    async def call(self) -> Call:
        """Make one call; an error is a result too."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many calls.

    Attributes:
        per_second: By all callers together.
        backlog: Most calls under way at once are those that are due in this time; what is due
            beyond is not made, but noted. On a machine that is too slow for the rate, more
            would only wait until the callers give up, and look like a service that fails.
    """

    per_second: float
    backlog: Seconds = Seconds(1.0)

    @property
    def in_flight(self) -> int:
        """Most calls under way at once; slow services at low rates are to be called, too."""
        return max(FEW, round(self.per_second * self.backlog))


class Load:
    """Calls at a rate that does not heed the answers (an open loop).

    A caller that waited for slow answers would call less often just when it matters, and the
    slowness would hardly show.

    Args:
        callers: They take turns.
        ledger: Where calls are entered.
    """

    def __init__(
        self, callers: Sequence[Caller], ledger: Ledger, clock: Clock, rate: Rate
    ) -> None:
        self._turns = itertools.cycle(callers)
        self._ledger = ledger
        self._clock = clock
        self._rate = rate
        self._in_flight = 0

    async def run(self) -> None:
        """Call until cancelled; calls under way are cancelled too and not entered."""
        async with asyncio.TaskGroup() as group:
            start = self._clock.now()
            for sent in itertools.count():
                await self._until(start, sent)
                self._send(group, next(self._turns))

    async def _until(self, start: Instant, sent: int) -> None:
        wait = sent / self._rate.per_second - elapsed(start, self._clock.now())
        if wait > 0:
            await self._clock.sleep(Seconds(wait))

    def _send(self, group: asyncio.TaskGroup, caller: Caller) -> None:
        if self._in_flight >= self._rate.in_flight:
            self._ledger.unsent += 1
            return
        self._in_flight += 1
        group.create_task(self._enter(caller), name="call")

    async def _enter(self, caller: Caller) -> None:
        try:
            self._ledger.record(await caller.call())
        finally:
            self._in_flight -= 1
