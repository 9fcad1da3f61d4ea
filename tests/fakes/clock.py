"""A clock whose time passes only when a test, or a sleep, says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from rolloutd.core.units import Instant, Seconds, after

_PATIENCE = 25
"""Loop turns given to other tasks before time jumps. A turn costs microseconds; a wake-up that
travels through a queue, a lock and a TaskGroup takes fewer than ten."""


class FakeClock:
    """Implements ``ports.Clock`` without waiting.

    By default a sleep *jumps*: once nothing else has run for some loop turns, time moves to the
    earliest deadline, and sleepers wake in the order of their deadlines. Without jumps, time
    stands still until ``advance``; use that when a task waits for real I/O, which no clock of
    ours can see.
    """

    def __init__(
        self, start: Instant = Instant(1_700_000_000.0), *, jumps: bool = True
    ) -> None:
        self._now = start
        self._wall_offset = 0.0
        self._jumps = jumps
        self._sleepers: list[tuple[Instant, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._turns_left = 0
        self._pumping = False

    def now(self) -> Instant:
        """Return the present instant."""
        return self._now

    def wall(self) -> Instant:
        """Return what the wall clock says."""
        return Instant(self._now + self._wall_offset)

    def set_wall(self, at: Instant) -> None:
        """Set the wall clock, as an administrator might; ``now`` does not notice."""
        self._wall_offset = at - self._now

    async def sleep(self, duration: Seconds) -> None:
        """Return after ``duration`` of this clock's time, and never before a loop turn."""
        woken = asyncio.get_running_loop().create_future()
        at = after(self._now, Seconds(max(0.0, duration)))
        heapq.heappush(self._sleepers, (at, next(self._order), woken))
        if self._jumps:
            self._start_pump()
        await woken

    async def advance(self, duration: Seconds) -> None:
        """Let ``duration`` pass; sleepers due within it wake in order, each at its own time."""
        end = after(self._now, duration)
        await self._settle()
        while (due := self._next_deadline()) is not None and due <= end:
            self._wake_first()
            await self._settle()
        self._now = max(self._now, end)

    @property
    def sleeping(self) -> int:
        """How many tasks sleep at present."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def _settle(self) -> None:
        for _ in range(_PATIENCE):
            await asyncio.sleep(0)  # noqa: TID251 - a loop turn, not a wait

    def _start_pump(self) -> None:
        """Jump later, and later still for every newcomer: it may have the earliest deadline."""
        self._turns_left = _PATIENCE
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        if self._next_deadline() is None:
            self._pumping = False
            return
        if self._turns_left == 0:
            self._wake_first()
            self._turns_left = _PATIENCE
        self._turns_left -= 1
        asyncio.get_running_loop().call_soon(self._pump)

    def _next_deadline(self) -> Instant | None:
        """Return the earliest deadline still waited for; cancelled sleepers are dropped."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def _wake_first(self) -> None:
        at, _, woken = heapq.heappop(self._sleepers)
        self._now = max(self._now, at)
        woken.set_result(None)
