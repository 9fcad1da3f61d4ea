"""Whole daemons that share a fleet out, in a cluster of our own."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import aiohttp
import orjson

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.kubernetes.fields import dig, text
from rolloutd.bootstrap import Daemon, daemon
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import STORY
from rolloutd.settings import Settings
from tests.bootstrap.test_telling import Stage, a_stage

LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
FIRST, SECOND = (f"default/rolloutd-{number}-of-2" for number in (1, 2))

FUTURE = 1_900_000_000
"""An epoch that no lease has counted to."""


def shared(stage: Stage, **changes: object) -> Settings:
    """Return the settings of a replica that shares: ``default`` belongs to the second shard."""
    settings = dataclasses.replace(
        stage.settings, lease="default/rolloutd", shards=2, namespaces=("default", "shop")
    )
    return dataclasses.replace(settings, **changes)  # type: ignore[arg-type] # as they come


async def leads_all(running: Daemon) -> None:
    """Wait until it leads every shard."""
    async with asyncio.timeout(30):
        while not all(chair.leads() for chair in running.fleet.chairs):
            await SystemClock().sleep(Seconds(0.05))


async def fetched(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def transitions(stage: Stage, lease: str) -> int:
    """Return the epoch that a lease has counted to."""
    found = await stage.here.api.get(f"{LEASES}/{lease.rpartition('/')[2]}")
    counted = dig(found, "spec", "leaseTransitions")
    assert isinstance(counted, int)
    return counted


async def test_every_replica_tells_of_every_shard_whether_it_leads(tmp_path: Path) -> None:
    """A shard without a leader is found by the sum; one that stands by is as ready."""
    async with a_stage(tmp_path) as stage, daemon(shared(stage)) as leader:
        await leads_all(leader)
        await stage.reach(leader, Phase.PAUSED)
        async with daemon(shared(stage)) as standby:
            async with asyncio.timeout(30):
                while (ready := await fetched(f"{standby.ops_url}/readyz"))[0] != 200:
                    await SystemClock().sleep(Seconds(0.05))
            here, there = [
                (await fetched(f"{each.ops_url}/metrics"))[1] for each in (leader, standby)
            ]

    assert ready[0] == 200
    for shard in (FIRST, SECOND):
        assert f'rolloutd_leader{{shard="{shard}"}} 1.0' in here
        assert f'rolloutd_leader{{shard="{shard}"}} 0.0' in there
    assert "rolloutd_config_last_reload_successful 1.0" in here


async def test_deeds_are_written_down_under_the_leadership_of_their_own_shard(
    tmp_path: Path,
) -> None:
    """The epoch in the audit file is the one on the VirtualService."""
    file = tmp_path / "audit.jsonl"
    async with (
        a_stage(tmp_path) as stage,
        daemon(shared(stage, audit_file=file)) as leader,
    ):
        await leads_all(leader)
        await stage.reach(leader, Phase.PAUSED)
        first, second = [await transitions(stage, each) for each in (FIRST, SECOND)]
        found = await stage.here.api.get(STORY)
    lines: list[Json] = [orjson.loads(line) for line in file.read_bytes().splitlines()]

    assert first != second
    assert text(found or {}, "metadata", "annotations", "rolloutd.io/epoch") == str(second)
    assert {line["epoch"] for line in lines if "epoch" in line} == {second}


async def test_epochs_of_one_shard_do_not_drive_up_those_of_another(tmp_path: Path) -> None:
    """Each counts its own leaderships: what is late in one says nothing of the other."""
    path = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices"
    marked = {"name": "checkout", "annotations": {"rolloutd.io/epoch": str(FUTURE)}}
    async with a_stage(tmp_path) as stage, daemon(shared(stage)) as leader:
        await stage.here.api.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        await leads_all(leader)
        await stage.here.api.create(path, {"metadata": marked, "spec": {}})
        async with asyncio.timeout(30):
            while await transitions(stage, FIRST) <= FUTURE:
                await SystemClock().sleep(Seconds(0.05))
        other = await transitions(stage, SECOND)

    assert other < FUTURE
