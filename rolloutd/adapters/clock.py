"""The real clock: the only module that may ask the machine for the time."""

from __future__ import annotations

import asyncio
import time

from rolloutd.core.units import Instant, Seconds


class SystemClock:
    """Wall time at the start, carried on by the monotonic clock.

    An administrator or NTP may set the wall clock while we run: a hold must neither end early
    nor last for ever because of it. Calendars ask ``wall``, which follows.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> Instant:
        """Return the present instant; never jumps and never goes back while we run."""
        return Instant(time.monotonic() + self._offset)

    def wall(self) -> Instant:
        """Return what the wall clock says."""
        return Instant(time.time())

    async def sleep(self, duration: Seconds) -> None:
        """Return after ``duration``."""
        await asyncio.sleep(duration)
