"""The operator's desk under load: 500 rollouts, 200 listeners, for ten minutes.

Every rollout is under way and judged every five seconds by the counts of one real Envoy. Prints
how long the API takes to answer, how late the daemon's loop runs, and whether memory and
descriptors stay where they are. ``--minutes 30 --orders`` is the soak: besides, one rollout is
rolled back and tried again all the time, so that runs begin and end.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson

from bench.machine import machine
from bench.process import cpu_seconds, descriptors, rss_mb
from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Seconds
from rolloutd.sandbox.cluster import STORY, Sandbox, sandbox
from rolloutd.sandbox.script import Script, plan_text

ASKING = 0.1
"""Seconds between two requests of the API."""

LOOK = 10.0
"""Seconds between two looks at the process."""

SCRIPT = Script(rps=50.0, pace=Seconds(3600.0), interval=Seconds(5.0))


@dataclass(frozen=True)
class Load:
    """What the daemon has to bear.

    Attributes:
        orders: Whether one rollout is rolled back and tried again all the time.
    """

    rollouts: int
    listeners: int
    minutes: float
    orders: bool


@dataclass
class Notes:
    """What was seen."""

    lists: list[float] = field(default_factory=list)
    singles: list[float] = field(default_factory=list)
    orders: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    events: int = 0
    refused: int = 0


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
async def _daemon(world: Sandbox, log: Path) -> AsyncIterator[tuple[int, str, str]]:
    """Run it; yield its pid and the URLs of API and metrics."""
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rolloutd", "run", "--log-format", "json"),
            *("--ops-port", "0", "--api-port", "0", "--plans", str(world.cluster.plans)),
            *("--kubeconfig", str(world.cluster.kubeconfig)),
            stderr=sink,
        )
    try:
        started = await asyncio.to_thread(_started, log)
        yield process.pid, started["api"], started["ops"]
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)


def _started(log: Path) -> dict[str, str]:
    """Wait until the daemon runs; return where."""
    while True:
        for line in log.read_text().splitlines():
            if '"started"' in line:
                return json.loads(line)
        time.sleep(0.1)


async def _listen(session: aiohttp.ClientSession, api: str, notes: Notes) -> None:
    async with session.get(f"{api}/api/v1/events") as stream:
        async for chunk in stream.content.iter_any():
            notes.events += chunk.count(b"\nevent:")


async def _ask(session: aiohttp.ClientSession, api: str, count: int, notes: Notes) -> None:
    rollouts = f"{api}/api/v1/rollouts"
    for number in range(sys.maxsize):
        await asyncio.sleep(ASKING)
        is_list = number % 10 == 0
        url = rollouts if is_list else f"{rollouts}/default/service-{1 + number % (count - 2)}"
        began = time.perf_counter()
        async with session.get(url) as answer:
            await answer.read()
            notes.refused += answer.status != 200
        (notes.lists if is_list else notes.singles).append(time.perf_counter() - began)


async def _order(session: aiohttp.ClientSession, api: str, count: int, notes: Notes) -> None:
    """Begin and end runs of one rollout."""
    one = f"{api}/api/v1/rollouts/default/service-{count - 1}"
    while True:
        for verb in ("rollback", "retry"):
            await asyncio.sleep(LOOK / 2)
            began = time.perf_counter()
            async with session.post(f"{one}/{verb}") as answer:
                await answer.read()
                notes.refused += answer.status != 200
            notes.orders.append(time.perf_counter() - began)


async def _look(pid: int, notes: Notes) -> None:
    while True:
        notes.rss.append(rss_mb(pid))
        notes.open.append(descriptors(pid))
        await asyncio.sleep(LOOK)


async def _lag(session: aiohttp.ClientSession, ops: str) -> float:
    """Return a bound that 99 % of the loop's delays are below, in milliseconds."""
    async with session.get(f"{ops}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    buckets = [
        (float(line.split('le="')[1].split('"')[0]), float(line.split()[-1]))
        for line in lines
        if line.startswith("rolloutd_loop_lag_seconds_bucket")
    ]
    return next(1000 * bound for bound, count in buckets if count >= 0.99 * buckets[-1][1])


async def _measure(bears: Load) -> dict[str, object]:
    notes = Notes()
    with tempfile.TemporaryDirectory() as folder:
        async with sandbox(SCRIPT, SystemClock(), Path(folder)) as world:
            await _populate(world, bears.rollouts)
            async with (
                _daemon(world, Path(folder) / "log") as (pid, api, ops),
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0),
                    timeout=aiohttp.ClientTimeout(total=None),
                ) as session,
                asyncio.TaskGroup() as group,
            ):
                load = [group.create_task(world.traffic.run())]
                await asyncio.sleep(30)  # until all runs are under way
                began, cpu = time.perf_counter(), cpu_seconds(pid)
                load += [
                    *(
                        group.create_task(_listen(session, api, notes))
                        for _ in range(bears.listeners)
                    ),
                    group.create_task(_ask(session, api, bears.rollouts, notes)),
                    group.create_task(_look(pid, notes)),
                ]
                if bears.orders:
                    ordering = _order(session, api, bears.rollouts, notes)
                    load.append(group.create_task(ordering))
                await asyncio.sleep(60 * bears.minutes)
                share = (cpu_seconds(pid) - cpu) / (time.perf_counter() - began)
                lag = await _lag(session, ops)
                for task in load:
                    task.cancel()
    return (
        dataclasses.asdict(bears) | {"cpuPercent": round(100 * share, 1)} | _figures(notes, lag)
    )


def _figures(notes: Notes, lag: float) -> dict[str, object]:
    third = len(notes.rss) // 3
    return {
        "listMs": _percentiles(notes.lists),
        "oneMs": _percentiles(notes.singles),
        "orderMs": _percentiles(notes.orders),
        "refused": notes.refused,
        "events": notes.events,
        "loopLagP99BelowMs": lag,
        "rssMbByThird": [
            round(statistics.median(part), 1)
            for part in (notes.rss[:third], notes.rss[third : 2 * third], notes.rss[-third:])
        ],
        "descriptorsFirstAndLast": [notes.open[0], notes.open[-1]],
        "descriptorsMost": max(notes.open),
    }


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "n": len(seconds),
        **{f"p{number}": round(1000 * cuts[number - 1], 1) for number in (50, 95, 99)},
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--orders", action="store_true", help="begin and end runs meanwhile")
    parser.add_argument("--rollouts", type=int, default=500)
    parser.add_argument("--listeners", type=int, default=200)
    figures = asyncio.run(_measure(Load(**vars(parser.parse_args()))))
    print(json.dumps({"machine": machine(), "desk": figures}))


if __name__ == "__main__":
    main()
