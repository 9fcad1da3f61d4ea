"""Virtual time: what a simulation stands on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from rolloutd.core.units import Seconds
from tests.simulation.timeline import LivelockError, ProcessLoop, Timeline, VirtualClock


@pytest.fixture
def timeline() -> Iterator[Timeline]:
    here = Timeline()
    yield here
    here.end_all()


def ticking(timeline: Timeline, period: float) -> tuple[ProcessLoop, list[float]]:
    """Start a process that notes the time again and again."""
    loop, noted, clock = timeline.loop(), list[float](), VirtualClock(timeline)

    async def tick() -> None:
        while True:
            await clock.sleep(Seconds(period))
            noted.append(timeline.now)

    loop.start(tick(), "ticking")
    return loop, noted


def test_time_jumps_to_the_next_timer(timeline: Timeline) -> None:
    """Whoever it belongs to; all processes live in one time."""
    _, slow = ticking(timeline, 1000.0)
    _, fast = ticking(timeline, 400.0)
    timeline.run(2000.0)

    assert slow == [1000.0, 2000.0]
    assert fast == [400.0, 800.0, 1200.0, 1600.0, 2000.0]


def test_a_frozen_process_goes_on_late(timeline: Timeline) -> None:
    """Its timers ran out meanwhile; it knows of nothing until it looks at a clock."""
    loop, noted = ticking(timeline, 1.0)
    timeline.run(2.0)
    loop.is_frozen = True
    timeline.run(7.0)
    loop.is_frozen = False
    timeline.run(8.5)

    assert noted == [1.0, 2.0, 7.0, 8.0]


def test_a_killed_process_does_nothing_more(timeline: Timeline) -> None:
    """Not even in the moment in which it is killed."""
    loop, noted = ticking(timeline, 1.0)
    timeline.run(2.0)
    timeline.end(loop)
    timeline.run(9.0)

    assert noted == [1.0, 2.0]


def test_a_timer_that_is_set_from_outside_counts(timeline: Timeline) -> None:
    """The loop was told to sleep longer before."""
    loop, noted = timeline.loop(), list[float]()
    loop.call_later(100.0, noted.append, 100.0)
    timeline.run(1.0)
    loop.call_later(4.0, noted.append, 5.0)
    timeline.run(6.0)

    assert noted == [5.0]


def test_asyncio_s_own_timeouts_follow(timeline: Timeline) -> None:
    """A deadline on real time would end a simulation's hour in a blink, or never."""
    loop, ended = timeline.loop(), list[float]()

    async def wait() -> None:
        try:
            async with asyncio.timeout(30.0):
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            ended.append(timeline.now)

    loop.start(wait(), "waiting")
    timeline.run(60.0)

    assert ended == [30.0]


def test_whoever_never_sleeps_is_found_out(timeline: Timeline) -> None:
    """Two processes that keep waking each other would make time stand still."""
    one, other = timeline.loop(), timeline.loop()

    def ping() -> None:
        other.call_soon(pong)

    def pong() -> None:
        one.call_soon(ping)

    one.call_soon(ping)

    with pytest.raises(LivelockError):
        timeline.run(1.0)


def test_a_wall_clock_may_be_set(timeline: Timeline) -> None:
    """``now`` does not follow: holds must not."""
    clock = VirtualClock(timeline, skew=2.0)
    before = clock.now()
    clock.set_wall(by=-3600.0)

    assert clock.now() == before
    assert clock.wall() == before - 3600.0
