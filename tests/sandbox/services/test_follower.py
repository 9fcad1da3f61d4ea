"""Routes follow the VirtualService, and trouble with one state does not end it."""

from __future__ import annotations

import asyncio

from rolloutd.core.units import Seconds
from rolloutd.errors import Refused, RolloutdError, Unavailable
from rolloutd.ports import Json
from rolloutd.sandbox.services.follower import Follower
from tests.fakes.clock import FakeClock
from tests.sandbox.examples import split


class FakeRoutes:
    """Takes a second to apply anything.

    Attributes:
        applied: What was brought into force.
        troubles: Raised by the next applications, in order.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.applied: list[Json] = []
        self.troubles: list[RolloutdError] = []

    async def apply(self, virtual_service: Json) -> None:
        """Apply, or be in trouble."""
        await self._clock.sleep(Seconds(1.0))
        if self.troubles:
            raise self.troubles.pop(0)
        self.applied.append(virtual_service)


async def follow(routes: FakeRoutes, clock: FakeClock, *changes: tuple[str, Json]) -> None:
    """Let a follower see changes a tenth of a second apart, and give it ten seconds."""
    follower = Follower("data-product", routes.apply, clock)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(follower.run(), name="follower")
        for event, found in changes:
            follower.on_change(event, found)
            await clock.advance(Seconds(0.1))
        await clock.advance(Seconds(10.0))
        task.cancel()


async def test_only_the_newest_state_is_applied_after_a_busy_moment() -> None:
    """States in between have been overtaken; applying them would delay a rollback."""
    clock = FakeClock(jumps=False)
    routes = FakeRoutes(clock)
    states = [split(100 - weight, weight) for weight in (0, 10, 20, 0)]

    await follow(routes, clock, *(("MODIFIED", state) for state in states))

    assert routes.applied == [states[0], states[-1]]


async def test_other_objects_and_deletions_change_nothing() -> None:
    """A sandbox without any route shows nothing."""
    clock = FakeClock(jumps=False)
    routes = FakeRoutes(clock)
    other: Json = {**split(1, 1), "metadata": {"name": "other", "namespace": "default"}}

    await follow(routes, clock, ("ADDED", other), ("DELETED", split(1, 1)))

    assert routes.applied == []


async def test_a_refused_state_waits_for_the_next_change() -> None:
    """Asking again would get the same answer."""
    clock = FakeClock(jumps=False)
    routes = FakeRoutes(clock)
    routes.troubles = [Refused("no")]

    await follow(routes, clock, ("ADDED", split(0, 0)))

    assert (routes.applied, routes.troubles) == ([], [])


async def test_a_state_that_could_not_be_applied_is_tried_again() -> None:
    """It is what the VirtualService says, until it says something else."""
    clock = FakeClock(jumps=False)
    routes = FakeRoutes(clock)
    routes.troubles = [Unavailable("late"), Unavailable("late")]

    await follow(routes, clock, ("ADDED", split(90, 10)))

    assert routes.applied == [split(90, 10)]
