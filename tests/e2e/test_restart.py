"""The daemon as a process of its own, killed in the middle of things."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Seconds
from rolloutd.sandbox.cluster import Sandbox, sandbox
from rolloutd.sandbox.script import FAULTS, Script

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

SCRIPT = Script(rps=200.0, pace=Seconds(3.0), interval=Seconds(1.0))


@asynccontextmanager
async def a_world() -> AsyncIterator[Sandbox]:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            sandbox(SCRIPT, SystemClock(), Path(folder)) as world,
            asyncio.TaskGroup() as group,
        ):
            load = group.create_task(world.traffic.run(), name="load")
            yield world
            load.cancel()


async def a_daemon(world: Sandbox) -> asyncio.subprocess.Process:
    here = world.cluster
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rolloutd", "run", "--log-format", "json", "--ops-port", "0"),
        *("--api-port", "0"),
        *("--plans", str(here.plans), "--kubeconfig", str(here.kubeconfig)),
        stderr=asyncio.subprocess.DEVNULL,
    )


async def reach(world: Sandbox, wanted: Callable[[Mapping[str, int]], bool]) -> None:
    clock = SystemClock()
    async with asyncio.timeout(90):
        while not wanted(await world.weights()):
            await clock.sleep(Seconds(0.05))


async def kill(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


@pytest.mark.parametrize("weight", [10, 50, 75])
async def test_a_kill_at_any_step_changes_nothing_of_the_end(weight: int) -> None:
    """The next process goes on at the same step, and no weight is written twice."""
    async with a_world() as world:
        first = await a_daemon(world)
        await reach(world, lambda weights: weights["v4"] >= weight)
        await kill(first)
        second = await a_daemon(world)
        await reach(world, lambda weights: weights["v4"] == 100)
        await kill(second)

        assert world.cluster.writes() == 4
        assert world.traffic.ledger.failures() == 0


async def test_a_kill_while_the_canary_goes_bad_does_not_save_it() -> None:
    """Evidence is lost with the process; the canary is still bad when the next one looks."""
    async with a_world() as world:
        first = await a_daemon(world)
        await reach(world, lambda weights: weights["v4"] >= 50)
        await kill(first)
        await world.traffic.break_canary(FAULTS["grpc"])
        second = await a_daemon(world)
        await reach(world, lambda weights: weights["v4"] == 0)
        await kill(second)

        assert await world.weights() == {"v3": 100, "v4": 0}


async def test_a_polite_stop_is_quick_and_clean() -> None:
    """SIGTERM in mid-step: exit 0, weights left as they are."""
    async with a_world() as world:
        process = await a_daemon(world)
        await reach(world, lambda weights: weights["v4"] == 10)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            code = await process.wait()

        assert code == 0
        assert (await world.weights())["v4"] == 10
