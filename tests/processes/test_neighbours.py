"""Every kind of bad input at once: each is told where a person looks, and harms nobody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson
import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.istio.annotations import keys
from rolloutd.core.units import Percent, Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import STORY
from tests.processes.world import VIRTUAL_SERVICES, World, a_world

pytestmark = [pytest.mark.real, pytest.mark.timeout(360)]

ABSENT = 300
"""Plans whose VirtualService is not there."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
NOISE = b'envoy_cluster_upstream_rq{a="b"} 1\n' * 2000
BREATH = Seconds(0.01)
"""Between two writes of it: it never ends, but the traffic is served by the same event loop."""


@asynccontextmanager
async def an_endless_endpoint() -> AsyncIterator[str]:
    """Serve metrics that never end; yield their URL."""
    clock = SystemClock()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        try:
            while True:
                writer.write(NOISE)
                await writer.drain()
                await clock.sleep(BREATH)
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/stats"
    finally:
        server.close()


def write_plan(world: World, name: str, *, stats_url: str | None = None) -> None:
    """Write the story's plan for a VirtualService of another name."""
    text = (world.here.cluster.plans / "data-product.yaml").read_text()
    text = text.replace("{name: data-product, namespace", f"{{name: {name}, namespace")
    text = text.replace(
        "virtualService: {name: data-product}", f"virtualService: {{name: {name}}}"
    )
    if stats_url is not None:
        text = text.replace(world.here.traffic.stats_url, stats_url)
    (world.here.cluster.plans / f"{name}.yaml").write_text(text)


async def copy_story(world: World, name: str, annotations: Json, *, routes: int = 0) -> None:
    """Create a VirtualService like the story's, with as many further routes."""
    found = await world.here.cluster.api.get(STORY)
    assert found is not None
    copied: Json = orjson.loads(orjson.dumps(found))
    copied["metadata"] = {"name": name, "namespace": "default", "annotations": annotations}
    spec = copied["spec"]
    assert isinstance(spec, dict)
    elsewhere = [{"destination": {"host": "elsewhere", "subset": "any"}}]
    spec["http"] += [
        {"match": [{"uri": {"prefix": f"/{number:060}"}}], "route": elsewhere}
        for number in range(routes)
    ]
    await world.here.cluster.api.create(VIRTUAL_SERVICES, copied)


async def shown(url: str) -> tuple[dict[str, Json], str]:
    """Return what the API lists, by name, and what it complains of."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/api/v1/rollouts") as response,
    ):
        listing: Json = await response.json()
    items = listing["items"]
    assert isinstance(items, list)
    return {item["name"]: item for item in items}, str(listing["complaints"])


async def test_nobody_is_harmed_by_the_trouble_of_others() -> None:
    """One daemon serves many teams: a torn record, a broken plan, metrics without end."""
    async with a_world() as world, an_endless_endpoint() as endless:
        await copy_story(world, "torn", {keys("torn").record: "{edited by hand"})
        await copy_story(world, "endless", {})
        await copy_story(world, "huge", {}, routes=7000)
        write_plan(world, "torn")
        write_plan(world, "endless", stats_url=endless)
        write_plan(world, "huge")
        for number in range(ABSENT):
            write_plan(world, f"absent-{number}")
        (world.here.cluster.plans / "broken.yaml").write_text("kind: RolloutPlan\nspec: [\n")
        daemon = await world.replica(lease=None)
        await world.reach(Percent(100))
        items, complaints = await shown(await daemon.url("api"))

        assert world.shares() == [0, 10, 50, 75, 100]
        assert world.here.traffic.ledger.failures() == 0
        assert "broken.yaml:3" in complaints
        assert "`rolloutd retry`" in str(items["torn"]["why"])
        # Whichever bound is reached first, by the speed of the machine.
        cut = "sent more than 64 MiB|did not finish an answer"
        assert re.search(cut, str(items["endless"]["obstacles"]))
        assert "is not there" in str(items["absent-7"]["why"])
        assert items["huge"]["phase"] in {"progressing", "promoted"}
