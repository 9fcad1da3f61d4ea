"""Orders and questions at whichever replica a person happens to reach."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest

from rolloutd.core.record_text import from_text
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Percent
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import STORY
from tests.processes.replica import Replica
from tests.processes.test_restart import RECORD, SLOW
from tests.processes.world import World, a_world

pytestmark = [pytest.mark.real, pytest.mark.timeout(480)]

TLS = Path(__file__).parents[1] / "data" / "tls"
CERTIFICATE = TLS / "first.crt"

ONE = "/api/v1/rollouts/default/data-product"


async def ask(replica: Replica, method: str, path: str, **headers: str) -> tuple[int, Json]:
    url = await replica.url("api")
    tls = ssl.create_default_context(cafile=CERTIFICATE)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, headers=headers, ssl=tls) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def knows_the_leader(standby: Replica, world: World, **headers: str) -> None:
    """Wait until the standby has seen the Lease."""
    async with asyncio.timeout(60):
        while (await ask(standby, "GET", ONE, **headers))[1].get("trouble") != "":
            await world.nap()


async def record(world: World) -> Record:
    """Return the record that the cluster holds."""
    found = await world.here.cluster.api.get(STORY)
    assert found is not None
    meta = found["metadata"]
    assert isinstance(meta, dict)
    return from_text(meta["annotations"][RECORD])


async def test_an_answered_order_outlives_a_kill() -> None:
    """SIGKILL right after the 200: what the cluster holds is what was ordered."""
    async with a_world(SLOW) as world:
        lone = await world.replica(lease=None)
        await world.reach(Percent(10))
        status, _ = await ask(lone, "POST", f"{ONE}/pause")
        await lone.kill()
        held = await record(world)

    assert status == 200
    assert held.phase is Phase.PAUSED


async def test_an_order_at_the_standby_is_carried_out_by_the_leader() -> None:
    """A Service sends people to either; and both tell the same."""
    async with a_world(SLOW) as world:
        leader, standby = await world.pair()
        await world.reach(Percent(10))
        await knows_the_leader(standby, world)
        status, told = await ask(standby, "POST", f"{ONE}/pause")
        _, there = await ask(leader, "GET", ONE)
        _, here = await ask(standby, "GET", ONE)
        held = await record(world)

        assert (status, told["phase"], told["trouble"]) == (200, "paused", "")
        assert held.phase is Phase.PAUSED
        assert here["timeline"] == there["timeline"]
        assert not standby.led()


async def test_while_the_leader_is_frozen_the_standby_shows_the_record() -> None:
    """Somebody who looks in that minute sees what holds, and that it is old."""
    async with a_world(SLOW) as world:
        leader, standby = await world.pair()
        await world.reach(Percent(10))
        await knows_the_leader(standby, world)
        leader.freeze()
        status, told = await ask(standby, "GET", ONE)
        leader.thaw()

    assert (status, told["phase"]) == (200, "progressing")
    assert "does not lead, and the leader at" in str(told["trouble"])


async def test_the_clusters_people_order_at_either_replica_over_tls() -> None:
    """With their own token, which both replicas ask the API server about."""
    options = ("--api-auth", "kubernetes", "--api-tls-cert", str(CERTIFICATE))
    async with a_world(SLOW) as world:
        _, standby = await world.pair(*options, "--api-tls-key", str(TLS / "first.key"))
        await world.reach(Percent(10))
        await knows_the_leader(standby, world, Authorization="Bearer token")
        stranger, _ = await ask(standby, "POST", f"{ONE}/pause")
        somebody, _ = await ask(standby, "POST", f"{ONE}/pause", Authorization="Bearer token")
        held = await record(world)

    assert (stranger, somebody) == (401, 200)
    assert held.transitions[-1].actor == "sandbox"
