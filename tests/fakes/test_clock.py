"""The fake clock keeps the promises that tests of the daemon rest on."""

from __future__ import annotations

import asyncio

from rolloutd.core.units import Instant, Seconds
from rolloutd.ports import Clock
from tests.fakes.clock import FakeClock

START = Instant(1000.0)


async def test_a_sleep_jumps_to_its_deadline() -> None:
    """An hour of a rollout must not cost an hour of a developer."""
    clock: Clock = FakeClock(START)

    await clock.sleep(Seconds(3600.0))

    assert clock.now() == 4600.0


async def test_sleepers_wake_in_the_order_of_their_deadlines() -> None:
    """A race between two loops must end as it would in real time."""
    clock = FakeClock(START)
    woken: list[tuple[float, float]] = []

    async def nap(duration: float) -> None:
        await clock.sleep(Seconds(duration))
        woken.append((duration, clock.now()))

    async with asyncio.TaskGroup() as group:
        for duration in (5.0, 1.0, 3.0):
            group.create_task(nap(duration), name=f"nap-{duration}")

    assert woken == [(1.0, 1001.0), (3.0, 1003.0), (5.0, 1005.0)]


async def test_a_short_sleep_started_late_still_wakes_first() -> None:
    """Time may not jump over a task that is about to ask for less."""
    clock = FakeClock(START)
    woken: list[str] = []

    async def long() -> None:
        await clock.sleep(Seconds(10.0))
        woken.append("long")

    async def short() -> None:
        await asyncio.sleep(0)  # noqa: TID251 - a loop turn, not a wait
        await clock.sleep(Seconds(1.0))
        woken.append("short")

    async with asyncio.TaskGroup() as group:
        group.create_task(long(), name="long")
        group.create_task(short(), name="short")

    assert woken == ["short", "long"]


async def test_a_cancelled_sleep_does_not_move_time() -> None:
    """A deadline that was met must leave no trace."""
    clock = FakeClock(START)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(clock.sleep(Seconds(100.0)), name="cancelled")
        await asyncio.sleep(0)  # noqa: TID251 - a loop turn, not a wait
        task.cancel()
    await clock.sleep(Seconds(1.0))

    assert clock.now() == 1001.0


async def test_without_jumps_only_advance_moves_time() -> None:
    """Tests with real sockets decide themselves when time passes."""
    clock = FakeClock(START, jumps=False)
    seen: list[float] = []

    async def tick() -> None:
        for _ in range(3):
            await clock.sleep(Seconds(2.0))
            seen.append(clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(tick(), name="tick")
        await clock.advance(Seconds(5.0))
        before = list(seen)
        sleeping = clock.sleeping
        await clock.advance(Seconds(1.0))

    assert before == [1002.0, 1004.0]
    assert sleeping == 1
    assert seen == [1002.0, 1004.0, 1006.0]


async def test_the_wall_clock_may_be_set_without_touching_now() -> None:
    """Windows read the wall clock; deadlines must not follow when someone sets it."""
    clock = FakeClock(START)

    clock.set_wall(Instant(50.0))
    await clock.sleep(Seconds(10.0))

    assert (clock.now(), clock.wall()) == (1010.0, 60.0)
