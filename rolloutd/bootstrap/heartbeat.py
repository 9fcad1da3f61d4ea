"""Whether the event loop turns."""

from __future__ import annotations

from rolloutd.core.units import Instant, Seconds, elapsed
from rolloutd.ports import Clock
from rolloutd.telemetry.metrics import Metrics

BEAT = Seconds(1.0)
"""Time between two heartbeats of the event loop."""

DEAD = Seconds(30.0)
"""Without a heartbeat for this long the loop hangs: the probe asks for a restart."""


class Heartbeat:
    """Proves that the event loop turns, and measures how late it does."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._last: Instant = clock.now()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            began = self._clock.now()
            await self._clock.sleep(BEAT)
            self._last = self._clock.now()
            lag = max(0.0, elapsed(began, self._last) - BEAT)
            self._metrics.loop_lag.observe(lag)

    def is_beating(self) -> bool:
        """Say whether the last beat is recent."""
        return elapsed(self._last, self._clock.now()) < DEAD
