"""Waiting for whichever comes first: something happened, or time is up."""

from __future__ import annotations

import asyncio

from rolloutd.core.units import Seconds
from rolloutd.ports import Clock

AT_ONCE = Seconds(0.0)
"""A sleep that only lets others have their turn, in loops over hundreds of rollouts."""


async def until(event: asyncio.Event, clock: Clock, limit: Seconds) -> bool:
    """Return ``True`` when the event is set, ``False`` when ``limit`` has passed before."""
    if event.is_set() or limit <= 0:
        return event.is_set()
    async with asyncio.TaskGroup() as group:
        happened = group.create_task(event.wait(), name="wait:event")
        timed = group.create_task(clock.sleep(limit), name="wait:limit")
        happened.add_done_callback(lambda _: timed.cancel())
        timed.add_done_callback(lambda _: happened.cancel())
    return event.is_set()
