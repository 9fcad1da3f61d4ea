"""A lone daemon, ended in the middle of things and started again."""

from __future__ import annotations

import json
import random

import pytest

from rolloutd.adapters.istio.annotations import keys
from rolloutd.core.units import Percent, Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import STORY
from rolloutd.sandbox.script import FAULTS, Script
from tests.processes.world import World, a_world

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

SLOW = Script(rps=20.0, pace=Seconds(300.0), interval=Seconds(1.0))
"""The first weight holds for as long as a test takes."""

RESTARTS = 50
RECORD = keys("data-product").record


@pytest.mark.parametrize("weight", [10, 50, 75])
async def test_a_kill_at_any_step_changes_nothing_of_the_end(weight: int) -> None:
    """The next process goes on at the same step, and no weight is written twice."""
    async with a_world() as world:
        first = await world.replica(lease=None)
        await world.reach(Percent(weight))
        await first.kill()
        await world.replica(lease=None)
        await world.reach(Percent(100))

        assert world.here.cluster.writes() == 4
        assert world.here.traffic.ledger.failures() == 0


async def test_a_kill_while_the_canary_goes_bad_does_not_save_it() -> None:
    """Evidence is lost with the process; the canary is still bad when the next one looks."""
    async with a_world() as world:
        first = await world.replica(lease=None)
        await world.reach(Percent(50))
        await first.kill()
        await world.here.traffic.break_canary(FAULTS["grpc"])
        await world.replica(lease=None)
        await world.reach(Percent(0))

        assert await world.here.weights() == {"v3": 100, "v4": 0}


async def test_a_polite_stop_is_quick_and_clean() -> None:
    """SIGTERM in mid-step: exit 0, weights left as they are."""
    async with a_world(SLOW) as world:
        daemon = await world.replica(lease=None)
        await world.reach(Percent(10))
        code = await daemon.stop()

        assert code == 0
        assert (await world.here.weights())["v4"] == 10


async def test_fifty_restarts_in_a_row_take_no_step_twice() -> None:
    """A crash loop, as by a node that lacks memory: ended at any moment, gently or not."""
    chance = random.Random(50)  # noqa: S311 - repeatable on purpose
    async with a_world() as world:
        for number in range(RESTARTS):
            daemon = await world.replica(lease=None)
            if number % 10:
                # Mostly in its first second: while caches fill, at its first decision.
                await daemon.is_up()
                await world.nap(Seconds(chance.uniform(0.0, 0.5)))
            else:
                await world.nap(Seconds(chance.uniform(2.0, 6.0)))
            await (daemon.kill() if number % 2 else daemon.stop())
        await world.replica(lease=None)
        await world.reach(Percent(100))

        assert world.shares() == [0, 10, 50, 75, 100]
        assert world.here.cluster.writes() == 4
        assert world.here.traffic.ledger.failures() == 0


@pytest.mark.parametrize("version", [0, 2])
async def test_a_record_of_the_version_before_or_after_is_gone_on_with(version: int) -> None:
    """An upgrade in mid-run, and one that is undone: neither starts the run anew."""
    async with a_world() as world:
        first = await world.replica(lease=None)
        await world.reach(Percent(50))
        await first.kill()
        await rewrite(world, version)
        await world.replica(lease=None)
        await world.reach(Percent(100))

        assert world.shares() == [0, 10, 50, 75, 100]
        assert all(commit.stable + commit.canary == 100 for commit in world.commits)
        assert world.here.traffic.ledger.failures() == 0


async def rewrite(world: World, version: int) -> None:
    """Make the record one of another version: with a field unknown to us, or without one."""
    found = await world.here.cluster.api.get(STORY)
    assert found is not None
    metadata = found["metadata"]
    assert isinstance(metadata, dict)
    record: Json = json.loads(metadata["annotations"][RECORD])
    record["v"] = version
    if version > 1:
        record["novelty"] = {"of": "the next version"}
    else:
        del record["restores"]
    note: Json = {"metadata": {"annotations": {RECORD: json.dumps(record)}}}
    await world.here.cluster.api.merge(STORY, note)
