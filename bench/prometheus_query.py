"""What it costs to count 1,000 rollouts through a real Prometheus, together and one by one.

Starts a Prometheus that scrapes an exporter with 1,000 services of two versions (three codes
and a histogram each: 40,000 series), and reads all of them with ``PrometheusMeter``.

Prints JSON: milliseconds of a whole ``read``, CPU milliseconds of this process and of
Prometheus per read, and the same for one success-rate query for each rollout, as others ask.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.prometheus.client import Limits, PrometheusClient
from rolloutd.adapters.prometheus.meter import PrometheusMeter
from rolloutd.core.observation import Reading
from rolloutd.core.plan import IstioMetrics, Key, Metrics, Reporter
from rolloutd.core.target import ArmTarget, Target
from rolloutd.core.units import Seconds

SERVICES = 1000
READS = 8
CODES = ("200", "404", "503")
EDGES = "0.5 1 5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 +Inf".split()  # noqa: SIM905 - reads as the list it is


def workload(number: int, version: str) -> str:
    return f"svc{number:04}-{version}"


def series() -> Iterator[str]:
    for number in range(SERVICES):
        for version in ("v3", "v4"):
            labels = (
                'reporter="destination",destination_workload_namespace="shop",'
                f'destination_workload="{workload(number, version)}"'
            )
            for code in CODES:
                yield f'istio_requests_total{{{labels},response_code="{code}"}} {number + 7}'
            for rank, edge in enumerate(EDGES):
                name = "istio_request_duration_milliseconds_bucket"
                yield f'{name}{{{labels},le="{edge}"}} {number + rank}'


async def serve(body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="text/plain")

    app = web.Application()
    app.router.add_get("/metrics", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    name, port = runner.addresses[0][:2]
    print(f"{name}:{port}", flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def exporter() -> AsyncIterator[str]:
    """Serve the series from a process of its own; yields its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Server:
    """A running Prometheus."""

    url: str
    pid: int

    def cpu_ms(self) -> float:
        """Return the CPU time that Prometheus has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def prometheus(folder: Path, scraped: str) -> AsyncIterator[Server]:
    job = {"job_name": "mesh", "static_configs": [{"targets": [scraped]}]}
    config = {"global": {"scrape_interval": "15s"}, "scrape_configs": [job]}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=error",
    )
    try:
        yield Server(f"http://{address}", process.pid)
    finally:
        process.terminate()
        await process.wait()


def targets(*, latency: bool) -> list[Target]:
    metrics = Metrics(
        source=IstioMetrics(reporter=Reporter.DESTINATION),
        grpc_failures=frozenset({14}),
        http_failures=(500, 599),
    )
    return [
        Target(
            key=Key("shop", f"svc{number:04}"),
            stable=ArmTarget(workload=workload(number, "v3"), host="", subset="v3"),
            canary=ArmTarget(workload=workload(number, "v4"), host="", subset="v4"),
            metrics=metrics,
            latency=latency,
            queries=(),
        )
        for number in range(SERVICES)
    ]


async def until_scraped(meter: PrometheusMeter, wanted: Sequence[Target]) -> None:
    async with asyncio.timeout(90):
        while True:
            answers = await meter.read(wanted)
            if all(isinstance(answer, Reading) for answer in answers.values()):
                return
            await asyncio.sleep(0.5)


async def timed(server: Server, work: Callable[[], Awaitable[object]]) -> dict[str, float]:
    await work()
    walls: list[float] = []
    ours, theirs = time.process_time(), server.cpu_ms()
    for _ in range(READS):
        began = time.perf_counter()
        await work()
        walls.append((time.perf_counter() - began) * 1000)
    return {
        "read_ms_p50": round(statistics.median(walls), 1),
        "read_ms_max": round(max(walls), 1),
        "cpu_ms": round((time.process_time() - ours) * 1000 / READS, 1),
        "prometheus_cpu_ms": round((server.cpu_ms() - theirs) / READS, 1),
    }


async def one_by_one(client: PrometheusClient) -> None:
    """Ask for every canary's success rate on its own."""
    async with asyncio.TaskGroup() as group:
        for number in range(SERVICES):
            select = f'destination_workload="{workload(number, "v4")}",reporter="destination"'
            total = f"sum(istio_requests_total{{{select}}})"
            good = f'sum(istio_requests_total{{{select},response_code!~"5.*"}})'
            group.create_task(client.query(f"{good} / {total}"), name=f"query {number}")


async def measure(folder: Path) -> dict[str, object]:
    limits = Limits(deadline=Seconds(30.0))
    async with (
        aiohttp.ClientSession() as session,
        exporter() as scraped,
        prometheus(folder, scraped) as server,
    ):
        meter = PrometheusMeter(session, server.url, SystemClock(), limits)
        counts, durations = targets(latency=False), targets(latency=True)
        await until_scraped(meter, counts)
        client = PrometheusClient(session, server.url, limits)
        return {
            "counts": await timed(server, lambda: meter.read(counts)),
            "counts_and_durations": await timed(server, lambda: meter.read(durations)),
            "one_by_one": await timed(server, lambda: one_by_one(client)),
        }


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(("\n".join(series()) + "\n").encode()))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(Path(folder))), indent=2))


if __name__ == "__main__":
    main()
