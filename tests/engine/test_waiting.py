"""Whichever comes first."""

from __future__ import annotations

import asyncio

from rolloutd.core.units import Seconds
from rolloutd.engine.waiting import until
from tests.builders import at
from tests.fakes.clock import FakeClock


async def test_time_ends_the_wait() -> None:
    """Nothing happened."""
    clock = FakeClock(at(0))

    assert await until(asyncio.Event(), clock, Seconds(5.0)) is False
    assert clock.now() == at(5)


async def test_the_event_ends_the_wait() -> None:
    """Long before the time is up."""
    clock, event = FakeClock(at(0)), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(until(event, clock, Seconds(5.0)), name="wait")
        await clock.sleep(Seconds(1.0))
        event.set()

    assert waiting.result() is True
    assert clock.now() == at(1)


async def test_an_event_that_has_happened_needs_no_wait() -> None:
    """And no time no waiting."""
    event = asyncio.Event()
    clock = FakeClock(at(0))
    assert await until(event, clock, Seconds(0.0)) is False
    event.set()

    assert await until(event, clock, Seconds(5.0)) is True
    assert clock.now() == at(0)
