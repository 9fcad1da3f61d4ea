"""The operator's desk under load: 500 rollouts, 200 listeners, for ten minutes.

Every rollout is under way and judged every five seconds by the counts of one real Envoy. Prints
how long the API takes to answer, how late the daemon's loop runs, and whether memory and
descriptors stay where they are. One rollout is paused and resumed all the time.
``--minutes 30 --orders`` is the soak: it is rolled back and tried again instead, so that runs
begin and end.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import orjson

from bench.desk.clients import Notes, Task, ask, listen
from bench.desk.watched import FINEST
from bench.machine import machine
from bench.process import cpu_seconds, descriptors, rss_mb, waited_seconds
from rolloutd.adapters.clock import SystemClock
from rolloutd.bootstrap.settling import SETTLING
from rolloutd.core.units import Seconds
from rolloutd.sandbox.cluster import STORY, Sandbox, sandbox
from rolloutd.sandbox.script import Script, plan_text

LOOK = 10.0
"""Seconds between two looks at the process."""

WARM_UP = SETTLING + 5.0
"""Seconds until all runs are under way and the daemon has done what it does once."""

SCRIPT = Script(rps=50.0, pace=Seconds(3600.0), interval=Seconds(5.0))


@dataclass(frozen=True)
class Load:
    """What the daemon has to bear.

    Attributes:
        orders: Whether one rollout is rolled back and tried again, not only paused.
    """

    rollouts: int
    listeners: int
    minutes: float
    orders: bool


@dataclass
class Cost:
    """What the process took, as seen from outside.

    Attributes:
        kept_waiting_percent: Share of the time in which it had no core and would have run.
    """

    rss: list[float] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    cpu_percent: float = 0.0
    kept_waiting_percent: float = 0.0


@dataclass
class Daemon:
    """The daemon's process, and the delays of its loop once it has ended."""

    pid: int
    api: str
    ops: str
    delays: list[int] = field(default_factory=list)


async def _populate(world: Sandbox, count: int) -> None:
    story = await world.cluster.api.get(STORY)
    text = plan_text(SCRIPT, world.traffic.stats_url)
    for number in range(1, count):
        name = f"service-{number}"
        copied = orjson.loads(orjson.dumps(story))
        copied["metadata"] = {"name": name, "namespace": "default"}
        await world.cluster.api.create(STORY.rpartition("/")[0], copied)
        plan = text.replace("metadata: {name: data-product", f"metadata: {{name: {name}")
        plan = plan.replace(
            "virtualService: {name: data-product", f"virtualService: {{name: {name}"
        )
        (world.cluster.plans / f"{name}.yaml").write_text(plan)


@asynccontextmanager
async def _daemon(world: Sandbox, log: Path) -> AsyncIterator[Daemon]:
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.desk.watched"),
            *(str(world.cluster.kubeconfig), str(world.cluster.plans)),
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
            limit=2**20,
            # Linux divides the cores among sessions: ours must not be that of the clients.
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        where = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        daemon = Daemon(pid=process.pid, **where)
        yield daemon
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = await asyncio.wait_for(process.communicate(), 30)
    daemon.delays = json.loads(rest)


async def _look(pid: int, cost: Cost) -> None:
    began, cpu, waits = time.perf_counter(), cpu_seconds(pid), waited_seconds(pid)
    while True:
        cost.rss.append(rss_mb(pid))
        cost.open.append(descriptors(pid))
        await asyncio.sleep(LOOK)
        passed = time.perf_counter() - began
        cost.cpu_percent = 100 * (cpu_seconds(pid) - cpu) / passed
        cost.kept_waiting_percent = 100 * (waited_seconds(pid) - waits) / passed


async def _measure(bears: Load) -> dict[str, object]:
    cost = Cost()
    with tempfile.TemporaryDirectory() as folder:
        async with sandbox(SCRIPT, SystemClock(), Path(folder)) as world:
            await _populate(world, bears.rollouts)
            async with (
                _daemon(world, Path(folder) / "log") as daemon,
                asyncio.TaskGroup() as group,
            ):
                meanwhile = [group.create_task(world.traffic.run())]
                await asyncio.sleep(WARM_UP)
                meanwhile.append(group.create_task(_look(daemon.pid, cost)))
                os.kill(daemon.pid, signal.SIGUSR1)
                asked, heard = await _use(daemon, bears)
                for task in meanwhile:
                    task.cancel()

    return (
        dataclasses.asdict(bears)
        | _figures(asked, heard)
        | _costs(cost)
        | {"loopLagMs": _exact(daemon.delays)}
    )


async def _use(daemon: Daemon, bears: Load) -> tuple[Notes, Notes]:
    """Let the clients at it; return what those who ask and those who listen have seen."""
    task = Task(
        api=daemon.api,
        ops=daemon.ops,
        rollouts=bears.rollouts,
        seconds=60 * bears.minutes,
        listeners=bears.listeners,
        verbs=("rollback", "retry") if bears.orders else ("pause", "resume"),
    )
    loop = asyncio.get_running_loop()
    spawn = get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn, initializer=os.setsid) as pool:
        asking = loop.run_in_executor(pool, ask, task)
        listening = loop.run_in_executor(pool, listen, task)
        return await asking, await listening


def _figures(asked: Notes, heard: Notes) -> dict[str, object]:
    everything = [took for kind in asked.took.values() for took in kind]
    return {
        "apiMs": {
            kind: _percentiles(took) for kind, took in {"all": everything, **asked.took}.items()
        },
        "clientLateMs": _percentiles(asked.late),
        "metricsMs": _percentiles(heard.took.get("metrics", [])),
        "refused": asked.refused,
        "events": heard.events,
    }


def _costs(cost: Cost) -> dict[str, object]:
    third = len(cost.rss) // 3
    return {
        "cpuPercent": round(cost.cpu_percent, 1),
        "keptWaitingPercent": round(cost.kept_waiting_percent, 1),
        "rssMbByThird": [
            round(statistics.median(part), 1)
            for part in (cost.rss[:third], cost.rss[third : 2 * third], cost.rss[-third:])
        ],
        "descriptorsFirstAndLast": [cost.open[0], cost.open[-1]],
        "descriptorsMost": max(cost.open),
    }


def _exact(delays: Sequence[int]) -> dict[str, float]:
    """Return quantiles of counted delays, in milliseconds."""
    sums = list(itertools.accumulate(delays))

    def quantile(share: float) -> float:
        place = next(index for index, below in enumerate(sums) if below >= share * sums[-1])
        return round(1000 * FINEST * (place + 1), 1)

    return {
        "n": sums[-1],
        **{f"p{number}": quantile(number / 100) for number in (50, 95, 99)},
        "max": quantile(1.0),
    }


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "n": len(seconds),
        **{f"p{number}": round(1000 * cuts[number - 1], 1) for number in (50, 95, 99)},
        "max": round(1000 * max(seconds), 1),
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--orders", action="store_true", help="begin and end runs meanwhile")
    parser.add_argument("--rollouts", type=int, default=500)
    parser.add_argument("--listeners", type=int, default=200)
    before = os.getloadavg()[1]
    figures = asyncio.run(_measure(Load(**vars(parser.parse_args()))))
    load = {"fiveMinutesBefore": before, "fiveMinutesAfter": os.getloadavg()[1]}
    print(json.dumps({"machine": machine() | {"load": load}, "desk": figures}))


if __name__ == "__main__":
    main()
