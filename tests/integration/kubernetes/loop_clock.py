"""The event loop's own time, for tests with real sockets."""

from __future__ import annotations

import asyncio

from rolloutd.core.units import Instant, Seconds


class LoopClock:
    """Implements ``ports.Clock`` on ``loop.time()``."""

    def now(self) -> Instant:
        """Return the loop's time as if it had begun at some instant."""
        return Instant(1_700_000_000.0 + asyncio.get_running_loop().time())

    def wall(self) -> Instant:
        """Return the same: nobody sets this clock."""
        return self.now()

    async def sleep(self, duration: Seconds) -> None:
        """Wait."""
        await asyncio.sleep(duration)  # noqa: TID251 - real sockets need real waits
