"""The leader dies, stalls or is cut off; the standby goes on as if nothing had been."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from rolloutd.core.units import Percent, Seconds
from tests.processes.replica import Replica
from tests.processes.world import World, a_world

pytestmark = [pytest.mark.real, pytest.mark.timeout(480)]

WHOLE_STORY = [0, 10, 50, 75, 100]


def assert_as_without_the_fault(world: World) -> None:
    """Every weight once and in order, both arms always 100 %, one writer at a time."""
    assert world.shares() == WHOLE_STORY
    assert all(commit.stable + commit.canary == 100 for commit in world.commits)
    assert world.epochs() == sorted(world.epochs())
    ledger = world.here.traffic.ledger
    # A machine that is too slow for the load shows as gRPC status 4, a deadline.
    statuses = Counter(call.status for call in ledger.recent() if call.failed)
    assert ledger.failures() == 0, statuses


async def kill(leader: Replica, standby: Replica) -> None:
    del standby
    await leader.kill()


async def cut_off(leader: Replica, standby: Replica) -> None:
    del standby
    leader.link.go_silent()


@pytest.mark.parametrize("fault", [kill, cut_off])
async def test_the_standby_takes_over(
    fault: Callable[[Replica, Replica], Awaitable[None]],
) -> None:
    """It waits for the lease to run out, then goes on at the step that is recorded."""
    async with a_world() as world:
        leader, standby = await world.pair()
        await world.reach(Percent(50))
        await fault(leader, standby)
        await world.reach(Percent(100))

        assert_as_without_the_fault(world)
        assert world.epochs()[-1] > world.epochs()[0]


async def test_a_leader_frozen_past_its_lease_wakes_to_obey() -> None:
    """It was stopped between any two instructions and knows of nothing when it goes on."""
    async with a_world() as world:
        leader, standby = await world.pair()
        await world.reach(Percent(50))
        leader.freeze()
        await world.until(standby.led)
        leader.thaw()
        await world.reach(Percent(100))
        # Long enough for the one that woke to do what it was about to.
        await world.nap(Seconds(5.0))

        assert_as_without_the_fault(world)


async def test_an_api_that_is_silent_for_12_s_costs_the_lead_at_most() -> None:
    """Both replicas lose sight of the cluster; traffic stays where it is meanwhile."""
    async with a_world() as world:
        replicas = await world.pair()
        await world.reach(Percent(50))
        for each in replicas:
            each.link.go_silent()
        await world.nap(Seconds(12.0))
        for each in replicas:
            each.link.heal()
        await world.reach(Percent(100))

        assert_as_without_the_fault(world)


async def test_a_restarted_api_server_is_found_again() -> None:
    """Connections break, and what watches would resume from is forgotten."""
    async with a_world() as world:
        replicas = await world.pair()
        await world.reach(Percent(50))
        for each in replicas:
            each.link.restart()
        world.here.cluster.store.history.forget()
        await world.nap(Seconds(3.0))
        for each in replicas:
            each.link.heal()
        await world.reach(Percent(100))

        assert_as_without_the_fault(world)


async def test_a_leader_that_is_asked_to_stop_hands_over_at_once() -> None:
    """A rolling update of the daemon in the middle of a rollout: nobody waits for a lease."""
    async with a_world() as world:
        leader, standby = await world.pair()
        await world.reach(Percent(50))
        code = await leader.stop()
        await world.reach(Percent(100))

        assert code == 0
        assert standby.led()
        assert_as_without_the_fault(world)
