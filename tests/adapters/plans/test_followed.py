"""One source, several readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from rolloutd.adapters.plans.followed import FollowedPlans
from rolloutd.core.units import Seconds
from rolloutd.ports import Catalogue
from tests.builders import a_plan
from tests.engine.test_supervisor import FakeSource
from tests.fakes.clock import FakeClock


async def test_every_reader_gets_the_present_state_and_every_later_one() -> None:
    """Also one who comes late: a replica that takes over must not wait for an edit."""
    source, clock = FakeSource(), FakeClock()
    followed = FollowedPlans(source)
    early: list[int] = []
    late: list[int] = []
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(followed.run()),
            group.create_task(note(followed.changes(), early)),
        ]
        await clock.sleep(Seconds(1.0))
        source.publish()
        await clock.sleep(Seconds(1.0))
        tasks.append(group.create_task(note(followed.changes(), late)))
        await clock.sleep(Seconds(1.0))
        source.publish(a_plan())
        await clock.sleep(Seconds(1.0))
        for task in tasks:
            task.cancel()

    assert early == late == [0, 1]


async def note(changes: AsyncIterator[Catalogue], found: list[int]) -> None:
    async for catalogue in changes:
        found += [len(catalogue.plans)]
