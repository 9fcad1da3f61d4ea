"""The real clock."""

from __future__ import annotations

from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Seconds


async def test_now_is_the_wall_clock_at_the_start_and_goes_on_evenly() -> None:
    """Holds survive a restart because both processes mean the same instants."""
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(Seconds(0.01))

    assert abs(clock.now() - clock.wall()) < 1
    assert clock.now() - before >= 0.01
