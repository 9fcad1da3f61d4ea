"""Token buckets."""

from __future__ import annotations

from rolloutd.api.control.limits import REMEMBERED, Limit, Rate
from rolloutd.core.units import Seconds
from tests.fakes.clock import FakeClock

RATE = Rate(burst=3, per_second=0.5)


async def test_a_burst_is_free_and_then_it_takes_time() -> None:
    """Three at once, then one every two seconds."""
    clock = FakeClock(jumps=False)
    limit = Limit(RATE, clock)

    waits = [limit.take("ana") for _ in range(4)]
    await clock.advance(Seconds(1.5))
    soon = limit.take("ana")
    await clock.advance(Seconds(0.5))
    then = limit.take("ana")

    assert waits == [0.0, 0.0, 0.0, 2.0]
    assert (soon, then) == (0.5, 0.0)


async def test_everybody_has_a_bucket_that_does_not_overflow() -> None:
    """One's haste is not the other's wait; a quiet day saves up nothing."""
    clock = FakeClock(jumps=False)
    limit = Limit(RATE, clock)
    for _ in range(3):
        limit.take("ana")

    assert limit.wait("ana") == 2.0
    assert limit.wait("bo") == 0.0
    await clock.advance(Seconds(86400.0))
    assert [limit.take("ana") for _ in range(4)][-1] == 2.0


async def test_the_memory_of_callers_is_bounded() -> None:
    """An attacker with a network of addresses must not fill ours."""
    limit = Limit(RATE, FakeClock(jumps=False))
    for _ in range(4):
        limit.take("first")
    for each in range(REMEMBERED):
        limit.take(str(each))

    assert limit.wait("first") == 0.0
    assert len(limit._levels) == REMEMBERED
