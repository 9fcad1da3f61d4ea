"""What 10,000 plans cost: memory, time to load, and how late the event loop is meanwhile.

Starts the daemon against the sandbox's API server with a directory of plans, none of whose
VirtualServices exists, and looks at the process from outside: ``python -m bench.plans [COUNT]``
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench.desk.watched import FINEST
from bench.machine import machine
from bench.process import rss_mb, waited_seconds
from rolloutd.adapters.clock import SystemClock
from rolloutd.sandbox.cluster import cluster
from rolloutd.sandbox.script import Script, plan_text

PLANS = 10_000
PATIENCE = 900.0
QUIET = 10.0
"""Seconds between the last plan and the last look: what comes with loading has come by then."""


def _write(folder: Path, count: int) -> None:
    folder.mkdir()
    text = plan_text(Script(), "http://127.0.0.1:1/stats/prometheus")
    for number in range(count):
        name = f"service-{number:05}"
        (folder / f"{name}.yaml").write_text(text.replace("data-product", name))


async def _loaded(process: asyncio.subprocess.Process, count: int) -> tuple[float, float]:
    """Return the seconds until the first plan and until the last one were taken up."""
    assert process.stderr is not None
    began, times = time.perf_counter(), []
    async with asyncio.timeout(PATIENCE):
        while len(times) < count:
            line = await process.stderr.readline()
            assert line, "the daemon ended"
            if b'"plan_loaded"' in line:
                times.append(time.perf_counter() - began)
    return times[0], times[-1]


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass


async def _measure(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "plans", count)
        async with cluster(SystemClock(), random.Random(1), folder) as world:
            await world.settled()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.desk.watched"),
                *(str(world.kubeconfig), str(folder / "plans")),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            assert process.stdout is not None
            assert process.stderr is not None
            first, last = await _loaded(process, count)
            rss = rss_mb(process.pid)
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(_drain(process.stderr))
                await asyncio.sleep(QUIET)
                settled, waited = rss_mb(process.pid), waited_seconds(process.pid)
                process.send_signal(signal.SIGTERM)
                told = (await process.stdout.read()).splitlines()[-1]
                await process.wait()
                reading.cancel()
    late = [n for n, times in enumerate(json.loads(told)) for _ in range(times)]
    return {
        "plans": count,
        "firstPlanSeconds": round(first, 2),
        "lastPlanSeconds": round(last, 2),
        "rssMB": round(rss, 1),
        "rssLaterMB": round(settled, 1),
        "lateMsP99": round(late[int(0.99 * len(late))] * FINEST * 1000, 1),
        "lateMsMax": round(late[-1] * FINEST * 1000, 1),
        "waitedForACoreSeconds": round(waited, 1),
    }


def main(count: str = str(PLANS)) -> None:
    """Measure, and print what was found."""
    figures = asyncio.run(_measure(int(count)))
    print(json.dumps({"machine": machine(), "plans": figures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
