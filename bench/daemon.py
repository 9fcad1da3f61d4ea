"""What the daemon costs: time to the first decision, memory, idle processor time.

Starts ``rolloutd run`` against the sandbox's API server and looks at the process from outside.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.machine import machine
from bench.process import cpu_seconds, rss_mb
from rolloutd.adapters.clock import SystemClock
from rolloutd.sandbox.cluster import Cluster, cluster
from rolloutd.sandbox.script import Script, plan_text

IDLE_SECONDS = 30.0
PLANS = 10


def _plans(folder: Path, count: int) -> None:
    text = plan_text(Script(), "http://127.0.0.1:1/stats/prometheus")
    (folder / "data-product.yaml").write_text(text)
    for number in range(1, count):
        other = text.replace("data-product", f"service-{number}")
        (folder / f"service-{number}.yaml").write_text(other)


async def _start(world: Cluster, plans: Path) -> tuple[asyncio.subprocess.Process, str, float]:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rolloutd", "run", "--log-format", "json", "--ops-port", "0"),
        *("--api-port", "0"),
        *("--plans", str(plans), "--kubeconfig", str(world.kubeconfig)),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    ops, decided = "", 0.0
    while not (ops and decided):
        line = json.loads(await asyncio.wait_for(process.stderr.readline(), 30))
        if line["event"] == "started":
            ops = line["ops"]
        if line["event"] == "rollout_started":
            decided = time.perf_counter() - began
    return process, ops, decided


async def _measure(plans: int, idle: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "plans"
        directory.mkdir()
        _plans(directory, plans)
        async with cluster(SystemClock(), random.Random(1), Path(folder)) as world:
            await world.settled()
            process, ops, decided = await _start(world, directory)
            await asyncio.sleep(2)
            before, began = cpu_seconds(process.pid), time.perf_counter()
            calls = sum(world.calls().values())
            await asyncio.sleep(idle)
            share = (cpu_seconds(process.pid) - before) / (time.perf_counter() - began)
            figures = {
                "plans": plans,
                "firstDecisionSeconds": round(decided, 3),
                "rssMB": round(rss_mb(process.pid), 1),
                "idleCpuPercent": round(100 * share, 2),
                "apiCallsWhileIdle": sum(world.calls().values()) - calls,
                "metricsBytes": len(
                    await asyncio.to_thread(
                        lambda: urllib.request.urlopen(ops + "/metrics").read()
                    )
                ),
            }
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 10)
            return figures


async def main() -> None:
    """Measure with one plan and with ten."""
    figures = [await _measure(count, IDLE_SECONDS) for count in (1, PLANS)]
    print(json.dumps({"machine": machine(), "daemon": figures}))


if __name__ == "__main__":
    asyncio.run(main())
