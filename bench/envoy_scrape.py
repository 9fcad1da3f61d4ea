"""Time to read a real Envoy with 2,000 clusters, and how long the event loop is held up.

Starts an Envoy with 1,000 services of two versions each, sends requests to every cluster, and
reads it with ``EnvoyMeter`` for all 1,000 rollouts at once, as far as it goes:

* ``text_everything``: from a server that knows neither filter nor protobuf, the worst case;
* ``envoy_durations``, ``envoy_counts``: from Envoy, with our filter, with and without buckets;
* ``envoy_one_rollout``: the same Envoy, one rollout.

Once every rollout is seen to be counted by Istio's series, only those are asked for and read.

Prints JSON: milliseconds of whole ``read`` calls once warm, the part that is parsing alone, the
longest stall of the loop (and of an idle loop, for comparison), and CPU milliseconds of this
process per read.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.envoy.fetch import Limits
from rolloutd.adapters.envoy.meter import EnvoyMeter
from rolloutd.adapters.envoy.protobuf import ACCEPT, ProtobufReader
from rolloutd.adapters.envoy.series import Wanted
from rolloutd.adapters.envoy.text import TextReader
from rolloutd.core.observation import Reading
from rolloutd.core.plan import CallerMetrics, Key, Metrics
from rolloutd.core.target import ArmTarget, Target
from rolloutd.core.units import Seconds

SERVICES = 1000
REQUESTS = 5
READS = 10
MODULE = "type.googleapis.com/envoy.extensions"
HCM = "envoy.filters.network.http_connection_manager"


def host(number: int) -> str:
    return f"svc{number:04}.shop.svc.cluster.local"


def clusters() -> list[str]:
    return [f"outbound|8080|{v}|{host(n)}" for n in range(SERVICES) for v in ("v3", "v4")]


def targets(url: str, count: int, *, latency: bool) -> list[Target]:
    metrics = Metrics(
        source=CallerMetrics(urls=(url,), port=8080),
        grpc_failures=frozenset({14}),
        http_failures=(500, 599),
    )
    return [
        Target(
            key=Key("shop", f"svc{n:04}"),
            stable=ArmTarget(workload=f"svc{n:04}-v3", host=host(n), subset="v3"),
            canary=ArmTarget(workload=f"svc{n:04}-v4", host=host(n), subset="v4"),
            metrics=metrics,
            latency=latency,
            queries=(),
        )
        for n in range(count)
    ]


def listener(name: str, routes: object, log: object = ()) -> dict[str, object]:
    manager = {
        "@type": f"{MODULE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": f"{name};",
        "access_log": log,
        "route_config": {"virtual_hosts": [{"name": "a", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{MODULE}.filters.http.router.v3.Router"},
            }
        ],
    }
    return {
        "name": name,
        "address": {"pipe": {"path": f"{name}.sock"}},
        "filter_chains": [{"filters": [{"name": HCM, "typed_config": manager}]}],
    }


def stats_log() -> dict[str, object]:
    """Write Istio's two metrics, tagged as a gateway tags them."""
    labels = {
        "reporter": "source",
        "destination_workload": "%CLUSTER_METADATA(istio:workload)%",
        "destination_workload_namespace": "shop",
        "destination_service": "%CLUSTER_METADATA(istio:host)%",
        "request_protocol": "%PROTOCOL%",
        "response_code": "%RESPONSE_CODE%",
        "grpc_response_status": "%GRPC_STATUS_NUMBER%",
        "response_flags": "%RESPONSE_FLAGS%",
    }
    tags = [{"name": name, "value_format": value} for name, value in labels.items()]
    count = {"stat": {"name": "istio_requests_total", "tags": tags}, "value_fixed": 1}
    duration = {
        "stat": {"name": "istio_request_duration_milliseconds", "tags": tags},
        "unit": "Milliseconds",
        "value_format": "%DURATION%",
    }
    return {
        "name": "envoy.access_loggers.stats",
        "typed_config": {
            "@type": f"{MODULE}.access_loggers.stats.v3.Config",
            "stats_scope": {"prefix": "wasmcustom"},
            "counters": [count],
            "histograms": [duration],
        },
    }


def namespace() -> dict[str, object]:
    """Register ``wasmcustom``, which Envoy then leaves off the names of metrics.

    Any WebAssembly plugin does that; this one exports memory, ``malloc`` and nothing more.
    """
    module = (
        "AGFzbQEAAAABCQJgAABgAX8BfwMDAgABBQMBAAEHLQMGbWVtb3J5AgAXcHJveHlfYWJpX3ZlcnNpb25f"
        "MF8yXzEAAAZtYWxsb2MAAQoKAgIACwUAQYAICw=="
    )
    machine = {
        "vm_id": "namespace",
        "runtime": "envoy.wasm.runtime.v8",
        "code": {"local": {"inline_bytes": module}},
    }
    return {
        "name": "envoy.bootstrap.wasm",
        "typed_config": {
            "@type": f"{MODULE}.wasm.v3.WasmService",
            "singleton": True,
            "config": {"name": "namespace", "vm_config": machine},
        },
    }


def cluster(name: str) -> dict[str, object]:
    _, _, version, fqdn = name.split("|")
    workload = f"{fqdn.split('.', 1)[0]}-{version}"
    address = {"pipe": {"path": "backend.sock"}}
    return {
        "name": name,
        "alt_stat_name": f"{name};",
        "type": "STATIC",
        "metadata": {"filter_metadata": {"istio": {"workload": workload, "host": fqdn}}},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def bootstrap() -> dict[str, object]:
    forward = [{"match": {"prefix": "/"}, "route": {"cluster_header": "x-cluster"}}]
    reply = [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}]
    tag = [{"tag_name": "cluster_name", "regex": r"^cluster(\.(.+);)"}]
    code = [{"tag_name": "response_code", "regex": r"_rq(_(\d{3}))$"}]
    code_class = [{"tag_name": "response_code_class", "regex": r"_rq(_(\dxx))$"}]
    return {
        "bootstrap_extensions": [namespace()],
        "stats_flush_interval": "0.5s",
        "stats_config": {"use_all_default_tags": False, "stats_tags": tag + code + code_class},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": {
            "listeners": [
                listener("front", forward, [stats_log()]),
                listener("backend", reply),
            ],
            "clusters": [cluster(name) for name in clusters()],
        },
    }


@asynccontextmanager
async def envoy(folder: Path) -> AsyncIterator[str]:
    """Run Envoy; yields the URL of its stats."""
    (folder / "envoy.yaml").write_text(yaml.safe_dump(bootstrap()))
    program = shutil.which("envoy", path=str(Path(sys.executable).parent)) or "envoy"
    options = "-c envoy.yaml --concurrency 1 --log-level error --use-dynamic-base-id"
    process = await asyncio.create_subprocess_exec(
        program, *options.split(), "--admin-address-path", "admin.txt", cwd=folder
    )
    try:
        yield f"http://{await ready_address(folder / 'admin.txt')}/stats/prometheus"
    finally:
        process.terminate()
        await process.wait()


def text_of(file: Path) -> str:
    """Return what a file says; nothing while it is not there."""
    return file.read_text() if file.exists() else ""


async def ready_address(file: Path) -> str:
    """Return the admin address once Envoy takes requests."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            await asyncio.sleep(0.05)
            if not (address := text_of(file)):
                continue
            try:
                async with session.get(f"http://{address}/ready") as response:
                    if response.status == 200:
                        return address
            except aiohttp.ClientError:
                continue


async def send_traffic(folder: Path) -> None:
    connector = aiohttp.UnixConnector(str(folder / "front.sock"), limit=16)
    async with aiohttp.ClientSession(connector=connector) as session:
        for name in clusters():
            for _ in range(REQUESTS):
                async with session.get("http://x/", headers={"x-cluster": name}) as response:
                    assert response.status == 200
    await asyncio.sleep(1.2)  # until the histograms are flushed


async def longest_stall(stop: asyncio.Event) -> float:
    """Return the longest time in ms for which the loop did not come round."""
    longest = 0.0
    while not stop.is_set():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before - 0.001)
    return longest * 1000


async def idle_stall() -> float:
    """Return the longest stall in three seconds without work: what the machine itself adds."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(3.0, stop.set)
    return round(await longest_stall(stop), 1)


async def timed(session: aiohttp.ClientSession, wanted: Sequence[Target]) -> dict[str, float]:
    limits = Limits(deadline=Seconds(20.0))
    meter = EnvoyMeter(session, SystemClock(), limits)
    for _ in range(2):
        answers = await meter.read(wanted)
        assert all(isinstance(answer, Reading) for answer in answers.values()), answers
    stop = asyncio.Event()
    stall = asyncio.get_running_loop().create_task(longest_stall(stop))
    walls: list[float] = []
    cpu = time.process_time()
    for _ in range(READS):
        began = time.perf_counter()
        await meter.read(wanted)
        walls.append((time.perf_counter() - began) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / READS
    stop.set()
    return {
        "read_ms_p50": round(statistics.median(walls), 1),
        "read_ms_max": round(max(walls), 1),
        "cpu_ms": round(cpu, 1),
        "longest_stall_ms": round(await stall, 1),
    }


def parsing(body: bytes, reader: TextReader | ProtobufReader) -> dict[str, float]:
    times: list[float] = []
    for _ in range(READS):
        began = time.perf_counter()
        reader.read(body, Wanted())
        times.append((time.perf_counter() - began) * 1000)
    return {
        "megabytes": round(len(body) / 1e6, 1),
        "first_ms": round(times[0], 1),
        "warm_ms_p50": round(statistics.median(times[1:]), 1),
        "warm_ms_max": round(max(times[1:]), 1),
    }


@asynccontextmanager
async def file_server(path: Path) -> AsyncIterator[str]:
    """Serve a file as text from a process of its own, so that only our side is timed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve", str(path), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def serve(body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="text/plain")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    name, port = runner.addresses[0][:2]
    print(f"http://{name}:{port}/", flush=True)
    await asyncio.Event().wait()


async def body_of(session: aiohttp.ClientSession, url: str, accept: str) -> bytes:
    async with session.get(f"{url}?usedonly", headers={"Accept": accept}) as response:
        return await response.read()


async def measure(folder: Path) -> dict[str, object]:
    async with aiohttp.ClientSession() as session, envoy(folder) as url:
        await send_traffic(folder)
        text = await body_of(session, url, "text/plain")
        binary = await body_of(session, url, ACCEPT)
        (folder / "stats.txt").write_bytes(text)
        figures: dict[str, object] = {
            "idle_stall_ms": await idle_stall(),
            "parse_text": parsing(text, TextReader()),
            "parse_protobuf": parsing(binary, ProtobufReader()),
            "envoy_durations": await timed(session, targets(url, SERVICES, latency=True)),
            "envoy_counts": await timed(session, targets(url, SERVICES, latency=False)),
            "envoy_one_rollout": await timed(session, targets(url, 1, latency=True)),
        }
        del text, binary
        async with file_server(folder / "stats.txt") as served:
            figures["text_everything"] = await timed(
                session, targets(served, SERVICES, latency=True)
            )
            figures["text_everything_ten_rollouts"] = await timed(
                session, targets(served, 10, latency=True)
            )
    return figures


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(Path(sys.argv[2]).read_bytes()))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(Path(folder))), indent=2))


if __name__ == "__main__":
    main()
